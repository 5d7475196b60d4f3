//! [`Muxer`]: packets into a file.

use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ffmpeg_sys_next as ff;

use super::demux::{display_matrix, file_url, interrupt};
use super::{Demuxer, Options, Packet, Rational, StreamInfo, StreamParameters, error, log};
use crate::error::{Code, Error, Result};

/// An open output.
pub struct Muxer {
    context: *mut ff::AVFormatContext,
    header_written: bool,
    /// Decoding time of each stream's last packet, in the stream's own ticks.
    last: Vec<Option<i64>>,
    _cancel: Arc<AtomicBool>,
}

// SAFETY: an AVFormatContext may be used from any one thread at a time.
unsafe impl Send for Muxer {}

impl Muxer {
    /// Creates a file in one of libavformat's formats (`mp4`, `matroska`, `h264`, …). Setting `cancel` ends
    /// waiting writes.
    ///
    /// # Errors
    /// [`Code::OutputUnknownContainer`] when FFmpeg was built without the muxer, [`Code::OutputFailed`].
    pub fn create(path: &Path, format: &str, cancel: Arc<AtomicBool>) -> Result<Self> {
        let url = file_url(path)?;
        let name = CString::new(format).map_err(|_| unknown(format))?;
        let mut context = ptr::null_mut();
        // SAFETY: terminated strings; on success a context that is ours.
        let ret = unsafe {
            ff::avformat_alloc_output_context2(&mut context, ptr::null(), name.as_ptr(), url.as_ptr())
        };
        if ret < 0 || context.is_null() {
            return Err(unknown(format));
        }
        let muxer = Muxer { context, header_written: false, last: Vec::new(), _cancel: cancel };
        let interrupt = interrupt(&muxer._cancel);
        // SAFETY: a fresh context; the flag lives in self.
        let ret = unsafe {
            (*context).interrupt_callback = interrupt;
            // What MP4 has had a place for since 2018 (FLAC) is still an experiment to FFmpeg 5.1.
            (*context).strict_std_compliance = ff::FF_COMPLIANCE_EXPERIMENTAL as c_int;
            if (*(*context).oformat).flags & ff::AVFMT_NOFILE as c_int != 0 {
                0
            } else {
                let flags = ff::AVIO_FLAG_WRITE as c_int;
                ff::avio_open2(&mut (*context).pb, url.as_ptr(), flags, &interrupt, ptr::null_mut())
            }
        };
        error::check(ret, Code::OutputFailed, "the output cannot be opened")?;
        Ok(muxer)
    }

    /// The container keeps parameter sets outside the stream: encoders must be opened with a global header.
    pub fn wants_global_header(&self) -> bool {
        // SAFETY: a context made for an output has a format.
        unsafe { (*self.get().oformat).flags & ff::AVFMT_GLOBALHEADER as c_int != 0 }
    }

    /// The container can hold this codec.
    pub fn accepts(&self, parameters: &StreamParameters) -> bool {
        // SAFETY: static format description, a number of libavcodec's own.
        let ret = unsafe {
            ff::avformat_query_codec(
                self.get().oformat,
                parameters.get().codec_id,
                ff::FF_COMPLIANCE_NORMAL as c_int,
            )
        };
        ret == 1
    }

    /// Adds a stream and returns its number. `tag` is the container's four letters for the codec where there is a
    /// choice (`hvc1`).
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn add_stream(
        &mut self,
        parameters: &StreamParameters,
        time_base: Rational,
        frame_rate: Rational,
        tag: Option<[u8; 4]>,
    ) -> Result<usize> {
        if self.header_written {
            return Err(Error::new(Code::Internal, "streams are added before the header"));
        }
        // SAFETY: an output context before its header.
        let stream = error::alloc(unsafe { ff::avformat_new_stream(self.context, ptr::null()) }, "a stream")?;
        // SAFETY: the stream is ours to fill until the header; parameters are copied.
        unsafe {
            let s = stream.as_ptr();
            let ret = ff::avcodec_parameters_copy((*s).codecpar, parameters.as_ptr());
            error::check(ret, Code::OutOfMemory, "stream parameters cannot be copied")?;
            (*(*s).codecpar).codec_tag = tag.map_or(0, u32::from_le_bytes);
            (*s).time_base = time_base.to_av();
            if frame_rate.is_positive() {
                (*s).avg_frame_rate = frame_rate.to_av();
            }
            (*s).sample_aspect_ratio = (*parameters.as_ptr()).sample_aspect_ratio;
            Ok((*s).index as usize)
        }
    }

