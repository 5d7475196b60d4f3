//! Versions.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use crate::boundary;
use crate::text::c_string;

/// What this header describes. It grows by one with every release that adds something; a program built with this header works with
/// every library of the same soname whose hwenc_abi_version() is not smaller.
pub const HWENC_ABI_VERSION: u32 = 1;

/// Version of the library that runs: major << 16 | minor << 8 | patch.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_version() -> u32 {
    boundary::plain(0, || {
        let part = |text: &str| text.parse::<u32>().unwrap_or(0);
        part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
            | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
            | part(env!("CARGO_PKG_VERSION_PATCH"))
    })
}

/// The same as text, such as "0.1.0". It lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_version_string() -> *const c_char {
    const TEXT: &std::ffi::CStr =
        match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("a version has no NUL"),
        };
    TEXT.as_ptr()
}

/// HWENC_ABI_VERSION of the library that runs.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_abi_version() -> u32 {
    HWENC_ABI_VERSION
}

/// Release of the FFmpeg in this process, such as "7.1.2". It lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_ffmpeg_version() -> *const c_char {
    static TEXT: OnceLock<CString> = OnceLock::new();
    boundary::plain(c"".as_ptr(), || {
        TEXT.get_or_init(|| c_string(&hwenc::av::version::Ffmpeg::linked().version)).as_ptr()
    })
}
