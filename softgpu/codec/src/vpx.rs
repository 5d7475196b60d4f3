//! libvpx, called directly, as a low-delay encoder of VP9: one picture in, one frame out, at the quantiser asked for.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use softgpu_core::codec::{EncoderConfig, Image, Kind, vp9};

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
    include!(concat!(env!("OUT_DIR"), "/vpx.rs"));
}

/// That of the library whose headers are installed.
const SONAME: &str = env!("SOFTGPU_VPX_SONAME");

/// From 0 to 9, quality first.
const SPEED: c_int = 7;

/// Quantisers of the library's outer scale.
const QUANTIZER_MAX: u32 = 63;

fn api() -> Option<&'static sys::Api> {
    static API: OnceLock<Option<sys::Api>> = OnceLock::new();
    // SAFETY: libvpx has no initialiser with a precondition, and the soname is that of the headers' version.
    API.get_or_init(|| unsafe { sys::Api::new(SONAME) }.ok()).as_ref()
}

/// An encoder.
pub(crate) struct Encoder {
    api: &'static sys::Api,
    /// Boxed, since libvpx keeps pointers to it and to the configuration in it.
    context: Box<sys::vpx_codec_ctx_t>,
    config: Box<sys::vpx_codec_enc_cfg_t>,
    source: Planar,
    time: i64,
    coded: Vec<u8>,
}

// SAFETY: a libvpx encoder is bound to no thread; `&mut self` keeps calls one at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn open(config: &EncoderConfig) -> Option<Self> {
        let api = api()?;
        let (high, depth) = match config.bit_depth {
            8 => (0, sys::VPX_BITS_8),
            10 => (sys::VPX_CODEC_USE_HIGHBITDEPTH, sys::VPX_BITS_10),
            _ => return None,
        };
        let mut settings = MaybeUninit::<sys::vpx_codec_enc_cfg_t>::zeroed();
        // SAFETY: the interface is libvpx's own, and it fills in the whole configuration.
        let (interface, mut settings) = unsafe {
            let interface = api.vpx_codec_vp9_cx();
            if api.vpx_codec_enc_config_default(interface, settings.as_mut_ptr(), 0) != sys::VPX_CODEC_OK {
                return None;
            }
            (interface, Box::new(settings.assume_init()))
        };
        settings.g_w = config.width;
        settings.g_h = config.height;
        settings.g_bit_depth = depth;
        settings.g_input_bit_depth = config.bit_depth;
        settings.g_profile = if high == 0 { 0 } else { 2 };
        settings.g_threads = 1;
        settings.g_timebase.num = c_int::try_from(config.fps_den.max(1)).ok()?;
        settings.g_timebase.den = c_int::try_from(config.fps_num.max(1)).ok()?;
        settings.g_lag_in_frames = 0;
        settings.g_pass = sys::VPX_RC_ONE_PASS;
        settings.g_error_resilient = match config.flags & vp9::INDEPENDENT {
            0 => 0,
            _ => sys::VPX_ERROR_RESILIENT_DEFAULT,
        };
        settings.rc_end_usage = sys::VPX_Q;
        settings.kf_mode = sys::VPX_KF_DISABLED;
        let mut context = Box::new(MaybeUninit::<sys::vpx_codec_ctx_t>::zeroed());
        // SAFETY: context and configuration live in boxes, which outlive the encoder.
        let mut context = unsafe {
            let failed = api.vpx_codec_enc_init_ver(
                context.as_mut_ptr(),
                interface,
                &raw const *settings,
                high.into(),
                sys::VPX_ENCODER_ABI_VERSION as c_int,
            );
            if failed != sys::VPX_CODEC_OK {
                return None;
            }
            context.assume_init()
        };
        let controls = [
            (sys::VP8E_SET_CPUUSED, SPEED),
            (sys::VP8E_SET_ENABLEAUTOALTREF, 0),
            (sys::VP9E_SET_AQ_MODE, 0),
            (sys::VP9E_SET_TILE_COLUMNS, 0),
        ];
        for (control, value) in controls {
            // SAFETY: the context is open; every control here takes an int or an unsigned int.
            let failed = unsafe { (api.vpx_codec_control_)(&raw mut *context, control as c_int, value) };
            if failed != sys::VPX_CODEC_OK {
                // SAFETY: open, and not used again.
                unsafe { api.vpx_codec_destroy(&raw mut *context) };
                return None;
            }
        }
        let source = Planar::new(config.width, config.height, config.bit_depth);
        Some(Self { api, context, config: settings, source, time: 0, coded: Vec::new() })
    }

    /// Codes `image` and returns its frame. There are no other intra frames than key frames, and nothing aside.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    pub(crate) unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]> {
        let flags = match kind {
            Kind::Idr | Kind::Intra => sys::VPX_EFLAG_FORCE_KF,
            Kind::Inter => 0,
            Kind::Aside => return None,
        };
        // SAFETY: the caller's promise.
        unsafe { self.source.fill(image) }?;
        self.set_quantizer(qp.min(QUANTIZER_MAX))?;
        let mut picture = MaybeUninit::<sys::vpx_image_t>::zeroed();
        let format = if self.source.depth() > 8 { sys::VPX_IMG_FMT_I42016 } else { sys::VPX_IMG_FMT_I420 };
        let first = self.source.planes().next()?.0.as_ptr().cast_mut();
        // SAFETY: libvpx fills in an image of that size over memory that it does not touch; the planes are set below.
        let mut picture = unsafe {
            let (width, height) = (self.config.g_w, self.config.g_h);
            self.api.vpx_img_wrap(picture.as_mut_ptr(), format, width, height, 1, first).as_ref()?;
            picture.assume_init()
        };
        picture.bit_depth = self.source.depth();
        for (plane, (samples, stride)) in self.source.planes().enumerate() {
            picture.planes[plane] = samples.as_ptr().cast_mut();
            picture.stride[plane] = c_int::try_from(stride).ok()?;
        }
        self.time += 1;
        // SAFETY: the context is open; libvpx copies the planes, which live until the call is over.
        let failed = unsafe {
            self.api.vpx_codec_encode(
                &raw mut *self.context,
                &raw const picture,
                self.time - 1,
                1,
                flags.into(),
                sys::VPX_DL_REALTIME.into(),
            )
        };
        if failed != sys::VPX_CODEC_OK {
            return None;
        }
        self.coded.clear();
        let mut iterator = ptr::null();
        loop {
            // SAFETY: the context is open; packets and their data stay until the next call.
            let packet =
                unsafe { self.api.vpx_codec_get_cx_data(&raw mut *self.context, &raw mut iterator).as_ref() };
            let Some(packet) = packet else { break };
            if packet.kind == sys::VPX_CODEC_CX_FRAME_PKT {
                // SAFETY: the kind says which member of the union it is, and that `sz` bytes are there.
                self.coded.extend_from_slice(unsafe {
                    std::slice::from_raw_parts(packet.data.frame.buf.cast::<u8>(), packet.data.frame.sz)
                });
            }
        }
        (!self.coded.is_empty()).then_some(&self.coded)
    }

    fn set_quantizer(&mut self, quantizer: u32) -> Option<()> {
        if (self.config.rc_min_quantizer, self.config.rc_max_quantizer) == (quantizer, quantizer) {
            return Some(());
        }
        (self.config.rc_min_quantizer, self.config.rc_max_quantizer) = (quantizer, quantizer);
        // SAFETY: the context is open, and the configuration is the one that it was opened with.
        let failed = unsafe {
            self.api.vpx_codec_enc_config_set(&raw mut *self.context, &raw const *self.config)
                | (self.api.vpx_codec_control_)(
                    &raw mut *self.context,
                    sys::VP8E_SET_CQ_LEVEL as c_int,
                    quantizer,
                )
        };
        (failed == sys::VPX_CODEC_OK).then_some(())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: open, and not used again.
        unsafe { self.api.vpx_codec_destroy(&raw mut *self.context) };
    }
}

