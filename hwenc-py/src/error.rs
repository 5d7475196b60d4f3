//! Errors of the crate as exceptions of `hwenc/_errors.py`.

use hwenc::Kind;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};

use crate::decision::Candidate;

/// The exception for an error, with all that the error knows. The interpreter may be attached or not.
pub(crate) fn raise(error: hwenc::Error) -> PyErr {
    Python::attach(|py| match exception(py, &error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    })
}

fn exception<'py>(py: Python<'py>, error: &hwenc::Error) -> PyResult<Bound<'py, PyAny>> {
    let reason = error.reason();
    let candidates: Vec<Candidate> = error.candidates().iter().cloned().map(Candidate).collect();
    let facts = [
        ("code", reason.code.as_str().into_pyobject(py)?.into_any()),
        ("evidence", PyTuple::new(py, &reason.evidence)?.into_any()),
        ("remedy", reason.remedy.as_str().into_pyobject(py)?.into_any()),
        ("value", error.value().into_pyobject(py)?.into_any()),
        ("legal", error.legal().into_pyobject(py)?.into_any()),
        ("errno", error.os_error().into_pyobject(py)?.into_any()),
        ("av_error", error.av_error().into_pyobject(py)?.into_any()),
        ("candidates", PyTuple::new(py, candidates)?.into_any()),
    ];
    let class = py.import("hwenc._errors")?.getattr(class_of(reason.code.kind()))?;
    let exception = class.call((reason.message.as_str(),), Some(&facts.into_py_dict(py)?))?;
    // Of several kinds that share a class, this one.
    exception.setattr("kind", kind_name(reason.code.kind()))?;
    Ok(exception)
}

fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "UsageError",
        Kind::Selection => "NoEncoderError",
        Kind::Cancelled => "CancelledError",
        Kind::Gate => "SizeGateError",
        _ => "Error",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Usage => "usage",
        Kind::Selection => "selection",
        Kind::Cancelled => "cancelled",
        Kind::Gate => "gate",
        _ => "work",
    }
}

/// [`raise`] for results.
pub(crate) trait OrRaise<T> {
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for hwenc::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(raise)
    }
}
