//! What the drivers, the preload shim and the launcher of softgpu share.

#![forbid(unsafe_code)]

pub mod codec;
