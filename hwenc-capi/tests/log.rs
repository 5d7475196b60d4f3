//! The log: any number of subscribers, each with a level of its own; FFmpeg's lines only where they were asked for.
//!
//! One test alone, because what other tests do is logged, too.

mod common;

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use common::*;
use hwenc_capi::hwenc_log_level_value::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

/// Lines that a subscriber was told.
#[derive(Default)]
struct Lines(Mutex<Vec<(hwenc_log_level, String, String)>>);

impl Lines {
    fn new() -> &'static Self {
        common::keep(Box::default())
    }

    fn user(&'static self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn take(&self) -> Vec<(hwenc_log_level, String, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

unsafe extern "C" fn keep(
    user: *mut c_void,
    level: hwenc_log_level,
    target: *const c_char,
    message: *const c_char,
) {
    // SAFETY: the tests hand over lines that live.
    let lines = unsafe { &*user.cast::<Lines>() };
    lines.0.lock().unwrap().push((level, text(target), text(message)));
    // What is logged meanwhile is not told again.
    assert_eq!(hwenc_session_free(session()), 0);
}

fn subscribe(level: hwenc_log_level_value, lines: &'static Lines) -> *mut hwenc_log {
    let mut log = ptr::null_mut();
    // SAFETY: pointers to what lives.
    unsafe { well(|error| hwenc_log_subscribe(level as i32, Some(keep), lines.user(), &mut log, error)) };
    log
}

fn a_session() {
    assert_eq!(hwenc_session_free(session()), 0);
}

/// The callback that is slow: it tells that it runs, and waits until it may go on.
struct Slow {
    runs: Barrier,
    may_end: Barrier,
    ended: AtomicBool,
    only: AtomicBool,
}

unsafe extern "C" fn slowly(user: *mut c_void, _: hwenc_log_level, _: *const c_char, _: *const c_char) {
    // SAFETY: as above.
    let slow = unsafe { &*user.cast::<Slow>() };
    if !slow.only.swap(true, Ordering::SeqCst) {
        slow.runs.wait();
        slow.may_end.wait();
        slow.ended.store(true, Ordering::SeqCst);
    }
}

/// Frees its own subscription.
unsafe extern "C" fn leave(user: *mut c_void, _: hwenc_log_level, _: *const c_char, _: *const c_char) {
    // SAFETY: as above.
    let handle = unsafe { &*user.cast::<Mutex<usize>>() };
    let log = std::mem::take(&mut *handle.lock().unwrap()) as *mut hwenc_log;
    assert_eq!(hwenc_log_free(log), 0);
}

#[test]
fn subscribers_are_told_what_they_want_until_they_leave() {
    let before = hwenc_handles_open();
    a_session(); // the trial that comes first opens one, too
    let (quiet, info, other) = (Lines::new(), Lines::new(), Lines::new());
    let logs = [subscribe(HWENC_LOG_ERROR, quiet), subscribe(HWENC_LOG_INFO, info)];
    a_session();
    assert!(quiet.take().is_empty());
    let lines = info.take();
    let opened = lines.iter().find(|(_, _, message)| message.starts_with("session opened"));
    let (level, target, message) = opened.unwrap_or_else(|| panic!("{lines:?}"));
    assert_eq!((*level, target.as_str()), (HWENC_LOG_INFO as i32, "hwenc::encode::session"));
    assert!(message.contains(" encoder=libx264 backend=software"), "{message}");
    assert!(lines.iter().all(|(_, target, _)| target != "ffmpeg"), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.2.starts_with("session opened")).count(), 1, "{lines:?}");

    // FFmpeg's own, once they are asked for; two subscribers, the same lines.
    let third = subscribe(HWENC_LOG_INFO, other);
    // SAFETY: a slot that lives.
    unsafe { well(|error| hwenc_log_capture_ffmpeg(error)) };
    a_session();
    let (lines, same) = (info.take(), other.take());
    assert!(
        lines.iter().any(|(_, target, message)| target == "ffmpeg" && message.contains("libx264")),
        "{lines:?}"
    );
    assert_eq!(lines, same);

    // Nothing after the end.
    assert_eq!(hwenc_log_free(third), 0);
    a_session();
    assert!(other.take().is_empty() && !info.take().is_empty());
    logs.iter().for_each(|log| assert_eq!(hwenc_log_free(*log), 0));
    a_session();
    assert!(info.take().is_empty() && quiet.take().is_empty());

    // Whoever frees a subscription waits until the callback has ended elsewhere.
    let slow = Arc::new(Slow {
        runs: Barrier::new(2),
        may_end: Barrier::new(2),
        ended: AtomicBool::new(false),
        only: AtomicBool::new(false),
    });
    let (mut log, user) = (ptr::null_mut(), Arc::as_ptr(&slow).cast_mut().cast());
    // SAFETY: pointers to what lives.
    unsafe { well(|error| hwenc_log_subscribe(3, Some(slowly), user, &mut log, error)) };
    let talker = std::thread::spawn(a_session);
    slow.runs.wait();
    let log = log as usize;
    let shared = slow.clone();
    let freer = std::thread::spawn(move || {
        assert_eq!(hwenc_log_free(log as *mut hwenc_log), 0);
        assert!(shared.ended.load(Ordering::SeqCst), "it came back while the callback ran");
    });
    slow.may_end.wait();
    freer.join().unwrap();
    talker.join().unwrap();

    // A callback may end its own subscription.
    let own = Mutex::new(0usize);
    let (mut log, user) = (ptr::null_mut(), ptr::from_ref(&own).cast_mut().cast());
    let mut slot = own.lock().unwrap();
    // SAFETY: pointers to what lives.
    unsafe { well(|error| hwenc_log_subscribe(3, Some(leave), user, &mut log, error)) };
    *slot = log as usize;
    drop(slot);
    a_session();
    assert_eq!(*own.lock().unwrap(), 0);

    // SAFETY: as above.
    let error =
        unsafe { fails(|error| hwenc_log_subscribe(6, Some(keep), ptr::null_mut(), &mut log, error)) };
    assert_eq!(error.status(), number(HWENC_ERROR_REQUEST_INVALID));
    drop(error);
    assert_eq!(hwenc_handles_open(), before);
}
