//! What is here: devices, libraries, and the FFmpeg in this process.

mod attempt;
mod bare;
#[cfg(test)]
#[path = "../../tests/common/schema.rs"]
pub(crate) mod check;
#[cfg(test)]
mod compiled;
mod distance;
#[allow(dead_code)] // until there is who asks
mod drill;
mod format;
#[allow(dead_code)]
mod helper;
#[allow(dead_code)]
mod here;
mod idr;
#[allow(dead_code)]
mod job;
#[allow(dead_code)]
mod journal;
mod judge;
mod library;
#[allow(dead_code)]
mod load;
#[cfg(test)]
pub(crate) mod machines;
mod nvml;
#[allow(dead_code)]
mod perform;
mod picture;
mod report;
#[allow(dead_code)]
mod runner;
#[cfg(feature = "schema")]
mod schema;
mod trial;
mod v4l2;
mod va;
mod words;

pub use format::Format;
#[doc(hidden)]
pub use helper::door;
pub use helper::{helper, serve};
pub use library::{LIBRARIES, Library};
pub use load::Load;
pub use nvml::{Nvml, NvmlGpu};
pub use report::{Bare, KnownEncoder, Report, SCHEMA};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use trial::{Isolation, Outcome, Proof, Trial, Tried};
pub use v4l2::V4l2Device;
pub use va::{VaDriver, VaEntry, VaRateControl};
