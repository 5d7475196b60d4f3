//! Slice segment headers (H.265, 7.3.6.1): the client's up to what it refers to, and from there on what was coded.

use super::sets::{Pps, RefPicSet, Sps, nal};
use crate::bits::{BitReader, BitWriter};

/// slice_type, table 7-7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SliceType {
    B = 0,
    P = 1,
    I = 2,
}

/// The part of a header that says which picture this is and which ones it may refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) nal_type: u32,
    pub(super) slice_type: SliceType,
    pub(super) pps_id: u32,
    /// Whether more than the slice's own picture is coded by other slices before it.
    pub(super) first: bool,
    /// 0 in IDR pictures.
    pub(super) poc_lsb: u32,
    pub(super) refs: RefPicSet,
    /// NumPicTotalCurr (7-55).
    pub(super) total: usize,
    /// Bits before slice_type, NAL unit header and all.
    before_type: usize,
    /// Bits between slice_type and what follows the reference pictures.
    middle: std::ops::Range<usize>,
}

/// The part of a header that the coded blocks depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    /// MaxNumMergeCand.
    pub(super) merge: u32,
    pub(super) qp_delta: i32,
}

pub(super) fn is_irap(nal_type: u32) -> bool {
    (nal::IRAP_FIRST..=nal::IRAP_LAST).contains(&nal_type)
}

pub(super) fn is_idr(nal_type: u32) -> bool {
    matches!(nal_type, nal::IDR_W_RADL | nal::IDR_N_LP)
}

impl Front {
    /// From a slice's NAL unit, header included.
    pub(super) fn parse(reader: &mut BitReader<'_>, sps: &Sps, pps: &Pps) -> Option<Self> {
        reader.skip(1)?;
        let nal_type = reader.bits(6)?;
        reader.skip(9)?;
        let first = reader.bit()?;
        if is_irap(nal_type) {
            reader.skip(1)?; // no_output_of_prior_pics_flag
        }
        let pps_id = reader.ue()?;
        if !first {
            // Further slices are not coded: the first one takes the whole picture.
            return None;
        }
        reader.skip(pps.extra_slice_bits as usize)?;
        let before_type = reader.position();
        let slice_type = match reader.ue()? {
            0 => SliceType::B,
            1 => SliceType::P,
            2 => SliceType::I,
            _ => return None,
        };
        let from = reader.position();
        if pps.output_flag {
            reader.skip(1)?;
        }
        let (mut poc_lsb, mut refs, mut total) = (0, RefPicSet::default(), 0);
        if !is_idr(nal_type) {
            poc_lsb = reader.bits(sps.log2_max_poc_lsb)?;
            let count = sps.ref_pic_sets.len() as u32;
            refs = if !reader.bit()? {
                RefPicSet::parse(reader, &sps.ref_pic_sets, count)?
            } else {
                let at = reader.bits(bits_for(count))? as usize;
                sps.ref_pic_sets.get(at)?.clone()
            };
            total = refs.used();
            if let Some(known) = &sps.long_term {
                total += long_term(reader, sps, known)?;
            }
        }
        Some(Self {
            nal_type,
            slice_type,
            pps_id,
            first,
            poc_lsb,
            refs,
            total,
            before_type,
            middle: from..reader.position(),
        })
    }

    /// Whether other pictures may refer to this one: the types below RSV_VCL_N10 whose number is even are not referred to
    /// within their sub-layer (table 7-1).
    pub(super) fn is_reference(&self) -> bool {
        self.nal_type > nal::RASL_R || self.nal_type % 2 == 1
    }

