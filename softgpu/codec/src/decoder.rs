//! Decoding by libavcodec, with each picture at hand as soon as its data was given.
//!
//! A driver has no notion of display order: the picture must be in its surface when EndPicture is done. libavcodec keeps
//! pictures back until their turn to be shown. With one thread, though, a packet is decoded within avcodec_send_packet,
//! into a buffer that the decoder asks us for; so that buffer is kept, and read when the call is done.

use std::ffi::{CStr, c_int};
use std::ptr;

use ffmpeg_sys_next as ff;
use softgpu_core::codec::{Codec, Format, Image};

use crate::planes::{self, Planes};

/// The data was no good, or the image.
pub(crate) const FAILED: c_int = -1;
/// A picture was written.
const WRITTEN: c_int = 1;
/// A picture was written, and parts of it are not as they were coded.
const DAMAGED: c_int = 2;
/// Nothing to show.
pub(crate) const NONE: c_int = 0;

/// Added to the level of each line that our decoders log, so that none reaches the client's log: above every level there is,
/// and within the byte that av_log_default_callback() takes for the level.
const SILENT: c_int = 150;

/// A decoder; libavcodec's own is opened with the first picture, since clients hold libavcodec's lock for opening codecs
/// while they set up a driver's context.
#[derive(Debug)]
pub(crate) struct Decoder {
    codec: Codec,
    open: Option<Open>,
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Self {
        Self { codec, open: None }
    }

    /// Forgets all references, as after a seek.
    pub(crate) fn flush(&mut self) {
        if let Some(open) = &mut self.open {
            // SAFETY: the context is open, and owned by `open`.
            unsafe { ff::avcodec_flush_buffers(open.context) };
            open.buffers.clear();
        }
    }

    /// Decodes `data` into `image`.
    ///
    /// # Safety
    /// The image's planes are as large as it says, and nobody else uses them meanwhile.
    pub(crate) unsafe fn picture(&mut self, data: &[u8], image: &Image) -> c_int {
        if self.open.is_none() {
            self.open = Open::new(self.codec);
        }
        let Some(open) = &mut self.open else { return FAILED };
        let Some(good) = open.feed(data) else { return FAILED };
        let Some(frame) = open.current() else { return if good { NONE } else { FAILED } };
        // SAFETY: the caller vouches for the image.
        if !unsafe { store(frame, image) } {
            return FAILED;
        }
        if good { WRITTEN } else { DAMAGED }
    }
}

/// The buffers that a decoder asked for while it worked on one packet, in that order, each a reference of our own.
#[derive(Debug)]
struct Buffers {
    new: Vec<*mut ff::AVFrame>,
    /// The decoder's own frame of the last of them, where it marks damage.
    theirs: *const ff::AVFrame,
}

impl Buffers {
    fn clear(&mut self) {
        for mut frame in self.new.drain(..) {
            // SAFETY: each is a frame of our own, from av_frame_alloc.
            unsafe { ff::av_frame_free(&mut frame) };
        }
    }
}

/// An open AVCodecContext.
#[derive(Debug)]
struct Open {
    codec: Codec,
    context: *mut ff::AVCodecContext,
    packet: *mut ff::AVPacket,
    /// What the decoder gives in its own order; looked at for its marks of damage, and for AV1 the picture itself.
    shown: *mut ff::AVFrame,
    /// Whether `shown` holds a picture of the last packet.
    has_shown: bool,
    /// Boxed, since the context points to it.
    buffers: Box<Buffers>,
}

// SAFETY: a codec context and its frames may move between threads; `Open` owns them alone.
unsafe impl Send for Open {}

