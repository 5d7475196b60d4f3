//! A VA-API driver in software, which the real libva loads as it loads a vendor's.

#[allow(dead_code, reason = "used by the engines")]
mod bits;
mod engine;
