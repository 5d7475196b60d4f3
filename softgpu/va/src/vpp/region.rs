//! Parts of pictures.

use super::colour::Samples;
use crate::failure::{Failure, Outcome};
use crate::plane::{Format, Planes, PlanesMut, Unit};
use crate::sys;

/// A rectangle in whole numbers of the format's units: chroma cannot be cut in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rectangle {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Rectangle {
    fn within(region: &sys::VARectangle, format: Format, width: u32, height: u32) -> Option<Self> {
        let across = format.units().iter().map(|unit| unit.across).max()?;
        let down = format.units().iter().map(|unit| unit.down).max()?;
        let (x, y) = (u32::try_from(region.x).ok()?, u32::try_from(region.y).ok()?);
        let (x, y) = (x - x % across, y - y % down);
        let rectangle = Self { x, y, width: region.width.into(), height: region.height.into() };
        let fits = rectangle.width > 0
            && rectangle.height > 0
            && x + rectangle.width <= width
            && y + rectangle.height <= height;
        fits.then_some(rectangle)
    }

    /// Where it begins in a plane.
    fn offset(self, unit: Unit, stride: usize) -> usize {
        (self.y / unit.down) as usize * stride + (self.x / unit.across * unit.bytes) as usize
    }
}

/// A part of a picture; `None` where it is not within it.
pub(super) fn part<'a>(picture: &Planes<'a>, region: &sys::VARectangle) -> Option<Planes<'a>> {
    let rectangle = Rectangle::within(region, picture.format, picture.width, picture.height)?;
    let mut part = Planes { width: rectangle.width, height: rectangle.height, ..*picture };
    for (plane, &unit) in picture.format.units().iter().enumerate() {
        part.data[plane] = part.data[plane].get(rectangle.offset(unit, part.strides[plane])..)?;
    }
    Some(part)
}

/// A part of a picture, to be written.
pub(super) fn part_mut<'b>(
    picture: &'b mut PlanesMut<'_>,
    region: &sys::VARectangle,
) -> Option<PlanesMut<'b>> {
    let rectangle = Rectangle::within(region, picture.format, picture.width, picture.height)?;
    let strides = picture.strides;
    let units = picture.format.units();
    let [a, b, c] = &mut picture.data;
    let mut data: [&mut [u8]; 3] = [a, b, c];
    for (plane, &unit) in units.iter().enumerate() {
        data[plane] = std::mem::take(&mut data[plane]).get_mut(rectangle.offset(unit, strides[plane])..)?;
    }
    Some(PlanesMut {
        format: picture.format,
        width: rectangle.width,
        height: rectangle.height,
        data,
        strides,
    })
}

/// Whether a region is all of a picture.
pub(super) fn is_whole(picture: &PlanesMut<'_>, region: &sys::VARectangle) -> bool {
    (region.x, region.y) == (0, 0)
        && (u32::from(region.width), u32::from(region.height)) == (picture.width, picture.height)
}

/// Every other line of a picture.
pub(super) fn field<'a>(picture: &Planes<'a>, bottom: bool) -> Option<Planes<'a>> {
    let mut field = *picture;
    field.height = picture.height / 2;
    let halves = picture.format.units().iter().all(|unit| picture.height.is_multiple_of(2 * unit.down));
    if !halves {
        return None;
    }
    for (data, stride) in field.data.iter_mut().zip(&mut field.strides) {
        if bottom && !data.is_empty() {
            *data = data.get(*stride..)?;
        }
        *stride *= 2;
    }
    Some(field)
}

