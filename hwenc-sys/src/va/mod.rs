//! libva's questions: displays, drivers, profiles, entrypoints, attributes. Nothing that draws or encodes.
//!
//! Names are libva's; its documentation is in `va/va.h`. Enumerations are numbers in a newtype, because a
//! driver may answer with one that the header does not know. `VA_STATUS_*` are `u32` where [`VAStatus`] is
//! `i32`.

// Generated: documented in the C headers, and wrapped by nobody but `Va`.
#[allow(missing_docs, non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[allow(unsafe_op_in_unsafe_fn, clippy::missing_safety_doc)]
#[rustfmt::skip]
mod generated;
mod loader;

pub use generated::*;
pub(crate) use loader::file;
pub use loader::{LIBVA, LIBVA_DRM, Va};
