//! Pictures of the caller: borrowed for a call, or handed over with a callback that takes them back.

use std::ffi::{CStr, c_char, c_void};
use std::slice;
use std::sync::Arc;

use hwenc::{Color, Matrix, Picture, PixelFormat, Primaries, Range, Transfer};

use crate::arguments::{self, grows};
use crate::failure::Failure;

/// HWENC_NO_PTS of the header.
pub(crate) const HWENC_NO_PTS_VALUE: i64 = i64::MIN;
/// Flag of a picture: it becomes an IDR.
pub const HWENC_PICTURE_IDR: u32 = 1;

/// Called once, when the session needs a picture's memory no more: from any thread, during any function of the session or later. It
/// must not throw, and must not use the session.
pub type hwenc_release_callback = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// Pixels in memory. Begin with HWENC_PICTURE_INIT, which is a picture without content, and set what there is.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_picture {
    /// sizeof(hwenc_picture)
    pub struct_size: usize,
    /// Pixel format by FFmpeg's name: "nv12", "yuv420p", "p010le", "bgra", "rgba", "rgb24", ... NULL: the request's input format.
    pub format: *const c_char,
    /// Width in pixels; it must be the session's.
    pub width: u32,
    /// Height in pixels; it must be the session's.
    pub height: u32,
    /// The first byte of each plane; NULL for planes that the format does not have.
    pub planes: [*const u8; 4],
    /// Bytes from one row of the plane to the next. Rows may be padded; the last one need not be.
    pub strides: [usize; 4],
    /// Bytes that can be read from the start of each plane; 0: as many as stride and height ask for.
    pub sizes: [usize; 4],
    /// Presentation time in the session's time base, above that of the picture before; HWENC_NO_PTS: one frame later.
    pub pts: i64,
    /// How long it is shown in the session's time base; 0: one frame.
    pub duration: i64,
    /// HWENC_PICTURE_IDR, or 0.
    pub flags: u32,
    /// What the numbers mean, as AVColorRange numbers it: 0 unspecified, 1 limited, 2 full.
    pub color_range: u8,
    /// Primaries as ITU-T H.273 numbers them; 0 and 2: the session's.
    pub color_primaries: u8,
    /// Transfer characteristics as ITU-T H.273 numbers them; 0 and 2: the session's.
    pub color_transfer: u8,
    /// Matrix as ITU-T H.273 numbers it; 0 and 2: the session's. RGB pictures have none.
    pub color_matrix: u8,
    /// NULL: the memory is borrowed for the call. Else it is the session's until this is called, which happens exactly once, also
    /// when hwenc_session_send() fails; only where `picture` or its struct_size is wrong it is not called.
    pub release: hwenc_release_callback,
    /// Handed to `release`.
    pub user: *mut c_void,
}

grows!(hwenc_picture, size_of::<hwenc_picture>());

/// Calls back when it is dropped.
struct Guard {
    release: unsafe extern "C" fn(*mut c_void),
    user: *mut c_void,
}

// SAFETY: the header says that the callback may come from any thread.
unsafe impl Send for Guard {}
// SAFETY: nothing of it is used through a shared reference.
unsafe impl Sync for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        // SAFETY: the caller handed over both for this, and it happens once.
        unsafe { (self.release)(self.user) };
    }
}

/// A plane of memory that is handed over.
struct Plane {
    data: *const u8,
    len: usize,
    _guard: Arc<Guard>,
}

// SAFETY: memory that is only read, until the guard's callback; from any thread, as the header says.
unsafe impl Send for Plane {}

impl AsRef<[u8]> for Plane {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the caller's word: readable and unchanged until the callback; the guard holds that off.
        unsafe { slice::from_raw_parts(self.data, self.len) }
    }
}

/// What errors call the planes. A picture that is right costs no memory for that.
const PLANES: [&str; 4] =
    ["plane 0 of the picture", "plane 1 of the picture", "plane 2 of the picture", "plane 3 of the picture"];

/// A picture on its way into a session.
pub(crate) struct Incoming {
    seen: hwenc_picture,
    guard: Option<Arc<Guard>>,
}

impl Incoming {
    /// Reads the struct. From here on its release callback is owed.
    ///
    /// # Safety
    /// The struct holds as many bytes as it says; `release` and `user` are what the header says.
    pub(crate) unsafe fn read(picture: *const hwenc_picture) -> Result<Self, Failure> {
        // SAFETY: the caller's word.
        let seen = unsafe { arguments::read(picture)? };
        let guard = seen.release.map(|release| Arc::new(Guard { release, user: seen.user }));
        Ok(Incoming { seen, guard })
    }

