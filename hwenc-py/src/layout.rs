//! Which bytes of an array are which plane of a picture: arithmetic with shapes and strides alone.

use hwenc::PixelFormat;

/// No picture has an array of more.
const MOST_DIMENSIONS: usize = 4;

/// The shape of an array: lengths, and bytes from one element to the next.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Bytes of a sample.
    sample: usize,
    count: usize,
    dimensions: [(usize, isize); MOST_DIMENSIONS],
}

/// Why an array is no picture of a format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misfit {
    /// It has another shape or type.
    Shape,
    /// The shape is right, and its rows, columns or channels lie in an order that is not read: backwards, or in steps.
    Order,
}

/// A plane: where it begins, and bytes from row to row and of all rows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) at: usize,
    pub(crate) stride: usize,
    pub(crate) len: usize,
}

/// A picture in an array.
pub(crate) struct Laid {
    pub(crate) size: (u32, u32),
    pub(crate) planes: [Span; 4],
}

type Fit<T> = Result<T, Misfit>;

impl Shape {
    /// Why not, where no picture can have it.
    pub(crate) fn new(sample: usize, given: &[(usize, isize)]) -> Result<Self, String> {
        if given.is_empty() || given.len() > MOST_DIMENSIONS {
            let count = given.len();
            return Err(format!("it has {count} dimensions, and pictures have 1 to {MOST_DIMENSIONS}"));
        }
        // Nothing below can overflow then. Arrays whose rows are one and the same can have any length.
        let bytes = given.iter().fold(sample, |bytes, dimension| bytes.saturating_mul(dimension.0));
        if bytes > isize::MAX as usize / 16 || given.iter().any(|d| d.0 > i32::MAX as usize * 16) {
            return Err("it is larger than any memory".into());
        }
        let mut dimensions = [(1, 0); MOST_DIMENSIONS];
        dimensions[..given.len()].copy_from_slice(given);
        Ok(Shape { sample, count: given.len(), dimensions })
    }

    /// Bytes from the first sample to the end of the last; 0 where there is none, or something runs backwards.
    pub(crate) fn extent(&self) -> usize {
        let mut extent = self.sample;
        for &(len, stride) in self.dimensions() {
            let Some(last) = len.checked_sub(1) else { return 0 };
            let Some(more) = usize::try_from(stride).ok().or((last == 0).then_some(0)) else { return 0 };
            extent = extent.saturating_add(last.saturating_mul(more));
        }
        extent
    }

    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.dimensions().iter().map(|dimension| dimension.0)
    }

    pub(crate) fn sample(&self) -> usize {
        self.sample
    }

    fn dimensions(&self) -> &[(usize, isize)] {
        &self.dimensions[..self.count]
    }

    fn len(&self, i: usize) -> usize {
        self.dimensions[i].0
    }

    /// Elements of a dimension follow each other at once.
    fn dense(&self, i: usize, bytes: usize) -> Fit<()> {
        let (len, stride) = self.dimensions[i];
        if len == 1 || usize::try_from(stride) == Ok(bytes) { Ok(()) } else { Err(Misfit::Order) }
    }

    /// Bytes from row to row, which have `row` bytes.
    fn stride(&self, i: usize, row: usize) -> Fit<usize> {
        match self.dimensions[i] {
            (1, _) => Ok(row),
            (_, stride) => usize::try_from(stride).ok().filter(|s| *s >= row).ok_or(Misfit::Order),
        }
    }
}

/// Where the planes of a picture lie in one array. `size` is the session's, for arrays that do not tell.
pub(crate) fn whole(format: PixelFormat, shape: &Shape, size: (u32, u32)) -> Fit<Laid> {
    if shape.lengths().any(|len| len == 0) || format.planes() == 0 {
        return Err(Misfit::Shape);
    }
    if shape.count == 1 {
        // Bytes as `ffmpeg -f rawvideo` writes them.
        let bytes = shape.len(0) * shape.sample;
        if bytes != tight_len(format, size) || ![1, samples(format)].contains(&shape.sample) {
            return Err(Misfit::Shape);
        }
        shape.dense(0, shape.sample)?;
        return Ok(tight(format, size));
    }
    if shape.sample != samples(format) {
        return Err(Misfit::Shape);
    }
    match (shape.count, format.planes()) {
        (2 | 3, 1) => packed(format, shape, size),
        (3, 3) if format.chroma_shift() == (0, 0) => stacked(format, shape),
        (2, 2..) => below(format, shape),
        _ => Err(Misfit::Shape),
    }
}

/// One plane of a picture of this size.
pub(crate) fn plane(
    format: PixelFormat,
    plane: usize,
    shape: &Shape,
    (width, height): (u32, u32),
) -> Fit<Span> {
    let (row, rows) = (format.row_bytes(plane, width), format.rows(plane, height));
    if shape.lengths().any(|len| len == 0) || row == 0 {
        return Err(Misfit::Shape);
    }
    let samples = samples(format);
    let stride = match shape.count {
        1 if [1, samples].contains(&shape.sample) => {
            let bytes = shape.len(0) * shape.sample;
            let stride = bytes / rows;
            if stride < row || !bytes.is_multiple_of(rows) {
                return Err(Misfit::Shape);
            }
            shape.dense(0, shape.sample)?;
            stride
        }
        2 if shape.sample == samples && (shape.len(0), shape.len(1) * samples) == (rows, row) => {
            shape.dense(1, samples)?;
            shape.stride(0, row)?
        }
        // Pairs of chroma samples, or pixels.
        3 if shape.sample == samples
            && (shape.len(0), shape.len(1) * shape.len(2) * samples) == (rows, row) =>
        {
            shape.dense(2, samples)?;
            shape.dense(1, shape.len(2) * samples)?;
            shape.stride(0, row)?
        }
        _ => return Err(Misfit::Shape),
    };
    Ok(Span { at: 0, stride, len: stride.saturating_mul(rows) })
}

