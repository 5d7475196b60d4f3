//! Headers for clients that write none of their own, from libva's structures (va_enc_hevc.h). Those have no cropping, so
//! pictures are as large as they are coded.

use super::sets::{Sps, nal};
use super::slice::is_idr;
use crate::bits::BitWriter;
use crate::sys;

type Sequence = sys::VAEncSequenceParameterBufferHEVC;
type Picture = sys::VAEncPictureParameterBufferHEVC;
type SliceParameters = sys::VAEncSliceParameterBufferHEVC;

fn begin(nal_type: u32) -> BitWriter {
    let mut out = BitWriter::new();
    out.bits(nal_type << 9 | 1, 16); // nuh_layer_id 0, nuh_temporal_id_plus1 1
    out
}

fn end(mut out: BitWriter) -> Vec<u8> {
    out.trailing();
    out.as_bytes().to_vec()
}

/// profile_tier_level(1, 0), 7.3.3.
fn profile_tier_level(out: &mut BitWriter, sequence: &Sequence) {
    let profile = u32::from(sequence.general_profile_idc);
    out.bits(0, 2);
    out.bit(sequence.general_tier_flag != 0);
    out.bits(profile, 5);
    // A Main stream is a Main 10 stream too (A.3.3).
    let compatible = 1u32 << (31 - profile.min(31)) | if profile == 1 { 1 << 29 } else { 0 };
    out.bits(compatible, 32);
    out.bits(0b1001, 4); // progressive source, frames only
    out.bits(0, 32);
    out.bits(0, 12);
    out.bits(u32::from(sequence.general_level_idc), 8);
}

/// Pictures that the decoder holds beside the current one, and those that it may have to put off.
fn buffering(sequence: &Sequence) -> [u32; 3] {
    let reorder = u32::from(sequence.ip_period > 1) * 2;
    [4, reorder, 0]
}

/// The video, sequence and picture parameter sets.
pub(super) fn parameter_sets(sequence: &Sequence, picture: &Picture) -> [Vec<u8>; 3] {
    [video(sequence), sps(sequence), pps(picture)]
}

fn video(sequence: &Sequence) -> Vec<u8> {
    let mut out = begin(nal::VPS);
    out.bits(0, 4);
    out.bits(0b11, 2); // base layer internal and available
    out.bits(0, 6 + 3);
    out.bit(true);
    out.bits(0xffff, 16);
    profile_tier_level(&mut out, sequence);
    out.bit(true);
    buffering(sequence).into_iter().for_each(|value| out.ue(value));
    out.bits(0, 6);
    out.ue(0);
    out.bits(0, 2); // no timing, no extension
    end(out)
}

fn sps(sequence: &Sequence) -> Vec<u8> {
    // SAFETY: both members of the union are numbers.
    let fields = unsafe { sequence.seq_fields.bits };
    let mut out = begin(nal::SPS);
    out.bits(0, 4 + 3);
    out.bit(true);
    profile_tier_level(&mut out, sequence);
    out.ue(0);
    out.ue(fields.chroma_format_idc());
    out.ue(u32::from(sequence.pic_width_in_luma_samples));
    out.ue(u32::from(sequence.pic_height_in_luma_samples));
    out.bit(false);
    out.ue(fields.bit_depth_luma_minus8());
    out.ue(fields.bit_depth_chroma_minus8());
    out.ue(LOG2_POC_LSB - 4);
    out.bit(true);
    buffering(sequence).into_iter().for_each(|value| out.ue(value));
    for value in [
        sequence.log2_min_luma_coding_block_size_minus3,
        sequence.log2_diff_max_min_luma_coding_block_size,
        sequence.log2_min_transform_block_size_minus2,
        sequence.log2_diff_max_min_transform_block_size,
        sequence.max_transform_hierarchy_depth_inter,
        sequence.max_transform_hierarchy_depth_intra,
    ] {
        out.ue(u32::from(value));
    }
    out.bit(false); // scaling lists
    out.bit(fields.amp_enabled_flag() != 0);
    out.bit(fields.sample_adaptive_offset_enabled_flag() != 0);
    out.bit(false); // PCM
    out.ue(0);
    out.bit(false); // long-term pictures
    out.bit(fields.sps_temporal_mvp_enabled_flag() != 0);
    out.bit(fields.strong_intra_smoothing_enabled_flag() != 0);
    out.bits(0, 2); // no video usability information, no extension
    end(out)
}

