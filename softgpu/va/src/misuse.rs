//! Rules of the API that clients break, and where each is written.

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// A stable name.
    pub(crate) name: &'static str,
    /// Where it is written, or which drivers refuse otherwise.
    pub(crate) source: &'static str,
}

macro_rules! rules {
    ($($(#[$meta:meta])* $rule:ident = $name:literal, $source:literal;)*) => {
        $($(#[$meta])* pub(crate) const $rule: Rule = Rule { name: $name, source: $source };)*
        #[cfg(test)]
        const ALL: &[Rule] = &[$($rule),*];
    };
}

rules! {
    /// An id was used after its object was destroyed.
    DESTROYED_ID = "id.destroyed",
        "va.h: vaDestroySurfaces, vaDestroyContext, vaDestroyBuffer, vaDestroyImage destroy what the id names";
    /// An id was used that no call gave.
    UNKNOWN_ID = "id.unknown", "va.h: ids come from vaCreate*; VA_STATUS_ERROR_INVALID_*";
    /// `vaRenderPicture` or `vaEndPicture` without `vaBeginPicture`.
    OUTSIDE_PICTURE = "picture.not_begun", "va.h: the Begin/Render/End sequence; Mesa picture.c, vlVaRenderPicture and vlVaEndPicture";
    /// `vaBeginPicture` before the last picture was ended.
    NESTED_PICTURE = "picture.not_ended", "va.h: the Begin/Render/End sequence";
    /// A buffer of a type that the context's entrypoint has no use for.
    BUFFER_TYPE = "render.buffer_type", "va.h: VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE; intel-media-driver, RenderPicture of each codec";
    /// A parameter buffer that is shorter than its structure.
    SHORT_BUFFER = "buffer.too_short", "va.h: VABufferType names the structure of each type";
    /// A buffer that was mapped is mapped again.
    MAPPED_TWICE = "buffer.mapped_twice", "va.h: vaMapBuffer, vaUnmapBuffer come in pairs";
    /// A buffer that is not mapped is unmapped.
    NOT_MAPPED = "buffer.not_mapped", "va.h: vaMapBuffer, vaUnmapBuffer come in pairs; intel-media-driver, DdiMedia_UnmapBuffer";
    /// A mapped buffer is rendered, coded into or destroyed.
    STILL_MAPPED = "buffer.still_mapped", "va.h: vaUnmapBuffer lets the server know that the data is ready to be consumed";
    /// The buffer of an image is destroyed by itself.
    IMAGE_BUFFER = "buffer.of_image", "va.h: image buffers are created by the library, and destroyed by vaDestroyImage";
    /// The coded picture does not fit.
    CODED_TOO_SMALL = "coded.too_small", "va.h: VA_CODED_BUF_STATUS_SLICE_OVERFLOW_MASK";
    /// A picture without its coded buffer.
    CODED_MISSING = "coded.missing", "va_enc_h264.h, va_enc_hevc.h, va_enc_av1.h, va_enc_vp9.h, va_enc_jpeg.h: coded_buf";
    /// A picture before any sequence parameters.
    SEQUENCE_MISSING = "encode.no_sequence", "va_enc_h264.h: the sequence parameters come with the first picture; intel-media-driver refuses";
    /// A picture without picture parameters.
    PICTURE_MISSING = "picture.no_parameters", "va.h: each picture has one picture parameter buffer";
    /// A picture without slices.
    SLICE_MISSING = "picture.no_slices", "va.h: each picture has slice parameters; JPEG encoders take one too";
    /// Slice data without parameters, or parameters without data.
    SLICE_UNPAIRED = "decode.slice_unpaired", "va.h: slice parameter buffer and slice data buffer come in pairs";
    /// Packed header data without its parameters before it.
    PACKED_UNPAIRED = "packed.unpaired", "va.h: VAEncPackedHeaderDataBufferType follows VAEncPackedHeaderParameterBufferType";
    /// A packed header that the configuration did not announce.
    PACKED_UNANNOUNCED = "packed.unannounced", "va.h: VAConfigAttribEncPackedHeaders says what the user will provide, through vaCreateConfig";
    /// More bits of a packed header are announced than there are.
    PACKED_LENGTH = "packed.length", "va.h: VAEncPackedHeaderParameterBuffer::bit_length is the size of the data buffer in bits";
    /// A surface is destroyed while a picture is under way on it.
    SURFACE_IN_USE = "surface.in_use", "va.h: vaDestroySurfaces; VA_STATUS_ERROR_SURFACE_BUSY";
    /// A surface is destroyed before the context that it was given to.
    SURFACE_OF_CONTEXT = "surface.of_context", "va.h: surfaces can only be destroyed after all contexts using these surfaces have been destroyed";
    /// A surface is of another format than the configuration.
    SURFACE_FORMAT = "surface.format", "va.h: VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT; a configuration has one RT format";
    /// A surface does not hold the context's picture.
    SURFACE_TOO_SMALL = "surface.too_small", "va.h: vaCreateContext, picture_width and picture_height are the coded picture's";
    /// A surface is processed into itself.
    SOURCE_IS_TARGET = "vpp.source_is_target", "va_vpp.h: VAProcPipelineParameterBuffer::surface is the source, the target is that of vaBeginPicture";
    /// A context is destroyed in the middle of a picture.
    CONTEXT_IN_PICTURE = "context.in_picture", "va.h: the Begin/Render/End sequence";
    /// A rectangle reaches beyond its surface or image.
    RECTANGLE = "rectangle.outside", "va.h: vaGetImage, vaPutImage; Mesa image.c, vlVaGetImage";
    /// An imported buffer is smaller than what its descriptor says.
    IMPORT_BOUNDS = "import.out_of_bounds", "va_drmcommon.h: VADRMPRIMESurfaceDescriptor, offset, pitch and size";
    /// A quality level beyond the advertised ones.
    QUALITY_LEVEL = "encode.quality_level", "va.h: VAEncMiscParameterBufferQualityLevel, the range is VAConfigAttribEncQualityRange";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn names_are_unique_and_sources_given() {
        for (at, rule) in ALL.iter().enumerate() {
            assert!(!rule.source.is_empty());
            assert!(ALL[..at].iter().all(|other| other.name != rule.name), "{}", rule.name);
        }
    }
}
