//! [`Graph`]: a chain of libavfilter between one source and one sink.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Color, Frame, HwFrames, PixelFormat, Rational, error, log};
use crate::error::{Code, Error, Result};

/// What enters a graph of pictures.
pub struct VideoFormat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixel format.
    pub format: PixelFormat,
    /// Seconds that one tick of the timestamps counts.
    pub time_base: Rational,
    /// Shape of a pixel; numerator 0 where unknown.
    pub sample_aspect_ratio: Rational,
    /// Range and matrix, so that scaling does not change them.
    pub color: Color,
    /// The pool that device frames come from.
    pub hw_frames: Option<HwFrames>,
}

/// What enters a graph of sound, or an audio encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels, in libav's default layout for that number.
    pub channels: u32,
    /// `AVSampleFormat` as a number.
    pub sample_format: i32,
}

impl AudioFormat {
    /// 32-bit floats, one plane a channel: what FFmpeg's AAC encoder takes.
    pub(crate) const FLOAT_PLANAR: i32 = ff::AVSampleFormat::AV_SAMPLE_FMT_FLTP as i32;

    /// libav's name of the default layout for this number of channels (`stereo`, `5.1`).
    pub(crate) fn layout(&self) -> String {
        let mut text = [0 as std::ffi::c_char; 64];
        // SAFETY: a layout of our own, made and released here; the text is terminated within its length.
        unsafe {
            let mut layout: ff::AVChannelLayout = std::mem::zeroed();
            ff::av_channel_layout_default(&mut layout, self.channels as c_int);
            ff::av_channel_layout_describe(&layout, text.as_mut_ptr(), text.len());
            ff::av_channel_layout_uninit(&mut layout);
            std::ffi::CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
        }
    }
}

/// What a graph has to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// The frame was filled.
    Frame,
    /// It wants another frame first.
    NeedInput,
    /// Everything has come out.
    Finished,
}

/// A configured graph.
pub struct Graph {
    graph: NonNull<ff::AVFilterGraph>,
    source: *mut ff::AVFilterContext,
    sink: *mut ff::AVFilterContext,
    /// Size and format that the filters were configured for; `None` for sound, which aresample follows by itself.
    takes: Option<(u32, u32, PixelFormat)>,
}

// SAFETY: a filter graph may be used from any one thread at a time.
unsafe impl Send for Graph {}

impl Graph {
    /// A graph of pictures: `spec` as in `ffmpeg -vf`, for example `scale=640:360:flags=bicubic`.
    ///
    /// # Errors
    /// [`Code::FilterFailed`], with FFmpeg's own lines where the log is installed.
    pub fn video(format: &VideoFormat, spec: &str) -> Result<Self> {
        let mut graph = Self::empty()?;
        graph.takes = Some((format.width, format.height, format.format));
        // SAFETY: the parameters are plain values, freed below; a frames reference is copied by the call.
        graph.build(c"buffer", c"buffersink", spec, |source| unsafe {
            let p = error::alloc(ff::av_buffersrc_parameters_alloc(), "filter parameters")?.as_ptr();
            (*p).format = format.format.raw();
            (*p).width = format.width as c_int;
            (*p).height = format.height as c_int;
            (*p).time_base = format.time_base.to_av();
            (*p).sample_aspect_ratio = format.sample_aspect_ratio.to_av();
            #[cfg(ffmpeg_7_1)]
            {
                super::frame::write_enum(&raw mut (*p).color_space, format.color.matrix.0);
                super::frame::write_enum(&raw mut (*p).color_range, format.color.range.0);
            }
            let frames = format.hw_frames.as_ref().map_or(Ok(ptr::null_mut()), HwFrames::reference)?;
            (*p).hw_frames_ctx = frames;
            let ret = ff::av_buffersrc_parameters_set(source, p);
            let mut frames = frames;
            ff::av_buffer_unref(&mut frames);
            ff::av_free(p.cast());
            Ok(ret)
        })
    }

