//! 8-bit RGB into a picture of 10 bits by the `yuv` crate, which wants 10 bits of RGB for that: they are made a few rows at a
//! time, in memory that stays in the processor's cache.

use yuv::{BufferStoreMut, YuvBiPlanarImageMut, YuvPlanarImageMut, YuvRange, YuvStandardMatrix};

use super::rgb::{Order, failed, range, standard};
use crate::av::{Color, Frame, PixelFormat};
use crate::error::Result;

/// Samples of RGB that are made at once, if not more than two rows have: half of a level 1 cache.
const STRIP: usize = 8192;

/// A conversion that is chosen once and run for every picture.
pub(super) struct DeepRgb {
    order: Order,
    range: YuvRange,
    matrix: YuvStandardMatrix,
    strip: Vec<u16>,
}

impl DeepRgb {
    /// This format can be made.
    pub(super) fn makes(format: PixelFormat) -> bool {
        [PixelFormat::P010, PixelFormat::I010, PixelFormat::I410].contains(&format)
    }

    pub(super) fn new(order: Order, to: Color) -> Self {
        DeepRgb { order, range: range(to.range), matrix: standard(to.matrix), strip: Vec::new() }
    }

    pub(super) fn run(&mut self, bytes: &[u8], stride: usize, out: &mut Frame) -> Result<()> {
        let (width, height) = (out.width() as usize, out.height());
        let row = width * self.order.pixel;
        let at_once = (STRIP / row).max(2) as u32 & !1; // chroma goes by two rows
        let mut rows = bytes.chunks(stride).map(|bytes| &bytes[..row]);
        let mut first = 0;
        while first < height {
            let count = at_once.min(height - first);
            self.strip.resize(row * count as usize, 0);
            for (to, from) in self.strip.chunks_exact_mut(row).zip(&mut rows) {
                widen(self.order, from, to);
            }
            self.rows(out, first, count)?;
            first += count;
        }
        Ok(())
    }

    /// Rows `first..first + count` from the strip; `first` is even.
    fn rows(&self, out: &mut Frame, first: u32, count: u32) -> Result<()> {
        let (to, width) = (out.format(), out.width());
        let strides = [0, 1, 2].map(|plane| out.stride(plane) as u32 / 2);
        let skip = |plane: usize| strides[plane] as usize * to.rows(plane, first);
        let (strip, stride, range, matrix) =
            (&self.strip[..], width * self.order.pixel as u32, self.range, self.matrix);
        let three = self.order.pixel == 3;
        if to == PixelFormat::P010 {
            let [y, uv] = out.planes_mut_16()?;
            let mut image = YuvBiPlanarImageMut {
                y_plane: BufferStoreMut::Borrowed(&mut y[skip(0)..]),
                y_stride: strides[0],
                uv_plane: BufferStoreMut::Borrowed(&mut uv[skip(1)..]),
                uv_stride: strides[1],
                width,
                height: count,
            };
            let convert = if three { yuv::rgb10_to_p010 } else { yuv::rgba10_to_p010 };
            return convert(&mut image, strip, stride, range, matrix).map_err(failed);
        }
        let [y, u, v] = out.planes_mut_16()?;
        let mut image = YuvPlanarImageMut {
            y_plane: BufferStoreMut::Borrowed(&mut y[skip(0)..]),
            y_stride: strides[0],
            u_plane: BufferStoreMut::Borrowed(&mut u[skip(1)..]),
            u_stride: strides[1],
            v_plane: BufferStoreMut::Borrowed(&mut v[skip(2)..]),
            v_stride: strides[2],
            width,
            height: count,
        };
        let convert = match (to == PixelFormat::I410, three) {
            (true, true) => yuv::rgb10_to_i410,
            (true, false) => yuv::rgba10_to_i410,
            (false, true) => yuv::rgb10_to_i010,
            (false, false) => yuv::rgba10_to_i010,
        };
        convert(&mut image, strip, stride, range, matrix).map_err(failed)
    }
}

/// 8 bits of any order as red, green and blue of 10 bits: 0 stays 0, and 255 becomes 1023. Where a pixel has a fourth byte it
/// keeps a fourth value: half as quick without.
fn widen(order: Order, from: &[u8], to: &mut [u16]) {
    let ten = |value: u8| u16::from(value) << 2 | u16::from(value) >> 6;
    if (order.before, order.blue_first) == (0, false) {
        return to.iter_mut().zip(from).for_each(|(to, from)| *to = ten(*from));
    }
    if order.pixel == 3 {
        let pixels = to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks::<3>().0);
        return pixels.for_each(|(to, [b, g, r])| *to = [ten(*r), ten(*g), ten(*b)]);
    }
    let pixels = to.as_chunks_mut::<4>().0.iter_mut().zip(from.as_chunks::<4>().0);
    match (order.before, order.blue_first) {
        (0, _) => pixels.for_each(|(to, [b, g, r, x])| *to = [*r, *g, *b, *x].map(ten)),
        (_, false) => pixels.for_each(|(to, [x, r, g, b])| *to = [*r, *g, *b, *x].map(ten)),
        (_, true) => pixels.for_each(|(to, [x, b, g, r])| *to = [*r, *g, *b, *x].map(ten)),
    }
}
