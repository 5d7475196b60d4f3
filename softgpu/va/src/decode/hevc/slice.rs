//! Slice headers (7.3.6.1) with their reference picture set spelled out.
//!
//! What comes before the set and after it is copied bit by bit. The set itself cannot be: it may be an index into the
//! sequence's table, or a difference to a set of that table, and the table is not in libva's structures.

use super::references::{Reference, References};
use super::{BLA_W_LP, IDR_N_LP, IDR_W_RADL, RSV_IRAP_VCL23, unit_type};
use crate::bits::{self, BitReader, BitWriter};
use crate::sys;

/// slice_pic_parameter_set_id.
pub(super) fn parameter_set(unit: &[u8]) -> Option<u32> {
    let rbsp = bits::strip_emulation(&unit[..unit.len().min(32)]);
    let mut reader = BitReader::new(&rbsp);
    reader.skip(17)?;
    if (BLA_W_LP..=RSV_IRAP_VCL23).contains(&unit_type(unit)) {
        reader.bit()?;
    }
    reader.ue().filter(|&id| id < 64)
}

/// Appends the slice's NAL unit with its start code.
pub(super) fn put(
    unit: &[u8],
    picture: &sys::VAPictureParameterBufferHEVC,
    slice: &sys::VASliceParameterBufferHEVC,
    references: &References,
    out: &mut Vec<u8>,
) -> Option<()> {
    // Two bytes of the unit's header, and one at least of the slice's.
    let (header, data) = split(unit, (slice.slice_data_byte_offset as usize).max(3))?;
    let Some(found) = find_set(&header, picture)? else {
        out.extend_from_slice(&[0, 0, 1]);
        out.extend_from_slice(unit);
        return Some(());
    };
    // byte_alignment(): a bit that is set, and zeros.
    let end = (found.after..8 * header.len()).rev().find(|&at| header[at / 8] >> (7 - at % 8) & 1 == 1)?;
    let mut writer = BitWriter::new();
    writer.copy(&header, 0..found.before);
    write_set(&mut writer, picture, references, &found.long);
    writer.copy(&header, found.after..end);
    writer.trailing();
    bits::put_unit(2, writer.as_bytes(), out);
    // The header's last byte has that bit in it, so that no pattern of zeros reaches over into the data.
    out.extend_from_slice(data);
    Some(())
}

/// The first `len` bytes without emulation prevention, and what follows as it is.
fn split(unit: &[u8], len: usize) -> Option<(Vec<u8>, &[u8])> {
    let mut header = Vec::with_capacity(len);
    let mut zeros = 0;
    for (at, &byte) in unit.iter().enumerate() {
        if header.len() == len {
            return Some((header, &unit[at..]));
        }
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        header.push(byte);
    }
    (header.len() == len).then_some((header, &[]))
}

/// Where a header has its set: the bits from short_term_ref_pic_set_sps_flag to the end of the long-term pictures.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    before: usize,
    after: usize,
    /// The header's long-term pictures: the lower bits of the order and used_by_curr_pic_lt_flag; `None` for an index into
    /// the sequence's table.
    long: Vec<Option<(u32, bool)>>,
}

/// `Some(None)` where a header has none: that of a dependent slice segment or an IDR picture.
#[allow(clippy::option_option)]
fn find_set(header: &[u8], picture: &sys::VAPictureParameterBufferHEVC) -> Option<Option<Found>> {
    // SAFETY: every pattern of bits is a value of both members.
    let (fields, parsing) = unsafe { (picture.pic_fields.bits, picture.slice_parsing_fields.bits) };
    let unit_type = unit_type(header);
    let mut reader = BitReader::new(header);
    reader.skip(16)?;
    let first = reader.bit()?;
    if (BLA_W_LP..=RSV_IRAP_VCL23).contains(&unit_type) {
        reader.bit()?;
    }
    reader.ue()?;
    if !first {
        if parsing.dependent_slice_segments_enabled_flag() != 0 && reader.bit()? {
            return Some(None);
        }
        reader.skip(address_bits(picture) as usize)?;
    }
    if matches!(unit_type, IDR_W_RADL | IDR_N_LP) {
        return Some(None);
    }
    reader.skip(picture.num_extra_slice_header_bits.into())?;
    reader.ue()?;
    if parsing.output_flag_present_flag() != 0 {
        reader.bit()?;
    }
    if fields.separate_colour_plane_flag() != 0 {
        reader.bits(2)?;
    }
    let order_bits = order_bits(picture);
    reader.bits(order_bits)?;
    let before = reader.position();
    if reader.bit()? {
        reader.bits(index_bits(picture.num_short_term_ref_pic_sets))?;
    } else {
        // At least two Exp-Golomb codes; without their length the set could not be told from a difference to another.
        reader.skip(usize::try_from(picture.st_rps_bits).ok().filter(|&bits| bits >= 2)?)?;
    }
    let mut long = Vec::new();
    if parsing.long_term_ref_pics_present_flag() != 0 {
        let indices = if picture.num_long_term_ref_pic_sps > 0 { reader.ue()? } else { 0 };
        let count = reader.ue()?.checked_add(indices).filter(|&count| count <= 33)?;
        for at in 0..count {
            if at < indices {
                reader.bits(index_bits(picture.num_long_term_ref_pic_sps))?;
                long.push(None);
            } else {
                long.push(Some((reader.bits(order_bits)?, reader.bit()?)));
            }
            if reader.bit()? {
                reader.ue()?;
            }
        }
    }
    Some(Some(Found { before, after: reader.position(), long }))
}

