//! AVERROR numbers into [`Error`].

use std::ffi::{CStr, c_char, c_int};

use ffmpeg_sys_next as ff;

use crate::error::{Code, Error, Result};

pub(crate) const AGAIN: c_int = -(nix::errno::Errno::EAGAIN as c_int);
pub(crate) const NOMEM: c_int = -(nix::errno::Errno::ENOMEM as c_int);
pub(crate) const EOF: c_int = ff::AVERROR_EOF;

/// FFmpeg's own words for an AVERROR.
pub(crate) fn text(number: c_int) -> String {
    let mut buffer = [0 as c_char; ff::AV_ERROR_MAX_STRING_SIZE as usize];
    // SAFETY: the buffer is valid for its length, and av_strerror always terminates it.
    unsafe {
        ff::av_strerror(number, buffer.as_mut_ptr(), buffer.len());
        CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()
    }
}

/// An error from an AVERROR, keeping the number; `code` unless the number itself says more.
pub(crate) fn from_av(code: Code, what: impl Into<String>, number: c_int) -> Error {
    let code = match -number {
        n if n == nix::errno::Errno::ENOMEM as c_int => Code::OutOfMemory,
        n if n == nix::errno::Errno::ENOSPC as c_int => Code::OutputDiskFull,
        n if n == nix::errno::Errno::EPIPE as c_int => Code::OutputClosed,
        _ if number == ff::AVERROR_EXIT => Code::Cancelled,
        _ => code,
    };
    Error::new(code, what).with_evidence(format!("AVERROR {number}: {}", text(number))).with_av(number)
}

/// `Ok` with the number when it is not negative.
pub(crate) fn check(number: c_int, code: Code, what: &str) -> Result<c_int> {
    if number < 0 { Err(from_av(code, what, number)) } else { Ok(number) }
}

/// The pointer, or "out of memory": how libav's `_alloc` functions fail.
pub(crate) fn alloc<T>(pointer: *mut T, what: &str) -> Result<std::ptr::NonNull<T>> {
    std::ptr::NonNull::new(pointer)
        .ok_or_else(|| from_av(Code::OutOfMemory, format!("no memory for {what}"), NOMEM))
}
