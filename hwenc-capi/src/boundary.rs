//! The boundary that every function of the interface has around it: no panic leaves it, and errors become a status and an object.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::arguments;
use crate::error::{self, hwenc_error};
use crate::failure::Failure;
use crate::status::{hwenc_status, hwenc_status_value, hwenc_status_value::*};

/// Runs what can fail. The error is put where the caller wants it, NULL where there is none.
///
/// # Safety
/// `error` is NULL, or what `arguments::pointer` lets pass can be written.
pub(crate) unsafe fn status(
    error: *mut *mut hwenc_error,
    work: impl FnOnce() -> Result<hwenc_status_value, Failure>,
) -> hwenc_status {
    if !error.is_null() {
        if arguments::pointer(error, "error").is_err() {
            return HWENC_ERROR_INVALID_ARGUMENT.number();
        }
        // SAFETY: checked as far as that goes; the rest is the caller's word.
        unsafe { error.write(std::ptr::null_mut()) };
    }
    match caught(work) {
        Ok(status) => status.number(),
        Err(failure) => {
            let status = failure.status.number();
            if !error.is_null() {
                // Making the object only copies strings; should that fail, the status has to do.
                let made = catch_unwind(AssertUnwindSafe(|| error::object(failure)));
                // SAFETY: as above.
                unsafe { error.write(made.unwrap_or(std::ptr::null_mut())) };
            }
            status
        }
    }
}

/// [`status`] for what gives nothing but "done".
///
/// # Safety
/// As [`status`].
pub(crate) unsafe fn done(
    error: *mut *mut hwenc_error,
    work: impl FnOnce() -> Result<(), Failure>,
) -> hwenc_status {
    // SAFETY: the caller's word.
    unsafe { status(error, || work().map(|()| HWENC_OK)) }
}

/// Runs what gives a value and has no error object: getters.
pub(crate) fn plain<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        discard(payload);
        otherwise
    })
}

/// Runs what frees, which has a status alone.
pub(crate) fn free(work: impl FnOnce() -> Result<(), Failure>) -> hwenc_status {
    match caught(|| work().map(|()| HWENC_OK)) {
        Ok(status) => status.number(),
        Err(failure) => failure.status.number(),
    }
}

fn caught(work: impl FnOnce() -> Result<hwenc_status_value, Failure>) -> Result<hwenc_status_value, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let failure = Failure::panic(payload.as_ref());
        discard(payload);
        Err(failure)
    })
}

/// What somebody panicked with may panic itself when it is dropped.
fn discard(payload: Box<dyn Any + Send>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(std::mem::forget);
}

/// Panics, to show that it does not leave the library. Only tests reach it: it has no name in the C library.
///
/// # Safety
/// As [`status`].
#[doc(hidden)]
pub unsafe extern "C" fn hwenc_panic(error: *mut *mut hwenc_error) -> hwenc_status {
    // SAFETY: the caller's word.
    unsafe { done(error, || panic!("nothing was wrong")) }
}
