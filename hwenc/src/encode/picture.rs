//! [`Picture`]: pixels of the caller, borrowed or owned.

use crate::av::{Color, Frame, PixelFormat};
use crate::error::{Code, Error, Result};

/// Pixels in memory with their format, time and colours.
///
/// ```
/// # fn main() -> hwenc::Result<()> {
/// use hwenc::{Picture, PixelFormat};
/// let pixels = vec![0u8; 640 * 4 * 360];
/// let picture = Picture::borrowed(PixelFormat::BGRA, 640, 360, &[(&pixels, 640 * 4)])?.pts(0);
/// # let _ = picture; Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Picture<'a> {
    pub(crate) pixels: Pixels<'a>,
    pub(crate) format: PixelFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pts: Option<i64>,
    pub(crate) duration: i64,
    pub(crate) color: Color,
    pub(crate) idr: bool,
}

#[derive(Debug)]
pub(crate) enum Pixels<'a> {
    Borrowed([(&'a [u8], usize); 4]),
    Owned(Frame),
}

impl<'a> Picture<'a> {
    /// Pixels that are only lent: the session takes a copy, or converts straight into memory of its own. `planes`
    /// holds each plane's bytes and its stride in bytes; rows may be padded, the last one need not be.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] when a plane is missing, too short, or its stride smaller than its row.
    pub fn borrowed(
        format: PixelFormat,
        width: u32,
        height: u32,
        planes: &[(&'a [u8], usize)],
    ) -> Result<Self> {
        let lengths: Vec<(usize, usize)> =
            planes.iter().map(|(bytes, stride)| (bytes.len(), *stride)).collect();
        check_planes(format, width, height, &lengths)?;
        let mut array: [(&[u8], usize); 4] = [(&[], 0); 4];
        array[..planes.len()].copy_from_slice(planes);
        Ok(Self::new(Pixels::Borrowed(array), format, width, height))
    }

    /// Pixels in one piece without any padding: planes one after the other, as `ffmpeg -f rawvideo` writes them.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] unless `bytes` is exactly as long as the format and size say.
    pub fn packed(format: PixelFormat, width: u32, height: u32, bytes: &'a [u8]) -> Result<Self> {
        let layout = packed_layout(format, width, height, bytes.len())?;
        let planes: Vec<(&[u8], usize)> =
            layout.iter().map(|&(at, len, row)| (&bytes[at..at + len], row)).collect();
        Self::borrowed(format, width, height, &planes)
    }

    /// Pixels that the session keeps until the encoder is done with them; no byte is copied where the encoder takes
    /// the format. `planes` holds where each plane begins in `pixels`, and its stride in bytes.
    ///
    /// # Errors
    /// As [`Picture::borrowed`].
    pub fn owned(
        format: PixelFormat,
        width: u32,
        height: u32,
        pixels: impl AsRef<[u8]> + Send + 'static,
        planes: &[(usize, usize)],
    ) -> Result<Picture<'static>> {
        let pixels = Box::new(pixels);
        let total = (*pixels).as_ref().len();
        let lengths: Vec<(usize, usize)> =
            planes.iter().map(|&(at, s)| (total.saturating_sub(at), s)).collect();
        check_planes(format, width, height, &lengths)?;
        let frame = Frame::from_owned(format, width, height, pixels, planes)?;
        Ok(Picture::new(Pixels::Owned(frame), format, width, height))
    }

    /// [`Picture::owned`] for planes that lie apart: what holds each of them, from its first byte on, and its stride in bytes.
    /// Each is dropped when the encoder is done with the picture, on any thread.
    ///
    /// # Errors
    /// As [`Picture::borrowed`].
    pub fn owned_planes(
        format: PixelFormat,
        width: u32,
        height: u32,
        planes: Vec<(impl AsRef<[u8]> + Send + 'static, usize)>,
    ) -> Result<Picture<'static>> {
        let planes: Vec<_> = planes.into_iter().map(|(plane, stride)| (Box::new(plane), stride)).collect();
        let lengths: Vec<(usize, usize)> =
            planes.iter().map(|(plane, stride)| ((**plane).as_ref().len(), *stride)).collect();
        check_planes(format, width, height, &lengths)?;
        let frame = Frame::from_owned_planes(format, width, height, planes)?;
        Ok(Picture::new(Pixels::Owned(frame), format, width, height))
    }

    fn new(pixels: Pixels<'a>, format: PixelFormat, width: u32, height: u32) -> Self {
        Picture { pixels, format, width, height, pts: None, duration: 0, color: Color::default(), idr: false }
    }

    /// Presentation time in the session's time base. Without it pictures follow each other at the frame rate.
    pub fn pts(mut self, pts: i64) -> Self {
        self.pts = Some(pts);
        self
    }

    /// How long it is shown, in the session's time base.
    pub fn duration(mut self, duration: i64) -> Self {
        self.duration = duration;
        self
    }

    /// What its numbers mean. Unspecified fields are taken to be those of the session, but for the range of 8-bit grey, which
    /// goes from black at 0 to white at 255 like that of RGB.
    pub fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// Asks for an IDR here.
    pub fn idr(mut self) -> Self {
        self.idr = true;
        self
    }

    /// Pixel format.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// What a session takes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// Pixels of the caller.
    Picture(&'a Picture<'a>),
    /// A frame of a decoder or filter.
    Frame(&'a Frame),
    /// The same, to be stamped in place: the session sets its time, duration and type, and saves a reference.
    FrameMut(&'a mut Frame),
}

impl<'a> From<&'a Picture<'a>> for Input<'a> {
    fn from(picture: &'a Picture<'a>) -> Self {
        Input::Picture(picture)
    }
}

impl<'a> From<&'a mut Frame> for Input<'a> {
    fn from(frame: &'a mut Frame) -> Self {
        Input::FrameMut(frame)
    }
}

impl<'a> From<&'a Frame> for Input<'a> {
    fn from(frame: &'a Frame) -> Self {
        Input::Frame(frame)
    }
}

impl Input<'_> {
    /// The frame behind it; none for pixels that are only lent.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        match self {
            Input::Frame(frame) => Some(frame),
            Input::FrameMut(frame) => Some(frame),
            Input::Picture(picture) => match &picture.pixels {
                Pixels::Owned(frame) => Some(frame),
                Pixels::Borrowed(_) => None,
            },
        }
    }
}

