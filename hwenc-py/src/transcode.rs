//! `hwenc.transcode`: the job runs on a thread of its own; the caller's thread waits without the GIL, calls `progress`, and looks
//! for signals.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hwenc::{Code, Codec, Error, Transcode};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::{OrRaise as _, raise};
use crate::outcome::TranscodeReport;
use crate::request::rate_control;
use crate::values::{fallback, number, options, word, wrong_type};
use crate::{log, native};

/// How long a job may take to stop after Ctrl-C. An encoder that drains needs well below a second.
const GRACE: Duration = Duration::from_secs(5);

/// A switch that stops jobs, from any thread. Once on, it stays on.
#[pyclass(frozen, from_py_object, module = "hwenc")]
#[derive(Clone)]
pub(crate) struct Cancel(hwenc::Cancel);

#[pymethods]
impl Cancel {
    #[new]
    fn new() -> Self {
        Cancel(hwenc::Cancel::new())
    }

    /// Stops the job: it raises CancelledError after the picture at hand, and leaves nothing behind.
    fn cancel(&self) {
        self.0.cancel();
    }

    /// It was switched on.
    #[getter]
    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn __repr__(&self) -> String {
        format!("<hwenc.Cancel: {}>", if self.0.is_cancelled() { "on" } else { "off" })
    }
}

/// How far a job is.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Progress(hwenc::Progress);

#[pymethods]
impl Progress {
    /// Pictures sent to the encoder.
    #[getter]
    fn frames(&self) -> u64 {
        self.0.frames
    }

    /// Pictures that are expected in all; None where the source does not say.
    #[getter]
    fn total_frames(&self) -> Option<u64> {
        self.0.total_frames
    }

    /// Position in the film in seconds.
    #[getter]
    fn position_s(&self) -> f64 {
        self.0.position_s
    }

    /// Length of the film in seconds; None where the source does not say.
    #[getter]
    fn duration_s(&self) -> Option<f64> {
        self.0.duration_s
    }

    /// Bytes written so far.
    #[getter]
    fn bytes_out(&self) -> u64 {
        self.0.bytes_out
    }

    /// Pictures per second of wall time.
    #[getter]
    fn fps(&self) -> f64 {
        self.0.fps
    }

    /// Seconds of wall time that have passed.
    #[getter]
    fn elapsed_s(&self) -> f64 {
        self.0.elapsed_s
    }

    /// Seconds of wall time that remain; None where that cannot be told.
    #[getter]
    fn eta_s(&self) -> Option<f64> {
        self.0.eta_s
    }

    /// Part that is done, 0 to 1; None where that cannot be told.
    #[getter]
    fn fraction(&self) -> Option<f64> {
        self.0.fraction()
    }

    fn __repr__(&self) -> String {
        let part = self.0.fraction().map_or_else(String::new, |part| format!("{:.0} %, ", part * 100.0));
        format!("<hwenc.Progress: {part}{} frames, {:.0} fps>", self.0.frames, self.0.fps)
    }
}

/// What the job and its caller tell each other.
#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How far the job is; it waits until somebody has looked.
    progress: Option<hwenc::Progress>,
    /// Nobody looks any more.
    closed: bool,
    result: Option<hwenc::Result<hwenc::TranscodeReport>>,
    /// The job's thread ended, with a result or without.
    ended: bool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job's side: shows how far it is, and waits until that was seen.
    fn show(&self, progress: &hwenc::Progress) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        state.progress = Some(*progress);
        self.changed.notify_all();
        let seen = self.changed.wait_while(state, |state| state.progress.is_some() && !state.closed);
        drop(seen.unwrap_or_else(PoisonError::into_inner));
    }

    /// The caller's side: waits a moment for anything new.
    fn wait(&self) -> (Option<hwenc::Progress>, bool) {
        let quiet = |state: &mut State| state.progress.is_none() && !state.ended;
        let waited = self.changed.wait_timeout_while(self.lock(), native::LOOK, quiet);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (state.progress, state.ended)
    }

    fn seen(&self) {
        self.lock().progress = None;
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

/// Says that the thread ended, however it did.
struct Ending(Arc<Desk>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

/// The switches of the jobs that run, by number, each with the process that it is of.
static RUNNING: Mutex<Vec<(u64, u32, hwenc::Cancel)>> = Mutex::new(Vec::new());

/// Keeps a job's switch there while it runs.
struct Running(u64);

impl Running {
    fn begin(cancel: &hwenc::Cancel) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.push((number, std::process::id(), cancel.clone()));
        Running(number)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|(number, ..)| *number != self.0);
    }
}

