//! Sequence and frame headers out of libva's structure.

use super::{INTRA_ONLY, KEY, SWITCH, Slot, motion, tiles};
use crate::bits::BitWriter;
use crate::sys::VADecPictureParameterBufferAV1 as Picture;

/// What a frame is decoded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// For its picture, into no slot (a key frame that is shown goes to all of them).
    Show,
    /// Into these slots.
    Keep(u32),
}

/// PRIMARY_REF_NONE.
const NO_PRIMARY: u8 = 7;

/// sequence_header_obu(), 5.5.1. Tools whose switch is not in the structure are on, since each frame says whether it uses
/// them; sizes come with each frame.
pub(super) fn sequence(picture: &Picture) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let fields = unsafe { picture.seq_info_fields.fields };
    let mut bits = BitWriter::new();
    bits.bits(picture.profile.into(), 3);
    // still_picture, reduced_still_picture_header, timing_info_present_flag, initial_display_delay_present_flag,
    // operating_points_cnt_minus_1, operating_point_idc
    bits.bits(0, 1 + 1 + 1 + 1 + 5 + 12);
    bits.bits(31, 5); // seq_level_idx: no limits
    bits.bits(0, 1);
    bits.bits(0xff, 8);
    bits.bits(0xffff_ffff, 32);
    bits.bits(0, 1); // frame_id_numbers_present_flag
    bits.bits(fields.use_128x128_superblock(), 1);
    bits.bits(fields.enable_filter_intra(), 1);
    bits.bits(fields.enable_intra_edge_filter(), 1);
    bits.bits(fields.enable_interintra_compound(), 1);
    bits.bits(fields.enable_masked_compound(), 1);
    bits.bits(1, 1); // enable_warped_motion
    bits.bits(fields.enable_dual_filter(), 1);
    bits.bits(fields.enable_order_hint(), 1);
    if fields.enable_order_hint() != 0 {
        bits.bits(fields.enable_jnt_comp(), 1);
        bits.bits(1, 1); // enable_ref_frame_mvs
    }
    bits.bits(0b11, 2); // seq_choose_screen_content_tools, seq_choose_integer_mv
    if fields.enable_order_hint() != 0 {
        bits.bits(picture.order_hint_bits_minus_1.into(), 3);
    }
    bits.bits(1, 1); // enable_superres
    bits.bits(fields.enable_cdef(), 1);
    bits.bits(1, 1); // enable_restoration
    // color_config(), 5.5.2.
    bits.bit(picture.bit_depth_idx != 0);
    if picture.profile == 2 && picture.bit_depth_idx != 0 {
        bits.bit(picture.bit_depth_idx == 2);
    }
    if picture.profile != 1 {
        bits.bits(fields.mono_chrome(), 1);
    }
    bits.bits(0, 1); // color_description_present_flag
    bits.bits(fields.color_range(), 1);
    if fields.mono_chrome() == 0 {
        if picture.profile == 0 {
            bits.bits(0, 2); // chroma_sample_position
        }
        bits.bits(1, 1); // separate_uv_delta_q
    }
    bits.bits(0, 1); // film_grain_params_present
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// OrderHint bits; 0 where there are none.
fn hint_bits(picture: &Picture) -> u32 {
    // SAFETY: every pattern of bits is a value of both members.
    match unsafe { picture.seq_info_fields.fields }.enable_order_hint() {
        0 => 0,
        _ => u32::from(picture.order_hint_bits_minus_1 & 7) + 1,
    }
}

