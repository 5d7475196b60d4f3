//! One picture to decode, as the client's buffers described it.

use crate::sys::{self, Plain};

/// A picture to decode.
#[allow(dead_code, reason = "what the client says is told whole, whether or not an engine reads it yet")]
#[derive(Debug)]
pub(crate) struct DecodeJob<'a> {
    /// The surface that is written.
    pub(crate) target: sys::VASurfaceID,
    /// `VAPictureParameterBuffer*` or `VADecPictureParameterBuffer*`, raw.
    pub(crate) picture: &'a [u8],
    /// `VAIQMatrixBuffer*`, raw; empty when none came.
    pub(crate) matrix: &'a [u8],
    /// `VAHuffmanTableBufferJPEGBaseline`, raw; empty when none came.
    pub(crate) huffman: &'a [u8],
    /// `VAProbabilityDataBuffer*`, raw; empty when none came.
    pub(crate) probability: &'a [u8],
    /// The slices in order.
    pub(crate) slices: &'a [DecodeSlice<'a>],
    /// Pictures decoded in this context before this one.
    pub(crate) index: u64,
}

/// A slice with its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecodeSlice<'a> {
    /// `VASliceParameterBuffer*`, raw, of this slice alone.
    pub(crate) parameters: &'a [u8],
    /// The whole data buffer that came with it; see [`DecodeSlice::bits`].
    pub(crate) buffer: &'a [u8],
}

impl DecodeJob<'_> {
    /// The picture parameters; `None` when none came or they are too short.
    pub(crate) fn picture<T: Plain>(&self) -> Option<T> {
        sys::read(self.picture)
    }
}

impl<'a> DecodeSlice<'a> {
    /// Its parameters.
    pub(crate) fn parameters<T: Plain>(&self) -> Option<T> {
        sys::read(self.parameters)
    }

    /// The slice's own part of the buffer. All slice parameters begin with size, offset and flag
    /// (`VASliceParameterBufferBase` in va.h).
    pub(crate) fn bits(&self) -> Option<&'a [u8]> {
        let base: sys::VASliceParameterBufferBase = self.parameters()?;
        let start = base.slice_data_offset as usize;
        self.buffer.get(start..start.checked_add(base.slice_data_size as usize)?)
    }
}