/// The process is about to end: unfinished files of its jobs go. Those of a parent stay; its lock may be held by a thread that this
/// process does not have.
pub(crate) fn abandon_all() {
    let Ok(running) = RUNNING.try_lock() else { return };
    let ours = running.iter().filter(|(_, process, _)| *process == std::process::id());
    ours.for_each(|(.., cancel)| cancel.abandon());
}

fn run(
    py: Python<'_>,
    job: Transcode,
    progress: Option<&Bound<'_, PyAny>>,
    cancel: &hwenc::Cancel,
) -> PyResult<hwenc::TranscodeReport> {
    log::refresh(py)?;
    let main = native::is_main_thread(py)?;
    let desk = Arc::new(Desk::default());
    let (theirs, switch) = (Ending(desk.clone()), cancel.clone());
    let (calls, ours) = (progress.is_some(), desk.clone());
    let running = Running::begin(cancel);
    let work = move || {
        let (ending, _running) = (theirs, running);
        let result = job.run(&switch, |progress| {
            if calls {
                ours.show(progress);
            }
        });
        ending.0.lock().result = Some(result);
    };
    thread::Builder::new().name("hwenc".into()).spawn(work).map_err(native::no_thread)?;
    let process = std::process::id();
    let mut told = None;
    let outcome = watch(py, &desk, progress, main, cancel, &mut told);
    if let Err(stopped) = outcome {
        if std::process::id() != process {
            return Err(stopped); // `progress` forked, and this is the child: the job and its file are the parent's
        }
        cancel.cancel();
        desk.close();
        stop(py, &desk, cancel, main, told.unwrap_or_else(Instant::now) + GRACE);
        return Err(stopped);
    }
    let result = desk.lock().result.take();
    result.ok_or_else(native::panicked)?.or_raise()
}

/// Until the job ends, or something is raised here. `told` is when it was first seen that the job was to stop; one that does not is
/// not waited for without end.
fn watch(
    py: Python<'_>,
    desk: &Desk,
    progress: Option<&Bound<'_, PyAny>>,
    main: bool,
    cancel: &hwenc::Cancel,
    told: &mut Option<Instant>,
) -> PyResult<()> {
    loop {
        let (shown, ended) = py.detach(|| desk.wait());
        log::refresh_now_and_then(py)?;
        log::flush(py)?;
        if let (Some(shown), Some(call)) = (shown, progress) {
            call.call1((Progress(shown),))?;
            desk.seen();
        }
        if ended {
            return Ok(());
        }
        if main {
            py.check_signals()?;
        }
        if cancel.is_cancelled() && told.get_or_insert_with(Instant::now).elapsed() >= GRACE {
            return Err(raise(Error::new(
                Code::Cancelled,
                "cancelled; the job does not end, and is left alone",
            )));
        }
    }
}

/// Waits for a job that was told to stop. One that does not react, because an encoder or a read hangs, loses its unfinished file and
/// is left alone; so is one whose caller presses Ctrl-C again.
fn stop(py: Python<'_>, desk: &Desk, cancel: &hwenc::Cancel, main: bool, until: Instant) {
    loop {
        let (_, ended) = py.detach(|| desk.wait());
        if ended {
            return;
        }
        if Instant::now() >= until || (main && py.check_signals().is_err()) {
            return cancel.abandon();
        }
    }
}

