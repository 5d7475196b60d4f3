//! The `null` engine: a frame coded once, sent again and again.
//!
//! A grey key frame, and one that repeats its reference whatever that is; it begins from the default probabilities, so
//! that it does not matter what came before.

use softgpu_core::codec::{Kind, av1};

use super::coder::{Coder, Frame, config};
use super::syntax::Sequence;
use crate::failure::Outcome;
use crate::plane::{Format, Planes};

/// Pictures that are coded truly before, so that trial encodes pass.
pub(super) const TRUE_PICTURES: u64 = 8;

const QP: u32 = 40;

/// The two frames.
pub(super) struct Replay {
    intra: Frame,
    inter: Frame,
}

impl Replay {
    pub(super) fn new(sequence: &Sequence, width: u32, height: u32) -> Outcome<Self> {
        let samples = (width.next_multiple_of(2) * height.next_multiple_of(2)) as usize;
        let (format, stride, bytes) = match sequence.bit_depth {
            8 => (Format::Nv12, width.next_multiple_of(2) as usize, vec![0x80; samples]),
            _ => (Format::P010, 2 * width.next_multiple_of(2) as usize, [0, 0x80].repeat(samples)),
        };
        let grey =
            Planes { format, width, height, data: [&bytes, &bytes, &[]], strides: [stride, stride, 0] };
        let mut config = config(sequence, width, height);
        config.flags |= av1::NO_PRIMARY_REF;
        let mut coder = Coder::open(&config)?;
        Ok(Self {
            intra: coder.frame(&grey, Kind::Idr, QP, sequence)?,
            inter: coder.frame(&grey, Kind::Inter, QP, sequence)?,
        })
    }

    pub(super) fn frame(&self, inter: bool) -> &Frame {
        if inter { &self.inter } else { &self.intra }
    }
}