#[cfg(test)]
mod tests {
    use softgpu_core::codec::Codec;

    use super::*;
    use crate::testing::{Picture, ivf, psnr};

    fn code(width: u32, height: u32, bit_depth: u32, qp: u32) -> (f64, usize) {
        let config = EncoderConfig {
            codec: Codec::Vp9,
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
        let (mut frames, mut sent) = (Vec::new(), Vec::new());
        for time in 0..12 {
            let mut picture = Picture::new(width as usize, height as usize, bit_depth > 8, time);
            let kind = if time % 7 == 0 { Kind::Idr } else { Kind::Inter };
            // SAFETY: the image is that of a picture that lives.
            frames.push(unsafe { encoder.picture(&picture.image(), kind, qp) }.unwrap().to_vec());
            sent.push(picture);
        }
        let stream = ivf(*b"VP90", width, height, &frames);
        (psnr("ivf", &stream, &sent), stream.len())
    }

    #[test]
    fn pictures_come_out_as_they_go_in_and_decode() {
        for (depth, width, height) in [(8, 320, 184), (10, 318, 182)] {
            let (fine, large) = code(width, height, depth, 6);
            let (coarse, small) = code(width, height, depth, 40);
            assert!(fine > 43.0 && coarse > 29.0 && coarse < fine, "{depth}: {fine} {coarse}");
            assert!(2 * small < large, "{small} {large}");
        }
    }
}
