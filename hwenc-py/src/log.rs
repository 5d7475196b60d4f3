//! The native log, for Python's `logging`.
//!
//! Lines come from any thread, also from within FFmpeg's locks, where waiting for the interpreter could be a deadlock. So they are
//! put into a queue, and handed to `logging` by the calls that hold the interpreter anyway, before they return. There is no thread
//! for it: nothing to stop when the interpreter ends, and nothing that a fork would lose.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Where lines of a target go. The first that fits counts.
const LOGGERS: [(&str, &str); 6] = [
    ("ffmpeg", "hwenc.ffmpeg"),
    ("hwenc::probe", "hwenc.probe"),
    ("hwenc::encode", "hwenc.encode"),
    ("hwenc::transcode", "hwenc.transcode"),
    ("hwenc::av", "hwenc.av"),
    ("", "hwenc"),
];
/// Lines that wait at most; more are counted and left out.
const MOST: usize = 10_000;
/// How often lines are looked for that came while others were handed over.
const ROUNDS: usize = 16;
/// How old the levels may be that a call without waiting goes by, in milliseconds.
const FRESH: u64 = 100;

/// The least important level of each logger that somebody wants: 0 none, 1 errors, … 5 everything. Asking a logger takes the
/// interpreter; this does not.
static WANTED: [AtomicU8; LOGGERS.len()] = [const { AtomicU8::new(0) }; LOGGERS.len()];
/// When [`WANTED`] was asked for, in milliseconds since the first time.
static ASKED: AtomicU64 = AtomicU64::new(0);
/// A child of a fork takes the next queue: the lock of its parent's may be held by a thread that is not there.
static QUEUES: [Mutex<VecDeque<Line>>; 8] = [const { Mutex::new(VecDeque::new()) }; 8];
static QUEUE: AtomicUsize = AtomicUsize::new(0);
static WAITING: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);
static FLUSHING: AtomicBool = AtomicBool::new(false);
/// The interpreter ends: nobody listens any more.
static ENDED: AtomicBool = AtomicBool::new(false);
/// The command's own log, once this process is the command.
static COMMAND: OnceLock<Dispatch> = OnceLock::new();

struct Line {
    logger: usize,
    level: Level,
    at: SystemTime,
    file: &'static str,
    number: u32,
    text: String,
}

struct Bridge;

