//! Jobs from file to file.

use std::ffi::{c_char, c_void};
use std::sync::{Mutex, PoisonError};

use hwenc::{Cancel, Progress, Transcode};

use crate::arguments;
use crate::boundary;
use crate::cancel::{CancelObject, hwenc_cancel};
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::report::plain_data;
use crate::status::hwenc_status;

/// A job from file to file. What is not set follows the source or the encoder.
pub struct hwenc_transcode(());

pub(crate) struct TranscodeObject(Mutex<Transcode>);

object!(TranscodeObject, hwenc_transcode, "job", 8);

fn get(job: *const hwenc_transcode) -> Result<Transcode, Failure> {
    let job = handle::find::<TranscodeObject>(job)?;
    Ok(job.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

pub(crate) fn set(job: *mut hwenc_transcode, change: impl FnOnce(&mut Transcode)) -> Result<(), Failure> {
    let job = handle::find::<TranscodeObject>(job)?;
    change(&mut job.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

/// How far a job is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_progress {
    /// Size of this struct in the library that runs.
    pub struct_size: usize,
    /// Pictures sent to the encoder.
    pub frames: u64,
    /// Pictures that are expected in all; 0 where the source does not say.
    pub total_frames: u64,
    /// Bytes written so far.
    pub bytes_out: u64,
    /// Position in the film, in seconds.
    pub position_s: f64,
    /// Length of the film in seconds; below 0 where the source does not say.
    pub duration_s: f64,
    /// Part that is done, 0 to 1; below 0 where it cannot be told.
    pub fraction: f64,
    /// Pictures per second of wall time.
    pub fps: f64,
    /// Seconds of wall time that have passed.
    pub elapsed_s: f64,
    /// Seconds of wall time that remain; below 0 where it cannot be told.
    pub eta_s: f64,
}

/// Told how far a job is, about ten times a second and once at the end, on the thread that runs it. 0 goes on, anything else cancels
/// the job. It must not throw.
pub type hwenc_progress_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, progress: *const hwenc_progress) -> i32>;

fn seen(progress: &Progress) -> hwenc_progress {
    hwenc_progress {
        struct_size: size_of::<hwenc_progress>(),
        frames: progress.frames,
        total_frames: progress.total_frames.unwrap_or(0),
        bytes_out: progress.bytes_out,
        position_s: progress.position_s,
        duration_s: progress.duration_s.unwrap_or(-1.0),
        fraction: progress.fraction().unwrap_or(-1.0),
        fps: progress.fps,
        elapsed_s: progress.elapsed_s,
        eta_s: progress.eta_s.unwrap_or(-1.0),
    }
}

/// A job. `input` is a path, or a URL that FFmpeg reads; the ending of `output` names the container, and the file appears when it is
/// complete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_new(
    input: *const c_char,
    output: *const c_char,
    job: *mut *mut hwenc_transcode,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(job, "job")?;
            let (input, output) = (arguments::path(input, "input")?, arguments::path(output, "output")?);
            out.put(TranscodeObject(Mutex::new(Transcode::new(input, output))));
            Ok(())
        })
    }
}

/// Checks all that the job alone can tell: no file is looked at. hwenc_transcode_run() does it, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_check(
    job: *const hwenc_transcode,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || Ok(get(job)?.check()?)) }
}

/// Runs the job as it is set now, on this thread. `progress` and `cancel` may be NULL; `user` is handed to `progress`. `report` gets
/// JSON as `hwenc transcode --json` prints it. After an error no result is left, and the source never changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_run(
    job: *const hwenc_transcode,
    progress: hwenc_progress_callback,
    user: *mut c_void,
    cancel: *mut hwenc_cancel,
    report: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for; the callback is called during this call alone.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(report, "report")?;
            let job = get(job)?;
            let cancel = if cancel.is_null() {
                Cancel::new()
            } else {
                handle::find::<CancelObject>(cancel)?.0.clone()
            };
            let done = job.run(&cancel, |now| {
                if let Some(callback) = progress
                    && callback(user, &seen(now)) != 0
                {
                    cancel.cancel();
                }
            })?;
            out.text(&serde_json::to_string_pretty(&done).map_err(plain_data)?);
            Ok(())
        })
    }
}

/// Frees a job; one that runs runs on. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_transcode_free(job: *mut hwenc_transcode) -> hwenc_status {
    boundary::free(|| handle::free::<TranscodeObject>(job))
}
