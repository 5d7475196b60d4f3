//! [`Encoder`]: an opened AVCodecContext that makes packets.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::frame::write_enum;
use super::{AudioFormat, Color, Frame, HwFrames, Options, Packet, PixelFormat, Rational, StreamParameters};
use super::{error, log};
use crate::error::{Code, Error, Result};

/// How an [`Encoder`] is opened. Only what a backend has decided; no policy lives here.
#[non_exhaustive]
pub struct EncoderSettings {
    /// libavcodec's name, such as `libx264`.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Format of the frames that will be sent.
    pub format: PixelFormat,
    /// Seconds that one tick of the timestamps counts.
    pub time_base: Rational,
    /// Nominal frame rate, frames per second.
    pub frame_rate: Rational,
    /// Shape of a pixel; numerator 0 where unknown.
    pub sample_aspect_ratio: Rational,
    /// What goes into the VUI or sequence header.
    pub color: Color,
    /// Where chroma samples lie, as `AVChromaLocation` numbers it; 0 for unspecified.
    pub chroma_location: u8,
    /// Average bit rate in bits per second; `None` leaves it to the options.
    pub bit_rate: Option<u64>,
    /// Peak bit rate in bits per second, over `buffer_bits`.
    pub max_bit_rate: Option<u64>,
    /// Size of the rate-control buffer in bits.
    pub buffer_bits: Option<u64>,
    /// Distance of key frames in pictures; `None` keeps the encoder's default.
    pub gop: Option<u32>,
    /// B pictures between two others at most; `None` keeps the encoder's default.
    pub b_frames: Option<u32>,
    /// Threads; 0 lets the encoder choose.
    pub threads: u32,
    /// Parameter sets go to the container, not into the stream.
    pub global_header: bool,
    /// Quantiser that stays the same for every picture, on the codec's own scale.
    pub fixed_qp: Option<u32>,
    /// The pool that device frames come from.
    pub hw_frames: Option<HwFrames>,
    /// The encoder's own options.
    pub options: Vec<(String, String)>,
}

impl EncoderSettings {
    /// Settings for an encoder of this name; everything else at its default.
    pub fn new(
        name: impl Into<String>,
        width: u32,
        height: u32,
        format: PixelFormat,
        frame_rate: Rational,
    ) -> Self {
        EncoderSettings {
            name: name.into(),
            width,
            height,
            format,
            time_base: frame_rate.inverse(),
            frame_rate,
            sample_aspect_ratio: Rational::new(0, 1),
            color: Color::default(),
            chroma_location: 0,
            bit_rate: None,
            max_bit_rate: None,
            buffer_bits: None,
            gop: None,
            b_frames: None,
            threads: 0,
            global_header: false,
            fixed_qp: None,
            hw_frames: None,
            options: Vec::new(),
        }
    }
}

/// What an encoder has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The packet was filled.
    Packet,
    /// It wants another frame first.
    NeedInput,
    /// Everything has come out.
    Finished,
}

/// An open encoder, for pictures or sound.
pub struct Encoder {
    context: NonNull<ff::AVCodecContext>,
    time_base: Rational,
    before_close: BeforeClose,
    /// It was told the end, and knows of no picture.
    ended: bool,
    _hw_frames: Option<HwFrames>,
}

/// What SVT-AV1 must have got before it is closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BeforeClose {
    Nothing,
    /// Version 1.4 waits for the first one for ever, in closing and in draining.
    Picture,
    /// Every version complains on standard error without it.
    End,
}

