//! The native half of the Python package `hwenc`. Everything real lives in the crate `hwenc`.

/// The native half of the package.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    /// Version of the package.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
