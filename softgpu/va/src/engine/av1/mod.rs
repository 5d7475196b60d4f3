//! AV1: libaom's tiles behind the client's headers.
//!
//! The client's sequence header says which tools there are; libaom is opened with the same ones, and what it writes is
//! compared. A frame header is the client's as far as frame and references, and libaom's from there on. libaom codes a
//! chain in which every frame refers to the one before, and frames beside it (B pictures) which refer to its last. A frame
//! that does not refer to that is coded without references, as an intra-only frame: by an encoder of its own where the
//! chain goes on past it, in the chain otherwise.
//! Clients that send no headers get libaom's own stream.

mod coder;
mod obu;
mod replay;
mod syntax;
#[cfg(test)]
mod tests;

use softgpu_core::codec::Kind;
use softgpu_core::setup::Engine;

use self::coder::{Coder, Frame};
use self::obu::{obus, put_obu};
use self::replay::{Replay, TRUE_PICTURES};
use self::syntax::{FrameType, Front, Merge, Sequence};
use super::rate::{self, Controller, Scale, Settings};
use super::{Coded, EncodeJob, Encoder, Open};
use crate::bits::{BitReader, BitWriter};
use crate::failure::{Failure, Outcome};
use crate::sys;

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    Ok(Box::new(Av1::new(open)))
}

struct Av1 {
    engine: Engine,
    depth: u32,
    sequence: Option<Sequence>,
    chain: Option<Coder>,
    aside: Option<Coder>,
    replay: Option<Replay>,
    /// Flags and size that the chain was opened with.
    config: (u64, u32, u32),
    /// Which of the chain's frames each of the client's slots holds; 0 for any other.
    slots: [u64; 8],
    /// Frames of the chain.
    count: u64,
    controller: Option<Controller>,
    writer: BitWriter,
}

/// How a frame is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// In the chain, and as what.
    Chain(FrameType),
    /// Predicted from the last of the chain, which is in this slot, and leaving it as it is.
    Aside(usize),
    /// Without references, leaving the chain as it is.
    Alone,
}

/// The quantiser of libaom's outer scale that is nearest to a `base_q_idx` (its steps are 4 apart).
fn quantizer(q_idx: u32) -> u32 {
    (q_idx + 2) / 4
}

impl Av1 {
    fn new(open: &Open) -> Self {
        Self {
            engine: open.engine,
            depth: if open.rt_format == sys::VA_RT_FORMAT_YUV420_10 { 10 } else { 8 },
            sequence: None,
            chain: None,
            aside: None,
            replay: None,
            config: Default::default(),
            slots: [0; 8],
            count: 0,
            controller: None,
            writer: BitWriter::new(),
        }
    }

    /// Opens libaom for a sequence and a size, where they are other ones than before.
    fn prepare(&mut self, sequence: &Sequence, width: u32, height: u32) -> Outcome {
        if sequence.bit_depth != self.depth {
            return Err(Failure::parameter(format!(
                "{} bit in a surface of {}",
                sequence.bit_depth, self.depth
            )));
        }
        let config = coder::config(sequence, width, height);
        let asked = (config.flags, width, height);
        if asked != self.config || (self.chain.is_none() && self.replay.is_none()) {
            (self.chain, self.aside, self.replay) = (Some(Coder::open(&config)?), None, None);
            self.slots = [0; 8];
            self.controller = Some(Controller::new(Scale::SVT_AV1, width * height));
            self.config = asked;
        }
        Ok(())
    }

