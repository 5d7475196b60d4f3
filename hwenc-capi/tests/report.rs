//! Probing, reports, the doctor and decisions.

mod common;

use std::ptr;

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

/// A report of this machine with the encoders of a small request tried.
fn report() -> *mut hwenc_report {
    let request = request();
    let mut report = ptr::null_mut();
    let options = hwenc_probe_options { request, ..options() };
    // SAFETY: pointers to what lives.
    unsafe { well(|error| hwenc_probe(&options, &mut report, error)) };
    assert_eq!(hwenc_request_free(request), 0);
    report
}

/// JSON whose milliseconds are rounded: the last digit of a double may differ after serde_json read it.
fn rounded(json: &str) -> serde_json::Value {
    fn round(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(all) => all.iter_mut().for_each(round),
            serde_json::Value::Object(all) => all.values_mut().for_each(round),
            number => {
                if let Some(float) = number.as_f64() {
                    *number = ((float * 1e6).round()).into();
                }
            }
        }
    }
    let mut value = serde_json::from_str(json).unwrap();
    round(&mut value);
    value
}

#[test]
fn a_report_goes_to_json_and_back_and_decides_all_the_same() {
    let (report, request) = (report(), request());
    let (mut json, mut again, mut decision) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_report_to_json(report, &mut json, error));
        well(|error| hwenc_report_from_json(json, &mut again, error));
        let mut second = ptr::null_mut();
        well(|error| hwenc_report_to_json(again, &mut second, error));
        assert_eq!(rounded(&take(json)), rounded(&take(second)));

        well(|error| hwenc_report_select(again, request, &mut decision, error));
        assert_eq!(text(hwenc_decision_encoder(decision)), "libx264");
        assert_eq!(text(hwenc_decision_backend(decision)), "software");
        assert!(hwenc_decision_device(decision).is_null());
        assert_eq!(hwenc_decision_fallback_used(decision), 0, "it was named");
        // What nobody tried is said to be so.
        well(|error| hwenc_request_set_encoder(request, c"libx264".as_ptr(), error));
        well(|error| hwenc_request_set_bit_depth(request, 10, error));
        let mut none = ptr::null_mut();
        let error = fails(|error| hwenc_report_select(again, request, &mut none, error));
        assert_eq!(error.status(), number(HWENC_ERROR_SELECT_NEEDS_TRIALS));
    }
    assert_eq!(hwenc_decision_free(decision), 0);
    assert_eq!(hwenc_request_free(request), 0);
    assert_eq!(hwenc_report_free(again), 0);
    assert_eq!(hwenc_report_free(report), 0);
}

#[test]
fn the_doctor_and_the_formats_say_what_the_command_says() {
    let report = report();
    let text_of = |make: &dyn Fn(*mut *mut std::ffi::c_char, *mut *mut hwenc_error) -> hwenc_status| {
        let mut text = ptr::null_mut();
        well(|error| make(&mut text, error));
        take(text)
    };
    // SAFETY: pointers to what lives.
    unsafe {
        let dask = text_of(&|text, error| hwenc_report_format(report, c"dask".as_ptr(), text, error));
        assert!(dask.contains("libx264=1"), "{dask}");
        let doctor = text_of(&|text, error| hwenc_report_doctor_text(report, ptr::null(), 0, text, error));
        assert!(doctor.contains("FFmpeg"), "{doctor}");
        let more =
            text_of(&|text, error| hwenc_report_doctor_text(report, ptr::null(), HWENC_VERBOSE, text, error));
        assert!(more.len() > doctor.len());
        let json = text_of(&|text, error| hwenc_report_doctor_json(report, ptr::null(), 0, text, error));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let checks = value["checks"].as_array().unwrap();
        assert!(checks.iter().all(|check| check["evidence"].is_null()));
        let counted = checks.iter().filter(|check| check["level"] == "problem").count();
        let mut problems = 99;
        well(|error| hwenc_report_problems(report, &mut problems, error));
        assert_eq!(problems as usize, counted);
        let one = text_of(&|text, error| {
            hwenc_report_doctor_json(report, c"ffmpeg.version".as_ptr(), HWENC_VERBOSE, text, error)
        });
        let one: serde_json::Value = serde_json::from_str(&one).unwrap();
        assert_eq!(one["checks"].as_array().unwrap().len(), 1);
        let mut none = ptr::null_mut();
        let error = fails(|error| hwenc_report_format(report, c"xml".as_ptr(), &mut none, error));
        assert_eq!(text(hwenc_error_value(error.0)), "`xml`");
        assert!(text(hwenc_error_legal(error.0)).contains("nfd"));
    }
    assert_eq!(hwenc_report_free(report), 0);
}

fn candidate() -> hwenc_candidate {
    // SAFETY: zeros are a value.
    let empty: hwenc_candidate = unsafe { std::mem::zeroed() };
    hwenc_candidate { struct_size: size_of::<hwenc_candidate>(), ..empty }
}

