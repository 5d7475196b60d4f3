//! Moving samples between the planes of codecs and those of the driver.

use softgpu_core::codec::{Format, Image};

/// Planes of somebody's picture, to be read or written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes {
    pub(crate) data: [*mut u8; 3],
    pub(crate) strides: [usize; 3],
}

/// Bytes of a row and number of rows of each plane of a picture.
pub(crate) fn layout(format: Format, width: usize, height: usize) -> [(usize, usize); 3] {
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let none = (0, 0);
    match format {
        Format::Nv12 => [(width, height), (2 * half_width, half_height), none],
        Format::P010 => [(2 * width, height), (4 * half_width, half_height), none],
        Format::I420 => [(width, height), (half_width, half_height), (half_width, half_height)],
        Format::Bgra | Format::Rgba => [(4 * width, height), none, none],
        Format::Yuy2 => [(4 * half_width, height), none, none],
        Format::I444 => [(width, height); 3],
        Format::Y800 => [(width, height), none, none],
    }
}

impl Planes {
    pub(crate) fn of(image: &Image) -> Self {
        Self { data: image.planes, strides: image.strides }
    }

    /// Whether each plane that `format` has is there and its rows do not overlap.
    pub(crate) fn fit(&self, format: Format, width: usize, height: usize) -> bool {
        layout(format, width, height).iter().zip(self.data.iter().zip(self.strides)).all(
            |(&(bytes, rows), (data, stride))| {
                bytes == 0 || (!data.is_null() && (rows < 2 || stride >= bytes))
            },
        )
    }

    /// # Safety
    /// Row `row` of plane `plane` has `len` readable bytes that nobody writes meanwhile.
    unsafe fn row(&self, plane: usize, row: usize, len: usize) -> &[u8] {
        // SAFETY: the caller vouches for the row.
        unsafe { std::slice::from_raw_parts(self.data[plane].add(row * self.strides[plane]), len) }
    }

    /// # Safety
    /// Row `row` of plane `plane` has `len` writable bytes that nobody else uses meanwhile.
    #[allow(clippy::mut_from_ref)] // The planes are somebody else's memory, not a part of `self`.
    unsafe fn row_mut(&self, plane: usize, row: usize, len: usize) -> &mut [u8] {
        // SAFETY: the caller vouches for the row.
        unsafe { std::slice::from_raw_parts_mut(self.data[plane].add(row * self.strides[plane]), len) }
    }
}

/// Copies a picture of the same format.
///
/// # Safety
/// Both have the planes of a picture of this format and size, and do not overlap.
pub(crate) unsafe fn copy(format: Format, width: usize, height: usize, source: &Planes, target: &Planes) {
    for (plane, (bytes, rows)) in layout(format, width, height).into_iter().enumerate() {
        for row in 0..rows {
            // SAFETY: `row` and `bytes` are within the plane that the caller vouches for.
            unsafe { target.row_mut(plane, row, bytes).copy_from_slice(source.row(plane, row, bytes)) };
        }
    }
}

/// Writes NV12 from three planes of 8 bit; without chroma planes the picture is grey.
///
/// # Safety
/// `source` has the planes of an I420 picture of this size (the last two may be null), `target` those of an NV12 one.
pub(crate) unsafe fn to_nv12(width: usize, height: usize, source: &Planes, target: &Planes) {
    let half = width.div_ceil(2);
    // SAFETY: all rows are within the planes that the caller vouches for.
    unsafe {
        copy(Format::Y800, width, height, source, target);
        for row in 0..height.div_ceil(2) {
            let pairs = target.row_mut(1, row, 2 * half);
            if source.data[1].is_null() || source.data[2].is_null() {
                pairs.fill(128);
                continue;
            }
            let (blue, red) = (source.row(1, row, half), source.row(2, row, half));
            for (pair, (blue, red)) in pairs.chunks_exact_mut(2).zip(blue.iter().zip(red)) {
                pair.copy_from_slice(&[*blue, *red]);
            }
        }
    }
}

/// Writes P010 from three planes of 10 bit in the lower bits of 16.
///
/// # Safety
/// `source` has the planes of a 10-bit planar 4:2:0 picture of this size, `target` those of a P010 one.
pub(crate) unsafe fn to_p010(width: usize, height: usize, source: &Planes, target: &Planes) {
    let half = width.div_ceil(2);
    let up = |low: &[u8]| (u16::from_le_bytes([low[0], low[1]]) << 6).to_le_bytes();
    // SAFETY: all rows are within the planes that the caller vouches for.
    unsafe {
        for row in 0..height {
            let samples = source.row(0, row, 2 * width);
            for (to, from) in
                target.row_mut(0, row, 2 * width).chunks_exact_mut(2).zip(samples.chunks_exact(2))
            {
                to.copy_from_slice(&up(from));
            }
        }
        for row in 0..height.div_ceil(2) {
            let (blue, red) = (source.row(1, row, 2 * half), source.row(2, row, 2 * half));
            let pairs = target.row_mut(1, row, 4 * half).chunks_exact_mut(4);
            for (pair, (blue, red)) in pairs.zip(blue.chunks_exact(2).zip(red.chunks_exact(2))) {
                pair[..2].copy_from_slice(&up(blue));
                pair[2..].copy_from_slice(&up(red));
            }
        }
    }
}

/// Writes P010 from NV12, or NV12 from P010 with its samples rounded.
///
/// # Safety
/// Both have the planes of a picture of their format and this size, and do not overlap.
pub(crate) unsafe fn change_depth(
    source_format: Format,
    width: usize,
    height: usize,
    source: &Planes,
    target: &Planes,
) {
    let deeper = source_format == Format::Nv12;
    let samples = [(width, height), (2 * width.div_ceil(2), height.div_ceil(2))];
    for (plane, (samples, rows)) in samples.into_iter().enumerate() {
        for row in 0..rows {
            let (from, to) = if deeper { (samples, 2 * samples) } else { (2 * samples, samples) };
            // SAFETY: `row` and the lengths are within the planes that the caller vouches for.
            let (from, to) = unsafe { (source.row(plane, row, from), target.row_mut(plane, row, to)) };
            if deeper {
                for (to, from) in to.chunks_exact_mut(2).zip(from) {
                    to.copy_from_slice(&(u16::from(*from) << 8).to_le_bytes());
                }
            } else {
                for (to, from) in to.iter_mut().zip(from.chunks_exact(2)) {
                    *to = (u16::from_le_bytes([from[0], from[1]]).saturating_add(0x80) >> 8) as u8;
                }
            }
        }
    }
}
