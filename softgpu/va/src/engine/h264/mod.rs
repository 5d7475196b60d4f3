//! H.264: the client's headers, and macroblocks from one of three engines.
//!
//! | file | what |
//! |---|---|
//! | `syntax`, `slice` | parameter sets and slice headers, read and written |
//! | `from_va` | the same out of VA-API's structures |
//! | `frame` | a picture's headers, whoever wrote them |
//! | `layer`, `contexts`, `source` | macroblocks that hold their samples, repeat the reference, or are flat |
//! | `raw` | the engines `lossless` and `null` |
//! | `spliced` | the engine `x264` |

mod contexts;
mod frame;
mod from_va;
mod layer;
mod raw;
mod slice;
mod source;
mod spliced;
mod syntax;
#[cfg(test)]
mod tests;

use softgpu_core::setup::Engine;

use self::frame::{Frame, Headers};
use self::raw::Raw;
use self::slice::SliceKind;
use self::spliced::Spliced;
use super::rate::{self, Controller, Kind, Mode, Scale};
use super::{Coded, EncodeJob, Encoder, Open, RateSettings};
use crate::failure::Outcome;
use crate::sys;

/// Pictures that the engine `null` codes truly.
const TRUE_PICTURES: u64 = 8;

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    Ok(Box::new(H264 {
        engine: open.engine,
        headers: Headers::new(open),
        raw: Raw::default(),
        spliced: Spliced::default(),
        controller: None,
    }))
}

struct H264 {
    engine: Engine,
    headers: Headers,
    raw: Raw,
    spliced: Spliced,
    controller: Option<(u32, Controller)>,
}

impl Encoder for H264 {
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome {
        let frame = self.headers.take(job, &mut coded.data)?;
        coded.average_qp = frame.first().qp(&self.headers.pps) as u8;
        match self.engine {
            Engine::Null if job.index >= TRUE_PICTURES => {
                self.raw.flat(&frame, &self.headers, &mut coded.data);
                Ok(())
            }
            Engine::X264 if spliced::fits(&self.headers) => self.realistic(job, &frame, coded),
            // What x264 cannot write behind the client's parameter sets stays right at least.
            Engine::Null | Engine::Lossless | Engine::X264 => {
                self.raw.pcm(&frame, &self.headers, &job.source, &mut coded.data)
            }
        }
    }
}

impl H264 {
    fn realistic(&mut self, job: &EncodeJob<'_>, frame: &Frame, coded: &mut Coded) -> Outcome {
        let pixels = 256 * self.headers.macroblocks();
        let known = self.controller.take_if(|(size, _)| *size == pixels);
        let (_, controller) =
            self.controller.insert(known.unwrap_or_else(|| (pixels, Controller::new(Scale::H26X, pixels))));
        let kind = match frame.kind() {
            SliceKind::I => Kind::Intra,
            SliceKind::P => Kind::Inter,
            SliceKind::B => Kind::Bidirectional,
        };
        let client = frame.first().qp(&self.headers.pps).unsigned_abs();
        let qp = controller.pick(&settings(job.rate, job), kind, client);
        coded.average_qp = qp as u8;
        self.spliced.encode(job, frame, &self.headers, qp, &mut coded.data)?;
        controller.coded(8 * coded.data.len() as u64);
        Ok(())
    }
}

/// Rate control as the client set it; what its miscellaneous buffers leave open is in the sequence parameters.
fn settings(rate: &RateSettings, job: &EncodeJob<'_>) -> rate::Settings {
    let mode = match rate.mode {
        sys::VA_RC_CBR => Mode::Cbr,
        sys::VA_RC_VBR | sys::VA_RC_VBR_CONSTRAINED | sys::VA_RC_VCM => Mode::Vbr,
        sys::VA_RC_QVBR => Mode::Qvbr,
        sys::VA_RC_ICQ => Mode::Icq,
        sys::VA_RC_AVBR => Mode::Avbr,
        _ => Mode::Cqp,
    };
    let seq = job.sequence::<sys::VAEncSequenceParameterBufferH264>();
    let bits_per_second = match rate.bits_per_second {
        0 => seq.as_ref().map_or(0, |seq| seq.bits_per_second),
        bits => bits,
    };
    let (fps_num, fps_den) = match (rate.framerate, &seq) {
        ((0, _) | (_, 0), Some(seq)) if seq.num_units_in_tick != 0 && seq.time_scale != 0 => {
            (seq.time_scale, seq.num_units_in_tick.saturating_mul(2))
        }
        ((0, _) | (_, 0), _) => (30, 1),
        (fps, _) => fps,
    };
    let quality =
        if mode == Mode::Icq && rate.icq_quality != 0 { rate.icq_quality } else { rate.quality_factor };
    rate::Settings {
        mode,
        bits_per_second,
        target_percentage: rate.target_percentage,
        window_ms: rate.window_ms,
        initial_qp: rate.initial_qp,
        min_qp: rate.min_qp,
        max_qp: rate.max_qp,
        quality,
        fps_num,
        fps_den,
    }
}
