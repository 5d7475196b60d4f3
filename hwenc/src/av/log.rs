//! FFmpeg's log lines: to `tracing`, and as evidence to the error of the call that they explain.
//!
//! libav has one log callback per process, so a library must not take it unasked. [`install`] is for the host (the
//! `hwenc` command does it). Without it errors still carry their codes and numbers, only fewer words, and FFmpeg
//! writes to standard error as it always does.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use ffmpeg_sys_next as ff;

/// Lines kept for errors. A failing call of FFmpeg says a handful.
const KEPT: usize = 128;
/// Longest line, in bytes, that is formatted.
const LINE: usize = 1024;

#[cfg(target_arch = "x86_64")]
type VaList = *mut ff::__va_list_tag;
#[cfg(not(target_arch = "x86_64"))]
type VaList = ff::va_list;

struct Line {
    number: u64,
    context: usize,
    thread: ThreadId,
    is_error: bool,
    text: String,
}

static INSTALLED: AtomicBool = AtomicBool::new(false);
/// Errors go to standard error, too.
static ECHO: AtomicBool = AtomicBool::new(false);
static NUMBER: AtomicU64 = AtomicU64::new(0);
static LINES: Mutex<VecDeque<Line>> = Mutex::new(VecDeque::new());

/// Takes FFmpeg's log callback for this process: lines go to `tracing` (target `ffmpeg`), warnings and errors also
/// to the error of the call that caused them. Call it once, early.
pub fn install() {
    INSTALLED.store(true, Ordering::Release);
    // SAFETY: the callback is a static function that lives as long as the process, and is thread-safe.
    unsafe { ff::av_log_set_callback(Some(callback)) };
}

/// Has FFmpeg write warnings and errors to standard error and no more, unless somebody in this process has chosen its level already
/// (it is FFmpeg's own, `AV_LOG_INFO`, then). For bindings, whose users expect no statistics of encoders there; what [`install`]
/// passes on stays whole.
pub fn quiet() {
    // SAFETY: reads and writes one number, which libav itself reads without a lock.
    unsafe {
        if ff::av_log_get_level() == ff::AV_LOG_INFO as c_int {
            ff::av_log_set_level(ff::AV_LOG_WARNING as c_int);
        }
    }
}

/// Has errors written to standard error, too: of a process that is lost, that is all that is left of its words.
pub(crate) fn echo_errors() {
    ECHO.store(true, Ordering::Relaxed);
}

/// Stops SVT-AV1 from writing its banner to standard error, past libav's log. It sets an environment variable, which is
/// sound only while there is a single thread: with more it does nothing and says `false`. Call it first in `main`.
pub fn quiet_codec_libraries() -> bool {
    let alone = std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1);
    if alone && std::env::var_os("SVT_LOG").is_none() {
        // SAFETY: no other thread exists that could read the environment meanwhile. 1 means errors only (SVT-AV1,
        // Docs/svt-av1_encoder_user_guide.md).
        unsafe { std::env::set_var("SVT_LOG", "1") };
    }
    alone
}

/// The moment before a call, to tell its lines from older ones.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

pub(crate) fn mark() -> Mark {
    Mark(NUMBER.load(Ordering::Acquire))
}

/// Lines since `mark` that belong to `context` (an object with an AVClass) or were written by this thread.
pub(crate) fn since(mark: Mark, context: *const c_void) -> Vec<String> {
    if !INSTALLED.load(Ordering::Acquire) {
        return Vec::new();
    }
    let me = std::thread::current().id();
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found: Vec<String> = Vec::new();
    for line in lines.iter().filter(|l| l.number > mark.0) {
        if (line.context == context as usize || line.thread == me) && found.last() != Some(&line.text) {
            found.push(line.text.clone());
        }
    }
    found
}

