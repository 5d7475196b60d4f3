//! What is here: devices, libraries, and the FFmpeg in this process.

mod library;
#[cfg(test)]
pub(crate) mod machines;
mod report;
mod va;

pub use library::{LIBRARIES, Library};
pub use report::{KnownEncoder, Report, SCHEMA};
pub use va::{VaDriver, VaEntry, VaRateControl};
