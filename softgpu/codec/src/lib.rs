//! The codecs behind the software drivers, loaded when first needed.
//!
//! One exported function, [`softgpu_codec`], gives the table of C functions that `softgpu_core::codec` describes.

mod aom;
mod decode;
mod decoder;
mod encode;
mod planar;
mod planes;
mod scale;
#[cfg(test)]
mod testing;
mod vpx;
mod x264;
mod x265;

use softgpu_core::codec::{Table, VERSION};

static TABLE: Table = Table {
    version: VERSION,
    encoder_open: encode::open,
    encoder_picture: encode::picture,
    encoder_close: encode::close,
    decoder_open: decode::open,
    decoder_picture: decode::picture,
    decoder_close: decode::close,
    scale: scale::scale,
};

/// The functions of this library.
#[unsafe(no_mangle)]
pub extern "C" fn softgpu_codec() -> *const Table {
    &TABLE
}
