//! [`Demuxer`]: a file or stream into packets.

use std::ffi::{CStr, CString, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ffmpeg_sys_next as ff;

use super::{MediaKind, Packet, Rational, StreamInfo, StreamParameters, error, log, timestamp};
use crate::error::{Code, Error, Result};

/// An open input.
pub struct Demuxer {
    context: *mut ff::AVFormatContext,
    streams: Vec<StreamInfo>,
    _cancel: Arc<AtomicBool>,
}

// SAFETY: an AVFormatContext may be used from any one thread at a time.
unsafe impl Send for Demuxer {}

/// What libav calls "may I go on?"; true stops it.
pub(super) fn interrupt(cancel: &Arc<AtomicBool>) -> ff::AVIOInterruptCB {
    unsafe extern "C" fn asked(cancel: *mut c_void) -> c_int {
        // SAFETY: the flag that the owner of the context keeps alive.
        c_int::from(unsafe { &*cancel.cast::<AtomicBool>() }.load(Ordering::Relaxed))
    }
    ff::AVIOInterruptCB { callback: Some(asked), opaque: Arc::as_ptr(cancel).cast_mut().cast() }
}

/// libav takes a name with a colon for a protocol, and one with a dash for an option; a plain path is neither.
/// Names with `://` are left alone.
pub(super) fn url(path: &Path) -> Result<CString> {
    let bytes = path.as_os_str().as_bytes();
    let stream = bytes.windows(3).any(|w| w == b"://");
    let bytes = if stream { bytes.to_vec() } else { [b"file:", bytes].concat() };
    CString::new(bytes).map_err(|_| Error::new(Code::InputMissing, "a path cannot hold a NUL byte"))
}

impl Demuxer {
    /// Opens a file, or a URL (anything with `://`), and reads as far as it must to know its streams. Setting
    /// `cancel` ends waiting reads.
    ///
    /// # Errors
    /// [`Code::InputNotMedia`], [`Code::InputFailed`], [`Code::Cancelled`]. Whether a *file* exists and may be read
    /// is better checked before, which gives plainer errors.
    pub fn open(path: &Path, cancel: Arc<AtomicBool>) -> Result<Self> {
        let url = url(path)?;
        // SAFETY: no arguments.
        let mut context = error::alloc(unsafe { ff::avformat_alloc_context() }, "a demuxer")?.as_ptr();
        let mark = log::mark();
        // SAFETY: a fresh context; the flag lives in self, which outlives the context. On failure open_input frees
        // the context and sets the pointer to null.
        let ret = unsafe {
            (*context).interrupt_callback = interrupt(&cancel);
            ff::avformat_open_input(&mut context, url.as_ptr(), ptr::null(), ptr::null_mut())
        };
        if ret < 0 {
            return Err(failure("the input is no media that FFmpeg recognises", ret, mark, ptr::null()));
        }
        let mut demuxer = Demuxer { context, streams: Vec::new(), _cancel: cancel };
        if demuxer.format() == "tty" {
            // libavformat plays any text as a terminal recording.
            return Err(Error::new(Code::InputNotMedia, "the input is a text file"));
        }
        // SAFETY: an open context.
        let ret = unsafe { ff::avformat_find_stream_info(context, ptr::null_mut()) };
        if ret < 0 {
            return Err(failure("the input's streams cannot be read", ret, mark, context.cast()));
        }
        demuxer.streams = demuxer.read_streams()?;
        Ok(demuxer)
    }

    fn read_streams(&self) -> Result<Vec<StreamInfo>> {
        let mut streams = Vec::new();
        for index in 0..self.get().nb_streams as usize {
            // SAFETY: `nb_streams` live pointers.
            let s = unsafe { &**self.get().streams.add(index) };
            streams.push(StreamInfo {
                index,
                parameters: StreamParameters::copy(s.codecpar)?,
                time_base: Rational::from_av(s.time_base),
                average_frame_rate: Rational::from_av(s.avg_frame_rate),
                // SAFETY: a stream of this context; the function only reads.
                frame_rate: Rational::from_av(unsafe {
                    ff::av_guess_frame_rate(self.context, ptr::from_ref(s).cast_mut(), ptr::null_mut())
                }),
                duration: timestamp(s.duration),
                frames: u64::try_from(s.nb_frames).ok().filter(|&n| n > 0),
                attached_picture: s.disposition & ff::AV_DISPOSITION_ATTACHED_PIC as c_int != 0,
            });
        }
        Ok(streams)
    }

    /// Every stream of the input.
    pub fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    /// The stream that a player would show: not a cover picture, the largest where there are several.
    pub fn best_video(&self) -> Option<&StreamInfo> {
        // SAFETY: an open context; no decoder is asked for.
        let index = unsafe {
            ff::av_find_best_stream(
                self.context,
                ff::AVMediaType::AVMEDIA_TYPE_VIDEO,
                -1,
                -1,
                ptr::null_mut(),
                0,
            )
        };
        let stream = self.streams.get(usize::try_from(index).ok()?)?;
        (stream.parameters.kind() == MediaKind::Video && !stream.attached_picture).then_some(stream)
    }

    /// Fills `packet` with the next one; `false` at the end. The former content is released.
    ///
    /// # Errors
    /// [`Code::InputTruncated`] where the container knows of more than there is, [`Code::InputFailed`],
    /// [`Code::Cancelled`].
    pub fn read(&mut self, packet: &mut Packet) -> Result<bool> {
        packet.release();
        let mark = log::mark();
        // SAFETY: an open context and a live, blank packet.
        match unsafe { ff::av_read_frame(self.context, packet.as_ptr()) } {
            0.. => {
                packet.set_time_base(
                    self.streams.get(packet.stream()).map_or(Rational::new(0, 1), |s| s.time_base),
                );
                Ok(true)
            }
            error::EOF => Ok(false),
            ff::AVERROR_INVALIDDATA => {
                let e = failure(
                    "the input ends before its content",
                    ff::AVERROR_INVALIDDATA,
                    mark,
                    self.context.cast(),
                );
                Err(e.with_code(Code::InputTruncated))
            }
            ret => Err(failure("the input cannot be read", ret, mark, self.context.cast())
                .with_code(Code::InputFailed)),
        }
    }

    /// Short name of the container, as libavformat has it (`mov,mp4,m4a,3gp,3g2,mj2`).
    pub fn format(&self) -> &str {
        // SAFETY: an open context has a format with a static name.
        unsafe { CStr::from_ptr((*self.get().iformat).name) }.to_str().unwrap_or("")
    }

    /// Duration in seconds, where known.
    pub fn duration(&self) -> Option<f64> {
        timestamp(self.get().duration).filter(|&d| d > 0).map(|d| d as f64 / f64::from(ff::AV_TIME_BASE))
    }

    /// The earliest timestamp of any stream, in microseconds.
    pub fn start_time(&self) -> i64 {
        timestamp(self.get().start_time).unwrap_or(0)
    }

    pub(super) fn get(&self) -> &ff::AVFormatContext {
        // SAFETY: alive as long as self.
        unsafe { &*self.context }
    }
}

impl Drop for Demuxer {
    fn drop(&mut self) {
        // SAFETY: ours, opened by avformat_open_input.
        unsafe { ff::avformat_close_input(&mut self.context) };
    }
}

fn failure(what: &str, ret: c_int, mark: log::Mark, context: *const c_void) -> Error {
    let mut error = error::from_av(Code::InputNotMedia, what, ret);
    for line in log::since(mark, context) {
        error = error.with_evidence(line);
    }
    error
}
