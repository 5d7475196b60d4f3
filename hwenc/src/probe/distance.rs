//! How far a decoded picture is from the one that was sent.

use super::picture::{CELLS, Film};
use crate::av::Frame;

/// Luma samples of the strips along the four sides that are looked at alone: what is cropped wrong shows there.
const STRIP: usize = 8;
/// Luma samples on either side of a cell's edge that are searched for it.
const WINDOW: usize = 24;
/// About as many lines of a plane are looked at, beside those near edges and sides.
const LINES: usize = 144;
/// A shift counts where it explains the picture so many times better than none,
const SHIFT_FACTOR: f64 = 3.0;
/// and where the edges are off by more than this without it: a mean square at 10 bit, four steps of 8 bit.
const SHIFT_FLOOR: f64 = 256.0;
/// Variance about the staircase of 8 bit, in steps of 10 bit, below which a picture follows it. One that follows the slope
/// instead has 1.25: that of 0, 1, 2, 3.
const STAIRCASE: f64 = 0.4;

/// What lies between two pictures.
#[derive(Debug, Default)]
pub(super) struct Distance {
    pub(super) planes: [Plane; 3],
    /// The samples came with 10 bit and follow only their upper 8.
    pub(super) lost_low_bits: bool,
}

/// Likewise of one plane. Mean squares are those of samples at 10 bit.
#[derive(Debug, Default)]
pub(super) struct Plane {
    pub(super) square: f64,
    /// The worst cell, side or edge.
    pub(super) region: f64,
    /// How far the picture moved, to the right and down, in samples of the plane.
    pub(super) shift: Option<(i32, i32)>,
}

/// PSNR in dB of a mean square of samples at 10 bit, for a stream of this depth; 100 where nothing differs.
pub(super) fn psnr(square: f64, depth: u8) -> f64 {
    let peak = if depth > 8 { 1023.0 } else { 255.0 * 4.0 };
    if square > 0.0 { (10.0 * (peak * peak / square).log10()).min(100.0) } else { 100.0 }
}

/// Compares a decoded picture of planar YUV with picture `n` that was sent; `None` where it cannot be read.
pub(super) fn distance(film: &Film, n: usize, frame: &Frame) -> Option<Distance> {
    let mut distance = Distance::default();
    for (number, plane) in distance.planes.iter_mut().enumerate() {
        let mut tally = Tally::new(film, number);
        let reader = Reader::new(frame, number)?;
        let (mut want, mut got) = (Vec::new(), Vec::new());
        let height = film.size(number).1;
        let step = (height / LINES).max(4) | 1; // odd, so that both fields are seen
        for y in 0..height {
            if y % step != 0 && !tally.is_close(y) {
                continue;
            }
            film.line(number, n, y, &mut want);
            reader.line(y, want.len(), &mut got)?;
            tally.add(y, &got, &want);
        }
        let deep = film.is_deep() && frame.format().bit_depth() > 8;
        if number == 0 && deep {
            distance.lost_low_bits = tally.stairs.follows();
        }
        *plane = tally.sum();
    }
    Some(distance)
}

/// Lines of a decoded plane as samples of 10 bit at 4:2:0.
struct Reader<'f> {
    bytes: &'f [u8],
    stride: usize,
    wide: bool,
    up: u32,
    across: u8,
    down: u8,
}

impl<'f> Reader<'f> {
    fn new(frame: &'f Frame, plane: usize) -> Option<Self> {
        let format = frame.format();
        let depth = format.bit_depth();
        if format.planes() != 3 || !(8..=10).contains(&depth) {
            return None;
        }
        let shift = if plane > 0 { format.chroma_shift() } else { (1, 1) };
        Some(Reader {
            bytes: frame.plane(plane)?,
            stride: usize::try_from(frame.stride(plane)).ok()?,
            wide: depth > 8,
            up: u32::from(10 - depth),
            across: 1u8.checked_sub(shift.0)?,
            down: 1u8.checked_sub(shift.1)?,
        })
    }

