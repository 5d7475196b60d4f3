//! The engine `x264`: macroblocks from x264 behind the client's headers.
//!
//! As a hardware encoder with rate control does, the client's slice header is changed in those fields that belong to the
//! coded macroblocks: slice_type, slice_qp_delta, cabac_init_idc, deblocking, the number of references. All others stay.
//!
//! x264 codes in coding order and knows one reference, the picture that it coded last (the anchor). Pictures that the
//! client predicts from it are coded so. B pictures that may refer to it become P pictures which do, and the anchor stays
//! what it was; so do pictures that nobody refers to. All others are intra: those that others may refer to become the
//! anchor, the rest come from a second x264.

use softgpu_core::codec::{Codec, EncoderConfig, Kind, h264};

use super::frame::{Frame, Headers, read_set};
use super::raw::used_part;
use super::slice::{SliceHeader, SliceKind};
use super::syntax::{NAL_IDR, NAL_PPS, NAL_SPS, Pps, Sps};
use crate::bits::{self, BitReader, BitWriter};
use crate::engine::EncodeJob;
use crate::failure::{Failure, Outcome};
use crate::library::LibEncoder;
use crate::sys;

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
    anchor: Option<Anchor>,
    writer: BitWriter,
}

/// The picture that `main` refers to.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    surface: u32,
    frame_num: u32,
}

/// How a picture will be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// With `main`; it becomes the anchor, unless it is [`Kind::Aside`].
    Main(Kind),
    /// Intra, with `aside`.
    Alone,
}

/// Whether x264 can write what the client's parameter sets say.
pub(super) fn fits(headers: &Headers) -> bool {
    let (sps, pps) = (&headers.sps, &headers.pps);
    !sps.scaling_matrix
        && !pps.scaling_matrix
        && pps.second_chroma_qp_offset == pps.chroma_qp_offset
        && (-12..=12).contains(&pps.chroma_qp_offset)
}

impl Spliced {
    fn plan(&self, frame: &Frame) -> Plan {
        let first = frame.first();
        let is_reference = first.ref_idc != 0;
        let leads = self.anchor.is_some_and(|anchor| frame.reference == Some(anchor.surface));
        let listed = self.anchor.is_some_and(|anchor| {
            frame.listed.contains(&anchor.surface) && anchor.frame_num != first.frame_num
        });
        match frame.kind() {
            _ if first.idr => Plan::Main(Kind::Idr),
            SliceKind::I if is_reference => Plan::Main(Kind::Intra),
            SliceKind::P if is_reference => Plan::Main(if leads { Kind::Inter } else { Kind::Intra }),
            SliceKind::P if leads => Plan::Main(Kind::Aside),
            SliceKind::B if listed => Plan::Main(Kind::Aside),
            SliceKind::I | SliceKind::P | SliceKind::B => Plan::Alone,
        }
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
        let (place, kind) = match plan {
            Plan::Main(kind) => (&mut self.main, kind),
            Plan::Alone => (&mut self.aside, Kind::Idr),
        };
        let coder = match place {
            Some(coder) => coder,
            None => place.insert(Coder { encoder: LibEncoder::open(&tools.config())?, sets: None }),
        };
        let source = used_part(headers, &job.source)?;
        let anchor = self.anchor.take(); // unknown if this fails half-way
        let data = coder.encoder.picture(&source, kind, qp)?;
        let merge = Merge { frame, headers, anchor };
        merge.splice(data, &mut coder.sets, &mut self.writer, out)?;
        self.anchor = match plan {
            Plan::Alone | Plan::Main(Kind::Aside) => anchor,
            Plan::Main(_) => Some(Anchor { surface: frame.surface, frame_num: frame.first().frame_num }),
        };
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
    // B pictures between two others; each of x264's references takes memory.
    let period = job.sequence::<sys::VAEncSequenceParameterBufferH264>().map_or(0, |seq| seq.ip_period);
    numbers[h264::ASIDE] = period.clamp(1, 8);
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
struct Merge<'a> {
    frame: &'a Frame,
    headers: &'a Headers,
    anchor: Option<Anchor>,
}

impl Merge<'_> {
    fn splice(
        &self,
        data: &[u8],
        sets: &mut Option<(Sps, Pps)>,
        writer: &mut BitWriter,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let broken = || Failure::encoding("x264's own headers cannot be read");
        let Headers { sps: client_sps, pps: client_pps, .. } = self.headers;
        let clients = &self.frame.slices;
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
                    let client = &clients[slices.min(clients.len() - 1)];
                    slices += 1;
                    writer.clear();
                    self.header(&client.header, &coded, pps).write(writer, client_sps, client_pps);
                    copy_data(&rbsp, reader.position(), client_pps.cabac, writer);
                    bits::put_unit(
                        client.packed.as_ref().map_or(3, |unit| unit.zeros),
                        writer.as_bytes(),
                        out,
                    );
                }
                _ => {}
            }
        }
        if slices == 0 { Err(Failure::encoding("x264 wrote no slice")) } else { Ok(()) }
    }

    /// The client's header with the fields that belong to the coded macroblocks.
    fn header(&self, client: &SliceHeader, coded: &SliceHeader, coded_pps: &Pps) -> SliceHeader {
        let (sps, pps) = (&self.headers.sps, &self.headers.pps);
        let mut header = SliceHeader {
            first_mb: coded.first_mb,
            kind: coded.kind,
            qp_delta: coded.qp(coded_pps) - pps.init_qp,
            cabac_init_idc: coded.cabac_init_idc,
            deblocking: coded.deblocking,
            ..client.clone()
        };
        if coded.kind == SliceKind::P {
            // One reference: what the client's list begins with, or the anchor.
            header.num_refs = [1, 1];
            header.override_refs = pps.num_refs[0] != 1;
            match (&mut header.modifications[0], self.anchor) {
                (first, Some(anchor)) if client.kind == SliceKind::B => {
                    let distance =
                        client.frame_num.wrapping_sub(anchor.frame_num) % (1 << sps.log2_max_frame_num);
                    *first = Some(vec![(0, distance.max(1) - 1)]);
                }
                (Some(commands), _) => commands.truncate(1),
                (None, _) => {}
            }
        }
        header
    }
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
