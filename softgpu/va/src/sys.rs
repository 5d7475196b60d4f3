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

#[cfg(test)]
mod tests {
    use softgpu_core::names;

    const BINDINGS: &str = include_str!(concat!(env!("OUT_DIR"), "/va.rs"));

    /// The value that the header gives a name.
    fn value(name: &str) -> i64 {
        let (_, rest) = BINDINGS
            .split_once(&format!("pub const {name}: "))
            .unwrap_or_else(|| panic!("the header has no {name}"));
        let (_, rest) = rest.split_once("= ").expect("it has a value");
        rest.split_once(';').expect("it ends").0.parse().expect("it is a number")
    }

    fn check(prefix: &str, table: impl Iterator<Item = (&'static str, i64)>) {
        let mut seen = 0;
        for (name, number) in table {
            assert_eq!(value(&format!("{prefix}{name}")), number, "{prefix}{name}");
            seen += 1;
        }
        assert!(seen > 1, "{prefix}");
    }

    #[test]
    fn names_have_the_numbers_of_the_header() {
        let signed =
            |table: names::Names<i32>| table.iter().map(|(name, number)| (*name, i64::from(*number)));
        let flags = |table: names::Names<u32>| table.iter().map(|(name, number)| (*name, i64::from(*number)));
        check("VAProfile", signed(names::PROFILE));
        check("VAEntrypoint", signed(names::ENTRYPOINT));
        check("VAConfigAttrib", signed(names::ATTRIBUTE));
        // The header has UNKNOWN as an unsigned number.
        check("VA_STATUS_ERROR_", signed(names::STATUS).filter(|(_, number)| *number >= 0));
        check("VA_RT_FORMAT_", flags(names::RT_FORMAT));
        check("VA_RC_", flags(names::RATE_CONTROL));
        check("VA_ENC_PACKED_HEADER_", flags(names::PACKED_HEADER));
        check("VA_ENC_SLICE_STRUCTURE_", flags(names::SLICE_STRUCTURE));
        check("VA_DEC_SLICE_MODE_", flags(names::DEC_SLICE_MODE));
    }
}