    fn line(&self, y: usize, width: usize, line: &mut Vec<u16>) -> Option<()> {
        let bytes = self.bytes.get((y << self.down) * self.stride..)?;
        let step = 1 << self.across;
        line.clear();
        if self.wide {
            let samples = bytes.as_chunks::<2>().0.iter().step_by(step).take(width);
            line.extend(samples.map(|sample| u16::from_le_bytes(*sample) << self.up));
        } else if step == 1 {
            line.extend(bytes.iter().take(width).map(|sample| u16::from(*sample) << self.up));
        } else {
            line.extend(bytes.iter().step_by(step).take(width).map(|sample| u16::from(*sample) << self.up));
        }
        (line.len() == width).then_some(())
    }
}

/// A sum of squares.
#[derive(Clone, Copy, Default)]
struct Sum {
    squares: u64,
    samples: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.squares += other.squares;
        self.samples += other.samples;
    }

    fn of(got: &[u16], want: &[u16]) -> Self {
        let mut squares = 0;
        for (got, want) in got.chunks(256).zip(want.chunks(256)) {
            let square = |(a, b): (&u16, &u16)| {
                let difference = i32::from(*a) - i32::from(*b);
                (difference * difference) as u32
            };
            squares += u64::from(got.iter().zip(want).map(square).sum::<u32>());
        }
        Sum { squares, samples: got.len() as u64 }
    }

    fn mean(self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.squares as f64 / self.samples as f64 }
    }
}

/// What is counted of a plane.
struct Tally<'f> {
    film: &'f Film,
    plane: usize,
    strip: usize,
    window: usize,
    cells: [[Sum; CELLS]; CELLS],
    /// Top, bottom, left, right.
    sides: [Sum; 4],
    /// By row of cells, sums of columns: vertical edges show in them.
    columns: [Profile; CELLS],
    /// By column of cells, means of lines: horizontal edges show in them.
    lines: [Profile; CELLS],
    stairs: Stairs,
}

impl<'f> Tally<'f> {
    fn new(film: &'f Film, plane: usize) -> Self {
        let half = usize::from(plane > 0);
        let cells = (0..CELLS).flat_map(|cell| [film.column(plane, cell).len(), film.row(plane, cell).len()]);
        let smallest = cells.min().unwrap_or(0);
        let (width, height) = film.size(plane);
        Tally {
            film,
            plane,
            strip: (STRIP >> half).min(smallest / 2),
            window: (WINDOW >> half).min(smallest / 2),
            cells: Default::default(),
            sides: Default::default(),
            columns: std::array::from_fn(|_| Profile::new(width)),
            lines: std::array::from_fn(|_| Profile::new(height)),
            stairs: Stairs::default(),
        }
    }

    /// The line is near an edge or a side, where every line counts.
    fn is_close(&self, y: usize) -> bool {
        let height = self.film.size(self.plane).1;
        let near = |cell: usize| y.abs_diff(self.film.row(self.plane, cell).start) <= self.window;
        y < self.strip || y + self.strip >= height || (1..CELLS).any(near)
    }

    fn add(&mut self, y: usize, got: &[u16], want: &[u16]) {
        let (width, height) = self.film.size(self.plane);
        let row = (0..CELLS).find(|&row| self.film.row(self.plane, row).contains(&y)).unwrap_or(CELLS - 1);
        let mut whole = Sum::default();
        for column in 0..CELLS {
            let at = self.film.column(self.plane, column);
            if at.is_empty() {
                continue;
            }
            let (got, want) = (&got[at.clone()], &want[at]);
            let sum = Sum::of(got, want);
            self.cells[row][column].add(sum);
            whole.add(sum);
            self.lines[column].mean(y, got, want);
        }
        self.columns[row].count += 1.0;
        for edge in 1..CELLS {
            let edge = self.film.column(self.plane, edge).start;
            let near = edge.saturating_sub(self.window)..(edge + self.window).min(width);
            self.columns[row].add(near, got, want);
        }
        let strip = self.strip.min(width);
        let ends = [
            (2, Sum::of(&got[..strip], &want[..strip])),
            (3, Sum::of(&got[width - strip..], &want[width - strip..])),
        ];
        ends.into_iter().for_each(|(side, sum)| self.sides[side].add(sum));
        if y < self.strip {
            self.sides[0].add(whole);
        }
        if y + self.strip >= height {
            self.sides[1].add(whole);
        }
        if self.plane == 0 {
            self.stairs.add(got, want);
        }
    }

