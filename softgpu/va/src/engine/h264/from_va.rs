//! Headers out of VA-API's structures (libva, va_enc_h264.h), for clients that pack none themselves.

use super::slice::{SliceHeader, SliceKind};
use super::syntax::{Pps, Sps, Vui};
use crate::sys;

/// H264_LEVEL and profile numbers: table A-1 and A.2.
fn profile(profile: i32) -> (u32, u32) {
    match profile {
        // constraint_set0_flag and constraint_set1_flag: Constrained Baseline (A.2.1.1).
        sys::VAProfileH264ConstrainedBaseline => (66, 0b1100_0000),
        sys::VAProfileH264Main => (77, 0b0100_0000),
        _ => (100, 0),
    }
}

/// The sequence parameter set.
pub(super) fn sps(seq: &sys::VAEncSequenceParameterBufferH264, va_profile: i32) -> Sps {
    // SAFETY: both views of the union are plain bits.
    let (fields, vui_fields) = unsafe { (seq.seq_fields.bits, seq.vui_fields.bits) };
    let (profile_idc, constraints) = profile(va_profile);
    let frame_mbs_only = fields.frame_mbs_only_flag() != 0;
    let cycle = usize::from(seq.num_ref_frames_in_pic_order_cnt_cycle);
    // B pictures are shown after pictures that are coded later.
    let max_reorder = if seq.ip_period > 1 { seq.max_num_ref_frames } else { 0 };
    let vui = (seq.vui_parameters_present_flag != 0).then(|| Vui {
        aspect: (vui_fields.aspect_ratio_info_present_flag() != 0).then_some((
            u32::from(seq.aspect_ratio_idc),
            seq.sar_width,
            seq.sar_height,
        )),
        timing: (vui_fields.timing_info_present_flag() != 0).then_some((
            seq.num_units_in_tick,
            seq.time_scale,
            vui_fields.fixed_frame_rate_flag() != 0,
        )),
        max_reorder,
        max_buffering: seq.max_num_ref_frames,
    });
    Sps {
        profile_idc,
        constraints,
        level_idc: u32::from(seq.level_idc),
        id: u32::from(seq.seq_parameter_set_id),
        chroma_format_idc: fields.chroma_format_idc(),
        bit_depth_luma: 8 + u32::from(seq.bit_depth_luma_minus8),
        bit_depth_chroma: 8 + u32::from(seq.bit_depth_chroma_minus8),
        scaling_matrix: fields.seq_scaling_matrix_present_flag() != 0,
        log2_max_frame_num: (fields.log2_max_frame_num_minus4() + 4).min(16),
        poc_type: fields.pic_order_cnt_type().min(2),
        log2_max_poc_lsb: (fields.log2_max_pic_order_cnt_lsb_minus4() + 4).min(16),
        delta_pic_order_always_zero: fields.delta_pic_order_always_zero_flag() != 0,
        offset_for_non_ref_pic: seq.offset_for_non_ref_pic,
        offset_for_top_to_bottom_field: seq.offset_for_top_to_bottom_field,
        offsets_for_ref_frame: seq.offset_for_ref_frame[..cycle].to_vec(),
        max_num_ref_frames: seq.max_num_ref_frames,
        width_mbs: u32::from(seq.picture_width_in_mbs),
        height_map_units: u32::from(seq.picture_height_in_mbs) / if frame_mbs_only { 1 } else { 2 },
        frame_mbs_only,
        mb_adaptive: fields.mb_adaptive_frame_field_flag() != 0,
        direct_8x8_inference: fields.direct_8x8_inference_flag() != 0,
        crop: (seq.frame_cropping_flag != 0).then_some([
            seq.frame_crop_left_offset,
            seq.frame_crop_right_offset,
            seq.frame_crop_top_offset,
            seq.frame_crop_bottom_offset,
        ]),
        vui,
        ..Sps::default()
    }
}

/// The picture parameter set.
pub(super) fn pps(pic: &sys::VAEncPictureParameterBufferH264) -> Pps {
    // SAFETY: both views of the union are plain bits.
    let fields = unsafe { pic.pic_fields.bits };
    Pps {
        id: u32::from(pic.pic_parameter_set_id),
        sps_id: u32::from(pic.seq_parameter_set_id),
        cabac: fields.entropy_coding_mode_flag() != 0,
        pic_order_present: fields.pic_order_present_flag() != 0,
        slice_groups: 1,
        num_refs: [pic.num_ref_idx_l0_active_minus1, pic.num_ref_idx_l1_active_minus1]
            .map(|refs| u32::from(refs.min(31)) + 1),
        weighted_pred: fields.weighted_pred_flag() != 0,
        weighted_bipred_idc: fields.weighted_bipred_idc(),
        init_qp: i32::from(pic.pic_init_qp.min(51)),
        chroma_qp_offset: i32::from(pic.chroma_qp_index_offset),
        deblocking_control: fields.deblocking_filter_control_present_flag() != 0,
        constrained_intra: fields.constrained_intra_pred_flag() != 0,
        redundant_pic_cnt: fields.redundant_pic_cnt_present_flag() != 0,
        transform_8x8: fields.transform_8x8_mode_flag() != 0,
        scaling_matrix: fields.pic_scaling_matrix_present_flag() != 0,
        second_chroma_qp_offset: i32::from(pic.second_chroma_qp_index_offset),
    }
}