/// uncompressed_header(), 5.9.2, and byte_alignment(), as they begin a frame OBU.
pub(super) fn frame(picture: &Picture, pass: Pass, slots: &[Slot; 8]) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let (sequence, fields) = unsafe { (picture.seq_info_fields.fields, picture.pic_info_fields.bits) };
    let hidden_key = fields.frame_type() == KEY && fields.show_frame() == 0;
    let frame_type = match (hidden_key, pass) {
        // A key frame that is shown would go to all slots; the samples are the same.
        (true, Pass::Show) => INTRA_ONLY,
        _ => fields.frame_type(),
    };
    let intra = matches!(frame_type, KEY | INTRA_ONLY);
    let (show, refresh) = match pass {
        Pass::Show => (true, 0),
        Pass::Keep(slots) => (false, slots),
    };
    let resilient = fields.error_resilient_mode() != 0;
    let mut bits = BitWriter::new();
    bits.bits(0, 1); // show_existing_frame
    bits.bits(frame_type, 2);
    bits.bit(show);
    if !show {
        bits.bit(true); // showable_frame
    }
    if frame_type != SWITCH && !(frame_type == KEY && show) {
        bits.bit(resilient);
    }
    bits.bits(fields.disable_cdf_update(), 1);
    bits.bits(fields.allow_screen_content_tools(), 1);
    if fields.allow_screen_content_tools() != 0 {
        bits.bits(fields.force_integer_mv(), 1);
    }
    let whole = frame_type == SWITCH || (frame_type == KEY && show);
    if frame_type != SWITCH {
        bits.bit(true); // frame_size_override_flag
    }
    bits.bits(picture.order_hint.into(), hint_bits(picture));
    let primary = if intra || resilient { NO_PRIMARY } else { picture.primary_ref_frame };
    if !intra && !resilient {
        bits.bits(primary.into(), 3);
    }
    if !whole {
        bits.bits(refresh, 8);
    }
    if (!intra || (!whole && refresh != 0xff)) && resilient && sequence.enable_order_hint() != 0 {
        slots.iter().for_each(|slot| bits.bits(slot.order_hint.into(), hint_bits(picture)));
    }
    let upscaled = u32::from(picture.frame_width_minus1) + 1;
    let height = u32::from(picture.frame_height_minus1) + 1;
    let denominator = u32::from(picture.superres_scale_denominator).max(8);
    let superres = fields.use_superres() != 0 && denominator > 8;
    let width = if superres { (upscaled * 8 + denominator / 2) / denominator } else { upscaled };
    if !intra {
        if sequence.enable_order_hint() != 0 {
            bits.bits(0, 1); // frame_refs_short_signaling
        }
        picture.ref_frame_idx.iter().for_each(|&slot| bits.bits(slot.into(), 3));
        if !resilient && frame_type != SWITCH {
            bits.bits(0, 7); // found_ref
        }
    }
    // frame_size(), superres_params(), render_size().
    bits.bits(upscaled - 1, 16);
    bits.bits(height - 1, 16);
    bits.bit(superres);
    if superres {
        bits.bits(denominator.min(16) - 9, 3);
    }
    bits.bits(0, 1);
    let intrabc = intra && fields.allow_intrabc() != 0;
    let high_precision = fields.force_integer_mv() == 0 && fields.allow_high_precision_mv() != 0;
    if intra {
        if fields.allow_screen_content_tools() != 0 && upscaled == width {
            bits.bit(intrabc);
        }
    } else {
        if fields.force_integer_mv() == 0 {
            bits.bit(high_precision);
        }
        let switchable = picture.interp_filter >= 4;
        bits.bit(switchable);
        if !switchable {
            bits.bits(picture.interp_filter.into(), 2);
        }
        bits.bits(fields.is_motion_mode_switchable(), 1);
        if !resilient && sequence.enable_order_hint() != 0 {
            bits.bits(fields.use_ref_frame_mvs(), 1);
        }
    }
    if fields.disable_cdf_update() == 0 {
        bits.bits(fields.disable_frame_end_update_cdf(), 1);
    }
    tiles::write_info(&mut bits, picture, width, height);
    quantisers(&mut bits, picture);
    segmentation(&mut bits, picture, primary);
    deltas(&mut bits, picture, intrabc);
    let lossless = is_lossless(picture);
    if !lossless && !intrabc {
        loop_filter(&mut bits, picture);
        if sequence.enable_cdef() != 0 {
            cdef(&mut bits, picture);
        }
    }
    if !(intrabc || lossless && width == upscaled) {
        restoration(&mut bits, picture);
    }
    // SAFETY: every pattern of bits is a value of both members.
    let modes = unsafe { picture.mode_control_fields.bits };
    if !lossless {
        bits.bit(modes.tx_mode() == 2);
    }
    if !intra {
        bits.bits(modes.reference_select(), 1);
        if modes.reference_select() != 0 && may_skip(picture, slots) {
            bits.bits(modes.skip_mode_present(), 1);
        }
        if !resilient {
            bits.bits(fields.allow_warped_motion(), 1);
        }
    }
    bits.bits(modes.reduced_tx_set_used(), 1);
    if !intra {
        let previous = picture
            .ref_frame_idx
            .get(usize::from(primary))
            .and_then(|&slot| slots.get(usize::from(slot)))
            .map_or(motion::IDENTITY, |slot| slot.motion);
        motion::write(&mut bits, picture, &previous, high_precision);
    }
    bits.align(false);
    bits.as_bytes().to_vec()
}

