//! RGB into the planes of an encoder's picture by the `yuv` crate's SIMD: one pass over the pixels.

use yuv::{
    BufferStoreMut, YuvBiPlanarImageMut, YuvConversionMode, YuvError, YuvPlanarImageMut, YuvRange,
    YuvStandardMatrix,
};

use crate::av::{Color, Frame, Matrix, PixelFormat, Range};
use crate::error::{Code, Error, Result};

/// How the bytes of a pixel lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Order {
    /// Bytes of a pixel.
    pub(super) pixel: usize,
    /// Bytes before its first colour.
    pub(super) before: usize,
    pub(super) blue_first: bool,
}

impl Order {
    /// `None` where the format has no such order of bytes.
    pub(super) fn of(format: PixelFormat) -> Option<Self> {
        let (pixel, before, blue_first) = match format.name() {
            "rgb24" => (3, 0, false),
            "bgr24" => (3, 0, true),
            "rgba" | "rgb0" => (4, 0, false),
            "bgra" | "bgr0" => (4, 0, true),
            "argb" | "0rgb" => (4, 1, false),
            "abgr" | "0bgr" => (4, 1, true),
            _ => return None,
        };
        Some(Order { pixel, before, blue_first })
    }
}

/// A conversion that is chosen once and run for every picture.
pub(super) struct Rgb {
    order: Order,
    range: YuvRange,
    matrix: YuvStandardMatrix,
    /// The last rows of pictures that end with their last pixel.
    last: Vec<u8>,
}

impl Rgb {
    /// The `yuv` crate makes this format of 8-bit RGB.
    pub(super) fn makes(format: PixelFormat) -> bool {
        [PixelFormat::NV12, PixelFormat::I420, PixelFormat::I444].contains(&format)
    }

    pub(super) fn new(order: Order, to: Color) -> Self {
        Rgb { order, range: range(to.range), matrix: standard(to.matrix), last: Vec::new() }
    }

    /// The `yuv` crate wants whole rows; where the last one ends with its last pixel, its two rows go through memory of
    /// our own. So do those of pixels that do not begin with a colour: from their second byte on they look like pixels
    /// that end with the byte without meaning, but for the very last one, which has none.
    pub(super) fn run(&mut self, bytes: &[u8], stride: usize, out: &mut Frame) -> Result<()> {
        let (width, height) = (out.width(), out.height());
        let bytes = &bytes[self.order.before..];
        if bytes.len() >= stride * height as usize {
            return self.rows(bytes, stride, out, 0, height);
        }
        let tail = if height.is_multiple_of(2) { 2 } else { 1 };
        let whole = height - tail;
        if whole > 0 {
            self.rows(bytes, stride, out, 0, whole)?;
        }
        let row = width as usize * self.order.pixel;
        let mut last = std::mem::take(&mut self.last);
        last.clear();
        for y in whole..height {
            let at = y as usize * stride;
            last.extend_from_slice(&bytes[at..at + row - self.order.before]);
            last.resize(last.len() + self.order.before, 0);
        }
        let ran = self.rows(&last, row, out, whole, tail);
        self.last = last;
        ran
    }

    /// Rows `first..first + rows` of the output from the first `rows` rows of `bytes`; `first` is even.
    fn rows(&self, bytes: &[u8], stride: usize, out: &mut Frame, first: u32, rows: u32) -> Result<()> {
        let (to, width) = (out.format(), out.width());
        let strides = [0, 1, 2].map(|plane| out.stride(plane) as u32);
        let stride = stride as u32;
        let (range, matrix) = (self.range, self.matrix);
        // Never off by more than 1. `Professional` finds the nearest value nearly always, and takes a fifth longer: more
        // than 1.3 of what libyuv takes, which rounds no better than this. benches/benches/convert.rs measures it.
        let mode = YuvConversionMode::Balanced;
        let skip = |plane: usize| strides[plane] as usize * to.rows(plane, first);
        let (three, blue_first) = (self.order.pixel == 3, self.order.blue_first);
        if to == PixelFormat::NV12 {
            let [y, uv] = out.planes_mut()?;
            let mut image = YuvBiPlanarImageMut {
                y_plane: BufferStoreMut::Borrowed(&mut y[skip(0)..]),
                y_stride: strides[0],
                uv_plane: BufferStoreMut::Borrowed(&mut uv[skip(1)..]),
                uv_stride: strides[1],
                width,
                height: rows,
            };
            let convert = match (three, blue_first) {
                (true, false) => yuv::rgb_to_yuv_nv12,
                (true, true) => yuv::bgr_to_yuv_nv12,
                (false, false) => yuv::rgba_to_yuv_nv12,
                (false, true) => yuv::bgra_to_yuv_nv12,
            };
            return convert(&mut image, bytes, stride, range, matrix, mode).map_err(failed);
        }
        let [y, u, v] = out.planes_mut()?;
        let mut image = YuvPlanarImageMut {
            y_plane: BufferStoreMut::Borrowed(&mut y[skip(0)..]),
            y_stride: strides[0],
            u_plane: BufferStoreMut::Borrowed(&mut u[skip(1)..]),
            u_stride: strides[1],
            v_plane: BufferStoreMut::Borrowed(&mut v[skip(2)..]),
            v_stride: strides[2],
            width,
            height: rows,
        };
        let convert = match (to == PixelFormat::I444, three, blue_first) {
            (true, true, false) => yuv::rgb_to_yuv444,
            (true, true, true) => yuv::bgr_to_yuv444,
            (true, false, false) => yuv::rgba_to_yuv444,
            (true, false, true) => yuv::bgra_to_yuv444,
            (false, true, false) => yuv::rgb_to_yuv420,
            (false, true, true) => yuv::bgr_to_yuv420,
            (false, false, false) => yuv::rgba_to_yuv420,
            (false, false, true) => yuv::bgra_to_yuv420,
        };
        convert(&mut image, bytes, stride, range, matrix, mode).map_err(failed)
    }
}

pub(super) fn range(range: Range) -> YuvRange {
    if range == Range::FULL { YuvRange::Full } else { YuvRange::Limited }
}

pub(super) fn failed(error: YuvError) -> Error {
    Error::new(Code::Internal, format!("colour conversion failed: {error}"))
}

pub(super) fn standard(matrix: Matrix) -> YuvStandardMatrix {
    match matrix {
        Matrix::BT709 => YuvStandardMatrix::Bt709,
        Matrix::BT2020 => YuvStandardMatrix::Bt2020,
        _ => YuvStandardMatrix::Bt601,
    }
}
