//! VA-API: Intel, AMD and others through libva.

use super::{Backend, Driver, Offer, Place, places};
use crate::av::{DeviceKind, EncoderSettings, PixelFormat};
use crate::doctor::remedy;
use crate::error::{Code, Error, Reason, Result};
use crate::probe::{Report, VaDriver, VaEntry, VaRateControl};
use crate::select::{Chroma, Codec, Latency, RateControl, Request};

pub(crate) static BACKEND: Backend = Backend {
    name: "vaapi",
    hardware: true,
    encoders: &[
        (Codec::H264, "h264_vaapi"),
        (Codec::Hevc, "hevc_vaapi"),
        (Codec::Av1, "av1_vaapi"),
        (Codec::Vp9, "vp9_vaapi"),
        (Codec::Mjpeg, "mjpeg_vaapi"),
    ],
    places: |report| {
        let nodes = places::render_nodes(report, "GPU that VA-API could drive", places::any_but_nvidia);
        places::block(nodes, places::libraries(report, &["libva.so.2", "libva-drm.so.2"]))
    },
    driver: Some(Driver {
        surfaces: Some(DeviceKind::VAAPI),
        offers,
        rate_control_rank: |request, offer| {
            let mode = offer.as_ref().and_then(|entry| mode(request, entry));
            modes(request.rate_control).iter().position(|wanted| Some(*wanted) == mode).unwrap_or(0)
        },
        format: |request, _| Ok(if request.bit_depth > 8 { PixelFormat::P010 } else { PixelFormat::NV12 }),
        configure,
        reopens_for_idr: |_, _| false,
        applied: &[
            "rc_mode",
            "global_quality",
            "b",
            "maxrate",
            "bufsize",
            "g",
            "bf",
            "low_power",
            "async_depth",
            "compression_level",
            "profile",
        ],
    }),
};

/// The profiles that libavcodec tries for a codec and bit depth, in its order (libavcodec/vaapi_encode_*.c).
fn profiles(codec: Codec, depth: u8) -> &'static [&'static str] {
    match (codec, depth) {
        (Codec::H264, 8) => &["H264High", "H264Main", "H264ConstrainedBaseline"],
        (Codec::H264, _) => &["H264High10"],
        (Codec::Hevc, 8) => &["HEVCMain", "HEVCMain10"],
        (Codec::Hevc, _) => &["HEVCMain10"],
        (Codec::Av1, _) => &["AV1Profile0"],
        (Codec::Vp9, 8) => &["VP9Profile0"],
        (Codec::Vp9, _) => &["VP9Profile2"],
        (Codec::Mjpeg, 8) => &["JPEGBaseline"],
        (Codec::Mjpeg, _) => &[],
    }
}

/// What serves a request for bits, the best first.
fn modes(rate: RateControl) -> &'static [VaRateControl] {
    match rate {
        RateControl::Quality(_) => &[VaRateControl::Icq, VaRateControl::Cqp],
        RateControl::Cqp(_) => &[VaRateControl::Cqp],
        RateControl::Vbr(_) => &[VaRateControl::Vbr],
        RateControl::Cbr(_) => &[VaRateControl::Cbr],
        RateControl::Qvbr { .. } => &[VaRateControl::Qvbr],
    }
}

fn mode(request: &Request, entry: &VaEntry) -> Option<VaRateControl> {
    modes(request.rate_control).iter().copied().find(|mode| entry.rate_control.contains(mode))
}

