//! Which of several that work is taken.

use super::*;
use crate::error::Reason;
use crate::probe::{Load, Trial};
use crate::select::{Latency, RateControl};
use VaRateControl::{Cbr, Cqp, Icq};

const RENDER_129: &str = "/dev/dri/renderD129";

/// Two GPUs that offer the same.
fn two(entries: &[VaEntry]) -> Report {
    let report = gpu(gpu(host(), vendor::INTEL, open_node()), vendor::AMD, open_node());
    with(report, |report| {
        for node in [RENDER_128, RENDER_129] {
            let mut driver = VaDriver::new(node, None);
            driver.entries = entries.to_vec();
            report.va.push(driver);
        }
    })
}

fn slices() -> Vec<VaEntry> {
    vec![entry("H264High", "EncSlice", &[Cqp])]
}

fn device(report: &Report, request: &Request) -> String {
    decision(report, request).chosen().device.clone().unwrap()
}

fn load(device: &str, percent: f64) -> Load {
    Load { device: device.to_owned(), percent, ..Load::default() }
}

#[test]
fn the_first_of_equals_is_taken() {
    assert_eq!(device(&two(&slices()), &h264()), RENDER_128);
}

#[test]
fn the_device_that_holds_the_pictures_comes_first() {
    assert_eq!(device(&two(&slices()), &h264().input_device(RENDER_129)), RENDER_129);
}

#[test]
fn a_busy_device_is_left_alone_where_another_is_free() {
    let busy = |percent| with(two(&slices()), |report| report.loads.push(load(RENDER_128, percent)));
    assert_eq!(device(&busy(90.0), &h264()), RENDER_129);
    assert_eq!(device(&busy(20.0), &h264()), RENDER_128, "so little tells nothing");
    let address = two(&slices()).machine.drm.render_nodes[0].hardware.clone().unwrap().pci_address.unwrap();
    let by_address = with(two(&slices()), |report| report.loads.push(load(&address, 90.0)));
    assert_eq!(device(&by_address, &h264()), RENDER_129);
}

#[test]
fn a_device_on_which_something_hung_comes_last() {
    let report = with(two(&slices()), |report| {
        let hevc = Request::new(Codec::Hevc, 1280, 720);
        let trial = Trial::new("hevc_vaapi", Some(RENDER_128), None, &hevc);
        let hung = Outcome::Failed(Reason::new(Code::DeviceHung, "it hung"));
        report.trials.push(Tried::new(trial, hung, 10_000.0));
    });
    assert_eq!(device(&report, &h264()), RENDER_129);
}

#[test]
fn the_rate_control_that_is_asked_for_goes_before_one_that_comes_near() {
    let report =
        with(two(&slices()), |report| report.va[1].entries = vec![entry("H264High", "EncSlice", &[Icq])]);
    assert_eq!(device(&report, &h264().quality(70)), RENDER_129);
    assert_eq!(device(&report, &h264().rate_control(RateControl::Cqp(30))), RENDER_128);
}

#[test]
fn full_power_goes_before_low_and_both_are_tried() {
    let report = offering(
        vendor::INTEL,
        &[entry("H264High", "EncSliceLP", &[Cqp, Cbr]), entry("H264High", "EncSlice", &[Cqp])],
    );
    let Selection::NeedsTrials(trials) = report.select(&h264()).unwrap() else { panic!("nothing was tried") };
    let entrypoints: Vec<_> = trials.iter().map(|t| t.va.as_ref().unwrap().entrypoint.as_str()).collect();
    assert_eq!(entrypoints, ["EncSlice", "EncSliceLP"]);
    let taken = decision(&report, &h264());
    assert_eq!(taken.chosen().va.as_ref().unwrap().entrypoint, "EncSlice");
    // The other half: the one of full power does not work after all.
    let report = with(report, |report| {
        let failed = Outcome::Failed(Reason::new(Code::TrialPicture, "other pictures came out"));
        report.trials.push(Tried::new(trials[0].clone(), failed, 1.0));
    });
    let taken = decision(&report, &h264());
    assert_eq!(taken.chosen().va.as_ref().unwrap().entrypoint, "EncSliceLP");
    assert!(taken.to_string().contains("h264_vaapi (low power) on /dev/dri/renderD128"), "{taken}");
}

#[test]
fn for_low_latency_the_shorter_queue_counts() {
    let report = two(&slices());
    let request = h264().latency(Latency::Low);
    let Selection::NeedsTrials(trials) = report.select(&request).unwrap() else {
        panic!("nothing was tried")
    };
    let report = with(report, |report| {
        for (trial, delay) in trials.into_iter().zip([4, 1]) {
            let proof = Proof { delay_frames: delay, ..Proof::default() };
            report.trials.push(Tried::new(trial, Outcome::Verified(proof), 1.0));
        }
    });
    assert_eq!(device(&report, &request), RENDER_129);
}

#[test]
fn a_report_without_trials_says_what_to_do() {
    let error = two(&slices()).select(&h264()).and_then(Selection::decided).unwrap_err();
    assert_eq!(error.code(), Code::NeedsTrials);
    assert!(error.reason().remedy.contains("hwenc probe --json --codec h264 --size 1280x720"), "{error:?}");
    assert_eq!(error.reason().evidence.len(), 2);
}
