//! The `softgpu` command.

#![forbid(unsafe_code)]

fn main() {}
