//! The `null` engine: a picture coded once, sent again and again.
//!
//! A grey intra picture, and one that repeats its reference whatever that is. Their slice data fit any headers with the
//! same tools and the same quantiser, since CABAC begins from that (H.265, 9.3.2.2).

use softgpu_core::codec::Kind;

use super::coder::{Coder, Slice, config};
use super::sets::{Pps, Sps};
use crate::failure::Outcome;
use crate::plane::{Format, Planes};

/// Pictures that are coded truly before, so that trial encodes pass.
pub(super) const TRUE_PICTURES: u64 = 8;

const QP: u32 = 30;

/// The two pictures.
pub(super) struct Replay {
    intra: Slice,
    inter: Slice,
}

impl Replay {
    pub(super) fn new(sps: &Sps, pps: &Pps) -> Outcome<Self> {
        let (width, height) = (sps.width as usize, sps.height as usize);
        let (format, sample, bytes) = match sps.bit_depths[0] {
            8 => (Format::Nv12, 1, vec![0x80; width * height]),
            _ => (Format::P010, 2, [0, 0x80].repeat(width * height)),
        };
        let grey = Planes {
            format,
            width: sps.width,
            height: sps.height,
            data: [&bytes, &bytes, &[]],
            strides: [width * sample, width * sample, 0],
        };
        let mut coder = Coder::open(&config(sps, pps))?;
        Ok(Self {
            intra: coder.picture(&grey, Kind::Idr, QP, sps, pps)?,
            inter: coder.picture(&grey, Kind::Inter, QP, sps, pps)?,
        })
    }

    pub(super) fn slice(&self, inter: bool) -> &Slice {
        if inter { &self.inter } else { &self.intra }
    }
}
