//! HEVC: x265's slice data behind the client's headers.
//!
//! The client's parameter sets say which blocks and tools there are; x265 is opened with the same ones, and what it writes
//! is compared with them. A slice header is the client's as far as the reference pictures, and x265's from there on.
//! x265 codes a chain in which every picture refers to the one before. A picture that refers to something else is coded
//! without references: by an encoder of its own where the chain goes on past it (B pictures), in the chain otherwise.

mod coder;
mod own;
mod replay;
mod sets;
mod slice;
#[cfg(test)]
mod tests;

use softgpu_core::codec::Kind;
use softgpu_core::setup::Engine;

use self::coder::{Coder, Slice};
use self::replay::{Replay, TRUE_PICTURES};
use self::sets::{Pps, Sps, nal};
use self::slice::{Front, Rest, SliceType, is_idr};
use super::rate::{self, Controller, Scale, Settings};
use super::{Coded, EncodeJob, Encoder, Open, Packed};
use crate::bits::{BitWriter, Unit, put_unit, strip_emulation, unit_start, units};
use crate::failure::{Failure, Outcome};
use crate::sys;

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    Ok(Box::new(Hevc::new(open)))
}

struct Hevc {
    engine: Engine,
    packed_headers: u32,
    depth: u32,
    sps: Option<Sps>,
    pps: Option<Pps>,
    /// Whether the client ever packed a PPS.
    packed_pps: bool,
    /// The chain, for parameter sets that ask for `config`.
    chain: Option<Coder>,
    /// Codes what stands beside the chain.
    aside: Option<Coder>,
    config: ([u32; 8], u64, u32, u32),
    /// Lower bits of the picture order count of the chain's last picture.
    anchor: Option<u32>,
    controller: Option<Controller>,
    replay: Option<Replay>,
    writer: BitWriter,
}

/// Where a slice goes: behind which header, for which parameter sets.
#[derive(Clone, Copy)]
struct Place<'a> {
    header: &'a Unit,
    front: &'a Front,
    sps: &'a Sps,
    pps: &'a Pps,
}

/// How a picture is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Chain(Kind),
    /// Without references, leaving the chain as it is.
    Aside,
}

impl Hevc {
    fn new(open: &Open) -> Self {
        Self {
            engine: open.engine,
            packed_headers: open.packed_headers,
            depth: if open.rt_format == sys::VA_RT_FORMAT_YUV420_10 { 10 } else { 8 },
            sps: None,
            pps: None,
            packed_pps: false,
            chain: None,
            aside: None,
            config: Default::default(),
            anchor: None,
            controller: None,
            replay: None,
            writer: BitWriter::new(),
        }
    }

    /// Takes over the parameter sets that came with a picture, and puts all headers but the slice's into `out`.
    fn headers(
        &mut self,
        job: &EncodeJob<'_>,
        picture: &sys::VAEncPictureParameterBufferHEVC,
        out: &mut Vec<u8>,
    ) -> Outcome {
        for packed in job.packed.iter().filter(|packed| packed.kind != sys::VAEncPackedHeaderSlice) {
            let from = out.len();
            emit(packed, out);
            for range in units(&out[from..]) {
                let unit = &out[from..][range];
                self.packed_pps |= unit.first().is_some_and(|byte| u32::from(byte >> 1 & 63) == nal::PPS);
                self.take(unit)?;
            }
        }
        if is_idr(u32::from(picture.nal_unit_type)) {
            let client_writes =
                self.packed_headers & sys::VA_ENC_PACKED_HEADER_SEQUENCE != 0 && self.sps.is_some();
            // Where packed sequence headers alone are taken, a client may pack the first two sets and no more.
            let ours = if !client_writes {
                0..
            } else if !self.packed_pps {
                2..
            } else {
                return Ok(());
            };
            let sequence = job.sequence().ok_or_else(|| Failure::parameter("no sequence parameters"))?;
            for set in &own::parameter_sets(&sequence, picture)[ours] {
                put_unit(3, set, out);
                self.take(set)?;
            }
        }
        Ok(())
    }

