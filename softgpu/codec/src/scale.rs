//! Scaling and conversion by libswscale.

use std::cell::RefCell;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use ff::AVPixelFormat::{self, *};
use ffmpeg_sys_next as ff;
use softgpu_core::codec::{Format, Image};

use crate::planes::{self, Planes};

/// How a picture's samples are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colors {
    /// As `AVColorSpace` numbers it.
    matrix: c_int,
    /// 0 to 255 rather than 16 to 235.
    full: bool,
}

/// Contexts that are kept per thread: making one computes all filters.
const KEPT: usize = 4;

thread_local! {
    static CONTEXTS: RefCell<Vec<Scaler>> = const { RefCell::new(Vec::new()) };
}

/// `Table::scale`.
pub(crate) unsafe extern "C" fn scale(
    source: *const Image,
    source_matrix: c_int,
    source_full: c_int,
    target: *const Image,
    target_matrix: c_int,
    target_full: c_int,
) -> c_int {
    // SAFETY: the table asks for two images; null is seen through.
    let (Some(source), Some(target)) = (unsafe { (source.as_ref(), target.as_ref()) }) else { return -1 };
    let from = Colors { matrix: source_matrix, full: source_full != 0 };
    let to = Colors { matrix: target_matrix, full: target_full != 0 };
    // SAFETY: the table asks that the planes are as large as the images say, the target's writable.
    let work = || unsafe { convert(source, from, target, to) };
    // A panic must not cross into C.
    if catch_unwind(AssertUnwindSafe(work)).unwrap_or(false) { 0 } else { -1 }
}

