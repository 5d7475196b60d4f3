//! What a request can be told, field by field.

use std::ffi::c_char;

use hwenc::{
    Chroma, Color, Latency, Matrix, ParameterSets, Primaries, Range, RateControl, Rational, Transfer,
};

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::picture::pixel_format;
use crate::request::{hwenc_request, set, word};
use crate::status::hwenc_status;

/// Nominal frame rate in frames per second, as a fraction: 30/1, 30000/1001.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_fps(
    request: *mut hwenc_request,
    num: i32,
    den: i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.frame_rate = Rational::new(num, den))) }
}

/// Seconds that one tick of a timestamp counts, as a fraction; without it one frame. For variable frame rates a finer one, such as
/// 1/90000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_time_base(
    request: *mut hwenc_request,
    num: i32,
    den: i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || set(request, |request| request.time_base = Some(Rational::new(num, den))))
    }
}

/// Bits per sample of what is coded: 8 or 10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_bit_depth(
    request: *mut hwenc_request,
    bits: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let bits: u8 = arguments::narrow(bits, "the bit depth", "8 or 10")?;
            set(request, |request| request.bit_depth = bits)
        })
    }
}

/// Chroma subsampling of what is coded: "4:2:0" or "4:4:4".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_chroma(
    request: *mut hwenc_request,
    chroma: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let chroma = arguments::text(chroma, "chroma")?;
            let chroma =
                word(chroma, "the chroma format", &[("4:2:0", Chroma::Yuv420), ("4:4:4", Chroma::Yuv444)])?;
            set(request, |request| request.chroma = chroma)
        })
    }
}

/// Format of the pictures that will come, by FFmpeg's name: "nv12", "bgra", ... Others are converted, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_input(
    request: *mut hwenc_request,
    format: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let format = pixel_format(arguments::text(format, "format")?)?;
            set(request, |request| request.input = format)
        })
    }
}

/// Colours of what is coded, in numbers of ITU-T H.273; range 1 is limited, 2 full. BT.709 is (1, 1, 1, 1), BT.601 with 525 lines
/// (1, 6, 6, 6), BT.2020 (1, 9, 14, 9), HDR10 (1, 9, 16, 9); unspecified is (0, 2, 2, 2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_color(
    request: *mut hwenc_request,
    range: u32,
    primaries: u32,
    transfer: u32,
    matrix: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let byte = |number: u32| arguments::narrow::<u32, u8>(number, "a number of colours", "0 to 255");
            let range = match range {
                0..=2 => range as u8,
                _ => return Err(hwenc::Error::invalid("the range", range, "0, 1 or 2").into()),
            };
            let color = Color {
                range: Range(range),
                primaries: Primaries(byte(primaries)?),
                transfer: Transfer(byte(transfer)?),
                matrix: Matrix(byte(matrix)?),
            };
            set(request, |request| request.color = color)
        })
    }
}

/// Shape of a pixel; 1/1 without it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_sample_aspect_ratio(
    request: *mut hwenc_request,
    num: i32,
    den: i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            set(request, |request| request.sample_aspect_ratio = Rational::new(num, den))
        })
    }
}

/// Constant quality, 0 (worst) to 100 (best), on one scale for all encoders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_quality(
    request: *mut hwenc_request,
    quality: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let quality = arguments::narrow::<u32, u8>(quality, "the quality", "0 to 100")?;
            set(request, |request| request.rate_control = RateControl::Quality(quality))
        })
    }
}

/// One quantiser for all pictures, on the codec's own scale: 0 to 51 for H.264 and HEVC, to 63 for AV1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_qp(
    request: *mut hwenc_request,
    qp: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.rate_control = RateControl::Cqp(qp))) }
}

/// Average bit rate in bits per second; peaks up to twice as high, over one second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_bitrate(
    request: *mut hwenc_request,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.rate_control = RateControl::Vbr(bits))) }
}

/// Constant bit rate in bits per second, over one second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_cbr(
    request: *mut hwenc_request,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.rate_control = RateControl::Cbr(bits))) }
}

/// Constant quality that no second exceeds a number of bits for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_qvbr(
    request: *mut hwenc_request,
    quality: u32,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let quality = arguments::narrow::<u32, u8>(quality, "the quality", "0 to 100")?;
            set(request, |request| request.rate_control = RateControl::Qvbr { quality, bits })
        })
    }
}

/// Distance of key frames in pictures at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_gop(
    request: *mut hwenc_request,
    pictures: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.gop = Some(pictures))) }
}

/// B pictures in a row at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_b_frames(
    request: *mut hwenc_request,
    pictures: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.b_frames = Some(pictures))) }
}

/// "normal", or "low": one picture in, one packet out, where the encoder can.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_latency(
    request: *mut hwenc_request,
    latency: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let latency = arguments::text(latency, "latency")?;
            let latency =
                word(latency, "the latency", &[("normal", Latency::Normal), ("low", Latency::Low)])?;
            set(request, |request| request.latency = latency)
        })
    }
}

/// The encoder's own speed preset, such as "medium" or "8".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_preset(
    request: *mut hwenc_request,
    preset: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let preset = arguments::text(preset, "preset")?;
            set(request, |request| request.preset = Some(preset.to_owned()))
        })
    }
}

/// Threads of a software encoder; 0 lets it choose.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_threads(
    request: *mut hwenc_request,
    threads: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(request, |request| request.threads = threads)) }
}

/// This encoder and no other, by libavcodec's name: an explicit choice, to which no fallback policy applies.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_encoder(
    request: *mut hwenc_request,
    encoder: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let encoder = arguments::text(encoder, "encoder")?;
            set(request, |request| request.encoder = Some(encoder.to_owned()))
        })
    }
}

/// This device and no other, such as "/dev/dri/renderD128".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_device(
    request: *mut hwenc_request,
    device: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let device = arguments::path(device, "device")?;
            set(request, |request| request.device = Some(device))
        })
    }
}

/// The device that holds the pictures; an encoder there comes first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_input_device(
    request: *mut hwenc_request,
    device: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let device = arguments::path(device, "device")?;
            set(request, |request| request.input_device = Some(device))
        })
    }
}

/// What may be used when no hardware encoder works: "deny", "software", or names of encoders with commas between, in order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_fallback(
    request: *mut hwenc_request,
    fallback: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let fallback = arguments::text(fallback, "fallback")?.parse()?;
            set(request, |request| request.fallback = fallback)
        })
    }
}

/// "allow", or "require": a picture that would have to be copied or converted is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_zero_copy(
    request: *mut hwenc_request,
    policy: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let policy = arguments::text(policy, "policy")?.parse()?;
            set(request, |request| request.zero_copy = policy)
        })
    }
}

/// Where SPS, PPS and sequence headers go: "in-band", into the stream before every key frame; "global", beside it for containers, see
/// hwenc_session_extradata().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_parameter_sets(
    request: *mut hwenc_request,
    place: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::text(place, "place")?;
            let words = [("in-band", ParameterSets::InBand), ("global", ParameterSets::Global)];
            let place = word(place, "the place of parameter sets", &words)?;
            set(request, |request| request.parameter_sets = place)
        })
    }
}

/// Adds an option of the encoder itself, set last. One that it does not take is an error when it opens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_request_set_option(
    request: *mut hwenc_request,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let key = arguments::text(key, "key")?.to_owned();
            let value = arguments::text(value, "value")?.to_owned();
            set(request, |request| request.options.push((key, value)))
        })
    }
}