#[test]
fn a_decision_tells_of_every_candidate() {
    let decision = decision();
    let count = hwenc_decision_candidate_count(decision);
    assert!(count > 3, "{count}");
    let mut chosen = 0;
    // SAFETY: pointers to what lives.
    unsafe {
        for index in 0..count {
            let mut one = candidate();
            well(|error| hwenc_decision_candidate(decision, index, &mut one, error));
            assert_eq!(one.struct_size, size_of::<hwenc_candidate>());
            assert!(text(one.encoder).starts_with("h264") || text(one.encoder) == "libx264");
            assert_eq!(text(hwenc_status_name(one.status)), text(one.code));
            assert!(!text(one.message).is_empty() && !text(one.verdict).is_empty());
            let lines = std::slice::from_raw_parts(one.evidence, one.evidence_count as usize);
            assert!(lines.iter().all(|line| !text(*line).is_empty()));
            if text(one.verdict) == "chosen" {
                assert_eq!(
                    (text(one.encoder).as_str(), one.status),
                    ("libx264", number(HWENC_ERROR_POLICY_CHOSEN))
                );
                chosen += 1;
            }
        }
        let mut one = candidate();
        let error = fails(|error| hwenc_decision_candidate(decision, count, &mut one, error));
        assert_eq!(error.status(), number(HWENC_ERROR_REQUEST_INVALID));
        let (mut short, mut long, mut json) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        well(|error| hwenc_decision_text(decision, 0, &mut short, error));
        well(|error| hwenc_decision_text(decision, HWENC_VERBOSE, &mut long, error));
        well(|error| hwenc_decision_to_json(decision, &mut json, error));
        let (short, long, json) = (take(short), take(long), take(json));
        assert!(short.contains("libx264") && long.len() >= short.len());
        assert!(json.contains(r#""fallback_used": false"#), "{json}");
    }
    assert_eq!(chosen, 1);
    assert_eq!(hwenc_decision_free(decision), 0);
}

#[test]
fn where_no_encoder_will_do_the_error_has_every_candidate() {
    let (mut request, mut decision) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: pointers to what lives.
    unsafe {
        // 4:4:4 with ten bits in MJPEG: nothing here does that.
        well(|error| hwenc_request_new(c"mjpeg".as_ptr(), WIDTH, HEIGHT, &mut request, error));
        well(|error| hwenc_request_set_bit_depth(request, 10, error));
        well(|error| hwenc_request_set_chroma(request, c"4:4:4".as_ptr(), error));
        let error = fails(|error| hwenc_choose(request, &options(), &mut decision, error));
        assert_eq!(error.status(), number(HWENC_ERROR_SELECT_NO_ENCODER));
        assert!(decision.is_null());
        let count = hwenc_error_candidate_count(error.0);
        assert!(count > 0);
        let mut one = candidate();
        well(|slot| hwenc_error_candidate(error.0, 0, &mut one, slot));
        assert_eq!(text(one.verdict), "rejected");
        let json: serde_json::Value = serde_json::from_str(&text(hwenc_error_json(error.0))).unwrap();
        assert_eq!(json["code"], "select.no_encoder");
        assert_eq!(json["candidates"].as_array().unwrap().len(), count);
        assert_eq!(json["evidence"].as_array().unwrap().len(), error.evidence().len());
    }
    assert_eq!(hwenc_request_free(request), 0);
}

#[test]
fn requests_go_to_json_and_back() {
    let request = request();
    let (mut json, mut again, mut second) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_request_set_color(request, 1, 9, 16, 9, error));
        well(|error| hwenc_request_set_qvbr(request, 70, 4_000_000, error));
        well(|error| hwenc_request_set_option(request, c"aq-mode".as_ptr(), c"1".as_ptr(), error));
        well(|error| hwenc_request_to_json(request, &mut json, error));
        well(|error| hwenc_request_from_json(json, &mut again, error));
        well(|error| hwenc_request_to_json(again, &mut second, error));
        let (json, second) = (take(json), take(second));
        assert_eq!(json, second);
        assert!(json.contains("aq-mode") && json.contains("4000000"), "{json}");
        well(|error| hwenc_request_validate(again, error));
        // A value that is wrong on any machine names what would be right.
        let error = fails(|error| hwenc_request_set_quality(again, 300, error));
        assert_eq!(text(hwenc_error_legal(error.0)), "0 to 100");
        well(|error| hwenc_request_set_quality(again, 101, error));
        let error = fails(|error| hwenc_request_validate(again, error));
        assert_eq!(error.status(), number(HWENC_ERROR_REQUEST_INVALID));
    }
    assert_eq!(hwenc_request_free(again), 0);
    assert_eq!(hwenc_request_free(request), 0);
}

#[test]
fn global_parameter_sets_lie_beside_the_stream() {
    let request = request();
    let (mut data, mut size) = (ptr::null(), 0);
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_request_set_parameter_sets(request, c"global".as_ptr(), error));
        let session = session_of(decision_for(request));
        well(|error| hwenc_session_extradata(session, &mut data, &mut size, error));
        assert!(size > 8);
        let bytes = std::slice::from_raw_parts(data, size).to_vec();
        assert!(bytes.starts_with(&[0, 0, 0, 1]) || bytes.starts_with(&[0, 0, 1]), "{bytes:x?}");
        // They stay where they are.
        well(|error| hwenc_session_close(session, error));
        let (mut later, mut later_size) = (ptr::null(), 0);
        well(|error| hwenc_session_extradata(session, &mut later, &mut later_size, error));
        assert_eq!((later, later_size), (data, size));
        assert_eq!(hwenc_session_free(session), 0);
        // In the stream, where that was asked for.
        let session = common::session();
        well(|error| hwenc_session_extradata(session, &mut data, &mut size, error));
        assert!(data.is_null() && size == 0);
        assert_eq!(hwenc_session_free(session), 0);
    }
}
