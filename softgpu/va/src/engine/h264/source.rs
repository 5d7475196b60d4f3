//! The picture to code, macroblock by macroblock.

use super::layer::Samples;

/// An NV12 picture. Past its right and bottom edges it goes on with the edge's samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    luma: &'a [u8],
    chroma: &'a [u8],
    strides: [usize; 2],
    width: usize,
    height: usize,
    width_mbs: usize,
}

impl<'a> Source<'a> {
    /// A picture of even `width` and `height` in rows of macroblocks `width_mbs` long; `None` where the memory does not
    /// hold it.
    pub(super) fn new(
        planes: [&'a [u8]; 2],
        strides: [usize; 2],
        width: usize,
        height: usize,
        width_mbs: usize,
    ) -> Option<Self> {
        if width < 2 || height < 2 || width % 2 + height % 2 != 0 || width > 16 * width_mbs {
            return None;
        }
        let holds = |plane: &[u8], stride: usize, rows: usize| {
            stride >= width && (rows - 1).checked_mul(stride).is_some_and(|last| last + width <= plane.len())
        };
        (holds(planes[0], strides[0], height) && holds(planes[1], strides[1], height / 2)).then_some(Self {
            luma: planes[0],
            chroma: planes[1],
            strides,
            width,
            height,
            width_mbs,
        })
    }

    /// The samples of a macroblock.
    pub(super) fn samples(&self, address: u32, out: &mut Samples) {
        let (x, y) = (address as usize % self.width_mbs * 16, address as usize / self.width_mbs * 16);
        let (luma, chroma) = out.split_at_mut(256);
        let (blue, red) = chroma.split_at_mut(64);
        // Columns of this macroblock that the picture has; at least one is always shown.
        let columns = self.width.saturating_sub(x).min(16);
        for (row, into) in luma.chunks_exact_mut(16).enumerate() {
            let line = (y + row).min(self.height - 1) * self.strides[0];
            if columns == 0 {
                into.fill(self.luma[line + self.width - 1]);
                continue;
            }
            into[..columns].copy_from_slice(&self.luma[line + x..line + x + columns]);
            let edge = into[columns - 1];
            into[columns..].fill(edge);
        }
        for (row, (blue, red)) in blue.chunks_exact_mut(8).zip(red.chunks_exact_mut(8)).enumerate() {
            let line = (y / 2 + row).min(self.height / 2 - 1) * self.strides[1];
            for (column, (blue, red)) in blue.iter_mut().zip(red).enumerate() {
                let at = line + (x + 2 * column).min(self.width - 2);
                *blue = self.chroma[at];
                *red = self.chroma[at + 1];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_go_on_past_the_picture() {
        // 18 x 4 samples in memory that is wider; each says where it is.
        let luma: Vec<u8> = (0..4 * 32).map(|at| (at / 32 * 50 + at % 32) as u8).collect();
        let chroma: Vec<u8> = (0..2 * 40).map(|at| (100 + at / 40 * 50 + at % 40) as u8).collect();
        let source = Source::new([&luma, &chroma], [32, 40], 18, 4, 3).unwrap();
        let mut samples = [0; 384];
        source.samples(0, &mut samples);
        assert_eq!((samples[0], samples[15], samples[16 * 3 + 2], samples[255]), (0, 15, 152, 165));
        assert_eq!((samples[256], samples[320], samples[256 + 9], samples[383]), (100, 101, 152, 165));
        source.samples(1, &mut samples);
        assert_eq!((samples[0], samples[1], samples[2], samples[15], samples[255]), (16, 17, 17, 17, 167));
        assert_eq!((samples[256], samples[257], samples[320], samples[327]), (116, 116, 117, 117));
        source.samples(2, &mut samples);
        assert_eq!((samples[0], samples[255], samples[256]), (17, 167, 116));
    }

    #[test]
    fn memory_that_is_too_small_is_none() {
        let (luma, chroma) = ([0; 32 * 16], [0; 32 * 8]);
        assert!(Source::new([&luma, &chroma], [32, 32], 32, 16, 2).is_some());
        assert!(Source::new([&luma, &chroma], [32, 32], 32, 18, 2).is_none());
        assert!(Source::new([&luma, &chroma[1..]], [32, 32], 32, 16, 2).is_none());
        assert!(Source::new([&luma, &chroma], [16, 32], 32, 16, 2).is_none());
        assert!(Source::new([&luma, &chroma], [32, usize::MAX], 32, 16, 2).is_none());
    }
}