    /// Writes the whole header, byte alignment and all: `source` is the unit that this was parsed from, and the slice has
    /// one reference picture where it is a P slice. What it writes turns off what the coded blocks do not use.
    pub(super) fn write(
        &self,
        source: &[u8],
        sps: &Sps,
        pps: &Pps,
        slice_type: SliceType,
        rest: Rest,
        out: &mut BitWriter,
    ) {
        out.copy(source, 0..self.before_type);
        out.ue(slice_type as u32);
        out.copy(source, self.middle.clone());
        let inter = slice_type != SliceType::I;
        if !is_idr(self.nal_type) && sps.temporal_mvp {
            out.bit(false); // slice_temporal_mvp_enabled_flag
        }
        if sps.sao {
            out.bits(0, 2); // slice_sao_luma_flag, slice_sao_chroma_flag
        }
        if inter {
            let overrides = pps.num_refs[0] != 1;
            out.bit(overrides);
            if overrides {
                out.ue(0); // num_ref_idx_l0_active_minus1
            }
            if pps.lists_modification && self.total > 1 {
                out.bit(false); // ref_pic_list_modification_flag_l0
            }
            if pps.cabac_init {
                out.bit(false);
            }
            if pps.weighted[0] {
                // pred_weight_table(), 7.3.6.3: denominators of 1, and no weights for the one picture.
                out.ue(0);
                out.se(0);
                out.bits(0, 2);
            }
            out.ue(5 - rest.merge); // five_minus_max_num_merge_cand
        }
        out.se(rest.qp_delta);
        if pps.slice_chroma_offsets {
            out.se(0);
            out.se(0);
        }
        if pps.deblocking.may_override {
            out.bit(false);
        }
        if pps.filter_across_slices && !pps.deblocking.disabled {
            out.bit(true); // slice_loop_filter_across_slices_enabled_flag
        }
        if pps.slice_extension {
            out.ue(0);
        }
        out.trailing(); // byte_alignment(), 7.3.2.12: the same bits
    }
}

impl Rest {
    /// From the reader that [`Front::parse`] left, for streams of an encoder that uses nothing which [`Front::write`] does
    /// not write either. Leaves the reader at the first bit of the slice's data.
    pub(super) fn parse(reader: &mut BitReader<'_>, front: &Front, sps: &Sps, pps: &Pps) -> Option<Self> {
        if !is_idr(front.nal_type) && sps.temporal_mvp && reader.bit()? {
            return None;
        }
        if sps.sao && reader.bits(2)? != 0 {
            return None;
        }
        let mut merge = 5;
        if front.slice_type != SliceType::I {
            let mut refs = pps.num_refs[0];
            if reader.bit()? {
                refs = reader.ue()? + 1;
            }
            if refs != 1 || front.slice_type != SliceType::P || pps.weighted[0] || pps.cabac_init {
                return None;
            }
            if pps.lists_modification && front.total > 1 && reader.bit()? {
                return None;
            }
            merge = 5u32.checked_sub(reader.ue()?)?;
        }
        let qp_delta = reader.se()?;
        if pps.slice_chroma_offsets && (reader.se()? != 0 || reader.se()? != 0) {
            return None;
        }
        if pps.deblocking.may_override && reader.bit()? {
            return None;
        }
        if pps.filter_across_slices && !pps.deblocking.disabled {
            reader.skip(1)?;
        }
        if pps.slice_extension && reader.ue()? != 0 {
            return None;
        }
        reader.skip(1)?;
        while !reader.position().is_multiple_of(8) {
            reader.skip(1)?;
        }
        Some(Self { merge, qp_delta })
    }
}

/// Ceil(Log2(count)).
fn bits_for(count: u32) -> u32 {
    count.max(1).next_power_of_two().trailing_zeros()
}

/// The long-term pictures of a header; how many of them the picture may refer to.
fn long_term(reader: &mut BitReader<'_>, sps: &Sps, known: &[bool]) -> Option<usize> {
    let of_sps = if known.is_empty() { 0 } else { reader.ue()? };
    let own = reader.ue()?;
    if of_sps + own > 32 {
        return None;
    }
    let mut used = 0;
    for picture in 0..of_sps + own {
        let is_used = if picture < of_sps {
            *known.get(reader.bits(bits_for(known.len() as u32))? as usize)?
        } else {
            reader.skip(sps.log2_max_poc_lsb as usize)?;
            reader.bit()?
        };
        used += usize::from(is_used);
        // delta_poc_msb_present_flag
        if reader.bit()? {
            reader.ue()?;
        }
    }
    Some(used)
}