/// Length of slice_pic_order_cnt_lsb, at most what 7.4.3.2.1 allows.
fn order_bits(picture: &sys::VAPictureParameterBufferHEVC) -> u32 {
    (u32::from(picture.log2_max_pic_order_cnt_lsb_minus4) + 4).min(16)
}

/// Ceil(Log2(count)).
fn index_bits(count: u8) -> u32 {
    u32::from(count).max(1).next_power_of_two().trailing_zeros()
}

/// Length of slice_segment_address: Ceil(Log2(PicSizeInCtbsY)).
fn address_bits(picture: &sys::VAPictureParameterBufferHEVC) -> u32 {
    let block = u32::from(picture.log2_min_luma_coding_block_size_minus3)
        + 3
        + u32::from(picture.log2_diff_max_min_luma_coding_block_size);
    let blocks = |size: u16| u32::from(size).div_ceil(1 << block.min(16));
    let count = blocks(picture.pic_width_in_luma_samples) * blocks(picture.pic_height_in_luma_samples);
    count.max(1).next_power_of_two().trailing_zeros()
}

fn write_set(
    bits: &mut BitWriter,
    picture: &sys::VAPictureParameterBufferHEVC,
    references: &References,
    named: &[Option<(u32, bool)>],
) {
    // SAFETY: every pattern of bits is a value of both members.
    let parsing = unsafe { picture.slice_parsing_fields.bits };
    let current = picture.CurrPic.pic_order_cnt;
    // short_term_ref_pic_set_sps_flag 0, then st_ref_pic_set(0), 7.3.7.
    bits.bit(false);
    bits.ue(references.before.len() as u32);
    bits.ue(references.after.len() as u32);
    for side in [&references.before, &references.after] {
        let mut last = current;
        for reference in side {
            bits.ue(reference.order.abs_diff(last) - 1);
            bits.bit(reference.used);
            last = reference.order;
        }
    }
    if parsing.long_term_ref_pics_present_flag() == 0 {
        return;
    }
    let order_bits = order_bits(picture);
    let lower = |order: i32| order.cast_unsigned() & ((1 << order_bits) - 1);
    let pictures = order_long(references, named, lower);
    bits.ue(pictures.len() as u32);
    let mut last = 0;
    for picture in pictures {
        match picture {
            Long::Known(reference) => {
                bits.bits(lower(reference.order), order_bits);
                bits.bit(reference.used);
                // delta_poc_msb_cycle_lt adds up from one picture to the next, (7-52); where it would have to fall, the
                // lower bits must do.
                let cycle = (current >> order_bits) - (reference.order >> order_bits);
                bits.bit(cycle >= last);
                if cycle >= last {
                    bits.ue((cycle - last).cast_unsigned());
                    last = cycle;
                }
            }
            Long::Missing(order, used) => {
                bits.bits(order, order_bits);
                bits.bit(used);
                bits.bit(false);
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Long {
    Known(Reference),
    /// Named by the header, and lost: the lower bits of its order, and whether it is used.
    Missing(u32, bool),
}

/// The long-term pictures in the order in which the header names them, which is the order of the initial lists.
fn order_long(
    references: &References,
    named: &[Option<(u32, bool)>],
    lower: impl Fn(i32) -> u32,
) -> Vec<Long> {
    let mut left: Vec<Option<Reference>> = references.long.iter().copied().map(Some).collect();
    let mut ordered: Vec<Option<Long>> = named
        .iter()
        .map(|name| {
            let (order, used) = (*name)?;
            let known = left.iter_mut().find(|one| one.is_some_and(|one| lower(one.order) == order));
            Some(known.and_then(Option::take).map_or(Long::Missing(order, used), Long::Known))
        })
        .collect();
    let mut left = left.into_iter().flatten().map(Long::Known);
    for place in ordered.iter_mut().filter(|place| place.is_none()) {
        *place = left.next();
    }
    ordered.into_iter().flatten().chain(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> sys::VAPictureParameterBufferHEVC {
        let mut picture = sys::VAPictureParameterBufferHEVC::default();
        (picture.pic_width_in_luma_samples, picture.pic_height_in_luma_samples) = (640, 360);
        picture.log2_diff_max_min_luma_coding_block_size = 3;
        picture.log2_max_pic_order_cnt_lsb_minus4 = 4;
        picture.num_short_term_ref_pic_sets = 5;
        picture.num_long_term_ref_pic_sps = 3;
        // long_term_ref_pics_present_flag, dependent_slice_segments_enabled_flag
        picture.slice_parsing_fields.value = 1 << 1 | 1 << 5;
        picture.CurrPic.pic_order_cnt = 520;
        picture
    }

    fn slice(header: usize) -> sys::VASliceParameterBufferHEVC {
        sys::VASliceParameterBufferHEVC { slice_data_byte_offset: header as u32, ..Default::default() }
    }

    fn reference(order: i32, used: bool) -> Reference {
        Reference { order, used }
    }

    /// A slice of type TRAIL_R, by index into the tables, with `rest` after the set.
    fn unit(rest: &[bool]) -> (Vec<u8>, usize) {
        let mut bits = BitWriter::new();
        bits.bits(0x0201, 16);
        bits.bit(true);
        bits.ue(3); // slice_pic_parameter_set_id
        bits.ue(1); // slice_type
        bits.bits(520 & 255, 8);
        bits.bit(true);
        bits.bits(4, 3);
        bits.ue(1); // num_long_term_sps
        bits.ue(1); // num_long_term_pics
        bits.bits(2, 2);
        bits.bit(false);
        bits.bits(7, 8);
        bits.bits(0b11, 2);
        bits.ue(2); // delta_poc_msb_cycle_lt
        rest.iter().for_each(|&bit| bits.bit(bit));
        bits.trailing();
        let mut unit = Vec::new();
        bits::add_emulation(bits.as_bytes(), &mut unit);
        let len = bits.as_bytes().len();
        unit.extend_from_slice(&[0, 0, 3, 1, 0x77]);
        (unit, len)
    }

    #[test]
    fn the_set_is_spelled_out_and_the_rest_kept() {
        let rest = [true, false, false, true, false, false, false, false, false, false, false, false];
        let (unit, len) = unit(&rest);
        let slice = slice(len);
        let references = References {
            before: vec![reference(518, true), reference(512, false)],
            after: vec![reference(524, true)],
            long: vec![reference(300, true), reference(7, true)],
        };
        let mut out = Vec::new();
        put(&unit, &picture(), &slice, &references, &mut out).unwrap();
        assert_eq!(out[..3], [0, 0, 1]);
        assert!(out.ends_with(&[0, 0, 3, 1, 0x77]));
        let rbsp = bits::strip_emulation(&out[3..]);
        let mut reader = BitReader::new(&rbsp);
        assert_eq!((reader.bits(17), reader.ue(), reader.ue()), (Some(0x0201 << 1 | 1), Some(3), Some(1)));
        assert_eq!((reader.bits(8), reader.bit()), (Some(8), Some(false)));
        assert_eq!((reader.ue(), reader.ue()), (Some(2), Some(1)));
        assert_eq!((reader.ue(), reader.bit()), (Some(1), Some(true)));
        assert_eq!((reader.ue(), reader.bit()), (Some(5), Some(false)));
        assert_eq!((reader.ue(), reader.bit()), (Some(3), Some(true)));
        // The one by index first: 300, one cycle of 256 before 520; then 7, two cycles before.
        assert_eq!(reader.ue(), Some(2));
        assert_eq!((reader.bits(8), reader.bits(2), reader.ue()), (Some(44), Some(3), Some(1)));
        assert_eq!((reader.bits(8), reader.bits(2), reader.ue()), (Some(7), Some(3), Some(1)));
        for bit in rest {
            assert_eq!(reader.bit(), Some(bit));
        }
        assert_eq!(reader.bit(), Some(true), "the alignment");
    }

    #[test]
    fn a_lost_long_term_picture_keeps_its_place() {
        let references = References { long: vec![reference(300, true)], ..References::default() };
        let named = [Some((9, true)), Some((44, false)), None];
        let ordered = order_long(&references, &named, |order| order.cast_unsigned() & 255);
        assert_eq!(ordered, [Long::Missing(9, true), Long::Known(reference(300, true))]);
    }

    #[test]
    fn idr_pictures_and_dependent_segments_stay_as_they_are() {
        let mut bits = BitWriter::new();
        bits.bits(0x0201, 16);
        bits.bit(false);
        bits.ue(0);
        bits.bit(true); // dependent_slice_segment_flag
        bits.bits(17, 6);
        bits.trailing();
        let dependent = bits.as_bytes().to_vec();
        let idr = [0x26, 1, 0xaf, 0x12, 0x80];
        for unit in [&dependent[..], &idr[..]] {
            let slice = slice(unit.len());
            let mut out = Vec::new();
            put(unit, &picture(), &slice, &References::default(), &mut out).unwrap();
            assert_eq!(out[3..], *unit);
        }
    }

    #[test]
    fn broken_headers_are_refused() {
        let (unit, len) = unit(&[true]);
        let mut out = Vec::new();
        for offset in [1, 4, 6, len + 99] {
            assert_eq!(
                put(&unit, &picture(), &slice(offset), &References::default(), &mut out),
                None,
                "{offset}"
            );
        }
        assert_eq!(parameter_set(&unit), Some(3));
        assert_eq!(parameter_set(&[0x02, 1, 0]), None);
    }
}
