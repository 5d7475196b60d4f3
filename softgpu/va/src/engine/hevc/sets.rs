//! Sequence and picture parameter sets (H.265, 7.3.2.2 and 7.3.2.3): what the coding of slices depends on.

use crate::bits::BitReader;

/// nal_unit_type, table 7-1.
pub(super) mod nal {
    pub(in super::super) const RASL_R: u32 = 9;
    pub(in super::super) const IRAP_FIRST: u32 = 16;
    pub(in super::super) const IDR_W_RADL: u32 = 19;
    pub(in super::super) const IDR_N_LP: u32 = 20;
    pub(in super::super) const IRAP_LAST: u32 = 23;
    pub(in super::super) const VPS: u32 = 32;
    pub(in super::super) const SPS: u32 = 33;
    pub(in super::super) const PPS: u32 = 34;
}

/// What a sequence parameter set says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) id: u32,
    pub(super) chroma_format: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Of luma and chroma.
    pub(super) bit_depths: [u32; 2],
    pub(super) log2_max_poc_lsb: u32,
    pub(super) blocks: Blocks,
    pub(super) scaling_list: bool,
    pub(super) amp: bool,
    pub(super) sao: bool,
    pub(super) pcm: bool,
    pub(super) ref_pic_sets: Vec<RefPicSet>,
    /// lt_ref_pic_poc_lsb_sps and used_by_curr_pic_lt_sps_flag; `None` without long-term references.
    pub(super) long_term: Option<Vec<bool>>,
    pub(super) temporal_mvp: bool,
    pub(super) strong_intra: bool,
}

/// Block sizes as log2, and depths of transform trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) min_cb: u32,
    pub(super) ctb: u32,
    pub(super) min_tb: u32,
    pub(super) max_tb: u32,
    pub(super) depth_inter: u32,
    pub(super) depth_intra: u32,
}

/// A short-term reference picture set (7.4.8): differences of picture order counts, nearest first, and whether the picture
/// uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RefPicSet {
    pub(super) before: Vec<(i32, bool)>,
    pub(super) after: Vec<(i32, bool)>,
}

/// More reference pictures than any level has.
const MANY: u32 = 16;

impl Sps {
    /// From a NAL unit, header included, up to the video usability information, which matters to nobody here.
    pub(super) fn parse(reader: &mut BitReader<'_>) -> Option<Self> {
        reader.skip(16)?;
        reader.skip(4)?; // sps_video_parameter_set_id
        let sub_layers = reader.bits(3)?;
        reader.skip(1)?; // sps_temporal_id_nesting_flag
        profile_tier_level(reader, sub_layers)?;
        let mut sps = Self { id: reader.ue()?, chroma_format: reader.ue()?, ..Self::default() };
        if sps.chroma_format == 3 {
            reader.skip(1)?; // separate_colour_plane_flag
        }
        (sps.width, sps.height) = (reader.ue()?, reader.ue()?);
        if reader.bit()? {
            for _ in 0..4 {
                reader.ue()?; // conf_win_*_offset
            }
        }
        sps.bit_depths = [reader.ue()? + 8, reader.ue()? + 8];
        sps.log2_max_poc_lsb = reader.ue()? + 4;
        let all = reader.bit()?; // sps_sub_layer_ordering_info_present_flag
        let first = if all { 0 } else { sub_layers };
        for _ in first..=sub_layers {
            for _ in 0..3 {
                reader.ue()?;
            }
        }
        let min_cb = reader.ue()? + 3;
        let ctb = min_cb + reader.ue()?;
        let min_tb = reader.ue()? + 2;
        let max_tb = min_tb + reader.ue()?;
        sps.blocks =
            Blocks { min_cb, ctb, min_tb, max_tb, depth_inter: reader.ue()?, depth_intra: reader.ue()? };
        sps.scaling_list = reader.bit()?;
        if sps.scaling_list && reader.bit()? {
            return None; // what follows is refused in any case
        }
        sps.amp = reader.bit()?;
        sps.sao = reader.bit()?;
        sps.pcm = reader.bit()?;
        if sps.pcm {
            reader.skip(8)?; // pcm_sample_bit_depth_*
            reader.ue()?;
            reader.ue()?;
            reader.skip(1)?; // pcm_loop_filter_disabled_flag
        }
        let count = reader.ue()?;
        if count > 64 || sps.log2_max_poc_lsb > 16 {
            return None;
        }
        for _ in 0..count {
            let set = RefPicSet::parse(reader, &sps.ref_pic_sets, count)?;
            sps.ref_pic_sets.push(set);
        }
        if reader.bit()? {
            let count = reader.ue()?;
            let mut used = Vec::new();
            for _ in 0..count.min(33) {
                reader.skip(sps.log2_max_poc_lsb as usize)?;
                used.push(reader.bit()?);
            }
            sps.long_term = Some(used);
        }
        sps.temporal_mvp = reader.bit()?;
        sps.strong_intra = reader.bit()?;
        Some(sps)
    }
}

