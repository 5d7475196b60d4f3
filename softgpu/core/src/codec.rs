//! What the driver asks of the codec library, which it loads when first needed: one table of C functions.
//!
//! All sizes are in pixels of the coded picture unless said otherwise; every function may be called from any thread, one
//! at a time per object. Negative return values are failures.

use std::ffi::{c_int, c_void};

/// Name of the exported function that returns the table, `extern "C" fn() -> *const Table`.
pub const SYMBOL: &str = "softgpu_codec";

/// Version of this layout; the table of another one is refused.
pub const VERSION: u32 = 1;

/// A codec, as the table numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Codec {
    /// H.264.
    H264 = 0,
    /// HEVC.
    Hevc = 1,
    /// AV1.
    Av1 = 2,
    /// VP9.
    Vp9 = 3,
    /// Motion JPEG.
    Mjpeg = 4,
}

/// How a picture's samples lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Format {
    /// 8 bit 4:2:0, Cb and Cr interleaved.
    Nv12 = 0,
    /// 10 bit 4:2:0 in the upper bits of 16, Cb and Cr interleaved.
    P010 = 1,
    /// 8 bit 4:2:0, three planes.
    I420 = 2,
    /// 32 bit: B, G, R, A in memory.
    Bgra = 3,
    /// 32 bit: R, G, B, A in memory.
    Rgba = 4,
    /// 8 bit 4:2:2, packed Y U Y V.
    Yuy2 = 5,
    /// 8 bit 4:4:4, three planes.
    I444 = 6,
    /// 8 bit luma alone.
    Y800 = 7,
}

/// A picture in the driver's memory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Image {
    /// How its samples lie.
    pub format: Format,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// First byte of each plane; null where there is none.
    pub planes: [*mut u8; 3],
    /// Bytes from one row to the next, of each plane.
    pub strides: [usize; 3],
}

/// How a picture is to be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Decoding can begin here; all references are forgotten.
    Idr = 0,
    /// Without references; what comes later may still refer to what was before.
    Intra = 1,
    /// Refers to the picture that was last coded with this encoder as another kind than [`Kind::Aside`].
    Inter = 2,
    /// Likewise, and no later picture refers to it. H.264 and AV1 only.
    Aside = 3,
}

/// [`EncoderConfig::flags`] and [`EncoderConfig::numbers`] of H.264: what the parameter sets fix. A picture refers to one
/// other alone; weighted prediction is never used.
pub mod h264 {
    /// entropy_coding_mode_flag.
    pub const CABAC: u64 = 1 << 0;
    /// transform_8x8_mode_flag.
    pub const TRANSFORM_8X8: u64 = 1 << 1;
    /// constrained_intra_pred_flag.
    pub const CONSTRAINED_INTRA: u64 = 1 << 2;
    /// The deblocking filter is off.
    pub const NO_DEBLOCKING: u64 = 1 << 3;
    /// Index of chroma_qp_index_offset, a signed number.
    pub const CHROMA_QP_OFFSET: usize = 0;
    /// Index of slice_alpha_c0_offset_div2, a signed number.
    pub const ALPHA: usize = 1;
    /// Index of slice_beta_offset_div2, a signed number.
    pub const BETA: usize = 2;
    /// Index of level_idc, which bounds motion vectors; 0 leaves it to the encoder.
    pub const LEVEL: usize = 3;
    /// Index of the most pictures of [`Kind::Aside`](super::Kind::Aside) that come one after the other.
    pub const ASIDE: usize = 4;
}

/// [`EncoderConfig::flags`] of HEVC: what the parameter sets fix. Temporal motion vectors, SAO, weighted prediction and
/// anything else that a slice header can turn off is never used.
pub mod hevc {
    /// amp_enabled_flag.
    pub const AMP: u64 = 1 << 0;
    /// sign_data_hiding_enabled_flag.
    pub const SIGN_HIDING: u64 = 1 << 1;
    /// transform_skip_enabled_flag.
    pub const TRANSFORM_SKIP: u64 = 1 << 2;
    /// cu_qp_delta_enabled_flag.
    pub const CU_QP_DELTA: u64 = 1 << 3;
    /// strong_intra_smoothing_enabled_flag.
    pub const STRONG_INTRA: u64 = 1 << 4;
    /// constrained_intra_pred_flag.
    pub const CONSTRAINED_INTRA: u64 = 1 << 5;
    /// The deblocking filter is off.
    pub const NO_DEBLOCKING: u64 = 1 << 6;
    /// Lowest of the two bits of diff_cu_qp_delta_depth.
    pub const QG_DEPTH: u32 = 8;
    /// Lowest of the eight bits of pps_cb_qp_offset.
    pub const CB: u32 = 16;
    /// Lowest of the eight bits of pps_cr_qp_offset.
    pub const CR: u32 = 24;
    /// Lowest of the eight bits of the deblocking filter's beta_offset_div2.
    pub const BETA: u32 = 32;
    /// Lowest of the eight bits of the deblocking filter's tc_offset_div2.
    pub const TC: u32 = 40;

