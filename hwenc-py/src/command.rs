//! `python -m hwenc`.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::log;

/// The `hwenc` command with these words, the first of which is its name. Returns its exit code. It takes SIGINT and SIGTERM for
/// itself, and may end the process.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| hwenc_cli::run(words, log::hand_over))
}