/// Fills a picture with one colour.
pub(super) fn fill(picture: &mut PlanesMut<'_>, colour: Samples) -> Outcome {
    let [y, u, v] = colour.yuv;
    let [r, g, b, a] = colour.rgba;
    let ten = |value: u8| (u16::from(value) << 8).to_le_bytes();
    let pair = |one: [u8; 2], other: [u8; 2]| vec![one[0], one[1], other[0], other[1]];
    let units: Vec<Vec<u8>> = match picture.format {
        Format::Nv12 => vec![vec![y], vec![u, v]],
        Format::P010 => vec![ten(y).to_vec(), pair(ten(u), ten(v))],
        Format::I420 | Format::I444 => vec![vec![y], vec![u], vec![v]],
        Format::Yv12 => vec![vec![y], vec![v], vec![u]],
        Format::Y800 => vec![vec![y]],
        Format::Yuy2 => vec![vec![y, u, y, v]],
        Format::Uyvy => vec![vec![u, y, v, y]],
        Format::Bgra | Format::Bgrx => vec![vec![b, g, r, a]],
        Format::Rgba | Format::Rgbx => vec![vec![r, g, b, a]],
        Format::Argb => vec![vec![a, r, g, b]],
        Format::Abgr => vec![vec![a, b, g, r]],
    };
    let rows: Vec<usize> = picture.format.units().iter().map(|unit| unit.rows(picture.height)).collect();
    for (plane, (unit, rows)) in units.iter().zip(rows).enumerate() {
        for row in 0..rows {
            let row = picture
                .row_mut(plane, row)
                .ok_or_else(|| Failure::parameter("the surface has too few rows"))?;
            row.chunks_exact_mut(unit.len()).for_each(|to| to.copy_from_slice(unit));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(x: i16, y: i16, width: u16, height: u16) -> sys::VARectangle {
        sys::VARectangle { x, y, width, height }
    }

    fn counted() -> Vec<u8> {
        (0..8 * 12).collect()
    }

    fn nv12(bytes: &[u8]) -> Planes<'_> {
        let (luma, chroma) = bytes.split_at(64);
        Planes { format: Format::Nv12, width: 8, height: 8, data: [luma, chroma, &[]], strides: [8, 8, 0] }
    }

    #[test]
    fn parts_begin_where_they_should() {
        let bytes = counted();
        let picture = part(&nv12(&bytes), &region(3, 5, 4, 2)).unwrap();
        assert_eq!((picture.width, picture.height), (4, 2));
        assert_eq!(picture.row(0, 0), Some(&[34, 35, 36, 37][..]), "odd beginnings are rounded down");
        assert_eq!(picture.row(1, 0), Some(&[82, 83, 84, 85][..]));
        for outside in [region(0, 0, 9, 8), region(6, 0, 4, 8), region(-2, 0, 4, 4), region(0, 0, 0, 8)] {
            assert!(part(&nv12(&bytes), &outside).is_none(), "{outside:?}");
        }
    }

    #[test]
    fn fields_are_every_other_line() {
        let bytes = counted();
        let bottom = field(&nv12(&bytes), true).unwrap();
        assert_eq!((bottom.height, bottom.row(0, 0).unwrap()[0], bottom.row(0, 3).unwrap()[0]), (4, 8, 56));
        assert_eq!((bottom.row(1, 0).unwrap()[0], bottom.row(1, 1).unwrap()[0]), (72, 88));
        let odd = Planes { height: 6, ..nv12(&bytes) };
        assert!(field(&odd, false).is_none());
    }

    #[test]
    fn a_background_fills_all_planes() {
        let colour = Samples { yuv: [1, 2, 3], rgba: [4, 5, 6, 7] };
        let (mut luma, mut chroma) = (vec![0; 20], vec![0; 10]);
        let mut picture = PlanesMut {
            format: Format::Nv12,
            width: 4,
            height: 2,
            data: [&mut luma, &mut chroma, &mut []],
            strides: [10, 10, 0],
        };
        fill(&mut picture, colour).unwrap();
        assert!(!is_whole(&picture, &region(0, 0, 4, 1)) && is_whole(&picture, &region(0, 0, 4, 2)));
        assert_eq!(luma, [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(chroma, [2, 3, 2, 3, 0, 0, 0, 0, 0, 0]);
    }
}
