//! The pictures of a trial: they code easily at any rate, and none can be taken for another.
//!
//! A picture is a grid of four by four cells, each dark or light, with chroma planes of cells of their own: a code of 16 bits
//! for each plane and picture. Any two codes, also mirrored ones, differ in a quarter of their cells at least, so that another
//! picture, a swapped plane or a turned picture is far away. Cells end where blocks of coding end, and are flat but for a
//! slow slope (luma to the right, chroma downwards), which at 10 bit counts through the two lowest bits.

use std::ops::Range;

use crate::av::scale::Scaler;
use crate::av::{Color, Frame, PixelFormat};
use crate::error::Result;

/// Cells in each direction.
pub(super) const CELLS: usize = 4;
/// Pictures of a trial at most.
pub(super) const MOST: usize = 6;

/// Dark and light, or less and more, at 8 bit, for luma and chroma: as far apart as the limited range comfortably holds.
const VALUES: [[u16; 2]; 2] = [[56, 200], [72, 184]];
/// The same where every combination of them must be a colour of RGB.
const VALUES_OF_RGB: [[u16; 2]; 2] = [[82, 174], [92, 164]];
/// Steps of the slope, at 10 bit.
const SLOPE: u32 = 32;

/// Which cells are light, by plane and picture: rows of a Hadamard matrix of 16, which differ in half of their places, added
/// to one pattern without symmetry for each plane. The test below holds them to it. Chroma changes from picture to picture in
/// the same cells as luma, since quick encoders look at luma alone to find what stays.
const CODES: [[u16; MOST]; 3] = {
    const ROWS: [u16; MOST] = [4, 15, 10, 3, 12, 0];
    const PATTERNS: [u16; 3] = [0b1101_1010_1001_0100, 0b1100_1001_0111_1101, 0b0101_1010_0111_1011];
    let mut codes = [[0; MOST]; 3];
    let (mut plane, mut picture, mut cell) = (0, 0, 0);
    while plane < 3 {
        while picture < MOST {
            while cell < 16 {
                codes[plane][picture] |= (((ROWS[picture] & cell).count_ones() as u16) & 1) << cell;
                cell += 1;
            }
            codes[plane][picture] ^= PATTERNS[plane];
            (picture, cell) = (picture + 1, 0);
        }
        (plane, picture) = (plane + 1, 0);
    }
    codes
};

/// The pictures of one size.
#[derive(Default)]
pub(super) struct Film {
    pub(super) width: u32,
    pub(super) height: u32,
    /// The two lowest of ten bits are there.
    deep: bool,
    values: [[u16; 2]; 2],
    /// Where cells begin and end, in luma samples.
    columns: [usize; CELLS + 1],
    rows: [usize; CELLS + 1],
}

impl Film {
    /// Pictures of this size, for pixels of this format.
    pub(super) fn new(width: u32, height: u32, format: PixelFormat) -> Self {
        let values = if format.is_rgb() { VALUES_OF_RGB } else { VALUES };
        let (columns, rows) = (edges(width), edges(height));
        Film { width, height, deep: format.bit_depth() > 8, values, columns, rows }
    }

    /// Mean square of what a plane says: of its cells about their mean, at 10 bit.
    pub(super) fn power(&self, plane: usize) -> f64 {
        let [less, more] = self.values[usize::from(plane > 0)];
        (f64::from(more - less) * 2.0).powi(2)
    }

    pub(super) fn is_deep(&self) -> bool {
        self.deep
    }

    /// Samples in each direction of a plane at 4:2:0.
    pub(super) fn size(&self, plane: usize) -> (usize, usize) {
        let (w, h) = (self.width as usize, self.height as usize);
        if plane == 0 { (w, h) } else { (w.div_ceil(2), h.div_ceil(2)) }
    }

    /// Where a column of cells lies in a plane at 4:2:0.
    pub(super) fn column(&self, plane: usize, cell: usize) -> Range<usize> {
        span(&self.columns, plane, cell)
    }

    /// Where a row of cells lies in a plane at 4:2:0.
    pub(super) fn row(&self, plane: usize, cell: usize) -> Range<usize> {
        span(&self.rows, plane, cell)
    }

