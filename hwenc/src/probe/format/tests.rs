//! What each format says, and that it says no more than was verified.

use serde_json::Value;

use super::labels::{labels, names};
use super::*;
use crate::backend;
use crate::device::{PciId, vendor};
use crate::error::{Code, Reason};
use crate::probe::machines::{gpu, host, open_node, with};
use crate::probe::{Outcome, Proof, Trial, Tried};
use crate::select::{Chroma, Codec, Request};

const FIRST: Option<&str> = Some("/dev/dri/renderD128");
const SECOND: Option<&str> = Some("/dev/dri/renderD129");

fn of(encoder: &str) -> Request {
    Request::new(backend::of_encoder(encoder).map_or(Codec::H264, |(_, codec)| codec), 1280, 720)
}

fn tried(encoder: &str, device: Option<&str>, request: &Request, works: bool) -> Tried {
    let outcome = if works {
        Outcome::Verified(Proof::default())
    } else {
        Outcome::Failed(Reason::new(Code::TrialPicture, "green"))
    };
    Tried::new(Trial::new(encoder, device, None, request), outcome, 12.5)
}

/// An Intel and an AMD GPU: HEVC in 10 bit on the second alone, AV1 nowhere, software in H.264.
fn two_gpus() -> Report {
    let report = gpu(gpu(host(), vendor::INTEL, open_node()), vendor::AMD, open_node());
    with(report, |report| {
        report.hwenc = "0.1.0".into();
        let (h264, hevc) = (of("h264_vaapi"), of("hevc_vaapi"));
        report.trials = vec![
            tried("h264_vaapi", FIRST, &h264, true),
            tried("h264_vaapi", SECOND, &h264, true),
            tried("h264_vaapi", SECOND, &Request::new(Codec::H264, 3840, 2160), true),
            tried("h264_vaapi", FIRST, &Request::new(Codec::H264, 7680, 4320), false),
            tried("hevc_vaapi", FIRST, &hevc.clone().bit_depth(10), false),
            tried("hevc_vaapi", SECOND, &hevc.clone().bit_depth(10), true),
            tried("av1_vaapi", FIRST, &of("av1_vaapi"), false),
            tried("libx264", None, &h264, true),
        ];
    })
}

#[test]
fn nfd_has_a_line_for_each_label() {
    let expected = "\
# Encoders that hwenc verified by encoding
hwenc.dev/ffmpeg=7.1
hwenc.dev/h264_vaapi=true
hwenc.dev/h264_vaapi.devices=2
hwenc.dev/h264_vaapi.height=2160
hwenc.dev/h264_vaapi.vendor=amd_intel
hwenc.dev/h264_vaapi.width=3840
hwenc.dev/hardware.h264=true
hwenc.dev/hardware.hevc=true
hwenc.dev/hevc_vaapi=true
hwenc.dev/hevc_vaapi.10bit=true
hwenc.dev/hevc_vaapi.devices=1
hwenc.dev/hevc_vaapi.height=720
hwenc.dev/hevc_vaapi.vendor=amd
hwenc.dev/hevc_vaapi.width=1280
hwenc.dev/libx264=true
hwenc.dev/libx264.devices=1
hwenc.dev/version=0.1.0
";
    assert_eq!(two_gpus().to_format(Format::Nfd).unwrap(), expected);
}

#[test]
fn k8s_gives_labels_and_takes_the_others_away() {
    let patch: Value = serde_json::from_str(&two_gpus().to_format(Format::K8s).unwrap()).unwrap();
    let all = patch["metadata"]["labels"].as_object().unwrap();
    let given: Vec<_> =
        all.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?))).collect();
    let labels = labels(&two_gpus());
    assert_eq!(given, labels.iter().map(|(name, value)| (name.clone(), value.as_str())).collect::<Vec<_>>());
    assert_eq!(all["hwenc.dev/av1_vaapi"], Value::Null);
    assert_eq!(all["hwenc.dev/hevc_nvenc.10bit"], Value::Null);
    assert_eq!(all.len(), names().count());
    assert!(
        labels.keys().all(|name| names().any(|known| known == *name)),
        "a label that is never taken away"
    );
}

#[test]
fn dask_counts_devices() {
    assert_eq!(two_gpus().to_format(Format::Dask).unwrap(), "h264_vaapi=2 hevc_vaapi=1 libx264=1\n");
}

#[test]
fn where_nothing_was_verified_nothing_is_said() {
    let untried = with(two_gpus(), |report| report.trials.clear());
    let failed = with(two_gpus(), |report| report.trials.retain(|tried| tried.outcome.proof().is_none()));
    for report in [untried, failed, Report::default()] {
        assert_eq!(report.to_format(Format::Nfd).unwrap(), "# Encoders that hwenc verified by encoding\n");
        assert_eq!(report.to_format(Format::Dask).unwrap(), "\n");
        let patch: Value = serde_json::from_str(&report.to_format(Format::K8s).unwrap()).unwrap();
        assert!(patch["metadata"]["labels"].as_object().unwrap().values().all(Value::is_null));
    }
}