    fn plan(&self, front: &Front) -> Plan {
        let begun = self.count > 0 && self.chain.as_ref().is_some_and(Coder::begun);
        let follows = begun && self.slots[front.refs[0]] == self.count;
        let last = front.refs.iter().copied().find(|&slot| begun && self.slots[slot] == self.count);
        match front.frame_type {
            FrameType::Key | FrameType::IntraOnly => Plan::Chain(front.frame_type),
            FrameType::Inter if front.refresh == 0 => last.map_or(Plan::Alone, Plan::Aside),
            FrameType::Inter if follows => Plan::Chain(FrameType::Inter),
            FrameType::Inter => Plan::Chain(FrameType::IntraOnly),
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
        // 0 is lossless, which has a meaning of its own in AV1.
        let client = quantizer(q_idx.into()).max(u32::from(q_idx != 0));
        self.controller.as_mut().map_or(client, |controller| controller.pick(&settings, kind, client))
    }

    /// A picture behind the client's frame header.
    fn merged(
        &mut self,
        job: &EncodeJob<'_>,
        picture: &sys::VAEncPictureParameterBufferAV1,
        sequence: &Sequence,
        header: &[u8],
        coded: &mut Coded,
    ) -> Outcome {
        let front = Front::parse(&mut BitReader::new(header), sequence).ok_or_else(|| {
            Failure::parameter("the frame header cannot be read, or asks for what is not coded")
        })?;
        self.prepare(sequence, front.width, front.height)?;
        if self.engine == Engine::Null && job.index >= TRUE_PICTURES {
            return self.repeat(sequence, &front, header, coded);
        }
        let plan = self.plan(&front);
        let kind = match plan {
            Plan::Chain(FrameType::Inter) => rate::Kind::Inter,
            Plan::Aside(_) | Plan::Alone => rate::Kind::Bidirectional,
            Plan::Chain(_) => rate::Kind::Intra,
        };
        let qp = self.quantiser(job, kind, picture.base_qindex);
        let source = job.source.resized(front.width, front.height).unwrap_or(job.source);
        let closed = || Failure::encoding("libaom is not open");
        let mut chain = |kind| self.chain.as_mut().ok_or_else(closed)?.frame(&source, kind, qp, sequence);
        let (frame_type, frame) = match plan {
            Plan::Chain(FrameType::Inter) => (FrameType::Inter, chain(Kind::Inter)?),
            Plan::Chain(frame_type) => (frame_type, chain(Kind::Idr)?),
            Plan::Aside(_) => (FrameType::Inter, chain(Kind::Aside)?),
            Plan::Alone => {
                if self.aside.is_none() {
                    self.aside = Some(Coder::open(&coder::config(sequence, front.width, front.height))?);
                }
                let aside = self.aside.as_mut().ok_or_else(closed)?;
                (FrameType::IntraOnly, aside.frame(&source, Kind::Idr, qp, sequence)?)
            }
        };
        let reference = if let Plan::Aside(slot) = plan { slot } else { front.refs[0] };
        let from = coded.data.len();
        self.put(sequence, &front, header, (frame_type, reference), &frame, coded)?;
        if matches!(plan, Plan::Chain(_)) {
            self.count += 1;
        }
        let holds = if matches!(plan, Plan::Chain(_)) { self.count } else { 0 };
        for (slot, held) in self.slots.iter_mut().enumerate() {
            if front.refresh >> slot & 1 == 1 {
                *held = holds;
            }
        }
        if let Some(controller) = &mut self.controller {
            controller.coded(8 * (coded.data.len() - from) as u64);
        }
        Ok(())
    }

    /// The picture of the `null` engine.
    fn repeat(&mut self, sequence: &Sequence, front: &Front, header: &[u8], coded: &mut Coded) -> Outcome {
        let replay = match self.replay.take() {
            Some(replay) => replay,
            None => {
                (self.chain, self.aside) = (None, None);
                Replay::new(sequence, front.width, front.height)?
            }
        };
        let coded_as = (front.frame_type, front.refs[0]);
        let outcome = self.put(sequence, front, header, coded_as, replay.frame(!front.is_intra()), coded);
        self.replay = Some(replay);
        outcome
    }

    fn put(
        &mut self,
        sequence: &Sequence,
        front: &Front,
        header: &[u8],
        (frame_type, reference): (FrameType, usize),
        frame: &Frame,
        coded: &mut Coded,
    ) -> Outcome {
        if frame_type == FrameType::IntraOnly && front.refresh == 0xff {
            return Err(Failure::parameter("an inter frame that replaces all slots refers to an old one"));
        }
        self.writer.clear();
        let merge = Merge {
            sequence,
            front,
            client: header,
            rest: &frame.rest,
            coded: frame.header(),
            frame_type,
            reference,
            primary: frame.primary,
        };
        merge.write(&mut self.writer);
        self.writer.align(false); // byte_alignment(), 5.3.5
        put_obu(obu::FRAME, &[self.writer.as_bytes(), frame.tiles()], &mut coded.data);
        coded.average_qp = frame.rest.base_q_idx as u8;
        Ok(())
    }

    /// A picture for a client that sends no headers.
    fn own(
        &mut self,
        job: &EncodeJob<'_>,
        picture: &sys::VAEncPictureParameterBufferAV1,
        coded: &mut Coded,
    ) -> Outcome {
        let (width, height) =
            (u32::from(picture.frame_width_minus_1) + 1, u32::from(picture.frame_height_minus_1) + 1);
        let sequence = Sequence::plain(self.depth);
        self.prepare(&sequence, width, height)?;
        // SAFETY: both members of the union are numbers.
        let key = unsafe { picture.picture_flags.bits }.frame_type() == FrameType::Key as u32;
        let kind = if key { rate::Kind::Intra } else { rate::Kind::Inter };
        let qp = self.quantiser(job, kind, picture.base_qindex);
        let source = job.source.resized(width, height).unwrap_or(job.source);
        let chain = self.chain.as_mut().ok_or_else(|| Failure::encoding("libaom is not open"))?;
        let kind = if key || !chain.begun() { Kind::Idr } else { Kind::Inter };
        coded.data.extend_from_slice(chain.unit(&source, kind, qp)?);
        coded.average_qp = (4 * qp).min(255) as u8;
        if let Some(controller) = &mut self.controller {
            controller.coded(8 * coded.data.len() as u64);
        }
        Ok(())
    }
}

impl Encoder for Av1 {
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome {
        let picture: sys::VAEncPictureParameterBufferAV1 =
            job.picture().ok_or_else(|| Failure::parameter("no picture parameters"))?;
        let mut header = None;
        for packed in job.packed {
            let broken = || Failure::parameter("packed OBUs cannot be read");
            let bytes = &packed.bytes[..packed.bytes.len().min(packed.bits.div_ceil(8) as usize)];
            for (kind, range) in obus(bytes).ok_or_else(broken)? {
                match kind {
                    obu::FRAME_HEADER | obu::FRAME => header = Some(&bytes[range]),
                    _ => {
                        if kind == obu::SEQUENCE_HEADER {
                            self.sequence = Some(Sequence::parse(&bytes[range.clone()]).ok_or_else(broken)?);
                        }
                        put_obu(kind, &[&bytes[range]], &mut coded.data);
                    }
                }
            }
        }
        match (self.sequence.take(), header) {
            (Some(sequence), Some(header)) => {
                let outcome = self.merged(job, &picture, &sequence, header, coded);
                self.sequence = Some(sequence);
                outcome
            }
            (None, None) => self.own(job, &picture, coded),
            _ => Err(Failure::parameter("of sequence and frame header one was packed and the other was not")),
        }
    }
}