    /// Line `y` of a plane of picture `n` at 4:2:0, at 10 bit.
    pub(super) fn line(&self, plane: usize, n: usize, y: usize, line: &mut Vec<u16>) {
        let (width, height) = self.size(plane);
        let row = (0..CELLS).find(|&row| self.row(plane, row).contains(&y)).unwrap_or(CELLS - 1);
        let values = self.values[usize::from(plane > 0)];
        let kept = if self.deep { !0 } else { !3 };
        line.clear();
        for column in 0..CELLS {
            let light = CODES[plane][n % MOST] >> (row * CELLS + column) & 1;
            line.resize(self.column(plane, column).end, values[usize::from(light)] << 2);
        }
        // The slope rises from half its height below the cell's value to half above it.
        if plane > 0 {
            let rise = (y as u32 * SLOPE / height as u32) as u16;
            line.iter_mut().for_each(|sample| *sample = (*sample + rise - SLOPE as u16 / 2) & kept);
            return;
        }
        for (x, sample) in line.iter_mut().enumerate() {
            let rise = (x as u32 * SLOPE / width as u32) as u16;
            *sample = (*sample + rise - SLOPE as u16 / 2) & kept;
        }
    }

    /// Picture `n` in this format, whose colours are `color`.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`](crate::Code::PictureInvalid) for a format that nothing is converted to,
    /// [`Code::OutOfMemory`](crate::Code::OutOfMemory).
    pub(super) fn picture(&self, n: usize, format: PixelFormat, color: Color) -> Result<Frame> {
        let Some(layout) = Layout::of(format) else {
            let near = if format.bit_depth() > 8 { PixelFormat::I410 } else { PixelFormat::I444 };
            let from = self.picture(n, near, color)?;
            let mut to = Frame::picture(format, self.width, self.height)?;
            Scaler::new((near, color), (format, color), self.width, self.height)?.run(&from, &mut to)?;
            return Ok(to);
        };
        let mut frame = Frame::picture(format, self.width, self.height)?;
        let (mut lines, mut bytes) = ([Vec::new(), Vec::new()], Vec::new());
        for plane in 0..format.planes() {
            let shift = if plane > 0 { format.chroma_shift() } else { (0, 0) };
            // The reference has half the samples in each direction.
            let (across, down) = if plane > 0 { (1 - shift.0, 1 - shift.1) } else { (0, 0) };
            let width = format.row_bytes(plane, self.width);
            let stride = frame.stride(plane) as usize;
            let mut known = None;
            for (y, to) in frame.plane_mut(plane)?.chunks_mut(stride).enumerate() {
                let y = y >> down;
                let same = (self.level(plane, y), self.cell(plane, y));
                if known != Some(same) {
                    known = Some(same);
                    self.line(plane, n, y, &mut lines[0]);
                    if layout.paired && plane > 0 {
                        self.line(2, n, y, &mut lines[1]);
                    }
                    layout.write(&lines, plane, across, &mut bytes);
                }
                to[..width].copy_from_slice(&bytes[..width]);
            }
        }
        Ok(frame)
    }

    fn cell(&self, plane: usize, y: usize) -> usize {
        (0..CELLS).find(|&row| self.row(plane, row).contains(&y)).unwrap_or(CELLS - 1)
    }

    /// The step of the slope that a line lies on.
    fn level(&self, plane: usize, y: usize) -> usize {
        if plane == 0 { 0 } else { y * SLOPE as usize / self.size(plane).1 }
    }
}

/// How samples lie in memory.
struct Layout {
    bytes: usize,
    /// By how many bits samples of 10 bit are moved down; negative: up.
    down: i32,
    /// Cb and Cr share a plane.
    paired: bool,
}

impl Layout {
    fn of(format: PixelFormat) -> Option<Self> {
        let (bytes, down, paired) = match format {
            PixelFormat::NV12 => (1, 2, true),
            PixelFormat::I420 | PixelFormat::I444 => (1, 2, false),
            PixelFormat::P010 => (2, -6, true),
            PixelFormat::I010 | PixelFormat::I410 => (2, 0, false),
            _ => return None,
        };
        Some(Layout { bytes, down, paired })
    }

