//! Sequence and picture parameter sets out of libva's structures.

use crate::bits::BitWriter;
use crate::sys;

/// Zig-zag scan of 4x4, table 8-2 (frame): the raster position of each coefficient in coding order.
const SCAN_4X4: [u8; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

/// The same for 8x8, table 8-3: along the diagonals, up and down in turn.
fn scan_8x8() -> [u8; 64] {
    let mut scan = [0; 64];
    let mut next = 0;
    for sum in 0..15u8 {
        let diagonal = (0..=sum).filter(|&x| x < 8 && sum - x < 8);
        let up = |x: u8| (sum - x) * 8 + x;
        let mut put = |position| {
            scan[next] = position;
            next += 1;
        };
        if sum % 2 == 0 {
            diagonal.for_each(|x| put(up(x)));
        } else {
            diagonal.rev().for_each(|x| put(up(x)));
        }
    }
    scan
}

/// seq_parameter_set_data(), 7.3.2.1.1, as a NAL unit without emulation prevention.
pub(super) fn sequence(picture: &sys::VAPictureParameterBufferH264) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let fields = unsafe { picture.seq_fields.bits };
    let mut bits = BitWriter::new();
    bits.bits(0x67, 8);
    // profile_idc High has all that the others have; level 5.2.
    bits.bits(100, 8);
    bits.bits(0, 8);
    bits.bits(52, 8);
    bits.ue(0);
    bits.ue(fields.chroma_format_idc());
    if fields.chroma_format_idc() == 3 {
        bits.bit(fields.residual_colour_transform_flag() != 0);
    }
    bits.ue(picture.bit_depth_luma_minus8.into());
    bits.ue(picture.bit_depth_chroma_minus8.into());
    // qpprime_y_zero_transform_bypass_flag, seq_scaling_matrix_present_flag: matrices come with the pictures.
    bits.bits(0, 2);
    bits.ue(fields.log2_max_frame_num_minus4());
    bits.ue(fields.pic_order_cnt_type());
    match fields.pic_order_cnt_type() {
        0 => bits.ue(fields.log2_max_pic_order_cnt_lsb_minus4()),
        1 => {
            bits.bit(fields.delta_pic_order_always_zero_flag() != 0);
            // The offsets and their cycle are not in the structure. Nothing but B slices would need them.
            bits.se(0);
            bits.se(0);
            bits.ue(0);
        }
        _ => {}
    }
    bits.ue(picture.num_ref_frames.min(16).into());
    bits.bit(fields.gaps_in_frame_num_value_allowed_flag() != 0);
    bits.ue(picture.picture_width_in_mbs_minus1.into());
    let frames_only = fields.frame_mbs_only_flag() != 0;
    let height = u32::from(picture.picture_height_in_mbs_minus1) + 1;
    bits.ue(if frames_only { height } else { height.div_ceil(2) } - 1);
    bits.bit(frames_only);
    if !frames_only {
        bits.bit(fields.mb_adaptive_frame_field_flag() != 0);
    }
    bits.bit(fields.direct_8x8_inference_flag() != 0);
    bits.bit(false); // frame_cropping_flag
    bits.bit(true); // vui_parameters_present_flag
    // Nothing of it but bitstream_restriction_flag, E.1.1: with no reordering announced, no picture is kept back for it.
    bits.bits(0, 8);
    bits.bit(true);
    bits.bit(true);
    for value in [0, 0, 16, 16, 0, u32::from(picture.num_ref_frames).clamp(1, 16)] {
        bits.ue(value);
    }
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// pic_parameter_set_rbsp(), 7.3.2.2, likewise.
pub(super) fn picture(
    id: u32,
    picture: &sys::VAPictureParameterBufferH264,
    matrix: Option<&sys::VAIQMatrixBufferH264>,
    default_references: [u32; 2],
) -> Vec<u8> {
    // SAFETY: every pattern of bits is a value of both members.
    let fields = unsafe { picture.pic_fields.bits };
    let mut bits = BitWriter::new();
    bits.bits(0x68, 8);
    bits.ue(id);
    bits.ue(0);
    bits.bit(fields.entropy_coding_mode_flag() != 0);
    bits.bit(fields.pic_order_present_flag() != 0);
    bits.ue(0); // num_slice_groups_minus1
    default_references.into_iter().for_each(|default| bits.ue(default));
    bits.bit(fields.weighted_pred_flag() != 0);
    bits.bits(fields.weighted_bipred_idc(), 2);
    bits.se(picture.pic_init_qp_minus26.into());
    bits.se(picture.pic_init_qs_minus26.into());
    bits.se(picture.chroma_qp_index_offset.into());
    bits.bit(fields.deblocking_filter_control_present_flag() != 0);
    bits.bit(fields.constrained_intra_pred_flag() != 0);
    bits.bit(fields.redundant_pic_cnt_present_flag() != 0);
    bits.bit(fields.transform_8x8_mode_flag() != 0);
    // Without matrices, and with flat ones, the sequence's are in force, which are flat.
    let matrix = matrix.filter(|matrix| {
        matrix
            .ScalingList4x4
            .iter()
            .flatten()
            .chain(matrix.ScalingList8x8.iter().flatten())
            .any(|&value| value != 16)
    });
    bits.bit(matrix.is_some());
    if let Some(matrix) = matrix {
        for list in &matrix.ScalingList4x4 {
            scaling_list(&mut bits, list, &SCAN_4X4);
        }
        if fields.transform_8x8_mode_flag() != 0 {
            for list in &matrix.ScalingList8x8 {
                scaling_list(&mut bits, list, &scan_8x8());
            }
        }
    }
    bits.se(picture.second_chroma_qp_index_offset.into());
    bits.trailing();
    bits.as_bytes().to_vec()
}

/// scaling_list(), 7.3.2.1.1.1, of a list in raster order (va.h, VAIQMatrixBufferH264).
fn scaling_list(bits: &mut BitWriter, list: &[u8], scan: &[u8]) {
    bits.bit(true);
    let mut last = 8u8;
    for &position in scan {
        // 0 would mean the default list.
        let value = list[usize::from(position)].max(1);
        bits.se(value.wrapping_sub(last).cast_signed().into());
        last = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;

    #[test]
    fn scans_are_those_of_the_standard() {
        // The beginnings and ends of tables 8-2 and 8-3, raster positions.
        assert_eq!(scan_8x8()[..10], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
        assert_eq!(scan_8x8()[60..], [47, 55, 62, 63]);
        let mut all = scan_8x8();
        all.sort_unstable();
        assert!(all.iter().enumerate().all(|(at, &position)| at == usize::from(position)));
        let mut all = SCAN_4X4;
        all.sort_unstable();
        assert!(all.iter().enumerate().all(|(at, &position)| at == usize::from(position)));
    }

    #[test]
    fn a_scaling_list_is_read_back() {
        let list: Vec<u8> = (0..16u8).map(|at| at.wrapping_mul(83).max(1)).collect();
        let mut bits = BitWriter::new();
        scaling_list(&mut bits, &list, &SCAN_4X4);
        bits.trailing();
        let mut reader = BitReader::new(bits.as_bytes());
        assert_eq!(reader.bit(), Some(true));
        let mut last = 8i32;
        for position in SCAN_4X4 {
            last = (last + reader.se().unwrap() + 256) % 256;
            assert_eq!(last, i32::from(list[usize::from(position)]));
        }
    }
}
