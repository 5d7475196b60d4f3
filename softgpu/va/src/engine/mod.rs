//! What codes pictures: one module per codec, each with the engines `lossless`, `x264` and `null`.
//!
//! The driver collects the buffers of a picture into an [`EncodeJob`] and calls the context's [`Encoder`] in
//! `vaEndPicture`. Nothing of the driver is locked meanwhile but the surface that is read.

mod av1;
pub(crate) mod cabac;
mod h264;
mod hevc;
mod job;
mod mjpeg;
pub(crate) mod rate;
#[cfg(test)]
pub(crate) mod testing;
mod vp9;

pub(crate) use job::{EncodeJob, Packed, RateSettings};

use softgpu_core::setup::Engine;

use crate::failure::{Failure, Outcome};
use crate::sys;

/// Codes the pictures of one context.
pub(crate) trait Encoder: Send {
    /// Codes one picture, in coding order, and appends the whole of it (access unit, temporal unit) to `coded.data`,
    /// which is empty and keeps its memory from picture to picture.
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome;
}

/// A coded picture.
#[derive(Debug, Default)]
pub(crate) struct Coded {
    /// The bits.
    pub(crate) data: Vec<u8>,
    /// Mean quantiser, on the codec's scale; the client reads it from `VACodedBufferSegment::status`.
    pub(crate) average_qp: u8,
}

/// What an encoder is opened with: what `vaCreateConfig` and `vaCreateContext` were told.
#[allow(dead_code, reason = "what the client says is told whole, whether or not an engine reads it yet")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) engine: Engine,
    /// `VAProfile`.
    pub(crate) profile: i32,
    /// `VAEntrypoint`.
    pub(crate) entrypoint: i32,
    /// The one `VA_RT_FORMAT_*` of the configuration.
    pub(crate) rt_format: u32,
    /// The one `VA_RC_*` of the configuration.
    pub(crate) rate_control: u32,
    /// `VA_ENC_PACKED_HEADER_*` that the client said it would send; the encoder writes the other headers itself.
    pub(crate) packed_headers: u32,
    /// Size given to `vaCreateContext`: at least as large as the coded picture.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The encoder of a context: each codec's module decides by `open.engine`.
pub(crate) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    match open.profile {
        sys::VAProfileH264ConstrainedBaseline | sys::VAProfileH264Main | sys::VAProfileH264High => {
            h264::open(open)
        }
        sys::VAProfileHEVCMain | sys::VAProfileHEVCMain10 => hevc::open(open),
        sys::VAProfileAV1Profile0 => av1::open(open),
        sys::VAProfileVP9Profile0 | sys::VAProfileVP9Profile2 => vp9::open(open),
        sys::VAProfileJPEGBaseline => mjpeg::open(open),
        other => Err(Failure::new(
            sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE,
            format!("no engine codes profile {other}"),
        )),
    }
}
