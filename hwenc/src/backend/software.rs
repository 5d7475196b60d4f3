//! x264, x265 and SVT-AV1: encoders on the CPU. Never taken unasked.

use super::{Backend, Driver, Offer, Place};
use crate::av::{self, EncoderSettings, PixelFormat};
use crate::error::{Code, Error, Reason, Result};
use crate::select::{Chroma, Codec, Latency, RateControl, Request};

pub(crate) static BACKEND: Backend = Backend {
    name: "software",
    hardware: false,
    encoders: &[(Codec::H264, "libx264"), (Codec::Hevc, "libx265"), (Codec::Av1, "libsvtav1")],
    places: |_| vec![Place { device: None, obstacle: None }],
    driver: Some(Driver {
        surfaces: None,
        offers: |report, request, encoder, _| match refuses(request, encoder, report.formats(encoder)) {
            Some(reason) => Err(reason),
            None => Ok(vec![None]),
        },
        rate_control_rank: |_, _| 0,
        format,
        configure,
        reopens_for_idr,
        applied: &["preset", "tune", "crf", "qp", "b", "maxrate", "bufsize", "g", "bf", "threads", "profile"],
    }),
};

/// What is different from one encoder to the next.
struct Traits {
    name: &'static str,
    preset: &'static str,
    /// The quickest preset that every version has.
    quickest: &'static str,
    /// Smallest picture, in pixels.
    least: (u32, u32),
    /// Largest picture, in pixels.
    most: (u32, u32),
    chroma_444: bool,
    /// CRF at quality 0, 10, … 100, with the same SSIM at the same quality as far as each encoder's range goes.
    /// Measured by `benches/src/bin/calibrate.rs`: see docs/evidence.md, "Quality scale".
    crf: [f32; 11],
}

/// Limits: x264 0.164 (encoder/encoder.c), x265 3.5 (CTU of 64, level 8.5), SVT-AV1 1.4 (enc_settings.c).
static TRAITS: [Traits; 3] = [
    Traits {
        name: "libx264",
        preset: "medium",
        quickest: "ultrafast",
        least: (2, 2),
        most: (16384, 16384),
        chroma_444: true,
        crf: [51.0, 46.7, 42.4, 38.1, 33.8, 29.5, 25.2, 20.8, 14.2, 7.6, 1.0],
    },
    Traits {
        name: "libx265",
        preset: "medium",
        quickest: "ultrafast",
        least: (32, 32),
        most: (8192, 8192),
        chroma_444: true,
        crf: [51.0, 48.9, 44.5, 40.1, 35.5, 30.6, 25.1, 20.2, 13.5, 6.6, 0.0],
    },
    Traits {
        name: "libsvtav1",
        preset: "8",
        quickest: "10", // 13 at most in SVT-AV1 1.4, fewer in later ones
        least: (64, 64),
        most: (16384, 8704),
        chroma_444: false,
        // Below 4 SVT-AV1 4.2 writes streams that do not decode from noise at its quick presets.
        crf: [63.0, 63.0, 63.0, 63.0, 60.0, 52.0, 37.0, 20.0, 4.0, 4.0, 4.0],
    },
];

/// The preset for work whose result nobody looks at.
pub(crate) fn quickest(encoder: &str) -> Option<&'static str> {
    TRAITS.iter().find(|t| t.name == encoder).map(|t| t.quickest)
}

fn traits(encoder: &str) -> &'static Traits {
    TRAITS.iter().find(|t| t.name == encoder).expect("every encoder of the table has traits")
}

fn refuses(request: &Request, encoder: &str, formats: &[String]) -> Option<Reason> {
    let t = traits(encoder);
    let unsupported = |what: String| Some(Reason::new(Code::EncoderUnsupported, format!("{encoder} {what}")));
    let (w, h) = (request.width, request.height);
    if w < t.least.0 || h < t.least.1 || w > t.most.0 || h > t.most.1 {
        let (a, b) = (t.least, t.most);
        return unsupported(format!("takes pictures from {}x{} to {}x{}, not {w}x{h}", a.0, a.1, b.0, b.1))
            .map(|r| r.remedy("ask for another size or another codec"));
    }
    if request.chroma == Chroma::Yuv444 && !t.chroma_444 {
        return unsupported("has no 4:4:4".into()).map(|r| r.remedy("ask for 4:2:0, or for h264 or hevc"));
    }
    if encoder == "libsvtav1" {
        // SVT-AV1 2.3 and 4.2 refuse this; 1.4 takes it.
        if matches!((request.latency, request.rate_control), (Latency::Low, RateControl::Vbr(_))) {
            return unsupported("has no variable bit rate at low latency".into())
                .map(|r| r.remedy("ask for a constant bit rate, or for normal latency"));
        }
        // libavcodec takes 0 for "not set" (libsvtav1.c).
        if request.rate_control == RateControl::Cqp(0) {
            return unsupported("takes quantisers from 1 to 63, not 0".into())
                .map(|r| r.remedy("ask for another quantiser"));
        }
    }
    let fits = |format: &PixelFormat| formats.iter().any(|name| name == format.name());
    if formats.is_empty() || wanted(request).iter().any(fits) {
        return None;
    }
    Some(lacks(request, encoder, formats))
}