/// profile_tier_level(1, maxNumSubLayersMinus1), 7.3.3.
fn profile_tier_level(reader: &mut BitReader<'_>, sub_layers: u32) -> Option<()> {
    reader.skip(88 + 8)?; // general profile, tier and constraints; general_level_idc
    let mut present = [(false, false); 8];
    for layer in &mut present[..sub_layers as usize] {
        *layer = (reader.bit()?, reader.bit()?);
    }
    if sub_layers > 0 {
        reader.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in &present[..sub_layers as usize] {
        reader.skip(if *profile { 88 } else { 0 } + if *level { 8 } else { 0 })?;
    }
    Some(())
}

impl RefPicSet {
    /// st_ref_pic_set(), 7.3.7, after the sets `known` of an SPS that has `total`.
    pub(super) fn parse(reader: &mut BitReader<'_>, known: &[Self], total: u32) -> Option<Self> {
        if !known.is_empty() && reader.bit()? {
            // Only a slice's own set may name any other; in the SPS it is the one before.
            let back = if known.len() as u32 == total { reader.ue()? as usize + 1 } else { 1 };
            let from = known.len().checked_sub(back).and_then(|at| known.get(at))?;
            return Self::predicted(reader, from);
        }
        let (before, after) = (reader.ue()?, reader.ue()?);
        if before > MANY || after > MANY {
            return None;
        }
        let mut run = |count: u32, sign: i32| {
            let mut delta = 0;
            let mut list = Vec::new();
            for _ in 0..count {
                delta += sign * i32::try_from(reader.ue()? + 1).ok()?;
                list.push((delta, reader.bit()?));
            }
            Some(list)
        };
        Some(Self { before: run(before, -1)?, after: run(after, 1)? })
    }

    /// inter_ref_pic_set_prediction_flag: equations (7-61) and (7-62).
    fn predicted(reader: &mut BitReader<'_>, from: &Self) -> Option<Self> {
        let negative = reader.bit()?;
        let size = i32::try_from(reader.ue()? + 1).ok()?;
        let shift = if negative { -size } else { size };
        // The other set's pictures, those before first, and that set's own picture after them.
        let mut all: Vec<i32> = from.before.iter().chain(&from.after).map(|picture| picture.0).collect();
        all.push(0);
        let mut kept = Vec::new();
        for delta in all {
            let used = reader.bit()?;
            // use_delta_flag is there only for pictures that are not used.
            if used || reader.bit()? {
                kept.push((delta + shift, used));
            }
        }
        let mut set = Self::default();
        for picture in kept {
            match picture.0 {
                ..0 => set.before.push(picture),
                0 => {}
                1.. => set.after.push(picture),
            }
        }
        set.before.sort_by_key(|picture| -picture.0);
        set.after.sort_by_key(|picture| picture.0);
        Some(set)
    }

    /// Pictures that the current one may refer to.
    pub(super) fn used(&self) -> usize {
        self.before.iter().chain(&self.after).filter(|picture| picture.1).count()
    }

    /// The first of list 0 (8.3.4), as a difference of picture order counts.
    pub(super) fn first(&self) -> Option<i32> {
        self.before.iter().chain(&self.after).find(|picture| picture.1).map(|picture| picture.0)
    }
}

/// What a picture parameter set says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pps {
    pub(super) id: u32,
    pub(super) sps_id: u32,
    pub(super) dependent_slices: bool,
    pub(super) output_flag: bool,
    pub(super) extra_slice_bits: u32,
    pub(super) sign_hiding: bool,
    pub(super) cabac_init: bool,
    pub(super) num_refs: [u32; 2],
    /// 26 + init_qp_minus26.
    pub(super) init_qp: i32,
    pub(super) constrained_intra: bool,
    pub(super) transform_skip: bool,
    /// diff_cu_qp_delta_depth; `None` without cu_qp_delta_enabled_flag.
    pub(super) cu_qp_delta: Option<u32>,
    pub(super) chroma_offsets: [i32; 2],
    pub(super) slice_chroma_offsets: bool,
    pub(super) weighted: [bool; 2],
    pub(super) transquant_bypass: bool,
    pub(super) tiles: bool,
    pub(super) wavefront: bool,
    pub(super) filter_across_slices: bool,
    pub(super) deblocking: Deblocking,
    pub(super) scaling_list: bool,
    pub(super) lists_modification: bool,
    pub(super) parallel_merge: u32,
    pub(super) slice_extension: bool,
    pub(super) extension: bool,
}