/// su(n), 4.10.6.
fn signed(bits: &mut BitWriter, value: i32, count: u32) {
    bits.bits(value.cast_unsigned(), count);
}

fn has_chroma(picture: &Picture) -> bool {
    // SAFETY: every pattern of bits is a value of both members.
    unsafe { picture.seq_info_fields.fields }.mono_chrome() == 0
}

/// quantization_params(), 5.9.12.
fn quantisers(bits: &mut BitWriter, picture: &Picture) {
    // SAFETY: every pattern of bits is a value of both members.
    let matrix = unsafe { picture.qmatrix_fields.bits };
    let delta = |bits: &mut BitWriter, value: i8| {
        bits.bit(value != 0);
        if value != 0 {
            signed(bits, value.into(), 7);
        }
    };
    bits.bits(picture.base_qindex.into(), 8);
    delta(bits, picture.y_dc_delta_q);
    if has_chroma(picture) {
        let (u, v) =
            ((picture.u_dc_delta_q, picture.u_ac_delta_q), (picture.v_dc_delta_q, picture.v_ac_delta_q));
        bits.bit(u != v);
        delta(bits, u.0);
        delta(bits, u.1);
        if u != v {
            delta(bits, v.0);
            delta(bits, v.1);
        }
    }
    bits.bits(matrix.using_qmatrix().into(), 1);
    if matrix.using_qmatrix() != 0 {
        bits.bits(matrix.qm_y().into(), 4);
        bits.bits(matrix.qm_u().into(), 4);
        if has_chroma(picture) {
            bits.bits(matrix.qm_v().into(), 4);
        }
    }
}

/// Segmentation_Feature_Bits and Segmentation_Feature_Signed.
const FEATURES: [(u32, bool); 8] =
    [(8, true), (6, true), (6, true), (6, true), (6, true), (3, false), (0, false), (0, false)];

/// segmentation_params(), 5.9.14.
fn segmentation(bits: &mut BitWriter, picture: &Picture, primary: u8) {
    let info = &picture.seg_info;
    // SAFETY: every pattern of bits is a value of both members.
    let fields = unsafe { info.segment_info_fields.bits };
    bits.bits(fields.enabled(), 1);
    if fields.enabled() == 0 {
        return;
    }
    let mut update = true;
    if primary != NO_PRIMARY {
        bits.bits(fields.update_map(), 1);
        if fields.update_map() != 0 {
            bits.bits(fields.temporal_update(), 1);
        }
        update = fields.update_data() != 0;
        bits.bit(update);
    }
    if !update {
        return;
    }
    for (mask, data) in info.feature_mask.iter().zip(&info.feature_data) {
        for (at, (&value, (count, with_sign))) in data.iter().zip(FEATURES).enumerate() {
            let enabled = mask >> at & 1 != 0;
            bits.bit(enabled);
            if enabled {
                signed(bits, value.into(), count + u32::from(with_sign));
            }
        }
    }
}

/// delta_q_params() and delta_lf_params(), 5.9.17 and 5.9.18.
fn deltas(bits: &mut BitWriter, picture: &Picture, intrabc: bool) {
    // SAFETY: every pattern of bits is a value of both members.
    let modes = unsafe { picture.mode_control_fields.bits };
    if picture.base_qindex == 0 {
        return;
    }
    bits.bits(modes.delta_q_present_flag(), 1);
    if modes.delta_q_present_flag() == 0 {
        return;
    }
    bits.bits(modes.log2_delta_q_res(), 2);
    if !intrabc {
        bits.bits(modes.delta_lf_present_flag(), 1);
        if modes.delta_lf_present_flag() != 0 {
            bits.bits(modes.log2_delta_lf_res(), 2);
            bits.bits(modes.delta_lf_multi(), 1);
        }
    }
}

