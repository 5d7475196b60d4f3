//! [`Decoder`]: packets into frames.

use std::ffi::{CStr, CString, c_int};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Frame, HwDevice, Packet, Rational, StreamInfo, error, log};
use crate::error::{Code, Error, Result};

/// Device pictures that may be out beside those that the decoder refers to: decoded ahead, scaled, and held back by an
/// encoder with B pictures. Pools of decoders do not grow.
pub(super) const HELD: c_int = 16;

/// What a decoder has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The frame was filled.
    Frame,
    /// It wants another packet first.
    NeedInput,
    /// Everything has come out.
    Finished,
}

/// An open decoder.
pub struct Decoder {
    context: NonNull<ff::AVCodecContext>,
    time_base: Rational,
    _device: Option<HwDevice>,
}

// SAFETY: an AVCodecContext may be used from any one thread at a time.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens FFmpeg's default decoder for a stream. With a device it decodes there where it can, and hands out
    /// device frames, and where it cannot, it decodes in memory: look at the frame. `threads` 0 lets the decoder choose. Damage is told as far as FFmpeg notices it: by an error, or
    /// by [`Frame::is_corrupt`] on a picture that was concealed.
    ///
    /// # Errors
    /// [`Code::InputNoDecoder`]; [`Code::InputCorrupt`] when the parameter sets do not parse.
    pub fn open(stream: &StreamInfo, threads: u32, device: Option<HwDevice>) -> Result<Self> {
        let p = stream.parameters.get();
        // SAFETY: a number of libavcodec's own; static descriptions come back.
        let codec = unsafe { ff::avcodec_find_decoder(p.codec_id) };
        if codec.is_null() {
            let name = stream.parameters.codec();
            return Err(Error::new(Code::InputNoDecoder, format!("this FFmpeg has no decoder for {name}"))
                .with_evidence(super::version::line()));
        }
        // SAFETY: a static description.
        let context = error::alloc(unsafe { ff::avcodec_alloc_context3(codec) }, "a decoder")?;
        let mut decoder = Decoder { context, time_base: stream.time_base, _device: None };
        let mark = log::mark();
        // SAFETY: the context is fresh and ours; parameters are copied, the device reference is a new one.
        let ret = unsafe {
            let c = context.as_ptr();
            let copied = ff::avcodec_parameters_to_context(c, stream.parameters.as_ptr());
            (*c).pkt_timebase = stream.time_base.to_av();
            (*c).thread_count = threads as c_int;
            tell_damage(&mut *c, stream.parameters.codec());
            if let Some(device) = &device {
                (*c).hw_device_ctx = device.reference()?;
                (*c).extra_hw_frames = HELD;
            }
            if copied < 0 { copied } else { ff::avcodec_open2(c, codec, ptr::null_mut()) }
        };
        if ret < 0 {
            let what = format!("the decoder for {} does not open", stream.parameters.codec());
            return Err(decoder.failure(what, ret, mark));
        }
        decoder._device = device;
        Ok(decoder)
    }

    /// Opens the first of these decoders of libavcodec that is there, with one thread and no device. It is told nothing of
    /// the stream but the parameter sets that are kept beside it.
    ///
    /// # Errors
    /// [`Code::InputNoDecoder`] where none of them is there, [`Code::InputCorrupt`].
    pub(crate) fn on_cpu(codec: &str, names: &[&str], extradata: &[u8]) -> Result<Self> {
        let find = |name: &&str| {
            let name = CString::new(*name).ok()?;
            // SAFETY: a terminated string; static descriptions come back, null for what is not there.
            let found = unsafe { ff::avcodec_find_decoder_by_name(name.as_ptr()) };
            (!found.is_null()).then_some(found)
        };
        let Some(description) = names.iter().find_map(find) else {
            return Err(Error::new(Code::InputNoDecoder, format!("this FFmpeg has no decoder for {codec}"))
                .with_evidence(super::version::line()));
        };
        // SAFETY: a static description.
        let context = error::alloc(unsafe { ff::avcodec_alloc_context3(description) }, "a decoder")?;
        let decoder = Decoder { context, time_base: Rational::new(0, 1), _device: None };
        let mark = log::mark();
        // SAFETY: the context is fresh and ours, and frees the parameter sets, which have the padding that is asked for.
        let ret = unsafe {
            let c = &mut *context.as_ptr();
            if !extradata.is_empty() {
                let padded = extradata.len() + ff::AV_INPUT_BUFFER_PADDING_SIZE as usize;
                let data = error::alloc(ff::av_mallocz(padded).cast::<u8>(), "parameter sets")?.as_ptr();
                ptr::copy_nonoverlapping(extradata.as_ptr(), data, extradata.len());
                (c.extradata, c.extradata_size) = (data, extradata.len() as c_int);
            }
            tell_damage(c, codec);
            c.thread_count = 1;
            ff::avcodec_open2(c, description, ptr::null_mut())
        };
        if ret < 0 {
            return Err(decoder.failure(format!("the decoder for {codec} does not open"), ret, mark));
        }
        Ok(decoder)
    }

    /// libavcodec's name of the profile that the stream has, once a picture was decoded.
    pub(crate) fn profile(&self) -> Option<String> {
        // SAFETY: alive as long as self; the name is static, null for a profile that libavcodec does not know.
        unsafe {
            let c = self.context.as_ref();
            let name = ff::avcodec_profile_name(c.codec_id, c.profile);
            (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
        }
    }

    /// Sends a packet, or `None` for the end. Says `false` when frames must be received first.
    ///
    /// # Errors
    /// [`Code::InputCorrupt`]; the decoder can go on with the next packet.
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<bool> {
        let mark = log::mark();
        // SAFETY: an open decoder; libav takes a reference of its own.
        let ret = unsafe {
            ff::avcodec_send_packet(
                self.context.as_ptr(),
                packet.map_or(ptr::null(), |p| p.as_ptr().cast_const()),
            )
        };
        match ret {
            0 | error::EOF => Ok(true),
            error::AGAIN => Ok(false),
            _ => Err(self.failure("a packet does not decode".into(), ret, mark)),
        }
    }

    /// Receives the next frame into `frame`, whose former content is released.
    ///
    /// # Errors
    /// [`Code::InputCorrupt`]; the decoder can go on.
    pub fn receive(&mut self, frame: &mut Frame) -> Result<Decoded> {
        let mark = log::mark();
        // SAFETY: an open decoder and a live frame, which is unreferenced by the call first.
        match unsafe { ff::avcodec_receive_frame(self.context.as_ptr(), frame.as_ptr()) } {
            0 => Ok(Decoded::Frame),
            error::AGAIN => Ok(Decoded::NeedInput),
            error::EOF => Ok(Decoded::Finished),
            ret => Err(self.failure("a picture does not decode".into(), ret, mark)),
        }
    }

    /// Time base of the frames' timestamps.
    pub fn time_base(&self) -> Rational {
        self.time_base
    }

    fn failure(&self, what: String, ret: c_int, mark: log::Mark) -> Error {
        let mut error = error::from_av(Code::InputCorrupt, what, ret);
        for line in log::since(mark, self.context.as_ptr().cast()) {
            error = error.with_evidence(line);
        }
        error
    }
}

/// Settings without which damage passes unseen. Measured on FFmpeg 5.1, 7.1 and 9 with bytes overwritten in packets: see
/// docs/evidence.md, "Damaged input".
fn tell_damage(context: &mut ff::AVCodecContext, codec: &str) {
    match codec {
        // They keep errors to themselves otherwise, and FFmpeg 7.1 even swallows whole pictures of HEVC.
        "hevc" | "mjpeg" => context.err_recognition |= ff::AV_EF_EXPLODE as c_int,
        // The mark of a concealed picture is read when the picture is handed out. With frame threads another thread may
        // still be at it (always so before FFmpeg 7.0), and with slice threads H.264 looks for no errors. One thread
        // decodes 400 million pixels a second of H.264, as many as 16 cores encode with x264 at `medium`.
        "h264" | "mpeg4" | "h263" | "flv1" => context.thread_count = 1,
        _ => {}
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let mut context = self.context.as_ptr();
        // SAFETY: ours; closes the codec and joins its threads.
        unsafe { ff::avcodec_free_context(&mut context) };
    }
}
