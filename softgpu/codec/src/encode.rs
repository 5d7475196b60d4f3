//! The encoders behind the table's functions.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use softgpu_core::codec::{Codec, EncoderConfig, Image, Kind};

use crate::{aom, vpx, x264, x265};

/// What a function returns whose arguments or data were no good.
const FAILED: c_int = -1;

/// An encoder of any codec.
trait Encoder {
    /// Codes a picture; the bits are valid until the next call.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]>;
}

macro_rules! encoder {
    ($($encoder:ty)*) => {
        $(
            impl Encoder for $encoder {
                unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]> {
                    // SAFETY: the caller's promise.
                    unsafe { <$encoder>::picture(self, image, kind, qp) }
                }
            }
        )*
    };
}

encoder! { x264::Encoder x265::Encoder aom::Encoder vpx::Encoder }

fn new(config: &EncoderConfig) -> Option<Box<dyn Encoder>> {
    match config.codec {
        Codec::H264 => Some(Box::new(x264::Encoder::open(config)?)),
        Codec::Hevc => Some(Box::new(x265::Encoder::open(config)?)),
        Codec::Av1 => Some(Box::new(aom::Encoder::open(config)?)),
        Codec::Vp9 => Some(Box::new(vpx::Encoder::open(config)?)),
        // The driver codes it itself.
        Codec::Mjpeg => None,
    }
}

/// `Table::encoder_open`.
pub(crate) unsafe extern "C" fn open(config: *const EncoderConfig) -> *mut c_void {
    // SAFETY: the table asks for null or a valid configuration.
    let Some(config) = (unsafe { config.as_ref() }) else { return ptr::null_mut() };
    let encoder = catch_unwind(|| new(config)).ok().flatten();
    encoder.map_or(ptr::null_mut(), |encoder| Box::into_raw(Box::new(encoder)).cast())
}

/// `Table::encoder_picture`.
pub(crate) unsafe extern "C" fn picture(
    encoder: *mut c_void,
    image: *const Image,
    kind: Kind,
    qp: u32,
    data: *mut *const u8,
    len: *mut usize,
) -> c_int {
    if encoder.is_null() || image.is_null() || data.is_null() || len.is_null() {
        return FAILED;
    }
    // SAFETY: the table asks that `encoder` comes from `open`, is not closed and used by one thread at a time.
    let encoder = unsafe { &mut *encoder.cast::<Box<dyn Encoder>>() };
    // SAFETY: the table asks for an image whose planes are as large as it says.
    let coded =
        catch_unwind(AssertUnwindSafe(|| unsafe { encoder.picture(&*image, kind, qp) }.map(ptr::from_ref)));
    let Some(coded) = coded.ok().flatten() else { return FAILED };
    // SAFETY: the table asks for two places to write to.
    unsafe {
        *data = coded.cast();
        *len = coded.len();
    }
    0
}

/// `Table::encoder_close`.
pub(crate) unsafe extern "C" fn close(encoder: *mut c_void) {
    if !encoder.is_null() {
        // A panic must not cross into C.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the table asks that `encoder` comes from `open` and is closed once.
            drop(unsafe { Box::from_raw(encoder.cast::<Box<dyn Encoder>>()) });
        }));
    }
}
