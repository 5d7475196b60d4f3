//! libyuv, loaded when it is asked for: a peer that is not installed must not keep the benchmarks from building.

use std::ffi::c_int;

use libloading::Library;

type ArgbToNv12 =
    unsafe extern "C" fn(*const u8, c_int, *mut u8, c_int, *mut u8, c_int, c_int, c_int) -> c_int;

/// libyuv's BGRA to NV12 (its name for the bytes B, G, R, A is ARGB). It knows BT.601 in limited range alone.
pub struct Libyuv {
    convert: ArgbToNv12,
    _library: Library,
}

impl Libyuv {
    /// Loads `libyuv.so.0` (Debian: `libyuv0`); `None` where it is missing.
    pub fn load() -> Option<Self> {
        // SAFETY: a library without initialisers that matter to us; the type of the function is that of libyuv's
        // convert_from_argb.h; the pointer is kept together with the library.
        unsafe {
            let library = Library::new("libyuv.so.0").ok()?;
            let convert = *library.get::<ArgbToNv12>(b"ARGBToNV12\0").ok()?;
            Some(Libyuv { convert, _library: library })
        }
    }

    /// Converts a picture without padding.
    ///
    /// # Panics
    /// When a plane is too short, or libyuv refuses.
    pub fn run(&self, size: (usize, usize), bgra: &[u8], y: &mut [u8], uv: &mut [u8]) {
        self.run_into(size, bgra, (y, size.0), (uv, size.0));
    }

    /// Converts a picture without padding into planes with their strides.
    ///
    /// # Panics
    /// As [`Libyuv::run`].
    pub fn run_into(
        &self,
        (width, height): (usize, usize),
        bgra: &[u8],
        (y, y_stride): (&mut [u8], usize),
        (uv, uv_stride): (&mut [u8], usize),
    ) {
        assert!(
            width.is_multiple_of(2) && height.is_multiple_of(2) && y_stride >= width && uv_stride >= width
        );
        let (pixels, w, h) = (width * height, width as c_int, height as c_int);
        assert!(
            bgra.len() >= pixels * 4 && y.len() >= y_stride * height && uv.len() >= uv_stride * height / 2
        );
        let (from, y, uv) = (bgra.as_ptr(), y.as_mut_ptr(), uv.as_mut_ptr());
        // SAFETY: the planes were checked to be as long as size and strides say.
        let ret = unsafe { (self.convert)(from, w * 4, y, y_stride as c_int, uv, uv_stride as c_int, w, h) };
        assert_eq!(ret, 0, "libyuv refused");
    }
}