impl Subscriber for Bridge {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if let Some(command) = COMMAND.get() {
            command.register_callsite(metadata);
        }
        Interest::sometimes() // levels can change at any time
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        if COMMAND.get().is_some() {
            return None;
        }
        let most = WANTED.iter().map(|wanted| wanted.load(Ordering::Relaxed)).max().unwrap_or(0);
        Some(
            [
                LevelFilter::OFF,
                LevelFilter::ERROR,
                LevelFilter::WARN,
                LevelFilter::INFO,
                LevelFilter::DEBUG,
                LevelFilter::TRACE,
            ][usize::from(most).min(5)],
        )
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match COMMAND.get() {
            Some(command) => command.enabled(metadata),
            None => rank(*metadata.level()) <= WANTED[logger_of(metadata.target())].load(Ordering::Relaxed),
        }
    }

    fn event(&self, event: &Event<'_>) {
        let Some(command) = COMMAND.get() else { return push(event) };
        command.event(event);
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        COMMAND.get().map_or_else(|| Id::from_u64(1), |command| command.new_span(span))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(command) = COMMAND.get() {
            command.record(span, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let Some(command) = COMMAND.get() {
            command.record_follows_from(span, follows);
        }
    }

    fn enter(&self, span: &Id) {
        if let Some(command) = COMMAND.get() {
            command.enter(span);
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(command) = COMMAND.get() {
            command.exit(span);
        }
    }
}

fn rank(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// `logging`'s number. It has no level below DEBUG; 5 is what others use for one.
fn number_of(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

fn logger_of(target: &str) -> usize {
    LOGGERS.iter().position(|(prefix, _)| target.starts_with(prefix)).unwrap_or(LOGGERS.len() - 1)
}

/// The message, and the other fields behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value}"),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

fn push(event: &Event<'_>) {
    if ENDED.load(Ordering::Relaxed) {
        return;
    }
    let metadata = event.metadata();
    let mut text = Text::default();
    event.record(&mut text);
    let line = Line {
        logger: logger_of(metadata.target()),
        level: *metadata.level(),
        at: SystemTime::now(),
        file: metadata.file().unwrap_or("hwenc"),
        number: metadata.line().unwrap_or(0),
        text: text.message + &text.fields,
    };
    let mut queue = queue().lock().unwrap_or_else(PoisonError::into_inner);
    if queue.len() >= MOST {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        return;
    }
    queue.push_back(line);
    WAITING.store(queue.len(), Ordering::SeqCst);
}

fn queue() -> &'static Mutex<VecDeque<Line>> {
    &QUEUES[QUEUE.load(Ordering::Relaxed) % QUEUES.len()]
}

/// Hands what waits to `logging`.
///
/// # Errors
/// What a handler raises that is no `Exception`, such as KeyboardInterrupt; the others are shown and forgotten.
pub(crate) fn flush(py: Python<'_>) -> PyResult<()> {
    // Not for ever: a handler may call what logs.
    for _ in 0..ROUNDS {
        // As nearly always. Whoever flushes already looks again after this, and takes this thread's lines, too; a handler that calls
        // hwenc ends here.
        if WAITING.load(Ordering::SeqCst) == 0 || FLUSHING.swap(true, Ordering::SeqCst) {
            break;
        }
        let done = lines().into_iter().try_for_each(|line| emit(py, line));
        FLUSHING.store(false, Ordering::SeqCst);
        done?;
    }
    Ok(())
}

fn lines() -> VecDeque<Line> {
    let mut queue = queue().lock().unwrap_or_else(PoisonError::into_inner);
    WAITING.store(0, Ordering::SeqCst);
    let mut lines = std::mem::take(&mut *queue);
    let dropped = DROPPED.swap(0, Ordering::Relaxed);
    if dropped > 0 {
        lines.push_back(Line {
            logger: LOGGERS.len() - 1,
            level: Level::WARN,
            at: SystemTime::now(),
            file: file!(),
            number: line!(),
            text: format!("{dropped} lines came too fast and were left out"),
        });
    }
    lines
}

fn emit(py: Python<'_>, line: Line) -> PyResult<()> {
    match handle(py, line) {
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            Ok(())
        }
        result => result,
    }
}

fn handle(py: Python<'_>, line: Line) -> PyResult<()> {
    let logger = loggers(py)?[line.logger].bind(py);
    let level = number_of(line.level);
    if !logger.call_method1("isEnabledFor", (level,))?.is_truthy()? {
        return Ok(());
    }
    let arguments =
        (LOGGERS[line.logger].1, level, line.file, line.number, line.text, PyTuple::empty(py), py.None());
    let record = logger.call_method1("makeRecord", arguments)?;
    // It is of then, and not of now.
    let at = line.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    record.setattr("created", at.as_secs_f64())?;
    record.setattr("msecs", f64::from(at.subsec_millis()))?;
    logger.call_method1("handle", (record,))?;
    Ok(())
}

fn loggers(py: Python<'_>) -> PyResult<&'static Vec<Py<PyAny>>> {
    static LIST: PyOnceLock<Vec<Py<PyAny>>> = PyOnceLock::new();
    LIST.get_or_try_init(py, || {
        let logging = py.import("logging")?;
        let get = |name| Ok(logging.call_method1("getLogger", (name,))?.unbind());
        LOGGERS.iter().map(|(_, name)| get(*name)).collect()
    })
}

/// Asks the loggers what they want.
pub(crate) fn refresh(py: Python<'_>) -> PyResult<()> {
    ASKED.store(now(), Ordering::Relaxed);
    let mut changed = false;
    for (logger, wanted) in loggers(py)?.iter().zip(&WANTED) {
        let mut rank = 0;
        for (i, level) in [40_u8, 30, 20, 10, 5].into_iter().enumerate() {
            if logger.bind(py).call_method1("isEnabledFor", (level,))?.is_truthy()? {
                rank = i as u8 + 1;
            }
        }
        changed |= wanted.swap(rank, Ordering::Relaxed) != rank;
    }
    if changed {
        tracing::callsite::rebuild_interest_cache();
    }
    Ok(())
}

/// The same for calls that must not take long: not every time.
pub(crate) fn refresh_now_and_then(py: Python<'_>) -> PyResult<()> {
    if now().saturating_sub(ASKED.load(Ordering::Relaxed)) < FRESH {
        return Ok(());
    }
    refresh(py)
}

fn now() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FRESH + FIRST.get_or_init(Instant::now).elapsed().as_millis() as u64
}

/// Listens from now on, and until [`end`].
pub(crate) fn start(py: Python<'_>) -> PyResult<()> {
    // This library's own `tracing` has no other subscriber.
    let _ = tracing::subscriber::set_global_default(Bridge);
    refresh(py)
}

/// The last lines, before the interpreter ends.
pub(crate) fn end(py: Python<'_>) -> PyResult<()> {
    ENDED.store(true, Ordering::Relaxed);
    flush(py)
}

/// In the child of a fork, whose only thread is this one.
pub(crate) fn forked() {
    QUEUE.fetch_add(1, Ordering::Relaxed);
    WAITING.store(0, Ordering::Relaxed);
    FLUSHING.store(false, Ordering::Relaxed);
}

/// Takes FFmpeg's log for this process: its lines go to the logger "hwenc.ffmpeg", and warnings and errors also become evidence of
/// the error that they explain. Otherwise FFmpeg writes to standard error. libav has one such place per process, which is why it is
/// not taken unasked; it stays taken.
#[pyfunction]
pub(crate) fn capture_ffmpeg_log() {
    hwenc::log::install();
}

/// This process is the command: its log goes where the command's does.
pub(crate) fn hand_over(command: Dispatch) {
    let _ = COMMAND.set(command); // there is one command in a process
    tracing::callsite::rebuild_interest_cache();
}
