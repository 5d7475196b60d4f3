//! libva's structures, as the installed headers have them.

#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    missing_docs,
    unreachable_pub,
    dead_code,
    unsafe_op_in_unsafe_fn,
    unused_imports,
    rust_2018_idioms,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]

include!(concat!(env!("OUT_DIR"), "/va.rs"));

/// `VASurfaceAttribAlignmentSize`, which only headers from libva 2.21 on have.
pub const SURFACE_ATTRIB_ALIGNMENT_SIZE: VASurfaceAttribType = 10;

/// Structures of plain numbers, for which every pattern of bits is a value.
///
/// # Safety
/// The type has no padding that matters, no reference, no Rust enum and no bool.
pub(crate) unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($name:ident)*) => {
        $(
            // SAFETY: bindgen made it of integers, floats, raw pointers, and unions and arrays of those.
            unsafe impl Plain for $name {}
        )*
    };
}

plain! {
    VAEncSequenceParameterBufferH264 VAEncPictureParameterBufferH264 VAEncSliceParameterBufferH264
    VAEncSequenceParameterBufferHEVC VAEncPictureParameterBufferHEVC VAEncSliceParameterBufferHEVC
    VAEncSequenceParameterBufferAV1 VAEncPictureParameterBufferAV1 VAEncTileGroupBufferAV1
    VAEncSequenceParameterBufferVP9 VAEncPictureParameterBufferVP9 VAEncMiscParameterTypeVP9PerSegmantParam
    VAEncPictureParameterBufferJPEG VAEncSliceParameterBufferJPEG VAQMatrixBufferJPEG VAHuffmanTableBufferJPEGBaseline
    VAQMatrixBufferHEVC
    VAEncPackedHeaderParameterBuffer VAEncMiscParameterRateControl VAEncMiscParameterFrameRate VAEncMiscParameterHRD
    VAEncMiscParameterBufferQualityLevel VAEncMiscParameterBufferMaxFrameSize VAEncMiscParameterMaxSliceSize
    VAPictureParameterBufferH264 VAIQMatrixBufferH264 VASliceParameterBufferH264
    VAPictureParameterBufferHEVC VAIQMatrixBufferHEVC VASliceParameterBufferHEVC
    VADecPictureParameterBufferVP9 VASliceParameterBufferVP9
    VADecPictureParameterBufferAV1 VASliceParameterBufferAV1
    VAPictureParameterBufferJPEGBaseline VAIQMatrixBufferJPEGBaseline VASliceParameterBufferJPEGBaseline
    VASliceParameterBufferBase
    VAProcPipelineParameterBuffer VAProcFilterParameterBufferBase VAProcFilterParameterBuffer
    VAProcFilterParameterBufferColorBalance VAProcFilterParameterBufferDeinterlacing
    VAProcFilterParameterBufferHDRToneMapping
}

// SAFETY: a number.
unsafe impl Plain for u32 {}

/// A structure out of the bytes that a client sent; `None` when they are too few.
pub(crate) fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    if bytes.len() < size_of::<T>() {
        return None;
    }
    // SAFETY: there are enough bytes, they need no alignment, and all patterns of bits are values (Plain).
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}
