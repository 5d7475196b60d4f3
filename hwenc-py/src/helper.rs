//! The helper process of a probe; `hwenc/_helper.py` is its program.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Names the program that serves as helper, and its arguments.
#[pyfunction]
pub(crate) fn set_helper(program: OsString, arguments: Vec<OsString>) {
    hwenc::probe::set_helper(Some((program, arguments)));
}

/// Serves as helper on standard input and output, and ends the process. Nothing else may run in it.
#[pyfunction]
pub(crate) fn serve() {
    hwenc::probe::serve()
}
