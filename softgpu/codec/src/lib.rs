//! The codecs behind the software drivers, loaded when first needed.
//!
//! One exported function, [`softgpu_codec`], gives the table of C functions that `softgpu_core::codec` describes.

mod encode;
mod planar;
#[cfg(test)]
mod testing;
mod x265;

use std::ffi::{c_int, c_void};
use std::ptr;

use softgpu_core::codec::{Codec, Image, Table, VERSION};

static TABLE: Table = Table {
    version: VERSION,
    encoder_open: encode::open,
    encoder_picture: encode::picture,
    encoder_close: encode::close,
    decoder_open,
    decoder_picture,
    decoder_close,
    scale,
};

/// The functions of this library.
#[unsafe(no_mangle)]
pub extern "C" fn softgpu_codec() -> *const Table {
    &TABLE
}

/// Decoding and scaling are yet to come.
unsafe extern "C" fn decoder_open(_: Codec) -> *mut c_void {
    ptr::null_mut()
}

unsafe extern "C" fn decoder_picture(_: *mut c_void, _: *const u8, _: usize, _: *const Image) -> c_int {
    -1
}

unsafe extern "C" fn decoder_close(_: *mut c_void) {}

unsafe extern "C" fn scale(
    _: *const Image,
    _: c_int,
    _: c_int,
    _: *const Image,
    _: c_int,
    _: c_int,
) -> c_int {
    -1
}
