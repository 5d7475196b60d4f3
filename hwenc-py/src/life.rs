//! What the interpreter's end and a fork mean for what runs here.

use pyo3::prelude::*;
use pyo3::types::IntoPyDict as _;

use crate::{log, transcode};

/// Called once, by `hwenc/__init__.py`.
#[pyfunction]
pub(crate) fn start(py: Python<'_>) -> PyResult<()> {
    let module = py.import("hwenc._native")?;
    py.import("atexit")?.call_method1("register", (module.getattr("end")?,))?;
    let fork = [("after_in_child", module.getattr("forked")?)].into_py_dict(py)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&fork))?;
    hwenc::log::quiet(); // encoders' statistics are nothing that an import should bring to standard error
    log::start(py)
}

/// Before the interpreter ends. Jobs of threads that nobody waits for end with it; their unfinished files do not stay.
#[pyfunction]
pub(crate) fn end(py: Python<'_>) -> PyResult<()> {
    transcode::abandon_all();
    log::end(py)
}

/// In the child of a fork, whose only thread is this one.
#[pyfunction]
pub(crate) fn forked() {
    log::forked();
}
