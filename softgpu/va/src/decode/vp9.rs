//! VP9: a client passes on whole frames, headers and all (va_dec_vp9.h).

use softgpu_core::codec::Codec;

use super::{DecodeJob, Decoder, Lazy};
use crate::failure::{Failure, Outcome};
use crate::plane::PlanesMut;

/// Decodes VP9.
#[derive(Debug, Default)]
pub(super) struct Vp9 {
    library: Lazy,
}

impl Decoder for Vp9 {
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome {
        let [slice] = job.slices else {
            return Err(Failure::parameter(format!("a frame is one slice, not {}", job.slices.len())));
        };
        let frame = slice
            .bits()
            .filter(|frame| !frame.is_empty())
            .ok_or_else(|| Failure::parameter("the frame's data is not in its buffer"))?;
        match self.library.get(Codec::Vp9)?.picture(frame, target)? {
            true => Ok(()),
            false => Err(Failure::decoding("no picture came out of the frame")),
        }
    }
}