/// Offset, length and row of each plane of an unpadded picture.
fn packed_layout(
    format: PixelFormat,
    width: u32,
    height: u32,
    len: usize,
) -> Result<Vec<(usize, usize, usize)>> {
    let mut layout = Vec::new();
    let mut at = 0;
    for plane in 0..format.planes() {
        let row = format.row_bytes(plane, width);
        let bytes = row * format.rows(plane, height);
        layout.push((at, bytes, row));
        at += bytes;
    }
    if at != len || at == 0 {
        return Err(Error::new(
            Code::PictureInvalid,
            format!("a {width}x{height} {format} picture has {at} bytes, and {len} were given"),
        )
        .with_value(len, at));
    }
    Ok(layout)
}

fn check_planes(format: PixelFormat, width: u32, height: u32, planes: &[(usize, usize)]) -> Result<()> {
    let wrong = |text: String| Err(Error::new(Code::PictureInvalid, text));
    if format.is_hardware() || format.planes() == 0 {
        return wrong(format!("{format} has no planes in memory"));
    }
    if width == 0 || height == 0 {
        return wrong(format!("a picture of {width}x{height} has no pixels"));
    }
    if planes.len() != format.planes() {
        return wrong(format!("{format} has {} planes, and {} were given", format.planes(), planes.len()));
    }
    for (plane, &(len, stride)) in planes.iter().enumerate() {
        let row = format.row_bytes(plane, width);
        let rows = format.rows(plane, height);
        if stride < row || i32::try_from(stride).is_err() {
            return wrong(format!("plane {plane} has a stride of {stride} bytes, and its rows have {row}"));
        }
        let needed = stride * (rows - 1) + row;
        if len < needed {
            return wrong(format!("plane {plane} has {len} bytes, and {needed} are needed"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_checked_before_anything_reads_them() {
        let bytes = vec![0u8; 64 * 48 * 3 / 2];
        assert!(Picture::packed(PixelFormat::NV12, 64, 48, &bytes).is_ok());
        let wrong = |result: Result<Picture<'_>>| result.unwrap_err().code() == Code::PictureInvalid;
        assert!(wrong(Picture::packed(PixelFormat::NV12, 64, 48, &bytes[1..])));
        assert!(wrong(Picture::borrowed(PixelFormat::NV12, 64, 48, &[(&bytes, 64)])));
        assert!(wrong(Picture::borrowed(PixelFormat::NV12, 64, 48, &[(&bytes, 63), (&bytes, 64)])));
        assert!(wrong(Picture::borrowed(PixelFormat::NV12, 64, 48, &[(&bytes, 64), (&bytes[..1500], 64)])));
        assert!(wrong(Picture::borrowed(PixelFormat::VAAPI, 64, 48, &[])));
        assert!(wrong(Picture::borrowed(PixelFormat::BGRA, 0, 48, &[(&bytes, 64)])));
        assert!(wrong(Picture::borrowed(PixelFormat::BGRA, 1, 2, &[(&bytes, usize::MAX)])));
        assert!(wrong(Picture::owned(
            PixelFormat::NV12,
            64,
            48,
            bytes.clone(),
            &[(0, 64), (64 * 48 + 1, 64)]
        )));
        assert!(wrong(Picture::owned_planes(
            PixelFormat::NV12,
            64,
            48,
            vec![(bytes[..64 * 48].to_vec(), 64), (bytes[..64 * 24 - 1].to_vec(), 64)]
        )));
        // The last row may end with its last pixel.
        assert!(Picture::borrowed(PixelFormat::BGRA, 4, 2, &[(&bytes[..100 + 16], 100)]).is_ok());
    }
    #[test]
    fn planes_that_lie_apart_are_kept_and_let_go_one_by_one() {
        let owner = std::sync::Arc::new(());
        struct Plane(Vec<u8>, #[allow(dead_code)] std::sync::Arc<()>);
        impl AsRef<[u8]> for Plane {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        let plane = |shade: u8, len: usize| (Plane(vec![shade; len], owner.clone()), 64);
        let planes = vec![plane(1, 64 * 48), plane(2, 64 * 24)];
        let picture = Picture::owned_planes(PixelFormat::NV12, 64, 48, planes).unwrap();
        assert_eq!(std::sync::Arc::strong_count(&owner), 3);
        let Pixels::Owned(frame) = &picture.pixels else { panic!("it owns them") };
        assert_eq!((frame.plane(0).unwrap()[0], frame.plane(1).unwrap()[0]), (1, 2));
        let shared = frame.try_clone().unwrap();
        drop(picture);
        assert_eq!(std::sync::Arc::strong_count(&owner), 3, "another reference holds them");
        drop(shared);
        assert_eq!(std::sync::Arc::strong_count(&owner), 1);
    }
}
