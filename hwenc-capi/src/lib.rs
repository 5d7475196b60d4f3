//! hwenc for C and C++. Everything real lives in the crate `hwenc`; here are handles, a boundary for panics and checks of pointers.
//!
//! | module | what it does |
//! |---|---|
//! | `handle` | numbers that look like pointers, each used once |
//! | `boundary` | around every function: panics and errors become a status |
//! | `arguments` | pointers, strings and structs of the caller, checked |
//! | the others | the functions of `include/hwenc.h`, by the type that they begin with |
//!
//! `include/hwenc.h` is made from the comments and signatures here by `cargo xtask headers`; what holds for all functions stands at its top.
#![allow(non_camel_case_types)] // they are names of C
#![allow(clippy::missing_safety_doc)] // what a caller has to hold is said once, at the top of the header

mod arguments;
mod boundary;
mod failure;

// In this order the header has them; the empty lines keep them from being sorted.
mod version;

mod helper;

mod status;

mod error;

mod candidate;

mod request;

mod settings;

mod probe;

mod report;

mod decision;

mod session;

mod picture;

mod packet;

mod transcode;

mod job_settings;

mod cancel;

mod log;

mod text;

mod handle;

pub use boundary::hwenc_panic;
pub use cancel::*;
pub use candidate::*;
pub use decision::*;
pub use error::*;
pub use handle::hwenc_handles_open;
pub use helper::*;
pub use job_settings::*;
pub use log::*;
pub use packet::*;
pub use picture::*;
pub use probe::*;
pub use report::*;
pub use request::*;
pub use session::*;
pub use settings::*;
pub use status::*;
pub use text::hwenc_string_free;
pub use transcode::*;
pub use version::*;
