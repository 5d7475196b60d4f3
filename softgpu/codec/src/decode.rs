//! The decoders behind the table's functions.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use softgpu_core::codec::{Codec, Image};

use crate::decoder::{Decoder, FAILED, NONE};

/// `Table::decoder_open`.
pub(crate) unsafe extern "C" fn open(codec: Codec) -> *mut c_void {
    Box::into_raw(Box::new(Decoder::new(codec))).cast()
}

/// `Table::decoder_picture`.
pub(crate) unsafe extern "C" fn picture(
    decoder: *mut c_void,
    data: *const u8,
    len: usize,
    image: *const Image,
) -> c_int {
    if decoder.is_null() || (len > 0 && (data.is_null() || image.is_null())) {
        return FAILED;
    }
    // SAFETY: the table asks that `decoder` comes from `open`, is not closed and used by one thread at a time.
    let decoder = unsafe { &mut *decoder.cast::<Decoder>() };
    let work = || {
        if len == 0 {
            decoder.flush();
            return NONE;
        }
        // SAFETY: the table asks for `len` readable bytes and an image whose planes are as large as it says.
        unsafe { decoder.picture(std::slice::from_raw_parts(data, len), &*image) }
    };
    // A panic must not cross into C.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(FAILED)
}

/// `Table::decoder_close`.
pub(crate) unsafe extern "C" fn close(decoder: *mut c_void) {
    if !decoder.is_null() {
        // A panic must not cross into C.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the table asks that `decoder` comes from `open` and is closed once.
            drop(unsafe { Box::from_raw(decoder.cast::<Decoder>()) });
        }));
    }
}
