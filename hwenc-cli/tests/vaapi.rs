//! The command on softgpu's devices: `hwenc` sees a GPU where there is none.

mod common;
#[path = "../../hwenc/tests/common/softgpu.rs"]
#[allow(unreachable_pub)]
mod softgpu;

use std::process::{Command, Stdio};

use common::media::Dir;
use common::{HWENC, Ran, Running, run};
use serde_json::Value;

/// `hwenc` under `softgpu run` with these options, in a directory.
fn under(dir: &Dir, options: &str, words: &str) -> Ran {
    let mut command = Command::new(softgpu::program());
    command.arg("run").args(options.split_whitespace()).args(["--report", "gpu.json", "--", HWENC]);
    command.args(words.split_whitespace()).current_dir(dir.path()).stdin(Stdio::null());
    run(&mut command)
}

/// The same once more, with what the first time tried and found: its report counts the job alone.
fn counted(dir: &Dir, options: &str, output: &str, words: &str) -> Ran {
    let mut command = Command::new(softgpu::program());
    let script = format!(
        "SOFTGPU_REPORT=$PWD/first.json \"$0\" \"$@\" >first.out && rm {output} && exec \"$0\" \"$@\""
    );
    command
        .arg("run")
        .args(options.split_whitespace())
        .args(["--report", "gpu.json", "--", "sh", "-c", &script, HWENC]);
    command.args(words.split_whitespace()).current_dir(dir.path()).stdin(Stdio::null());
    run(&mut command)
}

fn gpu(dir: &Dir) -> Value {
    serde_json::from_slice(&std::fs::read(dir.path().join("gpu.json")).unwrap()).unwrap()
}

/// Version of the FFmpeg that hwenc runs on.
fn version() -> String {
    let dir = Dir::new();
    let report = common::call(&dir, "probe --json").ok().json();
    report["ffmpeg"]["version"].as_str().unwrap().to_owned()
}

/// Nothing is left alive on the device, and no rule was broken.
#[track_caller]
fn clean(dir: &Dir) -> Value {
    let report = gpu(dir);
    let alive = report["alive"].as_object().unwrap();
    // libavcodec 7 keeps the surfaces that it reconstructs into, whoever uses it; 5.1 and 9 do not.
    let may = |kind: &str| kind == "surfaces" && version().starts_with("7.");
    let left: Vec<_> = alive.iter().filter(|(kind, count)| **count != 0 && !may(kind)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(report["misuse"], serde_json::json!([]), "{report}");
    report
}

/// A checksum of every picture of a file's video.
fn pictures(dir: &Dir, file: &str) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough"]);
    ffmpeg.args(["-pix_fmt", "yuv420p", "-f", "framemd5", "-"]).current_dir(dir.path());
    let lines = run(&mut ffmpeg).ok().stdout;
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
}

fn film(dir: &Dir) -> &'static str {
    let film = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/media/big_buck_bunny_720p.mp4");
    std::fs::copy(film, dir.path().join("film.mp4")).unwrap();
    "film.mp4"
}

const LOSSLESS: &str = "--device intel-arc --engine lossless";

#[test]
fn the_shipped_film_comes_through_bit_for_bit() {
    for decode in ["cpu", "device"] {
        let dir = Dir::new();
        let film = film(&dir);
        let words = format!("transcode {film} out.mp4 --encoder h264_vaapi --decode {decode} --json");
        let report = counted(&dir, LOSSLESS, "out.mp4", &words).ok().json();
        assert_eq!((&report["frames_in"], &report["frames_out"]), (&132.into(), &132.into()));
        assert_eq!(report["encoder"], "h264_vaapi");
        assert_eq!(report["device"], "/dev/dri/renderD128");
        assert_eq!(report["fallback_used"], false);
        let (before, after) = (pictures(&dir, film), pictures(&dir, "out.mp4"));
        assert_eq!(before.len(), 132);
        assert_eq!(before, after, "decoded on the {decode}");
        let gpu = clean(&dir);
        if decode == "device" {
            assert_eq!(report["decoded_on"], "/dev/dri/renderD128");
            assert_eq!(report["copied_bytes_per_frame"], 0.0);
            assert_eq!((&gpu["image_maps"], &gpu["put_images"]), (&0.into(), &0.into()));
        } else {
            assert_eq!(report["decoded_on"], Value::Null);
            assert_eq!((&gpu["image_maps"], &gpu["put_images"]), (&132.into(), &0.into()));
        }
    }
}

#[test]
fn pictures_are_scaled_on_the_device() {
    let dir = Dir::new();
    let film = film(&dir);
    let words = format!("transcode {film} out.mkv --codec hevc --size 640x360 --zero-copy require --json");
    let report = counted(&dir, "--device intel-arc", "out.mkv", &words).ok().json();
    assert_eq!((&report["encoder"], &report["frames_out"]), (&"hevc_vaapi".into(), &132.into()));
    let gpu = clean(&dir);
    assert_eq!(gpu["image_maps"], 0);
    assert!(gpu["vpp_ops"].as_u64().unwrap() >= 132, "{gpu}");
    assert_eq!(pictures(&dir, "out.mkv").len(), 132);
}