    fn sum(&self) -> Plane {
        let mut whole = Sum::default();
        self.cells.iter().flatten().for_each(|cell| whole.add(*cell));
        let regions = self.cells.iter().flatten().chain(&self.sides).map(|sum| sum.mean());
        let edges = |of: fn(&Film, usize, usize) -> usize| -> Vec<usize> {
            (1..CELLS).map(|cell| of(self.film, self.plane, cell)).collect()
        };
        let across =
            Moved::of(&self.columns, &edges(|film, plane, cell| film.column(plane, cell).start), self.window);
        let down =
            Moved::of(&self.lines, &edges(|film, plane, cell| film.row(plane, cell).start), self.window);
        let region = regions.chain([across.square, down.square]).fold(0.0, f64::max);
        let moved = across.by != 0 || down.by != 0;
        Plane { square: whole.mean(), region, shift: moved.then_some((across.by, down.by)) }
    }
}

/// Sums along one direction: of what came, and of what was sent.
struct Profile {
    got: Vec<f32>,
    want: Vec<f32>,
    /// Samples in each sum.
    count: f32,
}

impl Profile {
    fn new(length: usize) -> Self {
        Profile { got: vec![0.0; length], want: vec![0.0; length], count: 0.0 }
    }

    fn add(&mut self, at: std::ops::Range<usize>, got: &[u16], want: &[u16]) {
        for (to, from) in [(&mut self.got, got), (&mut self.want, want)] {
            to[at.clone()].iter_mut().zip(&from[at.clone()]).for_each(|(to, from)| *to += f32::from(*from));
        }
    }

    fn mean(&mut self, y: usize, got: &[u16], want: &[u16]) {
        let mean = |line: &[u16]| {
            line.iter().map(|sample| u32::from(*sample)).sum::<u32>() as f32 / line.len() as f32
        };
        (self.got[y], self.want[y]) = (mean(got), mean(want));
        self.count = 1.0;
    }
}

/// Where the edges went in one direction.
#[derive(Default)]
struct Moved {
    by: i32,
    /// Mean square around the edges.
    square: f64,
}

impl Moved {
    /// Looks for the edges of every profile up to two thirds of a window away.
    fn of(profiles: &[Profile], edges: &[usize], window: usize) -> Self {
        let near = window / 3;
        let far = (window - near) as i32;
        if near == 0 {
            return Moved::default();
        }
        let square = |by: i32| {
            let (mut sum, mut samples) = (0.0, 0.0);
            for profile in profiles.iter().filter(|profile| profile.count > 0.0) {
                for at in edges.iter().flat_map(|edge| edge - near..edge + near) {
                    let Some(got) = at.checked_add_signed(by as isize).and_then(|at| profile.got.get(at))
                    else {
                        continue;
                    };
                    let difference = f64::from((got - profile.want[at]) / profile.count);
                    sum += difference * difference;
                    samples += 1.0;
                }
            }
            if samples > 0.0 { sum / samples } else { 0.0 }
        };
        let still = square(0);
        let moved = Moved { by: 0, square: still };
        if still <= SHIFT_FLOOR {
            return moved;
        }
        let best = (-far..=far).map(|by| (by, square(by))).min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((by, square)) if square * SHIFT_FACTOR < still => Moved { by, ..moved },
            _ => moved,
        }
    }
}

/// Whether samples follow the staircase that is left of the slope at 8 bit.
#[derive(Default)]
struct Stairs {
    samples: i64,
    /// Sum and squares of what lies above the staircase: in what came, and in what was sent.
    got: (i64, i64),
    want: (i64, i64),
}

impl Stairs {
    fn add(&mut self, got: &[u16], want: &[u16]) {
        for (got, want) in got.iter().zip(want) {
            let got = i64::from(*got) - i64::from(want & !3);
            let want = i64::from(want & 3);
            self.got = (self.got.0 + got, self.got.1 + got * got);
            self.want = (self.want.0 + want, self.want.1 + want * want);
        }
        self.samples += got.len() as i64;
    }

    fn follows(&self) -> bool {
        let n = self.samples as f64;
        let variance = |(sum, squares): (i64, i64)| squares as f64 / n - (sum as f64 / n).powi(2);
        n > 0.0 && variance(self.want) > 1.0 && variance(self.got) < STAIRCASE
    }
}