/// Whether a picture structure names a picture.
fn is_there(picture: &sys::VAPictureH264) -> bool {
    picture.picture_id != sys::VA_INVALID_SURFACE && picture.flags & sys::VA_PICTURE_H264_INVALID == 0
}

/// The surface of the first picture in reference list 0.
pub(super) fn first_reference(slice: &sys::VAEncSliceParameterBufferH264) -> Option<u32> {
    slice.RefPicList0.first().filter(|picture| is_there(picture)).map(|picture| picture.picture_id)
}

/// The surfaces of all short-term pictures in the first `lists` reference lists.
pub(super) fn references(
    slice: &sys::VAEncSliceParameterBufferH264,
    lists: usize,
) -> impl Iterator<Item = u32> + '_ {
    [&slice.RefPicList0, &slice.RefPicList1].into_iter().take(lists).flatten().filter_map(|picture| {
        let short = picture.flags & sys::VA_PICTURE_H264_LONG_TERM_REFERENCE == 0;
        (is_there(picture) && short).then_some(picture.picture_id)
    })
}

/// The slice header.
pub(super) fn slice(
    pic: &sys::VAEncPictureParameterBufferH264,
    slice: &sys::VAEncSliceParameterBufferH264,
    sps: &Sps,
    pps: &Pps,
) -> SliceHeader {
    // SAFETY: both views of the union are plain bits.
    let fields = unsafe { pic.pic_fields.bits };
    let idr = fields.idr_pic_flag() != 0;
    let kind = match slice.slice_type % 5 {
        0 => SliceKind::P,
        1 => SliceKind::B,
        _ => SliceKind::I,
    };
    let override_refs = slice.num_ref_idx_active_override_flag != 0;
    let num_refs = [slice.num_ref_idx_l0_active_minus1, slice.num_ref_idx_l1_active_minus1]
        .map(|refs| u32::from(refs.min(31)) + 1);
    let frame_num = u32::from(pic.frame_num);
    let first_is_modified = kind == SliceKind::P;
    SliceHeader {
        ref_idc: match fields.reference_pic_flag() {
            0 if idr => 1,
            ref_idc => ref_idc,
        },
        idr,
        first_mb: slice.macroblock_address,
        kind,
        all_alike: slice.slice_type >= 5,
        pps_id: u32::from(slice.pic_parameter_set_id),
        frame_num,
        idr_pic_id: u32::from(slice.idr_pic_id),
        poc_lsb: u32::from(slice.pic_order_cnt_lsb),
        delta_poc_bottom: slice.delta_pic_order_cnt_bottom,
        delta_poc: slice.delta_pic_order_cnt,
        redundant_pic_cnt: 0,
        direct_spatial: slice.direct_spatial_mv_pred_flag != 0,
        override_refs,
        num_refs: if override_refs { num_refs } else { pps.num_refs },
        modifications: [
            if first_is_modified { first_modification(pic, slice, frame_num, sps) } else { None },
            None,
        ],
        no_output_of_prior_pics: false,
        long_term_reference: false,
        markings: None,
        cabac_init_idc: u32::from(slice.cabac_init_idc.min(2)),
        qp_delta: i32::from(slice.slice_qp_delta),
        deblocking: (
            u32::from(slice.disable_deblocking_filter_idc.min(2)),
            i32::from(slice.slice_alpha_c0_offset_div2),
            i32::from(slice.slice_beta_offset_div2),
        ),
    }
}

/// What puts the client's first reference where it is wanted, when it is not the one that comes first by itself: the
/// short-term picture with the highest PicNum (8.2.4.2.1). Nothing that is coded here refers to another one.
fn first_modification(
    pic: &sys::VAEncPictureParameterBufferH264,
    slice: &sys::VAEncSliceParameterBufferH264,
    frame_num: u32,
    sps: &Sps,
) -> Option<Vec<(u32, u32)>> {
    let wanted = slice.RefPicList0.first().filter(|picture| is_there(picture))?;
    if wanted.flags & sys::VA_PICTURE_H264_LONG_TERM_REFERENCE != 0 {
        return Some(vec![(2, wanted.frame_idx)]);
    }
    // PicNum counts back from this picture's frame_num (8.2.4.1).
    let max = 1u32 << sps.log2_max_frame_num;
    let distance = |picture: &sys::VAPictureH264| (frame_num.wrapping_sub(picture.frame_idx) % max).max(1);
    let nearest = pic
        .ReferenceFrames
        .iter()
        .filter(|picture| is_there(picture) && picture.flags & sys::VA_PICTURE_H264_LONG_TERM_REFERENCE == 0)
        .map(distance)
        .min()?;
    let wanted = distance(wanted);
    (wanted != nearest).then(|| vec![(0, wanted - 1)])
}