impl Open {
    fn new(codec: Codec) -> Option<Self> {
        // SAFETY: each object is checked before it is used; `open` owns all three from here on, and frees them where
        // opening fails. `buffers` is boxed and lives as long as the context that points to it.
        unsafe {
            let decoder = find(codec)?;
            let open = Self {
                codec,
                context: ff::avcodec_alloc_context3(decoder),
                packet: ff::av_packet_alloc(),
                shown: ff::av_frame_alloc(),
                has_shown: false,
                buffers: Box::new(Buffers { new: Vec::new(), theirs: ptr::null() }),
            };
            let context = open.context.as_mut()?;
            if open.packet.is_null() || open.shown.is_null() {
                return None;
            }
            (context.thread_count, context.thread_type) = (1, 0);
            context.log_level_offset = SILENT;
            // Nothing is kept back because something before it is missing.
            context.flags |= ff::AV_CODEC_FLAG_OUTPUT_CORRUPT as c_int;
            context.flags2 |= ff::AV_CODEC_FLAG2_SHOW_ALL as c_int;
            context.get_buffer2 = Some(get_buffer);
            context.opaque = ptr::from_ref::<Buffers>(&open.buffers).cast_mut().cast();
            if codec == Codec::Av1 {
                // libdav1d's max_frame_delay.
                context.flags |= ff::AV_CODEC_FLAG_LOW_DELAY as c_int;
            }
            let opened = ff::avcodec_open2(context, decoder, ptr::null_mut());
            (opened >= 0).then_some(open)
        }
    }

    /// Decodes a packet. `None` when nothing came of it; `false` when something in it was wrong.
    fn feed(&mut self, data: &[u8]) -> Option<bool> {
        // A second field is decoded into the buffer of the first, so the last one stays until there is another.
        let kept = self.buffers.new.drain(..).next_back();
        let good = self.send(data)?;
        if self.buffers.new.is_empty() && self.codec == Codec::H264 && good {
            self.buffers.new.extend(kept);
        } else if let Some(mut frame) = kept {
            // SAFETY: a frame of our own.
            unsafe { ff::av_frame_free(&mut frame) };
        }
        // The buffer that this packet's picture is in: H.264 asks for those that stand for lost pictures before it asks for
        // the picture's own, HEVC after that (h264_field_start and hevc_frame_start in libavcodec).
        if self.buffers.new.len() > 1 {
            if self.codec == Codec::Hevc {
                let current = self.buffers.new.remove(0);
                self.buffers.clear();
                self.buffers.new.push(current);
            } else {
                let current = self.buffers.new.pop();
                self.buffers.clear();
                self.buffers.new.extend(current);
            }
        }
        Some(good)
    }

    fn send(&mut self, data: &[u8]) -> Option<bool> {
        let len = c_int::try_from(data.len()).ok()?;
        self.has_shown = false;
        // SAFETY: packet, frame and context are ours; the packet gets memory of its own, with the padding that decoders ask
        // for. `next` is freed on every way out of the loop.
        unsafe {
            if ff::av_new_packet(self.packet, len) < 0 {
                return None;
            }
            ptr::copy_nonoverlapping(data.as_ptr(), (*self.packet).data, data.len());
            let mut good = ff::avcodec_send_packet(self.context, self.packet) >= 0;
            ff::av_packet_unref(self.packet);
            let mut next = ff::av_frame_alloc();
            if next.is_null() {
                return None;
            }
            loop {
                let received = ff::avcodec_receive_frame(self.context, next);
                if received == ff::AVERROR(ff::EAGAIN) || received == ff::AVERROR_EOF {
                    break;
                }
                if received < 0 {
                    good = false;
                    break;
                }
                let new = self.buffers.new.last().is_some_and(|frame| (**frame).data[0] == (*next).data[0]);
                good &= !new || (*next).decode_error_flags == 0;
                ff::av_frame_unref(self.shown);
                ff::av_frame_move_ref(self.shown, next);
                self.has_shown = true;
            }
            ff::av_frame_free(&mut next);
            Some(good && !self.marked())
        }
    }

    /// Whether H.264's decoder found damage in the picture of this packet. It conceals that, and says so only with the frame
    /// that it shows later.
    fn marked(&self) -> bool {
        if self.codec != Codec::H264 {
            return false;
        }
        // SAFETY: with one thread, get_buffer2 is called with a frame of H264Context.DPB, which lives as long as the context
        // (h264_init_context and h264_decode_end in libavcodec).
        unsafe { self.buffers.theirs.as_ref() }.is_some_and(|frame| frame.decode_error_flags != 0)
    }

