//! libaom, called directly, as a low-delay encoder of AV1: one picture in, one temporal unit out, at the quantiser asked for.
//!
//! SVT-AV1 cannot leave out the tools that a client's sequence header does not have, and some of its versions cannot give a
//! key frame or an end when asked; libaom does all three, and on the thread that calls it.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use softgpu_core::codec::{EncoderConfig, Image, Kind, av1};

use crate::planar::Planar;

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals, dead_code, unreachable_pub)]
#[allow(
    missing_docs,
    rust_2018_idioms,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    unsafe_op_in_unsafe_fn
)]
mod sys {
    #![allow(unused_imports)]
    include!(concat!(env!("OUT_DIR"), "/aom.rs"));
}

/// All libaom 3 have this soname; a struct that changed is refused by its ABI number when an encoder is opened.
const SONAME: &str = "libaom.so.3";

/// From 0 to 11, quality first.
const SPEED: u32 = 8;

/// From 7 on blocks are skipped in which something would be left to code.
const LOSSLESS_SPEED: u32 = 6;

/// Quantisers of the library's outer scale.
const QUANTIZER_MAX: u32 = 63;

fn api() -> Option<&'static sys::Api> {
    static API: OnceLock<Option<sys::Api>> = OnceLock::new();
    // SAFETY: libaom has no initialiser with a precondition, and its functions have had these types through all of version 3.
    API.get_or_init(|| unsafe { sys::Api::new(SONAME) }.ok()).as_ref()
}

/// An encoder.
pub(crate) struct Encoder {
    api: &'static sys::Api,
    /// Boxed, since libaom keeps pointers to it and to the configuration in it.
    context: Box<sys::aom_codec_ctx_t>,
    config: Box<sys::aom_codec_enc_cfg_t>,
    source: Planar,
    inter_flags: u32,
    time: i64,
    coded: Vec<u8>,
}

