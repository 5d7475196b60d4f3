//! The switch that stops a job.

use hwenc::Cancel;

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::handle::{self, object};
use crate::status::hwenc_status;

/// A switch that stops a job from any thread.
pub struct hwenc_cancel(());

#[derive(Debug, Default)]
pub(crate) struct CancelObject(pub(crate) Cancel);

object!(CancelObject, hwenc_cancel, "cancel switch", 2);

/// A switch that is off.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_cancel_new(
    cancel: *mut *mut hwenc_cancel,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            arguments::out(cancel, "cancel")?.put(CancelObject::default());
            Ok(())
        })
    }
}

/// Stops the jobs that run with this switch: they return HWENC_ERROR_CANCELLED after the picture at hand, and leave no file. From
/// any thread, but not from a signal handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_cancel_cancel(
    cancel: *mut hwenc_cancel,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            handle::find::<CancelObject>(cancel)?.0.cancel();
            Ok(())
        })
    }
}

/// 1 once it was switched on, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_cancel_is_cancelled(cancel: *const hwenc_cancel) -> i32 {
    boundary::plain(0, || {
        handle::find::<CancelObject>(cancel).map_or(0, |cancel| i32::from(cancel.0.is_cancelled()))
    })
}

/// Frees a switch. NULL is fine; a job that runs with it keeps what it needs of it.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_cancel_free(cancel: *mut hwenc_cancel) -> hwenc_status {
    boundary::free(|| handle::free::<CancelObject>(cancel))
}
