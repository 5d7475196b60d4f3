//! The error object.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::{Arc, OnceLock};

use hwenc::Candidate;
use serde_json::json;

use crate::arguments;
use crate::boundary;
use crate::candidate::{Candidates, hwenc_candidate};
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::status::{hwenc_status, hwenc_status_value, hwenc_status_value::*};
use crate::text::c_string;

/// Why a function failed.
pub struct hwenc_error(());

/// The strings of an error, as C sees them.
pub(crate) struct ErrorObject {
    status: hwenc_status_value,
    code: CString,
    message: CString,
    remedy: CString,
    evidence: Vec<CString>,
    value: Option<CString>,
    legal: Option<CString>,
    os: i32,
    av: i32,
    from: Vec<Candidate>,
    candidates: OnceLock<Candidates>,
    json: OnceLock<CString>,
}

object!(ErrorObject, hwenc_error, "error", 1);

/// A handle to a failure.
pub(crate) fn object(failure: Failure) -> *mut hwenc_error {
    handle::put(Arc::new(ErrorObject::from(failure)))
}

impl From<Failure> for ErrorObject {
    fn from(mut failure: Failure) -> Self {
        ErrorObject {
            status: failure.status,
            code: c_string(failure.status.name()),
            message: c_string(&failure.message),
            remedy: c_string(&failure.remedy),
            evidence: failure.evidence.iter().map(|line| c_string(line)).collect(),
            value: failure.value.as_deref().map(c_string),
            legal: failure.legal.as_deref().map(c_string),
            os: failure.os,
            av: failure.av,
            from: std::mem::take(&mut failure.candidates),
            candidates: OnceLock::new(),
            json: OnceLock::new(),
        }
    }
}

impl ErrorObject {
    fn candidates(&self) -> &Candidates {
        self.candidates.get_or_init(|| Candidates::new(&self.from))
    }

    /// The same members as `hwenc --json` prints.
    fn json(&self) -> &CString {
        self.json.get_or_init(|| {
            let text = |string: &CString| string.to_string_lossy().into_owned();
            let evidence: Vec<String> = self.evidence.iter().map(text).collect();
            let mut value = json!({
                "code": text(&self.code), "message": text(&self.message), "evidence": evidence,
                "remedy": text(&self.remedy),
            });
            if !self.from.is_empty() {
                value["candidates"] = serde_json::to_value(&self.from).unwrap_or_default();
            }
            c_string(&value.to_string())
        })
    }
}

/// Asks an error; what is none answers as the error that this is.
fn ask<T>(error: *const hwenc_error, otherwise: T, answer: impl FnOnce(&ErrorObject) -> T) -> T {
    static NONE: OnceLock<ErrorObject> = OnceLock::new();
    boundary::plain(otherwise, || match handle::find::<ErrorObject>(error) {
        Ok(error) => answer(&error),
        Err(mut failure) => {
            // The words of the first time have to do for all: they live as long as the library.
            failure.message = "this is no error of hwenc".to_owned();
            answer(NONE.get_or_init(|| ErrorObject::from(failure)))
        }
    })
}

fn optional(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

/// The status that the function returned. Of what is no error: HWENC_ERROR_INVALID_HANDLE, and the other functions answer in kind.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_status(error: *const hwenc_error) -> hwenc_status {
    ask(error, HWENC_ERROR_INTERNAL.number(), |error| error.status.number())
}

/// The name of the status, such as "device.permission_denied". Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_code(error: *const hwenc_error) -> *const c_char {
    ask(error, c"".as_ptr(), |error| error.code.as_ptr())
}

/// What happened, in one line for a person. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_message(error: *const hwenc_error) -> *const c_char {
    ask(error, c"".as_ptr(), |error| error.message.as_ptr())
}

/// What to do next; empty where nothing can be said. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_remedy(error: *const hwenc_error) -> *const c_char {
    ask(error, c"".as_ptr(), |error| error.remedy.as_ptr())
}

/// How many lines of evidence there are.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_evidence_count(error: *const hwenc_error) -> usize {
    ask(error, 0, |error| error.evidence.len())
}

/// A line of evidence: errno, AVERROR, a driver's own words. It may name paths and versions of this machine. NULL where there is no
/// such line.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_evidence(error: *const hwenc_error, index: usize) -> *const c_char {
    ask(error, ptr::null(), |error| error.evidence.get(index).map_or(ptr::null(), |line| line.as_ptr()))
}

/// The value that was wrong; NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_value(error: *const hwenc_error) -> *const c_char {
    ask(error, ptr::null(), |error| optional(&error.value))
}

/// What would have been legal instead of hwenc_error_value(); NULL where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_legal(error: *const hwenc_error) -> *const c_char {
    ask(error, ptr::null(), |error| optional(&error.legal))
}

/// The errno, where the operating system refused; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_os_error(error: *const hwenc_error) -> i32 {
    ask(error, 0, |error| error.os)
}

/// The AVERROR (libavutil/error.h), where FFmpeg refused; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_av_error(error: *const hwenc_error) -> i32 {
    ask(error, 0, |error| error.av)
}

/// How many candidates were considered, where no encoder satisfies a request; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_candidate_count(error: *const hwenc_error) -> usize {
    ask(error, 0, |error| error.candidates().len())
}

/// One of the candidates, from 0, and why it was not taken. Its strings belong to `of`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_error_candidate(
    of: *const hwenc_error,
    index: usize,
    candidate: *mut hwenc_candidate,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::fill(candidate)?;
            handle::find::<ErrorObject>(of)?.candidates().give(index, place)
        })
    }
}

/// The whole error as JSON: code, message, evidence, remedy, and the candidates where there are any. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_json(error: *const hwenc_error) -> *const c_char {
    ask(error, c"{}".as_ptr(), |error| error.json().as_ptr())
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_error_free(error: *mut hwenc_error) -> hwenc_status {
    boundary::free(|| handle::free::<ErrorObject>(error))
}
