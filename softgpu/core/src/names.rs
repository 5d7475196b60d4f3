//! Names of VA-API's numbers, from libva's `va.h` 1.17, so that profiles and rules can be read by people.
//!
//! softgpu-va tests them against the header that it is built with.

/// A table of names and numbers.
pub type Names<T> = &'static [(&'static str, T)];

/// `VA_STATUS_ERROR_*`.
pub const STATUS: Names<i32> = &[
    ("OPERATION_FAILED", 0x01),
    ("ALLOCATION_FAILED", 0x02),
    ("INVALID_DISPLAY", 0x03),
    ("INVALID_CONFIG", 0x04),
    ("INVALID_CONTEXT", 0x05),
    ("INVALID_SURFACE", 0x06),
    ("INVALID_BUFFER", 0x07),
    ("INVALID_IMAGE", 0x08),
    ("INVALID_SUBPICTURE", 0x09),
    ("ATTR_NOT_SUPPORTED", 0x0a),
    ("MAX_NUM_EXCEEDED", 0x0b),
    ("UNSUPPORTED_PROFILE", 0x0c),
    ("UNSUPPORTED_ENTRYPOINT", 0x0d),
    ("UNSUPPORTED_RT_FORMAT", 0x0e),
    ("UNSUPPORTED_BUFFERTYPE", 0x0f),
    ("SURFACE_BUSY", 0x10),
    ("FLAG_NOT_SUPPORTED", 0x11),
    ("INVALID_PARAMETER", 0x12),
    ("RESOLUTION_NOT_SUPPORTED", 0x13),
    ("UNIMPLEMENTED", 0x14),
    ("SURFACE_IN_DISPLAYING", 0x15),
    ("INVALID_IMAGE_FORMAT", 0x16),
    ("DECODING_ERROR", 0x17),
    ("ENCODING_ERROR", 0x18),
    ("INVALID_VALUE", 0x19),
    ("UNSUPPORTED_FILTER", 0x20),
    ("INVALID_FILTER_CHAIN", 0x21),
    ("HW_BUSY", 0x22),
    ("UNSUPPORTED_MEMORY_TYPE", 0x24),
    ("NOT_ENOUGH_BUFFER", 0x25),
    ("TIMEDOUT", 0x26),
    ("UNKNOWN", -1),
];

/// `VAProfile*`.
pub const PROFILE: Names<i32> = &[
    ("None", -1),
    ("MPEG2Simple", 0),
    ("MPEG2Main", 1),
    ("MPEG4Simple", 2),
    ("MPEG4AdvancedSimple", 3),
    ("MPEG4Main", 4),
    ("H264Baseline", 5),
    ("H264Main", 6),
    ("H264High", 7),
    ("VC1Simple", 8),
    ("VC1Main", 9),
    ("VC1Advanced", 10),
    ("H263Baseline", 11),
    ("JPEGBaseline", 12),
    ("H264ConstrainedBaseline", 13),
    ("VP8Version0_3", 14),
    ("H264MultiviewHigh", 15),
    ("H264StereoHigh", 16),
    ("HEVCMain", 17),
    ("HEVCMain10", 18),
    ("VP9Profile0", 19),
    ("VP9Profile1", 20),
    ("VP9Profile2", 21),
    ("VP9Profile3", 22),
    ("HEVCMain12", 23),
    ("HEVCMain422_10", 24),
    ("HEVCMain422_12", 25),
    ("HEVCMain444", 26),
    ("HEVCMain444_10", 27),
    ("HEVCMain444_12", 28),
    ("HEVCSccMain", 29),
    ("HEVCSccMain10", 30),
    ("HEVCSccMain444", 31),
    ("AV1Profile0", 32),
    ("AV1Profile1", 33),
    ("HEVCSccMain444_10", 34),
    ("Protected", 35),
];

/// `VAEntrypoint*`.
pub const ENTRYPOINT: Names<i32> = &[
    ("VLD", 1),
    ("IZZ", 2),
    ("IDCT", 3),
    ("MoComp", 4),
    ("Deblocking", 5),
    ("EncSlice", 6),
    ("EncPicture", 7),
    ("EncSliceLP", 8),
    ("VideoProc", 10),
    ("FEI", 11),
    ("Stats", 12),
    ("ProtectedTEEComm", 13),
    ("ProtectedContent", 14),
];

