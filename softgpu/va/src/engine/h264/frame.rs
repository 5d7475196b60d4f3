//! A picture to code as its headers describe it, whoever wrote them.

use super::from_va;
use super::slice::{SliceHeader, SliceKind};
use super::syntax::{NAL_PPS, NAL_SPS, Pps, Sps};
use crate::bits::{self, BitReader, Unit};
use crate::engine::{EncodeJob, Open, Packed};
use crate::failure::{Failure, Outcome};
use crate::sys;

/// nal_unit_type of an access unit delimiter.
const NAL_AUD: u32 = 9;

/// One slice.
#[derive(Clone, Debug)]
pub(super) struct FrameSlice {
    pub(super) header: SliceHeader,
    /// The header as the client packed it.
    pub(super) packed: Option<Unit>,
    /// Macroblocks in it.
    pub(super) count: u32,
}

/// A picture's headers.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) slices: Vec<FrameSlice>,
    /// The surface that the client keeps the coded picture in.
    pub(super) surface: u32,
    /// The surface of the picture that comes first in reference list 0.
    pub(super) reference: Option<u32>,
    /// The surfaces of all short-term pictures in the reference lists.
    pub(super) listed: Vec<u32>,
}

impl Frame {
    pub(super) fn first(&self) -> &SliceHeader {
        &self.slices[0].header
    }

    /// The kind with the most freedom among the slices'.
    pub(super) fn kind(&self) -> SliceKind {
        let has = |kind| self.slices.iter().any(|slice| slice.header.kind == kind);
        if has(SliceKind::B) {
            SliceKind::B
        } else if has(SliceKind::P) {
            SliceKind::P
        } else {
            SliceKind::I
        }
    }
}

/// The parameter sets that count, which last from picture to picture.
#[derive(Debug)]
pub(super) struct Headers {
    /// `VAProfile`.
    profile: i32,
    /// The largest picture in macroblocks.
    largest: (u32, u32),
    pub(super) sps: Sps,
    pub(super) pps: Pps,
    /// Whether the client packs them itself.
    packed_sps: bool,
    packed_pps: bool,
}

impl Headers {
    pub(super) fn new(open: &Open) -> Self {
        let largest = (open.width.div_ceil(16), open.height.div_ceil(16));
        let profile = open.profile;
        Self {
            profile,
            largest,
            sps: Sps::default(),
            pps: Pps::default(),
            packed_sps: false,
            packed_pps: false,
        }
    }

    /// Takes a picture's buffers in. Everything that comes before its slices is appended to `out`.
    pub(super) fn take(&mut self, job: &EncodeJob<'_>, out: &mut Vec<u8>) -> Outcome<Frame> {
        let pic = job
            .picture::<sys::VAEncPictureParameterBufferH264>()
            .ok_or_else(|| Failure::parameter("no picture parameters of H.264 came"))?;
        let mut headers = Vec::new();
        let mut delimiter = out.len();
        for packed in job.packed {
            self.take_packed(packed, out, &mut headers, &mut delimiter);
        }
        if !self.packed_sps {
            let seq = job
                .sequence::<sys::VAEncSequenceParameterBufferH264>()
                .ok_or_else(|| Failure::parameter("no sequence parameters of H.264 came"))?;
            self.sps = from_va::sps(&seq, self.profile);
        }
        if !self.packed_pps {
            self.pps = from_va::pps(&pic);
        }
        self.check()?;
        let slices: Vec<sys::VAEncSliceParameterBufferH264> = job.slices().collect();
        if slices.is_empty() {
            return Err(Failure::parameter("no slice parameters came"));
        }
        let mut found = Vec::with_capacity(slices.len());
        let mut headers = headers.into_iter();
        for slice in &slices {
            found.push(self.slice(&pic, slice, headers.next())?);
        }
        self.count(&mut found)?;
        let frame = Frame {
            surface: pic.CurrPic.picture_id,
            reference: from_va::first_reference(&slices[0]),
            listed: from_va::references(&slices[0], found[0].header.lists()).collect(),
            slices: found,
        };
        if frame.first().idr {
            self.put_own(out, delimiter);
        }
        Ok(frame)
    }

    /// One packed buffer: parameter sets are read, slice headers kept, all others are passed on as they are.
    fn take_packed(
        &mut self,
        packed: &Packed,
        out: &mut Vec<u8>,
        headers: &mut Vec<Unit>,
        delimiter: &mut usize,
    ) {
        let emulated = packed.has_emulation_bytes;
        let bits = (packed.bits as usize).min(8 * packed.bytes.len());
        let (before, header) = packed.bytes[..bits.div_ceil(8)].split_at(slice_header(packed));
        if !header.is_empty() {
            headers.push(with_start_code(Unit::unpack(header, bits - 8 * before.len(), emulated)));
        }
        let code = bits::start_code(before);
        let Some(&first) = before.get(code) else { return };
        if emulated && code != 0 {
            // There may be several: with emulation prevention every start code is one.
            for part in bits::units(before) {
                self.take_set(&Unit::unpack(&before[part.clone()], 8 * part.len(), true));
            }
            out.extend_from_slice(before);
        } else {
            let bits = bits.min(8 * before.len());
            let unit = with_start_code(Unit::unpack(before, bits, emulated));
            self.take_set(&unit);
            bits::put_unit(unit.zeros, &unit.rbsp, out);
        }
        // What we add comes behind: a picture parameter set of ours refers to the client's sequence.
        if matches!(u32::from(first & 31), NAL_AUD | NAL_SPS) {
            *delimiter = out.len();
        }
    }

