//! The Rust loop for a program in another language, which times it beside its own: same process, same request, same
//! pixels. It is what `libhwenc_benches.so` is for.

use std::ffi::{CStr, c_char};
use std::hint::black_box;

use crate::rust_loop::RustLoop;

/// Opens a session of its own for the request in this JSON.
///
/// # Safety
/// `request` is a terminated string.
///
/// # Panics
/// When it is no request, or no session opens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_benches_open(request: *const c_char) -> *mut RustLoop {
    // SAFETY: the caller's promise.
    let request = unsafe { CStr::from_ptr(request) }.to_str().expect("JSON is UTF-8");
    let request = serde_json::from_str(request).expect("a request");
    Box::into_raw(Box::new(RustLoop::open(&request).expect("a session")))
}

/// Sends one picture without padding so often, takes all packets, and returns their bytes.
///
/// # Safety
/// `it` is from [`hwenc_benches_open`] and used by nobody else meanwhile; `pixels` has `len` bytes.
///
/// # Panics
/// When a picture is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_benches_code(
    it: *mut RustLoop,
    pixels: *const u8,
    len: usize,
    times: u64,
) -> u64 {
    // SAFETY: the caller's promise.
    let (it, pixels) = unsafe { (&mut *it, std::slice::from_raw_parts(pixels, len)) };
    it.code(black_box(pixels), times).expect("a picture is coded")
}

/// Closes the session.
///
/// # Safety
/// `it` is from [`hwenc_benches_open`], and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_benches_close(it: *mut RustLoop) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(it) });
}
