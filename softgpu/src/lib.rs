//! GPUs in software: the launcher.
//!
//! [`args`] are what the user says, [`plan::Plan`] is what it means, and [`run`] lays it out in a temporary directory and runs
//! the command there.

#![forbid(unsafe_code)]

pub mod args;
pub mod device;
pub mod libraries;
pub mod list;
pub mod plan;
pub mod run;
mod sysfs;