    /// A graph of sound: `spec` as in `ffmpeg -af`. With `frame_size` above 0 every frame but the last that comes
    /// out has so many samples.
    ///
    /// # Errors
    /// [`Code::FilterFailed`].
    pub fn audio(first: &Frame, time_base: Rational, spec: &str, frame_size: u32) -> Result<Self> {
        let graph = Self::empty()?;
        // SAFETY: as in `video`; the layout is copied by the call.
        let graph = graph.build(c"abuffer", c"abuffersink", spec, |source| unsafe {
            let p = error::alloc(ff::av_buffersrc_parameters_alloc(), "filter parameters")?.as_ptr();
            (*p).format = first.get().format;
            (*p).time_base = time_base.to_av();
            (*p).sample_rate = first.get().sample_rate;
            (*p).ch_layout = first.get().ch_layout;
            let ret = ff::av_buffersrc_parameters_set(source, p);
            ff::av_free(p.cast());
            Ok(ret)
        })?;
        if frame_size > 0 {
            // SAFETY: a configured sink.
            unsafe { ff::av_buffersink_set_frame_size(graph.sink, frame_size) };
        }
        Ok(graph)
    }

    fn empty() -> Result<Self> {
        // SAFETY: no arguments.
        let graph = error::alloc(unsafe { ff::avfilter_graph_alloc() }, "a filter graph")?;
        Ok(Graph { graph, source: ptr::null_mut(), sink: ptr::null_mut(), takes: None })
    }

    fn build(
        mut self,
        source: &std::ffi::CStr,
        sink: &std::ffi::CStr,
        spec: &str,
        configure: impl FnOnce(*mut ff::AVFilterContext) -> Result<c_int>,
    ) -> Result<Self> {
        let mark = log::mark();
        let text =
            CString::new(spec).map_err(|_| Error::new(Code::FilterFailed, "a filter holds a NUL byte"))?;
        // SAFETY: filters live in the graph; the in/out lists are ours until parse_ptr takes what it uses, and are
        // freed after it in any case, as its documentation asks.
        let ret = unsafe {
            let g = self.graph.as_ptr();
            (*g).nb_threads = 1; // one thread of ours, and the codecs' own
            self.source =
                ff::avfilter_graph_alloc_filter(g, ff::avfilter_get_by_name(source.as_ptr()), c"in".as_ptr());
            self.sink =
                ff::avfilter_graph_alloc_filter(g, ff::avfilter_get_by_name(sink.as_ptr()), c"out".as_ptr());
            if self.source.is_null() || self.sink.is_null() {
                return Err(error::from_av(Code::OutOfMemory, "no memory for a filter", error::NOMEM));
            }
            let mut ret = configure(self.source)?;
            for filter in [self.source, self.sink] {
                if ret >= 0 {
                    ret = ff::avfilter_init_str(filter, ptr::null());
                }
            }
            let (mut outputs, mut inputs) = (end(c"in", self.source)?, end(c"out", self.sink)?);
            if ret >= 0 {
                ret = ff::avfilter_graph_parse_ptr(
                    g,
                    text.as_ptr(),
                    &mut inputs,
                    &mut outputs,
                    ptr::null_mut(),
                );
            }
            ff::avfilter_inout_free(&mut inputs);
            ff::avfilter_inout_free(&mut outputs);
            for i in 0..(*g).nb_filters as usize {
                (**(*g).filters.add(i)).extra_hw_frames = super::decoder::HELD;
            }
            if ret >= 0 { ff::avfilter_graph_config(g, ptr::null_mut()) } else { ret }
        };
        if ret < 0 {
            let mut error =
                error::from_av(Code::FilterFailed, format!("the filter `{spec}` cannot be made"), ret);
            for line in log::since(mark, self.graph.as_ptr().cast()) {
                error = error.with_evidence(line);
            }
            return Err(error);
        }
        Ok(self)
    }