/// Formats that the pictures can be coded from, the best first.
fn wanted(request: &Request) -> &'static [PixelFormat] {
    match (request.chroma, request.bit_depth) {
        (Chroma::Yuv444, 8) => &[PixelFormat::I444],
        (Chroma::Yuv444, _) => &[PixelFormat::I410],
        (Chroma::Yuv420, 8) if request.input == PixelFormat::NV12 => &[PixelFormat::NV12, PixelFormat::I420],
        (Chroma::Yuv420, 8) => &[PixelFormat::I420],
        (Chroma::Yuv420, _) => &[PixelFormat::I010],
    }
}

fn lacks(request: &Request, encoder: &str, formats: &[String]) -> Reason {
    let depth = request.bit_depth;
    Reason::new(Code::EncoderUnsupported, format!("this build of {encoder} has no {depth} bit"))
        .evidence(format!("its formats: {}", formats.join(", ")))
        .remedy("install a build that has it, or ask for the other bit depth")
}

fn format(request: &Request, encoder: &str) -> Result<PixelFormat> {
    let taken = av::encoder_formats(encoder)?;
    wanted(request).iter().copied().find(|f| taken.contains(f)).ok_or_else(|| {
        let names: Vec<String> = taken.iter().map(|f| f.name().to_owned()).collect();
        lacks(request, encoder, &names).into()
    })
}

fn configure(request: &Request, encoder: &str, _: &Offer, settings: &mut EncoderSettings) -> Result<()> {
    let t = traits(encoder);
    let preset = request.preset.iter().map(|preset| ("preset", preset));
    for (key, value) in preset.chain(request.options.iter().map(|(k, v)| (k.as_str(), v))) {
        known_value(encoder, key, value)?;
    }
    let mut set = |key: &str, value: String| settings.options.push((key.into(), value));
    set("preset", request.preset.clone().unwrap_or_else(|| t.preset.into()));

    let rate = |settings: &mut EncoderSettings, bits: u64, peak: u64| {
        settings.bit_rate = Some(bits);
        settings.max_bit_rate = Some(peak);
        settings.buffer_bits = Some(peak);
    };
    match request.rate_control {
        RateControl::Quality(quality) => set("crf", format!("{}", crf(t, quality))),
        RateControl::Cqp(qp) => set("qp", qp.to_string()),
        // SVT-AV1 takes no peak in this mode (EbSvtAv1Enc.h, `max_bit_rate`: only with CRF).
        RateControl::Vbr(bits) | RateControl::Cbr(bits) if encoder == "libsvtav1" => {
            settings.bit_rate = Some(bits);
        }
        RateControl::Vbr(bits) => rate(settings, bits, bits.saturating_mul(2)),
        RateControl::Cbr(bits) => rate(settings, bits, bits),
        RateControl::Qvbr { quality, bits } => {
            set("crf", format!("{}", crf(t, quality)));
            settings.max_bit_rate = Some(bits);
            settings.buffer_bits = Some(bits);
        }
    }

    let low = request.latency == Latency::Low;
    let mut more: Vec<String> = Vec::new();
    match encoder {
        "libx264" | "libx265" => {
            // An I picture that is asked for is one where decoding can begin.
            settings.options.push(("forced-idr".into(), "1".into()));
            if low {
                settings.options.push(("tune".into(), "zerolatency".into()));
            }
        }
        _ => {
            // CBR needs low-delay prediction (SVT-AV1, Docs/Parameters.md, `--rc`), and is asked for by name:
            // libavcodec knows it by a peak as high as the rate, which SVT-AV1 1.4 and 2.3 refuse.
            let constant = matches!(request.rate_control, RateControl::Cbr(_));
            if low || constant {
                more.push("pred-struct=1".into());
            }
            if constant {
                more.push("rc=2".into());
            }
            if takes_idr(request) {
                more.push("enable-force-key-frames=1".into());
            }
            if request.threads > 0 {
                more.push(format!("lp={}", request.threads));
            }
        }
    }
    if encoder == "libx265" {
        more.push("log-level=error".into()); // it writes to standard error itself, past libav's log
        // Its GOPs are open unless it is told otherwise, and then decoding cannot begin at every key frame.
        settings.options.push(("flags".into(), "+cgop".into()));
    }
    let key = if encoder == "libx265" { "x265-params" } else { "svtav1-params" };
    let theirs = request.options.iter().filter(|(k, _)| k == key).map(|(_, v)| v.clone());
    more.extend(theirs);
    if !more.is_empty() {
        settings.options.push((key.into(), more.join(":")));
    }
    settings.options.extend(request.options.iter().filter(|(k, _)| k != key).cloned());
    Ok(())
}

