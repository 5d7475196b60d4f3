//! swscale between two pixel formats of the same size, with the matrices said aloud.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Color, Frame, Matrix, PixelFormat, Range, buffer, error};
use crate::error::{Code, Result};

// From libswscale/swscale.h, the same in 5.1 to 9; the bindings have them under another name in each.
const BICUBIC: c_int = 4;
const FULL_CHR_H_INT: c_int = 1 << 13;
const ACCURATE_RND: c_int = 1 << 18;

/// A conversion that is set up once and run for every picture.
pub(crate) struct Scaler {
    context: NonNull<ff::SwsContext>,
}

// SAFETY: a SwsContext may be used from any one thread at a time.
unsafe impl Send for Scaler {}

impl Scaler {
    pub(crate) fn new(
        from: (PixelFormat, Color),
        to: (PixelFormat, Color),
        width: u32,
        height: u32,
    ) -> Result<Self> {
        let (w, h) = buffer::size(width, height)?;
        // ACCURATE_RND and FULL_CHR: the correct result rather than the quickest; this is the path of odd formats.
        let flags = BICUBIC | ACCURATE_RND | FULL_CHR_H_INT;
        let full =
            |(format, color): (PixelFormat, Color)| i64::from(color.range == Range::FULL || format.is_rgb());
        // SAFETY: no arguments.
        let context = error::alloc(unsafe { ff::sws_alloc_context() }, "a conversion")?;
        let scaler = Scaler { context };
        let options = [
            (c"srcw", i64::from(w)),
            (c"srch", i64::from(h)),
            (c"src_format", i64::from(from.0.raw())),
            // Before it is set up: a change of range alone is forgotten when it is said later.
            (c"src_range", full(from)),
            (c"dstw", i64::from(w)),
            (c"dsth", i64::from(h)),
            (c"dst_format", i64::from(to.0.raw())),
            (c"dst_range", full(to)),
            (c"sws_flags", i64::from(flags)),
        ];
        for (name, value) in options {
            // SAFETY: a live context with an AVClass.
            let ret = unsafe { ff::av_opt_set_int(context.as_ptr().cast(), name.as_ptr(), value, 0) };
            error::check(ret, Code::Internal, "swscale does not take an option")?;
        }
        // SAFETY: a live context that is not set up yet.
        let ret = unsafe { ff::sws_init_context(context.as_ptr(), ptr::null_mut(), ptr::null_mut()) };
        error::check(ret, Code::PictureInvalid, &format!("swscale does not convert {} to {}", from.0, to.0))?;
        // SAFETY: a live context; tables of coefficients are static. 0 and 1<<16 leave brightness, contrast and
        // saturation alone (libswscale/swscale.h).
        let ret = unsafe {
            ff::sws_setColorspaceDetails(
                context.as_ptr(),
                ff::sws_getCoefficients(coefficients(from.1.matrix)),
                full(from) as c_int,
                ff::sws_getCoefficients(coefficients(to.1.matrix)),
                full(to) as c_int,
                0,
                1 << 16,
                1 << 16,
            )
        };
        error::check(ret, Code::PictureInvalid, "swscale does not take these colours")?;
        Ok(scaler)
    }

    /// Converts `from` into the planes of `to`, which must be writable and of the sizes given to `new`.
    pub(crate) fn run(&mut self, from: &Frame, to: &mut Frame) -> Result<()> {
        // SAFETY: both frames are libav's own, with the padding that swscale's loops rely on.
        let ret = unsafe {
            let (f, t) = (from.get(), to.get_mut());
            ff::sws_scale(
                self.context.as_ptr(),
                f.data.as_ptr().cast(),
                f.linesize.as_ptr(),
                0,
                f.height,
                t.data.as_ptr(),
                t.linesize.as_ptr(),
            )
        };
        error::check(ret, Code::PictureInvalid, "swscale failed").map(drop)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ff::sws_freeContext(self.context.as_ptr()) };
    }
}

/// swscale's number for a matrix (`SWS_CS_*`); they are H.273's but for what is unspecified.
fn coefficients(matrix: Matrix) -> c_int {
    match matrix {
        Matrix::BT709 => ff::SWS_CS_ITU709 as c_int,
        Matrix::BT2020 => ff::SWS_CS_BT2020 as c_int,
        _ => ff::SWS_CS_ITU601 as c_int,
    }
}
