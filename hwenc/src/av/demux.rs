//! [`Demuxer`]: a file or stream into packets.

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
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
    /// Up to where the log was looked through for damage.
    seen: log::Mark,
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

/// The file that a source names, or `None` where FFmpeg is to open a protocol (`https://…`). A file that exists is a
/// file, whatever its name looks like.
pub(crate) fn local(source: &Path) -> Option<&Path> {
    let bytes = source.as_os_str().as_bytes();
    let Some(at) = bytes.windows(3).position(|w| w == b"://") else { return Some(source) };
    let scheme = &bytes[..at];
    let letters = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b); // RFC 3986, 3.1
    match scheme {
        b"file" => Some(Path::new(OsStr::from_bytes(&bytes[at + 3..]))),
        [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(letters) && !source.exists() => {
            None
        }
        _ => Some(source),
    }
}

/// libav takes a name with a colon for a protocol, and one with a dash for an option; after `file:` it is neither.
pub(super) fn file_url(path: &Path) -> Result<CString> {
    terminated([b"file:", path.as_os_str().as_bytes()].concat())
}

fn terminated(bytes: Vec<u8>) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error::new(Code::InputMissing, "a path cannot hold a NUL byte"))
}

impl Demuxer {
    /// Opens a file, or a URL (`scheme://…`), and reads as far as it must to know its streams. Setting
    /// `cancel` ends waiting reads.
    ///
    /// # Errors
    /// [`Code::InputNotMedia`], [`Code::InputFailed`], [`Code::Cancelled`]. Whether a *file* exists and may be read
    /// is better checked before, which gives plainer errors.
    pub fn open(path: &Path, cancel: Arc<AtomicBool>) -> Result<Self> {
        let url = match local(path) {
            Some(file) => file_url(file)?,
            None => terminated(path.as_os_str().as_bytes().to_vec())?,
        };
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
            if ret == ff::AVERROR_INVALIDDATA {
                return Err(failure("the input is no media that FFmpeg recognises", ret, mark, ptr::null()));
            }
            let error = failure("the input cannot be opened", ret, mark, ptr::null());
            let plain = error.code() == Code::InputNotMedia; // the number did not say more
            return Err(if plain { error.with_code(Code::InputFailed) } else { error });
        }
        let mut demuxer = Demuxer { context, streams: Vec::new(), seen: mark, _cancel: cancel };
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
        demuxer.seen = log::mark();
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
                // SAFETY: a stream of this context.
                rotation: unsafe { display_matrix(s) }.map_or(0, rotation),
            });
        }
        Ok(streams)
    }

    /// Whether the pictures of a stream are equally far apart, where the container's index lists them (MP4, MOV).
    /// Rounding to its ticks, and up to a millisecond, counts as equal.
    pub fn has_constant_rate(&self, stream: &StreamInfo) -> Option<bool> {
        let frames = i64::try_from(stream.frames?).ok()?;
        // SAFETY: a stream of this context, whose index is only read.
        unsafe {
            let s = *self.get().streams.add(stream.index.min(self.streams.len() - 1));
            let count = ff::avformat_index_get_entries_count(s);
            // An edit list may have cut some off.
            if count < 3 || i64::from(count) < frames / 2 {
                return None;
            }
            let time = |i: c_int| (*ff::avformat_index_get_entry(s, i)).timestamp;
            let (first, last) = (time(0), time(count - 1));
            let step = last.saturating_sub(first) as f64 / f64::from(count - 1);
            let slack = (0.001 / stream.time_base.as_f64()).max(1.0);
            let on_grid =
                |i: c_int| (time(i).saturating_sub(first) as f64 - step * f64::from(i)).abs() <= slack;
            Some((0..count).all(on_grid))
        }
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

    /// Damage that the last reads stepped over without another sign, as Matroska's reader does. Noticed only where
    /// the [`log`](super::log) is installed.
    pub fn damage(&mut self) -> Option<Error> {
        let lines = log::errors_since(self.seen, self.context.cast());
        self.seen = log::mark();
        if lines.is_empty() || !self.format().starts_with("matroska") {
            return None;
        }
        // libavformat/matroskadec.c says so where an element goes on behind the end of the file.
        let ended = lines.iter().any(|line| line.contains("ended prematurely"));
        let error = if ended {
            Error::new(Code::InputTruncated, "the input ends before its content")
        } else {
            Error::new(Code::InputCorrupt, "a part of the container cannot be read, and was stepped over")
        };
        Some(lines.into_iter().fold(error, Error::with_evidence))
    }

    /// Before which moment the content cannot end by the container's own word, in microseconds; `None` where it would be
    /// a guess.
    pub fn end(&self) -> Option<i64> {
        let method = self.get().duration_estimation_method;
        let duration = timestamp(self.get().duration).filter(|&d| d > 0)?;
        let known = method != ff::AVDurationEstimationMethod::AVFMT_DURATION_FROM_BITRATE;
        // Some containers count it from the first timestamp, some from zero: the earlier of the two is sure.
        known.then(|| duration.saturating_add(self.start_time().min(0)))
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

    /// Timestamps of this container may jump, as those of spliced broadcasts do.
    pub fn times_may_jump(&self) -> bool {
        // SAFETY: an open context has a format.
        unsafe { (*self.get().iformat).flags & ff::AVFMT_TS_DISCONT as c_int != 0 }
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

/// The matrix by which players turn the pictures of a stream.
///
/// # Safety
/// A live stream, which must outlive the slice.
pub(super) unsafe fn display_matrix<'a>(stream: *const ff::AVStream) -> Option<&'a [u8]> {
    let kind = ff::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX;
    // SAFETY: the caller's word; libav keeps that many bytes there while the stream lives.
    unsafe {
        #[cfg(ffmpeg_6_1)]
        let (data, size) = {
            let p = &*(*stream).codecpar;
            let found = ff::av_packet_side_data_get(p.coded_side_data, p.nb_coded_side_data, kind);
            found.as_ref().map_or((ptr::null_mut(), 0), |d| (d.data, d.size))
        };
        #[cfg(not(ffmpeg_6_1))]
        let (data, size) = {
            let mut size = 0;
            (ff::av_stream_get_side_data(stream, kind, &mut size), size)
        };
        (!data.is_null()).then(|| std::slice::from_raw_parts(data, size))
    }
}

/// Degrees, counter-clockwise, to the nearest whole one.
fn rotation(matrix: &[u8]) -> i32 {
    let mut numbers = [0i32; 9];
    for (number, bytes) in numbers.iter_mut().zip(matrix.chunks_exact(4)) {
        *number = i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    // SAFETY: nine readable numbers.
    let degrees = unsafe { ff::av_display_rotation_get(numbers.as_ptr()) };
    if degrees.is_finite() { degrees.round() as i32 } else { 0 }
}

fn failure(what: &str, ret: c_int, mark: log::Mark, context: *const c_void) -> Error {
    let mut error = error::from_av(Code::InputNotMedia, what, ret);
    for line in log::since(mark, context) {
        error = error.with_evidence(line);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_told_from_a_file() {
        let file = |source: &str| local(Path::new(source)).map(|p| p.to_str().unwrap().to_owned());
        assert_eq!(file("https://host/film.mp4"), None);
        assert_eq!(file("rtsp://host:554/a?b=c://d"), None);
        for name in ["film.mp4", "a:b.mp4", "-i", "/tmp/x://y.mp4", "./http://x", "1://x", "://x"] {
            assert_eq!(file(name).as_deref(), Some(name));
        }
        assert_eq!(file("file:///tmp/film.mp4").as_deref(), Some("/tmp/film.mp4"));
    }
}
