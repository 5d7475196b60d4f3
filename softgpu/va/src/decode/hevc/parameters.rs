//! Parameter sets out of libva's structures, as NAL units without emulation prevention.

use crate::bits::BitWriter;
use crate::sys;

/// sps_max_sub_layers_minus1: pictures of all temporal layers belong to the stream.
const LAYERS: u32 = 6;

/// profile_tier_level(1, 6), 7.3.3.
fn profile(bits: &mut BitWriter) {
    // Main 10 has Main within it.
    bits.bits(2, 8);
    bits.bits(3 << 28, 32);
    // general_progressive_source_flag, general_frame_only_constraint_flag
    bits.bits(0b1001 << 28, 32);
    bits.bits(0, 16);
    bits.bits(186, 8);
    // No profile or level of any sub-layer, and reserved_zero_2bits.
    bits.bits(0, 16);
}

/// Pictures in the buffer, none of them kept back for reordering, no limit of latency.
fn ordering(bits: &mut BitWriter) {
    bits.bit(false);
    bits.ue(15);
    bits.ue(0);
    bits.ue(0);
}

/// video_parameter_set_rbsp(), 7.3.2.1.
pub(super) fn video() -> Vec<u8> {
    let mut bits = BitWriter::new();
    bits.bits(0x4001, 16);
    bits.bits(0, 4);
    bits.bits(3, 2);
    bits.bits(0, 6);
    bits.bits(LAYERS, 3);
    bits.bit(true);
    bits.bits(0xffff, 16);
    profile(&mut bits);
    ordering(&mut bits);
    bits.bits(0, 6);
    bits.ue(0);
    bits.bits(0, 2);
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// seq_parameter_set_rbsp(), 7.3.2.2.
pub(super) fn sequence(picture: &sys::VAPictureParameterBufferHEVC) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let (fields, parsing) = unsafe { (picture.pic_fields.bits, picture.slice_parsing_fields.bits) };
    let mut bits = BitWriter::new();
    bits.bits(0x4201, 16);
    bits.bits(0, 4);
    bits.bits(LAYERS, 3);
    bits.bit(true);
    profile(&mut bits);
    bits.ue(0);
    bits.ue(fields.chroma_format_idc());
    if fields.chroma_format_idc() == 3 {
        bits.bit(fields.separate_colour_plane_flag() != 0);
    }
    bits.ue(picture.pic_width_in_luma_samples.into());
    bits.ue(picture.pic_height_in_luma_samples.into());
    bits.bit(false); // conformance_window_flag
    bits.ue(picture.bit_depth_luma_minus8.into());
    bits.ue(picture.bit_depth_chroma_minus8.into());
    bits.ue(picture.log2_max_pic_order_cnt_lsb_minus4.into());
    ordering(&mut bits);
    for value in [
        picture.log2_min_luma_coding_block_size_minus3,
        picture.log2_diff_max_min_luma_coding_block_size,
        picture.log2_min_transform_block_size_minus2,
        picture.log2_diff_max_min_transform_block_size,
        picture.max_transform_hierarchy_depth_inter,
        picture.max_transform_hierarchy_depth_intra,
    ] {
        bits.ue(value.into());
    }
    let lists = fields.scaling_list_enabled_flag() != 0;
    bits.bit(lists);
    if lists {
        bits.bit(false); // They come with the pictures.
    }
    bits.bit(fields.amp_enabled_flag() != 0);
    bits.bit(parsing.sample_adaptive_offset_enabled_flag() != 0);
    bits.bit(fields.pcm_enabled_flag() != 0);
    if fields.pcm_enabled_flag() != 0 {
        bits.bits(picture.pcm_sample_bit_depth_luma_minus1.into(), 4);
        bits.bits(picture.pcm_sample_bit_depth_chroma_minus1.into(), 4);
        bits.ue(picture.log2_min_pcm_luma_coding_block_size_minus3.into());
        bits.ue(picture.log2_diff_max_min_pcm_luma_coding_block_size.into());
        bits.bit(fields.pcm_loop_filter_disabled_flag() != 0);
    }
    bits.ue(0); // num_short_term_ref_pic_sets
    let long = parsing.long_term_ref_pics_present_flag() != 0;
    bits.bit(long);
    if long {
        bits.ue(0);
    }
    bits.bit(parsing.sps_temporal_mvp_enabled_flag() != 0);
    bits.bit(fields.strong_intra_smoothing_enabled_flag() != 0);
    bits.bits(0, 2); // vui_parameters_present_flag, sps_extension_present_flag
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// pic_parameter_set_rbsp(), 7.3.2.3.
pub(super) fn picture(
    id: u32,
    picture: &sys::VAPictureParameterBufferHEVC,
    matrix: Option<&sys::VAIQMatrixBufferHEVC>,
) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let (fields, parsing) = unsafe { (picture.pic_fields.bits, picture.slice_parsing_fields.bits) };
    let mut bits = BitWriter::new();
    bits.bits(0x4401, 16);
    bits.ue(id);
    bits.ue(0);
    bits.bit(parsing.dependent_slice_segments_enabled_flag() != 0);
    bits.bit(parsing.output_flag_present_flag() != 0);
    bits.bits(picture.num_extra_slice_header_bits.into(), 3);
    bits.bit(fields.sign_data_hiding_enabled_flag() != 0);
    bits.bit(parsing.cabac_init_present_flag() != 0);
    bits.ue(picture.num_ref_idx_l0_default_active_minus1.into());
    bits.ue(picture.num_ref_idx_l1_default_active_minus1.into());
    bits.se(picture.init_qp_minus26.into());
    bits.bit(fields.constrained_intra_pred_flag() != 0);
    bits.bit(fields.transform_skip_enabled_flag() != 0);
    bits.bit(fields.cu_qp_delta_enabled_flag() != 0);
    if fields.cu_qp_delta_enabled_flag() != 0 {
        bits.ue(picture.diff_cu_qp_delta_depth.into());
    }
    bits.se(picture.pps_cb_qp_offset.into());
    bits.se(picture.pps_cr_qp_offset.into());
    bits.bit(parsing.pps_slice_chroma_qp_offsets_present_flag() != 0);
    bits.bit(fields.weighted_pred_flag() != 0);
    bits.bit(fields.weighted_bipred_flag() != 0);
    bits.bit(fields.transquant_bypass_enabled_flag() != 0);
    bits.bit(fields.tiles_enabled_flag() != 0);
    bits.bit(fields.entropy_coding_sync_enabled_flag() != 0);
    if fields.tiles_enabled_flag() != 0 {
        let columns = usize::from(picture.num_tile_columns_minus1).min(picture.column_width_minus1.len());
        let rows = usize::from(picture.num_tile_rows_minus1).min(picture.row_height_minus1.len());
        bits.ue(columns as u32);
        bits.ue(rows as u32);
        bits.bit(false); // uniform_spacing_flag: clients fill the sizes in either way (va_dec_hevc.h).
        for &size in picture.column_width_minus1[..columns].iter().chain(&picture.row_height_minus1[..rows]) {
            bits.ue(size.into());
        }
        bits.bit(fields.loop_filter_across_tiles_enabled_flag() != 0);
    }
    bits.bit(fields.pps_loop_filter_across_slices_enabled_flag() != 0);
    bits.bit(true); // deblocking_filter_control_present_flag
    bits.bit(parsing.deblocking_filter_override_enabled_flag() != 0);
    bits.bit(parsing.pps_disable_deblocking_filter_flag() != 0);
    if parsing.pps_disable_deblocking_filter_flag() == 0 {
        bits.se(picture.pps_beta_offset_div2.into());
        bits.se(picture.pps_tc_offset_div2.into());
    }
    // Lists without data are the default ones.
    let matrix = matrix.filter(|_| fields.scaling_list_enabled_flag() != 0);
    bits.bit(matrix.is_some());
    if let Some(matrix) = matrix {
        scaling_lists(&mut bits, matrix);
    }
    bits.bit(parsing.lists_modification_present_flag() != 0);
    bits.ue(picture.log2_parallel_merge_level_minus2.into());
    bits.bit(parsing.slice_segment_header_extension_present_flag() != 0);
    bits.bit(false); // pps_extension_present_flag
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// scaling_list_data(), 7.3.4.
fn scaling_lists(bits: &mut BitWriter, matrix: &sys::VAIQMatrixBufferHEVC) {
    for list in &matrix.ScalingList4x4 {
        scaling_list(bits, list, None, 4);
    }
    for list in &matrix.ScalingList8x8 {
        scaling_list(bits, list, None, 8);
    }
    for (list, &first) in matrix.ScalingList16x16.iter().zip(&matrix.ScalingListDC16x16) {
        scaling_list(bits, list, Some(first), 8);
    }
    for (list, &first) in matrix.ScalingList32x32.iter().zip(&matrix.ScalingListDC32x32) {
        scaling_list(bits, list, Some(first), 8);
    }
}

/// One list. The structures have it in raster order: so FFmpeg fills them in (vaapi_hevc.c), though the header does not say.
fn scaling_list(bits: &mut BitWriter, list: &[u8], first: Option<u8>, size: usize) {
    bits.bit(true); // scaling_list_pred_mode_flag: no other list is referred to.
    let mut last = 8u8;
    if let Some(first) = first {
        let first = first.max(1);
        bits.se(i32::from(first) - 8);
        last = first;
    }
    // Up-right diagonal scan, 6.5.3.
    for sum in 0..2 * size - 1 {
        for x in (0..=sum).filter(|&x| x < size && sum - x < size) {
            let value = list[(sum - x) * size + x].max(1);
            bits.se(value.wrapping_sub(last).cast_signed().into());
            last = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;

    #[test]
    fn a_list_is_coded_along_the_diagonals() {
        let mut bits = BitWriter::new();
        let list: Vec<u8> = (0..64).map(|at| (at * 3 + 1) as u8).collect();
        scaling_list(&mut bits, &list, Some(20), 8);
        bits.trailing();
        let mut reader = BitReader::new(bits.as_bytes());
        assert_eq!((reader.bit(), reader.se()), (Some(true), Some(12)));
        let mut last = 20i32;
        // Figure in 6.5.3: from the lower left to the upper right.
        for position in [0usize, 8, 1, 16, 9, 2, 24, 17, 10, 3] {
            last = (last + reader.se().unwrap() + 256) % 256;
            assert_eq!(last, i32::from(list[position]));
        }
    }
}