// SAFETY: a libaom encoder is bound to no thread; `&mut self` keeps calls one at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn open(config: &EncoderConfig) -> Option<Self> {
        let api = api()?;
        let high = config.bit_depth > 8;
        if !matches!(config.bit_depth, 8 | 10) {
            return None;
        }
        let mut settings = MaybeUninit::<sys::aom_codec_enc_cfg_t>::zeroed();
        // SAFETY: the interface is libaom's own, and it fills in the whole configuration.
        let (interface, mut settings) = unsafe {
            let interface = api.aom_codec_av1_cx();
            let failed =
                api.aom_codec_enc_config_default(interface, settings.as_mut_ptr(), sys::AOM_USAGE_REALTIME);
            if failed != sys::AOM_CODEC_OK {
                return None;
            }
            (interface, Box::new(settings.assume_init()))
        };
        settings.g_w = config.width;
        settings.g_h = config.height;
        settings.g_bit_depth = config.bit_depth;
        settings.g_input_bit_depth = config.bit_depth;
        settings.g_profile = 0;
        settings.g_threads = 1;
        settings.g_timebase.num = c_int::try_from(config.fps_den.max(1)).ok()?;
        settings.g_timebase.den = c_int::try_from(config.fps_num.max(1)).ok()?;
        settings.g_lag_in_frames = 0;
        settings.g_error_resilient = 0;
        settings.rc_end_usage = sys::AOM_Q;
        settings.kf_mode = sys::AOM_KF_DISABLED;
        let mut context = Box::new(MaybeUninit::<sys::aom_codec_ctx_t>::zeroed());
        let flags = if high { sys::AOM_CODEC_USE_HIGHBITDEPTH } else { 0 };
        // SAFETY: context and configuration live in boxes, which outlive the encoder.
        let mut context = unsafe {
            let failed = api.aom_codec_enc_init_ver(
                context.as_mut_ptr(),
                interface,
                &raw const *settings,
                flags.into(),
                sys::AOM_ENCODER_ABI_VERSION as c_int,
            );
            if failed != sys::AOM_CODEC_OK {
                return None;
            }
            context.assume_init()
        };
        for (control, value) in controls(config.flags) {
            // SAFETY: the context is open; every control here takes an int or an unsigned int.
            let failed = unsafe { (api.aom_codec_control)(&raw mut *context, control as c_int, value) };
            if failed != sys::AOM_CODEC_OK {
                // SAFETY: open, and not used again.
                unsafe { api.aom_codec_destroy(&raw mut *context) };
                return None;
            }
        }
        let source = Planar::new(config.width, config.height, config.bit_depth);
        let no_primary = config.flags & av1::NO_PRIMARY_REF != 0;
        let inter_flags = if no_primary { sys::AOM_EFLAG_SET_PRIMARY_REF_NONE } else { 0 };
        Some(Self { api, context, config: settings, source, inter_flags, time: 0, coded: Vec::new() })
    }

    /// Codes `image` and returns its temporal unit. There are no other intra frames than key frames.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    pub(crate) unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]> {
        // SAFETY: the caller's promise.
        unsafe { self.source.fill(image) }?;
        let quantizer = qp.min(QUANTIZER_MAX);
        if (self.config.rc_min_quantizer, self.config.rc_max_quantizer) != (quantizer, quantizer) {
            (self.config.rc_min_quantizer, self.config.rc_max_quantizer) = (quantizer, quantizer);
            // SAFETY: the context is open, and the configuration is the one that it was opened with.
            let failed = unsafe {
                self.api.aom_codec_enc_config_set(&raw mut *self.context, &raw const *self.config)
                    | (self.api.aom_codec_control)(
                        &raw mut *self.context,
                        sys::AOME_SET_CQ_LEVEL as c_int,
                        quantizer,
                    )
                    | (self.api.aom_codec_control)(
                        &raw mut *self.context,
                        sys::AV1E_SET_LOSSLESS as c_int,
                        u32::from(quantizer == 0),
                    )
                    | (self.api.aom_codec_control)(
                        &raw mut *self.context,
                        sys::AOME_SET_CPUUSED as c_int,
                        if quantizer == 0 { LOSSLESS_SPEED } else { SPEED },
                    )
            };
            if failed != sys::AOM_CODEC_OK {
                return None;
            }
        }
        let mut picture = MaybeUninit::<sys::aom_image_t>::zeroed();
        let format = if self.source.depth() > 8 { sys::AOM_IMG_FMT_I42016 } else { sys::AOM_IMG_FMT_I420 };
        let first = self.source.planes().next()?.0.as_ptr().cast_mut();
        // SAFETY: libaom fills in an image of that size over memory that it does not touch; the planes are set below.
        let mut picture = unsafe {
            let (width, height) = (self.config.g_w, self.config.g_h);
            self.api.aom_img_wrap(picture.as_mut_ptr(), format, width, height, 1, first).as_ref()?;
            picture.assume_init()
        };
        picture.bit_depth = self.source.depth();
        for (plane, (samples, stride)) in self.source.planes().enumerate() {
            picture.planes[plane] = samples.as_ptr().cast_mut();
            picture.stride[plane] = c_int::try_from(stride).ok()?;
        }
        let flags = match kind {
            Kind::Idr | Kind::Intra => sys::AOM_EFLAG_FORCE_KF,
            Kind::Inter | Kind::Aside => ONLY_LAST | self.inter_flags,
        };
        if matches!(kind, Kind::Inter | Kind::Aside) {
            // Every slot takes every picture, so that none but the last can be referred to; none takes one aside.
            let mut references = sys::aom_svc_ref_frame_config_t {
                reference: [1, 0, 0, 0, 0, 0, 0],
                ref_idx: [0; 7],
                refresh: [c_int::from(kind == Kind::Inter); 8],
            };
            // SAFETY: the context is open; the control takes a pointer to such a structure, which it copies.
            let failed = unsafe {
                (self.api.aom_codec_control)(
                    &raw mut *self.context,
                    sys::AV1E_SET_SVC_REF_FRAME_CONFIG as c_int,
                    &raw mut references,
                )
            };
            if failed != sys::AOM_CODEC_OK {
                return None;
            }
        }
        self.time += 1;
        // SAFETY: the context is open; libaom copies the planes, which live until the call is over.
        let failed = unsafe {
            self.api.aom_codec_encode(
                &raw mut *self.context,
                &raw const picture,
                self.time - 1,
                1,
                flags.into(),
            )
        };
        if failed != sys::AOM_CODEC_OK {
            return None;
        }
        self.coded.clear();
        let mut iterator = ptr::null();
        loop {
            // SAFETY: the context is open; packets and their data stay until the next call.
            let packet =
                unsafe { self.api.aom_codec_get_cx_data(&raw mut *self.context, &raw mut iterator).as_ref() };
            let Some(packet) = packet else { break };
            if packet.kind == sys::AOM_CODEC_CX_FRAME_PKT {
                // SAFETY: the kind says which member of the union it is, and that `sz` bytes are there.
                self.coded.extend_from_slice(unsafe {
                    std::slice::from_raw_parts(packet.data.frame.buf.cast::<u8>(), packet.data.frame.sz)
                });
            }
        }
        (!self.coded.is_empty()).then_some(&self.coded)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: open, and not used again.
        unsafe { self.api.aom_codec_destroy(&raw mut *self.context) };
    }
}