/// `VAConfigAttrib*`.
pub const ATTRIBUTE: Names<i32> = &[
    ("RTFormat", 0),
    ("SpatialResidual", 1),
    ("SpatialClipping", 2),
    ("IntraResidual", 3),
    ("Encryption", 4),
    ("RateControl", 5),
    ("DecSliceMode", 6),
    ("DecJPEG", 7),
    ("DecProcessing", 8),
    ("EncPackedHeaders", 10),
    ("EncInterlaced", 11),
    ("EncMaxRefFrames", 13),
    ("EncMaxSlices", 14),
    ("EncSliceStructure", 15),
    ("EncMacroblockInfo", 16),
    ("MaxPictureWidth", 18),
    ("MaxPictureHeight", 19),
    ("EncJPEG", 20),
    ("EncQualityRange", 21),
    ("EncQuantization", 22),
    ("EncIntraRefresh", 23),
    ("EncSkipFrame", 24),
    ("EncROI", 25),
    ("EncRateControlExt", 26),
    ("ProcessingRate", 27),
    ("EncDirtyRect", 28),
    ("EncParallelRateControl", 29),
    ("EncDynamicScaling", 30),
    ("FrameSizeToleranceSupport", 31),
    ("FEIFunctionType", 32),
    ("FEIMVPredictors", 33),
    ("Stats", 34),
    ("EncTileSupport", 35),
    ("CustomRoundingControl", 36),
    ("QPBlockSize", 37),
    ("MaxFrameSize", 38),
    ("PredictionDirection", 39),
    ("MultipleFrame", 40),
    ("ContextPriority", 41),
    ("DecAV1Features", 42),
    ("TEEType", 43),
    ("TEETypeClient", 44),
    ("ProtectedContentCipherAlgorithm", 45),
    ("ProtectedContentCipherBlockSize", 46),
    ("ProtectedContentCipherMode", 47),
    ("ProtectedContentCipherSampleType", 48),
    ("ProtectedContentUsage", 49),
    ("EncHEVCFeatures", 50),
    ("EncHEVCBlockSizes", 51),
    ("EncAV1", 52),
    ("EncAV1Ext1", 53),
    ("EncAV1Ext2", 54),
    ("EncPerBlockControl", 55),
];

/// `VA_RT_FORMAT_*`.
pub const RT_FORMAT: Names<u32> = &[
    ("YUV420", 0x1),
    ("YUV422", 0x2),
    ("YUV444", 0x4),
    ("YUV411", 0x8),
    ("YUV400", 0x10),
    ("YUV420_10", 0x100),
    ("YUV422_10", 0x200),
    ("YUV444_10", 0x400),
    ("YUV420_12", 0x1000),
    ("YUV422_12", 0x2000),
    ("YUV444_12", 0x4000),
    ("RGB16", 0x10000),
    ("RGB32", 0x20000),
    ("RGBP", 0x100000),
    ("RGB32_10", 0x200000),
    ("PROTECTED", 0x80000000),
];

/// `VA_RC_*`.
pub const RATE_CONTROL: Names<u32> = &[
    ("NONE", 0x1),
    ("CBR", 0x2),
    ("VBR", 0x4),
    ("VCM", 0x8),
    ("CQP", 0x10),
    ("VBR_CONSTRAINED", 0x20),
    ("ICQ", 0x40),
    ("MB", 0x80),
    ("CFS", 0x100),
    ("PARALLEL", 0x200),
    ("QVBR", 0x400),
    ("AVBR", 0x800),
    ("TCBRC", 0x1000),
];

/// `VA_ENC_PACKED_HEADER_*`.
pub const PACKED_HEADER: Names<u32> =
    &[("NONE", 0x0), ("SEQUENCE", 0x1), ("PICTURE", 0x2), ("SLICE", 0x4), ("MISC", 0x8), ("RAW_DATA", 0x10)];

/// `VA_ENC_SLICE_STRUCTURE_*`.
pub const SLICE_STRUCTURE: Names<u32> = &[
    ("POWER_OF_TWO_ROWS", 0x1),
    ("ARBITRARY_MACROBLOCKS", 0x2),
    ("EQUAL_ROWS", 0x4),
    ("MAX_SLICE_SIZE", 0x8),
    ("ARBITRARY_ROWS", 0x10),
    ("EQUAL_MULTI_ROWS", 0x20),
];

/// `VA_DEC_SLICE_MODE_*`.
pub const DEC_SLICE_MODE: Names<u32> = &[("NORMAL", 0x1), ("BASE", 0x2)];

/// The number of a name.
pub fn number<T: Copy>(table: Names<T>, name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The name of a number.
pub fn name<T: Copy + PartialEq>(table: Names<T>, number: T) -> Option<&'static str> {
    table.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// All names of a table, for an error that says what is legal.
pub fn list<T>(table: Names<T>) -> String {
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}
