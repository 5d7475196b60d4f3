//! A picture as the software encoders want it: three planes, 10 bit in the lower bits, of the coded size.

use softgpu_core::codec::{Format, Image};

/// Three planes that are used again for every picture.
pub(crate) struct Planar {
    width: usize,
    height: usize,
    depth: u32,
    bytes: Vec<u8>,
}

impl Planar {
    pub(crate) fn new(width: u32, height: u32, depth: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let samples = width * height + 2 * chroma_width * chroma_height;
        Self { width, height, depth, bytes: vec![0; samples * if depth > 8 { 2 } else { 1 }] }
    }

    /// Bits of a sample.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    fn sample(&self) -> usize {
        if self.depth > 8 { 2 } else { 1 }
    }

    /// Y, Cb and Cr with their strides in bytes.
    pub(crate) fn planes(&self) -> impl Iterator<Item = (&[u8], usize)> {
        let stride = self.width * self.sample();
        let chroma_stride = self.width.div_ceil(2) * self.sample();
        let (luma, chroma) = self.bytes.split_at(stride * self.height);
        let (cb, cr) = chroma.split_at(chroma_stride * self.height.div_ceil(2));
        [(luma, stride), (cb, chroma_stride), (cr, chroma_stride)].into_iter()
    }

    /// Takes a picture in; where it is smaller than the coded size its last column and row are repeated.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    pub(crate) unsafe fn fill(&mut self, image: &Image) -> Option<()> {
        let wide = match image.format {
            Format::Nv12 | Format::I420 => false,
            Format::P010 => true,
            _ => return None,
        };
        if wide != (self.depth > 8) || image.width == 0 || image.height == 0 || image.planes[0].is_null() {
            return None;
        }
        let sample = self.sample();
        let (width, height) = (self.width, self.height);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        let (given_width, given_height) = (image.width as usize, image.height as usize);
        let (given_chroma_width, given_chroma_height) = (given_width.div_ceil(2), given_height.div_ceil(2));
        let planar = image.format == Format::I420;
        if image.planes[1].is_null() || planar && image.planes[2].is_null() {
            return None;
        }
        let row = |plane: usize, y: usize, bytes: usize| {
            // SAFETY: the caller promises rows of that length within the plane.
            unsafe { std::slice::from_raw_parts(image.planes[plane].add(y * image.strides[plane]), bytes) }
        };
        let (luma, chroma) = self.bytes.split_at_mut(width * sample * height);
        let (cb, cr) = chroma.split_at_mut(chroma_width * sample * chroma_height);
        let taken = given_width.min(width);
        for (y, target) in luma.chunks_exact_mut(width * sample).enumerate() {
            let source = row(0, y.min(given_height - 1), taken * sample);
            if wide {
                shift(source, target);
            } else {
                target[..taken].copy_from_slice(source);
            }
            extend(target, taken * sample, sample);
        }
        let taken = given_chroma_width.min(chroma_width);
        let rows = cb.chunks_exact_mut(chroma_width * sample).zip(cr.chunks_exact_mut(chroma_width * sample));
        for (y, (cb, cr)) in rows.enumerate() {
            let y = y.min(given_chroma_height - 1);
            if planar {
                cb[..taken].copy_from_slice(row(1, y, taken));
                cr[..taken].copy_from_slice(row(2, y, taken));
            } else if wide {
                split_wide(row(1, y, 4 * taken), cb, cr);
            } else {
                split(row(1, y, 2 * taken), cb, cr);
            }
            extend(cb, taken * sample, sample);
            extend(cr, taken * sample, sample);
        }
        Some(())
    }
}

/// 10 bit from the upper to the lower bits.
fn shift(source: &[u8], target: &mut [u8]) {
    for (from, to) in source.as_chunks::<2>().0.iter().zip(target.as_chunks_mut::<2>().0) {
        *to = (u16::from_le_bytes(*from) >> 6).to_ne_bytes();
    }
}

fn split(source: &[u8], cb: &mut [u8], cr: &mut [u8]) {
    for ((pair, cb), cr) in source.as_chunks::<2>().0.iter().zip(cb).zip(cr) {
        [*cb, *cr] = *pair;
    }
}

fn split_wide(source: &[u8], cb: &mut [u8], cr: &mut [u8]) {
    let targets = cb.as_chunks_mut::<2>().0.iter_mut().zip(cr.as_chunks_mut::<2>().0);
    for (&[a, b, c, d], (cb, cr)) in source.as_chunks::<4>().0.iter().zip(targets) {
        *cb = (u16::from_le_bytes([a, b]) >> 6).to_ne_bytes();
        *cr = (u16::from_le_bytes([c, d]) >> 6).to_ne_bytes();
    }
}

/// Repeats the last sample before `from` up to the end of the row.
fn extend(row: &mut [u8], from: usize, sample: usize) {
    if from < row.len() {
        let (taken, rest) = row.split_at_mut(from);
        let last = &taken[from - sample..];
        rest.chunks_exact_mut(sample).for_each(|target| target.copy_from_slice(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_picture_is_extended_by_its_last_column_and_row() {
        let (mut luma, mut chroma) = ([1u8, 2, 9, 3, 4, 9], [5u8, 6, 9]);
        let image = Image {
            format: Format::Nv12,
            width: 2,
            height: 2,
            planes: [luma.as_mut_ptr(), chroma.as_mut_ptr(), std::ptr::null_mut()],
            strides: [3, 3, 0],
        };
        let mut planar = Planar::new(4, 4, 8);
        // SAFETY: two rows of two samples lie 3 bytes apart, and one row of one pair.
        unsafe { planar.fill(&image) }.unwrap();
        let planes: Vec<&[u8]> = planar.planes().map(|plane| plane.0).collect();
        assert_eq!(planes[0], [1, 2, 2, 2, 3, 4, 4, 4, 3, 4, 4, 4, 3, 4, 4, 4]);
        assert_eq!((planes[1], planes[2]), (&[5; 4][..], &[6; 4][..]));
    }

    #[test]
    fn ten_bit_samples_move_to_the_lower_bits() {
        let mut luma = [64u16.to_le_bytes(), (1023u16 << 6).to_le_bytes()].concat().repeat(2);
        let mut chroma = [(512u16 << 6).to_le_bytes(), (3u16 << 6).to_le_bytes()].concat();
        let image = Image {
            format: Format::P010,
            width: 2,
            height: 2,
            planes: [luma.as_mut_ptr(), chroma.as_mut_ptr(), std::ptr::null_mut()],
            strides: [4, 4, 0],
        };
        let mut planar = Planar::new(2, 2, 10);
        // SAFETY: two rows of two samples lie 4 bytes apart, and one row of one pair.
        unsafe { planar.fill(&image) }.unwrap();
        let samples: Vec<Vec<u16>> = planar
            .planes()
            .map(|(bytes, _)| bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_ne_bytes(pair)).collect())
            .collect();
        assert_eq!(samples, [vec![1, 1023, 1, 1023], vec![512], vec![3]]);
    }
}
