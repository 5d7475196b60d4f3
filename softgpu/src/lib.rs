//! GPUs in software: the launcher.
//!
//! [`args`] are what the user says, [`plan::Plan`] is what it means, and [`run`] lays it out in a temporary directory and runs
//! the command there. With `--kernel` [`kernel`] runs it, in a machine whose first process is [`init`].

#![deny(unsafe_code)]

pub mod args;
pub mod device;
pub mod init;
pub mod kernel;
pub mod libraries;
pub mod list;
pub mod plan;
pub mod run;
mod sysfs;