    /// Reads a parameter set.
    fn take_set(&mut self, unit: &Unit) {
        let mut reader = unit.reader();
        match reader.bits(8).map(|first| first & 31) {
            Some(NAL_SPS) => {
                if let Some(sps) = Sps::parse(&mut reader) {
                    self.sps = sps;
                    self.packed_sps = true;
                }
            }
            Some(NAL_PPS) => {
                if let Some(pps) = Pps::parse(&mut reader) {
                    self.pps = pps;
                    self.packed_pps = true;
                }
            }
            _ => {}
        }
    }

    /// What no engine codes.
    fn check(&self) -> Outcome {
        let (sps, pps) = (&self.sps, &self.pps);
        let why = if sps.width_mbs == 0 || sps.height_mbs() == 0 {
            "the picture has no macroblocks"
        } else if sps.width_mbs > self.largest.0 || sps.height_mbs() > self.largest.1 {
            "the picture is larger than the context"
        } else if sps.chroma_format_idc != 1 || sps.separate_colour_plane {
            "only 4:2:0 is coded"
        } else if sps.bit_depth_luma != 8 || sps.bit_depth_chroma != 8 {
            "only 8 bit are coded"
        } else if sps.mb_adaptive {
            "macroblock-adaptive fields are not coded"
        } else if pps.slice_groups > 1 {
            "slice groups are not coded"
        } else {
            return Ok(());
        };
        Err(Failure::parameter(why))
    }

    fn slice(
        &self,
        pic: &sys::VAEncPictureParameterBufferH264,
        slice: &sys::VAEncSliceParameterBufferH264,
        packed: Option<Unit>,
    ) -> Outcome<FrameSlice> {
        let header = match &packed {
            Some(unit) => {
                let mut reader = unit.reader();
                SliceHeader::parse(&mut reader, &self.sps, &self.pps).ok_or_else(|| {
                    Failure::parameter("the packed slice header is not one of a frame, or ends early")
                })?
            }
            None => from_va::slice(pic, slice, &self.sps, &self.pps),
        };
        Ok(FrameSlice { header, packed, count: 0 })
    }

    /// Each slice reaches to the next.
    fn count(&self, slices: &mut [FrameSlice]) -> Outcome {
        let mut end = self.macroblocks();
        for slice in slices.iter_mut().rev() {
            slice.count =
                end.checked_sub(slice.header.first_mb).filter(|&count| count > 0).ok_or_else(|| {
                    Failure::parameter(format!("a slice begins at macroblock {}", slice.header.first_mb))
                })?;
            end = slice.header.first_mb;
        }
        if end != 0 {
            return Err(Failure::parameter(format!("the first slice begins at macroblock {end}")));
        }
        Ok(())
    }

    /// Parameter sets of our own, where the client packs none, after its access unit delimiter.
    fn put_own(&self, out: &mut Vec<u8>, at: usize) {
        let mut own = Vec::new();
        if !self.packed_sps {
            bits::put_unit(3, self.sps.write().as_bytes(), &mut own);
        }
        if !self.packed_pps {
            bits::put_unit(3, self.pps.write().as_bytes(), &mut own);
        }
        out.splice(at..at, own);
    }

    pub(super) fn macroblocks(&self) -> u32 {
        self.sps.width_mbs * self.sps.height_mbs()
    }

    /// The part of the coded picture that the source has: all but what is cropped at the right and at the bottom.
    pub(super) fn used(&self) -> (u32, u32) {
        let [_, right, _, bottom] = self.sps.crop.unwrap_or_default();
        let vertical = if self.sps.frame_mbs_only { 2 } else { 4 };
        let cut = |whole: u32, unit: u32, side: u32| whole.saturating_sub(unit.saturating_mul(side)).max(2);
        (cut(16 * self.sps.width_mbs, 2, right) & !1, cut(16 * self.sps.height_mbs(), vertical, bottom) & !1)
    }
}

/// Where the slice header begins in a packed buffer; its length where there is none. FFmpeg packs an access unit
/// delimiter and the slice header behind it into one.
fn slice_header(packed: &Packed) -> usize {
    let is_slice = |at: usize| packed.bytes.get(at).is_some_and(|byte| matches!(byte & 31, 1 | 5));
    let bytes = packed.bytes.len().min(packed.bits.div_ceil(8) as usize);
    if is_slice(bits::start_code(&packed.bytes)) {
        return 0;
    }
    if !packed.has_emulation_bytes && packed.kind != sys::VAEncPackedHeaderSlice {
        return bytes; // what looks like a start code may be none
    }
    bits::unit_start(&packed.bytes[..bytes], |byte| matches!(byte & 31, 1 | 5)).unwrap_or(bytes)
}

fn with_start_code(mut unit: Unit) -> Unit {
    if unit.zeros == 0 {
        unit.zeros = 3;
    }
    unit
}

/// A parameter set out of a byte stream.
pub(super) fn read_set<T>(rbsp: &[u8], parse: impl Fn(&mut BitReader<'_>) -> Option<T>) -> Option<T> {
    let mut reader = BitReader::new(rbsp);
    reader.skip(8)?;
    parse(&mut reader)
}