/// CodedLossless, 5.9.2.
fn is_lossless(picture: &Picture) -> bool {
    let info = &picture.seg_info;
    // SAFETY: every pattern of bits is a value of both members.
    let segmented = unsafe { info.segment_info_fields.bits }.enabled() != 0;
    let quantiser = |segment: usize| {
        let base = i32::from(picture.base_qindex);
        if segmented && info.feature_mask[segment] & 1 != 0 {
            (base + i32::from(info.feature_data[segment][0])).clamp(0, 255)
        } else {
            base
        }
    };
    let deltas = [
        picture.y_dc_delta_q,
        picture.u_dc_delta_q,
        picture.u_ac_delta_q,
        picture.v_dc_delta_q,
        picture.v_ac_delta_q,
    ];
    deltas == [0; 5] && (0..if segmented { 8 } else { 1 }).all(|segment| quantiser(segment) == 0)
}

/// loop_filter_params(), 5.9.11, with all deltas spelled out.
fn loop_filter(bits: &mut BitWriter, picture: &Picture) {
    // SAFETY: every pattern of bits is a value of both members.
    let fields = unsafe { picture.loop_filter_info_fields.bits };
    picture.filter_level.iter().for_each(|&level| bits.bits(level.into(), 6));
    if has_chroma(picture) && picture.filter_level != [0, 0] {
        bits.bits(picture.filter_level_u.into(), 6);
        bits.bits(picture.filter_level_v.into(), 6);
    }
    bits.bits(fields.sharpness_level().into(), 3);
    bits.bits(fields.mode_ref_delta_enabled().into(), 1);
    if fields.mode_ref_delta_enabled() != 0 {
        bits.bit(true); // loop_filter_delta_update
        for &delta in picture.ref_deltas.iter().chain(&picture.mode_deltas) {
            bits.bit(true);
            signed(bits, delta.into(), 7);
        }
    }
}

/// cdef_params(), 5.9.19.
fn cdef(bits: &mut BitWriter, picture: &Picture) {
    bits.bits(picture.cdef_damping_minus_3.into(), 2);
    bits.bits(picture.cdef_bits.into(), 2);
    let strengths = picture.cdef_y_strengths.iter().zip(&picture.cdef_uv_strengths);
    for (&luma, &chroma) in strengths.take(1 << picture.cdef_bits.min(3)) {
        bits.bits(luma.into(), 6);
        if has_chroma(picture) {
            bits.bits(chroma.into(), 6);
        }
    }
}

/// lr_params(), 5.9.20.
fn restoration(bits: &mut BitWriter, picture: &Picture) {
    // SAFETY: every pattern of bits is a value of both members.
    let (fields, sequence) =
        unsafe { (picture.loop_restoration_fields.bits, picture.seq_info_fields.fields) };
    // The structure has FrameRestorationType; lr_type is Remap_Lr_Type's index.
    let kinds: [u16; 3] = [
        fields.yframe_restoration_type(),
        fields.cbframe_restoration_type(),
        fields.crframe_restoration_type(),
    ];
    let planes = if has_chroma(picture) { 3 } else { 1 };
    for &kind in &kinds[..planes] {
        bits.bits([0, 2, 3, 1][usize::from(kind & 3)], 2);
    }
    if kinds[..planes].iter().all(|&kind| kind == 0) {
        return;
    }
    let shift = fields.lr_unit_shift();
    if sequence.use_128x128_superblock() != 0 {
        bits.bit(shift > 1);
    } else {
        bits.bit(shift > 0);
        if shift > 0 {
            bits.bit(shift > 1);
        }
    }
    let halved = sequence.subsampling_x() != 0 && sequence.subsampling_y() != 0;
    if halved && kinds[1..planes].iter().any(|&kind| kind != 0) {
        bits.bits(fields.lr_uv_shift().into(), 1);
    }
}

/// skipModeAllowed, 5.9.22.
fn may_skip(picture: &Picture, slots: &[Slot; 8]) -> bool {
    let count = hint_bits(picture);
    if count == 0 {
        return false;
    }
    // get_relative_dist(), 5.9.3.
    let distance = |a: u8, b: u8| {
        let (difference, middle) = (i32::from(a) - i32::from(b), 1 << (count - 1));
        (difference & (middle - 1)) - (difference & middle)
    };
    let hints = picture.ref_frame_idx.map(|slot| slots[usize::from(slot & 7)].order_hint);
    let current = picture.order_hint;
    let forward = hints
        .into_iter()
        .filter(|&hint| distance(hint, current) < 0)
        .reduce(|best, hint| if distance(hint, best) > 0 { hint } else { best });
    let Some(forward) = forward else { return false };
    hints.into_iter().any(|hint| distance(hint, current) > 0)
        || hints.into_iter().any(|hint| distance(hint, forward) < 0)
}
