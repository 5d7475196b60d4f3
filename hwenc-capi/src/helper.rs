//! The helper process, in which drivers are probed.

use std::ffi::c_char;

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::status::hwenc_status;

/// Lets this program be its own helper: drivers are probed in a process of their own, where they may hang or crash. Call it first in
/// main(), before any thread exists. It returns at once, but in a process that hwenc itself started as helper: that one serves here,
/// and ends here. Without this call the hwenc command serves, where it is installed and has the same FFmpeg.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_helper() {
    boundary::plain((), hwenc::helper);
}

/// Names the program that serves as helper, for hosts that cannot call hwenc_helper() first in their main(), such as plug-ins. That
/// program has to do it, and have this process's FFmpeg. `command` is the program, its arguments, and NULL; NULL instead of it takes
/// it back. It counts for the whole process. The user's HWENC_HELPER comes before it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_set_helper(
    command: *const *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let command = if command.is_null() {
                None
            } else {
                let mut words = arguments::command(command, "command")?;
                Some((words.remove(0), words))
            };
            hwenc::probe::set_helper(command);
            Ok(())
        })
    }
}
