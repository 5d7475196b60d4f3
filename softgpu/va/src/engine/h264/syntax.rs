//! Parameter sets and slice headers of H.264, as far as an encoder of frames in 4:2:0 needs them: read from what a client
//! packed, written where it packed none. Sections cited are those of ITU-T H.264.

use crate::bits::{BitReader, BitWriter};

/// nal_unit_type of a slice of an IDR picture, table 7-1.
pub(crate) const NAL_IDR: u32 = 5;
pub(crate) const NAL_SPS: u32 = 7;
pub(crate) const NAL_PPS: u32 = 8;

/// The sequence parameter set, 7.3.2.1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sps {
    pub(crate) profile_idc: u32,
    /// constraint_set0_flag to constraint_set5_flag and the two zero bits.
    pub(crate) constraints: u32,
    pub(crate) level_idc: u32,
    pub(crate) id: u32,
    pub(crate) chroma_format_idc: u32,
    pub(crate) separate_colour_plane: bool,
    pub(crate) bit_depth_luma: u32,
    pub(crate) bit_depth_chroma: u32,
    pub(crate) scaling_matrix: bool,
    pub(crate) log2_max_frame_num: u32,
    pub(crate) poc_type: u32,
    pub(crate) log2_max_poc_lsb: u32,
    pub(crate) delta_pic_order_always_zero: bool,
    pub(crate) offset_for_non_ref_pic: i32,
    pub(crate) offset_for_top_to_bottom_field: i32,
    pub(crate) offsets_for_ref_frame: Vec<i32>,
    pub(crate) max_num_ref_frames: u32,
    pub(crate) gaps_in_frame_num: bool,
    pub(crate) width_mbs: u32,
    pub(crate) height_map_units: u32,
    pub(crate) frame_mbs_only: bool,
    pub(crate) mb_adaptive: bool,
    pub(crate) direct_8x8_inference: bool,
    /// Left, right, top, bottom, in units of two samples.
    pub(crate) crop: Option<[u32; 4]>,
    /// What is written of the VUI; nothing of it is read.
    pub(crate) vui: Option<Vui>,
}

/// The parts of the VUI (E.1.1) that VA-API's structures know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vui {
    /// aspect_ratio_idc, sar_width, sar_height.
    pub(crate) aspect: Option<(u32, u32, u32)>,
    /// num_units_in_tick, time_scale, fixed_frame_rate_flag.
    pub(crate) timing: Option<(u32, u32, bool)>,
    pub(crate) max_reorder: u32,
    pub(crate) max_buffering: u32,
}