/// Lines since `mark` in which `context` itself complains of an error.
pub(crate) fn errors_since(mark: Mark, context: *const c_void) -> Vec<String> {
    if NUMBER.load(Ordering::Acquire) == mark.0 {
        return Vec::new(); // as nearly always
    }
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let its = lines.iter().filter(|l| l.number > mark.0 && l.is_error && l.context == context as usize);
    its.map(|l| l.text.clone()).collect()
}

unsafe extern "C" fn callback(context: *mut c_void, level: c_int, format: *const c_char, args: VaList) {
    if level > ff::AV_LOG_VERBOSE as c_int && !tracing::enabled!(target: "ffmpeg", tracing::Level::TRACE) {
        return;
    }
    thread_local!(static PREFIX: Cell<c_int> = const { Cell::new(1) });
    let mut buffer = [0 as c_char; LINE];
    let mut prefix = PREFIX.get();
    // SAFETY: libav hands over a context with an AVClass or null, a format and its arguments; the buffer is valid
    // for its length and always terminated.
    let text = unsafe {
        ff::av_log_format_line2(
            context,
            level,
            format,
            args,
            buffer.as_mut_ptr(),
            LINE as c_int,
            &mut prefix,
        );
        CStr::from_ptr(buffer.as_ptr()).to_string_lossy()
    };
    PREFIX.set(prefix);
    let text = text.trim_end();
    // A tracing subscriber of the host may panic; that must not unwind through C.
    let _ = std::panic::catch_unwind(|| pass_on(context as usize, level, text));
}

fn pass_on(context: usize, level: c_int, text: &str) {
    if text.is_empty() {
        return;
    }
    let text = without_address(text);
    if level <= ff::AV_LOG_ERROR as c_int && ECHO.load(Ordering::Relaxed) {
        let _ = writeln!(std::io::stderr(), "{text}"); // nobody may read it
    }
    if level <= ff::AV_LOG_WARNING as c_int {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        let number = NUMBER.fetch_add(1, Ordering::AcqRel) + 1;
        lines.push_back(Line {
            number,
            context,
            thread: std::thread::current().id(),
            is_error: level <= ff::AV_LOG_ERROR as c_int,
            text: text.clone(),
        });
    }
    match level {
        l if l <= ff::AV_LOG_ERROR as c_int => tracing::error!(target: "ffmpeg", "{text}"),
        l if l <= ff::AV_LOG_WARNING as c_int => tracing::warn!(target: "ffmpeg", "{text}"),
        l if l <= ff::AV_LOG_INFO as c_int => tracing::info!(target: "ffmpeg", "{text}"),
        l if l <= ff::AV_LOG_VERBOSE as c_int => tracing::debug!(target: "ffmpeg", "{text}"),
        _ => tracing::trace!(target: "ffmpeg", "{text}"),
    }
}

/// `[libx264 @ 0x55d0c8] text` without the address, which helps nobody and changes at every run.
fn without_address(text: &str) -> String {
    match (text.find(" @ 0x"), text.find(']')) {
        (Some(at), Some(end)) if at < end => format!("{}{}", &text[..at], &text[end..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out() {
        assert_eq!(without_address("[libx264 @ 0x55d0c8] no"), "[libx264] no");
        assert_eq!(without_address("plain"), "plain");
    }

    #[test]
    fn lines_reach_the_thread_that_caused_them_and_no_other() {
        install();
        let before = mark();
        // SAFETY: a null context and a format without arguments.
        unsafe { ff::av_log(std::ptr::null_mut(), ff::AV_LOG_ERROR as c_int, c"of this thread\n".as_ptr()) };
        std::thread::spawn(|| {
            // SAFETY: as above.
            unsafe { ff::av_log(std::ptr::null_mut(), ff::AV_LOG_ERROR as c_int, c"of another\n".as_ptr()) };
        })
        .join()
        .unwrap();
        let nobody = std::ptr::dangling::<u8>().cast::<c_void>();
        assert_eq!(since(before, nobody), ["of this thread"]);
    }
}
