//! What a request allows, and in which order.

use super::*;
use crate::error::Reason;
use crate::select::Fallback;
use crate::select::rank::preference;

#[test]
fn without_a_gpu_every_candidate_says_why_and_what_to_do() {
    let error = refusal(&host(), &h264());
    let candidates = error.candidates();
    let encoders: Vec<_> = candidates.iter().map(|c| c.encoder.as_str()).collect();
    let expected =
        ["h264_nvenc", "h264_qsv", "h264_vaapi", "h264_vulkan", "h264_nvmpi", "h264_v4l2m2m", "libx264"];
    assert_eq!(encoders, expected);
    for candidate in candidates {
        assert_eq!(candidate.verdict, Verdict::Rejected, "{candidate}");
        assert!(!candidate.reason.code.as_str().is_empty(), "{candidate}");
        assert!(!candidate.reason.message.is_empty(), "{candidate}");
        assert!(!candidate.reason.remedy.is_empty(), "{candidate}");
        assert_eq!(candidate.device, None, "{candidate}");
        let line = format!("[{}]", candidate.reason.code);
        let told =
            error.reason().evidence.iter().any(|e| e.contains(&candidate.encoder) && e.contains(&line));
        assert!(told, "{candidate} is not in {error:?}");
    }
    for (encoder, code) in [
        ("h264_nvenc", Code::DeviceMissing),
        ("h264_qsv", Code::DeviceMissing),
        ("h264_vaapi", Code::DeviceMissing),
        ("h264_vulkan", Code::EncoderNotCompiled),
        ("libx264", Code::FallbackDenied),
    ] {
        assert_eq!(of(candidates, encoder).reason.code, code, "{encoder}");
    }
    assert!(error.reason().remedy.contains("--fallback software"), "{error:?}");
    assert!(error.reason().remedy.contains("libx264"), "{error:?}");
}

#[test]
fn software_is_taken_where_the_request_allows_it() {
    let report = offering(vendor::INTEL, &[]);
    let taken = decision(&report, &h264().fallback(Fallback::Software));
    assert_eq!(taken.chosen().encoder, "libx264");
    assert_eq!(taken.chosen().device, None);
    assert!(taken.fallback_used());
    assert!(taken.chosen().reason.message.contains("the request allows software"), "{taken}");
    assert_eq!(of(taken.candidates(), "h264_vaapi").reason.code, Code::DeviceNoEncoder);
    for (codec, encoder) in [(Codec::Hevc, "libx265"), (Codec::Av1, "libsvtav1")] {
        let request = Request::new(codec, 1280, 720).fallback(Fallback::Software);
        assert_eq!(decision(&report, &request).chosen().encoder, encoder);
    }
    // There is none for this codec.
    let vp9 = Request::new(Codec::Vp9, 1280, 720).fallback(Fallback::Software);
    assert!(refusal(&report, &vp9).reason().remedy.contains("hwenc doctor"));
}

#[test]
fn alternatives_are_those_that_are_named() {
    let named = |names: &[&str]| {
        h264().fallback(Fallback::Alternatives(names.iter().map(|name| (*name).to_owned()).collect()))
    };
    let taken = decision(&host(), &named(&["h264_vaapi", "libx264"]));
    assert_eq!(taken.chosen().encoder, "libx264");
    assert!(taken.fallback_used());
    assert!(taken.chosen().reason.message.contains("as an alternative"), "{taken}");
    let error = refusal(&host(), &named(&["h264_vaapi"]));
    assert_eq!(of(error.candidates(), "libx264").reason.code, Code::FallbackDenied);
}

#[test]
fn alternatives_come_after_hardware_and_in_the_order_of_the_request() {
    let candidate = |encoder: &str, backend: &str| Candidate {
        encoder: encoder.to_owned(),
        backend: backend.to_owned(),
        device: None,
        verdict: Verdict::Usable,
        reason: Reason::new(Code::NotNeeded, ""),
        va: None,
        proof: None,
    };
    let software = |encoder| candidate(encoder, "software");
    let candidates = [
        software("libx264"),
        software("libx265"),
        candidate("h264_nvenc", "cuda"),
        software("libsvtav1"),
        candidate("h264_vaapi", "vaapi"),
    ];
    let order = |fallback| {
        let order = preference(&host(), &h264().fallback(fallback), &candidates);
        order.into_iter().map(|i| candidates[i].encoder.as_str()).collect::<Vec<_>>()
    };
    let listed = ["h264_nvenc", "h264_vaapi", "libx264", "libx265", "libsvtav1"];
    assert_eq!(order(Fallback::Software), listed);
    assert_eq!(order(Fallback::Deny), listed);
    let named = Fallback::Alternatives(["libsvtav1", "h264_vaapi", "libx265"].map(str::to_owned).to_vec());
    assert_eq!(order(named), ["h264_nvenc", "h264_vaapi", "libsvtav1", "libx265", "libx264"]);
}

