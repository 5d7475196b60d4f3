//! Fault rules, seen by the `ffmpeg` command.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use softgpu_core::report::Report;

use crate::{Run, left, text};

const FRAMES: usize = 20;

/// Encodes a film of so many seconds in a run.
fn ffmpeg(run: &Run, seconds: u32, encoder: &str, more: &[&str], output: &str) -> Output {
    let film = format!("testsrc2=size=320x192:rate=20:duration={seconds}");
    let mut words = vec!["timeout", "--signal=KILL", "20", "ffmpeg", "-v", "error"];
    words.extend(["-vaapi_device", "/dev/dri/renderD128", "-f", "lavfi", "-i", &film]);
    words.extend(["-vf", "format=nv12,hwupload", "-c:v", encoder]);
    words.extend(more);
    words.push(output);
    run.run(&words)
}

/// Encodes some pictures under a rule.
fn encode(rule: &str) -> (Run, Output) {
    let run = Run::new(&["--device", "intel-arc", "--engine", "lossless", "--fault", rule]);
    let output = ffmpeg(&run, 1, "h264_vaapi", &["-bf", "0", "-g", "5"], "out.h264");
    (run, output)
}

/// The rule was at work this often, and the client left nothing behind.
fn assert_worked(report: &Report, rule: &str, times: u64) {
    assert_eq!(report.faults.get(rule), Some(&times), "{:?}", report.faults);
    assert!(left(report).is_empty(), "{rule}: {:?}", report.alive);
    assert!(report.misuse.is_empty(), "{rule}: {:?}", report.misuse);
}

/// Checksums of the pictures that a decoder makes of the stream, as it comes.
fn decode(run: &Run) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "quiet", "-i"]).arg(run.path("out.h264")).args(["-f", "framemd5", "-"]);
    let lines = text(&ffmpeg.output().expect("ffmpeg starts").stdout);
    let sum = |line: &str| line.rsplit(',').next().unwrap_or_default().trim().to_owned();
    lines.lines().filter(|line| !line.starts_with('#')).map(sum).collect()
}

#[test]
fn a_status_comes_back_on_the_call_that_the_rule_names() {
    for (rule, encodes, says) in [
        ("va.Initialize=UNKNOWN", 0, "Device creation failed"),
        ("va.CreateConfig=UNSUPPORTED_PROFILE", 0, "Failed to create"),
        ("va.CreateContext=ALLOCATION_FAILED", 0, "resource allocation failed"),
        ("va.CreateBuffer=ALLOCATION_FAILED@30", 6, "resource allocation failed"),
        ("va.BeginPicture=INVALID_SURFACE@10", 9, "invalid VASurfaceID"),
        ("va.RenderPicture=INVALID_BUFFER@10", 9, "invalid VABufferID"),
        ("va.EndPicture=ENCODING_ERROR@10", 9, "internal encoding error"),
        ("va.SyncBuffer=TIMEDOUT@10", 10, "Failed to sync"),
    ] {
        let (run, output) = encode(rule);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(says), "{rule}: {said}");
        let report = run.report();
        assert_worked(&report, rule, 1);
        if rule.contains("EndPicture") || rule.contains("BeginPicture") || rule.contains("Initialize") {
            assert_eq!(report.encodes, encodes, "{rule}");
        }
    }
}

#[test]
fn a_lost_device_stays_lost() {
    let (run, output) = encode("va.EndPicture=lost@5");
    assert!(!output.status.success());
    let report = run.report();
    assert_worked(&report, "va.EndPicture=lost@5", 1);
    assert_eq!(report.encodes, 4);
}

