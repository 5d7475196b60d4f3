//! From what the caller has to what the encoder takes, decided once and run for every picture.
//!
//! RGB goes through the `yuv` crate's SIMD, straight into memory of the encoder's pool; everything else that differs
//! goes through swscale, which knows every format. What is equal is passed on without a copy.

use yuv::{
    BufferStoreMut, YuvBiPlanarImageMut, YuvConversionMode, YuvError, YuvPlanarImageMut, YuvRange,
    YuvStandardMatrix,
};

use super::picture::{Input, Picture, Pixels};
use crate::av::buffer::FramePool;
use crate::av::scale::Scaler;
use crate::av::{Access, Color, Frame, HwFrames, Matrix, PixelFormat, Range};
use crate::error::{Code, Error, Result};

/// What the pictures come as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Source {
    format: PixelFormat,
    color: Color,
}

/// Pictures into the encoder's format, size and colours.
pub(crate) struct Converter {
    target: Target,
    format: PixelFormat,
    color: Color,
    width: u32,
    height: u32,
    require_zero_copy: bool,
    plan: Option<(Source, Plan)>,
    scratch: Frame,
    /// The last rows of RGB pictures that end with their last pixel.
    last: Vec<u8>,
}

/// Where the pictures that are coded live.
enum Target {
    /// In memory.
    Memory(FramePool),
    /// On a device: written through a mapping, in one pass.
    Device { frames: HwFrames, mapped: Frame },
}

enum Plan {
    /// The encoder takes it as it is.
    Pass,
    /// The same numbers with Cb and Cr in a plane each: NV12 as I420, P010 as I010.
    Split,
    /// RGB by the `yuv` crate.
    Rgb(YuvRange, YuvStandardMatrix),
    /// Anything by swscale.
    Scale(Scaler),
}

impl Converter {
    /// With `frames` the pictures are put on that device.
    pub(crate) fn new(
        format: PixelFormat,
        color: Color,
        width: u32,
        height: u32,
        require_zero_copy: bool,
        frames: Option<HwFrames>,
    ) -> Result<Self> {
        let target = match frames {
            Some(frames) => Target::Device { frames, mapped: Frame::empty()? },
            None => Target::Memory(FramePool::new(format, width, height)?),
        };
        let scratch = Frame::empty()?;
        Ok(Converter {
            target,
            format,
            color,
            width,
            height,
            require_zero_copy,
            plan: None,
            scratch,
            last: Vec::new(),
        })
    }

    /// What the encoder is handed.
    pub(crate) fn format(&self) -> PixelFormat {
        match &self.target {
            Target::Memory(_) => self.format,
            Target::Device { frames, .. } => frames.format(),
        }
    }

    /// Makes `out` the picture to be coded, and says how many bytes were written for that; `None` when the input's own
    /// frame is to be coded as it is.
    pub(crate) fn run(&mut self, input: &Input<'_>, out: &mut Frame) -> Result<Option<u64>> {
        if let (Target::Device { frames, .. }, Some(picture)) = (&self.target, input.frame())
            && picture.is_hardware()
        {
            self.check_size((picture.width(), picture.height()))?;
            return if frames.takes(picture) { Ok(None) } else { Err(elsewhere(picture, self.format)) };
        }
        let source = self.source(input)?;
        if self.plan.as_ref().is_none_or(|(known, _)| *known != source) {
            self.plan = Some((source, self.decide(source)?));
        }
        let Some((_, plan)) = &mut self.plan else { unreachable!("just made") };

        let in_memory = matches!(self.target, Target::Memory(_));
        if in_memory && matches!(plan, Plan::Pass) && input.frame().is_some_and(Frame::suits_encoders) {
            return Ok(None);
        }
        if self.require_zero_copy {
            let to = if in_memory {
                self.format.name().to_owned()
            } else {
                format!("{} on the device", self.format)
            };
            return Err(Error::new(
                Code::CopyRequired,
                format!("{} pictures would have to be copied or converted to {to}", source.format),
            ));
        }
        match &mut self.target {
            Target::Memory(pool) => {
                pool.fill(out)?;
                write(plan, source, input, out, &mut self.scratch, &mut self.last).map(Some)
            }
            Target::Device { frames, mapped } => {
                let failed = |error: Error| error.with_code(Code::DeviceUpload);
                frames.fill(out).map_err(failed)?;
                out.map_into(mapped, self.format, Access::Overwrite).map_err(failed)?;
                let written = write(plan, source, input, mapped, &mut self.scratch, &mut self.last);
                mapped.release(); // the device sees it from here on
                written.map(Some)
            }
        }
    }