/// The entries of the driver that libavcodec would use and that do what is asked, one of each entrypoint; where there is none,
/// the one that comes nearest says what is missing.
fn offers(report: &Report, request: &Request, encoder: &str, place: &Place) -> Result<Vec<Offer>, Reason> {
    let device = place.device.as_deref().unwrap_or_default();
    if let Some(what) = not_here(request) {
        return Err(Reason::new(Code::EncoderUnsupported, format!("{encoder} {what}"))
            .remedy("ask for something else, or for a software encoder"));
    }
    let Some(driver) = report.va_driver(device.as_ref()) else {
        return Ok(vec![None]);
    };
    if let Some(reason) = &driver.lost {
        return Err(reason.clone());
    }
    if let Some(error) = &driver.error {
        return Err(Reason::new(Code::DeviceFailed, format!("no VA-API driver starts on {device}"))
            .evidence(error.clone())
            .remedy(remedy::va_driver(report, driver)));
    }
    let names = profiles(request.codec, request.bit_depth);
    let mut known: Vec<&VaEntry> =
        driver.entries.iter().filter(|e| e.encodes() && names.contains(&e.profile.as_str())).collect();
    // The order of libavcodec; of the same profile the normal entrypoint first, which has more ways of giving out bits.
    known.sort_by_key(|e| (names.iter().position(|name| *name == e.profile), e.is_low_power()));
    known.retain(|entry| if request.bit_depth > 8 { entry.yuv420_10 } else { entry.yuv420 });
    if known.is_empty() {
        return Err(nothing(request, driver, device));
    }
    let (mut offers, mut first) = (Vec::<Offer>::new(), None);
    for entry in known {
        let taken = |offer: &Offer| offer.as_ref().is_some_and(|known| known.entrypoint == entry.entrypoint);
        match lacks(request, encoder, entry) {
            None if offers.iter().any(taken) => {}
            None => offers.push(Some(entry.clone())),
            Some(reason) => first = first.or(Some(reason)),
        }
    }
    if offers.is_empty() {
        return Err(first.expect("one entry at least was looked at").evidence(says(driver)));
    }
    Ok(offers)
}

/// What this backend cannot do on any device.
fn not_here(request: &Request) -> Option<&'static str> {
    if request.chroma == Chroma::Yuv444 {
        return Some("is driven for 4:2:0 only");
    }
    match request.rate_control {
        // libavcodec takes 0 for "not set" (vaapi_encode.c).
        RateControl::Cqp(0) => Some("takes quantisers above 0"),
        RateControl::Vbr(_) | RateControl::Cbr(_) | RateControl::Qvbr { .. }
            if request.codec == Codec::Mjpeg =>
        {
            Some("has no bit rates, only qualities")
        }
        _ => None,
    }
}

fn nothing(request: &Request, driver: &VaDriver, device: &str) -> Reason {
    let mut encodes: Vec<String> = driver
        .entries
        .iter()
        .filter(|entry| entry.encodes())
        .map(|entry| format!("{} ({})", entry.profile, entry.entrypoint))
        .collect();
    encodes.dedup();
    if encodes.is_empty() {
        let does = if driver.entries.iter().any(VaEntry::decodes) {
            "decodes only"
        } else {
            "neither encodes nor decodes"
        };
        return Reason::new(Code::DeviceNoEncoder, format!("{device} {does}, by its driver's word"))
            .evidence(says(driver));
    }
    let (codec, depth) = (request.codec, request.bit_depth);
    Reason::new(Code::EncoderUnsupported, format!("{device} does not encode {codec} at {depth} bit"))
        .evidence(says(driver))
        .evidence(format!("it encodes {}", encodes.join(", ")))
        .remedy("ask for a codec and bit depth that it has, or for a software encoder")
}

fn says(driver: &VaDriver) -> String {
    format!("driver: {}", driver.vendor.as_deref().unwrap_or("without a name"))
}