/// Refers to the picture before and to nothing else.
const ONLY_LAST: u32 = sys::AOM_EFLAG_NO_REF_LAST2
    | sys::AOM_EFLAG_NO_REF_LAST3
    | sys::AOM_EFLAG_NO_REF_GF
    | sys::AOM_EFLAG_NO_REF_ARF
    | sys::AOM_EFLAG_NO_REF_BWD
    | sys::AOM_EFLAG_NO_REF_ARF2;

/// Speed, and the tools: those of the sequence header as it has them, the others off.
fn controls(flags: u64) -> impl Iterator<Item = (u32, u32)> {
    let flag = |flag: u64| u32::from(flags & flag != 0);
    let superblock = match flag(av1::SUPERBLOCK_128) {
        0 => sys::AOM_SUPERBLOCK_SIZE_64X64,
        _ => sys::AOM_SUPERBLOCK_SIZE_128X128,
    };
    let off = [
        sys::AV1E_SET_ENABLE_CDEF,
        sys::AV1E_SET_ENABLE_RESTORATION,
        sys::AV1E_SET_ENABLE_SUPERRES,
        sys::AV1E_SET_ENABLE_WARPED_MOTION,
        sys::AV1E_SET_ENABLE_GLOBAL_MOTION,
        sys::AV1E_SET_ENABLE_OBMC,
        sys::AV1E_SET_ENABLE_MASKED_COMP,
        sys::AV1E_SET_ENABLE_DIST_WTD_COMP,
        sys::AV1E_SET_ENABLE_REF_FRAME_MVS,
        sys::AV1E_SET_ENABLE_PALETTE,
        sys::AV1E_SET_ENABLE_INTRABC,
        sys::AV1E_SET_ENABLE_TPL_MODEL,
        sys::AV1E_SET_ENABLE_QM,
        sys::AV1E_SET_AQ_MODE,
        sys::AV1E_SET_DELTAQ_MODE,
        sys::AV1E_SET_TILE_COLUMNS,
        sys::AV1E_SET_TILE_ROWS,
        sys::AOME_SET_ENABLEAUTOALTREF,
    ];
    let set = [
        (sys::AOME_SET_CPUUSED, SPEED),
        (sys::AV1E_SET_SUPERBLOCK_SIZE, superblock),
        (sys::AV1E_SET_ENABLE_ORDER_HINT, 1),
        (sys::AV1E_SET_ENABLE_FILTER_INTRA, flag(av1::FILTER_INTRA)),
        (sys::AV1E_SET_ENABLE_INTRA_EDGE_FILTER, flag(av1::INTRA_EDGE)),
        (sys::AV1E_SET_ENABLE_INTERINTRA_COMP, flag(av1::INTERINTRA)),
        (sys::AV1E_SET_ENABLE_DUAL_FILTER, flag(av1::DUAL_FILTER)),
    ];
    off.into_iter().map(|control| (control, 0)).chain(set)
}

#[cfg(test)]
mod tests {
    use softgpu_core::codec::Codec;

    use super::*;
    use crate::testing::{Picture, psnr};

    fn code(width: u32, height: u32, bit_depth: u32, qp: u32) -> (f64, usize) {
        let config = EncoderConfig {
            codec: Codec::Av1,
            width,
            height,
            bit_depth,
            fps_num: 30,
            fps_den: 1,
            slices: 1,
            flags: 0,
            numbers: [0; 8],
        };
        let mut encoder = Encoder::open(&config).unwrap();
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        for time in 0..12 {
            let mut picture = Picture::new(width as usize, height as usize, bit_depth > 8, time);
            let kind = if time % 7 == 0 { Kind::Idr } else { Kind::Inter };
            // SAFETY: the image is that of a picture that lives.
            stream.extend_from_slice(unsafe { encoder.picture(&picture.image(), kind, qp) }.unwrap());
            sent.push(picture);
        }
        (psnr("obu", &stream, &sent), stream.len())
    }

    #[test]
    fn pictures_come_out_as_they_go_in_and_decode() {
        for (depth, width, height) in [(8, 320, 184), (10, 318, 182)] {
            let (fine, large) = code(width, height, depth, 8);
            let (coarse, small) = code(width, height, depth, 40);
            assert!(fine > 44.0 && coarse > 30.0 && coarse < fine, "{depth}: {fine} {coarse}");
            assert!(2 * small < large, "{small} {large}");
        }
    }

    #[test]
    fn the_finest_quantiser_is_lossless() {
        for depth in [8, 10] {
            let (quality, size) = code(320, 184, depth, 0);
            assert!(quality > 100.0, "{depth}: {quality} dB, {size} bytes");
        }
    }
}