    /// Format and colours of the input; what it does not say is the session's.
    fn source(&self, input: &Input<'_>) -> Result<Source> {
        let (format, color, width, height) = match input {
            Input::Picture(p) => (p.format, p.color, p.width, p.height),
            Input::Frame(f) => (f.format(), f.color(), f.width(), f.height()),
            Input::FrameMut(f) => (f.format(), f.color(), f.width(), f.height()),
        };
        self.check_size((width, height))?;
        if format.is_hardware() {
            return Err(Error::new(
                Code::PictureInvalid,
                format!("{format} pictures live on a device that this encoder cannot reach"),
            )
            .with_remedy("download the picture first"));
        }
        let (format, color) = plain(format, color);
        if format.is_rgb() {
            // The numbers of RGB pictures have no matrix; what they become is the session's choice.
            return Ok(Source { format, color: self.color });
        }
        Ok(Source { format, color: color.or(self.color) })
    }

    fn check_size(&self, (width, height): (u32, u32)) -> Result<()> {
        if (width, height) == (self.width, self.height) {
            return Ok(());
        }
        let (is, must) = (format!("{width}x{height}"), format!("{}x{}", self.width, self.height));
        Err(Error::new(Code::PictureInvalid, format!("the picture is {is}, and the session is {must}"))
            .with_value(is, must)
            .with_remedy("scale it first, or open a session of its size"))
    }

    fn decide(&self, source: Source) -> Result<Plan> {
        // A matrix that the session leaves open stays as it comes; RGB gets the one that players assume.
        let open = if source.format.is_rgb() { Color::for_height(self.height) } else { source.color };
        let color = Color { matrix: self.color.matrix.or(open.matrix), ..self.color };
        let same_numbers = matrices_equal(source.color.matrix, color.matrix)
            && source.color.range.or(Range::LIMITED) == color.range.or(Range::LIMITED);
        if source.format == self.format && same_numbers {
            return Ok(Plan::Pass);
        }
        let one_plane_less = [(PixelFormat::NV12, PixelFormat::I420), (PixelFormat::P010, PixelFormat::I010)];
        if same_numbers && one_plane_less.contains(&(source.format, self.format)) {
            return Ok(Plan::Split);
        }
        let four_two_zero = matches!(self.format, PixelFormat::NV12 | PixelFormat::I420);
        let quick = matches!(source.format, PixelFormat::BGRA | PixelFormat::BGRX | PixelFormat::RGBA);
        if quick && (four_two_zero || self.format == PixelFormat::I444) {
            let range = if color.range == Range::FULL { YuvRange::Full } else { YuvRange::Limited };
            return Ok(Plan::Rgb(range, standard(color.matrix)));
        }
        let scaler =
            Scaler::new((source.format, source.color), (self.format, color), self.width, self.height)?;
        Ok(Plan::Scale(scaler))
    }
}

