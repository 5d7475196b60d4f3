//! Programs that use hwenc; see `src/bin`.
#![forbid(unsafe_code)]