/// Haswell decodes no HEVC: then the CPU does, and a job that demands the device is refused.
#[test]
fn what_the_device_cannot_decode_the_cpu_does_and_it_is_said() {
    let dir = Dir::new();
    dir.film(
        "in.mkv",
        "-f lavfi -i testsrc2=s=320x256:r=25:d=1 -c:v libx265 -preset ultrafast -x265-params log-level=none",
    );
    let words = "transcode in.mkv out.mp4 --encoder h264_vaapi --json";
    let report = counted(&dir, "--device intel-haswell", "out.mp4", words).ok().json();
    assert_eq!((&report["decoded_on"], &report["frames_out"]), (&Value::Null, &25.into()));
    let gpu = clean(&dir);
    assert_eq!((&gpu["image_maps"], &gpu["decodes"]), (&25.into(), &0.into()));
    for encoder in ["h264_vaapi", "libx264"] {
        let words = format!("transcode in.mkv no.mp4 --encoder {encoder} --decode device");
        let ran = under(&dir, "--device intel-haswell", &words).error(3, "device.failed");
        assert!(ran.stderr.contains("cannot be decoded on a device"), "{}", ran.stderr);
    }
    assert!(!dir.path().join("no.mp4").exists());
}

#[test]
fn a_driver_without_packed_headers_still_makes_mp4_and_matroska() {
    let dir = Dir::new();
    let film = film(&dir);
    for output in ["out.mp4", "out.mkv"] {
        under(&dir, "--device amd-rdna2", &format!("transcode {film} {output} --encoder h264_vaapi --json"))
            .ok();
        assert_eq!(pictures(&dir, output).len(), 132, "{output}");
        clean(&dir);
    }
}

#[test]
fn what_the_device_does_not_have_is_said_with_its_reason() {
    let dir = Dir::new();
    let ran =
        under(&dir, "--device virtio", "select --codec h264 --size 1280x720").error(3, "select.no_encoder");
    assert!(ran.stderr.contains("decodes only, by its driver's word [device.no_encoder]"), "{}", ran.stderr);
    let ran = under(&dir, "--device intel-haswell", "select --codec hevc --size 1280x720");
    assert!(ran.error(3, "select.no_encoder").stderr.contains("does not encode hevc"));
    let ran = under(&dir, "--device intel-arc,amd-rdna2", "select --codec h264 --size 1280x720 --json").ok();
    let candidates = ran.json()["candidates"].as_array().unwrap().clone();
    let vaapi = candidates.iter().filter(|c| c["encoder"] == "h264_vaapi");
    assert_eq!(
        vaapi.map(|c| c["verdict"].as_str().unwrap()).collect::<Vec<_>>(),
        ["chosen", "usable"],
        "ICQ goes before CQP where quality is asked for"
    );
}

#[test]
fn doctor_names_the_driver_that_does_not_start() {
    let dir = Dir::new();
    let ran = under(&dir, "--device intel-arc --fault va.Initialize=OPERATION_FAILED", "doctor --json");
    assert_eq!(ran.code, 4, "{}", ran.stdout);
    let checks = ran.json()["checks"].as_array().unwrap().clone();
    let driver = checks.iter().find(|check| check["id"] == "vaapi.driver").unwrap();
    assert_eq!(driver["level"], "problem");
    assert!(driver["seen"].as_str().unwrap().contains("Intel"), "{driver}");
    let ran = under(&dir, "--device virtio", "doctor --check vaapi.encoders");
    assert!(ran.code == 4 && ran.stdout.contains("decodes only"), "{}", ran.stdout);
    assert_eq!(under(&dir, "--device intel-arc", "doctor --check vaapi.encoders").code, 0);
}

/// The device is slow enough to be in the middle when the signal comes.
#[test]
fn an_interrupted_job_leaves_nothing_on_the_device_and_no_file() {
    let dir = Dir::new();
    let film = film(&dir);
    let mut command = Command::new(softgpu::program());
    command.args([
        "run",
        "--device",
        "intel-arc",
        "--fault",
        "va.EndPicture=slow:50",
        "--report",
        "gpu.json",
    ]);
    command.args(["--", HWENC, "transcode", film, "out.mp4", "--encoder", "h264_vaapi"]);
    let mut running = Running::start(command.current_dir(dir.path()).stdin(Stdio::null()));
    let part = || {
        let mut entries = std::fs::read_dir(dir.path()).unwrap();
        entries.any(|entry| entry.unwrap().file_name().as_encoded_bytes().ends_with(b".part"))
    };
    running.until("writing", part);
    running.signal("INT");
    assert_eq!(running.end().code, 130);
    assert!(!part() && !dir.path().join("out.mp4").exists());
    clean(&dir);
}

#[test]
fn probe_shows_what_the_driver_offers() {
    let dir = Dir::new();
    let report = under(&dir, "--device intel-arc", "probe --json").ok().json();
    let driver = &report["va"][0];
    assert_eq!(driver["node"], "/dev/dri/renderD128");
    assert!(driver["vendor"].as_str().unwrap().contains("iHD"), "{driver}");
    let text = under(&dir, "--device intel-arc", "probe").ok().stdout;
    for words in [
        "iHD",
        "✓ h264_vaapi 1280x720 8 bit, low power: High, ",
        "✓ hevc_vaapi 1280x720 10 bit, low power: Main 10, ",
    ] {
        assert!(text.contains(words), "no {words}: {text}");
    }
    let worked = |t: &&Value| t["device"] == "/dev/dri/renderD128" && t["outcome"]["verified"].is_object();
    assert!(report["trials"].as_array().unwrap().iter().filter(worked).count() >= 5, "{report}");
    assert_eq!(report["isolation"], "process");
}
