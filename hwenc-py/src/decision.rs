//! `hwenc.Decision`, its candidates and their reasons; `hwenc.choose`.

use hwenc::{Code, Error};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::error::raise;
use crate::native;
use crate::request::{Request, json, name, wanted};
use crate::session::Session;
use crate::values::loads;

/// Why: a stable code, a sentence, what shows it, and what to do.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Reason(pub(crate) hwenc::Reason);

#[pymethods]
impl Reason {
    /// Stable code, such as "device.permission_denied".
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code.as_str()
    }

    /// One sentence for a person.
    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// What shows it: numbers, the driver's own words. It may name paths, versions and addresses of the machine.
    #[getter]
    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.0.evidence)
    }

    /// What to do next; empty where nothing can be said.
    #[getter]
    fn remedy(&self) -> &str {
        &self.0.remedy
    }

    fn __str__(&self) -> String {
        match self.0.remedy.as_str() {
            "" => self.0.message.clone(),
            remedy => format!("{}\nhelp: {remedy}", self.0.message),
        }
    }

    fn __repr__(&self) -> String {
        format!("<hwenc.Reason {}: {}>", self.0.code, self.0.message)
    }
}

/// One encoder on one device, and what became of it.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Candidate(pub(crate) hwenc::Candidate);

#[pymethods]
impl Candidate {
    /// libavcodec's name of the encoder.
    #[getter]
    fn encoder(&self) -> &str {
        &self.0.encoder
    }

    /// "vaapi", "qsv", "cuda", "vulkan", "nvmpi", "v4l2m2m" or "software".
    #[getter]
    fn backend(&self) -> &str {
        &self.0.backend
    }

    /// Node or index; None for the CPU, and where no device was found.
    #[getter]
    fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// "chosen", "usable" (it would do, and another came first), "untried" or "rejected".
    #[getter]
    fn verdict(&self) -> String {
        name(&self.0.verdict)
    }

    /// Why.
    #[getter]
    fn reason(&self) -> Reason {
        Reason(self.0.reason.clone())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let place = self.0.device.as_deref().map_or_else(String::new, |device| format!(" on {device}"));
        format!(
            "<hwenc.Candidate {}{place}: {} [{}]>",
            self.0.encoder,
            name(&self.0.verdict),
            self.0.reason.code
        )
    }
}

/// Which encoder, and why not the others. ``print`` shows every candidate with its reason.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Decision(pub(crate) hwenc::Decision);

#[pymethods]
impl Decision {
    /// libavcodec's name of the encoder that is used.
    #[getter]
    fn encoder(&self) -> &str {
        &self.0.chosen().encoder
    }

    /// Its backend: "vaapi", "software", ….
    #[getter]
    fn backend(&self) -> &str {
        &self.0.chosen().backend
    }

    /// Its device: a node or an index; None for the CPU.
    #[getter]
    fn device(&self) -> Option<&str> {
        self.0.chosen().device.as_deref()
    }

    /// It is used because the fallback policy allows it, and nothing better works.
    #[getter]
    fn fallback_used(&self) -> bool {
        self.0.fallback_used()
    }

    /// Every candidate, in the order in which they were considered.
    #[getter]
    fn candidates(&self) -> Vec<Candidate> {
        self.0.candidates().iter().cloned().map(Candidate).collect()
    }

    /// What was asked for.
    #[getter]
    fn request(&self) -> Request {
        Request(self.0.request().clone())
    }

    /// Opens the encoder as it was decided, once or several times.
    ///
    /// Raises Error "encoder.open_failed"; UsageError for an option that the encoder does not take.
    fn open(&self, py: Python<'_>) -> PyResult<Session> {
        Session::from_decision(py, self.0.clone())
    }

    /// The decision as JSON, as ``hwenc select --json`` prints it.
    fn to_json(&self) -> String {
        json(&self.0)
    }

    /// The same as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &self.to_json())
    }

    /// Reads what ``to_json`` wrote. Raises UsageError for what is no decision.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        serde_json::from_str(text)
            .map(Decision)
            .map_err(|e| raise(Error::new(Code::RequestInvalid, format!("this is no decision: {e}"))))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Decision>().getattr("from_json")?, (self.to_json(),)))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let chosen = self.0.chosen();
        let place = chosen.device.as_deref().map_or_else(String::new, |device| format!(" on {device}"));
        let fallback = if self.0.fallback_used() { ", by fallback" } else { "" };
        format!("<hwenc.Decision {}{place}{fallback}>", chosen.encoder)
    }
}

/// Looks at this machine, tries what the request needs and decides. What was found before is taken from the user's cache while it
/// still holds.
///
/// Takes a ``Request``, a ``Request`` with fields to change, or the fields of one: ``choose(codec="h264", width=1280, height=720)``.
///
/// Raises NoEncoderError, with every candidate and its reason in ``.candidates``; UsageError as ``Request`` does.
#[pyfunction]
#[pyo3(signature = (request=None, /, **fields))]
pub(crate) fn choose(
    py: Python<'_>,
    request: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<Decision> {
    let request = wanted(py, request, fields)?;
    native::slow(py, move || hwenc::choose(&request)).map(Decision)
}