/// What an entry cannot do of a request.
fn lacks(request: &Request, encoder: &str, entry: &VaEntry) -> Option<Reason> {
    let (w, h) = (request.width, request.height);
    let unsupported = |what: String| Reason::new(Code::EncoderUnsupported, format!("{encoder} {what}"));
    let below = entry.least.filter(|least| w < least.0 || h < least.1);
    let above = entry.most.filter(|most| w > most.0 || h > most.1);
    if below.is_some() || above.is_some() {
        let (a, b) = (entry.least.unwrap_or((1, 1)), entry.most);
        let most = b.map_or_else(String::new, |b| format!(" to {}x{}", b.0, b.1));
        return Some(
            unsupported(format!("takes pictures from {}x{}{most} here, not {w}x{h}", a.0, a.1))
                .remedy("ask for another size or another codec"),
        );
    }
    // Before 7.0 libavcodec pads to 16 whatever the device wants, and what comes out is not cropped right.
    let odd = |(aw, ah): (u32, u32)| {
        w.next_multiple_of(16) % aw.max(16) != 0 || h.next_multiple_of(16) % ah.max(16) != 0
    };
    if let Some((aw, ah)) = entry.alignment.filter(|a| !cfg!(ffmpeg_7_1) && odd(*a)) {
        return Some(
            unsupported(format!("needs multiples of {aw}x{ah} here, which this FFmpeg does not pad to"))
                .remedy("ask for such a size, or use FFmpeg 7.1 or newer"),
        );
    }
    // libavcodec asks for none with JPEG (vaapi_encode_mjpeg.c: FLAG_CONSTANT_QUALITY_ONLY).
    if request.codec != Codec::Mjpeg && mode(request, entry).is_none() {
        let have: Vec<String> = entry.rate_control.iter().map(|m| format!("{m:?}").to_uppercase()).collect();
        let wanted: Vec<String> =
            modes(request.rate_control).iter().map(|m| format!("{m:?}").to_uppercase()).collect();
        return Some(
            unsupported(format!("has no {} here", wanted.join(" or ")))
                .evidence(format!("it has {}", have.join(", ")))
                .remedy("ask for another rate control"),
        );
    }
    None
}

fn configure(request: &Request, encoder: &str, offer: &Offer, settings: &mut EncoderSettings) -> Result<()> {
    let entry = offer.as_ref();
    let low = request.latency == Latency::Low;
    let mut set = |key: &str, value: &dyn ToString| settings.options.push((key.into(), value.to_string()));
    if request.codec == Codec::Mjpeg {
        set("global_quality", &jpeg_quality(request.rate_control));
    } else {
        // Without the driver's word the mode that every encoder has.
        let mode = entry.and_then(|entry| mode(request, entry));
        let mode = mode.or(modes(request.rate_control).last().copied());
        if let Some(mode) = mode {
            set("rc_mode", &format!("{mode:?}").to_uppercase());
        }
        match request.rate_control {
            RateControl::Quality(quality) | RateControl::Qvbr { quality, .. } => {
                set("global_quality", &quantiser(request.codec, quality));
            }
            RateControl::Cqp(qp) => {
                set("global_quality", &scaled(request.codec, qp));
                // One quantiser for all: libavcodec gives B pictures 6/5 of it otherwise.
                set("b_qfactor", &1);
            }
            RateControl::Vbr(_) | RateControl::Cbr(_) => {}
        }
    }
    if entry.is_some_and(VaEntry::is_low_power) {
        set("low_power", &1);
    }
    if low {
        set("async_depth", &1);
    }
    if let Some(preset) = &request.preset {
        set("compression_level", &level(encoder, preset, entry)?);
    }
    let (bits, peak) = match request.rate_control {
        RateControl::Vbr(bits) => (Some(bits), Some(bits.saturating_mul(2))),
        RateControl::Cbr(bits) => (Some(bits), Some(bits)),
        // libavcodec wants an average, too (vaapi_encode.c); nothing lies below a peak that is held by quality.
        RateControl::Qvbr { bits, .. } => (Some(bits), Some(bits)),
        RateControl::Quality(_) | RateControl::Cqp(_) => (None, None),
    };
    (settings.bit_rate, settings.max_bit_rate, settings.buffer_bits) = (bits, peak, peak);
    settings.b_frames = Some(b_frames(request, entry));
    settings.options.extend(request.options.iter().cloned());
    Ok(())
}

