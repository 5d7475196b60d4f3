//! The engine `x264`: macroblocks from x264 behind the client's headers.
//!
//! As a hardware encoder with rate control does, the client's slice header is changed in those fields that belong to the
//! coded macroblocks: slice_type, slice_qp_delta, cabac_init_idc, deblocking, the number of references. All others stay.
//!
//! x264 codes in coding order and knows one reference, the picture that it coded last (the anchor). A picture that the
//! client predicts from it is coded so. Other pictures are intra: those that others may refer to become the anchor, while
//! B pictures and such that nobody refers to come from a second x264 and leave the anchor as it is.

use softgpu_core::codec::{Codec, EncoderConfig, Kind, h264};

use super::frame::{Frame, Headers, read_set};
use super::raw::used_part;
use super::slice::{SliceHeader, SliceKind};
use super::syntax::{NAL_IDR, NAL_PPS, NAL_SPS, Pps, Sps};
use crate::bits::{self, BitReader, BitWriter};
use crate::engine::EncodeJob;
use crate::failure::{Failure, Outcome};
use crate::library::LibEncoder;

/// An encoder of the codec library and the parameter sets that its slices belong to.
struct Coder {
    encoder: LibEncoder,
    sets: Option<(Sps, Pps)>,
}

/// What stays the same for an x264.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tools {
    width: u32,
    height: u32,
    fps: (u32, u32),
    slices: u32,
    flags: u64,
    numbers: [u32; 8],
}

#[derive(Default)]
pub(super) struct Spliced {
    tools: Option<Tools>,
    /// Pictures that others refer to.
    main: Option<Coder>,
    /// Pictures that are nobody's anchor.
    aside: Option<Coder>,
    /// The surface of the picture that `main` coded last.
    anchor: Option<u32>,
    writer: BitWriter,
}

/// How a picture will be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    kind: Kind,
    aside: bool,
}

/// Whether x264 can write what the client's parameter sets say.
pub(super) fn fits(headers: &Headers) -> bool {
    let (sps, pps) = (&headers.sps, &headers.pps);
    !sps.scaling_matrix && !pps.scaling_matrix && pps.second_chroma_qp_offset == pps.chroma_qp_offset
}

impl Spliced {
    fn plan(&self, frame: &Frame) -> Plan {
        let first = frame.first();
        let (kind, aside) = match frame.kind() {
            _ if first.idr => (Kind::Idr, false),
            SliceKind::P if first.ref_idc != 0 => {
                let known = self.anchor.is_some() && frame.reference == self.anchor;
                (if known { Kind::Inter } else { Kind::Intra }, false)
            }
            SliceKind::I if first.ref_idc != 0 => (Kind::Intra, false),
            _ => (Kind::Idr, true),
        };
        Plan { kind, aside }
    }

    /// Codes a picture at a quantiser.
    pub(super) fn encode(
        &mut self,
        job: &EncodeJob<'_>,
        frame: &Frame,
        headers: &Headers,
        qp: u32,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let tools = tools(job, frame, headers);
        if self.tools != Some(tools) {
            // Whatever was coded before, an anchor of another size or with other tools is of no use.
            *self = Self { tools: Some(tools), writer: std::mem::take(&mut self.writer), ..Self::default() };
        }
        let plan = self.plan(frame);
        let place = if plan.aside { &mut self.aside } else { &mut self.main };
        let coder = match place {
            Some(coder) => coder,
            None => place.insert(Coder { encoder: LibEncoder::open(&tools.config())?, sets: None }),
        };
        let source = used_part(headers, &job.source)?;
        // The anchor stays unknown if this fails half-way.
        let anchor = if plan.aside { self.anchor } else { None };
        self.anchor = anchor;
        let data = coder.encoder.picture(&source, plan.kind, qp)?;
        splice(data, &mut coder.sets, frame, headers, &mut self.writer, out)?;
        if !plan.aside {
            self.anchor = Some(frame.surface);
        }
        Ok(())
    }
}

