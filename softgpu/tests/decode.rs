//! What the driver decodes equals what libavcodec decodes, bit for bit, for the ffmpeg command as its client.
#![allow(missing_docs)]

mod clips;

use std::fs;
use std::path::Path;

use clips::{Scene, in_software};

const DEVICE: &str = "intel-arc";

/// Codes the usual source, decodes it both ways and compares.
fn check(file: &str, encoder: &[&str], decoder: &[&str], format: &str) {
    let scene = Scene::new();
    let clip = scene.clip(file, encoder);
    let run = compare(&scene, &clip, decoder, &format!("format={format}"));
    assert_eq!(run.pictures.len(), 50, "{encoder:?}");
    assert!(run.count("decodes") >= 50, "{encoder:?}");
}

fn compare(scene: &Scene, clip: &Path, decoder: &[&str], filters: &str) -> clips::Run {
    let wanted = in_software(&[], clip, filters);
    let run = scene.decode(DEVICE, decoder, clip, filters);
    run.assert_clean();
    assert_eq!(run.pictures, wanted, "{}", clip.display());
    run
}

fn h264(options: &str) {
    check("clip.mp4", &["-c:v", "libx264", "-x264-params", options], &[], "nv12");
}

fn hevc(options: &str) {
    let options = format!("log-level=error:{options}");
    check("clip.mp4", &["-c:v", "libx265", "-x265-params", &options], &[], "nv12");
}

#[test]
fn h264_with_b_pictures_and_weights() {
    h264("bframes=3");
    h264("bframes=8:b-pyramid=normal:ref=16:weightp=2:keyint=20");
    h264("bframes=3:direct=temporal:constrained-intra=1");
}

#[test]
fn h264_in_slices_and_without_cabac() {
    h264("slices=4:bframes=2:keyint=12");
    check("clip.mp4", &["-c:v", "libx264", "-profile:v", "baseline"], &[], "nv12");
    h264("intra-refresh=1:bframes=0:slices=3");
}

#[test]
fn h264_with_scaling_matrices() {
    h264("cqm=jvt:8x8dct=1");
    h264("cqm4iy=10,12,14,16,11,13,17,19,20,21,22,23,30,31,32,33:8x8dct=1");
}

#[test]
fn h264_interlaced_in_frames() {
    h264("interlaced=1:bframes=3:slices=2");
}

#[test]
fn h264_of_a_size_that_is_cropped() {
    check("clip.mp4", &["-vf", "scale=318:182", "-c:v", "libx264"], &[], "nv12");
}

#[test]
fn hevc_as_x265_codes_it_by_default() {
    hevc("keyint=250");
    let encoder = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=error"];
    check("clip.mp4", &encoder, &[], "p010le");
}

#[test]
fn hevc_with_many_references_and_slices() {
    hevc("slices=4:ref=5:bframes=8:b-pyramid=1");
    hevc("temporal-layers=2:open-gop=1:keyint=10:no-wpp=1");
}

#[test]
fn hevc_with_the_rarer_tools() {
    hevc("scaling-list=default:ctu=16:min-cu-size=8");
    hevc("lossless=1");
    hevc("amp=1:rect=1:tskip=1:constrained-intra=1:weightb=1:cbqpoffs=3:crqpoffs=-3:no-sao=1:no-deblock=1");
}

#[test]
fn vp9_with_frames_that_are_not_shown() {
    check("clip.webm", &["-c:v", "libvpx-vp9", "-cpu-used", "6", "-lag-in-frames", "25"], &[], "nv12");
    check("clip.webm", &["-c:v", "libvpx-vp9", "-cpu-used", "8", "-error-resilient", "1"], &[], "nv12");
    check("clip.webm", &["-pix_fmt", "yuv420p10le", "-c:v", "libvpx-vp9", "-cpu-used", "8"], &[], "p010le");
}

#[test]
fn av1_in_order_and_not() {
    let decoder = ["-c:v", "av1"];
    let svt = ["-c:v", "libsvtav1", "-preset", "10"];
    check("clip.mp4", &svt, &decoder, "nv12");
    check("clip.mp4", &[&["-pix_fmt", "yuv420p10le"], &svt[..]].concat(), &decoder, "p010le");
    let aom = ["-c:v", "libaom-av1", "-cpu-used", "6"];
    check("clip.mkv", &[&aom[..], &["-lag-in-frames", "25"]].concat(), &decoder, "nv12");
    check(
        "clip.mkv",
        &[&aom[..], &["-error-resilience", "default", "-tiles", "2x2"]].concat(),
        &decoder,
        "nv12",
    );
    check("clip.mkv", &[&aom[..], &["-aom-params", "tune-content=screen"]].concat(), &decoder, "nv12");
}