    /// The signed number whose lowest bit is `at`.
    pub const fn offset(flags: u64, at: u32) -> i32 {
        (flags >> at) as u8 as i8 as i32
    }

    /// The bits of a signed number, to be joined with the other flags.
    pub const fn from_offset(offset: i32, at: u32) -> u64 {
        (offset as i8 as u8 as u64) << at
    }
}

/// [`EncoderConfig::flags`] of AV1: what the sequence header fixes. What a frame header can turn off is never used.
pub mod av1 {
    /// enable_filter_intra.
    pub const FILTER_INTRA: u64 = 1 << 0;
    /// enable_intra_edge_filter.
    pub const INTRA_EDGE: u64 = 1 << 1;
    /// enable_interintra_compound.
    pub const INTERINTRA: u64 = 1 << 2;
    /// enable_dual_filter.
    pub const DUAL_FILTER: u64 = 1 << 3;
    /// use_128x128_superblock.
    pub const SUPERBLOCK_128: u64 = 1 << 4;
    /// Every picture begins from the default probabilities (PRIMARY_REF_NONE), not from those after the picture before.
    pub const NO_PRIMARY_REF: u64 = 1 << 5;
}

/// [`EncoderConfig::flags`] of VP9.
pub mod vp9 {
    /// Every picture begins from the default probabilities (error_resilient_mode).
    pub const INDEPENDENT: u64 = 1 << 0;
}

/// What stays the same for all pictures of an encoder.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct EncoderConfig {
    /// Codec.
    pub codec: Codec,
    /// Coded width, a multiple of what the codec's blocks need.
    pub width: u32,
    /// Coded height, likewise.
    pub height: u32,
    /// 8 or 10.
    pub bit_depth: u32,
    /// Frames in `fps_den` seconds.
    pub fps_num: u32,
    /// See `fps_num`; never 0.
    pub fps_den: u32,
    /// Slices of a picture.
    pub slices: u32,
    /// Codec-specific switches, so that the coded blocks fit parameter sets written by somebody else. See [`h264`] and
    /// [`hevc`].
    pub flags: u64,
    /// Further codec-specific numbers; H.264: see [`h264`]; HEVC: log2 of CTB, smallest CB, largest TB, smallest TB, depth of TB trees inter,
    /// intra, then zero.
    pub numbers: [u32; 8],
}

/// Functions of the codec library.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Table {
    /// [`VERSION`].
    pub version: u32,
    /// A new encoder, or null when its library is not there.
    pub encoder_open: unsafe extern "C" fn(config: *const EncoderConfig) -> *mut c_void,
    /// Codes a picture at a quantiser of the codec's own scale, all NAL units or OBUs of it, parameter sets of an IDR
    /// among them. `data` stays valid until the next call on this encoder.
    pub encoder_picture: unsafe extern "C" fn(
        encoder: *mut c_void,
        image: *const Image,
        kind: Kind,
        qp: u32,
        data: *mut *const u8,
        len: *mut usize,
    ) -> c_int,
    /// Ends an encoder.
    pub encoder_close: unsafe extern "C" fn(encoder: *mut c_void),
    /// A new decoder, or null.
    pub decoder_open: unsafe extern "C" fn(codec: Codec) -> *mut c_void,
    /// Decodes one access or temporal unit (or one field of it) into `image` at once, in decoding order, whatever the
    /// display order is. 1 when a picture was written, 2 when one was written and is damaged, 0 when the unit has none.
    /// Without data (`len` 0) all references are forgotten.
    pub decoder_picture:
        unsafe extern "C" fn(decoder: *mut c_void, data: *const u8, len: usize, image: *const Image) -> c_int,
    /// Ends a decoder.
    pub decoder_close: unsafe extern "C" fn(decoder: *mut c_void),
    /// Scales and converts `source` into `target`. Matrices as `AVColorSpace` numbers them; 0 or 1 for full range.
    pub scale: unsafe extern "C" fn(
        source: *const Image,
        source_matrix: c_int,
        source_full: c_int,
        target: *const Image,
        target_matrix: c_int,
        target_full: c_int,
    ) -> c_int,
}
