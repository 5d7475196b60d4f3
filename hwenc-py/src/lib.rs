//! The native half of the Python package `hwenc`. Everything real lives in the crate `hwenc`; here its types get the shapes of
//! Python. `python/hwenc/__init__.py` is what users see.
//!
//! | module | what is in it |
//! |---|---|
//! | `error` | `hwenc::Error` becomes an exception of `hwenc/_errors.py` |
//! | `native` | calls without the GIL, which Ctrl-C reaches |
//! | `values` | numbers, fractions, names and paths out of Python's objects |
//! | `color`, `request`, `decision` | what is wanted, and which encoder does it |
#![deny(unsafe_code)]

mod color;
mod decision;
mod error;
mod native;
mod request;
mod values;

/// The native half of the package.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::color::Color;
    #[pymodule_export]
    use crate::decision::{Candidate, Decision, Reason, choose};
    #[pymodule_export]
    use crate::request::Request;

    /// Version of the package.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
