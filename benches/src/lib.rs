//! What the benchmarks share: peers to measure against, processes that are watched, and the arithmetic.

pub mod accuracy;
pub mod annexb;
pub mod ffi;
pub mod film;
pub mod paired;
pub mod python;
pub mod rust_loop;
pub mod scale;
pub mod ssim;
pub mod stats;
pub mod tiny;
