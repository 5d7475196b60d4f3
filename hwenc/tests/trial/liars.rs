//! Devices that lie and faults in the middle: each is found, with the code that says what is wrong.

use hwenc::probe::Outcome;
use libtest_mimic::Trial;

use super::case::outcomes;
use super::softgpu::Run;

/// Devices, what is tried, and what comes of it: a code, or nothing where it works.
const LIARS: &[(&str, &str, Option<&str>)] = &[
    ("liar-10bit", "codec=hevc depth=8", None),
    ("liar-10bit", "codec=hevc depth=10", Some("encoder.failed")),
    ("liar-hevc", "codec=h264", None),
    ("liar-hevc", "codec=hevc depth=8", Some("encoder.failed")),
    ("liar-hevc", "codec=hevc depth=10", Some("encoder.failed")),
    ("liar-wrong", "", Some("trial.wrong_picture")),
    ("liar-green", "", Some("trial.wrong_picture")),
    ("liar-p-first", "", Some("trial.no_idr")),
    ("liar-h264-open", "codec=h264", Some("encoder.open_failed")),
    ("liar-h264-open", "codec=hevc depth=8", None),
    ("liar-init", "codec=h264", Some("device.failed")),
];

/// Faults of a device that works otherwise, where H.264 is tried.
const FAULTS: &[(&str, Option<&str>)] = &[
    ("va.Initialize=OPERATION_FAILED", Some("device.failed")),
    ("va.CreateConfig=UNSUPPORTED_PROFILE", Some("encoder.open_failed")),
    ("va.CreateContext=ALLOCATION_FAILED", Some("encoder.open_failed")),
    ("va.CreateContext=RESOLUTION_NOT_SUPPORTED", Some("encoder.open_failed")),
    ("va.CreateSurfaces2=ALLOCATION_FAILED", Some("memory.exhausted")),
    ("va.BeginPicture=OPERATION_FAILED@2", Some("encoder.failed")),
    ("va.EndPicture=ENCODING_ERROR@2", Some("encoder.failed")),
    ("va.EndPicture=lost@3", Some("encoder.failed")),
    ("va.SyncBuffer=ENCODING_ERROR@2", Some("encoder.failed")),
    ("va.EndPicture=wrong@1", Some("trial.wrong_picture")),
    ("va.EndPicture=wrong@2", Some("trial.wrong_picture")),
    ("va.EndPicture=wrong@3", Some("trial.wrong_picture")),
    ("va.EndPicture=green@1", Some("trial.wrong_picture")),
    ("va.EndPicture=green@3", Some("trial.wrong_picture")),
    ("va.EndPicture=truncate@1", Some("trial.undecodable")),
    ("va.EndPicture=truncate@2", Some("trial.undecodable")),
    ("va.EndPicture=p-first@1", Some("trial.no_idr")),
    ("va.EndPicture=slow:5", None),
    ("va.EndPicture=eat", None),
    ("drm.open=EIO", Some("device.failed")),
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for &(device, case, expected) in LIARS {
        let run = move || expect(&Run::on(device), case, expected).map_err(Into::into);
        trials.push(Trial::test(format!("liar::{device}::{case}"), run));
    }
    for engine in ["lossless", "x264"] {
        for &(rule, expected) in FAULTS {
            let run = move || {
                let run = Run::on("intel-arc").engine(engine).fault(rule);
                expect(&run, "codec=h264", expected).map_err(Into::into)
            };
            trials.push(Trial::test(format!("fault::{engine}::{rule}"), run));
        }
    }
    trials
}

fn expect(run: &Run, case: &str, expected: Option<&str>) -> Result<(), String> {
    let (found, ran) = outcomes(run, case)?;
    for (what, outcome) in &found {
        let (code, evidence) = match outcome {
            Outcome::Verified(_) => (None, true),
            Outcome::Failed(reason) => {
                if leaks(&reason.message) {
                    return Err(format!("{what}: a message with a path: {}", reason.message));
                }
                (Some(reason.code.as_str()), !reason.evidence.is_empty())
            }
            _ => (None, false),
        };
        // JPEG pictures stand alone: none can begin with another.
        let expected =
            if expected == Some("trial.no_idr") && what.starts_with("mjpeg") { None } else { expected };
        if code != expected || !evidence {
            return Err(format!("{what}: {expected:?} was expected, not {outcome:?}\n{}", ran.said()));
        }
    }
    ran.empty()
}

/// A path that is not the device's node, which the user named.
fn leaks(message: &str) -> bool {
    message.replace("/dev/dri/renderD128", "").contains('/') || message.contains(" 0x")
}
