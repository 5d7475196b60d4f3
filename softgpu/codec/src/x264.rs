//! x264, called directly: one picture in, one out, at the quantiser asked for.
//!
//! The driver puts the slice data behind headers that its client wrote, so an encoder is opened with the tools that the
//! client's parameter sets name (`softgpu_core::codec::h264`) and with none that they cannot name.

use std::ffi::{CStr, c_char, c_int};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use libloading::Library;
use softgpu_core::codec::{EncoderConfig, Image, Kind, h264};

use crate::planar::Planar;

#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals, dead_code, unreachable_pub)]
#[allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/x264.rs"));
}

/// The functions that are called, as x264.h declares them.
struct Api {
    param_default_preset: unsafe extern "C" fn(*mut sys::x264_param_t, *const c_char, *const c_char) -> c_int,
    picture_init: unsafe extern "C" fn(*mut sys::x264_picture_t),
    encoder_open: unsafe extern "C" fn(*mut sys::x264_param_t) -> *mut sys::x264_t,
    encoder_encode: unsafe extern "C" fn(
        *mut sys::x264_t,
        *mut *mut sys::x264_nal_t,
        *mut c_int,
        *mut sys::x264_picture_t,
        *mut sys::x264_picture_t,
    ) -> c_int,
    encoder_invalidate_reference: unsafe extern "C" fn(*mut sys::x264_t, i64) -> c_int,
    encoder_close: unsafe extern "C" fn(*mut sys::x264_t),
}

fn api() -> Option<&'static Api> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    API.get_or_init(load).as_ref()
}

/// Opens the library whose API number is that of the header; another one's structs may differ.
fn load() -> Option<Api> {
    let build = sys::X264_BUILD;
    // SAFETY: libx264 has no initialiser with a precondition.
    let library = unsafe { Library::new(format!("libx264.so.{build}")) }.ok()?;
    // SAFETY: the file's name and that of x264_encoder_open carry the API number, so that the functions have the types
    // that the header of that number gives them.
    let api = unsafe {
        Api {
            param_default_preset: *library.get(b"x264_param_default_preset").ok()?,
            picture_init: *library.get(b"x264_picture_init").ok()?,
            encoder_open: *library.get(format!("x264_encoder_open_{build}").as_bytes()).ok()?,
            encoder_encode: *library.get(b"x264_encoder_encode").ok()?,
            encoder_invalidate_reference: *library.get(b"x264_encoder_invalidate_reference").ok()?,
            encoder_close: *library.get(b"x264_encoder_close").ok()?,
        }
    };
    // It stays loaded, as the functions' lifetime says.
    std::mem::forget(library);
    Some(api)
}

/// The largest quantiser of 8 bit.
const QP_MAX: u32 = 51;

/// An encoder.
pub(crate) struct Encoder {
    api: &'static Api,
    encoder: NonNull<sys::x264_t>,
    picture: Box<sys::x264_picture_t>,
    source: Planar,
}

