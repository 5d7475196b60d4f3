//! What a job can be told, field by field.

use std::ffi::c_char;

use hwenc::{Codec, RateControl};

use crate::arguments;
use crate::boundary;
use crate::error::hwenc_error;
use crate::status::hwenc_status;
use crate::transcode::{hwenc_transcode, set};

/// Codec: "h264", "hevc", "av1", ... Without it what the container or the named encoder implies, else H.264.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_codec(
    job: *mut hwenc_transcode,
    codec: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let codec: Codec = arguments::text(codec, "codec")?.parse()?;
            set(job, |job| job.codec = Some(codec))
        })
    }
}

/// Size in pixels, as it is seen: a film that players turn is turned already.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_size(
    job: *mut hwenc_transcode,
    width: u32,
    height: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.size = Some((width, height)))) }
}

/// Bits per sample of what is coded: 8 or 10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_bit_depth(
    job: *mut hwenc_transcode,
    bits: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let bits: u8 = arguments::narrow(bits, "the bit depth", "8 or 10")?;
            set(job, |job| job.bit_depth = Some(bits))
        })
    }
}

/// Constant quality, 0 (worst) to 100 (best), on one scale for all encoders.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_quality(
    job: *mut hwenc_transcode,
    quality: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let quality = arguments::narrow::<u32, u8>(quality, "the quality", "0 to 100")?;
            set(job, |job| job.rate_control = RateControl::Quality(quality))
        })
    }
}

/// One quantiser for all pictures, on the codec's own scale.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_qp(
    job: *mut hwenc_transcode,
    qp: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.rate_control = RateControl::Cqp(qp))) }
}

/// Average bit rate in bits per second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_bitrate(
    job: *mut hwenc_transcode,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.rate_control = RateControl::Vbr(bits))) }
}

/// Constant bit rate in bits per second, over one second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_cbr(
    job: *mut hwenc_transcode,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.rate_control = RateControl::Cbr(bits))) }
}

/// Constant quality that no second exceeds a number of bits for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_qvbr(
    job: *mut hwenc_transcode,
    quality: u32,
    bits: u64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let quality = arguments::narrow::<u32, u8>(quality, "the quality", "0 to 100")?;
            set(job, |job| job.rate_control = RateControl::Qvbr { quality, bits })
        })
    }
}

/// Distance of key frames in pictures at most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_gop(
    job: *mut hwenc_transcode,
    pictures: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.gop = Some(pictures))) }
}

/// The encoder's own speed preset.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_preset(
    job: *mut hwenc_transcode,
    preset: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let preset = arguments::text(preset, "preset")?;
            set(job, |job| job.preset = Some(preset.to_owned()))
        })
    }
}

/// Threads of a software encoder; 0 lets it choose.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_threads(
    job: *mut hwenc_transcode,
    threads: u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.threads = threads)) }
}

/// This encoder and no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_encoder(
    job: *mut hwenc_transcode,
    encoder: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let encoder = arguments::text(encoder, "encoder")?;
            set(job, |job| job.encoder = Some(encoder.to_owned()))
        })
    }
}

/// This device and no other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_device(
    job: *mut hwenc_transcode,
    device: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let device = arguments::path(device, "device")?;
            set(job, |job| job.device = Some(device))
        })
    }
}

/// What may be used when no hardware encoder works: "deny", "software", or names of encoders with commas between.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_fallback(
    job: *mut hwenc_transcode,
    fallback: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let fallback = arguments::text(fallback, "fallback")?.parse()?;
            set(job, |job| job.fallback = fallback)
        })
    }
}

/// "allow", or "require": pictures must not be copied on their way to the encoder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_zero_copy(
    job: *mut hwenc_transcode,
    policy: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let policy = arguments::text(policy, "policy")?.parse()?;
            set(job, |job| job.zero_copy = policy)
        })
    }
}

/// Where the source is decoded: "auto", "cpu" or "device".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_decode_on(
    job: *mut hwenc_transcode,
    place: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::text(place, "place")?.parse()?;
            set(job, |job| job.decode_on = place)
        })
    }
}

/// Adds an option of the encoder itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_option(
    job: *mut hwenc_transcode,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let key = arguments::text(key, "key")?.to_owned();
            let value = arguments::text(value, "value")?.to_owned();
            set(job, |job| job.options.push((key, value)))
        })
    }
}

/// What happens when a part of the source does not decode: "fail", or "skip" to leave it out and count it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_on_corrupt(
    job: *mut hwenc_transcode,
    policy: *const c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let policy = arguments::text(policy, "policy")?.parse()?;
            set(job, |job| job.on_corrupt = policy)
        })
    }
}

/// Stop with HWENC_ERROR_GATE_SIZE_EXCEEDED when the result would become larger than this share of the source.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_max_size_ratio(
    job: *mut hwenc_transcode,
    ratio: f64,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.max_size_ratio = Some(ratio))) }
}

/// MP4: not 0 puts the index first, so that playing can begin before everything has arrived.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_faststart(
    job: *mut hwenc_transcode,
    on: i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.faststart = on != 0)) }
}

/// Not 0 lets the result replace an existing file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_transcode_set_overwrite(
    job: *mut hwenc_transcode,
    on: i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || set(job, |job| job.overwrite = on != 0)) }
}