// SAFETY: an AVCodecContext may be used from any one thread at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Opens a video encoder.
    ///
    /// # Errors
    /// [`Code::EncoderNotCompiled`], [`Code::OptionUnknown`], [`Code::OptionInvalid`],
    /// [`Code::EncoderOpenFailed`] with FFmpeg's own lines where the log is installed.
    pub fn open(settings: EncoderSettings) -> Result<Self> {
        let (width, height) = super::buffer::size(settings.width, settings.height)?;
        let encoder = Self::allocate(&settings.name, settings.time_base)?;
        // SAFETY: a freshly allocated context that nobody else sees; fields are plain values, and buffer references
        // are new ones which avcodec_free_context releases.
        unsafe {
            let c = &mut *encoder.context.as_ptr();
            c.width = width;
            c.height = height;
            write_enum_i32(&raw mut c.pix_fmt, settings.format.raw());
            c.framerate = settings.frame_rate.to_av();
            c.sample_aspect_ratio = settings.sample_aspect_ratio.to_av();
            write_enum(&raw mut c.color_range, settings.color.range.0);
            write_enum(&raw mut c.color_primaries, settings.color.primaries.0);
            write_enum(&raw mut c.color_trc, settings.color.transfer.0);
            write_enum(&raw mut c.colorspace, settings.color.matrix.0);
            write_enum(&raw mut c.chroma_sample_location, settings.chroma_location);
            if let Some(rate) = settings.bit_rate {
                c.bit_rate = i64::try_from(rate).unwrap_or(i64::MAX);
            }
            if let Some(rate) = settings.max_bit_rate {
                c.rc_max_rate = i64::try_from(rate).unwrap_or(i64::MAX);
            }
            if let Some(bits) = settings.buffer_bits {
                c.rc_buffer_size = i32::try_from(bits).unwrap_or(i32::MAX);
            }
            if let Some(gop) = settings.gop {
                c.gop_size = i32::try_from(gop).unwrap_or(i32::MAX);
            }
            if let Some(b) = settings.b_frames {
                c.max_b_frames = i32::try_from(b).unwrap_or(i32::MAX);
            }
            if let Some(qp) = settings.fixed_qp {
                c.flags |= ff::AV_CODEC_FLAG_QSCALE as c_int;
                c.global_quality = qp as c_int * ff::FF_QP2LAMBDA as c_int;
            }
            c.thread_count = settings.threads as c_int;
            if settings.global_header {
                c.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            }
            if let Some(frames) = &settings.hw_frames {
                c.hw_frames_ctx = frames.reference()?;
            }
        }
        encoder.finish_open(&settings.name, &settings.options, settings.hw_frames)
    }

    /// Opens an audio encoder for samples of this format, in ticks of one sample.
    ///
    /// # Errors
    /// As [`Encoder::open`].
    pub fn open_audio(name: &str, format: &AudioFormat, bit_rate: u64, global_header: bool) -> Result<Self> {
        let encoder = Self::allocate(name, Rational::new(1, format.sample_rate as i32))?;
        // SAFETY: as in `open`; the channel layout is copied.
        unsafe {
            let c = &mut *encoder.context.as_ptr();
            c.sample_rate = format.sample_rate as c_int;
            write_enum_i32(&raw mut c.sample_fmt, format.sample_format);
            ff::av_channel_layout_default(&mut c.ch_layout, format.channels as c_int);
            c.bit_rate = i64::try_from(bit_rate).unwrap_or(i64::MAX);
            if global_header {
                c.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            }
        }
        encoder.finish_open(name, &[], None)
    }

    fn allocate(name: &str, time_base: Rational) -> Result<Self> {
        let codec = find(name)?;
        if !time_base.is_positive() {
            return Err(Error::invalid("the time base", time_base, "a fraction above zero"));
        }
        // SAFETY: `codec` is a static description.
        let context = error::alloc(unsafe { ff::avcodec_alloc_context3(codec) }, "an encoder")?;
        // SAFETY: just allocated.
        unsafe { (*context.as_ptr()).time_base = time_base.to_av() };
        let before_close = BeforeClose::Nothing;
        Ok(Encoder { context, time_base, before_close, ended: false, _hw_frames: None })
    }

    fn finish_open(
        mut self,
        name: &str,
        options: &[(String, String)],
        frames: Option<HwFrames>,
    ) -> Result<Self> {
        for (key, value) in options {
            self.set_option(name, key, value)?;
        }
        self._hw_frames = frames;
        let mark = log::mark();
        // SAFETY: allocated for this codec, not opened yet; every option was set above.
        let ret = unsafe { ff::avcodec_open2(self.context.as_ptr(), ptr::null(), ptr::null_mut()) };
        if ret < 0 {
            let what = format!("{name} does not open with these settings");
            return Err(self.failure(Code::EncoderOpenFailed, what, ret, mark));
        }
        if name == "libsvtav1" {
            self.before_close = if cfg!(ffmpeg_7_1) { BeforeClose::End } else { BeforeClose::Picture };
        }
        Ok(self)
    }

    /// One by one, so that an error names the option: libav's own dictionary would only hand back leftovers.
    fn set_option(&mut self, encoder: &str, key: &str, value: &str) -> Result<()> {
        if !has_option(encoder, key)? {
            let mut options = Options::new();
            options.set(key, value)?;
            return options.all_taken(&format!("encoder {encoder}"));
        }
        let nul = |_| Error::new(Code::OptionInvalid, format!("option `{key}` holds a NUL byte"));
        let (k, v) = (CString::new(key).map_err(nul)?, CString::new(value).map_err(nul)?);
        // SAFETY: a live context with an AVClass, and two terminated strings.
        let ret = unsafe {
            ff::av_opt_set(
                self.context.as_ptr().cast(),
                k.as_ptr(),
                v.as_ptr(),
                ff::AV_OPT_SEARCH_CHILDREN as c_int,
            )
        };
        if ret < 0 {
            return Err(error::from_av(
                Code::OptionInvalid,
                format!("encoder {encoder} does not take `{value}` for its option `{key}`"),
                ret,
            )
            .with_value(value, format!("what `ffmpeg -h encoder={encoder}` lists for {key}"))
            .with_remedy(format!("`ffmpeg -h encoder={encoder}` lists the values")));
        }
        Ok(())
    }

    /// Sends a frame, or `None` for the end. Says `false` when packets must be received first.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] for a frame of another size or format, [`Code::EncoderFailed`].
    pub fn send(&mut self, frame: Option<&Frame>) -> Result<bool> {
        if let Some(frame) = frame {
            self.fits(frame)?;
        } else if self.before_close == BeforeClose::Picture {
            self.ended = true;
            return Ok(true);
        }
        let mark = log::mark();
        // SAFETY: an open encoder; libav takes references of its own.
        let ret = unsafe {
            ff::avcodec_send_frame(
                self.context.as_ptr(),
                frame.map_or(ptr::null(), |f| f.as_ptr().cast_const()),
            )
        };
        match ret {
            0 => {
                self.before_close = match (self.before_close, frame) {
                    (BeforeClose::Nothing, _) | (_, None) => BeforeClose::Nothing,
                    (_, Some(_)) => BeforeClose::End,
                };
                Ok(true)
            }
            error::EOF if frame.is_none() => Ok(true),
            error::AGAIN => Ok(false),
            _ => Err(self.failure(Code::EncoderFailed, "the encoder refused a picture".into(), ret, mark)),
        }
    }

    /// Receives the next packet into `packet`, whose former content is released.
    ///
    /// # Errors
    /// [`Code::EncoderFailed`].
    pub fn receive(&mut self, packet: &mut Packet) -> Result<Received> {
        if self.ended {
            return Ok(Received::Finished);
        }
        let mark = log::mark();
        // SAFETY: an open encoder and a live packet, which is unreferenced by the call first.
        let ret = unsafe { ff::avcodec_receive_packet(self.context.as_ptr(), packet.as_ptr()) };
        match ret {
            0 => {
                packet.set_time_base(self.time_base);
                Ok(Received::Packet)
            }
            error::AGAIN => Ok(Received::NeedInput),
            error::EOF => Ok(Received::Finished),
            _ => Err(self.failure(Code::EncoderFailed, "the encoder failed".into(), ret, mark)),
        }
    }

    /// What the stream is, for a muxer or decoder.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn parameters(&self) -> Result<StreamParameters> {
        StreamParameters::from_context(self.context.as_ptr())
    }

    /// The parameter sets (SPS, PPS, sequence header) where the encoder keeps them out of the stream.
    pub fn extradata(&self) -> &[u8] {
        let c = self.get();
        if c.extradata.is_null() || c.extradata_size <= 0 {
            return &[];
        }
        // SAFETY: libav keeps `extradata_size` bytes there while the context lives.
        unsafe { std::slice::from_raw_parts(c.extradata, c.extradata_size as usize) }
    }

    /// The value that an option has now, as text: an option of the encoder, or one of every codec.
    pub fn option(&self, key: &str) -> Option<String> {
        let key = CString::new(key).ok()?;
        let mut value: *mut u8 = ptr::null_mut();
        // SAFETY: a live context with an AVClass; the string is allocated for us and freed below.
        unsafe {
            let flags = (ff::AV_OPT_SEARCH_CHILDREN | ff::AV_OPT_ALLOW_NULL) as c_int;
            if ff::av_opt_get(self.context.as_ptr().cast(), key.as_ptr(), flags, &mut value) < 0
                || value.is_null()
            {
                return None;
            }
            let text = CStr::from_ptr(value.cast()).to_string_lossy().into_owned();
            ff::av_free(value.cast::<c_void>());
            Some(text)
        }
    }

    /// Time base of the packets.
    pub fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Average bit rate in bits per second that the encoder works with; 0 where it has none.
    pub fn bit_rate(&self) -> u64 {
        self.get().bit_rate.max(0) as u64
    }

    /// Samples per frame that an audio encoder wants; 0 for any number.
    pub fn frame_size(&self) -> u32 {
        self.get().frame_size.max(0) as u32
    }

    /// Encoders read as much as they were opened for, whatever the frame holds.
    fn fits(&self, frame: &Frame) -> Result<()> {
        let (c, f) = (self.get(), frame.get());
        let same = if c.width > 0 {
            (c.width, c.height, c.pix_fmt as i32) == (f.width, f.height, f.format)
        } else {
            let channels = c.ch_layout.nb_channels == f.ch_layout.nb_channels;
            channels && (c.sample_fmt as i32, c.sample_rate) == (f.format, f.sample_rate)
        };
        if same && frame.has_content() {
            return Ok(());
        }
        Err(Error::new(Code::PictureInvalid, format!("{frame:?} does not fit the open encoder"))
            .with_value(format!("{frame:?}"), format!("{}x{}", c.width, c.height)))
    }

    fn get(&self) -> &ff::AVCodecContext {
        // SAFETY: alive as long as self.
        unsafe { self.context.as_ref() }
    }

    /// Tells the end, throwing away what comes out meanwhile.
    fn end(&mut self) {
        let Ok(mut packet) = Packet::empty() else { return };
        // libavcodec holds one packet and one picture back: the third time it takes what it is told.
        for _ in 0..3 {
            match self.send(None) {
                Ok(false) => drop(self.receive(&mut packet)),
                _ => return,
            }
        }
    }

    /// Sends a blank picture.
    fn feed(&mut self) -> Result<()> {
        let c = self.get();
        let format = PixelFormat::from_raw(c.pix_fmt as i32);
        let mut blank = Frame::picture(format, c.width as u32, c.height as u32)?;
        for plane in 0..format.planes() {
            blank.plane_mut(plane)?.fill(0);
        }
        blank.set_pts(Some(0));
        self.send(Some(&blank)).map(drop)
    }

    fn failure(&self, code: Code, what: String, ret: c_int, mark: log::Mark) -> Error {
        let mut error = error::from_av(code, what, ret);
        for line in log::since(mark, self.context.as_ptr().cast()) {
            error = error.with_evidence(line);
        }
        error
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if self.before_close == BeforeClose::Picture && self.feed().is_err() {
            tracing::warn!("an encoder is left open, because closing it would never end");
            return;
        }
        if self.before_close == BeforeClose::End {
            self.end();
        }
        let mut context = self.context.as_ptr();
        // SAFETY: ours; closes the codec and joins its threads.
        unsafe { ff::avcodec_free_context(&mut context) };
    }
}

