//! `hwenc.Session`, `hwenc.Stats`; `hwenc.open`.
//!
//! A session is one lock. It is taken without the GIL, and given back before the GIL is asked for again: threads that use one
//! session wait for each other, and never for each other's Python.

use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hwenc::{Code, Error, Output, Settings};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::color::color;
use crate::decision::Decision;
use crate::frame::{Expected, Taken, named};
use crate::native;
use crate::packet::Packet;
use crate::request::wanted;
use crate::values::{dict, fraction};

/// An open encoder: pictures in, packets out.
///
/// ``with`` closes it. It may be used from any thread; calls from several wait for each other, with the GIL released. A child that was
/// forked cannot use it, and leaves it alone. What was not received when it is closed is thrown away: ``drain`` gets it out.
///
/// A picture is a NumPy array or any other object with the buffer protocol, a tensor of DLPack on the CPU, a tuple of planes, or
/// an ``av.VideoFrame``. It is read where it lies, once, and only during the call.
#[pyclass(frozen, weakref, module = "hwenc")]
pub(crate) struct Session {
    /// ``None`` once it is closed.
    open: Mutex<Option<hwenc::Session>>,
    /// The process that opened it. In a child of a fork its encoder has no threads, and its locks may be held by nobody.
    process: u32,
    /// What can be asked for while a call is in the encoder, and after the end. Held for moments only.
    seen: Mutex<Seen>,
    decision: hwenc::Decision,
    requested: Settings,
    applied: Settings,
    expected: Expected,
}

/// What a session said of itself after its last call.
#[derive(Clone, Default)]
struct Seen {
    stats: hwenc::Stats,
    extradata: Vec<u8>,
    /// Everything came out.
    finished: bool,
    closed: bool,
}

impl Session {
    /// Opens the encoder of a decision.
    pub(crate) fn from_decision(py: Python<'_>, decision: hwenc::Decision) -> PyResult<Self> {
        native::slow(py, move || decision.open()).map(Session::new)
    }

    fn new(session: hwenc::Session) -> Self {
        let request = session.decision().request();
        let expected = Expected {
            size: (request.width, request.height),
            input: request.input,
            time_base: session.time_base(),
        };
        let made = Session {
            seen: Mutex::default(),
            decision: session.decision().clone(),
            requested: session.requested().clone(),
            applied: session.applied().clone(),
            expected,
            open: Mutex::new(None),
            process: process::id(),
        };
        made.look(&session, false);
        *lock(&made.open) = Some(session);
        made
    }

    /// Runs a call on the open session, without the GIL.
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut hwenc::Session) -> hwenc::Result<(T, bool)> + Send,
    ) -> PyResult<T> {
        native::quick(py, || {
            if self.is_elsewhere() {
                return Err(forked());
            }
            let mut open = lock(&self.open);
            let open = open.as_mut().filter(|_| !lock(&self.seen).closed);
            let session = open.ok_or_else(closed)?;
            let result = call(session);
            self.look(session, matches!(result, Ok((_, true))));
            result.map(|(value, _)| value)
        })
    }

    fn look(&self, session: &hwenc::Session, finished: bool) {
        let mut seen = lock(&self.seen);
        seen.stats = session.stats();
        seen.finished |= finished;
        if seen.extradata.len() != session.extradata().len() {
            seen.extradata = session.extradata().to_vec();
        }
    }

    fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }

    /// Sends a picture, and then runs `after`.
    fn put<T: Send>(
        &self,
        frame: &Bound<'_, PyAny>,
        how: How<'_, '_>,
        after: impl FnOnce(&mut hwenc::Session) -> hwenc::Result<(T, bool)> + Send,
    ) -> PyResult<T> {
        let format = how.format.map(named).transpose()?;
        let taken = Taken::of(frame, format, self.expected)?;
        let mut picture = taken.picture()?;
        let mut colors = taken.color;
        if let Some(said) = how.color {
            colors = color(said)?.or(colors);
        }
        picture = picture.color(colors).duration(how.duration.unwrap_or(taken.duration));
        if let Some(pts) = how.pts.or(taken.pts) {
            picture = picture.pts(pts);
        }
        if how.idr {
            picture = picture.idr();
        }
        let picture = &picture;
        self.call(frame.py(), move |session| {
            session.send(picture)?;
            after(session)
        })
    }

    fn place(&self) -> String {
        let chosen = self.decision.chosen();
        chosen.device.as_deref().map_or_else(String::new, |device| format!(" on {device}"))
    }
}

/// How a picture is to be sent.
struct How<'a, 'py> {
    pts: Option<i64>,
    duration: Option<i64>,
    idr: bool,
    format: Option<&'a str>,
    color: Option<&'a Bound<'py, PyAny>>,
}