/// Fills `out` as planned, and says how many bytes were written for that.
fn write(
    plan: &mut Plan,
    source: Source,
    input: &Input<'_>,
    out: &mut Frame,
    scratch: &mut Frame,
    last: &mut Vec<u8>,
) -> Result<u64> {
    let mut written = out.byte_len() as u64;
    match plan {
        Plan::Pass => copy_planes(&planes(input)?, out)?,
        Plan::Split => split(&planes(input)?, out)?,
        Plan::Rgb(range, matrix) => {
            let (bytes, stride) = planes(input)?[0];
            rgb(source.format, bytes, stride, out, *range, *matrix, last)?;
        }
        Plan::Scale(scaler) => match input {
            Input::Frame(frame) => scaler.run(frame, out)?,
            Input::FrameMut(frame) => scaler.run(frame, out)?,
            // swscale may read a little past the end of a row, which memory of the caller does not allow.
            Input::Picture(picture) => {
                if scratch.format() != source.format {
                    *scratch = Frame::picture(source.format, picture.width, picture.height)?;
                }
                written += scratch.byte_len() as u64;
                copy_planes(&planes(input)?, scratch)?;
                scaler.run(scratch, out)?;
            }
        },
    }
    Ok(written)
}

fn elsewhere(picture: &Frame, wanted: PixelFormat) -> Error {
    let has = picture.hw_frames().map_or(PixelFormat::NONE, |frames| frames.software_format());
    Error::new(
        Code::PictureInvalid,
        format!("the picture lives on another device, or holds {has} where {wanted} is coded"),
    )
    .with_value(has, wanted)
    .with_remedy("open the session with `Decision::open_for` and a picture of that device")
}

/// libavcodec's old names for full-range formats, as the format and the range.
fn plain(format: PixelFormat, color: Color) -> (PixelFormat, Color) {
    let plain = match format.name() {
        "yuvj420p" => PixelFormat::I420,
        "yuvj444p" => PixelFormat::I444,
        _ => return (format, color),
    };
    (plain, Color { range: Range::FULL, ..color })
}

/// BT.470BG and SMPTE 170M have the same coefficients; unspecified is taken to be anything.
fn matrices_equal(a: Matrix, b: Matrix) -> bool {
    let one = |m: Matrix| if m == Matrix::BT470BG { Matrix::BT601 } else { m };
    one(a) == one(b) || !a.is_specified() || !b.is_specified()
}

fn standard(matrix: Matrix) -> YuvStandardMatrix {
    match matrix {
        Matrix::BT709 => YuvStandardMatrix::Bt709,
        Matrix::BT2020 => YuvStandardMatrix::Bt2020,
        _ => YuvStandardMatrix::Bt601,
    }
}

/// The planes of any input, each with its stride.
fn planes<'i>(input: &'i Input<'_>) -> Result<[(&'i [u8], usize); 4]> {
    if let Input::Picture(Picture { pixels: Pixels::Borrowed(planes), .. }) = input {
        return Ok(*planes);
    }
    let Some(frame) = input.frame() else { unreachable!("all but borrowed pixels have one") };
    let mut planes: [(&[u8], usize); 4] = [(&[], 0); 4];
    for (i, plane) in planes.iter_mut().enumerate().take(frame.format().planes()) {
        let bytes = frame.plane(i).ok_or_else(|| {
            let what = format!("the {} picture cannot be read (bottom-up rows?)", frame.format());
            Error::new(Code::PictureInvalid, what)
        })?;
        *plane = (bytes, frame.stride(i) as usize);
    }
    Ok(planes)
}

fn copy_planes(planes: &[(&[u8], usize); 4], out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    for (plane, &(from, stride)) in planes.iter().enumerate().take(format.planes()) {
        let row = format.row_bytes(plane, width);
        let out_stride = out.stride(plane) as usize;
        let to = out.plane_mut(plane)?;
        // Row by row, as one large copy goes past the caches and takes 2 % longer.
        for (to, from) in to.chunks_mut(out_stride).zip(from.chunks(stride)) {
            to[..row].copy_from_slice(&from[..row]);
        }
    }
    Ok(())
}