/// Of all encoders at once, each verified or not, no more is told than was verified.
#[test]
fn nothing_unverified_is_ever_told() {
    let encoders: Vec<&str> = backend::encoder_names().collect();
    for turn in 0..200_u64 {
        let mut state = turn;
        let mut chance = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 62 == 0
        };
        let report = with(two_gpus(), |report| {
            report.trials.clear();
            for encoder in &encoders {
                for device in [FIRST, SECOND] {
                    for request in
                        [of(encoder), of(encoder).bit_depth(10), of(encoder).chroma(Chroma::Yuv444)]
                    {
                        report.trials.push(tried(encoder, device, &request, chance()));
                    }
                }
            }
        });
        let shown = |encoder: &str, wanted: &dyn Fn(&Request) -> bool| {
            report.trials.iter().any(|tried| {
                let trial = &tried.trial;
                trial.encoder == encoder && tried.outcome.proof().is_some() && wanted(&trial.request)
            })
        };
        let labels = labels(&report);
        for encoder in &encoders {
            let has = |end: &str| labels.contains_key(&format!("hwenc.dev/{encoder}{end}"));
            let any = shown(encoder, &|_| true);
            for end in ["", ".devices"] {
                assert_eq!(has(end), any, "{encoder}{end}");
            }
            assert_eq!(has(".10bit"), shown(encoder, &|request| request.bit_depth == 10), "{encoder}");
            assert_eq!(has(".444"), shown(encoder, &|request| request.chroma == Chroma::Yuv444), "{encoder}");
            let resources = report.to_format(Format::Dask).unwrap();
            let counted = resources.split_whitespace().any(|one| one.split('=').next() == Some(encoder));
            assert_eq!(counted, any, "{encoder}: {resources}");
        }
    }
}

#[test]
fn labels_are_what_kubernetes_takes() {
    let well_formed = |text: &str| {
        let (bytes, ends) = (text.as_bytes(), |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric));
        let inside = bytes.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c));
        bytes.len() <= 63 && inside && ends(bytes.first()) && ends(bytes.last())
    };
    for name in names() {
        let (prefix, name) = name.split_once('/').unwrap();
        assert!(prefix == "hwenc.dev" && well_formed(name), "{name}");
    }
    let long = "x".repeat(100);
    for text in [
        "",
        "  ",
        "+",
        "Très bon & cie",
        "-a-",
        "a/b",
        "5.1.9-0+deb12u1",
        "N-118000-g1234567",
        "日本",
        &long,
        "=\n",
    ] {
        let report = with(two_gpus(), |report| {
            report.hwenc = text.into();
            report.ffmpeg.version = text.into();
            for node in &mut report.machine.drm.render_nodes {
                node.hardware.as_mut().unwrap().vendor_name = Some(text.into());
            }
        });
        for (name, value) in labels(&report) {
            assert!(well_formed(&value), "{name}={value}");
        }
        let file = report.to_format(Format::Nfd).unwrap();
        assert!(
            file.lines().skip(1).all(|line| line.starts_with("hwenc.dev/") && line.contains('=')),
            "{file}"
        );
    }
}

#[test]
fn makers_are_told_as_far_as_they_are_known() {
    let label =
        |report: &Report, encoder: &str| labels(report).remove(&format!("hwenc.dev/{encoder}.vendor"));
    let report = with(two_gpus(), |report| {
        report.machine.drm.render_nodes[0].hardware.as_mut().unwrap().vendor_name = None;
        report.machine.drm.render_nodes[0].hardware.as_mut().unwrap().vendor = Some(PciId(0x1d17));
        report.trials = vec![
            tried("h264_vaapi", FIRST, &of("h264_vaapi"), true),
            tried("hevc_vaapi", Some("/dev/dri/renderD140"), &of("hevc_vaapi"), true),
            tried("h264_nvenc", Some("0"), &of("h264_nvenc"), true),
            tried("libx264", None, &of("libx264"), true),
        ];
    });
    assert_eq!(label(&report, "h264_vaapi").as_deref(), Some("1d17"));
    assert_eq!(label(&report, "hevc_vaapi"), None);
    assert_eq!(label(&report, "h264_nvenc").as_deref(), Some("nvidia"));
    assert_eq!(label(&report, "libx264"), None);
}

#[test]
fn compose_is_the_doctors() {
    let text = two_gpus().to_format(Format::Compose).unwrap();
    assert!(text.contains("services:") && text.contains("/dev/dri/renderD129"), "{text}");
    assert_eq!(host().to_format(Format::Compose).unwrap_err().code(), Code::DeviceMissing);
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), *format);
    }
    let error = "yaml".parse::<Format>().unwrap_err();
    assert_eq!(
        (error.code(), error.legal()),
        (Code::RequestInvalid, Some("one of json, nfd, k8s, dask, compose"))
    );
    let report = two_gpus();
    assert_eq!(Report::from_json(&report.to_format(Format::Json).unwrap()).unwrap(), report);
}
