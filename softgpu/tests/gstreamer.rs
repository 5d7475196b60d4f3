//! GStreamer's va plugin as a client: what it decodes equals software decoding.
#![allow(missing_docs)]

mod clips;

use std::process::Command;

use clips::Scene;
use serde_json::Value;

const WIDTH: usize = 320;
const HEIGHT: usize = 192;

/// Runs a pipeline on a device.
fn launch(scene: &Scene, pipeline: &str) -> Value {
    let report = scene.path("gst.json");
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new(env!("CARGO_BIN_EXE_softgpu"));
    command.args(["run", "--device", "intel-arc", "--report"]).arg(&report);
    command.args(["--", "gst-launch-1.0", "-q"]).args(pipeline.split_whitespace());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{pipeline}: {}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["misuse"], serde_json::json!([]), "{pipeline}");
    report
}

fn check(file: &str, encoder: &[&str], elements: &str, [theirs, ours]: [&str; 2]) {
    let scene = Scene::new();
    let clip = scene.clip(file, encoder);
    let (out, raw) = (scene.path("out.raw"), scene.path("wanted.raw"));
    let report = launch(
        &scene,
        &format!(
            "filesrc location={} ! {elements} ! video/x-raw,format={theirs} ! filesink location={}",
            clip.display(),
            out.display()
        ),
    );
    assert!(report["decodes"].as_u64().unwrap() >= 50, "{file}");
    scene.make("wanted.raw", &["-i", clip.to_str().unwrap(), "-f", "rawvideo", "-pix_fmt", ours]);
    let (out, wanted) = (std::fs::read(out).unwrap(), std::fs::read(raw).unwrap());
    let size = wanted.len() / 50;
    assert_eq!(size, WIDTH * HEIGHT * 3 / 2 * if ours == "nv12" { 1 } else { 2 });
    // The driver's images are a little larger than their planes.
    let stride = out.len() / 50;
    assert!(out.len().is_multiple_of(50) && stride >= size, "{} bytes", out.len());
    for (index, (picture, wanted)) in out.chunks(stride).zip(wanted.chunks(size)).enumerate() {
        assert!(picture[..size] == *wanted, "{file}: picture {index}");
    }
}

const NV12: [&str; 2] = ["NV12", "nv12"];
const P010: [&str; 2] = ["P010_10LE", "p010le"];

#[test]
fn h264() {
    check("clip.mp4", &["-c:v", "libx264", "-bf", "3"], "qtdemux ! h264parse ! vah264dec", NV12);
    let interlaced = ["-c:v", "libx264", "-x264-params", "interlaced=1:bframes=3"];
    check("clip.mp4", &interlaced, "qtdemux ! h264parse ! vah264dec", NV12);
}

#[test]
fn hevc() {
    let encoder = ["-c:v", "libx265", "-x265-params", "log-level=error:slices=2"];
    check("clip.mp4", &encoder, "qtdemux ! h265parse ! vah265dec", NV12);
    let encoder = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=error"];
    check("clip.mp4", &encoder, "qtdemux ! h265parse ! vah265dec", P010);
}

#[test]
fn vp9_and_av1() {
    let encoder = ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-lag-in-frames", "20"];
    check("clip.webm", &encoder, "matroskademux ! vp9parse ! vavp9dec", NV12);
    let encoder = ["-c:v", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "20"];
    check("clip.mkv", &encoder, "matroskademux ! av1parse ! vaav1dec", NV12);
}

#[test]
fn pictures_are_processed() {
    let scene = Scene::new();
    let clip = scene.clip("clip.mp4", &["-c:v", "libx264"]);
    let report = launch(
        &scene,
        &format!(
            "filesrc location={} ! qtdemux ! h264parse ! vah264dec ! vapostproc ! \
             video/x-raw(memory:VAMemory),width=160,height=96 ! vapostproc ! video/x-raw,format=BGRA ! \
             filesink location={}",
            clip.display(),
            scene.path("out.raw").display()
        ),
    );
    assert_eq!((report["decodes"].as_u64(), report["vpp_ops"].as_u64()), (Some(50), Some(100)));
    assert!(std::fs::metadata(scene.path("out.raw")).unwrap().len() >= 50 * 160 * 96 * 4);
}