/// The deblocking filter as a PPS sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deblocking {
    /// deblocking_filter_override_enabled_flag.
    pub(super) may_override: bool,
    pub(super) disabled: bool,
    /// beta_offset_div2 and tc_offset_div2.
    pub(super) offsets: [i32; 2],
}

impl Pps {
    /// From a NAL unit, header included.
    pub(super) fn parse(reader: &mut BitReader<'_>) -> Option<Self> {
        reader.skip(16)?;
        let mut pps = Self { id: reader.ue()?, sps_id: reader.ue()?, ..Self::default() };
        pps.dependent_slices = reader.bit()?;
        pps.output_flag = reader.bit()?;
        pps.extra_slice_bits = reader.bits(3)?;
        pps.sign_hiding = reader.bit()?;
        pps.cabac_init = reader.bit()?;
        pps.num_refs = [reader.ue()? + 1, reader.ue()? + 1];
        pps.init_qp = reader.se()?.checked_add(26)?;
        pps.constrained_intra = reader.bit()?;
        pps.transform_skip = reader.bit()?;
        if reader.bit()? {
            pps.cu_qp_delta = Some(reader.ue()?);
        }
        pps.chroma_offsets = [reader.se()?, reader.se()?];
        pps.slice_chroma_offsets = reader.bit()?;
        pps.weighted = [reader.bit()?, reader.bit()?];
        pps.transquant_bypass = reader.bit()?;
        pps.tiles = reader.bit()?;
        pps.wavefront = reader.bit()?;
        if pps.tiles {
            return Some(pps); // refused in any case
        }
        pps.filter_across_slices = reader.bit()?;
        if reader.bit()? {
            pps.deblocking.may_override = reader.bit()?;
            pps.deblocking.disabled = reader.bit()?;
            if !pps.deblocking.disabled {
                pps.deblocking.offsets = [reader.se()?, reader.se()?];
            }
        }
        pps.scaling_list = reader.bit()?;
        if pps.scaling_list {
            return Some(pps); // refused in any case
        }
        pps.lists_modification = reader.bit()?;
        pps.parallel_merge = reader.ue()? + 2;
        pps.slice_extension = reader.bit()?;
        pps.extension = reader.bit()? && reader.bits(8)? != 0;
        Some(pps)
    }
}

/// Why slices for these sets cannot be coded; `None` when they can.
pub(super) fn refusal(sps: &Sps, pps: &Pps) -> Option<&'static str> {
    let blocks = sps.blocks;
    let checks = [
        (sps.chroma_format != 1, "only 4:2:0 is coded"),
        (sps.bit_depths[0] != sps.bit_depths[1], "luma and chroma have the same bit depth"),
        (!matches!(sps.bit_depths[0], 8 | 10), "8 and 10 bit are coded"),
        (!(4..=6).contains(&blocks.ctb), "coding tree blocks are 16, 32 or 64 pixels wide"),
        (
            !(3..=5).contains(&blocks.min_cb) || blocks.min_cb > blocks.ctb,
            "coding blocks are 8 to 32 pixels wide at least",
        ),
        (blocks.min_tb != 2, "transform blocks are 4 pixels wide at least"),
        (blocks.max_tb > 5 || blocks.max_tb > blocks.ctb, "transform blocks are 32 pixels wide at most"),
        (blocks.depth_inter > 3 || blocks.depth_intra > 3, "transform trees are 3 deep at most"),
        (
            !sps.width.is_multiple_of(1 << blocks.min_cb),
            "the width is a multiple of the smallest coding block",
        ),
        (
            !sps.height.is_multiple_of(1 << blocks.min_cb),
            "the height is a multiple of the smallest coding block",
        ),
        (sps.scaling_list || pps.scaling_list, "scaling lists are not coded"),
        (sps.pcm, "PCM is not coded"),
        (pps.tiles, "tiles are not coded"),
        (pps.wavefront, "wavefronts are not coded"),
        (pps.transquant_bypass, "transquant bypass is not coded"),
        (pps.parallel_merge != 2, "the parallel merge level is 2"),
        (pps.extension, "extensions of the picture parameter set are not coded"),
        (pps.sps_id != sps.id, "the picture parameter set belongs to another sequence parameter set"),
    ];
    checks.into_iter().find(|check| check.0).map(|check| check.1)
}
