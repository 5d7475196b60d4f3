//! The guides do what they say: every command that can run here runs, on simulated devices where it needs one; every other
//! stands on a list with the reason why it cannot; every file for containers is read and held to what the guides promise.
#![allow(unreachable_pub)] // a crate of its own

#[path = "../../../hwenc/tests/common/softgpu.rs"]
mod softgpu;

mod files;
mod page;
mod shell;
mod words;
