//! x265, called directly: one picture in, one out, at the quantiser asked for.
//!
//! The driver puts the slice data behind headers that its client wrote, so an encoder is opened with the tools that the
//! client's parameter sets name (`softgpu_core::codec::hevc`) and with none that they cannot name.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use libloading::Library;
use softgpu_core::codec::{EncoderConfig, Image, Kind, hevc};

use crate::planar::Planar;

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals, dead_code, unreachable_pub)]
#[allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/x265.rs"));
}

/// The library's function tables, for 8 and 10 bit. They stay loaded: x265 keeps state per process.
struct Apis([Option<&'static sys::x265_api>; 2]);

// SAFETY: x265 never writes to its function tables, and its functions may be called from any thread.
unsafe impl Send for Apis {}
// SAFETY: as above.
unsafe impl Sync for Apis {}

/// Quantisers that x265 takes for a picture are those of HEVC without the negative ones of higher bit depths.
const QP_MAX: u32 = 51;

fn api(depth: u32) -> Option<&'static sys::x265_api> {
    static APIS: OnceLock<Apis> = OnceLock::new();
    let at = match depth {
        8 => 0,
        10 => 1,
        _ => return None,
    };
    APIS.get_or_init(load).0[at]
}

/// Opens the library whose API number is that of the header; another one's structs may differ.
fn load() -> Apis {
    let build = sys::X265_BUILD;
    // SAFETY: libx265 has no initialiser with a precondition.
    let Ok(library) = (unsafe { Library::new(format!("libx265.so.{build}")) }) else {
        return Apis([None; 2]);
    };
    let symbol = format!("x265_api_get_{build}");
    // SAFETY: the name carries the API number, so the function has the type that the header of that number gives it.
    let get =
        unsafe { library.get::<unsafe extern "C" fn(i32) -> *const sys::x265_api>(symbol.as_bytes()) }.ok();
    let apis = [8, 10].map(|depth| {
        // SAFETY: takes any number, and returns null or a table that lives as long as the library, which is not unloaded.
        let api = unsafe { get.as_ref()?(depth).as_ref() }?;
        (api.sizeof_param as usize == size_of::<sys::x265_param>()
            && api.sizeof_picture as usize == size_of::<sys::x265_picture>())
        .then_some(api)
    });
    std::mem::forget(library);
    Apis(apis)
}

/// An encoder.
pub(crate) struct Encoder {
    api: &'static sys::x265_api,
    encoder: NonNull<sys::x265_encoder>,
    param: NonNull<sys::x265_param>,
    picture: NonNull<sys::x265_picture>,
    source: Planar,
}

// SAFETY: an x265 encoder is bound to no thread; `&mut self` keeps calls one at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn open(config: &EncoderConfig) -> Option<Self> {
        let api = api(config.bit_depth)?;
        // SAFETY: allocates, and returns null or parameters that are ours to free.
        let param = NonNull::new(unsafe { api.param_alloc.expect("x265 has it")() })?;
        let mut opened = Parts { api, param, picture: None };
        // SAFETY: `param` is valid, and x265 reads the two strings only during the call.
        let set = unsafe {
            api.param_default_preset.expect("x265 has it")(
                param.as_ptr(),
                c"superfast".as_ptr(),
                c"psnr".as_ptr(),
            )
        };
        if set != 0 {
            return None;
        }
        // SAFETY: valid and referred to by nothing else.
        configure(unsafe { &mut *param.as_ptr() }, config)?;
        // No thread pool. By name, since the member is a pointer in some releases and an array in others.
        // SAFETY: `param` is valid, and x265 copies the strings.
        let set = unsafe {
            api.param_parse.expect("x265 has it")(param.as_ptr(), c"pools".as_ptr(), c"none".as_ptr())
        };
        if set != 0 {
            return None;
        }
        // SAFETY: allocates, and returns null or a picture that is ours to free.
        let picture = NonNull::new(unsafe { api.picture_alloc.expect("x265 has it")() })?;
        opened.picture = Some(picture);
        // SAFETY: both are valid.
        unsafe { api.picture_init.expect("x265 has it")(param.as_ptr(), picture.as_ptr()) };
        // SAFETY: `param` is valid; x265 copies it.
        let encoder = NonNull::new(unsafe { api.encoder_open.expect("x265 has it")(param.as_ptr()) })?;
        std::mem::forget(opened);
        let source = Planar::new(config.width, config.height, config.bit_depth);
        Some(Self { api, encoder, param, picture, source })
    }

    /// Codes `image` and returns its NAL units as a byte stream.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    pub(crate) unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]> {
        // SAFETY: the caller's promise.
        unsafe { self.source.fill(image) }?;
        // SAFETY: valid since `open`, and referred to by nothing else.
        let picture = unsafe { self.picture.as_mut() };
        for (plane, (samples, stride)) in self.source.planes().enumerate() {
            picture.planes[plane] = samples.as_ptr().cast_mut().cast::<c_void>();
            picture.stride[plane] = i32::try_from(stride).ok()?;
        }
        picture.bitDepth = self.source.depth() as i32;
        picture.sliceType = match kind {
            Kind::Idr => sys::X265_TYPE_IDR,
            Kind::Intra => sys::X265_TYPE_I,
            Kind::Inter => sys::X265_TYPE_P,
            Kind::Aside => return None,
        } as i32;
        // One more than the quantiser: 0 leaves it to x265.
        picture.forceqp = qp.min(QP_MAX) as i32 + 1;
        picture.pts += 1;
        let (mut units, mut count) = (ptr::null_mut(), 0);
        // SAFETY: encoder and picture are valid, the planes live until the call is over since x265 copies them, and a null
        // output picture is allowed.
        let coded = unsafe {
            self.api.encoder_encode.expect("x265 has it")(
                self.encoder.as_ptr(),
                &raw mut units,
                &raw mut count,
                picture,
                ptr::null_mut(),
            )
        };
        if coded != 1 || count == 0 || units.is_null() {
            return None;
        }
        // SAFETY: x265 wrote `count` units.
        let units = unsafe { std::slice::from_raw_parts(units, count as usize) };
        let len = units.iter().map(|unit| unit.sizeBytes as usize).sum();
        // SAFETY: x265.h: "the payloads of all output NALs are guaranteed to be sequential in memory", until the next call.
        Some(unsafe { std::slice::from_raw_parts(units[0].payload, len) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the three are valid and not used again; the encoder goes first.
        unsafe {
            self.api.encoder_close.expect("x265 has it")(self.encoder.as_ptr());
            self.api.picture_free.expect("x265 has it")(self.picture.as_ptr());
            self.api.param_free.expect("x265 has it")(self.param.as_ptr());
        }
    }
}

