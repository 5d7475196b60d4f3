//! `hwenc.Packet`.
#![allow(unsafe_code)] // the slot that lends its bytes

use std::ffi::c_int;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::memory;
use crate::values::fraction;

/// A coded picture: bytes that are lent without a copy to ``memoryview``, ``file.write``, ``socket.send`` or ``numpy.frombuffer``.
///
/// It keeps its bytes as long as it or a view of them lives, also after the session was closed. They cannot be written to.
#[pyclass(frozen, weakref, module = "hwenc")]
pub(crate) struct Packet(pub(crate) hwenc::Packet);

#[pymethods]
impl Packet {
    /// Presentation time, counted in ``time_base``; None where there is none.
    #[getter]
    fn pts(&self) -> Option<i64> {
        self.0.pts()
    }

    /// Decoding time, counted in ``time_base``: packets come in this order. It can be below zero.
    #[getter]
    fn dts(&self) -> Option<i64> {
        self.0.dts()
    }

    /// How long the picture is shown, counted in ``time_base``.
    #[getter]
    fn duration(&self) -> i64 {
        self.0.duration()
    }

    /// Seconds that one tick of the timestamps counts, a Fraction.
    #[getter]
    fn time_base<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fraction(py, self.0.time_base())
    }

    /// Decoding can begin here.
    #[getter]
    fn is_keyframe(&self) -> bool {
        self.0.is_key()
    }

    /// The bytes, not copied: ``memoryview(packet)``.
    #[getter]
    fn data<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyMemoryView>> {
        PyMemoryView::from(slf)
    }

    /// The packet as an ``av.Packet`` of PyAV, which has memory of its own: the bytes are copied.
    ///
    /// Raises ImportError where PyAV is not installed.
    fn to_av<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, packet) = (slf.py(), &slf.get().0);
        let theirs = py.import("av")?.getattr("Packet")?.call1((slf,))?;
        theirs.setattr("pts", packet.pts())?;
        theirs.setattr("dts", packet.dts())?;
        theirs.setattr("duration", packet.duration())?;
        theirs.setattr("time_base", fraction(py, packet.time_base())?)?;
        theirs.setattr("is_keyframe", packet.is_key())?;
        Ok(theirs)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0)
    }

    fn __repr__(&self) -> String {
        let time = |t: Option<i64>| t.map_or_else(|| "None".to_owned(), |t| t.to_string());
        let key = if self.0.is_key() { ", keyframe" } else { "" };
        let (pts, dts) = (time(self.0.pts()), time(self.0.dts()));
        format!("<hwenc.Packet of {} bytes, pts {pts}, dts {dts}{key}>", self.0.len())
    }

    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        // SAFETY: the interpreter's own view; a packet cannot be changed, so that its bytes stay until it is dropped, and the
        // view holds a reference to it.
        unsafe { memory::lend(slf.as_any(), &slf.get().0, view, flags) }
    }
}
