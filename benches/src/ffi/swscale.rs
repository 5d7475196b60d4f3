//! swscale, as the `ffmpeg` command would convert.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

/// What the `ffmpeg` command's scale filter asks for by default (`SWS_BICUBIC`, libswscale/swscale.h).
pub const BICUBIC: c_int = 4;
/// The quickest that it has (`SWS_FAST_BILINEAR`).
pub const FAST_BILINEAR: c_int = 1;

/// BGRA to NV12 of one size, BT.709 in limited range.
pub struct BgraToNv12 {
    context: NonNull<ff::SwsContext>,
    width: usize,
    height: usize,
}

impl BgraToNv12 {
    /// Sets it up.
    ///
    /// # Panics
    /// When swscale refuses.
    pub fn new(width: usize, height: usize, flags: c_int) -> Self {
        let (w, h) = (width as c_int, height as c_int);
        let (from, to) = (ff::AVPixelFormat::AV_PIX_FMT_BGRA, ff::AVPixelFormat::AV_PIX_FMT_NV12);
        // SAFETY: plain values and nulls, which mean "no filter"; the tables of coefficients are static.
        unsafe {
            let (null, none) = (ptr::null_mut(), ptr::null());
            let context = ff::sws_getContext(w, h, from, w, h, to, flags, null, null, none);
            let context = NonNull::new(context).expect("swscale converts BGRA to NV12");
            let table = ff::sws_getCoefficients(ff::SWS_CS_ITU709 as c_int);
            let set = ff::sws_setColorspaceDetails(context.as_ptr(), table, 1, table, 0, 0, 1 << 16, 1 << 16);
            assert!(set >= 0, "swscale takes BT.709");
            BgraToNv12 { context, width, height }
        }
    }

    /// Converts a picture without padding.
    ///
    /// # Panics
    /// When a plane is too short.
    pub fn run(&mut self, bgra: &[u8], y: &mut [u8], uv: &mut [u8]) {
        let (w, h) = (self.width, self.height);
        assert!(bgra.len() >= w * h * 4 && y.len() >= w * h && uv.len() >= w * h / 2);
        let (null, stride) = (ptr::null_mut(), w as c_int);
        let (from, to) = ([bgra.as_ptr(), null, null, null], [y.as_mut_ptr(), uv.as_mut_ptr(), null, null]);
        let (from_stride, to_stride) = ([stride * 4, 0, 0, 0], [stride, stride, 0, 0]);
        // SAFETY: a live context for this size; four entries each, as swscale copies them; the planes were checked to
        // be as long as size and strides say.
        let rows = unsafe {
            let context = self.context.as_ptr();
            ff::sws_scale(
                context,
                from.as_ptr(),
                from_stride.as_ptr(),
                0,
                h as c_int,
                to.as_ptr(),
                to_stride.as_ptr(),
            )
        };
        assert_eq!(rows, h as c_int);
    }
}

impl Drop for BgraToNv12 {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ff::sws_freeContext(self.context.as_ptr()) };
    }
}
