//! From a request to a session through the public API: every candidate has a reason, nothing is used that was not
//! allowed, and what was decided can be stored and opened elsewhere. (The policy itself has its tests in `select`.)

mod common;

use std::collections::BTreeSet;

use common::{bare_machine, decide};
use hwenc::probe::Report;
use hwenc::select::{Candidate, Verdict};
use hwenc::{Code, Codec, Decision, Error, Fallback, Picture, PixelFormat, Request};

fn want(codec: Codec) -> Request {
    Request::new(codec, 320, 240).preset(if codec == Codec::Av1 { "12" } else { "ultrafast" })
}

/// Candidates that are no software: name, code, and whether there is a remedy.
fn hardware(candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    candidates.iter().filter(|c| c.backend != "software")
}

#[test]
fn without_a_device_and_without_leave_nothing_is_taken() {
    for codec in Codec::ALL.iter().copied() {
        let error: Error = decide(&Request::new(codec, 1280, 720)).unwrap_err();
        assert_eq!((error.code(), error.code().as_str()), (Code::NoEncoder, "select.no_encoder"), "{codec}");

        // Every encoder that hwenc knows for the codec is there, with its reason.
        let known = bare_machine().encoders.iter().filter(|e| e.codec == codec);
        let listed: BTreeSet<&str> = error.candidates().iter().map(|c| c.encoder.as_str()).collect();
        assert_eq!(listed, known.map(|e| e.name.as_str()).collect(), "{codec}");
        assert!(hardware(error.candidates()).count() > 0, "{codec}");
        for candidate in error.candidates() {
            let reason = &candidate.reason;
            assert_eq!(candidate.verdict, Verdict::Rejected, "{candidate}");
            assert!(Code::ALL.contains(&reason.code) && reason.code != Code::Internal, "{candidate}");
            assert!(!reason.message.is_empty() && !reason.remedy.is_empty(), "{candidate}");
            assert!(error.reason().evidence.iter().any(|line| line.contains(reason.code.as_str())));
        }
        let software = error.candidates().iter().any(|c| c.backend == "software");
        assert_eq!(error.reason().remedy.contains("--fallback software"), software, "{codec}: {error:?}");
    }
}

#[test]
fn what_is_used_stands_in_the_decision_and_on_the_session() {
    type Change = fn(Request) -> Request;
    // How software is allowed, and whether that makes it a fallback.
    let table: [(&str, Change, bool); 3] = [
        ("software", |r| r.fallback(Fallback::Software), true),
        (
            "by name",
            |r| r.fallback(Fallback::Alternatives(vec!["h264_vaapi".into(), "libx264".into()])),
            true,
        ),
        ("explicit", |r| r.encoder("libx264"), false),
    ];
    for (name, change, fallback) in table {
        let request = change(want(Codec::H264).input(PixelFormat::NV12));
        let decision = decide(&request).unwrap();
        assert_eq!(
            (decision.chosen().encoder.as_str(), decision.fallback_used()),
            ("libx264", fallback),
            "{name}"
        );
        assert_eq!(decision.chosen().reason.code, Code::Chosen, "{name}");
        assert_eq!(decision.request(), &request);
        let chosen = decision.candidates().iter().filter(|c| c.verdict == Verdict::Chosen);
        assert_eq!(chosen.count(), 1, "{name}");

        let text = decision.to_string();
        for candidate in decision.candidates() {
            let (encoder, reason) = (&candidate.encoder, &candidate.reason);
            assert!(
                text.contains(encoder.as_str()) && text.contains(&reason.message),
                "{encoder} in\n{text}"
            );
            assert!(
                text.contains(reason.code.as_str()) && text.contains(&reason.remedy),
                "{encoder} in\n{text}"
            );
        }

        let session = decision.clone().open().unwrap();
        assert_eq!((session.encoder(), session.decision()), ("libx264", &decision), "{name}");
    }
}

#[test]
fn choose_looks_at_this_machine_and_takes_what_is_named() {
    let pixels = vec![90; 320 * 240 * 3 / 2];
    for (codec, encoder) in [(Codec::H264, "libx264"), (Codec::Hevc, "libx265"), (Codec::Av1, "libsvtav1")] {
        let mut session = hwenc::choose(&want(codec).encoder(encoder)).unwrap().open().unwrap();
        session.send(&Picture::packed(PixelFormat::NV12, 320, 240, &pixels).unwrap()).unwrap();
        assert_eq!((session.encoder(), session.stats().frames_in), (encoder, 1));
    }
    let error = hwenc::choose(&want(Codec::H264).encoder("h264_nothing")).unwrap_err();
    assert_eq!((error.code().as_str(), error.value()), ("request.unknown_encoder", Some("h264_nothing")));
}

#[test]
fn requests_decisions_and_reports_can_be_stored() {
    let request = want(Codec::Hevc)
        .fps((30000, 1001))
        .time_base((1, 90_000))
        .bit_depth(10)
        .input(PixelFormat::P010)
        .color(hwenc::Color::HDR10)
        .rate_control(hwenc::RateControl::Cbr(2_000_000))
        .gop(60)
        .latency(hwenc::Latency::Low)
        .threads(2)
        .fallback(Fallback::Alternatives(vec!["libx265".into()]))
        .zero_copy(hwenc::ZeroCopy::Require)
        .parameter_sets(hwenc::ParameterSets::Global)
        .option("aud", "1");
    let text = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request, "{text}");

    let report = bare_machine();
    let copy = Report::from_json(&report.to_json()).unwrap();
    assert_eq!(&copy, report);
    assert_eq!(Report::from_json("{}").unwrap_err().code().as_str(), "report.invalid");
    let newer = report.to_json().replacen("\"schema\": 2", "\"schema\": 99", 1);
    assert_eq!(Report::from_json(&newer).unwrap_err().code(), Code::ReportInvalid);

    let request = want(Codec::H264).fallback(Fallback::Software);
    let decision = copy.select(&request).unwrap().decided().unwrap();
    let text = serde_json::to_string(&decision).unwrap();
    let stored: Decision = serde_json::from_str(&text).unwrap();
    assert_eq!(stored, decide(&request).unwrap(), "the same report gives the same decision");
    assert_eq!(stored.open().unwrap().encoder(), "libx264");
}
