//! What turns pictures into bits.

#[allow(dead_code, reason = "used by the engines")]
pub(crate) mod rate;