/// As many as asked for, as far as the device has references for them; VP9's need a bitstream filter behind the encoder,
/// and AV1's are not asked for by default.
fn b_frames(request: &Request, entry: Option<&VaEntry>) -> u32 {
    let refers_back_only = entry.and_then(|e| e.references).is_some_and(|(_, second)| second == 0);
    let codes_b = matches!(request.codec, Codec::H264 | Codec::Hevc) && !refers_back_only;
    let default = if request.latency == Latency::Low { 0 } else { 2 };
    if codes_b { request.b_frames.unwrap_or(default) } else { 0 }
}

/// `best`, `balanced`, `fast`, or a step of the device, 1 being the best (`VAEncMiscParameterBufferQualityLevel`).
fn level(encoder: &str, preset: &str, entry: Option<&VaEntry>) -> Result<u32> {
    let steps = entry.and_then(|entry| entry.quality_steps).unwrap_or(7).max(1);
    let known = match preset {
        "best" => Some(1),
        "balanced" => Some(steps.div_ceil(2)),
        "fast" => Some(steps),
        number => number.parse().ok().filter(|n| (1..=steps).contains(n)),
    };
    known.ok_or_else(|| {
        let legal = format!("best, balanced, fast, or 1 to {steps}");
        Error::new(Code::OptionInvalid, format!("{encoder} has no preset `{preset}`"))
            .with_value(preset, &legal)
            .with_remedy(legal)
    })
}

/// A quantiser as requests count it, on the scale of the device: the same for H.264 and HEVC; AV1's 64 steps as
/// base_q_idx (AV1 specification, 5.9.12), as libaom spaces them.
fn scaled(codec: Codec, qp: u32) -> u32 {
    match (codec, qp) {
        (Codec::Av1, 62) => 249,
        (Codec::Av1, 63..) => 255,
        (Codec::Av1, qp) => qp * 4,
        (_, qp) => qp,
    }
}

/// The quantiser for a quality. Not calibrated on devices: it follows the scale measured with the software encoder of
/// the codec (docs/evidence.md, "Quality scale").
fn quantiser(codec: Codec, quality: u8) -> u32 {
    const H264: [u32; 11] = [51, 47, 42, 38, 34, 30, 25, 21, 14, 8, 1];
    const HEVC: [u32; 11] = [51, 49, 45, 40, 36, 31, 25, 20, 14, 7, 1];
    const AV1: [u32; 11] = [255, 252, 248, 244, 240, 208, 148, 80, 48, 24, 8];
    let table = match codec {
        Codec::H264 => H264,
        Codec::Hevc => HEVC,
        _ => AV1,
    };
    let (step, part) = (usize::from(quality.min(100)) / 10, u32::from(quality) % 10);
    let (high, low) = (table[step], table[(step + 1).min(10)]);
    high - ((high - low) * part + 5) / 10
}

fn jpeg_quality(rate: RateControl) -> u32 {
    match rate {
        RateControl::Quality(quality) => u32::from(quality).max(1),
        // 1 to 31 as libavcodec counts quantisers, 1 the best.
        RateControl::Cqp(qp) => 100 - (qp.clamp(1, 31) - 1) * 99 / 30,
        _ => 80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_quality_never_has_a_higher_quantiser() {
        for codec in [Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9] {
            for quality in 0..100 {
                assert!(quantiser(codec, quality) >= quantiser(codec, quality + 1), "{codec} {quality}");
            }
            assert!(quantiser(codec, 100) > 0);
        }
        assert_eq!((scaled(Codec::Av1, 61), scaled(Codec::Av1, 63), scaled(Codec::Hevc, 30)), (244, 255, 30));
    }

    #[test]
    fn presets_are_steps_of_the_device() {
        let entry = VaEntry { quality_steps: Some(7), ..VaEntry::default() };
        let level = |preset: &str| level("h264_vaapi", preset, Some(&entry)).ok();
        assert_eq!(["best", "balanced", "fast", "7"].map(level), [Some(1), Some(4), Some(7), Some(7)]);
        assert_eq!(["0", "8", "medium"].map(level), [None; 3]);
    }
}