    /// The picture of the packet that was fed last.
    fn current(&self) -> Option<&ff::AVFrame> {
        let asked = if self.codec == Codec::Av1 { None } else { self.buffers.new.last().copied() };
        let frame = asked.or(self.has_shown.then_some(self.shown))?;
        // SAFETY: both kinds are frames of our own, which stay until the next packet.
        unsafe { frame.as_ref() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.buffers.clear();
        // SAFETY: all are ours, each freed once; these functions take null as well. The buffers outlive the context.
        unsafe {
            ff::av_frame_free(&mut self.shown);
            ff::av_packet_free(&mut self.packet);
            ff::avcodec_free_context(&mut self.context);
        }
    }
}

/// The software decoder that is known to work as described above.
fn find(codec: Codec) -> Option<*const ff::AVCodec> {
    let name: &CStr = match codec {
        Codec::H264 => c"h264",
        Codec::Hevc => c"hevc",
        Codec::Vp9 => c"vp9",
        Codec::Av1 => c"libdav1d",
        Codec::Mjpeg => c"mjpeg",
    };
    // SAFETY: a string; the answer is a static object or null.
    let decoder = unsafe { ff::avcodec_find_decoder_by_name(name.as_ptr()) };
    (!decoder.is_null()).then_some(decoder)
}

/// get_buffer2: libavcodec's own buffers, and a reference to each.
unsafe extern "C" fn get_buffer(
    context: *mut ff::AVCodecContext,
    frame: *mut ff::AVFrame,
    flags: c_int,
) -> c_int {
    // SAFETY: libavcodec calls this from within avcodec_send_packet or avcodec_receive_frame, on the same thread (there is
    // one), while `Open` lends nothing of `buffers`; `opaque` points to them for as long as the context lives.
    unsafe {
        let got = ff::avcodec_default_get_buffer2(context, frame, flags);
        if got >= 0 {
            let buffers = (*context).opaque.cast::<Buffers>();
            let mut own = ff::av_frame_alloc();
            if own.is_null() || ff::av_frame_ref(own, frame) < 0 {
                ff::av_frame_free(&mut own);
                return ff::AVERROR(ff::ENOMEM);
            }
            (*buffers).new.push(own);
            (*buffers).theirs = frame;
        }
        got
    }
}

/// Writes a decoded picture into the driver's; what it has more stays as it is. `false` where the formats do not go together.
///
/// # Safety
/// As for [`Decoder::picture`].
unsafe fn store(frame: &ff::AVFrame, image: &Image) -> bool {
    let (width, height) = (
        (image.width as usize).min(usize::try_from(frame.width).unwrap_or(0)),
        (image.height as usize).min(usize::try_from(frame.height).unwrap_or(0)),
    );
    let Ok(y) = usize::try_from(frame.linesize[0]) else { return false };
    let (Ok(u), Ok(v)) = (usize::try_from(frame.linesize[1]), usize::try_from(frame.linesize[2])) else {
        return false;
    };
    let source = Planes { data: [frame.data[0], frame.data[1], frame.data[2]], strides: [y, u, v] };
    let target = Planes::of(image);
    if source.data[0].is_null() || !target.fit(image.format, width, height) {
        return false;
    }
    let is = |format: ff::AVPixelFormat| frame.format == format as c_int;
    let planar = is(ff::AVPixelFormat::AV_PIX_FMT_YUV420P) || is(ff::AVPixelFormat::AV_PIX_FMT_YUVJ420P);
    let grey = is(ff::AVPixelFormat::AV_PIX_FMT_GRAY8);
    // SAFETY: the frame's planes are those of its format and at least its size, since libavcodec made them; the caller
    // vouches for the image's; the size is the smaller of both.
    unsafe {
        match image.format {
            Format::Nv12 if planar || grey => planes::to_nv12(width, height, &source, &target),
            Format::I420 if planar => planes::copy(Format::I420, width, height, &source, &target),
            Format::Y800 if planar || grey => planes::copy(Format::Y800, width, height, &source, &target),
            Format::P010 if is(ff::AVPixelFormat::AV_PIX_FMT_YUV420P10LE) => {
                planes::to_p010(width, height, &source, &target);
            }
            Format::I444
                if is(ff::AVPixelFormat::AV_PIX_FMT_YUV444P)
                    || is(ff::AVPixelFormat::AV_PIX_FMT_YUVJ444P) =>
            {
                planes::copy(Format::I444, width, height, &source, &target);
            }
            _ => return false,
        }
    }
    true
}