    /// Copies language, title, disposition and the display matrix of a stream of the input to one of ours. What was
    /// measured on the packets of the input goes along only where they are `copied`.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn describe_stream(
        &mut self,
        stream: usize,
        input: &Demuxer,
        from: &StreamInfo,
        copied: bool,
    ) -> Result<()> {
        self.has(stream)?;
        if self.header_written || from.index >= input.streams().len() {
            return Err(Error::new(
                Code::Internal,
                "streams are described before the header, by one of the input",
            ));
        }
        // SAFETY: both numbers are those of live streams of live contexts; everything is copied.
        unsafe {
            let to = *self.get().streams.add(stream);
            let from = *input.get().streams.add(from.index);
            (*to).disposition = (*from).disposition;
            let ret = ff::av_dict_copy(&mut (*to).metadata, (*from).metadata, 0);
            error::check(ret, Code::OutOfMemory, "no memory for metadata")?;
            if !copied {
                forget_measured(&mut (*to).metadata);
            }
            copy_display_matrix(to, from)
        }
    }

    /// Adds a file of the input, or its cover picture, as a file inside the file, as Matroska has it. Says `false` where
    /// it has no name, or no kind that could go into one.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn attach(&mut self, input: &Demuxer, from: &StreamInfo) -> Result<bool> {
        if self.header_written || from.index >= input.streams().len() {
            return Err(Error::new(Code::Internal, "files are attached before the header"));
        }
        let kind = match (from.attached_picture, from.parameters.codec()) {
            (false, _) => None,
            (true, "mjpeg") => Some((c"cover.jpg", c"image/jpeg")),
            (true, "png") => Some((c"cover.png", c"image/png")),
            (true, "webp") => Some((c"cover.webp", c"image/webp")),
            (true, "gif") => Some((c"cover.gif", c"image/gif")),
            (true, "bmp") => Some((c"cover.bmp", c"image/bmp")),
            (true, _) => return Ok(false),
        };
        // SAFETY: the number is that of a live stream of a live context, whose picture and tags are only read.
        let (old, named, empty) = unsafe {
            let old = *input.get().streams.add(from.index);
            let name = ff::av_dict_get((*old).metadata, c"filename".as_ptr(), ptr::null(), 0);
            (old, !name.is_null(), (*old).attached_pic.data.is_null())
        };
        if if kind.is_some() { empty } else { !named } {
            return Ok(false);
        }
        let none = Rational::new(0, 1);
        let stream = self.add_stream(&from.parameters, from.time_base, none, None)?;
        // SAFETY: the stream was just added; its content is a copy in libav's memory, padded as parameters need it.
        unsafe {
            let to = *self.get().streams.add(stream);
            let ret = ff::av_dict_copy(&mut (*to).metadata, (*old).metadata, 0);
            error::check(ret, Code::OutOfMemory, "no memory for metadata")?;
            let Some((name, mime)) = kind else { return Ok(true) };
            let keep = ff::AV_DICT_DONT_OVERWRITE as c_int;
            ff::av_dict_set(&mut (*to).metadata, c"filename".as_ptr(), name.as_ptr(), keep);
            ff::av_dict_set(&mut (*to).metadata, c"mimetype".as_ptr(), mime.as_ptr(), keep);
            let (picture, p) = (&(*old).attached_pic, &mut *(*to).codecpar);
            let size = usize::try_from(picture.size).unwrap_or(0);
            let data = ff::av_mallocz(size + ff::AV_INPUT_BUFFER_PADDING_SIZE as usize).cast::<u8>();
            let data = error::alloc(data, "a cover picture")?.as_ptr();
            ptr::copy_nonoverlapping(picture.data, data, size);
            ff::av_freep((&raw mut p.extradata).cast());
            p.extradata = data;
            p.extradata_size = picture.size;
            p.codec_type = ff::AVMediaType::AVMEDIA_TYPE_ATTACHMENT;
            (*to).disposition = 0;
        }
        Ok(true)
    }

    /// Copies title, chapters and the like of the whole input.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn describe(&mut self, input: &Demuxer) -> Result<()> {
        let from = input.get();
        // SAFETY: live contexts; dictionaries and chapters are copied, the array grown by libav's own allocator,
        // as avformat_free_context expects.
        unsafe {
            let to = &mut *self.context;
            let ret = ff::av_dict_copy(&mut to.metadata, from.metadata, 0);
            error::check(ret, Code::OutOfMemory, "no memory for metadata")?;
            // These describe the file that was read.
            for key in [c"major_brand", c"minor_version", c"compatible_brands", c"creation_time", c"encoder"]
            {
                ff::av_dict_set(&mut to.metadata, key.as_ptr(), ptr::null(), 0);
            }
            let shift = super::timestamp(from.start_time).unwrap_or(0);
            for i in 0..from.nb_chapters as usize {
                let old = &**from.chapters.add(i);
                let new: *mut ff::AVChapter = ff::av_mallocz(size_of::<ff::AVChapter>()).cast();
                let new = error::alloc(new, "a chapter")?.as_ptr();
                let microseconds = ff::AVRational { num: 1, den: ff::AV_TIME_BASE as c_int };
                let shift = ff::av_rescale_q(shift, microseconds, old.time_base);
                (*new).id = old.id;
                (*new).time_base = old.time_base;
                (*new).start = old.start.saturating_sub(shift).max(0);
                (*new).end = old.end.saturating_sub(shift).max(0);
                ff::av_dict_copy(&mut (*new).metadata, old.metadata, 0);
                let mut count = to.nb_chapters as c_int;
                ff::av_dynarray_add((&raw mut to.chapters).cast(), &mut count, new.cast());
                to.nb_chapters = count as u32;
            }
        }
        Ok(())
    }

    /// Writes what comes before the first packet. Every stream must have been added.
    ///
    /// # Errors
    /// [`Code::OptionUnknown`], [`Code::OutputDiskFull`], [`Code::OutputFailed`].
    pub fn write_header(&mut self, mut options: Options) -> Result<()> {
        let mark = log::mark();
        // SAFETY: an output context with its streams.
        let ret = unsafe { ff::avformat_write_header(self.context, options.as_mut()) };
        if ret < 0 {
            let mut error =
                error::from_av(Code::OutputFailed, "the container cannot be begun with these streams", ret);
            if ret == -(nix::errno::Errno::EINVAL as c_int) || ret == ff::AVERROR_INVALIDDATA {
                error = error.with_remedy("write to .mkv, which holds nearly everything");
            }
            return Err(self.explain(error, mark));
        }
        self.header_written = true;
        options.all_taken(&format!("muxer {}", self.format()))
    }

    /// Writes a packet of stream `stream`, timestamps in the packet's own time base. The packet is left empty.
    ///
    /// # Errors
    /// [`Code::InputCorrupt`] for content that the container cannot take, after which others can be written;
    /// [`Code::OutputDiskFull`], [`Code::OutputClosed`], [`Code::OutputFailed`], [`Code::Cancelled`].
    pub fn write(&mut self, packet: &mut Packet, stream: usize) -> Result<()> {
        self.has(stream)?;
        if !self.header_written {
            return Err(Error::new(Code::Internal, "the header is written before the first packet"));
        }
        // SAFETY: a stream that was added.
        let time_base = Rational::from_av(unsafe { (**self.get().streams.add(stream)).time_base });
        packet.rescale(time_base);
        packet.set_stream(stream);
        self.put_in_order(packet, stream);
        let mark = log::mark();
        // SAFETY: the header is written; the call takes over the packet's reference and blanks it.
        let ret = unsafe { ff::av_interleaved_write_frame(self.context, packet.as_ptr()) };
        if matches!(ret, ff::AVERROR_INVALIDDATA | ff::AVERROR_PATCHWELCOME) {
            let error = error::from_av(Code::InputCorrupt, "the container cannot take a packet", ret);
            return Err(self.explain(error, mark));
        }
        if ret < 0 {
            return Err(
                self.explain(error::from_av(Code::OutputFailed, "the output cannot be written", ret), mark)
            );
        }
        self.io_error()
    }

    /// Containers refuse a packet whose decoding time is not above the one before it, which broken sources have. Like
    /// the `ffmpeg` command: it moves behind that one.
    fn put_in_order(&mut self, packet: &mut Packet, stream: usize) {
        // SAFETY: a context made for an output has a format.
        let flags = unsafe { (*self.get().oformat).flags };
        let Some(dts) = packet.dts().filter(|_| flags & ff::AVFMT_NOTIMESTAMPS as c_int == 0) else { return };
        if self.last.len() <= stream {
            self.last.resize(stream + 1, None);
        }
        let step = i64::from(flags & ff::AVFMT_TS_NONSTRICT as c_int == 0);
        let least = self.last[stream].map_or(dts, |last| last.saturating_add(step));
        if dts < least {
            tracing::warn!(stream, dts, least, "a packet came out of order");
            packet.delay_to(least);
        }
        self.last[stream] = Some(dts.max(least));
    }

    /// Writes what comes after the last packet and closes the file.
    ///
    /// # Errors
    /// As [`Muxer::write`].
    pub fn finish(mut self) -> Result<()> {
        let mark = log::mark();
        if self.header_written {
            // SAFETY: the header was written, and this is called once since it takes self.
            let ret = unsafe { ff::av_write_trailer(self.context) };
            self.header_written = false;
            if ret < 0 {
                let e = error::from_av(Code::OutputFailed, "the output cannot be completed", ret);
                return Err(self.explain(e, mark));
            }
        }
        self.io_error()?;
        // SAFETY: flushes and closes; the pointer becomes null, so that Drop does not close again.
        let ret = unsafe { ff::avio_closep(&mut (*self.context).pb) };
        error::check(ret, Code::OutputFailed, "the output cannot be closed").map(drop)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        let pb = self.get().pb;
        if pb.is_null() {
            return 0;
        }
        // SAFETY: an open output; seeking by 0 from here tells the position.
        unsafe { ff::avio_seek(pb, 0, libc_seek_cur()) }.max(0) as u64
    }

    /// libavformat's name of the format.
    pub fn format(&self) -> &str {
        // SAFETY: a context made for an output has a format with a static name.
        unsafe { CStr::from_ptr((*self.get().oformat).name) }.to_str().unwrap_or("")
    }

    fn has(&self, stream: usize) -> Result<()> {
        if stream < self.get().nb_streams as usize {
            return Ok(());
        }
        Err(Error::new(Code::Internal, format!("the output has no stream {stream}")))
    }

    /// A write that failed in libavformat's buffer: not every muxer passes it on.
    fn io_error(&self) -> Result<()> {
        let pb = self.get().pb;
        // SAFETY: null or an open output.
        let ret = if pb.is_null() { 0 } else { unsafe { (*pb).error } };
        error::check(ret, Code::OutputFailed, "the output cannot be written").map(drop)
    }

    fn explain(&self, mut error: Error, mark: log::Mark) -> Error {
        for line in log::since(mark, self.context.cast()) {
            error = error.with_evidence(line);
        }
        error
    }

    fn get(&self) -> &ff::AVFormatContext {
        // SAFETY: alive as long as self.
        unsafe { &*self.context }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        // SAFETY: ours; a file that is still open is closed without a trailer, the caller removes it.
        unsafe {
            if (*(*self.context).oformat).flags & ff::AVFMT_NOFILE as c_int == 0 {
                ff::avio_closep(&mut (*self.context).pb);
            }
            ff::avformat_free_context(self.context);
        }
    }
}

