//! One picture to code, as the client's buffers described it.

use crate::plane::Planes;
use crate::sys::{self, Plain};

/// A picture to code.
#[allow(dead_code, reason = "what the client says is told whole, whether or not an engine reads it yet")]
#[derive(Debug)]
pub(crate) struct EncodeJob<'a> {
    /// The pixels, linear. The sequence or picture parameters say how much of them is coded; surfaces may be larger, or
    /// (1080 lines for 1088 coded ones) smaller: [`Planes::resized`] tells whether the memory holds them.
    pub(crate) source: Planes<'a>,
    /// `VAEncSequenceParameterBuffer*`, raw: the last that came in this context; empty when none did (JPEG has none).
    pub(crate) sequence: &'a [u8],
    /// Whether it came with this picture.
    pub(crate) sequence_is_new: bool,
    /// `VAEncPictureParameterBuffer*`, raw.
    pub(crate) picture: &'a [u8],
    /// `VAEncSliceParameterBuffer*` or `VAEncTileGroupBufferAV1`, raw, one each, in order.
    pub(crate) slices: &'a [Vec<u8>],
    /// Packed headers in the order in which they were rendered. A slice's own come before its parameters in FFmpeg and
    /// after them in others: `before_slice` says how many slices had come.
    pub(crate) packed: &'a [Packed],
    /// `VAQMatrixBuffer*` or `VAIQMatrixBuffer*`, raw; empty when none came.
    pub(crate) matrix: &'a [u8],
    /// `VAHuffmanTableBufferJPEGBaseline`, raw; empty when none came.
    pub(crate) huffman: &'a [u8],
    /// Rate control and the like as last set in this context.
    pub(crate) rate: &'a RateSettings,
    /// Bytes that the client's coded buffer holds.
    pub(crate) capacity: usize,
    /// Pictures coded in this context before this one.
    pub(crate) index: u64,
}

impl EncodeJob<'_> {
    /// The sequence parameters; `None` when none came or they are too short.
    pub(crate) fn sequence<T: Plain>(&self) -> Option<T> {
        sys::read(self.sequence)
    }

    /// The picture parameters.
    pub(crate) fn picture<T: Plain>(&self) -> Option<T> {
        sys::read(self.picture)
    }

    /// The slices' parameters.
    pub(crate) fn slices<T: Plain>(&self) -> impl Iterator<Item = T> + '_ {
        self.slices.iter().filter_map(|bytes| sys::read(bytes))
    }

    /// The packed headers of a kind (`VAEncPackedHeaderSequence` and so on).
    pub(crate) fn packed(&self, kind: u32) -> impl Iterator<Item = &Packed> + '_ {
        self.packed.iter().filter(move |packed| packed.kind == kind)
    }
}

/// A header that the client wrote itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    /// `VAEncPackedHeaderParameterBuffer::type_`.
    pub(crate) kind: u32,
    /// Its length in bits, which may end within a byte (slice headers).
    pub(crate) bits: u32,
    /// Whether emulation prevention bytes are in it already. Otherwise the encoder inserts them.
    pub(crate) has_emulation_bytes: bool,
    /// Slices whose parameters had been rendered before it.
    pub(crate) before_slice: usize,
    /// Start code and all.
    pub(crate) bytes: Vec<u8>,
}

/// Rate control as the client set it: `VAEncMiscParameter*`, the last of each, with what was never set at 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RateSettings {
    /// The one `VA_RC_*` of the configuration.
    pub(crate) mode: u32,
    /// The largest bit rate.
    pub(crate) bits_per_second: u32,
    /// The bit rate aimed at, in per cent of it.
    pub(crate) target_percentage: u32,
    /// Milliseconds over which the rate shall hold.
    pub(crate) window_ms: u32,
    /// Quantiser limits.
    pub(crate) initial_qp: u32,
    /// See `initial_qp`.
    pub(crate) min_qp: u32,
    /// See `initial_qp`.
    pub(crate) max_qp: u32,
    /// Quality in ICQ (1 to 51).
    pub(crate) icq_quality: u32,
    /// Quality in QVBR and other modes.
    pub(crate) quality_factor: u32,
    /// Frames per second as a fraction; 0/0 when it was never set.
    pub(crate) framerate: (u32, u32),
    /// HRD buffer in bits.
    pub(crate) hrd_bits: u32,
    /// Its fullness at the start.
    pub(crate) hrd_initial_bits: u32,
    /// Speed against quality, from 1 (best); 0: the default.
    pub(crate) quality_level: u32,
    /// Largest picture in bits.
    pub(crate) max_frame_bits: u32,
    /// Largest slice in bytes.
    pub(crate) max_slice_bytes: u32,
    /// Counts up whenever the client sends rate control, HRD or frame rate with other values than before.
    pub(crate) generation: u64,
}
