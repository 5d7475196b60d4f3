//! What a VA-API driver offers decides what is taken of it.

use super::*;
use crate::select::{Fallback, Latency, RateControl};
use VaRateControl::{Cbr, Cqp, Icq, Vbr};

fn chosen(entries: &[VaEntry], request: &Request) -> VaEntry {
    let decision = decision(&offering(vendor::INTEL, entries), request);
    assert_eq!(decision.chosen().device.as_deref(), Some(RENDER_128));
    decision.chosen().va.clone().expect("the driver offers something")
}

fn refused(entries: &[VaEntry], request: &Request) -> crate::Reason {
    let error = refusal(&offering(vendor::INTEL, entries), request);
    let encoder = format!("{}_vaapi", request.codec);
    let reason = of(error.candidates(), &encoder).reason.clone();
    assert_eq!(reason.code, Code::EncoderUnsupported, "{reason:?}");
    assert!(!reason.remedy.is_empty() && !reason.evidence.is_empty(), "{reason:?}");
    reason
}

#[test]
fn the_entrypoint_is_the_one_that_does_what_is_asked() {
    let both = [entry("H264High", "EncSliceLP", &[Cqp, Cbr]), entry("H264High", "EncSlice", &[Cqp, Vbr])];
    assert_eq!(chosen(&both, &h264()).entrypoint, "EncSlice");
    assert_eq!(chosen(&both, &h264().rate_control(RateControl::Cbr(1_000_000))).entrypoint, "EncSliceLP");
    assert_eq!(chosen(&both[..1], &h264().latency(Latency::Low)).entrypoint, "EncSliceLP");
    let reason = refused(&both[..1], &h264().bitrate(1_000_000));
    assert!(reason.message.contains("has no VBR here"), "{reason:?}");
    assert!(reason.evidence[0].contains("CQP, CBR"), "{reason:?}");
}

#[test]
fn the_best_profile_that_the_driver_has_is_taken() {
    let main = entry("H264Main", "EncSlice", &[Cqp]);
    let all = [entry("H264ConstrainedBaseline", "EncSlice", &[Icq]), main, entry("H264High", "VLD", &[])];
    assert_eq!(chosen(&all, &h264()).profile, "H264Main");
}

#[test]
fn depth_size_and_codec_are_the_drivers() {
    let hevc = [entry("HEVCMain", "EncSlice", &[Cqp]), entry("HEVCMain10", "EncSlice", &[Cqp])];
    let request = Request::new(Codec::Hevc, 1280, 720);
    assert_eq!(chosen(&hevc, &request.clone().bit_depth(10)).profile, "HEVCMain10");
    let reason = refused(&hevc[..1], &request.clone().bit_depth(10));
    assert!(reason.message.contains("does not encode hevc at 10 bit"), "{reason:?}");
    assert!(reason.evidence[1].contains("HEVCMain (EncSlice)"), "{reason:?}");
    let reason = refused(&hevc, &Request::new(Codec::Hevc, 7680, 4320));
    assert!(reason.message.contains("from 32x32 to 4096x2304 here, not 7680x4320"), "{reason:?}");
    let error = refusal(&offering(vendor::INTEL, &[entry("H264High", "VLD", &[])]), &request);
    let reason = &of(error.candidates(), "hevc_vaapi").reason;
    assert_eq!(reason.code, Code::DeviceNoEncoder);
    assert!(reason.message.contains("decodes only"), "{reason:?}");
    let reason = refused(&hevc, &h264());
    assert!(reason.message.contains("does not encode h264"), "{reason:?}");
}

#[test]
fn a_driver_that_offers_nothing_is_no_reason_for_a_silent_fallback() {
    let report = offering(vendor::AMD, &[]);
    refusal(&report, &h264());
    assert!(decision(&report, &h264().fallback(Fallback::Software)).fallback_used());
}