const fn libc_seek_cur() -> c_int {
    1 // SEEK_CUR, POSIX
}

fn unknown(format: &str) -> Error {
    Error::new(Code::OutputUnknownContainer, format!("this FFmpeg was built without the muxer {format}"))
        .with_evidence(super::version::line())
}

/// What the old encoder called itself, and what Matroska's tools counted (`mkvmerge` writes it as tags), is not true of a
/// new stream.
///
/// # Safety
/// A dictionary that belongs to the caller.
unsafe fn forget_measured(tags: &mut *mut ff::AVDictionary) {
    const NAMES: [&CStr; 6] =
        [c"encoder", c"BPS", c"DURATION", c"NUMBER_OF_FRAMES", c"NUMBER_OF_BYTES", c"_STATISTICS"];
    for name in NAMES {
        loop {
            // Matroska's names go on with a language (`BPS-eng`) or a word.
            // SAFETY: the caller's word; the key is copied before its entry is taken out.
            unsafe {
                let flags = ff::AV_DICT_IGNORE_SUFFIX as c_int;
                let Some(entry) = ff::av_dict_get(*tags, name.as_ptr(), ptr::null(), flags).as_ref() else {
                    break;
                };
                let key = CStr::from_ptr(entry.key).to_owned();
                ff::av_dict_set(tags, key.as_ptr(), ptr::null(), 0);
            }
        }
    }
}

/// Rotation of phone films.
///
/// # Safety
/// Two live streams, `to` before its header.
unsafe fn copy_display_matrix(to: *mut ff::AVStream, from: *mut ff::AVStream) -> Result<()> {
    let kind = ff::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX;
    // SAFETY: the caller's word; the data is copied into memory that the stream owns.
    unsafe {
        let Some(old) = display_matrix(from) else { return Ok(()) };
        #[cfg(ffmpeg_6_1)]
        let new = {
            let p = &mut *(*to).codecpar;
            let (data, count) = (&mut p.coded_side_data, &mut p.nb_coded_side_data);
            let new = ff::av_packet_side_data_new(data, count, kind, old.len(), 0);
            (*error::alloc(new, "side data")?.as_ptr()).data
        };
        #[cfg(not(ffmpeg_6_1))]
        let new = error::alloc(ff::av_stream_new_side_data(to, kind, old.len()), "side data")?.as_ptr();
        ptr::copy_nonoverlapping(old.as_ptr(), new, old.len());
    }
    Ok(())
}