    /// One line of a plane; each sample of the reference stands for `1 << across`.
    fn write(&self, lines: &[Vec<u16>; 2], plane: usize, across: u8, bytes: &mut Vec<u8>) {
        bytes.clear();
        let pair = self.paired && plane > 0;
        for (x, &first) in lines[0].iter().enumerate() {
            for sample in [Some(first), pair.then(|| lines[1][x])].into_iter().flatten() {
                let sample = if self.down < 0 { sample << -self.down } else { sample >> self.down };
                for _ in 0..1 << across {
                    bytes.extend_from_slice(&sample.to_le_bytes()[..self.bytes]);
                }
            }
        }
    }
}

/// Where cells begin and end: near quarters, where blocks end that the codec may use at this size.
fn edges(length: u32) -> [usize; CELLS + 1] {
    let grain = match length {
        512.. => 64,
        64.. => 16,
        32.. => 8,
        _ => 2,
    };
    let cells = CELLS as u32;
    std::array::from_fn(|i| match i as u32 {
        i if i == cells => length as usize,
        i => ((i * length + cells * grain / 2) / (cells * grain) * grain) as usize,
    })
}

fn span(edges: &[usize; CELLS + 1], plane: usize, cell: usize) -> Range<usize> {
    let at = |edge: usize| if plane == 0 { edge } else { edge.div_ceil(2) };
    at(edges[cell])..at(edges[cell + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells as they lie after turning or mirroring.
    fn moved(code: u16, to: impl Fn(usize, usize) -> (usize, usize)) -> u16 {
        (0..16).fold(0, |all, cell| {
            let (column, row) = to(cell % CELLS, cell / CELLS);
            all | (code >> cell & 1) << (row * CELLS + column)
        })
    }

    #[test]
    fn no_picture_or_plane_looks_like_another_even_mirrored_or_turned() {
        for plane in CODES {
            for (i, a) in plane.iter().enumerate() {
                assert!((5..=11).contains(&a.count_ones()), "a mean that says nothing: {a:016b}");
                for (j, b) in plane.iter().enumerate() {
                    let turned = [
                        moved(*b, |x, y| (3 - x, y)),
                        moved(*b, |x, y| (x, 3 - y)),
                        moved(*b, |x, y| (3 - x, 3 - y)),
                    ];
                    for other in turned.into_iter().chain((i != j).then_some(*b)) {
                        assert!((a ^ other).count_ones() >= 4, "{a:016b} and {other:016b}");
                    }
                }
            }
        }
        for (n, (blue, red)) in CODES[1].iter().zip(&CODES[2]).enumerate() {
            assert!((blue ^ red).count_ones() >= 6, "planes of picture {n}");
        }
    }

    #[test]
    fn cells_end_where_blocks_end() {
        assert_eq!(edges(1280), [0, 320, 640, 960, 1280]);
        assert_eq!(edges(720), [0, 192, 384, 512, 720]);
        assert_eq!(edges(64), [0, 16, 32, 48, 64]);
        assert_eq!(edges(16), [0, 4, 8, 12, 16]);
        for length in 8..600 {
            assert!(edges(length).windows(2).all(|pair| pair[0] < pair[1]), "{length}");
        }
    }

    #[test]
    fn every_format_holds_the_same_picture() {
        let deep = Film::new(96, 64, PixelFormat::P010);
        let p010 = deep.picture(2, PixelFormat::P010, Color::BT709).unwrap();
        let i010 = deep.picture(2, PixelFormat::I010, Color::BT709).unwrap();
        let sample = |frame: &Frame, plane: usize, at: usize| {
            let bytes = frame.plane(plane).unwrap();
            u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]])
        };
        let mut line = Vec::new();
        deep.line(2, 2, 0, &mut line);
        assert_eq!(sample(&p010, 1, 11) >> 6, line[5]);
        assert_eq!(sample(&i010, 2, 5), line[5]);
        deep.line(0, 2, 0, &mut line);
        assert!(line.iter().any(|sample| sample % 4 != 0), "the low bits are used");
        let shallow = Film::new(96, 64, PixelFormat::NV12);
        let nv12 = shallow.picture(2, PixelFormat::NV12, Color::BT709).unwrap();
        assert_eq!(u16::from(nv12.plane(0).unwrap()[7]), line[7] >> 2);
        let rgba = shallow.picture(2, PixelFormat::RGBA, Color::BT709).unwrap();
        assert_eq!(rgba.format(), PixelFormat::RGBA);
    }
}
