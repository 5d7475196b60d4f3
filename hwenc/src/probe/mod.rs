//! What is here: devices, libraries, and the FFmpeg in this process.

mod report;

pub use report::{KnownEncoder, Library, Report, SCHEMA};
