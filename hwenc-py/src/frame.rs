//! Whatever a program has pictures in, as a `hwenc::Picture` over the same memory.

use hwenc::{Code, Color, Error, Matrix, Picture, PixelFormat, Primaries, Range, Rational, Transfer};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::dlpack::Tensor;
use crate::error::{OrRaise as _, raise};
use crate::layout::{self, Misfit, Shape, Span};
use crate::memory::{Memory, no_memory};
use crate::values::ratio;

/// What a session knows of its pictures.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) size: (u32, u32),
    pub(crate) input: PixelFormat,
    pub(crate) time_base: Rational,
}

/// A picture of a caller, with the memory that it lies in.
pub(crate) struct Taken {
    format: PixelFormat,
    size: (u32, u32),
    memory: Vec<Memory>,
    planes: [Span; 4],
    /// What the frame itself says; nothing for mere memory.
    pub(crate) pts: Option<i64>,
    pub(crate) duration: i64,
    pub(crate) color: Color,
}

impl Taken {
    /// `format` is what the caller said.
    pub(crate) fn of(
        frame: &Bound<'_, PyAny>,
        format: Option<PixelFormat>,
        expected: Expected,
    ) -> PyResult<Self> {
        if let Some(memory) = Memory::of_buffer(frame)? {
            return Self::of_memory(memory, format, expected);
        }
        if let Ok(planes) = frame.cast::<PyTuple>() {
            return Self::of_planes(&planes.iter().collect::<Vec<_>>(), format, expected);
        }
        if let Ok(planes) = frame.cast::<PyList>() {
            return Self::of_planes(&planes.iter().collect::<Vec<_>>(), format, expected);
        }
        if let Some(planes) = frame.getattr_opt("planes")?
            && let Some(its) = frame.getattr_opt("format")?
        {
            return Self::of_frame(frame, &planes, &its, format, expected);
        }
        match Tensor::of(frame)? {
            Some(tensor) => Self::of_memory(Memory::of_tensor(tensor)?, format, expected),
            None => Err(no_memory(frame)),
        }
    }

    /// One array or string of bytes.
    fn of_memory(memory: Memory, format: Option<PixelFormat>, expected: Expected) -> PyResult<Self> {
        let (format, laid) = whole(memory.shape(), format, expected)?;
        Ok(Self::new(format, laid.size, vec![memory], laid.planes))
    }

