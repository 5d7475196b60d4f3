//! Decoding: the driver collects the buffers of a picture into a [`DecodeJob`] and calls the context's [`Decoder`] in
//! `vaEndPicture`.

mod job;

pub(crate) use job::{DecodeJob, DecodeSlice};

use crate::failure::{Failure, Outcome};
use crate::plane::PlanesMut;

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
    Err(Failure::unimplemented(format!("profile {} is not decoded yet", open.profile)))
}
