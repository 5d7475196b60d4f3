//! Everything here that talks to C: the peers that hwenc is measured against, programs that time hwenc beside themselves, and
//! the kernel's account of a child.
//!
//! `unsafe` is in this module and, for the reason given there, in the allocation test; nowhere else in this crate.

pub mod beside;
pub mod child;
pub mod libav;
pub mod libyuv;
pub mod swscale;
pub mod vaapi;