/// NV12 into I420, or P010 into I010, whose samples are the upper ten bits of P010's.
fn split(planes: &[(&[u8], usize); 4], out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    let deep = format == PixelFormat::I010;
    let down = |pair: [u8; 2]| (u16::from_le_bytes(pair) >> 6).to_le_bytes();
    let strides = [0, 1, 2].map(|plane| out.stride(plane) as usize);
    let [luma, chroma] = [0, 1].map(|plane| format.row_bytes(plane, width));
    let [y, u, v] = out.planes_mut()?;
    for (to, from) in y.chunks_mut(strides[0]).zip(planes[0].0.chunks(planes[0].1)) {
        if deep {
            let pairs = to[..luma].as_chunks_mut::<2>().0.iter_mut().zip(from.as_chunks::<2>().0);
            pairs.for_each(|(to, from)| *to = down(*from));
        } else {
            to[..luma].copy_from_slice(&from[..luma]);
        }
    }
    let rows = u.chunks_mut(strides[1]).zip(v.chunks_mut(strides[2]));
    for ((u, v), from) in rows.zip(planes[1].0.chunks(planes[1].1)) {
        let (u, v) = (&mut u[..chroma], &mut v[..chroma]);
        if deep {
            let to = u.as_chunks_mut::<2>().0.iter_mut().zip(v.as_chunks_mut::<2>().0);
            for ((u, v), from) in to.zip(from.as_chunks::<4>().0) {
                *u = down([from[0], from[1]]);
                *v = down([from[2], from[3]]);
            }
        } else {
            for ((u, v), from) in u.iter_mut().zip(v).zip(from.as_chunks::<2>().0) {
                [*u, *v] = *from;
            }
        }
    }
    Ok(())
}

/// The `yuv` crate wants whole rows; where the last one ends with its last pixel, its two rows go through memory of
/// our own.
fn rgb(
    format: PixelFormat,
    bytes: &[u8],
    stride: usize,
    out: &mut Frame,
    range: YuvRange,
    matrix: YuvStandardMatrix,
    last: &mut Vec<u8>,
) -> Result<()> {
    let (width, height) = (out.width(), out.height());
    if bytes.len() >= stride * height as usize {
        return rgb_rows(format, bytes, stride, out, 0, height, range, matrix);
    }
    let tail = if height.is_multiple_of(2) { 2 } else { 1 };
    let whole = height - tail;
    if whole > 0 {
        rgb_rows(format, bytes, stride, out, 0, whole, range, matrix)?;
    }
    let row = width as usize * 4;
    last.clear();
    for y in whole..height {
        let at = y as usize * stride;
        last.extend_from_slice(&bytes[at..at + row]);
    }
    rgb_rows(format, last, row, out, whole, tail, range, matrix)
}

/// Rows `first..first + rows` of the output from the first `rows` rows of `bytes`; `first` is even.
#[allow(clippy::too_many_arguments)] // one call that is split in two
fn rgb_rows(
    format: PixelFormat,
    bytes: &[u8],
    stride: usize,
    out: &mut Frame,
    first: u32,
    rows: u32,
    range: YuvRange,
    matrix: YuvStandardMatrix,
) -> Result<()> {
    let (to, width) = (out.format(), out.width());
    let strides = [0, 1, 2].map(|plane| out.stride(plane) as u32);
    let stride = stride as u32;
    // Never off by more than 1. `Professional` finds the nearest value nearly always, and takes a fifth longer: more than
    // 1.3 of what libyuv takes, which rounds no better than this. benches/benches/convert.rs measures it.
    let mode = YuvConversionMode::Balanced;
    let rgba = format == PixelFormat::RGBA;
    let skip = |plane: usize| strides[plane] as usize * to.rows(plane, first);
    let failed = |error: YuvError| Error::new(Code::Internal, format!("colour conversion failed: {error}"));
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
        let convert = if rgba { yuv::rgba_to_yuv_nv12 } else { yuv::bgra_to_yuv_nv12 };
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
    let convert = match (to == PixelFormat::I444, rgba) {
        (true, true) => yuv::rgba_to_yuv444,
        (true, false) => yuv::bgra_to_yuv444,
        (false, true) => yuv::rgba_to_yuv420,
        (false, false) => yuv::bgra_to_yuv420,
    };
    convert(&mut image, bytes, stride, range, matrix, mode).map_err(failed)
}
