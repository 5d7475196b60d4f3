//! Global motion, 5.9.24 and 5.9.25: written as differences to the parameters of an earlier frame.

use crate::bits::BitWriter;
use crate::sys;

/// gm_params of the references LAST to ALTREF.
pub(super) type Params = [[i32; 6]; 7];

/// WARPEDMODEL_PREC_BITS.
const PRECISION: u32 = 16;

/// No motion.
pub(super) const IDENTITY: Params = [[0, 0, 1 << PRECISION, 0, 0, 1 << PRECISION]; 7];

/// Those of a frame.
pub(super) fn params(picture: &sys::VADecPictureParameterBufferAV1) -> Params {
    let mut params = IDENTITY;
    for (params, motion) in params.iter_mut().zip(&picture.wm) {
        if motion.wmtype != sys::VAAV1TransformationIdentity {
            params.copy_from_slice(&motion.wmmat[..6]);
        }
    }
    params
}

/// global_motion_params() of a frame that is not intra.
pub(super) fn write(
    bits: &mut BitWriter,
    picture: &sys::VADecPictureParameterBufferAV1,
    previous: &Params,
    high_precision: bool,
) {
    let all = params(picture);
    for (reference, (motion, params)) in picture.wm.iter().zip(&all).enumerate() {
        let kind = motion.wmtype;
        bits.bit(kind != sys::VAAV1TransformationIdentity);
        if kind == sys::VAAV1TransformationIdentity {
            continue;
        }
        bits.bit(kind == sys::VAAV1TransformationRotzoom);
        if kind != sys::VAAV1TransformationRotzoom {
            bits.bit(kind == sys::VAAV1TransformationTranslation);
        }
        let indices: &[usize] = match kind {
            sys::VAAV1TransformationTranslation => &[0, 1],
            sys::VAAV1TransformationRotzoom => &[2, 3, 0, 1],
            _ => &[2, 3, 4, 5, 0, 1],
        };
        for &index in indices {
            // GM_ABS_*_BITS and GM_*_PREC_BITS.
            let (size, precision) = match (index, kind) {
                (0 | 1, sys::VAAV1TransformationTranslation) => {
                    (9 - u32::from(!high_precision), 3 - u32::from(!high_precision))
                }
                (0 | 1, _) => (12, 6),
                _ => (12, 15),
            };
            let shift = PRECISION - precision;
            let (round, base) = if index % 3 == 2 { (1 << PRECISION, 1 << precision) } else { (0, 0) };
            let most = 1i32 << size;
            let near = (previous[reference][index] >> shift) - base;
            let value = params[index].wrapping_sub(round) >> shift;
            signed_with_reference(bits, -most, most + 1, near, value.clamp(-most, most));
        }
    }
}

/// decode_signed_subexp_with_ref(), 5.9.26, the other way round.
fn signed_with_reference(bits: &mut BitWriter, low: i32, high: i32, reference: i32, value: i32) {
    let (count, reference, value) = (high - low, (reference - low).clamp(0, high - low - 1), value - low);
    let coded = if reference << 1 <= count {
        recenter(reference, value)
    } else {
        recenter(count - 1 - reference, count - 1 - value)
    };
    subexp(bits, count.cast_unsigned(), coded.cast_unsigned());
}

/// inverse_recenter(), 5.9.29, the other way round.
fn recenter(reference: i32, value: i32) -> i32 {
    if value > 2 * reference {
        value
    } else if value >= reference {
        2 * (value - reference)
    } else {
        2 * (reference - value) - 1
    }
}

/// decode_subexp(), 5.9.28, the other way round.
fn subexp(bits: &mut BitWriter, count: u32, value: u32) {
    let (mut step, mut from) = (0, 0);
    loop {
        let size = if step == 0 { 3 } else { 3 + step - 1 };
        let room = 1 << size;
        if count <= from + 3 * room {
            super::tiles::non_symmetric(bits, value - from, count - from);
            return;
        }
        let more = value >= from + room;
        bits.bit(more);
        if !more {
            bits.bits(value - from, size);
            return;
        }
        step += 1;
        from += room;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;

    /// decode_unsigned_subexp_with_ref() as the specification has it.
    fn read(reader: &mut BitReader<'_>, count: u32, reference: i32) -> i32 {
        let (mut step, mut from) = (0u32, 0u32);
        let coded = loop {
            let size = if step == 0 { 3 } else { 3 + step - 1 };
            let room = 1 << size;
            if count <= from + 3 * room {
                let n = count - from;
                let width = u32::BITS - n.leading_zeros();
                let short = (1 << width) - n;
                let value = reader.bits(width - 1).unwrap();
                let value =
                    if value < short { value } else { (value << 1) - short + reader.bits(1).unwrap() };
                break from + value;
            }
            if !reader.bit().unwrap() {
                break from + reader.bits(size).unwrap();
            }
            step += 1;
            from += room;
        } as i32;
        let inverse = |r: i32, v: i32| match v {
            v if v > 2 * r => v,
            v if v & 1 == 1 => r - ((v + 1) >> 1),
            v => r + (v >> 1),
        };
        let count = count as i32;
        if reference << 1 <= count {
            inverse(reference, coded)
        } else {
            count - 1 - inverse(count - 1 - reference, coded)
        }
    }

    #[test]
    fn differences_are_read_back() {
        for reference in [-4096, -700, -1, 0, 5, 2000, 4096] {
            for value in [-4096, -4095, -800, -9, -1, 0, 1, 8, 77, 3000, 4096] {
                let mut bits = BitWriter::new();
                signed_with_reference(&mut bits, -4096, 4097, reference, value);
                let (bytes, _) = bits.into_bits();
                assert_eq!(read(&mut BitReader::new(&bytes), 8193, reference + 4096) - 4096, value);
            }
        }
    }
}
