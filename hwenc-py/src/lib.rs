//! The native half of the Python package `hwenc`. Everything real lives in the crate `hwenc`; here its types get the shapes of
//! Python. `python/hwenc/__init__.py` is what users see.
//!
//! | module | what is in it |
//! |---|---|
//! | `error` | `hwenc::Error` becomes an exception of `hwenc/_errors.py` |
//! | `native` | calls without the GIL, which Ctrl-C reaches |
//! | `values` | numbers, fractions, names and paths out of Python's objects |
//! | `color`, `request`, `decision` | what is wanted, and which encoder does it |
//! | `report`, `doctor` | what works on a machine, and why the rest does not |
//! | `transcode`, `outcome` | file in, file out, and what came of it |
//! | `log` | lines of the native log, for `logging` |
//! | `life` | the end of the interpreter, and forks |
//! | `helper`, `command` | the programs `python -m hwenc._helper` and `python -m hwenc` |
//! | `session` | pictures in, packets out |
//! | `frame` | what a program has pictures in, as a picture over the same memory |
//! | `memory`, `dlpack`, `layout` | that memory, by the buffer protocol or DLPack, and which bytes of it are which plane |
//! | `packet` | packets, whose bytes are lent without a copy |
#![deny(unsafe_code)]

mod color;
mod command;
mod decision;
mod dlpack;
mod doctor;
mod error;
mod frame;
mod helper;
mod layout;
mod life;
mod log;
mod memory;
mod native;
mod outcome;
mod packet;
mod report;
mod request;
mod session;
mod transcode;
mod values;

/// The native half of the package.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::color::Color;
    #[pymodule_export]
    use crate::command::command;
    #[pymodule_export]
    use crate::decision::{Candidate, Decision, Reason, choose};
    #[pymodule_export]
    use crate::doctor::{Diagnosis, Finding, doctor};
    #[pymodule_export]
    use crate::helper::{serve, set_helper};
    #[pymodule_export]
    use crate::life::{end, forked, start};
    #[pymodule_export]
    use crate::log::capture_ffmpeg_log;
    #[pymodule_export]
    use crate::outcome::{StreamReport, TranscodeReport};
    #[pymodule_export]
    use crate::packet::Packet;
    #[pymodule_export]
    use crate::report::{Report, ffmpeg_version, probe};
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::session::{Packets, Session, Stats, open};
    #[pymodule_export]
    use crate::transcode::{Cancel, Progress, transcode};

    /// Version of the package.
    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