    /// The picture; `otherwise` is its format where it names none.
    ///
    /// # Safety
    /// Format and planes are what the header says, until the picture is gone.
    pub(crate) unsafe fn picture<'a>(self, otherwise: PixelFormat) -> Result<Picture<'a>, Failure> {
        let seen = &self.seen;
        // SAFETY: the caller's word.
        let format = unsafe { format(seen.format, otherwise)? };
        if seen.flags & !HWENC_PICTURE_IDR != 0 {
            return Err(Failure::argument("picture has flags that this version of hwenc does not know"));
        }
        if seen.color_range > 2 {
            return Err(hwenc::Error::invalid("the picture's range", seen.color_range, "0, 1 or 2").into());
        }
        let mut planes: [(*const u8, usize, usize); 4] = [(std::ptr::null(), 0, 0); 4];
        let count = format.planes();
        for (at, plane) in planes.iter_mut().enumerate().take(count) {
            arguments::pointer(seen.planes[at], PLANES[at])?;
            let (stride, row) = (seen.strides[at], format.row_bytes(at, seen.width));
            // Whatever is wrong with these numbers is found out, in words, where the picture is made.
            let rows = format.rows(at, seen.height).max(1);
            let needed = stride.saturating_mul(rows - 1).saturating_add(row);
            let len = if seen.sizes[at] == 0 { needed } else { seen.sizes[at] };
            if len > isize::MAX as usize || (seen.planes[at] as usize).checked_add(len).is_none() {
                return Err(Failure::argument(format!("plane {at} of the picture cannot have {len} bytes")));
            }
            *plane = (seen.planes[at], len, stride);
        }
        let (width, height) = (seen.width, seen.height);
        let picture = match self.guard {
            None => {
                let mut lent: [(&[u8], usize); 4] = [(&[], 0); 4];
                for (lent, (data, len, stride)) in lent.iter_mut().zip(planes).take(count) {
                    // SAFETY: not null; readable and unchanged for the call by the caller's word.
                    *lent = (unsafe { slice::from_raw_parts(data, len) }, stride);
                }
                Picture::borrowed(format, width, height, &lent[..count])?
            }
            Some(guard) => {
                let owners = planes[..count]
                    .iter()
                    .map(|&(data, len, stride)| (Plane { data, len, _guard: guard.clone() }, stride));
                Picture::owned_planes(format, width, height, owners.collect())?
            }
        };
        Ok(finish(picture, seen))
    }
}

/// Time, colours and kind.
fn finish<'a>(picture: Picture<'a>, seen: &hwenc_picture) -> Picture<'a> {
    // 0 is reserved, or the matrix that only RGB has: nothing that a YUV picture can mean.
    let or_unspecified = |number: u8| if number == 0 { 2 } else { number };
    let color = Color {
        range: Range(seen.color_range),
        primaries: Primaries(or_unspecified(seen.color_primaries)),
        transfer: Transfer(or_unspecified(seen.color_transfer)),
        matrix: Matrix(or_unspecified(seen.color_matrix)),
    };
    let mut picture = picture.duration(seen.duration).color(color);
    if seen.pts != HWENC_NO_PTS_VALUE {
        picture = picture.pts(seen.pts);
    }
    if seen.flags & HWENC_PICTURE_IDR != 0 { picture.idr() } else { picture }
}

/// # Safety
/// NULL or a string.
unsafe fn format(name: *const c_char, otherwise: PixelFormat) -> Result<PixelFormat, Failure> {
    if name.is_null() {
        return Ok(otherwise);
    }
    arguments::pointer(name, "format of the picture")?;
    // SAFETY: the caller's word.
    let bytes = unsafe { CStr::from_ptr(name) };
    if bytes.to_bytes() == otherwise.name().as_bytes() {
        return Ok(otherwise); // as nearly always
    }
    // SAFETY: as above.
    let text = unsafe { arguments::text(name, "format of the picture")? };
    pixel_format(text)
}

/// A pixel format by name.
pub(crate) fn pixel_format(name: &str) -> Result<PixelFormat, Failure> {
    let error =
        || hwenc::Error::invalid("the pixel format", format!("`{name}`"), "a name of `ffmpeg -pix_fmts`");
    Ok(PixelFormat::from_name(name).ok_or_else(error)?)
}