/// Names that x264 and x265 look up themselves, and complain of on standard error, past libav's log. Both take the number
/// of a preset, too; tunings can be joined.
fn known_value(encoder: &str, key: &str, value: &str) -> Result<()> {
    const PRESETS: &str = "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo";
    let names = match (encoder, key) {
        ("libx264" | "libx265", "preset") => PRESETS,
        ("libx264", "tune") => "film animation grain stillimage psnr ssim fastdecode zerolatency",
        ("libx264", "profile") => "baseline main high high10 high422 high444",
        _ => return Ok(()),
    };
    let known = |part: &str| names.split(' ').any(|name| name.eq_ignore_ascii_case(part));
    let number = key == "preset" && value.parse().is_ok_and(|n: usize| n < names.split(' ').count());
    if number || value.split([',', '.', '/', '-', '+']).all(known) {
        return Ok(());
    }
    let legal = names.replace(' ', ", ");
    Err(Error::new(Code::OptionInvalid, format!("{encoder} has no {key} `{value}`"))
        .with_value(value, &legal)
        .with_remedy(format!("one of {legal}")))
}

/// SVT-AV1 takes an IDR in the middle with constant quality and B pictures in every version, otherwise since 2.3 at
/// the latest; 1.4 refuses to be told so.
fn takes_idr(request: &Request) -> bool {
    request.latency == Latency::Normal
        && matches!(request.rate_control, RateControl::Quality(_) | RateControl::Cqp(_))
}

/// The version of SVT-AV1 cannot be asked for through libavcodec; FFmpeg 7.1 is younger than SVT-AV1 2.3.
fn reopens_for_idr(request: &Request, encoder: &str) -> bool {
    encoder == "libsvtav1" && !cfg!(ffmpeg_7_1) && !takes_idr(request)
}

/// Between the measured points in a straight line; rounded to what all three encoders take.
fn crf(t: &Traits, quality: u8) -> f32 {
    let at = f32::from(quality.min(100)) / 10.0;
    let low = (at.floor() as usize).min(9);
    let value = t.crf[low] + (t.crf[low + 1] - t.crf[low]) * (at - low as f32);
    if t.name == "libsvtav1" { value.round() } else { (value * 10.0).round() / 10.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quality_scale_only_rises() {
        for t in &TRAITS {
            for q in 0..100 {
                assert!(crf(t, q) >= crf(t, q + 1), "{} at {q}", t.name);
            }
        }
    }

    #[test]
    fn names_that_the_encoders_look_up_are_known_before() {
        for (key, value) in [("preset", "nosuch"), ("preset", "10"), ("tune", "film,nosuch"), ("profile", "")]
        {
            assert_eq!(
                known_value("libx264", key, value).unwrap_err().code(),
                Code::OptionInvalid,
                "{key} {value}"
            );
        }
        for (key, value) in [("preset", "Fast"), ("preset", "9"), ("tune", "film,zerolatency"), ("crf", "x")]
        {
            known_value("libx264", key, value).unwrap();
        }
    }

    #[test]
    fn limits_are_said_before_an_encoder_is_opened() {
        let small = Request::new(Codec::Av1, 32, 32);
        assert_eq!(refuses(&small, "libsvtav1", &[]).unwrap().code, Code::EncoderUnsupported);
        assert!(refuses(&Request::new(Codec::H264, 32, 32), "libx264", &[]).is_none());
        let deep = Request::new(Codec::H264, 640, 480).bit_depth(10);
        let shallow = ["yuv420p".to_owned(), "nv12".to_owned()];
        assert!(refuses(&deep, "libx264", &shallow).unwrap().message.contains("10 bit"));
        let full = Request::new(Codec::Av1, 640, 480).chroma(Chroma::Yuv444);
        assert!(refuses(&full, "libsvtav1", &[]).unwrap().message.contains("4:4:4"));
    }
}