fn tools(job: &EncodeJob<'_>, frame: &Frame, headers: &Headers) -> Tools {
    let pps = &headers.pps;
    let mut flags = 0;
    for (set, flag) in [
        (pps.cabac, h264::CABAC),
        (pps.transform_8x8, h264::TRANSFORM_8X8),
        (pps.constrained_intra, h264::CONSTRAINED_INTRA),
    ] {
        flags |= if set { flag } else { 0 };
    }
    let mut numbers = [0; 8];
    numbers[h264::CHROMA_QP_OFFSET] = pps.chroma_qp_offset.cast_unsigned();
    numbers[h264::LEVEL] = headers.sps.level_idc;
    if pps.deblocking_control {
        let (idc, alpha, beta) = frame.first().deblocking;
        flags |= if idc == 1 { h264::NO_DEBLOCKING } else { 0 };
        numbers[h264::ALPHA] = alpha.clamp(-6, 6).cast_unsigned();
        numbers[h264::BETA] = beta.clamp(-6, 6).cast_unsigned();
    }
    let fps = match job.rate.framerate {
        (0, _) | (_, 0) => (30, 1),
        fps => fps,
    };
    Tools {
        width: 16 * headers.sps.width_mbs,
        height: 16 * headers.sps.height_mbs(),
        // Only to be told: nothing that x264 does here depends on it.
        fps: if fps.0 / fps.1 > 1000 { (30, 1) } else { fps },
        slices: frame.slices.len() as u32,
        flags,
        numbers,
    }
}

impl Tools {
    fn config(&self) -> EncoderConfig {
        EncoderConfig {
            codec: Codec::H264,
            width: self.width,
            height: self.height,
            bit_depth: 8,
            fps_num: self.fps.0,
            fps_den: self.fps.1,
            slices: self.slices,
            flags: self.flags,
            numbers: self.numbers,
        }
    }
}

/// Puts x264's slices behind the client's headers.
fn splice(
    data: &[u8],
    sets: &mut Option<(Sps, Pps)>,
    frame: &Frame,
    headers: &Headers,
    writer: &mut BitWriter,
    out: &mut Vec<u8>,
) -> Outcome {
    let broken = || Failure::encoding("x264's own headers cannot be read");
    let mut sps = None;
    let mut slices = 0;
    for unit in bits::units(data) {
        let rbsp = bits::strip_emulation(&data[unit]);
        match rbsp.first().map(|&byte| u32::from(byte & 31)) {
            Some(NAL_SPS) => sps = read_set(&rbsp, Sps::parse),
            Some(NAL_PPS) => *sets = sps.take().zip(read_set(&rbsp, Pps::parse)),
            Some(1 | NAL_IDR) => {
                let (sps, pps) = sets.as_ref().ok_or_else(broken)?;
                let mut reader = BitReader::new(&rbsp);
                let coded = SliceHeader::parse(&mut reader, sps, pps).ok_or_else(broken)?;
                let client = &frame.slices[slices.min(frame.slices.len() - 1)];
                slices += 1;
                writer.clear();
                merged(&client.header, &coded, headers, pps).write(writer, &headers.sps, &headers.pps);
                copy_data(&rbsp, reader.position(), headers.pps.cabac, writer);
                bits::put_unit(client.packed.as_ref().map_or(3, |unit| unit.zeros), writer.as_bytes(), out);
            }
            _ => {}
        }
    }
    if slices == 0 { Err(Failure::encoding("x264 wrote no slice")) } else { Ok(()) }
}

/// The client's header with the fields that belong to the coded macroblocks.
fn merged(client: &SliceHeader, coded: &SliceHeader, headers: &Headers, coded_pps: &Pps) -> SliceHeader {
    let mut header = SliceHeader {
        first_mb: coded.first_mb,
        kind: coded.kind,
        qp_delta: coded.qp(coded_pps) - headers.pps.init_qp,
        cabac_init_idc: coded.cabac_init_idc,
        deblocking: coded.deblocking,
        ..client.clone()
    };
    if coded.kind == SliceKind::P {
        // One reference: what the client's list begins with.
        header.num_refs = [1, 1];
        header.override_refs = headers.pps.num_refs[0] != 1;
        if let Some(commands) = &mut header.modifications[0] {
            commands.truncate(1);
        }
    }
    header
}

/// Slice data from bit `at` to the stop bit.
fn copy_data(rbsp: &[u8], at: usize, cabac: bool, writer: &mut BitWriter) {
    if cabac {
        writer.align(true); // cabac_alignment_one_bit
        writer.bytes(&rbsp[at.div_ceil(8)..]);
        return;
    }
    let end = rbsp
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| 8 * last + 8 - rbsp[last].trailing_zeros() as usize);
    writer.copy(rbsp, at..end.max(at));
    writer.align(false);
}
