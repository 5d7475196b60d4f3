//! GPUs in software: the launcher.

#![forbid(unsafe_code)]
