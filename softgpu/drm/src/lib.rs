//! A preload shim that shows DRM nodes which are not there.
//!
//! `softgpu run` lays out `dev/dri` and parts of `sys` under `$SOFTGPU_DIR`; this library, preloaded into every process of
//! the run, shows them in place of the real ones. It does so in three ways:
//!
//! - **Names** (`path`): every function of the C library that takes a path has it rewritten, where it leads into a part
//!   that is replaced. What such a function returns as a path is turned back.
//! - **Files** (`table`): a node is an ordinary file, known by device and inode, so that it is recognised however it
//!   was reached. `stat` then shows a character device, `open` asks the node's permissions, `ioctl` answers as a DRM
//!   driver does.
//! - **Everything else** goes on to the C library untouched.
//!
//! What it cannot see: programs that make system calls themselves (Go, static ones), and calls inside of the C library.

// The unit tests leave the hooks out, which would stand in front of their own C library.
#![cfg_attr(test, allow(dead_code))]

#[cfg(not(test))]
mod hooks;
mod ioctl;
mod node;
mod path;
mod real;
mod table;