/// The size of a picture whose first plane is this.
pub(crate) fn size_of(format: PixelFormat, first: &Shape, size: (u32, u32)) -> Fit<(u32, u32)> {
    if first.count == 1 {
        return Ok(size);
    }
    let row = first.lengths().skip(1).product::<usize>() * first.sample;
    Ok((length(row / pixel(format)?)?, length(first.len(0))?))
}

/// One plane: rows of pixels, or of pixels that are rows of samples.
fn packed(format: PixelFormat, shape: &Shape, size: (u32, u32)) -> Fit<Laid> {
    let (pixel, sample) = (pixel(format)?, shape.sample);
    let width = if shape.count == 3 {
        if shape.len(2) * sample != pixel {
            return Err(Misfit::Shape);
        }
        shape.dense(2, sample)?;
        shape.dense(1, pixel)?;
        length(shape.len(1))?
    } else {
        shape.dense(1, sample)?;
        match shape.len(1) * sample {
            row if row == format.row_bytes(0, size.0) => size.0,
            _ if pixel == sample => length(shape.len(1))?,
            _ => return Err(Misfit::Shape),
        }
    };
    let stride = shape.stride(0, format.row_bytes(0, width))?;
    let mut planes = [Span::default(); 4];
    planes[0] = Span { at: 0, stride, len: stride.saturating_mul(shape.len(0)) };
    Ok(Laid { size: (width, length(shape.len(0))?), planes })
}

/// Three planes of the same size, one behind the other in the first dimension.
fn stacked(format: PixelFormat, shape: &Shape) -> Fit<Laid> {
    let size = (length(shape.len(2))?, length(shape.len(1))?);
    let row = format.row_bytes(0, size.0);
    if shape.len(0) != 3 || row != shape.len(2) * shape.sample {
        return Err(Misfit::Shape);
    }
    shape.dense(2, shape.sample)?;
    let stride = shape.stride(1, row)?;
    let whole = shape.stride(0, stride.saturating_mul(shape.len(1) - 1).saturating_add(row))?;
    let planes = [0usize, 1, 2, 3].map(|plane| Span {
        at: plane.saturating_mul(whole),
        stride,
        len: stride.saturating_mul(shape.len(1)),
    });
    Ok(Laid { size, planes })
}

/// The planes below each other in one array as wide as the luma: OpenCV's way with 4:2:0.
fn below(format: PixelFormat, shape: &Shape) -> Fit<Laid> {
    let (rows, row) = (shape.len(0), shape.len(1) * shape.sample);
    let width = length(shape.len(1))?;
    let two = tight_len(format, (width, 2));
    let height = length(2 * rows * row / two.max(1))?;
    let size = (width, height);
    if format.row_bytes(0, width) != row || tight_len(format, size) != rows * row {
        return Err(Misfit::Shape);
    }
    shape.dense(1, shape.sample)?;
    let stride = shape.stride(0, row)?;
    if stride == row {
        return Ok(tight(format, size));
    }
    // With gaps between the rows, half a row of chroma would end in one.
    if (0..format.planes()).any(|plane| format.row_bytes(plane, width) != row) {
        return Err(Misfit::Order);
    }
    let mut laid = Laid { size, planes: [Span::default(); 4] };
    let mut above = 0;
    for plane in 0..format.planes() {
        let rows = format.rows(plane, height);
        laid.planes[plane] =
            Span { at: stride.saturating_mul(above), stride, len: stride.saturating_mul(rows) };
        above += rows;
    }
    Ok(laid)
}

/// Planes one behind the other without a gap.
fn tight(format: PixelFormat, size: (u32, u32)) -> Laid {
    let mut laid = Laid { size, planes: [Span::default(); 4] };
    let mut at = 0;
    for plane in 0..format.planes() {
        let stride = format.row_bytes(plane, size.0);
        let len = stride * format.rows(plane, size.1);
        laid.planes[plane] = Span { at, stride, len };
        at += len;
    }
    laid
}

fn tight_len(format: PixelFormat, (width, height): (u32, u32)) -> usize {
    (0..format.planes()).map(|plane| format.row_bytes(plane, width) * format.rows(plane, height)).sum()
}

/// Bytes of a sample.
pub(crate) fn samples(format: PixelFormat) -> usize {
    usize::from(format.bit_depth()).div_ceil(8).max(1)
}

/// Bytes of a pixel in the first plane, where they are whole.
fn pixel(format: PixelFormat) -> Fit<usize> {
    match format.row_bytes(0, 16) {
        row if row > 0 && row % 16 == 0 => Ok(row / 16),
        _ => Err(Misfit::Shape),
    }
}

fn length(len: usize) -> Fit<u32> {
    u32::try_from(len).ok().filter(|len| i32::try_from(*len).is_ok()).ok_or(Misfit::Shape)
}
