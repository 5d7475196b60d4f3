//! Rotation, and mirroring after it (va_vpp.h, VAProcPipelineParameterBuffer::mirror_state).

use crate::failure::{Failure, Outcome};
use crate::plane::{Format, Planes};
use crate::sys;

/// A picture of our own.
#[derive(Debug)]
pub(super) struct Turned {
    format: Format,
    width: u32,
    height: u32,
    data: [Vec<u8>; 3],
    strides: [usize; 3],
}

impl Turned {
    pub(super) fn as_planes(&self) -> Planes<'_> {
        let [a, b, c] = &self.data;
        Planes {
            format: self.format,
            width: self.width,
            height: self.height,
            data: [a, b, c],
            strides: self.strides,
        }
    }
}

/// Turns a picture clockwise, then mirrors it.
pub(super) fn turn(source: &Planes<'_>, rotation: u32, mirror: u32) -> Outcome<Turned> {
    let no = |what: String| Failure::parameter(what);
    if rotation > sys::VA_ROTATION_270 || mirror & !(sys::VA_MIRROR_HORIZONTAL | sys::VA_MIRROR_VERTICAL) != 0
    {
        return Err(no(format!("rotation {rotation}, mirroring {mirror} is not among the pipeline's caps")));
    }
    let units = source.format.units();
    if units.iter().any(|unit| unit.across != unit.down) {
        return Err(no(format!("{:?} is not turned", source.format)));
    }
    let sideways = matches!(rotation, sys::VA_ROTATION_90 | sys::VA_ROTATION_270);
    let (width, height) =
        if sideways { (source.height, source.width) } else { (source.width, source.height) };
    let mut turned =
        Turned { format: source.format, width, height, data: [const { Vec::new() }; 3], strides: [0; 3] };
    for (plane, unit) in units.iter().enumerate() {
        let bytes = unit.bytes as usize;
        let (columns, rows) = (unit.row_bytes(width) / bytes, unit.rows(height));
        let data = &mut turned.data[plane];
        turned.strides[plane] = columns * bytes;
        data.reserve(columns * rows * bytes);
        for y in 0..rows {
            let y = if mirror & sys::VA_MIRROR_VERTICAL != 0 { rows - 1 - y } else { y };
            for x in 0..columns {
                let x = if mirror & sys::VA_MIRROR_HORIZONTAL != 0 { columns - 1 - x } else { x };
                // Where the sample at x, y of the turned picture comes from.
                let (from_x, from_y) = match rotation {
                    sys::VA_ROTATION_90 => (y, columns - 1 - x),
                    sys::VA_ROTATION_180 => (columns - 1 - x, rows - 1 - y),
                    sys::VA_ROTATION_270 => (rows - 1 - y, x),
                    _ => (x, y),
                };
                let at = from_y * source.strides[plane] + from_x * bytes;
                let sample = source.data[plane]
                    .get(at..at + bytes)
                    .ok_or_else(|| Failure::parameter("the surface has too few rows"))?;
                data.extend_from_slice(sample);
            }
        }
    }
    Ok(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_turn_clockwise_and_are_mirrored_after_that() {
        let bytes = [1, 2, 3, 4, 5, 6];
        let grey = |data| Planes {
            format: Format::Y800,
            width: 3,
            height: 2,
            data: [data, &[], &[]],
            strides: [3, 0, 0],
        };
        for (rotation, mirror, wanted) in [
            (sys::VA_ROTATION_NONE, sys::VA_MIRROR_HORIZONTAL, [3, 2, 1, 6, 5, 4]),
            (sys::VA_ROTATION_NONE, sys::VA_MIRROR_VERTICAL, [4, 5, 6, 1, 2, 3]),
            (sys::VA_ROTATION_90, sys::VA_MIRROR_NONE, [4, 1, 5, 2, 6, 3]),
            (sys::VA_ROTATION_180, sys::VA_MIRROR_NONE, [6, 5, 4, 3, 2, 1]),
            (sys::VA_ROTATION_270, sys::VA_MIRROR_NONE, [3, 6, 2, 5, 1, 4]),
            (sys::VA_ROTATION_90, sys::VA_MIRROR_HORIZONTAL, [1, 4, 2, 5, 3, 6]),
        ] {
            let turned = turn(&grey(&bytes), rotation, mirror).unwrap();
            assert_eq!(turned.data[0], wanted, "{rotation} {mirror}");
            assert_eq!(turned.width, if rotation % 2 == 1 { 2 } else { 3 });
        }
        assert!(turn(&grey(&bytes), 4, 0).is_err());
        assert!(turn(&Planes { format: Format::Yuy2, ..grey(&bytes) }, 1, 0).is_err());
    }

    #[test]
    fn chroma_turns_in_pairs() {
        let (luma, chroma) = ([0; 16], [1, 2, 3, 4, 5, 6, 7, 8]);
        let source = Planes {
            format: Format::Nv12,
            width: 4,
            height: 4,
            data: [&luma, &chroma, &[]],
            strides: [4, 4, 0],
        };
        let turned = turn(&source, sys::VA_ROTATION_90, sys::VA_MIRROR_NONE).unwrap();
        assert_eq!(turned.data[1], [5, 6, 1, 2, 7, 8, 3, 4]);
    }
}
