//! What has to be known of a slice header (7.3.3): the picture parameter set it names, and whether the numbers of references
//! are its own.

use crate::bits::{self, BitReader};
use crate::sys;

/// The beginning of a slice header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// slice_type modulo 5.
    pub(super) kind: u32,
    /// pic_parameter_set_id.
    pub(super) parameter_set: u32,
    /// num_ref_idx_active_override_flag.
    pub(super) has_references: bool,
}

const P: u32 = 0;
const B: u32 = 1;
const SP: u32 = 3;

impl Header {
    /// From a NAL unit; the structure tells what is coded how.
    pub(super) fn parse(unit: &[u8], picture: &sys::VAPictureParameterBufferH264) -> Option<Self> {
        // SAFETY: every pattern of bits is a value of both members.
        let (sequence, fields) = unsafe { (picture.seq_fields.bits, picture.pic_fields.bits) };
        // No field before the flag is longer than 65 bits.
        let rbsp = bits::strip_emulation(&unit[..unit.len().min(96)]);
        let mut reader = BitReader::new(&rbsp);
        let unit_type = reader.bits(8)? & 31;
        reader.ue()?;
        let kind = reader.ue()? % 5;
        let parameter_set = reader.ue().filter(|&id| id < 256)?;
        reader.bits(sequence.log2_max_frame_num_minus4() + 4)?;
        let mut field = false;
        if sequence.frame_mbs_only_flag() == 0 {
            field = reader.bit()?;
            if field {
                reader.bit()?;
            }
        }
        if unit_type == u32::from(super::IDR) {
            reader.ue()?;
        }
        let bottom = fields.pic_order_present_flag() != 0 && !field;
        if sequence.pic_order_cnt_type() == 0 {
            reader.bits(sequence.log2_max_pic_order_cnt_lsb_minus4() + 4)?;
            if bottom {
                reader.se()?;
            }
        } else if sequence.pic_order_cnt_type() == 1 && sequence.delta_pic_order_always_zero_flag() == 0 {
            reader.se()?;
            if bottom {
                reader.se()?;
            }
        }
        if fields.redundant_pic_cnt_present_flag() != 0 {
            reader.ue()?;
        }
        if kind == B {
            reader.bit()?;
        }
        let has_references = match kind {
            P | SP | B => reader.bit()?,
            _ => true,
        };
        Some(Self { kind, parameter_set, has_references })
    }
}

/// num_ref_idx_l0_default_active_minus1 and its like for L1 of a picture parameter set: the structures have them only where
/// a slice uses them.
pub(super) fn default_references(
    headers: &[Option<Header>],
    units: &[(&[u8], Option<sys::VASliceParameterBufferH264>)],
    parameter_set: u32,
) -> [u32; 2] {
    let mut defaults = [None; 2];
    for (header, (_, parameters)) in headers.iter().zip(units) {
        let (Some(header), Some(parameters)) = (header, parameters) else { continue };
        if header.parameter_set != parameter_set || header.has_references {
            continue;
        }
        defaults[0].get_or_insert(parameters.num_ref_idx_l0_active_minus1);
        if header.kind == B {
            defaults[1].get_or_insert(parameters.num_ref_idx_l1_active_minus1);
        }
    }
    defaults.map(|default| u32::from(default.unwrap_or(0)).min(31))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitWriter;

    #[test]
    fn the_header_is_read_up_to_the_flag() {
        let mut picture = sys::VAPictureParameterBufferH264::default();
        // frame_mbs_only_flag 0, log2_max_frame_num 8, POC type 0 with 6 bits, pic_order_present_flag.
        picture.seq_fields.value = 4 << 8 | 2 << 14;
        picture.pic_fields.value = 1 << 7;
        for (kind, field, has) in [(0, false, true), (1, false, false), (6, true, true), (5, true, false)] {
            let mut writer = BitWriter::new();
            writer.bits(0x41, 8);
            writer.ue(77);
            writer.ue(kind);
            writer.ue(9);
            writer.bits(0xab, 8);
            writer.bit(field);
            if field {
                writer.bit(true);
            }
            writer.bits(33, 6);
            if !field {
                writer.se(-1);
            }
            if kind % 5 == B {
                writer.bit(true);
            }
            writer.bit(has);
            writer.trailing();
            let mut unit = Vec::new();
            bits::add_emulation(writer.as_bytes(), &mut unit);
            assert_eq!(
                Header::parse(&unit, &picture),
                Some(Header { kind: kind % 5, parameter_set: 9, has_references: has })
            );
        }
        assert_eq!(Header::parse(&[0x41, 0, 0], &picture), None);
    }
}