    /// A plane in each object.
    fn of_planes(
        objects: &[Bound<'_, PyAny>],
        format: Option<PixelFormat>,
        expected: Expected,
    ) -> PyResult<Self> {
        let memory = objects.iter().map(memory_of).collect::<PyResult<Vec<_>>>()?;
        let shapes: Vec<&Shape> = memory.iter().map(Memory::shape).collect();
        let (format, size, planes) = apart(&shapes, format, expected)?;
        Ok(Self::new(format, size, memory, planes))
    }

    /// An `av.VideoFrame`, or what looks like one: planes with a buffer and `line_size`, and a format with a name. Only bytes
    /// go from one libav to the other.
    fn of_frame(
        frame: &Bound<'_, PyAny>,
        planes: &Bound<'_, PyAny>,
        its: &Bound<'_, PyAny>,
        format: Option<PixelFormat>,
        expected: Expected,
    ) -> PyResult<Self> {
        let named = named(&its.getattr("name")?.extract::<String>()?)?;
        if let Some(said) = format.filter(|said| *said != named) {
            let text = format!("the frame is {named}, and was called {said}");
            return Err(raise(Error::new(Code::PictureLayout, text).with_value(said, named)));
        }
        if named.is_hardware() {
            let text =
                format!("{named} frames live on a device of another libav, which cannot hand them over");
            let remedy = "have the decoder put them in memory, or transcode with hwenc alone";
            return Err(raise(Error::new(Code::PictureLayout, text).with_remedy(remedy)));
        }
        let size = (frame.getattr("width")?.extract()?, frame.getattr("height")?.extract()?);
        let (mut memory, mut spans) = (Vec::new(), [Span::default(); 4]);
        for (plane, object) in planes.try_iter()?.enumerate().take(spans.len()) {
            let object = object?;
            let line: isize = object.getattr("line_size")?.extract()?;
            let stride = usize::try_from(line).map_err(|_| misfit(named, None, Misfit::Order, None))?;
            let bytes = Memory::of_buffer(&object)?.ok_or_else(|| no_memory(&object))?;
            let len = stride.saturating_mul(named.rows(plane, size.1));
            spans[plane] = Span { at: 0, stride, len };
            memory.push(bytes);
        }
        let mut taken = Self::new(named, size, memory, spans);
        taken.read_times(frame, expected.time_base)?;
        taken.color = Color {
            range: Range(code_point(frame, "color_range")?.unwrap_or(Range::UNSPECIFIED.0)),
            primaries: Primaries(code_point(frame, "color_primaries")?.unwrap_or(Primaries::UNSPECIFIED.0)),
            transfer: Transfer(code_point(frame, "color_trc")?.unwrap_or(Transfer::UNSPECIFIED.0)),
            matrix: Matrix(code_point(frame, "colorspace")?.unwrap_or(Matrix::UNSPECIFIED.0)),
        };
        Ok(taken)
    }

    /// The frame's times in ticks of the session. Without a time base they are taken to be that already.
    fn read_times(&mut self, frame: &Bound<'_, PyAny>, to: Rational) -> PyResult<()> {
        self.pts = attribute(frame, "pts")?.map(|pts| pts.extract()).transpose()?;
        self.duration = attribute(frame, "duration")?.map_or(Ok(0), |duration| duration.extract())?;
        if self.pts.is_none() && self.duration <= 0 {
            return Ok(());
        }
        if let Some(base) = attribute(frame, "time_base")?
            && base.is_truthy()?
        {
            let base = ratio(&base, "the time base of the frame")?;
            self.pts = self.pts.map(|pts| base.rescale(pts, to));
            self.duration = base.rescale(self.duration, to);
        }
        Ok(())
    }

    fn new(format: PixelFormat, size: (u32, u32), memory: Vec<Memory>, planes: [Span; 4]) -> Self {
        Taken { format, size, memory, planes, pts: None, duration: 0, color: Color::default() }
    }

    /// The picture, over the same memory.
    pub(crate) fn picture(&self) -> PyResult<Picture<'_>> {
        let mut planes: [(&[u8], usize); 4] = [(&[], 0); 4];
        let count = if self.memory.len() == 1 { self.format.planes() } else { self.memory.len() };
        for (plane, slot) in planes.iter_mut().enumerate().take(count) {
            let span = self.planes[plane];
            let memory = &self.memory[plane.min(self.memory.len() - 1)];
            *slot = (memory.bytes(span.at, span.len), span.stride);
        }
        Picture::borrowed(self.format, self.size.0, self.size.1, &planes[..count]).or_raise()
    }
}

/// The format of this name, or an error that says which there are.
pub(crate) fn named(name: &str) -> PyResult<PixelFormat> {
    crate::values::pixel_format(name)
}

/// The format and the planes of one array: what the caller said, what the session was opened for, or what the shape tells.
fn whole(
    shape: &Shape,
    said: Option<PixelFormat>,
    expected: Expected,
) -> PyResult<(PixelFormat, layout::Laid)> {
    let fits = |format| layout::whole(format, shape, expected.size);
    if let Some(format) = said {
        return fits(format).map(|laid| (format, laid)).map_err(|why| misfit(format, Some(shape), why, None));
    }
    let input = fits(expected.input);
    let other_size = match input {
        Ok(laid) if laid.size == expected.size => return Ok((expected.input, laid)),
        Err(Misfit::Order) => return Err(misfit(expected.input, Some(shape), Misfit::Order, None)),
        Ok(laid) => Some((expected.input, laid)),
        Err(Misfit::Shape) => None,
    };
    if let Some(format) = told(shape, expected.size) {
        return fits(format).map(|laid| (format, laid)).map_err(|why| misfit(format, Some(shape), why, None));
    }
    // The session says that the size is wrong.
    other_size.ok_or_else(|| misfit(expected.input, Some(shape), Misfit::Shape, Some(expected.size)))
}

/// The format that a shape alone tells.
fn told(shape: &Shape, (width, height): (u32, u32)) -> Option<PixelFormat> {
    let lengths: Vec<usize> = shape.lengths().collect();
    let name = match (lengths.as_slice(), shape.sample()) {
        ([h, w], sample) if (*h, *w) == (height as usize, width as usize) => {
            if sample == 1 {
                "gray"
            } else {
                "gray16le"
            }
        }
        ([_, _, 1], sample) => {
            if sample == 1 {
                "gray"
            } else {
                "gray16le"
            }
        }
        ([_, _, 3], sample) => {
            if sample == 1 {
                "rgb24"
            } else {
                "rgb48le"
            }
        }
        ([_, _, 4], sample) => {
            if sample == 1 {
                "rgba"
            } else {
                "rgba64le"
            }
        }
        _ => return None,
    };
    PixelFormat::from_name(name)
}

