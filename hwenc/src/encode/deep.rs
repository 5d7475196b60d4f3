//! 8-bit RGB into a picture of 10 bits by the `yuv` crate, which wants 10 bits of RGB for that: they are made a few rows at a
//! time, in memory that stays in the processor's cache.

use yuv::{BufferStoreMut, YuvPlanarImageMut, YuvRange, YuvStandardMatrix};

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
    /// Rows as RGB of 10 bits.
    strip: Vec<u16>,
    /// The same as I010, on their way to P010.
    planar: Vec<u16>,
}

impl DeepRgb {
    /// This format can be made.
    pub(super) fn makes(format: PixelFormat) -> bool {
        [PixelFormat::P010, PixelFormat::I010, PixelFormat::I410].contains(&format)
    }

    pub(super) fn new(order: Order, to: Color) -> Self {
        DeepRgb {
            order,
            range: range(to.range),
            matrix: standard(to.matrix),
            strip: Vec::new(),
            planar: Vec::new(),
        }
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
    fn rows(&mut self, out: &mut Frame, first: u32, count: u32) -> Result<()> {
        let (to, width) = (out.format(), out.width());
        let strides = [0, 1, 2].map(|plane| out.stride(plane) as usize / 2);
        let skip = |plane: usize| strides[plane] * to.rows(plane, first);
        if to != PixelFormat::P010 {
            let [y, u, v] = out.planes_mut_16()?;
            let planes = [&mut y[skip(0)..], &mut u[skip(1)..], &mut v[skip(2)..]];
            return convert(self, &self.strip, planes, strides, (width, count), to == PixelFormat::I410);
        }
        // By way of I010, as the crate's own P010 takes four times as long.
        let (row, half) = (width as usize, width.div_ceil(2) as usize);
        let (luma, chroma) = (row * count as usize, half * count.div_ceil(2) as usize);
        let mut planar = std::mem::take(&mut self.planar);
        planar.resize(luma + 2 * chroma, 0);
        let (y, rest) = planar.split_at_mut(luma);
        let (u, v) = rest.split_at_mut(chroma);
        convert(self, &self.strip, [y, u, v], [row, half, half], (width, count), false)?;

        let [to_y, to_uv] = out.planes_mut_16()?;
        for (to, from) in to_y[skip(0)..].chunks_mut(strides[0]).zip(y.chunks(row)) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from << 6);
        }
        let from = u.chunks(half).zip(v.chunks(half));
        for (to, (u, v)) in to_uv[skip(1)..].chunks_mut(strides[1]).zip(from) {
            let pairs = to.as_chunks_mut::<2>().0.iter_mut();
            pairs.zip(u.iter().zip(v)).for_each(|(to, (u, v))| *to = [u << 6, v << 6]);
        }
        self.planar = planar;
        Ok(())
    }
}

/// RGB of 10 bits into I010 or I410. Strides are in samples.
fn convert(
    how: &DeepRgb,
    rgb: &[u16],
    [y, u, v]: [&mut [u16]; 3],
    strides: [usize; 3],
    (width, height): (u32, u32),
    all_chroma: bool,
) -> Result<()> {
    let [y_stride, u_stride, v_stride] = strides.map(|stride| stride as u32);
    let mut image = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride,
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride,
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride,
        width,
        height,
    };
    let convert = match (all_chroma, how.order.pixel) {
        (true, 3) => yuv::rgb10_to_i410,
        (true, _) => yuv::rgba10_to_i410,
        (false, 3) => yuv::rgb10_to_i010,
        (false, _) => yuv::rgba10_to_i010,
    };
    convert(&mut image, rgb, width * how.order.pixel as u32, how.range, how.matrix).map_err(failed)
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
