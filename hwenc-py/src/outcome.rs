//! `hwenc.TranscodeReport`: what a job did.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::decision::Decision;
use crate::request::{json, name};
use crate::values::{dict, loads};

/// What became of a stream of the source.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct StreamReport(hwenc::transcode::StreamReport);

#[pymethods]
impl StreamReport {
    /// Its number in the source.
    #[getter]
    fn index(&self) -> usize {
        self.0.index
    }

    /// "video", "audio", "subtitle", "attachment" or "data".
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// libavcodec's name of its codec in the source.
    #[getter]
    fn codec(&self) -> &str {
        &self.0.codec
    }

    /// "encoded", "copied", "converted" (another codec that the container holds) or "dropped".
    #[getter]
    fn action(&self) -> String {
        name(&self.0.action)
    }

    /// Why, where it was not simply kept.
    #[getter]
    fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    fn __repr__(&self) -> String {
        format!(
            "<hwenc.StreamReport {} ({}, {}): {}>",
            self.0.index,
            self.0.kind,
            self.0.codec,
            self.action()
        )
    }
}

/// What a job did.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(PartialEq)]
pub(crate) struct TranscodeReport(pub(crate) hwenc::TranscodeReport);

#[pymethods]
impl TranscodeReport {
    /// Path of the source, as given.
    #[getter]
    fn input(&self) -> &str {
        &self.0.input
    }

    /// Path of the result, as given.
    #[getter]
    fn output(&self) -> &str {
        &self.0.output
    }

    /// libavcodec's name of the encoder that was used.
    #[getter]
    fn encoder(&self) -> &str {
        &self.0.encoder
    }

    /// Its backend.
    #[getter]
    fn backend(&self) -> &str {
        &self.0.backend
    }

    /// Its device; None on the CPU.
    #[getter]
    fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// The device that decoded the source; None for the CPU.
    #[getter]
    fn decoded_on(&self) -> Option<&str> {
        self.0.decoded_on.as_deref()
    }

    /// Every candidate, with reasons.
    #[getter]
    fn decision(&self) -> Decision {
        Decision(self.0.decision.clone())
    }

    /// Pictures decoded from the source.
    #[getter]
    fn frames_in(&self) -> u64 {
        self.0.frames_in
    }

    /// Pictures coded.
    #[getter]
    fn frames_out(&self) -> u64 {
        self.0.frames_out
    }

    /// Pictures of the source that did not decode and were left out.
    #[getter]
    fn corrupt_frames(&self) -> u64 {
        self.0.corrupt_frames
    }

    /// Length of the result in seconds.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.0.duration_s
    }

    /// Seconds of wall time.
    #[getter]
    fn wall_s(&self) -> f64 {
        self.0.wall_s
    }

    /// Pictures per second of wall time.
    #[getter]
    fn fps(&self) -> f64 {
        self.0.fps
    }

    /// Seconds of CPU time of the whole process during the job.
    #[getter]
    fn cpu_s(&self) -> f64 {
        self.0.cpu_s
    }

    /// Size of the source in bytes.
    #[getter]
    fn bytes_in(&self) -> u64 {
        self.0.bytes_in
    }

    /// Size of the result in bytes.
    #[getter]
    fn bytes_out(&self) -> u64 {
        self.0.bytes_out
    }

    /// Bytes that hwenc wrote for each picture in copying and converting, on average.
    #[getter]
    fn copied_bytes_per_frame(&self) -> f64 {
        self.0.copied_bytes_per_frame
    }

    /// The encoder was used because the fallback policy allows it.
    #[getter]
    fn fallback_used(&self) -> bool {
        self.0.fallback_used
    }

    /// Changes of encoder while running.
    #[getter]
    fn failovers(&self) -> u32 {
        self.0.failovers
    }

    /// What was asked for, by name.
    #[getter]
    fn settings_requested<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.0.settings_requested.iter())
    }

    /// What the open encoder said of itself, by name.
    #[getter]
    fn settings_applied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.0.settings_applied.iter())
    }

    /// What became of each stream.
    #[getter]
    fn streams(&self) -> Vec<StreamReport> {
        self.0.streams.iter().cloned().map(StreamReport).collect()
    }

    /// The report as JSON, as ``hwenc transcode --json`` prints it.
    fn to_json(&self) -> String {
        json(&self.0)
    }

    /// The same as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &json(&self.0))
    }

    fn __repr__(&self) -> String {
        let r = &self.0;
        format!("<hwenc.TranscodeReport: {} frames by {} at {:.0} fps>", r.frames_out, r.encoder, r.fps)
    }
}
