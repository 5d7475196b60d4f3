// Generated from libva's va.h, va_drm.h and va_str.h by bindgen: see examples/generate.rs. Do not edit.

pub const VA_MAJOR_VERSION: u32 = 1;
pub const VA_MINOR_VERSION: u32 = 17;
pub const VA_STATUS_SUCCESS: u32 = 0;
pub const VA_STATUS_ERROR_OPERATION_FAILED: u32 = 1;
pub const VA_STATUS_ERROR_ALLOCATION_FAILED: u32 = 2;
pub const VA_STATUS_ERROR_INVALID_DISPLAY: u32 = 3;
pub const VA_STATUS_ERROR_INVALID_CONFIG: u32 = 4;
pub const VA_STATUS_ERROR_INVALID_CONTEXT: u32 = 5;
pub const VA_STATUS_ERROR_INVALID_SURFACE: u32 = 6;
pub const VA_STATUS_ERROR_INVALID_BUFFER: u32 = 7;
pub const VA_STATUS_ERROR_INVALID_IMAGE: u32 = 8;
pub const VA_STATUS_ERROR_INVALID_SUBPICTURE: u32 = 9;
pub const VA_STATUS_ERROR_ATTR_NOT_SUPPORTED: u32 = 10;
pub const VA_STATUS_ERROR_MAX_NUM_EXCEEDED: u32 = 11;
pub const VA_STATUS_ERROR_UNSUPPORTED_PROFILE: u32 = 12;
pub const VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT: u32 = 13;
pub const VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT: u32 = 14;
pub const VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE: u32 = 15;
pub const VA_STATUS_ERROR_SURFACE_BUSY: u32 = 16;
pub const VA_STATUS_ERROR_FLAG_NOT_SUPPORTED: u32 = 17;
pub const VA_STATUS_ERROR_INVALID_PARAMETER: u32 = 18;
pub const VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED: u32 = 19;
pub const VA_STATUS_ERROR_UNIMPLEMENTED: u32 = 20;
pub const VA_STATUS_ERROR_SURFACE_IN_DISPLAYING: u32 = 21;
pub const VA_STATUS_ERROR_INVALID_IMAGE_FORMAT: u32 = 22;
pub const VA_STATUS_ERROR_DECODING_ERROR: u32 = 23;
pub const VA_STATUS_ERROR_ENCODING_ERROR: u32 = 24;
pub const VA_STATUS_ERROR_INVALID_VALUE: u32 = 25;
pub const VA_STATUS_ERROR_UNSUPPORTED_FILTER: u32 = 32;
pub const VA_STATUS_ERROR_INVALID_FILTER_CHAIN: u32 = 33;
pub const VA_STATUS_ERROR_HW_BUSY: u32 = 34;
pub const VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE: u32 = 36;
pub const VA_STATUS_ERROR_NOT_ENOUGH_BUFFER: u32 = 37;
pub const VA_STATUS_ERROR_TIMEDOUT: u32 = 38;
pub const VA_STATUS_ERROR_UNKNOWN: u32 = 4294967295;
pub const VA_RT_FORMAT_YUV420: u32 = 1;
pub const VA_RT_FORMAT_YUV422: u32 = 2;
pub const VA_RT_FORMAT_YUV444: u32 = 4;
pub const VA_RT_FORMAT_YUV411: u32 = 8;
pub const VA_RT_FORMAT_YUV400: u32 = 16;
pub const VA_RT_FORMAT_YUV420_10: u32 = 256;
pub const VA_RT_FORMAT_YUV422_10: u32 = 512;
pub const VA_RT_FORMAT_YUV444_10: u32 = 1024;
pub const VA_RT_FORMAT_YUV420_12: u32 = 4096;
pub const VA_RT_FORMAT_YUV422_12: u32 = 8192;
pub const VA_RT_FORMAT_YUV444_12: u32 = 16384;
pub const VA_RT_FORMAT_RGB16: u32 = 65536;
pub const VA_RT_FORMAT_RGB32: u32 = 131072;
pub const VA_RT_FORMAT_RGBP: u32 = 1048576;
pub const VA_RT_FORMAT_RGB32_10: u32 = 2097152;
pub const VA_RT_FORMAT_PROTECTED: u32 = 2147483648;
pub const VA_RT_FORMAT_RGB32_10BPP: u32 = 2097152;
pub const VA_RT_FORMAT_YUV420_10BPP: u32 = 256;
pub const VA_RC_NONE: u32 = 1;
pub const VA_RC_CBR: u32 = 2;
pub const VA_RC_VBR: u32 = 4;
pub const VA_RC_VCM: u32 = 8;
pub const VA_RC_CQP: u32 = 16;
pub const VA_RC_VBR_CONSTRAINED: u32 = 32;
pub const VA_RC_ICQ: u32 = 64;
pub const VA_RC_MB: u32 = 128;
pub const VA_RC_CFS: u32 = 256;
pub const VA_RC_PARALLEL: u32 = 512;
pub const VA_RC_QVBR: u32 = 1024;
pub const VA_RC_AVBR: u32 = 2048;
pub const VA_RC_TCBRC: u32 = 4096;
pub const VA_ENC_PACKED_HEADER_NONE: u32 = 0;
pub const VA_ENC_PACKED_HEADER_SEQUENCE: u32 = 1;
pub const VA_ENC_PACKED_HEADER_PICTURE: u32 = 2;
pub const VA_ENC_PACKED_HEADER_SLICE: u32 = 4;
pub const VA_ENC_PACKED_HEADER_MISC: u32 = 8;
pub const VA_ENC_PACKED_HEADER_RAW_DATA: u32 = 16;
pub const VA_ENC_SLICE_STRUCTURE_POWER_OF_TWO_ROWS: u32 = 1;
pub const VA_ENC_SLICE_STRUCTURE_ARBITRARY_MACROBLOCKS: u32 = 2;
pub const VA_ENC_SLICE_STRUCTURE_EQUAL_ROWS: u32 = 4;
pub const VA_ENC_SLICE_STRUCTURE_MAX_SLICE_SIZE: u32 = 8;
pub const VA_ENC_SLICE_STRUCTURE_ARBITRARY_ROWS: u32 = 16;
pub const VA_ENC_SLICE_STRUCTURE_EQUAL_MULTI_ROWS: u32 = 32;
pub const VA_ATTRIB_NOT_SUPPORTED: u32 = 2147483648;
pub const VA_INVALID_ID: u32 = 4294967295;
pub const VA_SURFACE_ATTRIB_NOT_SUPPORTED: u32 = 0;
pub const VA_SURFACE_ATTRIB_GETTABLE: u32 = 1;
pub const VA_SURFACE_ATTRIB_SETTABLE: u32 = 2;
pub const VA_SURFACE_ATTRIB_MEM_TYPE_VA: u32 = 1;
pub const VA_SURFACE_ATTRIB_MEM_TYPE_V4L2: u32 = 2;
pub const VA_SURFACE_ATTRIB_MEM_TYPE_USER_PTR: u32 = 4;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_GENERIC: u32 = 0;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_DECODER: u32 = 1;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_ENCODER: u32 = 2;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_VPP_READ: u32 = 4;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_VPP_WRITE: u32 = 8;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_DISPLAY: u32 = 16;
pub const VA_SURFACE_ATTRIB_USAGE_HINT_EXPORT: u32 = 32;
pub const VA_FOURCC_NV12: u32 = 842094158;
pub const VA_FOURCC_RGBA: u32 = 1094862674;
pub const VA_FOURCC_RGBX: u32 = 1480738642;
pub const VA_FOURCC_BGRA: u32 = 1095911234;
pub const VA_FOURCC_BGRX: u32 = 1481787202;
pub const VA_FOURCC_AYUV: u32 = 1448433985;
pub const VA_FOURCC_Y410: u32 = 808531033;
pub const VA_FOURCC_P010: u32 = 808530000;
pub const VA_FOURCC_XYUV: u32 = 1448434008;
pub type VADisplay = *mut ::std::os::raw::c_void;
pub type VAStatus = ::std::os::raw::c_int;
pub type VAMessageCallback = ::std::option::Option<
    unsafe extern "C" fn(
        user_context: *mut ::std::os::raw::c_void,
        message: *const ::std::os::raw::c_char,
    ),
