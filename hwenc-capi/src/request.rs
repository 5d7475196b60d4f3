//! Requests: what is wanted.

use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

use hwenc::{Codec, Error, Request};

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::status::hwenc_status;

/// What is wanted: codec, size and all that changes whether an encoder works. What is not set is left to hwenc.
pub struct hwenc_request(());

pub(crate) struct RequestObject(Mutex<Request>);

object!(RequestObject, hwenc_request, "request", 4);

impl RequestObject {
    pub(crate) fn new(request: Request) -> Self {
        RequestObject(Mutex::new(request))
    }

    /// The request as it is now.
    pub(crate) fn get(&self) -> Request {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The request of a handle as it is now.
pub(crate) fn get(request: *const hwenc_request) -> Result<Request, Failure> {
    Ok(handle::find::<RequestObject>(request)?.get())
}

/// Changes a request: one field, in one step, so that a failure leaves it as it was.
pub(crate) fn set(request: *mut hwenc_request, change: impl FnOnce(&mut Request)) -> Result<(), Failure> {
    let request = handle::find::<RequestObject>(request)?;
    change(&mut request.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

/// One of a few words.
pub(crate) fn word<T: Copy>(text: &str, what: &str, words: &[(&str, T)]) -> Result<T, Failure> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let legal = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or ");
    Ok(found.ok_or_else(|| Error::invalid(what, format!("`{text}`"), legal()))?)
}

/// A request for a codec ("h264", "hevc", "av1", "vp9", "mjpeg") and a size in pixels: 30 frames per second, 8 bit 4:2:0, quality 65,
/// input NV12, no fallback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_new(
    codec: *const c_char,
    width: u32,
    height: u32,
    request: *mut *mut hwenc_request,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(request, "request")?;
            let codec: Codec = arguments::text(codec, "codec")?.parse()?;
            out.put(RequestObject::new(Request::new(codec, width, height)));
            Ok(())
        })
    }
}

/// A request of its own with the same content.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_copy(
    request: *const hwenc_request,
    copy: *mut *mut hwenc_request,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(copy, "copy")?;
            out.put(RequestObject::new(get(request)?));
            Ok(())
        })
    }
}

/// Frees a request. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_request_free(request: *mut hwenc_request) -> hwenc_status {
    boundary::free(|| handle::free::<RequestObject>(request))
}

/// Checks every value that is wrong on any machine. hwenc_choose() does it, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_validate(
    request: *const hwenc_request,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || Ok(get(request)?.validate()?)) }
}

/// The request as JSON, to be kept or read by another language's hwenc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_to_json(
    request: *const hwenc_request,
    json: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(json, "json")?;
            out.text(&get(request)?.to_json());
            Ok(())
        })
    }
}

/// A request from such JSON. What it does not say is as after hwenc_request_new(); what hwenc does not know is an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_from_json(
    json: *const c_char,
    request: *mut *mut hwenc_request,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(request, "request")?;
            out.put(RequestObject::new(Request::from_json(arguments::text(json, "json")?)?));
            Ok(())
        })
    }
}
