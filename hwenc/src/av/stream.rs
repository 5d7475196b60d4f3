//! What a stream is: [`StreamParameters`] and [`StreamInfo`].

use std::ffi::CStr;
use std::ptr::NonNull;

use ffmpeg_sys_next as ff;

use super::frame::read_enum;
use super::{Color, Matrix, PixelFormat, Primaries, Range, Rational, Transfer, error};
use crate::error::{Code, Result};

/// The kind of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Text or bitmaps over the picture.
    Subtitle,
    /// A file inside the file, such as a font.
    Attachment,
    /// Anything else.
    Data,
}

impl MediaKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            MediaKind::Video => "video",
            MediaKind::Audio => "audio",
            MediaKind::Subtitle => "subtitle",
            MediaKind::Attachment => "attachment",
            MediaKind::Data => "data",
        }
    }
}

/// Codec, size, colour and the rest of what a decoder or muxer must know of a stream. A copy of its own.
pub struct StreamParameters(NonNull<ff::AVCodecParameters>);

// SAFETY: plain memory without thread affinity; only read through a shared reference.
unsafe impl Send for StreamParameters {}
// SAFETY: as above.
unsafe impl Sync for StreamParameters {}

impl StreamParameters {
    fn blank() -> Result<Self> {
        // SAFETY: no arguments.
        error::alloc(unsafe { ff::avcodec_parameters_alloc() }, "stream parameters").map(StreamParameters)
    }

    /// A copy of `from`, which must be alive.
    pub(crate) fn copy(from: *const ff::AVCodecParameters) -> Result<Self> {
        let to = Self::blank()?;
        // SAFETY: callers within `av` hand in parameters of a live stream.
        let ret = unsafe { ff::avcodec_parameters_copy(to.0.as_ptr(), from) };
        error::check(ret, Code::OutOfMemory, "stream parameters cannot be copied")?;
        Ok(to)
    }

    pub(crate) fn from_context(context: *const ff::AVCodecContext) -> Result<Self> {
        let to = Self::blank()?;
        // SAFETY: callers within `av` hand in a live context.
        let ret = unsafe { ff::avcodec_parameters_from_context(to.0.as_ptr(), context) };
        error::check(ret, Code::OutOfMemory, "stream parameters cannot be copied")?;
        Ok(to)
    }

    /// The kind of the stream.
    pub fn kind(&self) -> MediaKind {
        match enum_number(&self.get().codec_type) {
            0 => MediaKind::Video,
            1 => MediaKind::Audio,
            3 => MediaKind::Subtitle,
            4 => MediaKind::Attachment,
            _ => MediaKind::Data,
        }
    }

    /// libavcodec's name of the codec, such as `h264`, `aac`, `subrip`.
    pub fn codec(&self) -> &'static str {
        // SAFETY: the name is static for every number, "unknown_codec" where there is none.
        unsafe { CStr::from_ptr(ff::avcodec_get_name(self.get().codec_id)) }.to_str().unwrap_or("unknown")
    }

    /// Width in pixels, for video.
    pub fn width(&self) -> u32 {
        self.get().width.max(0) as u32
    }

    /// Height in pixels, for video.
    pub fn height(&self) -> u32 {
        self.get().height.max(0) as u32
    }

    /// Pixel format, for video whose format the demuxer found.
    pub fn format(&self) -> Option<PixelFormat> {
        (self.get().format >= 0).then(|| PixelFormat::from_raw(self.get().format))
    }

    /// What the container or stream says of its colours.
    pub fn color(&self) -> Color {
        let p = self.0.as_ptr();
        // SAFETY: C enums of 32 bits, read as numbers.
        unsafe {
            Color {
                range: Range(read_enum(&raw const (*p).color_range)),
                primaries: Primaries(read_enum(&raw const (*p).color_primaries)),
                transfer: Transfer(read_enum(&raw const (*p).color_trc)),
                matrix: Matrix(read_enum(&raw const (*p).color_space)),
            }
        }
    }

    /// Samples per second, for sound.
    pub fn sample_rate(&self) -> u32 {
        self.get().sample_rate.max(0) as u32
    }

    /// Channels, for sound.
    pub fn channels(&self) -> u32 {
        self.get().ch_layout.nb_channels.max(0) as u32
    }

    /// Parameter sets and the like.
    pub fn extradata(&self) -> &[u8] {
        let p = self.get();
        if p.extradata.is_null() || p.extradata_size <= 0 {
            return &[];
        }
        // SAFETY: libav keeps that many bytes there while the parameters live.
        unsafe { std::slice::from_raw_parts(p.extradata, p.extradata_size as usize) }
    }

    /// Sets the parameter sets.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub(crate) fn set_extradata(&mut self, bytes: &[u8]) -> Result<()> {
        let padding = ff::AV_INPUT_BUFFER_PADDING_SIZE as usize;
        // SAFETY: ours; the former data is libav's, and the new is allocated by it with the padding that it asks for.
        unsafe {
            let data = error::alloc(ff::av_mallocz(bytes.len() + padding).cast::<u8>(), "parameter sets")?;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), data.as_ptr(), bytes.len());
            let p = self.0.as_mut();
            ff::av_freep((&raw mut p.extradata).cast());
            p.extradata = data.as_ptr();
            p.extradata_size = bytes.len() as i32;
        }
        Ok(())
    }

    pub(crate) fn get(&self) -> &ff::AVCodecParameters {
        // SAFETY: alive as long as self.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn as_ptr(&self) -> *mut ff::AVCodecParameters {
        self.0.as_ptr()
    }
}

impl Drop for StreamParameters {
    fn drop(&mut self) {
        let mut p = self.0.as_ptr();
        // SAFETY: ours.
        unsafe { ff::avcodec_parameters_free(&mut p) };
    }
}

/// A C enum of 32 bits as a number, also when the bindings do not know it.
fn enum_number<T>(value: &T) -> i32 {
    const { assert!(size_of::<T>() == 4) };
    // SAFETY: four readable bytes, checked above.
    unsafe { std::ptr::from_ref(value).cast::<i32>().read() }
}

/// A stream of a file.
#[non_exhaustive]
pub struct StreamInfo {
    /// Its number in the file.
    pub index: usize,
    /// Codec and the rest.
    pub parameters: StreamParameters,
    /// Seconds that one tick of its timestamps counts.
    pub time_base: Rational,
    /// Average frame rate; numerator 0 where unknown.
    pub average_frame_rate: Rational,
    /// libavformat's best guess of the nominal frame rate; numerator 0 where unknown.
    pub frame_rate: Rational,
    /// Duration in ticks of `time_base`.
    pub duration: Option<i64>,
    /// Number of pictures, where the container counts them.
    pub frames: Option<u64>,
    /// A cover picture, not a film.
    pub attached_picture: bool,
    /// Degrees by which players turn the pictures, counter-clockwise.
    pub rotation: i32,
}