/// Scales and converts; `false` where it cannot be done.
///
/// # Safety
/// Both images' planes are as large as they say and do not overlap; the target's are writable.
unsafe fn convert(source: &Image, from: Colors, target: &Image, to: Colors) -> bool {
    let size = |image: &Image| (image.width as usize, image.height as usize);
    let (source_planes, target_planes) = (Planes::of(source), Planes::of(target));
    let legal = |image: &Image, planes: &Planes| {
        (1..=1 << 15).contains(&image.width)
            && (1..=1 << 15).contains(&image.height)
            && planes.fit(image.format, size(image).0, size(image).1)
    };
    if !legal(source, &source_planes) || !legal(target, &target_planes) {
        return false;
    }
    let rgb = |format| matches!(format, Format::Bgra | Format::Rgba);
    if source.format == target.format && size(source) == size(target) && (from == to || rgb(source.format)) {
        let (width, height) = size(source);
        // SAFETY: the caller vouches for both.
        unsafe { planes::copy(source.format, width, height, &source_planes, &target_planes) };
        return true;
    }
    let depths = [Format::Nv12, Format::P010];
    if depths.contains(&source.format)
        && depths.contains(&target.format)
        && (size(source), from) == (size(target), to)
    {
        let (width, height) = size(source);
        // SAFETY: the caller vouches for both; their formats are not the same here.
        unsafe { planes::change_depth(source.format, width, height, &source_planes, &target_planes) };
        return true;
    }
    CONTEXTS.with_borrow_mut(|kept| {
        let key = Key {
            source: (source.format, source.width, source.height, from),
            target: (target.format, target.width, target.height, to),
        };
        if let Some(at) = kept.iter().position(|scaler| scaler.key == key) {
            let scaler = kept.remove(at);
            kept.push(scaler);
        } else {
            let Some(scaler) = Scaler::new(key) else { return false };
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(scaler);
        }
        let Some(scaler) = kept.last_mut() else { return false };
        // SAFETY: the caller vouches for both, and the scaler is one for their formats and sizes.
        unsafe { scaler.run(&source_planes, &target_planes) }
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    source: (Format, u32, u32, Colors),
    target: (Format, u32, u32, Colors),
}

/// An SwsContext with pictures of its own on both sides: libswscale reads and writes a little past the ends of rows, which
/// a driver's memory may not have.
#[derive(Debug)]
struct Scaler {
    key: Key,
    context: *mut ff::SwsContext,
    source: *mut ff::AVFrame,
    target: *mut ff::AVFrame,
}

impl Scaler {
    fn new(key: Key) -> Option<Self> {
        let (source_format, source_width, source_height, from) = key.source;
        let (target_format, target_width, target_height, to) = key.target;
        let source = frame(input(source_format), source_width, source_height)?;
        let mut scaler = Self { key, context: ptr::null_mut(), source, target: ptr::null_mut() };
        scaler.target = frame(output(target_format), target_width, target_height)?;
        // SAFETY: sizes were checked to fit an int; the filters and parameters may be null; `scaler` owns what is made. The
        // tables are libswscale's own statics.
        unsafe {
            scaler.context = ff::sws_getContext(
                source_width as c_int,
                source_height as c_int,
                input(source_format),
                target_width as c_int,
                target_height as c_int,
                output(target_format),
                FLAGS,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            );
            if scaler.context.is_null() {
                return None;
            }
            // Never less than 0 for what is not supported: then both sides are RGB, and there is no matrix.
            ff::sws_setColorspaceDetails(
                scaler.context,
                ff::sws_getCoefficients(from.matrix),
                c_int::from(from.full),
                ff::sws_getCoefficients(to.matrix),
                c_int::from(to.full),
                0,
                1 << 16,
                1 << 16,
            );
        }
        Some(scaler)
    }

    /// # Safety
    /// As for [`convert`]; formats and sizes are those of the key.
    unsafe fn run(&mut self, source: &Planes, target: &Planes) -> bool {
        let (source_format, source_width, source_height, _) = self.key.source;
        let (target_format, width, height, _) = self.key.target;
        let (width, height) = (width as usize, height as usize);
        // SAFETY: the frames are of the key's formats and sizes, made by `frame`; the caller vouches for the planes.
        unsafe {
            let (input, output) = (&*self.source, &*self.target);
            let own = planes_of(input);
            planes::copy(source_format, source_width as usize, source_height as usize, source, &own);
            let rows = ff::sws_scale(
                self.context,
                input.data.as_ptr().cast(),
                input.linesize.as_ptr(),
                0,
                input.height,
                output.data.as_ptr(),
                output.linesize.as_ptr(),
            );
            if rows != output.height {
                return false;
            }
            let own = planes_of(output);
            match target_format {
                Format::Nv12 => planes::to_nv12(width, height, &own, target),
                Format::P010 => planes::to_p010(width, height, &own, target),
                _ => planes::copy(target_format, width, height, &own, target),
            }
            true
        }
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: all are ours, freed once; these functions take null as well.
        unsafe {
            ff::sws_freeContext(self.context);
            ff::av_frame_free(&mut self.source);
            ff::av_frame_free(&mut self.target);
        }
    }
}

/// Bicubic, and exact rather than fast: SWS_BICUBIC, SWS_FULL_CHR_H_INT, SWS_FULL_CHR_H_INP and SWS_ACCURATE_RND, which are
/// macros up to FFmpeg 7 and an enum after that (libswscale/swscale.h).
const FLAGS: c_int = 0x4 | 0x2000 | 0x4000 | 0x4_0000;

fn input(format: Format) -> AVPixelFormat {
    match format {
        Format::Nv12 => AV_PIX_FMT_NV12,
        Format::P010 => AV_PIX_FMT_P010LE,
        Format::I420 => AV_PIX_FMT_YUV420P,
        Format::Bgra => AV_PIX_FMT_BGRA,
        Format::Rgba => AV_PIX_FMT_RGBA,
        Format::Yuy2 => AV_PIX_FMT_YUYV422,
        Format::I444 => AV_PIX_FMT_YUV444P,
        Format::Y800 => AV_PIX_FMT_GRAY8,
    }
}

/// Chroma comes planar and is interleaved here: libswscale loses it between NV12 and NV12 in some cases.
fn output(format: Format) -> AVPixelFormat {
    match format {
        Format::Nv12 => AV_PIX_FMT_YUV420P,
        Format::P010 => AV_PIX_FMT_YUV420P10LE,
        other => input(other),
    }
}

fn frame(format: AVPixelFormat, width: u32, height: u32) -> Option<*mut ff::AVFrame> {
    // SAFETY: the frame is checked, filled in as av_frame_get_buffer asks, and freed where that fails.
    unsafe {
        let mut frame = ff::av_frame_alloc();
        let fields = frame.as_mut()?;
        fields.format = format as c_int;
        (fields.width, fields.height) = (c_int::try_from(width).ok()?, c_int::try_from(height).ok()?);
        if ff::av_frame_get_buffer(frame, 0) < 0 {
            ff::av_frame_free(&mut frame);
            return None;
        }
        Some(frame)
    }
}

fn planes_of(frame: &ff::AVFrame) -> Planes {
    // Strides of frames that av_frame_get_buffer made are positive.
    let stride = |plane: usize| usize::try_from(frame.linesize[plane]).unwrap_or(0);
    Planes { data: [frame.data[0], frame.data[1], frame.data[2]], strides: [stride(0), stride(1), stride(2)] }
}