/// Profiles whose SPS has chroma_format_idc and what follows.
fn has_chroma_format(profile_idc: u32) -> bool {
    matches!(profile_idc, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

impl Sps {
    /// From the RBSP after the NAL unit's header.
    pub(crate) fn parse(reader: &mut BitReader<'_>) -> Option<Self> {
        let mut sps = Self {
            profile_idc: reader.bits(8)?,
            constraints: reader.bits(8)?,
            level_idc: reader.bits(8)?,
            id: reader.ue()?,
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            ..Self::default()
        };
        if has_chroma_format(sps.profile_idc) {
            sps.chroma_format_idc = reader.ue()?;
            if sps.chroma_format_idc == 3 {
                sps.separate_colour_plane = reader.bit()?;
            }
            sps.bit_depth_luma = reader.ue()?.checked_add(8).filter(|&depth| depth <= 14)?;
            sps.bit_depth_chroma = reader.ue()?.checked_add(8).filter(|&depth| depth <= 14)?;
            reader.bit()?; // qpprime_y_zero_transform_bypass_flag
            sps.scaling_matrix = reader.bit()?;
            if sps.scaling_matrix {
                skip_scaling_lists(reader, if sps.chroma_format_idc == 3 { 12 } else { 8 })?;
            }
        }
        sps.log2_max_frame_num = reader.ue()?.checked_add(4).filter(|&log2| log2 <= 16)?;
        sps.poc_type = reader.ue()?;
        match sps.poc_type {
            0 => sps.log2_max_poc_lsb = reader.ue()?.checked_add(4).filter(|&log2| log2 <= 16)?,
            1 => {
                sps.delta_pic_order_always_zero = reader.bit()?;
                sps.offset_for_non_ref_pic = reader.se()?;
                sps.offset_for_top_to_bottom_field = reader.se()?;
                for _ in 0..reader.ue()?.min(255) {
                    sps.offsets_for_ref_frame.push(reader.se()?);
                }
            }
            _ => {}
        }
        sps.max_num_ref_frames = reader.ue()?;
        sps.gaps_in_frame_num = reader.bit()?;
        sps.width_mbs = reader.ue()?.checked_add(1).filter(|&mbs| mbs <= 4096)?;
        sps.height_map_units = reader.ue()?.checked_add(1).filter(|&units| units <= 4096)?;
        sps.frame_mbs_only = reader.bit()?;
        if !sps.frame_mbs_only {
            sps.mb_adaptive = reader.bit()?;
        }
        sps.direct_8x8_inference = reader.bit()?;
        if reader.bit()? {
            sps.crop = Some([reader.ue()?, reader.ue()?, reader.ue()?, reader.ue()?]);
        }
        Some(sps)
    }

    /// The whole RBSP with its NAL unit header.
    pub(crate) fn write(&self) -> BitWriter {
        let mut out = BitWriter::new();
        out.bits(3 << 5 | NAL_SPS, 8);
        out.bits(self.profile_idc, 8);
        out.bits(self.constraints, 8);
        out.bits(self.level_idc, 8);
        out.ue(self.id);
        if has_chroma_format(self.profile_idc) {
            out.ue(self.chroma_format_idc);
            out.ue(self.bit_depth_luma - 8);
            out.ue(self.bit_depth_chroma - 8);
            out.bits(0, 2);
        }
        out.ue(self.log2_max_frame_num - 4);
        out.ue(self.poc_type);
        match self.poc_type {
            0 => out.ue(self.log2_max_poc_lsb - 4),
            1 => {
                out.bit(self.delta_pic_order_always_zero);
                out.se(self.offset_for_non_ref_pic);
                out.se(self.offset_for_top_to_bottom_field);
                out.ue(self.offsets_for_ref_frame.len() as u32);
                self.offsets_for_ref_frame.iter().for_each(|&offset| out.se(offset));
            }
            _ => {}
        }
        out.ue(self.max_num_ref_frames);
        out.bit(self.gaps_in_frame_num);
        out.ue(self.width_mbs - 1);
        out.ue(self.height_map_units - 1);
        out.bit(self.frame_mbs_only);
        if !self.frame_mbs_only {
            out.bit(self.mb_adaptive);
        }
        out.bit(self.direct_8x8_inference);
        out.bit(self.crop.is_some());
        self.crop.iter().flatten().for_each(|&side| out.ue(side));
        out.bit(self.vui.is_some());
        if let Some(vui) = &self.vui {
            vui.write(&mut out);
        }
        out.trailing();
        out
    }

    pub(crate) fn height_mbs(&self) -> u32 {
        self.height_map_units * if self.frame_mbs_only { 1 } else { 2 }
    }

    /// Width and height of what a decoder shows.
    #[cfg(test)]
    pub(crate) fn visible(&self) -> (u32, u32) {
        let [left, right, top, bottom] = self.crop.unwrap_or_default();
        let vertical = if self.frame_mbs_only { 2 } else { 4 };
        let cut = |whole: u32, unit: u32, a: u32, b: u32| {
            whole.saturating_sub(unit.saturating_mul(a.saturating_add(b))).max(1)
        };
        (cut(16 * self.width_mbs, 2, left, right), cut(16 * self.height_mbs(), vertical, top, bottom))
    }
}

impl Vui {
    fn write(&self, out: &mut BitWriter) {
        out.bit(self.aspect.is_some());
        if let Some((idc, width, height)) = self.aspect {
            out.bits(idc, 8);
            if idc == 255 {
                out.bits(width, 16);
                out.bits(height, 16);
            }
        }
        out.bits(0, 3); // overscan_info_present_flag, video_signal_type_present_flag, chroma_loc_info_present_flag
        out.bit(self.timing.is_some());
        if let Some((units, scale, fixed)) = self.timing {
            out.bits(units, 32);
            out.bits(scale, 32);
            out.bit(fixed);
        }
        out.bits(0, 3); // nal_hrd_parameters_present_flag, vcl_hrd_parameters_present_flag, pic_struct_present_flag
        out.bit(true); // bitstream_restriction_flag
        out.bit(true); // motion_vectors_over_pic_boundaries_flag
        for value in [0, 0, 16, 16, self.max_reorder, self.max_buffering] {
            out.ue(value);
        }
    }
}

/// scaling_list(), 7.3.2.1.1.1.
fn skip_scaling_lists(reader: &mut BitReader<'_>, lists: u32) -> Option<()> {
    for list in 0..lists {
        if !reader.bit()? {
            continue;
        }
        let (mut last, mut next) = (8i32, 8i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = last.wrapping_add(reader.se()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// The picture parameter set, 7.3.2.2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pps {
    pub(crate) id: u32,
    pub(crate) sps_id: u32,
    pub(crate) cabac: bool,
    pub(crate) pic_order_present: bool,
    pub(crate) slice_groups: u32,
    /// num_ref_idx_l0_default_active_minus1 + 1, and of list 1.
    pub(crate) num_refs: [u32; 2],
    pub(crate) weighted_pred: bool,
    pub(crate) weighted_bipred_idc: u32,
    /// 26 + pic_init_qp_minus26.
    pub(crate) init_qp: i32,
    pub(crate) chroma_qp_offset: i32,
    pub(crate) deblocking_control: bool,
    pub(crate) constrained_intra: bool,
    pub(crate) redundant_pic_cnt: bool,
    pub(crate) transform_8x8: bool,
    pub(crate) scaling_matrix: bool,
    pub(crate) second_chroma_qp_offset: i32,
}

impl Pps {
    /// From the RBSP after the NAL unit's header.
    pub(crate) fn parse(reader: &mut BitReader<'_>) -> Option<Self> {
        let mut pps = Self {
            id: reader.ue()?,
            sps_id: reader.ue()?,
            cabac: reader.bit()?,
            pic_order_present: reader.bit()?,
            slice_groups: reader.ue()?.checked_add(1)?,
            ..Self::default()
        };
        if pps.slice_groups > 1 {
            return Some(pps);
        }
        for refs in &mut pps.num_refs {
            *refs = reader.ue()?.checked_add(1).filter(|&refs| refs <= 32)?;
        }
        pps.weighted_pred = reader.bit()?;
        pps.weighted_bipred_idc = reader.bits(2)?;
        pps.init_qp = reader.se()?.checked_add(26).filter(|qp| (0..=51).contains(qp))?;
        reader.se()?; // pic_init_qs_minus26
        pps.chroma_qp_offset = reader.se()?;
        pps.deblocking_control = reader.bit()?;
        pps.constrained_intra = reader.bit()?;
        pps.redundant_pic_cnt = reader.bit()?;
        pps.second_chroma_qp_offset = pps.chroma_qp_offset;
        if reader.more_data() {
            pps.transform_8x8 = reader.bit()?;
            pps.scaling_matrix = reader.bit()?;
            if pps.scaling_matrix {
                skip_scaling_lists(reader, 6 + if pps.transform_8x8 { 2 } else { 0 })?;
            }
            pps.second_chroma_qp_offset = reader.se()?;
        }
        Some(pps)
    }

    /// The whole RBSP with its NAL unit header.
    pub(crate) fn write(&self) -> BitWriter {
        let mut out = BitWriter::new();
        out.bits(3 << 5 | NAL_PPS, 8);
        out.ue(self.id);
        out.ue(self.sps_id);
        out.bit(self.cabac);
        out.bit(self.pic_order_present);
        out.ue(0);
        self.num_refs.iter().for_each(|&refs| out.ue(refs.max(1) - 1));
        out.bit(self.weighted_pred);
        out.bits(self.weighted_bipred_idc, 2);
        out.se(self.init_qp - 26);
        out.se(0);
        out.se(self.chroma_qp_offset);
        out.bit(self.deblocking_control);
        out.bit(self.constrained_intra);
        out.bit(self.redundant_pic_cnt);
        if self.transform_8x8 || self.second_chroma_qp_offset != self.chroma_qp_offset {
            out.bit(self.transform_8x8);
            out.bit(false);
            out.se(self.second_chroma_qp_offset);
        }
        out.trailing();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn sps() -> Sps {
        Sps {
            profile_idc: 100,
            level_idc: 40,
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            log2_max_frame_num: 8,
            log2_max_poc_lsb: 9,
            max_num_ref_frames: 2,
            width_mbs: 40,
            height_map_units: 23,
            frame_mbs_only: true,
            direct_8x8_inference: true,
            crop: Some([0, 1, 0, 5]),
            ..Sps::default()
        }
    }

    #[test]
    fn parameter_sets_read_back_as_they_were_written() {
        for (profile_idc, poc_type) in [(66, 2), (77, 1), (100, 0)] {
            let sps = Sps {
                profile_idc,
                poc_type,
                log2_max_poc_lsb: if poc_type == 0 { 9 } else { 0 },
                offsets_for_ref_frame: if poc_type == 1 { vec![2, -4] } else { vec![] },
                ..sps()
            };
            let written = sps.write();
            let mut reader = BitReader::new(written.as_bytes());
            assert_eq!(reader.bits(8), Some(0x67));
            assert_eq!(Sps::parse(&mut reader), Some(sps));
        }
        for pps in [
            Pps { init_qp: 30, num_refs: [2, 1], slice_groups: 1, cabac: true, ..Pps::default() },
            Pps {
                num_refs: [1, 1],
                slice_groups: 1,
                transform_8x8: true,
                second_chroma_qp_offset: -3,
                ..Pps::default()
            },
        ] {
            let written = pps.write();
            let mut reader = BitReader::new(written.as_bytes());
            assert_eq!(reader.bits(8), Some(0x68));
            assert_eq!(Pps::parse(&mut reader), Some(pps));
        }
    }

    #[test]
    fn the_visible_size_is_the_cropped_one() {
        assert_eq!(sps().visible(), (638, 358));
        assert_eq!(Sps { crop: None, ..sps() }.visible(), (640, 368));
        assert_eq!(Sps { crop: Some([u32::MAX; 4]), ..sps() }.visible(), (1, 1));
    }

    #[test]
    fn parameter_sets_that_end_early_are_none() {
        let written = sps().write();
        for length in 1..written.as_bytes().len() - 1 {
            assert_eq!(Sps::parse(&mut BitReader::new(&written.as_bytes()[1..length])), None);
        }
    }
}