/// Encodes a file again: decodes, scales, encodes, and keeps every other stream where the container can hold it.
///
/// input: a path, or a URL that FFmpeg reads. output: .mp4 .m4v .mov .mkv .h264 .hevc .ivf .obu; it appears when it is complete.
/// codec: "h264", "hevc", "av1"; None: what the output or the encoder implies, else "h264".
/// size: (width, height) in pixels; bit_depth: 8 or 10; None: the source's.
/// quality, qp, bitrate, cbr, max_bitrate, gop, preset, threads, encoder, device, fallback, zero_copy, options: as in ``Request``.
/// decode_on: "auto": on the encoder's device where it can; "cpu"; "device".
/// on_corrupt: "fail", or "skip": leave broken pictures out and count them.
/// max_size_ratio: stop when the result would become larger than this share of the source, above 0.
/// faststart: MP4 with its index first. overwrite: the result may replace a file.
///
/// progress: called with a ``Progress`` on this thread about ten times a second, and once at the end, just before the file appears. An
/// exception in it stops the job and comes out of this call. cancel: a ``Cancel`` that stops the job. Ctrl-C stops it, too. In all
/// these cases no file is left.
///
/// Raises UsageError, NoEncoderError, CancelledError, SizeGateError, and Error with codes that begin with "input.", "output." and
/// "encoder.".
#[pyfunction]
#[allow(clippy::too_many_arguments)] // it is a record; every one of them has a name at the call
#[pyo3(
    signature = (
        input, output, *, codec=None, size=None, bit_depth=None, quality=None, qp=None, bitrate=None, cbr=None, max_bitrate=None,
        gop=None, preset=None, threads=None, encoder=None, device=None, fallback=None, zero_copy="allow", decode_on="auto",
        options=None, on_corrupt="fail", max_size_ratio=None, faststart=false, overwrite=false, progress=None, cancel=None,
    ),
    text_signature = "(input, output, *, codec=None, size=None, bit_depth=None, quality=None, qp=None, bitrate=None, cbr=None, \
        max_bitrate=None, gop=None, preset=None, threads=0, encoder=None, device=None, fallback='deny', zero_copy='allow', \
        decode_on='auto', options=None, on_corrupt='fail', max_size_ratio=None, faststart=False, overwrite=False, progress=None, \
        cancel=None)"
)]
pub(crate) fn transcode(
    py: Python<'_>,
    input: PathBuf,
    output: PathBuf,
    codec: Option<&str>,
    size: Option<&Bound<'_, PyAny>>,
    bit_depth: Option<&Bound<'_, PyAny>>,
    quality: Option<&Bound<'_, PyAny>>,
    qp: Option<&Bound<'_, PyAny>>,
    bitrate: Option<&Bound<'_, PyAny>>,
    cbr: Option<&Bound<'_, PyAny>>,
    max_bitrate: Option<&Bound<'_, PyAny>>,
    gop: Option<&Bound<'_, PyAny>>,
    preset: Option<String>,
    threads: Option<&Bound<'_, PyAny>>,
    encoder: Option<String>,
    device: Option<PathBuf>,
    fallback: Option<&Bound<'_, PyAny>>,
    zero_copy: &str,
    decode_on: &str,
    options: Option<&Bound<'_, PyDict>>,
    on_corrupt: &str,
    max_size_ratio: Option<f64>,
    faststart: bool,
    overwrite: bool,
    progress: Option<&Bound<'_, PyAny>>,
    cancel: Option<Cancel>,
) -> PyResult<TranscodeReport> {
    if let Some(call) = progress.filter(|call| !call.is_callable()) {
        return Err(wrong_type("progress", "callable", call));
    }
    let mut job = Transcode::new(input, output);
    job.codec = codec.map(str::parse::<Codec>).transpose().or_raise()?;
    job.size = size.map(pair).transpose()?;
    job.bit_depth = bit_depth.map(|n| number(n, "the bit depth", "8 or 10")).transpose()?;
    job.rate_control =
        rate_control(job.codec.unwrap_or(Codec::H264), quality, qp, bitrate, cbr, max_bitrate)?;
    job.gop = gop.map(|n| number(n, "the GOP length", "at least 1 picture")).transpose()?;
    job.preset = preset;
    if let Some(n) = threads {
        job.threads = number(n, "the number of threads", "0 to 1024")?;
    }
    job.encoder = encoder;
    job.device = device;
    if let Some(value) = fallback {
        job.fallback = self::fallback(value)?;
    }
    job.zero_copy = word(zero_copy, "the copy policy", "allow or require")?;
    job.decode_on = decode_on.parse().or_raise()?;
    if let Some(given) = options {
        job.options = self::options(given)?;
    }
    job.on_corrupt = on_corrupt.parse().or_raise()?;
    job.max_size_ratio = max_size_ratio;
    job.faststart = faststart;
    job.overwrite = overwrite;
    let cancel = cancel.map_or_else(hwenc::Cancel::new, |cancel| cancel.0);
    run(py, job, progress, &cancel).map(TranscodeReport)
}

fn pair(size: &Bound<'_, PyAny>) -> PyResult<(u32, u32)> {
    const LEGAL: &str = "1 to 16384 pixels";
    let sides = size
        .cast::<PyTuple>()
        .ok()
        .and_then(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>().ok());
    let Some((width, height)) = sides else { return Err(wrong_type("the size", "(width, height)", size)) };
    Ok((number(&width, "the width", LEGAL)?, number(&height, "the height", LEGAL)?))
}