const LOG2_POC_LSB: u32 = 12;

fn pps(picture: &Picture) -> Vec<u8> {
    // SAFETY: both members of the union are numbers.
    let fields = unsafe { picture.pic_fields.bits };
    let mut out = begin(nal::PPS);
    out.ue(u32::from(picture.slice_pic_parameter_set_id));
    out.ue(0);
    out.bits(0, 1 + 1 + 3);
    out.bit(fields.sign_data_hiding_enabled_flag() != 0);
    out.bit(false);
    out.ue(u32::from(picture.num_ref_idx_l0_default_active_minus1));
    out.ue(u32::from(picture.num_ref_idx_l1_default_active_minus1));
    out.se(i32::from(picture.pic_init_qp) - 26);
    out.bit(fields.constrained_intra_pred_flag() != 0);
    out.bit(fields.transform_skip_enabled_flag() != 0);
    out.bit(fields.cu_qp_delta_enabled_flag() != 0);
    if fields.cu_qp_delta_enabled_flag() != 0 {
        out.ue(u32::from(picture.diff_cu_qp_delta_depth));
    }
    out.se(i32::from(picture.pps_cb_qp_offset));
    out.se(i32::from(picture.pps_cr_qp_offset));
    // Slices' chroma quantisers, weights, transquant bypass, tiles and wavefronts: not used.
    out.bits(0, 1 + 2 + 1 + 2);
    out.bit(fields.pps_loop_filter_across_slices_enabled_flag() != 0);
    out.bits(0, 3); // deblocking as usual, no scaling lists, no list modification
    out.ue(u32::from(picture.log2_parallel_merge_level_minus2));
    out.bits(0, 2);
    end(out)
}

/// A slice header as far as the reference pictures; the number of its bits.
pub(super) fn slice_header(picture: &Picture, slice: &SliceParameters, sps: &Sps) -> (Vec<u8>, usize) {
    // SAFETY: both members of the union are numbers.
    let fields = unsafe { picture.pic_fields.bits };
    let nal_type = u32::from(picture.nal_unit_type);
    let mut out = begin(nal_type);
    out.bit(true);
    if super::slice::is_irap(nal_type) {
        out.bit(fields.no_output_of_prior_pics_flag() != 0);
    }
    out.ue(u32::from(slice.slice_pic_parameter_set_id));
    out.ue(u32::from(slice.slice_type));
    if !is_idr(nal_type) {
        let poc = picture.decoded_curr_pic.pic_order_cnt;
        out.bits(poc as u32, sps.log2_max_poc_lsb);
        out.bit(false);
        let mut references: Vec<(i32, bool)> = picture
            .reference_frames
            .iter()
            .filter(|frame| frame.flags & sys::VA_PICTURE_HEVC_INVALID == 0)
            .map(|frame| {
                let used = sys::VA_PICTURE_HEVC_RPS_ST_CURR_BEFORE | sys::VA_PICTURE_HEVC_RPS_ST_CURR_AFTER;
                (frame.pic_order_cnt.wrapping_sub(poc), frame.flags & used != 0)
            })
            .filter(|frame| frame.0 != 0)
            .collect();
        references.sort_by_key(|frame| frame.0.unsigned_abs());
        references.dedup_by_key(|frame| frame.0);
        let runs = [-1, 1].map(|sign| -> Vec<(i32, bool)> {
            references.iter().filter(|frame| frame.0.signum() == sign).copied().collect()
        });
        runs.iter().for_each(|run| out.ue(run.len() as u32));
        for run in runs {
            let mut last = 0u32;
            for (delta, used) in run {
                out.ue(delta.unsigned_abs() - last - 1);
                out.bit(used);
                last = delta.unsigned_abs();
            }
        }
    }
    out.into_bits()
}
