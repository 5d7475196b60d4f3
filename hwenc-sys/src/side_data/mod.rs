//! FFmpeg's HDR10 metadata: mastering display colour volume and content light level.
//!
//! Names are FFmpeg's; its documentation is in `libavutil/mastering_display_metadata.h`. Fields and their
//! offsets are the same in FFmpeg 5.1, 7.1 and 9. The sizes are not part of its ABI: allocate with the
//! functions only, and work on what they return in place.

// Generated: documented in the C header.
#[allow(missing_docs, non_snake_case, clippy::missing_safety_doc)]
#[rustfmt::skip]
mod generated;

pub use generated::*;