#[test]
fn av1_with_film_grain_is_refused() {
    let scene = Scene::new();
    let encoder = ["-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "film-grain=8"];
    let run = scene.decode(DEVICE, &["-c:v", "av1"], &scene.clip("clip.mkv", &encoder), "format=nv12");
    assert_eq!((run.pictures.len(), run.count("decodes")), (0, 0));
    assert!(run.said.contains("the requested function is not implemented"), "{}", run.said);
}

#[test]
fn the_film_of_the_examples() {
    let film = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/media/big_buck_bunny_720p.mp4");
    let scene = Scene::new();
    assert_eq!(compare(&scene, &film, &[], "format=nv12").pictures.len(), 132);
}

#[test]
fn a_device_without_a_codec_leaves_it_to_software() {
    let scene = Scene::new();
    let clip = scene.clip("clip.mp4", &["-c:v", "libx265", "-x265-params", "log-level=error"]);
    let arguments = ["-hwaccel", "vaapi", "-i", clip.to_str().unwrap(), "-f", "framemd5", "-"];
    let run = scene.on_device("intel-haswell", "null", &arguments);
    assert_eq!((run.pictures.len(), run.count("decodes")), (50, 0));
}

#[test]
fn after_a_seek_decoding_begins_anew() {
    let scene = Scene::new();
    let source = ["-f", "lavfi", "-i", "testsrc2=size=320x192:rate=25:duration=6"];
    for encoder in [
        &["-c:v", "libx264", "-x264-params", "keyint=25:open-gop=1:bframes=3"][..],
        &["-c:v", "libx265", "-x265-params", "log-level=error:keyint=25:open-gop=1"],
        &["-c:v", "libvpx-vp9", "-cpu-used", "8", "-g", "25"],
    ] {
        let clip = scene.make("clip.mkv", &[&source, encoder].concat());
        // In the middle of the film, and there again when it is over.
        let before = ["-stream_loop", "1", "-ss", "1.9"];
        let wanted = in_software(&before, &clip, "format=nv12");
        let run = scene.decode(DEVICE, &before, &clip, "format=nv12");
        run.assert_clean();
        assert!(wanted.len() > 150, "{}", wanted.len());
        assert_eq!(run.pictures, wanted, "{encoder:?}");
    }
}

#[test]
fn sizes_may_change_in_the_middle() {
    let scene = Scene::new();
    for (name, encoder) in [
        ("h264", &["-c:v", "libx264"][..]),
        ("hevc", &["-c:v", "libx265", "-x265-params", "log-level=error"]),
    ] {
        let mut data = Vec::new();
        for size in ["320x192", "192x128", "640x352", "320x192"] {
            let source = format!("testsrc2=size={size}:rate=25:duration=0.4");
            let part =
                scene.make(&format!("part.{name}"), &[&["-f", "lavfi", "-i", &source], encoder].concat());
            data.extend(fs::read(part).unwrap());
        }
        let clip = scene.path(&format!("clip.{name}"));
        fs::write(&clip, data).unwrap();
        let run = compare(&scene, &clip, &[], "format=nv12,scale=320:192");
        assert_eq!(run.pictures.len(), 40);
    }
}

#[test]
fn damage_is_survived_and_told() {
    let scene = Scene::new();
    for (name, encoder) in [
        ("h264", &["-c:v", "libx264"][..]),
        ("hevc", &["-c:v", "libx265", "-x265-params", "log-level=error"]),
        ("ivf", &["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
    ] {
        let clip = scene.clip(&format!("clip.{name}"), encoder);
        let mut data = fs::read(&clip).unwrap();
        let mut state = 11u32;
        for byte in data.iter_mut().skip(6000) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 22 == 0 {
                *byte ^= (state >> 8) as u8 | 1;
            }
        }
        fs::write(&clip, data).unwrap();
        let run = scene.decode(DEVICE, &[], &clip, "format=nv12");
        assert!(run.count("decodes") > 0, "{name}: {}", run.said);
        if name == "h264" {
            assert!(run.said.contains("internal decoding error"), "{}", run.said);
        }
    }
}