#[pymethods]
impl Session {
    /// Sends a picture. It never waits for packets to be fetched.
    ///
    /// frame: (H, W, 3) of uint8 is "rgb24", (H, W, 4) "rgba" and (H, W) grey, unless ``format`` or the request's ``input`` names
    /// another format that the shape fits, such as "bgr24", "nv12" with (H * 3 // 2, W), or "p010" with uint16. Bytes in one
    /// dimension are what ``ffmpeg -f rawvideo`` writes. Rows may be padded, arrays may be slices of others.
    /// pts, duration: counted in ``time_base``; without a time pictures follow each other at the frame rate.
    /// idr: decoding can begin at this picture. color: what its numbers mean, where that is not what the session codes.
    ///
    /// Raises UsageError "picture.layout" for an array that is no picture, Error "picture.invalid" for another size than the
    /// session's or a time that is not above the last one, "encode.copy_required", "session.finished", "session.closed",
    /// "encoder.failed".
    #[pyo3(signature = (frame, /, *, pts=None, duration=None, idr=false, format=None, color=None))]
    #[allow(clippy::too_many_arguments)] // every one has a name at the call
    fn send(
        &self,
        frame: &Bound<'_, PyAny>,
        pts: Option<i64>,
        duration: Option<i64>,
        idr: bool,
        format: Option<&str>,
        color: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.put(frame, How { pts, duration, idr, format, color }, |_| Ok(((), false)))
    }

    /// Sends a picture, as ``send`` does, and returns the packets that are ready: none, one, or several.
    #[pyo3(signature = (frame, /, *, pts=None, duration=None, idr=false, format=None, color=None))]
    #[allow(clippy::too_many_arguments)] // as above
    fn encode(
        &self,
        frame: &Bound<'_, PyAny>,
        pts: Option<i64>,
        duration: Option<i64>,
        idr: bool,
        format: Option<&str>,
        color: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Packet>> {
        self.put(frame, How { pts, duration, idr, format, color }, |session| {
            let mut packets = Vec::new();
            while let (Some(packet), _) = next(session)? {
                packets.push(packet);
            }
            Ok((packets, false))
        })
    }

    /// The next packet, in decoding order; None where another picture is needed first, and where everything has come out.
    ///
    /// Raises Error "encoder.failed", "session.closed".
    fn receive(&self, py: Python<'_>) -> PyResult<Option<Packet>> {
        self.call(py, next)
    }

    /// The packets that are ready, one by one.
    fn packets(slf: Py<Self>) -> Packets {
        Packets(slf)
    }

    /// No more pictures will come: what is left can be received. Calling it again does nothing.
    ///
    /// Raises Error "encoder.failed", "session.closed".
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |session| session.finish().map(|()| ((), false)))
    }

    /// ``finish``, and all packets that are left, one by one.
    fn drain(slf: Py<Self>, py: Python<'_>) -> PyResult<Packets> {
        slf.get().finish(py)?;
        Ok(Packets(slf))
    }

    /// The next picture that is sent becomes an IDR: decoding can begin at it.
    fn force_idr(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |session| {
            session.force_idr();
            Ok(((), false))
        })
    }

    /// Gives the encoder and the device back. It waits for a call of another thread that is in the encoder; those after it get
    /// Error "session.closed". Calling it again does nothing.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.end());
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) {
        self.close(py);
    }

    /// It was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.seen().closed
    }

    /// ``finish`` was called, and every packet has come out.
    #[getter]
    fn finished(&self) -> bool {
        self.seen().finished
    }

    /// What went through so far, also after ``close``.
    #[getter]
    fn stats(&self) -> Stats {
        Stats(self.seen().stats)
    }

    /// libavcodec's name of the encoder in use.
    #[getter]
    fn encoder(&self) -> &str {
        &self.decision.chosen().encoder
    }

    /// Its backend: "vaapi", "software", ….
    #[getter]
    fn backend(&self) -> &str {
        &self.decision.chosen().backend
    }

    /// Its device: a node or an index; None for the CPU.
    #[getter]
    fn device(&self) -> Option<&str> {
        self.decision.chosen().device.as_deref()
    }

    /// The decision that it came from, with every candidate.
    #[getter]
    fn decision(&self) -> Decision {
        Decision(self.decision.clone())
    }

    /// Settings as asked for, by hwenc's names.
    #[getter]
    fn requested<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.requested.iter())
    }

    /// Settings as the open encoder has them, by its own names.
    #[getter]
    fn applied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.applied.iter())
    }

    /// Seconds that one tick of timestamps in and out counts, a Fraction.
    #[getter]
    fn time_base<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fraction(py, self.expected.time_base)
    }

    /// Parameter sets, where ``parameter_sets="global"`` was asked for; with some drivers only after the first packet.
    #[getter]
    fn extradata<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.seen().extradata)
    }

    fn __str__(&self) -> String {
        let (request, stats) = (self.decision.request(), self.seen().stats);
        let size = format!("{} {}x{}", request.codec, request.width, request.height);
        let counts = format!("{} pictures in, {} packets out", stats.frames_in, stats.packets_out);
        format!("{size} by {}{}: {counts}, {} bytes", self.encoder(), self.place(), stats.bytes_out)
    }

    fn __repr__(&self) -> String {
        let (request, seen) = (self.decision.request(), self.seen());
        let state = match seen {
            Seen { closed: true, .. } => "closed",
            Seen { finished: true, .. } => "finished",
            _ => "open",
        };
        let size = format!("{}x{}", request.width, request.height);
        format!("<hwenc.Session {}{} {size}, {state}>", self.encoder(), self.place())
    }
}

