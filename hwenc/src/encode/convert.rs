//! From what the caller has to what the encoder takes, decided once and run for every picture.
//!
//! RGB goes through the `yuv` crate's SIMD, grey and other arrangements of the same planes through loops of our own, each
//! straight into memory of the encoder's pool; everything else that differs goes through swscale, which knows every
//! format. What is equal is passed on without a copy.

use super::deep::DeepRgb;
use super::picture::{Input, Picture, Pixels};
use super::planes::{Levels, copy_planes, gray, join, split};
use super::rgb::{Order, Rgb};
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
    /// The other way round.
    Join,
    /// RGB by the `yuv` crate.
    Rgb(Rgb),
    /// RGB of 8 bits for an encoder of 10.
    DeepRgb(DeepRgb),
    /// Grey as luma, and chroma of no colour.
    Gray(Levels),
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
        Ok(Converter { target, format, color, width, height, require_zero_copy, plan: None, scratch })
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
                write(plan, source, input, out, &mut self.scratch).map(Some)
            }
            Target::Device { frames, mapped } => {
                let failed = |error: Error| error.with_code(Code::DeviceUpload);
                frames.fill(out).map_err(failed)?;
                out.map_into(mapped, self.format, Access::Overwrite).map_err(failed)?;
                let written = write(plan, source, input, mapped, &mut self.scratch);
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
        let (format, mut color) = plain(format, color);
        if format == PixelFormat::GRAY8 && matches!(input, Input::Picture(_)) {
            // Like RGB, from black to white. What a decoder gives goes by the stream.
            color.range = color.range.or(Range::FULL);
        }
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
        if same_numbers && one_plane_less.contains(&(self.format, source.format)) {
            return Ok(Plan::Join);
        }
        if let (Some(order), true) = (Order::of(source.format), Rgb::makes(self.format)) {
            return Ok(Plan::Rgb(Rgb::new(order, color)));
        }
        if let (Some(order), true) = (Order::of(source.format), DeepRgb::makes(self.format)) {
            return Ok(Plan::DeepRgb(DeepRgb::new(order, color)));
        }
        if source.format == PixelFormat::GRAY8
            && let Some(levels) = Levels::new(source.color.range, color.range, self.format)
        {
            return Ok(Plan::Gray(levels));
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
) -> Result<u64> {
    let mut written = out.byte_len() as u64;
    match plan {
        Plan::Pass => copy_planes(&planes(input)?, out)?,
        Plan::Split => split(&planes(input)?, out)?,
        Plan::Join => join(&planes(input)?, out)?,
        Plan::Rgb(rgb) => {
            let (bytes, stride) = planes(input)?[0];
            rgb.run(bytes, stride, out)?;
        }
        Plan::DeepRgb(rgb) => {
            let (bytes, stride) = planes(input)?[0];
            rgb.run(bytes, stride, out)?;
        }
        Plan::Gray(levels) => gray(planes(input)?[0], levels, out)?,
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
