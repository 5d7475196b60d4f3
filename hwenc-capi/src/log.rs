//! The log: any number of subscribers, none of which takes it from another.

use std::ffi::{CString, c_char, c_void};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError, RwLock};
use std::thread::{self, ThreadId};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::status::hwenc_status;
use crate::text::c_string;

/// How much of the log is wanted, or how grave a line is: one of hwenc_log_level_value.
pub type hwenc_log_level = i32;

/// Levels of the log; each has those before it, too.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hwenc_log_level_value {
    /// Something failed.
    HWENC_LOG_ERROR = 1,
    /// Something is lost.
    HWENC_LOG_WARN = 2,
    /// What was done: sessions opened, decisions.
    HWENC_LOG_INFO = 3,
    /// How it was done.
    HWENC_LOG_DEBUG = 4,
    /// Everything.
    HWENC_LOG_TRACE = 5,
}

use hwenc_log_level_value::*;

/// Told a line of the log: its level, the part that says it ("hwenc::encode", "ffmpeg"), and what it says. The strings live as long as
/// the call. It comes on the thread that has something to say, several at once perhaps. It must not throw; what hwenc would say while
/// it runs is lost.
pub type hwenc_log_callback = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        level: hwenc_log_level,
        target: *const c_char,
        message: *const c_char,
    ),
>;

/// A subscription to the log.
pub struct hwenc_log(());

/// Ends its subscription when the handle is freed.
pub(crate) struct LogObject(Arc<Subscription>);

object!(LogObject, hwenc_log, "log subscription", 9);

impl Drop for LogObject {
    fn drop(&mut self) {
        write(&SUBSCRIPTIONS).retain(|other| !Arc::ptr_eq(other, &self.0));
        tracing::callsite::rebuild_interest_cache();
        self.0.end();
    }
}

struct Subscription {
    level: Level,
    callback: unsafe extern "C" fn(*mut c_void, hwenc_log_level, *const c_char, *const c_char),
    user: *mut c_void,
    calls: Mutex<Calls>,
    idle: Condvar,
}

#[derive(Default)]
struct Calls {
    ended: bool,
    running: Vec<ThreadId>,
}

// SAFETY: the header says that the callback comes from any thread; `user` is only handed to it.
unsafe impl Send for Subscription {}
// SAFETY: as above.
unsafe impl Sync for Subscription {}

static SUBSCRIPTIONS: RwLock<Vec<Arc<Subscription>>> = RwLock::new(Vec::new());

fn write(all: &RwLock<Vec<Arc<Subscription>>>) -> std::sync::RwLockWriteGuard<'_, Vec<Arc<Subscription>>> {
    all.write().unwrap_or_else(PoisonError::into_inner)
}

/// The subscriptions that want this level. No lock is held while they are called.
fn wanting(level: &Level) -> Vec<Arc<Subscription>> {
    let all = SUBSCRIPTIONS.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().filter(|one| *level <= one.level).cloned().collect()
}

fn most() -> Option<Level> {
    let all = SUBSCRIPTIONS.read().unwrap_or_else(PoisonError::into_inner);
    all.iter().map(|one| one.level).max()
}

impl Subscription {
    fn say(&self, level: hwenc_log_level, target: &CString, message: &CString) {
        {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            if calls.ended {
                return;
            }
            calls.running.push(thread::current().id());
        }
        // SAFETY: the subscription was not ended, and does not end while this thread stands in `running`.
        unsafe { (self.callback)(self.user, level, target.as_ptr(), message.as_ptr()) };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let me = thread::current().id();
        if let Some(at) = calls.running.iter().position(|thread| *thread == me) {
            calls.running.swap_remove(at);
        }
        self.idle.notify_all();
    }

    /// Returns when no other thread is in the callback, and none will be.
    fn end(&self) {
        let me = thread::current().id();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.ended = true;
        while calls.running.iter().any(|thread| *thread != me) {
            calls = self.idle.wait(calls).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What hands the events of hwenc to the subscriptions.
struct Distributor;

thread_local!(static SAYING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });

impl Subscriber for Distributor {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && most().is_some_and(|most| *metadata.level() <= most)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(most().map_or(LevelFilter::OFF, LevelFilter::from_level))
    }

    fn event(&self, event: &Event<'_>) {
        if SAYING.replace(true) {
            return;
        }
        let metadata = event.metadata();
        let mut line = Line::default();
        event.record(&mut line);
        let (target, message) = (c_string(metadata.target()), c_string(&(line.message + &line.fields)));
        let level = number(*metadata.level());
        for one in wanting(metadata.level()) {
            one.say(level, &target, &message);
        }
        SAYING.set(false);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event as one line: the message, then ` name=value` for each field.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

fn number(level: Level) -> hwenc_log_level {
    let value = match level {
        Level::ERROR => HWENC_LOG_ERROR,
        Level::WARN => HWENC_LOG_WARN,
        Level::INFO => HWENC_LOG_INFO,
        Level::DEBUG => HWENC_LOG_DEBUG,
        _ => HWENC_LOG_TRACE,
    };
    value as hwenc_log_level
}

fn level(number: hwenc_log_level) -> Result<Level, Failure> {
    let all = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let found = all.into_iter().find(|level| self::number(*level) == number);
    Ok(found.ok_or_else(|| hwenc::Error::invalid("the level of the log", number, "1 to 5"))?)
}

/// Has lines of the log told to `callback`, up to a level, until the subscription is freed. There can be any number of them. FFmpeg's
/// own lines are among them only after hwenc_log_capture_ffmpeg().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_log_subscribe(
    level: hwenc_log_level,
    callback: hwenc_log_callback,
    user: *mut c_void,
    log: *mut *mut hwenc_log,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(log, "log")?;
            let level = self::level(level)?;
            let callback = callback.ok_or_else(|| Failure::argument("callback is NULL"))?;
            static ONCE: Once = Once::new();
            // A host in Rust that has a subscriber of its own keeps it: its lines then go there alone.
            ONCE.call_once(|| _ = tracing::subscriber::set_global_default(Distributor));
            let (calls, idle) = (Mutex::default(), Condvar::new());
            let one = Arc::new(Subscription { level, callback, user, calls, idle });
            write(&SUBSCRIPTIONS).push(one.clone());
            tracing::callsite::rebuild_interest_cache();
            out.put(LogObject(one));
            Ok(())
        })
    }
}

/// Ends a subscription: when it returns, no other thread is in the callback, and it is not called again. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_log_free(log: *mut hwenc_log) -> hwenc_status {
    boundary::free(|| handle::free::<LogObject>(log))
}

/// Takes FFmpeg's log callback, of which there is one per process: its lines then go to the subscriptions (target "ffmpeg"), and as
/// evidence to the error of the call that caused them. Without it FFmpeg writes to standard error, as it always does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_log_capture_ffmpeg(error: *mut *mut hwenc_error) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            hwenc::log::install();
            Ok(())
        })
    }
}

/// Has FFmpeg write warnings and errors to standard error and no more, unless somebody in this process has chosen its level already.
/// What hwenc_log_capture_ffmpeg() passes on stays whole.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_log_quiet_ffmpeg() {
    boundary::plain((), hwenc::log::quiet);
}