impl Session {
    /// This is a child of the process that it belongs to.
    fn is_elsewhere(&self) -> bool {
        process::id() != self.process
    }

    fn end(&self) {
        if self.is_elsewhere() {
            return;
        }
        // First, so that calls which wait already end at once.
        lock(&self.seen).closed = true;
        let mut open = lock(&self.open);
        drop(open.take()); // still in the lock: whose `close` returns finds the device free
    }
}

impl Drop for Session {
    /// Closing can take long, and encoders have threads whose log may want the GIL.
    fn drop(&mut self) {
        let mut session = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if self.is_elsewhere() {
            // Closing would wait for threads that are not there.
            return std::mem::forget(session);
        }
        if session.is_none() {
            return;
        }
        Python::try_attach(|py| py.detach(|| drop(session.take())));
        drop(session); // the interpreter is gone
    }
}

/// Packets of a session, one by one.
#[pyclass(frozen, module = "hwenc")]
pub(crate) struct Packets(Py<Session>);

#[pymethods]
impl Packets {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Packet>> {
        self.0.get().receive(py)
    }
}

/// What went through a session.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Stats(hwenc::Stats);

#[pymethods]
impl Stats {
    /// Pictures sent.
    #[getter]
    fn frames_in(&self) -> u64 {
        self.0.frames_in
    }

    /// Packets received.
    #[getter]
    fn packets_out(&self) -> u64 {
        self.0.packets_out
    }

    /// Bytes of those packets.
    #[getter]
    fn bytes_out(&self) -> u64 {
        self.0.bytes_out
    }

    /// Pictures that were copied or converted on their way.
    #[getter]
    fn copied_frames(&self) -> u64 {
        self.0.copied_frames
    }

    /// Bytes that hwenc wrote in doing so.
    #[getter]
    fn copied_bytes(&self) -> u64 {
        self.0.copied_bytes
    }

    /// IDR pictures that were asked for.
    #[getter]
    fn forced_idr(&self) -> u64 {
        self.0.forced_idr
    }

    /// Times that a new encoder was opened in the middle, because the old one could not give an IDR.
    #[getter]
    fn reopened(&self) -> u64 {
        self.0.reopened
    }

    /// All of them by name.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, count) in self.counts() {
            dict.set_item(name, count)?;
        }
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let counts = self.counts().map(|(name, count)| format!("{name}={count}"));
        format!("hwenc.Stats({})", counts.join(", "))
    }
}

impl Stats {
    fn counts(&self) -> [(&'static str, u64); 7] {
        [
            ("frames_in", self.0.frames_in),
            ("packets_out", self.0.packets_out),
            ("bytes_out", self.0.bytes_out),
            ("copied_frames", self.0.copied_frames),
            ("copied_bytes", self.0.copied_bytes),
            ("forced_idr", self.0.forced_idr),
            ("reopened", self.0.reopened),
        ]
    }
}

/// Opens a session: of a ``Decision``, of a ``Request`` with or without fields to change, or of the fields of one, which
/// ``choose`` then decides.
///
/// Raises what ``choose`` raises; Error "encoder.open_failed"; UsageError for an option that the encoder does not take.
#[pyfunction]
#[pyo3(signature = (decision_or_request=None, /, **fields))]
pub(crate) fn open(
    py: Python<'_>,
    decision_or_request: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<Session> {
    if let Some(decision) = decision_or_request.and_then(|given| given.cast::<Decision>().ok()) {
        if fields.is_some_and(|fields| !fields.is_empty()) {
            let text = "a decision is opened as it is; `decision.request.replace(…)` makes another request";
            return Err(pyo3::exceptions::PyTypeError::new_err(text));
        }
        return Session::from_decision(py, decision.get().0.clone());
    }
    let request = wanted(py, decision_or_request, fields)?;
    native::slow(py, move || hwenc::choose(&request)?.open()).map(Session::new)
}

/// The next packet, and whether everything has come out.
fn next(session: &mut hwenc::Session) -> hwenc::Result<(Option<Packet>, bool)> {
    Ok(match session.receive()? {
        Output::Packet(packet) => (Some(Packet(packet.try_clone()?)), false),
        Output::NeedInput => (None, false),
        Output::Finished => (None, true),
    })
}

fn closed() -> Error {
    Error::new(Code::SessionClosed, "the session was closed")
}

fn forked() -> Error {
    Error::new(Code::SessionClosed, "the session is that of the process that this one was forked from")
}

/// After a panic in the crate the session is as it is: its own checks hold.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