type Apart = (PixelFormat, (u32, u32), [Span; 4]);

/// The same for planes in an object each.
fn apart(shapes: &[&Shape], said: Option<PixelFormat>, expected: Expected) -> PyResult<Apart> {
    let fits = |format: PixelFormat| -> Result<Apart, Misfit> {
        if shapes.len() != format.planes() {
            return Err(Misfit::Shape);
        }
        let size = layout::size_of(format, shapes[0], expected.size)?;
        let mut planes = [Span::default(); 4];
        for (i, shape) in shapes.iter().enumerate() {
            planes[i] = layout::plane(format, i, shape, size)?;
        }
        Ok((format, size, planes))
    };
    let first = shapes.first().copied();
    if let Some(format) = said {
        return fits(format).map_err(|why| misfit(format, first, why, None));
    }
    const USUAL: [PixelFormat; 6] = [
        PixelFormat::NV12,
        PixelFormat::P010,
        PixelFormat::I420,
        PixelFormat::I010,
        PixelFormat::I444,
        PixelFormat::I410,
    ];
    for format in [expected.input].into_iter().chain(USUAL) {
        match fits(format) {
            Ok(fit) => return Ok(fit),
            Err(Misfit::Order) => return Err(misfit(format, first, Misfit::Order, None)),
            Err(Misfit::Shape) => {}
        }
    }
    Err(misfit(expected.input, first, Misfit::Shape, Some(expected.size)))
}

fn memory_of(object: &Bound<'_, PyAny>) -> PyResult<Memory> {
    if let Some(memory) = Memory::of_buffer(object)? {
        return Ok(memory);
    }
    match Tensor::of(object)? {
        Some(tensor) => Memory::of_tensor(tensor),
        None => Err(no_memory(object)),
    }
}

/// Why the memory is no picture of the format. With a size nothing was said of the format, and this one was tried.
fn misfit(format: PixelFormat, shape: Option<&Shape>, why: Misfit, guessed: Option<(u32, u32)>) -> PyErr {
    let what = shape.map_or_else(|| "the frame".to_owned(), describe);
    let error = match (why, guessed) {
        (Misfit::Order, _) => Error::new(
            Code::PictureLayout,
            format!("{what} has rows, columns or channels that run backwards, in steps, or over each other, as no {format} picture has"),
        )
        .with_remedy("`numpy.ascontiguousarray(frame)` puts them in order, with a copy; a name such as \"bgr24\" for the channels needs none"),
        (Misfit::Shape, None) => Error::new(Code::PictureLayout, format!("{what} is no {format} picture"))
            .with_remedy(wanted(format)),
        (Misfit::Shape, Some((width, height))) => Error::new(
            Code::PictureLayout,
            format!("{what} does not tell what picture of {width}x{height} it is; {format}, for which the session was opened, it is not"),
        )
        .with_remedy("name the format: `format=\"nv12\"`; (height, width, 3) is rgb24, (height, width, 4) rgba, (height, width) grey"),
    };
    raise(error)
}

/// What an array of the format looks like.
fn wanted(format: PixelFormat) -> String {
    let dtype = if layout::samples(format) == 1 { "uint8" } else { "uint16" };
    let pixel = format.row_bytes(0, 16) / 16 / layout::samples(format);
    let shape = match (format.planes(), pixel) {
        (1, 0 | 1) => "(height, width)".to_owned(),
        (1, channels) => format!("(height, width, {channels})"),
        (_, _) if format.chroma_shift() == (1, 1) => "(height * 3 // 2, width)".to_owned(),
        (3, _) if format.chroma_shift() == (0, 0) => "(3, height, width)".to_owned(),
        (planes, _) => format!("a tuple of {planes} planes"),
    };
    format!("it is {shape} of {dtype}, a tuple of its planes, or all of its bytes in one dimension")
}

fn describe(shape: &Shape) -> String {
    let dtype = if shape.sample() == 1 { "uint8" } else { "uint16" };
    let lengths: Vec<String> = shape.lengths().map(|len| len.to_string()).collect();
    format!("{dtype} of shape ({}{})", lengths.join(", "), if lengths.len() == 1 { "," } else { "" })
}

/// An attribute that may be missing or None.
fn attribute<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(object.getattr_opt(name)?.filter(|value| !value.is_none()))
}

fn code_point(frame: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<u8>> {
    Ok(attribute(frame, name)?
        .and_then(|value| value.extract::<i64>().ok())
        .and_then(|n| u8::try_from(n).ok()))
}