#[test]
fn an_encoder_that_is_named_needs_no_fallback_and_has_no_substitute() {
    let report = gpu(host(), vendor::INTEL, open_node());
    let taken = decision(&report, &h264().encoder("libx264"));
    assert_eq!(taken.chosen().encoder, "libx264");
    assert!(!taken.fallback_used());
    assert_eq!(taken.chosen().reason.message, "the request names it, and a trial of it worked");
    let other = of(taken.candidates(), "h264_vaapi");
    assert_eq!(other.reason.code, Code::NotRequested);
    assert!(other.reason.remedy.contains("--encoder h264_vaapi"), "{other}");

    // Software is allowed, and the request still names another.
    let error = refusal(&report, &h264().encoder("h264_qsv").fallback(Fallback::Software));
    assert!(error.to_string().contains("h264_qsv cannot be used"), "{error}");
    assert_eq!(of(error.candidates(), "libx264").reason.code, Code::NotRequested);
    assert_eq!(error.reason().evidence.len(), 1, "{error:?}");
    assert_eq!(error.reason().remedy, Code::BackendNotDriven.remedy());
}

#[test]
fn a_device_that_is_named_rules_the_others_out() {
    let report = gpu(gpu(host(), vendor::INTEL, open_node()), vendor::AMD, open_node());
    let request = h264().device("/dev/dri/renderD129");
    let hardware = decision(&report, &request);
    for candidate in hardware.candidates().iter().filter(|c| c.encoder == "h264_vaapi") {
        let named = candidate.device.as_deref() == Some("/dev/dri/renderD129");
        if named {
            assert_eq!(candidate, hardware.chosen());
            continue;
        }
        let code = Code::NotRequested;
        assert_eq!(candidate.reason.code, code, "{candidate}");
        assert!(!candidate.reason.remedy.is_empty(), "{candidate}");
    }
    // The CPU is no device, and the policy allows it.
    let dead = with(report.clone(), |report| {
        let error = Some("vaInitialize: unknown libva error (-1)".to_owned());
        report.va.push(VaDriver::new("/dev/dri/renderD129", error));
    });
    let taken = decision(&dead, &request.fallback(Fallback::Software));
    assert!(taken.fallback_used());
    // The reason is that of the device in question, not of the first one.
    let named = refusal(&dead, &h264().encoder("h264_vaapi").device("/dev/dri/renderD129"));
    let seen = &named.candidates().iter().find(|c| c.reason.code == Code::DeviceFailed).unwrap().reason;
    assert!(seen.evidence[0].contains("vaInitialize"), "{seen:?}");
    assert_eq!(named.reason().remedy, seen.remedy);

    let nowhere = refusal(&report, &h264().device("/dev/dri/renderD200"));
    assert_eq!(
        nowhere.reason().remedy,
        "nothing is known of /dev/dri/renderD200; name one of /dev/dri/renderD128, /dev/dri/renderD129"
    );
}

#[test]
fn an_ffmpeg_without_gpl_parts_says_that_x264_is_not_in_it() {
    let report = with(host(), |report| {
        report.ffmpeg.license = "LGPL version 2.1 or later".into();
        report.ffmpeg.encoders = vec!["h264_vaapi".into(), "libsvtav1".into()];
    });
    for fallback in [Fallback::Deny, Fallback::Software] {
        let error = refusal(&report, &h264().fallback(fallback));
        let x264 = of(error.candidates(), "libx264");
        assert_eq!(x264.reason.code, Code::EncoderNotCompiled, "{x264}");
        assert!(x264.reason.evidence[0].contains("LGPL"), "{x264}");
        assert!(!x264.reason.remedy.is_empty(), "{x264}");
        // It would not help.
        assert!(!error.reason().remedy.contains("--fallback"), "{error:?}");
    }
    let named = refusal(&report, &h264().encoder("libx264"));
    assert_eq!(named.reason().remedy, Code::EncoderNotCompiled.remedy());
    let av1 = Request::new(Codec::Av1, 1280, 720).fallback(Fallback::Software);
    assert_eq!(decision(&report, &av1).chosen().encoder, "libsvtav1");
}

#[test]
fn what_is_wrong_on_any_machine_is_said_before_candidates() {
    let error = host().select(&Request::new(Codec::H264, 641, 480)).unwrap_err();
    assert_eq!(error.code(), Code::RequestSize);
    assert!(error.candidates().is_empty());
}

#[test]
fn a_decision_survives_json_and_a_saved_report_gives_the_same() {
    for report in [host(), one_node_of_two(), nvidia(host(), ALL_NVIDIA), Report::default()] {
        let again = Report::from_json(&report.to_json()).unwrap();
        let request = h264().fallback(Fallback::Software);
        match (settle(&report, &request), settle(&again, &request)) {
            (Ok(a), Ok(b)) => {
                assert_eq!(a, b);
                let json = serde_json::to_string(&a).unwrap();
                assert_eq!(serde_json::from_str::<Decision>(&json).unwrap(), a);
                let forged = json.replacen(&format!("\"chosen\":{}", index(&a)), "\"chosen\":99", 1);
                assert!(serde_json::from_str::<Decision>(&forged).is_err(), "{forged}");
            }
            (Err(a), Err(b)) => assert_eq!(a.candidates(), b.candidates()),
            (a, b) => panic!("{a:?}\n{b:?}"),
        }
    }
}

/// Which of its candidates a decision took.
fn index(decision: &Decision) -> usize {
    decision.candidates().iter().position(|candidate| candidate == decision.chosen()).unwrap()
}
