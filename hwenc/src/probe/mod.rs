//! What is here, and what really works: devices, libraries, the FFmpeg in this process, and trial encodes.

mod attempt;
mod bare;
mod cache;
#[cfg(test)]
#[path = "../../tests/common/schema.rs"]
pub(crate) mod check;
#[cfg(test)]
mod compiled;
mod distance;
mod drill;
mod facts;
mod fingerprint;
mod format;
mod helper;
mod here;
mod idr;
mod job;
mod journal;
mod judge;
mod library;
mod load;
#[cfg(test)]
pub(crate) mod machines;
mod nvml;
mod perform;
mod picture;
mod plan;
mod prober;
mod report;
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
pub use helper::{helper, serve, set_helper};
pub use library::{LIBRARIES, Library};
pub use load::Load;
pub use nvml::{Nvml, NvmlGpu};
pub use prober::{DEADLINE, Prober};
pub use report::{Bare, KnownEncoder, Report, SCHEMA};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use trial::{Isolation, Outcome, Proof, Trial, Tried};
pub use v4l2::V4l2Device;
pub use va::{VaDriver, VaEntry, VaRateControl};