// SAFETY: an x264 encoder is bound to no thread; `&mut self` keeps calls one at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn open(config: &EncoderConfig) -> Option<Self> {
        let api = api()?;
        if config.bit_depth != 8 || config.width % 2 + config.height % 2 != 0 {
            return None;
        }
        let mut param = MaybeUninit::<sys::x264_param_t>::uninit();
        // SAFETY: x264 fills in all of the parameters, and reads the two strings only during the call.
        let set = unsafe { (api.param_default_preset)(param.as_mut_ptr(), PRESET.as_ptr(), TUNE.as_ptr()) };
        if set != 0 {
            return None;
        }
        // SAFETY: filled in by the call above.
        let mut param = unsafe { param.assume_init() };
        configure(&mut param, config)?;
        let mut picture = Box::<sys::x264_picture_t>::new_uninit();
        // SAFETY: x264 fills in all of the picture.
        let picture = unsafe {
            (api.picture_init)(picture.as_mut_ptr());
            picture.assume_init()
        };
        // SAFETY: `param` is valid; x264 copies it.
        let encoder = NonNull::new(unsafe { (api.encoder_open)(&raw mut param) })?;
        Some(Self { api, encoder, picture, source: Planar::new(config.width, config.height, 8) })
    }

    /// Codes `image` and returns its NAL units as a byte stream.
    ///
    /// # Safety
    /// The planes of `image` are readable at its size and strides.
    pub(crate) unsafe fn picture(&mut self, image: &Image, kind: Kind, qp: u32) -> Option<&[u8]> {
        // SAFETY: the caller's promise.
        unsafe { self.source.fill(image) }?;
        let picture = &mut *self.picture;
        picture.img.i_csp = sys::X264_CSP_I420 as c_int;
        picture.img.i_plane = 3;
        for (plane, (samples, stride)) in self.source.planes().enumerate() {
            picture.img.plane[plane] = samples.as_ptr().cast_mut();
            picture.img.i_stride[plane] = c_int::try_from(stride).ok()?;
        }
        picture.i_type = match kind {
            Kind::Idr => sys::X264_TYPE_IDR,
            Kind::Intra => sys::X264_TYPE_I,
            Kind::Inter | Kind::Aside => sys::X264_TYPE_P,
        } as c_int;
        picture.i_qpplus1 = qp.min(QP_MAX) as c_int + 1;
        picture.i_pts += 1;
        let (mut units, mut count) = (ptr::null_mut(), 0);
        let mut shown = MaybeUninit::<sys::x264_picture_t>::uninit();
        // SAFETY: encoder and picture are valid, the planes live until the call is over since x264 copies them, and the
        // output picture is only written.
        let len = unsafe {
            (self.api.encoder_encode)(
                self.encoder.as_ptr(),
                &raw mut units,
                &raw mut count,
                picture,
                shown.as_mut_ptr(),
            )
        };
        let len = usize::try_from(len).ok().filter(|&len| len > 0)?;
        if count == 0 || units.is_null() {
            return None;
        }
        if kind == Kind::Aside {
            // SAFETY: the encoder is open. It marks the pictures from this time on, which is this one alone; the units stay
            // as they are.
            let marked =
                unsafe { (self.api.encoder_invalidate_reference)(self.encoder.as_ptr(), picture.i_pts) };
            if marked != 0 {
                return None;
            }
        }
        // SAFETY: x264.h: the payloads of all output NAL units are guaranteed to be sequential in memory, and `len` is
        // their size; they stay until the next call.
        Some(unsafe { std::slice::from_raw_parts((*units).p_payload, len) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: it is open and not used again.
        unsafe { (self.api.encoder_close)(self.encoder.as_ptr()) }
    }
}

/// What x264 starts from: fast, and for the measure that tests take.
const PRESET: &CStr = c"superfast";
const TUNE: &CStr = c"psnr,zerolatency";

/// Sets what the client's parameter sets fix, and turns off what would delay a picture or need words in a header.
fn configure(param: &mut sys::x264_param_t, config: &EncoderConfig) -> Option<()> {
    let flag = |flag: u64| c_int::from(config.flags & flag != 0);
    let number = |index: usize| config.numbers[index].cast_signed();
    param.i_log_level = sys::X264_LOG_NONE;
    param.i_width = c_int::try_from(config.width).ok()?;
    param.i_height = c_int::try_from(config.height).ok()?;
    param.i_csp = sys::X264_CSP_I420 as c_int;
    param.i_bitdepth = 8;
    param.i_fps_num = config.fps_num.max(1);
    param.i_fps_den = config.fps_den.max(1);
    param.b_vfr_input = 0;
    if config.numbers[h264::LEVEL] != 0 {
        param.i_level_idc = number(h264::LEVEL);
    }

    // One in, one out.
    param.i_threads = 1;
    param.i_lookahead_threads = 1;
    param.b_sliced_threads = 0;
    param.i_sync_lookahead = 0;
    param.rc.i_lookahead = 0;
    param.i_bframe = 0;
    // The driver says which picture is what.
    param.i_keyint_max = sys::X264_KEYINT_MAX_INFINITE as c_int;
    // From this distance on x264 makes IDR pictures of I pictures.
    param.i_keyint_min = sys::X264_KEYINT_MAX_INFINITE as c_int / 2;
    param.i_scenecut_threshold = 0;
    param.b_intra_refresh = 0;
    param.i_frame_reference = 1;
    // Pictures aside lie in x264's buffer of references too, and must not push the one that counts out of it.
    param.i_dpb_size = (number(h264::ASIDE).clamp(0, 15)) + 1;
    param.b_repeat_headers = 1;
    param.b_annexb = 1;
    param.b_aud = 0;
    param.i_slice_count = c_int::try_from(config.slices).ok()?;

    param.b_cabac = flag(h264::CABAC);
    param.analyse.b_transform_8x8 = flag(h264::TRANSFORM_8X8);
    param.b_constrained_intra = flag(h264::CONSTRAINED_INTRA);
    param.b_deblocking_filter = c_int::from(config.flags & h264::NO_DEBLOCKING == 0);
    param.i_deblocking_filter_alphac0 = number(h264::ALPHA).clamp(-6, 6);
    param.i_deblocking_filter_beta = number(h264::BETA).clamp(-6, 6);
    param.i_cqm_preset = sys::X264_CQM_FLAT as c_int;
    param.analyse.i_chroma_qp_offset = number(h264::CHROMA_QP_OFFSET);
    param.analyse.i_weighted_pred = sys::X264_WEIGHTP_NONE as c_int;
    // Psychovisual tuning moves the chroma quantiser.
    param.analyse.b_psy = 0;
    param.analyse.f_psy_rd = 0.0;
    param.analyse.f_psy_trellis = 0.0;
    // The preset leaves out what goes with the 8x8 transform.
    if param.analyse.b_transform_8x8 != 0 {
        param.analyse.intra |= sys::X264_ANALYSE_I8x8;
    }

    param.rc.i_rc_method = sys::X264_RC_CQP as c_int;
    // Never 0, which would mean lossless; each picture brings its own.
    param.rc.i_qp_constant = 26;
    // x264 keeps even the quantisers that pictures bring between those of I and B pictures at constant quantiser, which
    // are 6·log2 of these factors off that of P pictures: 1 and 51.
    let factor = (25.0f32 / 6.0).exp2();
    param.rc.f_ip_factor = factor;
    param.rc.f_pb_factor = factor;
    param.rc.i_aq_mode = sys::X264_AQ_NONE as c_int;
    param.rc.b_mb_tree = 0;
    Some(())
}

#[cfg(test)]
mod tests {
    use softgpu_core::codec::Codec;

    use super::*;
    use crate::testing::{Picture, psnr};

    fn config(width: u32, height: u32, flags: u64) -> EncoderConfig {
        EncoderConfig {
            codec: Codec::H264,
            width,
            height,
            bit_depth: 8,
            fps_num: 30,
            fps_den: 1,
            slices: 1,
            flags,
            numbers: [0; 8],
        }
    }

    fn code(config: &EncoderConfig, kinds: &[Kind], qp: u32) -> (f64, usize) {
        let mut encoder = Encoder::open(config).unwrap();
        let mut stream = Vec::new();
        let mut sent = Vec::new();
        for (time, &kind) in kinds.iter().enumerate() {
            let mut picture = Picture::new(config.width as usize, config.height as usize, false, time);
            // SAFETY: the image is that of a picture that lives.
            stream.extend_from_slice(unsafe { encoder.picture(&picture.image(), kind, qp) }.unwrap());
            sent.push(picture);
        }
        (psnr("h264", &stream, &sent), stream.len())
    }

    #[test]
    fn pictures_come_out_as_they_go_in_and_decode() {
        use Kind::{Idr, Inter, Intra};
        let kinds = [Idr, Inter, Inter, Intra, Inter, Idr, Inter];
        for flags in [0, h264::CABAC, h264::CABAC | h264::TRANSFORM_8X8, h264::CONSTRAINED_INTRA] {
            for slices in [1, 3] {
                let config = EncoderConfig { slices, ..config(318, 186, flags) };
                let (fine, large) = code(&config, &kinds, 10);
                let (coarse, small) = code(&config, &kinds, 34);
                assert!(fine > 46.0 && coarse > 30.0 && coarse < fine, "{flags}: {fine} {coarse}");
                assert!(2 * small < large, "{small} {large}");
            }
        }
    }

    #[test]
    fn pictures_aside_leave_no_trace() {
        use Kind::{Aside, Idr, Inter};
        // Each picture aside is another scene: what comes after it is as small as without it.
        let mut numbers = [0; 8];
        numbers[h264::ASIDE] = 3;
        let config = EncoderConfig { numbers, ..config(320, 184, h264::CABAC) };
        let kinds = [Idr, Inter, Aside, Inter, Aside, Aside, Aside, Inter, Inter];
        let mut encoder = Encoder::open(&config).unwrap();
        let mut sizes = Vec::new();
        for (time, &kind) in kinds.iter().enumerate() {
            let mut picture =
                Picture::new(320, 184, false, if kind == Aside { 500 + 97 * time } else { time / 3 });
            // SAFETY: the image is that of a picture that lives.
            sizes.push(unsafe { encoder.picture(&picture.image(), kind, 26) }.unwrap().len());
        }
        for (size, kind) in sizes.iter().zip(kinds).skip(1) {
            assert_eq!(*size < 600, kind == Inter, "{sizes:?}");
        }
    }

    #[test]
    fn what_x264_cannot_code_is_refused() {
        assert!(Encoder::open(&EncoderConfig { bit_depth: 10, ..config(320, 184, 0) }).is_none());
        assert!(Encoder::open(&config(319, 184, 0)).is_none());
        assert!(Encoder::open(&config(0, 0, 0)).is_none());
    }
}
