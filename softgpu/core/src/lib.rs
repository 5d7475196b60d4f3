//! What the drivers, the preload shim and the launcher of softgpu share.

#![forbid(unsafe_code)]

pub mod codec;
pub mod entry;
pub mod fault;
pub mod names;
pub mod profile;
pub mod report;
pub mod setup;