/// The encoder of this name.
fn find(name: &str) -> Result<*const ff::AVCodec> {
    let missing = || {
        Error::new(Code::EncoderNotCompiled, format!("this FFmpeg was built without the encoder {name}"))
            .with_evidence(super::version::line())
    };
    let text = CString::new(name).map_err(|_| missing())?;
    // SAFETY: a terminated string; static descriptions come back.
    let codec = unsafe { ff::avcodec_find_encoder_by_name(text.as_ptr()) };
    if codec.is_null() { Err(missing()) } else { Ok(codec) }
}

/// Whether the encoder takes an option of this name, its own or one of every encoder.
///
/// # Errors
/// [`Code::EncoderNotCompiled`].
pub(crate) fn has_option(encoder: &str, key: &str) -> Result<bool> {
    let codec = find(encoder)?;
    let Ok(key) = CString::new(key) else { return Ok(false) };
    let known = |class: *const ff::AVClass| {
        let mut class = class;
        let flags = ff::AV_OPT_FLAG_ENCODING_PARAM as c_int;
        // SAFETY: FAKE_OBJ: a pointer to a pointer to a static class stands for the object (libavutil/opt.h).
        !class.is_null()
            && !unsafe {
                ff::av_opt_find(
                    (&raw mut class).cast(),
                    key.as_ptr(),
                    ptr::null(),
                    flags,
                    ff::AV_OPT_SEARCH_FAKE_OBJ as c_int,
                )
            }
            .is_null()
    };
    // SAFETY: a static description, and a function without arguments.
    Ok(unsafe { known((*codec).priv_class) || known(ff::avcodec_get_class()) })
}