    /// Sends a frame, or `None` for the end. The frame keeps its content.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] for a picture of another size or format than the graph was made for,
    /// [`Code::FilterFailed`].
    pub fn push(&mut self, frame: Option<&Frame>) -> Result<()> {
        if let (Some(frame), Some(takes)) = (frame, self.takes) {
            let is = (frame.width(), frame.height(), frame.format());
            // Not every filter looks at what it gets.
            if is != takes || !frame.has_content() {
                return Err(Error::new(Code::PictureInvalid, format!("{frame:?} does not fit the filter"))
                    .with_value(format!("{is:?}"), format!("{takes:?}")));
            }
        }
        // SAFETY: a configured source; KEEP_REF leaves the caller's reference alone.
        let ret = unsafe {
            ff::av_buffersrc_add_frame_flags(
                self.source,
                frame.map_or(ptr::null_mut(), Frame::as_ptr),
                ff::AV_BUFFERSRC_FLAG_KEEP_REF as c_int,
            )
        };
        error::check(ret, Code::FilterFailed, "a filter refused a frame").map(drop)
    }

    /// Fills `frame` with the next result.
    ///
    /// # Errors
    /// [`Code::FilterFailed`].
    pub fn pull(&mut self, frame: &mut Frame) -> Result<Pulled> {
        frame.release();
        // SAFETY: a configured sink and a blank frame.
        match unsafe { ff::av_buffersink_get_frame(self.sink, frame.as_ptr()) } {
            0.. => Ok(Pulled::Frame),
            error::AGAIN => Ok(Pulled::NeedInput),
            error::EOF => Ok(Pulled::Finished),
            ret => Err(error::from_av(Code::FilterFailed, "a filter failed", ret)),
        }
    }

    /// Time base of what comes out.
    pub fn time_base(&self) -> Rational {
        // SAFETY: a configured sink.
        Rational::from_av(unsafe { ff::av_buffersink_get_time_base(self.sink) })
    }
}

/// One end of the chain, as parse_ptr wants it.
///
/// # Safety
/// `filter` must live in the graph that is parsed.
unsafe fn end(name: &std::ffi::CStr, filter: *mut ff::AVFilterContext) -> Result<*mut ff::AVFilterInOut> {
    // SAFETY: the fields are plain, the name is a copy that inout_free frees.
    unsafe {
        let end = error::alloc(ff::avfilter_inout_alloc(), "a filter")?.as_ptr();
        (*end).name = ff::av_strdup(name.as_ptr());
        (*end).filter_ctx = filter;
        Ok(end)
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        let mut graph = self.graph.as_ptr();
        // SAFETY: ours, with all its filters.
        unsafe { ff::avfilter_graph_free(&mut graph) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> VideoFormat {
        VideoFormat {
            width: 64,
            height: 64,
            format: PixelFormat::I420,
            time_base: Rational::new(1, 25),
            sample_aspect_ratio: Rational::new(1, 1),
            color: Color::BT709,
            hw_frames: None,
        }
    }

    #[test]
    fn scales_and_keeps_time() {
        let mut graph = Graph::video(&format(), "scale=32:16").unwrap();
        let mut frame = Frame::picture(PixelFormat::I420, 64, 64).unwrap();
        for plane in 0..3 {
            frame.plane_mut(plane).unwrap().fill(90);
        }
        frame.set_pts(Some(7));
        frame.set_color(Color::BT709);
        graph.push(Some(&frame)).unwrap();
        let mut out = Frame::empty().unwrap();
        assert_eq!(graph.pull(&mut out).unwrap(), Pulled::Frame);
        assert_eq!((out.width(), out.height(), out.pts()), (32, 16, Some(7)));
        assert_eq!(graph.pull(&mut out).unwrap(), Pulled::NeedInput);
        graph.push(None).unwrap();
        assert_eq!(graph.pull(&mut out).unwrap(), Pulled::Finished);
    }

    #[test]
    fn unknown_filters_are_errors() {
        assert_eq!(Graph::video(&format(), "nosuch=1").err().unwrap().code(), Code::FilterFailed);
    }
}