/// What has to be freed when opening fails half-way.
struct Parts {
    api: &'static sys::x265_api,
    param: NonNull<sys::x265_param>,
    picture: Option<NonNull<sys::x265_picture>>,
}

impl Drop for Parts {
    fn drop(&mut self) {
        // SAFETY: both came from this API and are not used again.
        unsafe {
            if let Some(picture) = self.picture {
                self.api.picture_free.expect("x265 has it")(picture.as_ptr());
            }
            self.api.param_free.expect("x265 has it")(self.param.as_ptr());
        }
    }
}

/// Sets what the client's parameter sets fix, and turns off what would delay a picture or need words in a header.
fn configure(param: &mut sys::x265_param, config: &EncoderConfig) -> Option<()> {
    let flag = |flag: u64| i32::from(config.flags & flag != 0);
    let [ctb, min_cb, max_tb, min_tb, depth_inter, depth_intra, ..] = config.numbers;
    // x265 always has transform blocks of 4x4 and writes no smaller or larger minimum.
    if min_tb != 2 || !(4..=6).contains(&ctb) || !(3..=5).contains(&min_cb) || !(2..=5).contains(&max_tb) {
        return None;
    }
    param.logLevel = sys::X265_LOG_NONE;
    param.internalBitDepth = config.bit_depth as i32;
    param.internalCsp = sys::X265_CSP_I420 as i32;
    param.sourceWidth = i32::try_from(config.width).ok()?;
    param.sourceHeight = i32::try_from(config.height).ok()?;
    param.fpsNum = config.fps_num.max(1);
    param.fpsDenom = config.fps_den.max(1);
    param.bAllowNonConformance = 1;

    // One in, one out (Encoder::create: no B-frames, no lookahead, one frame encoder, one slice).
    param.frameNumThreads = 1;
    param.bEnableWavefront = 0;
    param.bDistributeModeAnalysis = 0;
    param.bDistributeMotionEstimation = 0;
    param.lookaheadDepth = 0;
    param.lookaheadSlices = 0;
    param.maxSlices = 1;
    param.bframes = 0;
    param.bFrameAdaptive = 0;
    param.bBPyramid = 0;
    param.scenecutThreshold = 0;
    // The driver says which picture is what.
    param.bOpenGOP = 0;
    param.keyframeMax = i32::MAX;
    param.keyframeMin = i32::MAX;
    param.maxNumReferences = 1;
    param.bRepeatHeaders = 1;
    param.bAnnexB = 1;
    param.bEnableAccessUnitDelimiters = 0;
    param.bEmitInfoSEI = 0;
    param.bEmitHRDSEI = 0;

    param.maxCUSize = 1 << ctb;
    param.minCUSize = 1 << min_cb;
    param.maxTUSize = 1 << max_tb;
    param.tuQTMaxInterDepth = depth_inter + 1;
    param.tuQTMaxIntraDepth = depth_intra + 1;
    param.bEnableAMP = flag(hevc::AMP);
    // AMP is searched only beside rectangles.
    param.bEnableRectInter = flag(hevc::AMP);
    param.limitModes = 1;
    param.bEnableSignHiding = flag(hevc::SIGN_HIDING);
    param.bEnableTransformSkip = flag(hevc::TRANSFORM_SKIP);
    if param.bEnableTransformSkip != 0 {
        // It is turned off below this level (Encoder::configure).
        param.rdLevel = param.rdLevel.max(3);
    }
    param.bEnableStrongIntraSmoothing = flag(hevc::STRONG_INTRA);
    param.bEnableConstrainedIntra = flag(hevc::CONSTRAINED_INTRA);
    // The driver's slice headers turn these off, whatever the SPS allows.
    param.bEnableTemporalMvp = 0;
    param.bEnableSAO = 0;
    param.selectiveSAO = 0;
    param.bEnableWeightedPred = 0;
    param.bEnableWeightedBiPred = 0;
    param.maxNumMergeCand = 2;
    param.bEnableLoopFilter = i32::from(config.flags & hevc::NO_DEBLOCKING == 0);
    param.deblockingFilterBetaOffset = hevc::offset(config.flags, hevc::BETA);
    param.deblockingFilterTCOffset = hevc::offset(config.flags, hevc::TC);
    param.cbQpOffset = hevc::offset(config.flags, hevc::CB);
    param.crQpOffset = hevc::offset(config.flags, hevc::CR);
    param.psyRd = 0.0;
    param.psyRdoq = 0.0;

    param.rc.cuTree = 0;
    param.rc.qpMin = 0;
    param.rc.qpMax = QP_MAX as i32;
    if config.flags & hevc::CU_QP_DELTA == 0 {
        param.rc.rateControlMode = sys::X265_RC_CQP as i32;
        // Never 0, which would mean lossless; each picture brings its own.
        param.rc.qp = 30;
        param.rc.aqMode = sys::X265_AQ_NONE as i32;
    } else {
        // x265 writes cu_qp_delta_enabled_flag where it adapts the quantiser, which constant QP does not. So little of it
        // rounds to no difference at all.
        param.rc.rateControlMode = sys::X265_RC_CRF as i32;
        param.rc.rfConstant = 30.0;
        param.rc.aqMode = sys::X265_AQ_VARIANCE as i32;
        param.rc.aqStrength = 1e-4;
        param.rc.qgSize = (1 << ctb) >> (config.flags >> hevc::QG_DEPTH & 3);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use softgpu_core::codec::Codec;

    use super::*;
    use crate::testing::{Picture, psnr};

    /// The blocks and tools that FFmpeg's client names where the driver says nothing of them.
    fn config(width: u32, height: u32, bit_depth: u32, flags: u64) -> EncoderConfig {
        EncoderConfig {
            codec: Codec::Hevc,
            width,
            height,
            bit_depth,
            fps_num: 30,
            fps_den: 1,
            slices: 1,
            flags,
            numbers: [5, 3, 5, 2, 3, 3, 0, 0],
        }
    }

    fn code(config: &EncoderConfig, kinds: &[Kind], qp: u32) -> (f64, usize) {
        let mut encoder = Encoder::open(config).unwrap();
        let mut stream = Vec::new();
        let mut sent = Vec::new();
        for (time, &kind) in kinds.iter().enumerate() {
            let mut picture =
                Picture::new(config.width as usize, config.height as usize, config.bit_depth > 8, time);
            // SAFETY: the image is that of a picture that lives.
            stream.extend_from_slice(unsafe { encoder.picture(&picture.image(), kind, qp) }.unwrap());
            sent.push(picture);
        }
        (psnr("hevc", &stream, &sent), stream.len())
    }

    #[test]
    fn pictures_come_out_as_they_go_in_and_decode() {
        use Kind::{Idr, Inter, Intra};
        let kinds = [Idr, Inter, Inter, Intra, Inter, Idr, Inter];
        for depth in [8, 10] {
            for flags in [hevc::AMP, hevc::AMP | hevc::CU_QP_DELTA, hevc::SIGN_HIDING | hevc::STRONG_INTRA] {
                let config = config(320, 184, depth, flags);
                let (fine, large) = code(&config, &kinds, 10);
                let (coarse, small) = code(&config, &kinds, 34);
                assert!(fine > 46.0 && coarse > 30.0 && coarse < fine, "{depth} {flags}: {fine} {coarse}");
                assert!(2 * small < large, "{small} {large}");
            }
        }
    }

    #[test]
    fn what_x265_cannot_code_is_refused() {
        for numbers in [[5, 3, 5, 3, 2, 2, 0, 0], [7, 3, 5, 2, 3, 3, 0, 0], [5, 3, 6, 2, 3, 3, 0, 0]] {
            assert!(Encoder::open(&EncoderConfig { numbers, ..config(320, 184, 8, 0) }).is_none());
        }
        assert!(Encoder::open(&config(320, 184, 12, 0)).is_none());
    }
}