#[test]
fn a_truncated_and_a_wrong_picture_are_not_what_was_sent() {
    let (good, output) = encode("va.EndPicture=slow:1@1");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let expected = decode(&good);
    assert_eq!(expected.len(), FRAMES);
    // The sixth picture is an IDR: what comes before is whole, and so is what comes after the next one.
    for action in ["wrong", "green", "truncate"] {
        let rule = format!("va.EndPicture={action}@6");
        let (run, output) = encode(&rule);
        assert!(output.status.success(), "{rule}: {}", text(&output.stderr));
        assert_worked(&run.report(), &rule, 1);
        let got = decode(&run);
        assert_eq!(got[..5], expected[..5], "{rule}");
        assert_ne!(got.get(5), expected.get(5), "{rule}");
        assert_eq!(got[got.len() - 10..], expected[10..], "{rule}");
    }
    let size = |run: &Run| std::fs::metadata(run.path("out.h264")).expect("the stream").len();
    let (cut, _) = encode("va.EndPicture=truncate");
    assert!(size(&cut) < size(&good) * 6 / 10, "{} of {}", size(&cut), size(&good));
}

#[test]
fn a_beginning_can_deny_that_it_is_one() {
    for (codec, encoder) in [("h264", "h264_vaapi"), ("hevc", "hevc_vaapi")] {
        let first = |rule: &str| {
            let run = Run::new(&["--device", "intel-arc", "--engine", "x264", "--fault", rule]);
            let name = format!("out.{codec}");
            let output = ffmpeg(&run, 1, encoder, &["-frames:v", "4"], &name);
            assert!(output.status.success(), "{}", text(&output.stderr));
            let stream = std::fs::read(run.path(&name)).expect("the stream");
            let headers = stream.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3]);
            let mut kinds =
                headers.map(|header| if codec == "h264" { header & 31 } else { header >> 1 & 63 });
            kinds.find(|kind| if codec == "h264" { (1..=5).contains(kind) } else { *kind < 32 })
        };
        let idr = first("va.EndPicture=slow:1@1").expect("a slice");
        assert!(matches!(idr, 5 | 19 | 20), "{codec}: {idr}");
        assert_eq!(first("va.EndPicture=p-first@1"), Some(1), "{codec}");
    }
}

#[test]
fn a_crash_takes_the_process_and_leaves_a_report() {
    for (action, signal) in [("segv", libc_signal("SEGV")), ("abort", libc_signal("ABRT"))] {
        let rule = format!("va.EndPicture={action}@3");
        let (run, output) = encode(&rule);
        // `timeout` dies by the signal that its child died by, or tells it as a shell does.
        let status = (output.status.signal(), output.status.code());
        assert!(status == (Some(signal), None) || status == (None, Some(128 + signal)), "{rule}: {status:?}");
        let report = run.report();
        assert_eq!((report.faults.get(&rule), report.encodes), (Some(&1), 2));
    }
}

fn libc_signal(name: &str) -> i32 {
    match name {
        "SEGV" => 11,
        "ABRT" => 6,
        other => panic!("{other}"),
    }
}

#[test]
fn a_hang_lasts_until_the_process_is_killed() {
    let run = Run::new(&["--device", "intel-arc", "--engine", "null", "--fault", "va.CreateConfig=hang"]);
    let output = run.run(&[
        "timeout",
        "--signal=KILL",
        "2",
        "ffmpeg",
        "-v",
        "error",
        "-vaapi_device",
        "/dev/dri/renderD128",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=duration=1",
        "-vf",
        "format=nv12,hwupload",
        "-c:v",
        "h264_vaapi",
        "out.h264",
    ]);
    let status = (output.status.signal(), output.status.code());
    assert!(status == (Some(9), None) || status == (None, Some(137)), "{status:?}");
}

#[test]
fn slowness_and_hunger_change_no_picture() {
    let (good, _) = encode("va.EndPicture=slow:1@/4");
    assert_worked(&good.report(), "va.EndPicture=slow:1@/4", 5);
    let (hungry, output) = encode("va.CreateBuffer=eat@2");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_worked(&hungry.report(), "va.CreateBuffer=eat@2", 1);
    assert_eq!(decode(&hungry), decode(&good));
}