    /// Keeps a parameter set; other units are passed over.
    fn take(&mut self, unit: &[u8]) -> Outcome {
        let rbsp = strip_emulation(unit);
        let mut reader = crate::bits::BitReader::new(&rbsp);
        let bad = |what| Failure::parameter(format!("the packed {what} cannot be read"));
        match unit.first().map(|byte| u32::from(byte >> 1 & 63)) {
            Some(nal::SPS) => self.sps = Some(Sps::parse(&mut reader).ok_or_else(|| bad("SPS"))?),
            Some(nal::PPS) => self.pps = Some(Pps::parse(&mut reader).ok_or_else(|| bad("PPS"))?),
            _ => {}
        }
        Ok(())
    }

    /// Opens x265 for the parameter sets, where they ask for something else than before.
    fn prepare(&mut self, sps: &Sps, pps: &Pps) -> Outcome {
        if let Some(why) = sets::refusal(sps, pps) {
            return Err(Failure::parameter(format!("HEVC: {why}")));
        }
        if sps.bit_depths[0] != self.depth {
            return Err(Failure::parameter(format!(
                "{} bit in a surface of {}",
                sps.bit_depths[0], self.depth
            )));
        }
        let config = coder::config(sps, pps);
        let asked = (config.numbers, config.flags, config.width, config.height);
        if asked != self.config || (self.chain.is_none() && self.replay.is_none()) {
            (self.chain, self.aside, self.anchor) = (Some(Coder::open(&config)?), None, None);
            self.replay = None;
            self.controller = Some(Controller::new(Scale::H26X, config.width * config.height));
            self.config = asked;
        }
        Ok(())
    }

    fn plan(&self, front: &Front, sps: &Sps) -> Plan {
        if is_idr(front.nal_type) {
            return Plan::Chain(Kind::Idr);
        }
        if front.slice_type == SliceType::I {
            return Plan::Chain(Kind::Intra);
        }
        let mask = (1 << sps.log2_max_poc_lsb) - 1;
        let first = front.refs.first().map(|delta| front.poc_lsb.wrapping_add_signed(delta) & mask);
        let follows =
            first.is_some() && first == self.anchor && self.chain.as_ref().is_some_and(Coder::begun);
        let between = front.refs.after.iter().any(|picture| picture.1);
        match (follows, front.is_reference()) {
            (true, true) => Plan::Chain(Kind::Inter),
            (_, false) => Plan::Aside,
            (false, true) if between => Plan::Aside,
            (false, true) => Plan::Chain(Kind::Intra),
        }
    }

    fn quantiser(&mut self, job: &EncodeJob<'_>, front: &Front, plan: Plan, client: i32) -> u32 {
        if self.engine == Engine::Lossless {
            return 0;
        }
        let kind = match plan {
            Plan::Chain(Kind::Inter) => rate::Kind::Inter,
            Plan::Aside if front.slice_type != SliceType::I => rate::Kind::Bidirectional,
            _ => rate::Kind::Intra,
        };
        let client = client.max(0).cast_unsigned();
        let settings = Settings::from(job.rate);
        self.controller.as_mut().map_or(client, |controller| controller.pick(&settings, kind, client))
    }

    fn code(&mut self, job: &EncodeJob<'_>, plan: Plan, qp: u32, sps: &Sps, pps: &Pps) -> Outcome<Slice> {
        // A surface may have fewer rows than the coded picture where its memory has them all the same; what is not there
        // the codec library repeats.
        let source = job.source.resized(sps.width, sps.height).unwrap_or(job.source);
        match plan {
            Plan::Chain(kind) => {
                let coder = self.chain.as_mut().ok_or_else(|| Failure::encoding("x265 is not open"))?;
                coder.picture(&source, kind, qp, sps, pps)
            }
            Plan::Aside => {
                if self.aside.is_none() {
                    self.aside = Some(Coder::open(&coder::config(sps, pps))?);
                }
                let coder = self.aside.as_mut().ok_or_else(|| Failure::encoding("x265 is not open"))?;
                coder.picture(&source, Kind::Idr, qp, sps, pps)
            }
        }
    }
}

/// Puts a packed header into the stream as the client meant it.
fn emit(packed: &Packed, out: &mut Vec<u8>) {
    let bytes = &packed.bytes[..packed.bytes.len().min(packed.bits.div_ceil(8) as usize)];
    if packed.has_emulation_bytes {
        out.extend_from_slice(bytes);
    } else {
        for range in units(bytes) {
            put_unit(3, &bytes[range], out);
        }
    }
}

