//! Decoding: the driver collects the buffers of a picture into a [`DecodeJob`] and calls the context's [`Decoder`] in
//! `vaEndPicture`.
//!
//! What a client takes apart is put together again ([`h264`], [`hevc`], [`av1`]; VP9 comes whole), and decoded by the codec
//! library, which gives each picture at once.

mod av1;
mod h264;
mod hevc;
mod job;
mod vp9;

pub(crate) use job::{DecodeJob, DecodeSlice};

use softgpu_core::codec::Codec;

use crate::failure::{Failure, Outcome};
use crate::library::LibDecoder;
use crate::plane::PlanesMut;
use crate::sys;

/// Decodes the pictures of one context.
pub(crate) trait Decoder: Send {
    /// Decodes one picture, in decoding order, into the surface that it was begun with.
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome;
}

/// What a decoder is opened with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// `VAProfile`.
    pub(crate) profile: i32,
    /// The one `VA_RT_FORMAT_*` of the configuration.
    pub(crate) rt_format: u32,
    /// Size given to `vaCreateContext`.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The decoder of a context.
pub(crate) fn open(open: &Open) -> Outcome<Box<dyn Decoder>> {
    match open.profile {
        sys::VAProfileH264ConstrainedBaseline | sys::VAProfileH264Main | sys::VAProfileH264High => {
            Ok(Box::<h264::H264>::default())
        }
        sys::VAProfileHEVCMain | sys::VAProfileHEVCMain10 => Ok(Box::<hevc::Hevc>::default()),
        sys::VAProfileVP9Profile0 | sys::VAProfileVP9Profile2 => Ok(Box::<vp9::Vp9>::default()),
        sys::VAProfileAV1Profile0 => Ok(Box::<av1::Av1>::default()),
        other => Err(Failure::new(
            sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE,
            format!("profile {other} is not decoded"),
        )),
    }
}

/// The codec library's decoder, opened with the first picture: neither creating a context nor a probe needs it.
#[derive(Debug, Default)]
struct Lazy(Option<LibDecoder>);

impl Lazy {
    fn get(&mut self, codec: Codec) -> Outcome<&mut LibDecoder> {
        match &mut self.0 {
            Some(decoder) => Ok(decoder),
            none => Ok(none.insert(LibDecoder::open(codec)?)),
        }
    }
}