>;
impl VAProfile {
    pub const VAProfileNone: VAProfile = VAProfile(-1);
    pub const VAProfileMPEG2Simple: VAProfile = VAProfile(0);
    pub const VAProfileMPEG2Main: VAProfile = VAProfile(1);
    pub const VAProfileMPEG4Simple: VAProfile = VAProfile(2);
    pub const VAProfileMPEG4AdvancedSimple: VAProfile = VAProfile(3);
    pub const VAProfileMPEG4Main: VAProfile = VAProfile(4);
    pub const VAProfileH264Baseline: VAProfile = VAProfile(5);
    pub const VAProfileH264Main: VAProfile = VAProfile(6);
    pub const VAProfileH264High: VAProfile = VAProfile(7);
    pub const VAProfileVC1Simple: VAProfile = VAProfile(8);
    pub const VAProfileVC1Main: VAProfile = VAProfile(9);
    pub const VAProfileVC1Advanced: VAProfile = VAProfile(10);
    pub const VAProfileH263Baseline: VAProfile = VAProfile(11);
    pub const VAProfileJPEGBaseline: VAProfile = VAProfile(12);
    pub const VAProfileH264ConstrainedBaseline: VAProfile = VAProfile(13);
    pub const VAProfileVP8Version0_3: VAProfile = VAProfile(14);
    pub const VAProfileH264MultiviewHigh: VAProfile = VAProfile(15);
    pub const VAProfileH264StereoHigh: VAProfile = VAProfile(16);
    pub const VAProfileHEVCMain: VAProfile = VAProfile(17);
    pub const VAProfileHEVCMain10: VAProfile = VAProfile(18);
    pub const VAProfileVP9Profile0: VAProfile = VAProfile(19);
    pub const VAProfileVP9Profile1: VAProfile = VAProfile(20);
    pub const VAProfileVP9Profile2: VAProfile = VAProfile(21);
    pub const VAProfileVP9Profile3: VAProfile = VAProfile(22);
    pub const VAProfileHEVCMain12: VAProfile = VAProfile(23);
    pub const VAProfileHEVCMain422_10: VAProfile = VAProfile(24);
    pub const VAProfileHEVCMain422_12: VAProfile = VAProfile(25);
    pub const VAProfileHEVCMain444: VAProfile = VAProfile(26);
    pub const VAProfileHEVCMain444_10: VAProfile = VAProfile(27);
    pub const VAProfileHEVCMain444_12: VAProfile = VAProfile(28);
    pub const VAProfileHEVCSccMain: VAProfile = VAProfile(29);
    pub const VAProfileHEVCSccMain10: VAProfile = VAProfile(30);
    pub const VAProfileHEVCSccMain444: VAProfile = VAProfile(31);
    pub const VAProfileAV1Profile0: VAProfile = VAProfile(32);
    pub const VAProfileAV1Profile1: VAProfile = VAProfile(33);
    pub const VAProfileHEVCSccMain444_10: VAProfile = VAProfile(34);
    pub const VAProfileProtected: VAProfile = VAProfile(35);
}
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct VAProfile(pub ::std::os::raw::c_int);
impl VAEntrypoint {
    pub const VAEntrypointVLD: VAEntrypoint = VAEntrypoint(1);
    pub const VAEntrypointIZZ: VAEntrypoint = VAEntrypoint(2);
    pub const VAEntrypointIDCT: VAEntrypoint = VAEntrypoint(3);
    pub const VAEntrypointMoComp: VAEntrypoint = VAEntrypoint(4);
    pub const VAEntrypointDeblocking: VAEntrypoint = VAEntrypoint(5);
    pub const VAEntrypointEncSlice: VAEntrypoint = VAEntrypoint(6);
    pub const VAEntrypointEncPicture: VAEntrypoint = VAEntrypoint(7);
    pub const VAEntrypointEncSliceLP: VAEntrypoint = VAEntrypoint(8);
    pub const VAEntrypointVideoProc: VAEntrypoint = VAEntrypoint(10);
    pub const VAEntrypointFEI: VAEntrypoint = VAEntrypoint(11);
    pub const VAEntrypointStats: VAEntrypoint = VAEntrypoint(12);
    pub const VAEntrypointProtectedTEEComm: VAEntrypoint = VAEntrypoint(13);
    pub const VAEntrypointProtectedContent: VAEntrypoint = VAEntrypoint(14);
}
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct VAEntrypoint(pub ::std::os::raw::c_uint);
impl VAConfigAttribType {
    pub const VAConfigAttribRTFormat: VAConfigAttribType = VAConfigAttribType(0);
    pub const VAConfigAttribSpatialResidual: VAConfigAttribType = VAConfigAttribType(1);
    pub const VAConfigAttribSpatialClipping: VAConfigAttribType = VAConfigAttribType(2);
    pub const VAConfigAttribIntraResidual: VAConfigAttribType = VAConfigAttribType(3);
    pub const VAConfigAttribEncryption: VAConfigAttribType = VAConfigAttribType(4);
    pub const VAConfigAttribRateControl: VAConfigAttribType = VAConfigAttribType(5);
    pub const VAConfigAttribDecSliceMode: VAConfigAttribType = VAConfigAttribType(6);
    pub const VAConfigAttribDecJPEG: VAConfigAttribType = VAConfigAttribType(7);
    pub const VAConfigAttribDecProcessing: VAConfigAttribType = VAConfigAttribType(8);
    pub const VAConfigAttribEncPackedHeaders: VAConfigAttribType = VAConfigAttribType(
        10,
    );
    pub const VAConfigAttribEncInterlaced: VAConfigAttribType = VAConfigAttribType(11);
    pub const VAConfigAttribEncMaxRefFrames: VAConfigAttribType = VAConfigAttribType(13);
    pub const VAConfigAttribEncMaxSlices: VAConfigAttribType = VAConfigAttribType(14);
    pub const VAConfigAttribEncSliceStructure: VAConfigAttribType = VAConfigAttribType(
        15,
    );
    pub const VAConfigAttribEncMacroblockInfo: VAConfigAttribType = VAConfigAttribType(
        16,
    );
    pub const VAConfigAttribMaxPictureWidth: VAConfigAttribType = VAConfigAttribType(18);
    pub const VAConfigAttribMaxPictureHeight: VAConfigAttribType = VAConfigAttribType(
        19,
    );
    pub const VAConfigAttribEncJPEG: VAConfigAttribType = VAConfigAttribType(20);
    pub const VAConfigAttribEncQualityRange: VAConfigAttribType = VAConfigAttribType(21);
    pub const VAConfigAttribEncQuantization: VAConfigAttribType = VAConfigAttribType(22);
    pub const VAConfigAttribEncIntraRefresh: VAConfigAttribType = VAConfigAttribType(23);
    pub const VAConfigAttribEncSkipFrame: VAConfigAttribType = VAConfigAttribType(24);
    pub const VAConfigAttribEncROI: VAConfigAttribType = VAConfigAttribType(25);
    pub const VAConfigAttribEncRateControlExt: VAConfigAttribType = VAConfigAttribType(
        26,
    );
    pub const VAConfigAttribProcessingRate: VAConfigAttribType = VAConfigAttribType(27);
    pub const VAConfigAttribEncDirtyRect: VAConfigAttribType = VAConfigAttribType(28);
    pub const VAConfigAttribEncParallelRateControl: VAConfigAttribType = VAConfigAttribType(
        29,
    );
    pub const VAConfigAttribEncDynamicScaling: VAConfigAttribType = VAConfigAttribType(
        30,
    );
    pub const VAConfigAttribFrameSizeToleranceSupport: VAConfigAttribType = VAConfigAttribType(
        31,
    );
    pub const VAConfigAttribFEIFunctionType: VAConfigAttribType = VAConfigAttribType(32);
    pub const VAConfigAttribFEIMVPredictors: VAConfigAttribType = VAConfigAttribType(33);
    pub const VAConfigAttribStats: VAConfigAttribType = VAConfigAttribType(34);
    pub const VAConfigAttribEncTileSupport: VAConfigAttribType = VAConfigAttribType(35);
    pub const VAConfigAttribCustomRoundingControl: VAConfigAttribType = VAConfigAttribType(
        36,
    );
    pub const VAConfigAttribQPBlockSize: VAConfigAttribType = VAConfigAttribType(37);
    pub const VAConfigAttribMaxFrameSize: VAConfigAttribType = VAConfigAttribType(38);
    pub const VAConfigAttribPredictionDirection: VAConfigAttribType = VAConfigAttribType(
        39,
    );
    pub const VAConfigAttribMultipleFrame: VAConfigAttribType = VAConfigAttribType(40);
    pub const VAConfigAttribContextPriority: VAConfigAttribType = VAConfigAttribType(41);
    pub const VAConfigAttribDecAV1Features: VAConfigAttribType = VAConfigAttribType(42);
    pub const VAConfigAttribTEEType: VAConfigAttribType = VAConfigAttribType(43);
    pub const VAConfigAttribTEETypeClient: VAConfigAttribType = VAConfigAttribType(44);
    pub const VAConfigAttribProtectedContentCipherAlgorithm: VAConfigAttribType = VAConfigAttribType(
        45,
    );
    pub const VAConfigAttribProtectedContentCipherBlockSize: VAConfigAttribType = VAConfigAttribType(
        46,
    );
    pub const VAConfigAttribProtectedContentCipherMode: VAConfigAttribType = VAConfigAttribType(
        47,
    );
    pub const VAConfigAttribProtectedContentCipherSampleType: VAConfigAttribType = VAConfigAttribType(
        48,
    );
    pub const VAConfigAttribProtectedContentUsage: VAConfigAttribType = VAConfigAttribType(
        49,
    );
    pub const VAConfigAttribEncHEVCFeatures: VAConfigAttribType = VAConfigAttribType(50);
    pub const VAConfigAttribEncHEVCBlockSizes: VAConfigAttribType = VAConfigAttribType(
        51,
    );
    pub const VAConfigAttribEncAV1: VAConfigAttribType = VAConfigAttribType(52);
    pub const VAConfigAttribEncAV1Ext1: VAConfigAttribType = VAConfigAttribType(53);
    pub const VAConfigAttribEncAV1Ext2: VAConfigAttribType = VAConfigAttribType(54);
    pub const VAConfigAttribEncPerBlockControl: VAConfigAttribType = VAConfigAttribType(
        55,
    );
    pub const VAConfigAttribTypeMax: VAConfigAttribType = VAConfigAttribType(56);
}
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct VAConfigAttribType(pub ::std::os::raw::c_uint);
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct _VAConfigAttrib {
    pub type_: VAConfigAttribType,
    pub value: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of _VAConfigAttrib"][::std::mem::size_of::<_VAConfigAttrib>() - 8usize];
    ["Alignment of _VAConfigAttrib"][::std::mem::align_of::<_VAConfigAttrib>() - 4usize];
    [
        "Offset of field: _VAConfigAttrib::type_",
    ][::std::mem::offset_of!(_VAConfigAttrib, type_) - 0usize];
    [
        "Offset of field: _VAConfigAttrib::value",
    ][::std::mem::offset_of!(_VAConfigAttrib, value) - 4usize];
};
pub type VAConfigAttrib = _VAConfigAttrib;
pub type VAGenericID = ::std::os::raw::c_uint;
pub type VAConfigID = VAGenericID;
impl VAGenericValueType {
    pub const VAGenericValueTypeInteger: VAGenericValueType = VAGenericValueType(1);
    pub const VAGenericValueTypeFloat: VAGenericValueType = VAGenericValueType(2);
    pub const VAGenericValueTypePointer: VAGenericValueType = VAGenericValueType(3);
    pub const VAGenericValueTypeFunc: VAGenericValueType = VAGenericValueType(4);
}
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct VAGenericValueType(pub ::std::os::raw::c_uint);
pub type VAGenericFunc = ::std::option::Option<unsafe extern "C" fn()>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct _VAGenericValue {
    pub type_: VAGenericValueType,
    pub value: _VAGenericValue__bindgen_ty_1,
}
#[repr(C)]
#[derive(Copy, Clone)]
pub union _VAGenericValue__bindgen_ty_1 {
    pub i: i32,
    pub f: f32,
    pub p: *mut ::std::os::raw::c_void,
    pub fn_: VAGenericFunc,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of _VAGenericValue__bindgen_ty_1",
    ][::std::mem::size_of::<_VAGenericValue__bindgen_ty_1>() - 8usize];
    [
        "Alignment of _VAGenericValue__bindgen_ty_1",
    ][::std::mem::align_of::<_VAGenericValue__bindgen_ty_1>() - 8usize];
    [
        "Offset of field: _VAGenericValue__bindgen_ty_1::i",
    ][::std::mem::offset_of!(_VAGenericValue__bindgen_ty_1, i) - 0usize];
    [
        "Offset of field: _VAGenericValue__bindgen_ty_1::f",
    ][::std::mem::offset_of!(_VAGenericValue__bindgen_ty_1, f) - 0usize];
    [
        "Offset of field: _VAGenericValue__bindgen_ty_1::p",
    ][::std::mem::offset_of!(_VAGenericValue__bindgen_ty_1, p) - 0usize];
    [
        "Offset of field: _VAGenericValue__bindgen_ty_1::fn_",
    ][::std::mem::offset_of!(_VAGenericValue__bindgen_ty_1, fn_) - 0usize];
};
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of _VAGenericValue"][::std::mem::size_of::<_VAGenericValue>() - 16usize];
    ["Alignment of _VAGenericValue"][::std::mem::align_of::<_VAGenericValue>() - 8usize];
    [
        "Offset of field: _VAGenericValue::type_",
    ][::std::mem::offset_of!(_VAGenericValue, type_) - 0usize];
    [
        "Offset of field: _VAGenericValue::value",
    ][::std::mem::offset_of!(_VAGenericValue, value) - 8usize];
};
pub type VAGenericValue = _VAGenericValue;
impl VASurfaceAttribType {
    pub const VASurfaceAttribNone: VASurfaceAttribType = VASurfaceAttribType(0);
    pub const VASurfaceAttribPixelFormat: VASurfaceAttribType = VASurfaceAttribType(1);
    pub const VASurfaceAttribMinWidth: VASurfaceAttribType = VASurfaceAttribType(2);
    pub const VASurfaceAttribMaxWidth: VASurfaceAttribType = VASurfaceAttribType(3);
    pub const VASurfaceAttribMinHeight: VASurfaceAttribType = VASurfaceAttribType(4);
    pub const VASurfaceAttribMaxHeight: VASurfaceAttribType = VASurfaceAttribType(5);
    pub const VASurfaceAttribMemoryType: VASurfaceAttribType = VASurfaceAttribType(6);
    pub const VASurfaceAttribExternalBufferDescriptor: VASurfaceAttribType = VASurfaceAttribType(
        7,
    );
    pub const VASurfaceAttribUsageHint: VASurfaceAttribType = VASurfaceAttribType(8);
    pub const VASurfaceAttribDRMFormatModifiers: VASurfaceAttribType = VASurfaceAttribType(
        9,
    );
    pub const VASurfaceAttribCount: VASurfaceAttribType = VASurfaceAttribType(10);
}
#[repr(transparent)]
#[derive(Debug, Copy, Clone, Hash, PartialEq, Eq)]
pub struct VASurfaceAttribType(pub ::std::os::raw::c_uint);
#[repr(C)]
#[derive(Copy, Clone)]
pub struct _VASurfaceAttrib {
    pub type_: VASurfaceAttribType,
    pub flags: u32,
    pub value: VAGenericValue,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of _VASurfaceAttrib"][::std::mem::size_of::<_VASurfaceAttrib>() - 24usize];
    [
        "Alignment of _VASurfaceAttrib",
    ][::std::mem::align_of::<_VASurfaceAttrib>() - 8usize];
    [
        "Offset of field: _VASurfaceAttrib::type_",
    ][::std::mem::offset_of!(_VASurfaceAttrib, type_) - 0usize];
    [
        "Offset of field: _VASurfaceAttrib::flags",
    ][::std::mem::offset_of!(_VASurfaceAttrib, flags) - 4usize];
    [
        "Offset of field: _VASurfaceAttrib::value",
    ][::std::mem::offset_of!(_VASurfaceAttrib, value) - 8usize];
};
pub type VASurfaceAttrib = _VASurfaceAttrib;
pub struct LibVa {
    __library: ::libloading::Library,
    pub vaErrorStr: Result<
        unsafe extern "C" fn(error_status: VAStatus) -> *const ::std::os::raw::c_char,
        ::libloading::Error,
    >,
    pub vaSetErrorCallback: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            callback: VAMessageCallback,
            user_context: *mut ::std::os::raw::c_void,
        ) -> VAMessageCallback,
        ::libloading::Error,
    >,
    pub vaSetInfoCallback: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            callback: VAMessageCallback,
            user_context: *mut ::std::os::raw::c_void,
        ) -> VAMessageCallback,
        ::libloading::Error,
    >,
    pub vaSetDriverName: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            driver_name: *mut ::std::os::raw::c_char,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaInitialize: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            major_version: *mut ::std::os::raw::c_int,
            minor_version: *mut ::std::os::raw::c_int,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaTerminate: Result<
        unsafe extern "C" fn(dpy: VADisplay) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaQueryVendorString: Result<
        unsafe extern "C" fn(dpy: VADisplay) -> *const ::std::os::raw::c_char,
        ::libloading::Error,
    >,
    pub vaMaxNumProfiles: Result<
        unsafe extern "C" fn(dpy: VADisplay) -> ::std::os::raw::c_int,
        ::libloading::Error,
    >,
    pub vaMaxNumEntrypoints: Result<
        unsafe extern "C" fn(dpy: VADisplay) -> ::std::os::raw::c_int,
        ::libloading::Error,
    >,
    pub vaMaxNumConfigAttributes: Result<
        unsafe extern "C" fn(dpy: VADisplay) -> ::std::os::raw::c_int,
        ::libloading::Error,
    >,
    pub vaQueryConfigProfiles: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            profile_list: *mut VAProfile,
            num_profiles: *mut ::std::os::raw::c_int,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaQueryConfigEntrypoints: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            profile: VAProfile,
            entrypoint_list: *mut VAEntrypoint,
            num_entrypoints: *mut ::std::os::raw::c_int,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaGetConfigAttributes: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            profile: VAProfile,
            entrypoint: VAEntrypoint,
            attrib_list: *mut VAConfigAttrib,
            num_attribs: ::std::os::raw::c_int,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaCreateConfig: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            profile: VAProfile,
            entrypoint: VAEntrypoint,
            attrib_list: *mut VAConfigAttrib,
            num_attribs: ::std::os::raw::c_int,
            config_id: *mut VAConfigID,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaDestroyConfig: Result<
        unsafe extern "C" fn(dpy: VADisplay, config_id: VAConfigID) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaQuerySurfaceAttributes: Result<
        unsafe extern "C" fn(
            dpy: VADisplay,
            config: VAConfigID,
            attrib_list: *mut VASurfaceAttrib,
            num_attribs: *mut ::std::os::raw::c_uint,
        ) -> VAStatus,
        ::libloading::Error,
    >,
    pub vaProfileStr: Result<
        unsafe extern "C" fn(profile: VAProfile) -> *const ::std::os::raw::c_char,
        ::libloading::Error,
    >,
    pub vaEntrypointStr: Result<
        unsafe extern "C" fn(entrypoint: VAEntrypoint) -> *const ::std::os::raw::c_char,
        ::libloading::Error,
    >,
}
impl LibVa {
    pub unsafe fn new<P>(path: P) -> Result<Self, ::libloading::Error>
    where
        P: AsRef<::std::ffi::OsStr>,
    {
        let path = path.as_ref();
        let library = ::libloading::Library::new(path)?;
        Self::from_library(library)
    }
    pub unsafe fn from_library<L>(library: L) -> Result<Self, ::libloading::Error>
    where
        L: Into<::libloading::Library>,
    {
        let __library = library.into();
        let vaErrorStr = __library.get(b"vaErrorStr\0").map(|sym| *sym);
        let vaSetErrorCallback = __library.get(b"vaSetErrorCallback\0").map(|sym| *sym);
        let vaSetInfoCallback = __library.get(b"vaSetInfoCallback\0").map(|sym| *sym);
        let vaSetDriverName = __library.get(b"vaSetDriverName\0").map(|sym| *sym);
        let vaInitialize = __library.get(b"vaInitialize\0").map(|sym| *sym);
        let vaTerminate = __library.get(b"vaTerminate\0").map(|sym| *sym);
        let vaQueryVendorString = __library
            .get(b"vaQueryVendorString\0")
            .map(|sym| *sym);
        let vaMaxNumProfiles = __library.get(b"vaMaxNumProfiles\0").map(|sym| *sym);
        let vaMaxNumEntrypoints = __library
            .get(b"vaMaxNumEntrypoints\0")
            .map(|sym| *sym);
        let vaMaxNumConfigAttributes = __library
            .get(b"vaMaxNumConfigAttributes\0")
            .map(|sym| *sym);
        let vaQueryConfigProfiles = __library
            .get(b"vaQueryConfigProfiles\0")
            .map(|sym| *sym);
        let vaQueryConfigEntrypoints = __library
            .get(b"vaQueryConfigEntrypoints\0")
            .map(|sym| *sym);
        let vaGetConfigAttributes = __library
            .get(b"vaGetConfigAttributes\0")
            .map(|sym| *sym);
        let vaCreateConfig = __library.get(b"vaCreateConfig\0").map(|sym| *sym);
        let vaDestroyConfig = __library.get(b"vaDestroyConfig\0").map(|sym| *sym);
        let vaQuerySurfaceAttributes = __library
            .get(b"vaQuerySurfaceAttributes\0")
            .map(|sym| *sym);
        let vaProfileStr = __library.get(b"vaProfileStr\0").map(|sym| *sym);
        let vaEntrypointStr = __library.get(b"vaEntrypointStr\0").map(|sym| *sym);
        Ok(LibVa {
            __library,
            vaErrorStr,
            vaSetErrorCallback,
            vaSetInfoCallback,
            vaSetDriverName,
            vaInitialize,
            vaTerminate,
            vaQueryVendorString,
            vaMaxNumProfiles,
            vaMaxNumEntrypoints,
            vaMaxNumConfigAttributes,
            vaQueryConfigProfiles,
            vaQueryConfigEntrypoints,
            vaGetConfigAttributes,
            vaCreateConfig,
            vaDestroyConfig,
            vaQuerySurfaceAttributes,
            vaProfileStr,
            vaEntrypointStr,
        })
    }
    pub unsafe fn vaErrorStr(
        &self,
        error_status: VAStatus,
    ) -> *const ::std::os::raw::c_char {
        (self.vaErrorStr.as_ref().expect("Expected function, got error."))(error_status)
    }
    pub unsafe fn vaSetErrorCallback(
        &self,
        dpy: VADisplay,
        callback: VAMessageCallback,
        user_context: *mut ::std::os::raw::c_void,
    ) -> VAMessageCallback {
        (self
            .vaSetErrorCallback
            .as_ref()
            .expect("Expected function, got error."))(dpy, callback, user_context)
    }
    pub unsafe fn vaSetInfoCallback(
        &self,
        dpy: VADisplay,
        callback: VAMessageCallback,
        user_context: *mut ::std::os::raw::c_void,
    ) -> VAMessageCallback {
        (self
            .vaSetInfoCallback
            .as_ref()
            .expect("Expected function, got error."))(dpy, callback, user_context)
    }
    pub unsafe fn vaSetDriverName(
        &self,
        dpy: VADisplay,
        driver_name: *mut ::std::os::raw::c_char,
    ) -> VAStatus {
        (self
            .vaSetDriverName
            .as_ref()
            .expect("Expected function, got error."))(dpy, driver_name)
    }
    pub unsafe fn vaInitialize(
        &self,
        dpy: VADisplay,
        major_version: *mut ::std::os::raw::c_int,
        minor_version: *mut ::std::os::raw::c_int,
    ) -> VAStatus {
        (self
            .vaInitialize
            .as_ref()
            .expect("Expected function, got error."))(dpy, major_version, minor_version)
    }
    pub unsafe fn vaTerminate(&self, dpy: VADisplay) -> VAStatus {
        (self.vaTerminate.as_ref().expect("Expected function, got error."))(dpy)
    }
    pub unsafe fn vaQueryVendorString(
        &self,
        dpy: VADisplay,
    ) -> *const ::std::os::raw::c_char {
        (self.vaQueryVendorString.as_ref().expect("Expected function, got error."))(dpy)
    }
    pub unsafe fn vaMaxNumProfiles(&self, dpy: VADisplay) -> ::std::os::raw::c_int {
        (self.vaMaxNumProfiles.as_ref().expect("Expected function, got error."))(dpy)
    }
    pub unsafe fn vaMaxNumEntrypoints(&self, dpy: VADisplay) -> ::std::os::raw::c_int {
        (self.vaMaxNumEntrypoints.as_ref().expect("Expected function, got error."))(dpy)
    }
    pub unsafe fn vaMaxNumConfigAttributes(
        &self,
        dpy: VADisplay,
    ) -> ::std::os::raw::c_int {
        (self
            .vaMaxNumConfigAttributes
            .as_ref()
            .expect("Expected function, got error."))(dpy)
    }
    pub unsafe fn vaQueryConfigProfiles(
        &self,
        dpy: VADisplay,
        profile_list: *mut VAProfile,
        num_profiles: *mut ::std::os::raw::c_int,
    ) -> VAStatus {
        (self
            .vaQueryConfigProfiles
            .as_ref()
            .expect("Expected function, got error."))(dpy, profile_list, num_profiles)
    }
    pub unsafe fn vaQueryConfigEntrypoints(
        &self,
        dpy: VADisplay,
        profile: VAProfile,
        entrypoint_list: *mut VAEntrypoint,
        num_entrypoints: *mut ::std::os::raw::c_int,
    ) -> VAStatus {
        (self
            .vaQueryConfigEntrypoints
            .as_ref()
            .expect(
                "Expected function, got error.",
            ))(dpy, profile, entrypoint_list, num_entrypoints)
    }
    pub unsafe fn vaGetConfigAttributes(
        &self,
        dpy: VADisplay,
        profile: VAProfile,
        entrypoint: VAEntrypoint,
        attrib_list: *mut VAConfigAttrib,
        num_attribs: ::std::os::raw::c_int,
    ) -> VAStatus {
        (self
            .vaGetConfigAttributes
            .as_ref()
            .expect(
                "Expected function, got error.",
            ))(dpy, profile, entrypoint, attrib_list, num_attribs)
    }
    pub unsafe fn vaCreateConfig(
        &self,
        dpy: VADisplay,
        profile: VAProfile,
        entrypoint: VAEntrypoint,
        attrib_list: *mut VAConfigAttrib,
        num_attribs: ::std::os::raw::c_int,
        config_id: *mut VAConfigID,
    ) -> VAStatus {
        (self
            .vaCreateConfig
            .as_ref()
            .expect(
                "Expected function, got error.",
            ))(dpy, profile, entrypoint, attrib_list, num_attribs, config_id)
    }
    pub unsafe fn vaDestroyConfig(
        &self,
        dpy: VADisplay,
        config_id: VAConfigID,
    ) -> VAStatus {
        (self
            .vaDestroyConfig
            .as_ref()
            .expect("Expected function, got error."))(dpy, config_id)
    }
    pub unsafe fn vaQuerySurfaceAttributes(
        &self,
        dpy: VADisplay,
        config: VAConfigID,
        attrib_list: *mut VASurfaceAttrib,
        num_attribs: *mut ::std::os::raw::c_uint,
    ) -> VAStatus {
        (self
            .vaQuerySurfaceAttributes
            .as_ref()
            .expect(
                "Expected function, got error.",
            ))(dpy, config, attrib_list, num_attribs)
    }
    pub unsafe fn vaProfileStr(
        &self,
        profile: VAProfile,
    ) -> *const ::std::os::raw::c_char {
        (self.vaProfileStr.as_ref().expect("Expected function, got error."))(profile)
    }
    pub unsafe fn vaEntrypointStr(
        &self,
        entrypoint: VAEntrypoint,
    ) -> *const ::std::os::raw::c_char {
        (self
            .vaEntrypointStr
            .as_ref()
            .expect("Expected function, got error."))(entrypoint)
    }
}
pub struct LibVaDrm {
    __library: ::libloading::Library,
    pub vaGetDisplayDRM: Result<
        unsafe extern "C" fn(fd: ::std::os::raw::c_int) -> VADisplay,
        ::libloading::Error,
    >,
}
impl LibVaDrm {
    pub unsafe fn new<P>(path: P) -> Result<Self, ::libloading::Error>
    where
        P: AsRef<::std::ffi::OsStr>,
    {
        let path = path.as_ref();
        let library = ::libloading::Library::new(path)?;
        Self::from_library(library)
    }
    pub unsafe fn from_library<L>(library: L) -> Result<Self, ::libloading::Error>
    where
        L: Into<::libloading::Library>,
    {
        let __library = library.into();
        let vaGetDisplayDRM = __library.get(b"vaGetDisplayDRM\0").map(|sym| *sym);
        Ok(LibVaDrm {
            __library,
            vaGetDisplayDRM,
        })
    }
    pub unsafe fn vaGetDisplayDRM(&self, fd: ::std::os::raw::c_int) -> VADisplay {
        (self.vaGetDisplayDRM.as_ref().expect("Expected function, got error."))(fd)
    }
}