impl Encoder for Hevc {
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome {
        let picture: sys::VAEncPictureParameterBufferHEVC =
            job.picture().ok_or_else(|| Failure::parameter("no picture parameters"))?;
        let parameters: sys::VAEncSliceParameterBufferHEVC =
            job.slices().next().ok_or_else(|| Failure::parameter("no slice parameters"))?;
        self.headers(job, &picture, &mut coded.data)?;
        let (Some(sps), Some(pps)) = (self.sps.take(), self.pps.take()) else {
            return Err(Failure::parameter("no SPS and PPS came before the first picture"));
        };
        let outcome = self.picture(job, &picture, &parameters, &sps, &pps, coded);
        (self.sps, self.pps) = (Some(sps), Some(pps));
        outcome
    }
}

impl Hevc {
    fn picture(
        &mut self,
        job: &EncodeJob<'_>,
        picture: &sys::VAEncPictureParameterBufferHEVC,
        parameters: &sys::VAEncSliceParameterBufferHEVC,
        sps: &Sps,
        pps: &Pps,
        coded: &mut Coded,
    ) -> Outcome {
        let header = match job.packed(sys::VAEncPackedHeaderSlice).next() {
            Some(packed) => {
                // FFmpeg packs an access unit delimiter and the slice header behind it into one.
                let at = unit_start(&packed.bytes, |byte| byte >> 1 & 63 < 32).unwrap_or(0);
                let (before, header) = packed.bytes.split_at(at);
                coded.data.extend_from_slice(before);
                let bits = (packed.bits as usize).saturating_sub(8 * at);
                Unit::unpack(header, bits, packed.has_emulation_bytes)
            }
            None => {
                let (rbsp, bits) = own::slice_header(picture, parameters, sps);
                Unit { zeros: 3, rbsp, bits }
            }
        };
        let front = Front::parse(&mut header.reader(), sps, pps)
            .ok_or_else(|| Failure::parameter("the slice header cannot be read"))?;
        let place = Place { header: &header, front: &front, sps, pps };
        let replays = self.engine == Engine::Null && job.index >= TRUE_PICTURES;
        self.prepare(sps, pps)?;
        if replays {
            return self.repeat(&place, coded);
        }
        let plan = self.plan(&front, sps);
        let client = pps.init_qp + i32::from(parameters.slice_qp_delta);
        let qp = self.quantiser(job, &front, plan, client);
        let from = coded.data.len();
        let slice = self.code(job, plan, qp, sps, pps)?;
        let slice_type = if plan == Plan::Chain(Kind::Inter) { SliceType::P } else { SliceType::I };
        self.put(&place, slice_type, &slice, coded);
        if matches!(plan, Plan::Chain(_)) {
            self.anchor = Some(front.poc_lsb);
        }
        if let Some(controller) = &mut self.controller {
            controller.coded(8 * (coded.data.len() - from) as u64);
        }
        Ok(())
    }

    /// The picture of the `null` engine.
    fn repeat(&mut self, place: &Place<'_>, coded: &mut Coded) -> Outcome {
        let replay = match self.replay.take() {
            Some(replay) => replay,
            None => {
                (self.chain, self.aside) = (None, None);
                Replay::new(place.sps, place.pps)?
            }
        };
        let inter = place.front.slice_type != SliceType::I && place.front.total > 0;
        let slice_type = if inter { SliceType::P } else { SliceType::I };
        self.put(place, slice_type, replay.slice(inter), coded);
        self.replay = Some(replay);
        Ok(())
    }

    fn put(&mut self, place: &Place<'_>, slice_type: SliceType, slice: &Slice, coded: &mut Coded) {
        let Place { header, front, sps, pps } = *place;
        let rest = Rest { merge: slice.merge, qp_delta: slice.qp - pps.init_qp };
        self.writer.clear();
        front.write(&header.rbsp, sps, pps, slice_type, rest, &mut self.writer);
        self.writer.bytes(slice.data());
        put_unit(header.zeros, self.writer.as_bytes(), &mut coded.data);
        coded.average_qp = slice.qp.clamp(0, 51) as u8;
    }
}