/// The pixel formats that an encoder takes, in its order of preference; empty where it does not say.
///
/// # Errors
/// [`Code::EncoderNotCompiled`].
pub(crate) fn pixel_formats(encoder: &str) -> Result<Vec<PixelFormat>> {
    let codec = find(encoder)?;
    #[cfg(ffmpeg_7_1)]
    // SAFETY: a static description; the list is static, ended by NONE.
    let mut list = unsafe {
        let mut list: *const c_void = ptr::null();
        let which = ff::AVCodecConfig::AV_CODEC_CONFIG_PIX_FORMAT;
        ff::avcodec_get_supported_config(ptr::null(), codec, which, 0, &mut list, ptr::null_mut());
        list.cast::<i32>()
    };
    #[cfg(not(ffmpeg_7_1))]
    // SAFETY: a static description.
    let mut list = unsafe { (*codec).pix_fmts.cast::<i32>() };
    let mut formats = Vec::new();
    // SAFETY: the list is null or ended by NONE (-1).
    unsafe {
        while !list.is_null() && *list != PixelFormat::NONE.raw() {
            formats.push(PixelFormat::from_raw(*list));
            list = list.add(1);
        }
    }
    Ok(formats)
}

/// Writes a C enum of 32 bits as a number.
///
/// # Safety
/// As `write_enum`, for enums with negative values.
unsafe fn write_enum_i32<T>(field: *mut T, value: i32) {
    const { assert!(size_of::<T>() == 4) };
    // SAFETY: the caller's word, and the size is checked above.
    unsafe { ptr::write(field.cast::<i32>(), value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(options: &[(&str, &str)]) -> EncoderSettings {
        let mut s = EncoderSettings::new("libx264", 64, 64, PixelFormat::I420, Rational::new(25, 1));
        s.options = options.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        s
    }

    #[test]
    fn options_are_taken_or_refused_by_name() {
        let encoder = Encoder::open(settings(&[("crf", "30"), ("preset", "ultrafast")])).unwrap();
        assert_eq!(encoder.option("crf").unwrap().parse::<f64>().unwrap(), 30.0);
        let unknown = Encoder::open(settings(&[("nosuch", "1")])).err().unwrap();
        assert_eq!((unknown.code(), unknown.value()), (Code::OptionUnknown, Some("nosuch")));
        // An option of decoders is none of an encoder.
        assert_eq!(
            Encoder::open(settings(&[("skip_frame", "1")])).err().unwrap().code(),
            Code::OptionUnknown
        );
        let invalid = Encoder::open(settings(&[("crf", "many")])).err().unwrap();
        assert_eq!((invalid.code(), invalid.value()), (Code::OptionInvalid, Some("many")));
    }

    #[test]
    fn a_failing_open_brings_ffmpegs_own_words() {
        log::install();
        let error = Encoder::open(settings(&[("preset", "nosuch")])).err().unwrap();
        assert_eq!(error.code(), Code::EncoderOpenFailed);
        let evidence = error.reason().evidence.join("\n");
        assert!(evidence.contains("nosuch") && evidence.contains("AVERROR"), "{evidence}");
    }

    #[test]
    fn frames_that_do_not_fit_are_refused() {
        let mut encoder = Encoder::open(settings(&[])).unwrap();
        for frame in [
            Frame::picture(PixelFormat::I420, 32, 64).unwrap(),
            Frame::picture(PixelFormat::NV12, 64, 64).unwrap(),
            Frame::empty().unwrap(),
        ] {
            assert_eq!(encoder.send(Some(&frame)).unwrap_err().code(), Code::PictureInvalid);
        }
    }

    #[test]
    fn missing_encoders_are_said_so() {
        let mut s = settings(&[]);
        s.name = "h264_nosuch".into();
        assert_eq!(Encoder::open(s).err().unwrap().code(), Code::EncoderNotCompiled);
        assert!(pixel_formats("libx264").unwrap().contains(&PixelFormat::NV12));
    }
}
