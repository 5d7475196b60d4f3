//! VP9: libvpx's frames as they are, since clients pack no headers for it.
//!
//! Which slots a frame refers to and replaces is libvpx's business: the frames decode one after the other. Frames that are
//! not shown are refused; a client has them only where the driver says that it predicts from pictures to come.

use softgpu_core::codec::{Codec, EncoderConfig, Kind, vp9};
use softgpu_core::setup::Engine;

use super::rate::{self, Controller, Scale, Settings};
use super::{Coded, EncodeJob, Encoder, Open};
use crate::failure::{Failure, Outcome};
use crate::library::LibEncoder;
use crate::plane::{Format, Planes};
use crate::sys;

#[cfg(test)]
mod tests;

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    let depth = if open.profile == sys::VAProfileVP9Profile2 { 10 } else { 8 };
    Ok(Box::new(Vp9 { engine: open.engine, depth, chain: None, grey: None, controller: None }))
}

/// Pictures that the `null` engine codes truly.
const TRUE_PICTURES: u64 = 8;

struct Vp9 {
    engine: Engine,
    depth: u32,
    /// The encoder and the size that it is for.
    chain: Option<(LibEncoder, (u32, u32))>,
    grey: Option<Grey>,
    controller: Option<Controller>,
}

/// The frames of the `null` engine.
struct Grey {
    size: (u32, u32),
    key: Vec<u8>,
    /// Repeats its reference.
    inter: Vec<u8>,
}

/// The quantiser of libvpx's outer scale that is nearest to a `base_q_idx` (its steps are about 4 apart).
fn quantizer(q_idx: u32) -> u32 {
    (q_idx + 2) / 4
}

impl Vp9 {
    fn config(&self, (width, height): (u32, u32), flags: u64) -> EncoderConfig {
        EncoderConfig {
            codec: Codec::Vp9,
            width,
            height,
            bit_depth: self.depth,
            fps_num: 30,
            fps_den: 1,
            slices: 1,
            flags,
            numbers: [0; 8],
        }
    }

    fn quantiser(&mut self, job: &EncodeJob<'_>, kind: rate::Kind, q_idx: u8) -> u32 {
        if self.engine == Engine::Lossless {
            return 0;
        }
        let mut settings = Settings::from(job.rate);
        // Clients give these as indices too.
        for limit in [&mut settings.min_qp, &mut settings.max_qp, &mut settings.initial_qp] {
            *limit = quantizer(*limit);
        }
        let client = quantizer(q_idx.into());
        self.controller.as_mut().map_or(client, |controller| controller.pick(&settings, kind, client))
    }

    /// Frames that stand for any picture: each begins from the default probabilities.
    fn grey(&self, size: (u32, u32)) -> Outcome<Grey> {
        let (width, height) = (size.0.next_multiple_of(2), size.1.next_multiple_of(2));
        let samples = (width * height) as usize;
        let (format, stride, bytes) = match self.depth {
            8 => (Format::Nv12, width as usize, vec![0x80; samples]),
            _ => (Format::P010, 2 * width as usize, [0, 0x80].repeat(samples)),
        };
        let grey = Planes {
            format,
            width: size.0,
            height: size.1,
            data: [&bytes, &bytes, &[]],
            strides: [stride, stride, 0],
        };
        let mut encoder = LibEncoder::open(&self.config(size, vp9::INDEPENDENT))?;
        let key = encoder.picture(&grey, Kind::Idr, 40)?.to_vec();
        Ok(Grey { size, key, inter: encoder.picture(&grey, Kind::Inter, 40)?.to_vec() })
    }
}

impl Encoder for Vp9 {
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome {
        let picture: sys::VAEncPictureParameterBufferVP9 =
            job.picture().ok_or_else(|| Failure::parameter("no picture parameters"))?;
        // SAFETY: both members of the unions are numbers.
        let (flags, references) = unsafe { (picture.pic_flags.bits, picture.ref_flags.bits) };
        if flags.show_frame() == 0 {
            return Err(Failure::unimplemented("VP9 frames that are not shown are not coded"));
        }
        let size = (picture.frame_width_dst, picture.frame_height_dst);
        let key = flags.frame_type() == 0 || references.force_kf() != 0;
        if self.engine == Engine::Null && job.index >= TRUE_PICTURES {
            if self.grey.as_ref().is_none_or(|grey| grey.size != size) {
                self.chain = None;
                self.grey = Some(self.grey(size)?);
            }
            if let Some(grey) = &self.grey {
                coded.data.extend_from_slice(if key { &grey.key } else { &grey.inter });
            }
            return Ok(());
        }
        if self.chain.as_ref().is_none_or(|(_, of)| *of != size) {
            self.chain = Some((LibEncoder::open(&self.config(size, 0))?, size));
            self.controller = Some(Controller::new(Scale::SVT_AV1, size.0 * size.1));
        }
        let kind = if key { rate::Kind::Intra } else { rate::Kind::Inter };
        let qp = self.quantiser(job, kind, picture.luma_ac_qindex);
        let source = job.source.resized(size.0, size.1).unwrap_or(job.source);
        let (chain, _) = self.chain.as_mut().ok_or_else(|| Failure::encoding("libvpx is not open"))?;
        let kind = if key { Kind::Idr } else { Kind::Inter };
        coded.data.extend_from_slice(chain.picture(&source, kind, qp)?);
        coded.average_qp = (4 * qp).min(255) as u8;
        if let Some(controller) = &mut self.controller {
            controller.coded(8 * coded.data.len() as u64);
        }
        Ok(())
    }
}
