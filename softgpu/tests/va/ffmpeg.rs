//! The unmodified `ffmpeg` command: uploads, downloads, maps, codes and decodes.

use std::process::Command;

use softgpu_core::report::Report;

use crate::{Run, assert_clean, text};

const DEVICE: [&str; 6] = ["ffmpeg", "-v", "error", "-y", "-vaapi_device", "/dev/dri/renderD128"];
/// The VA-API device made from a DRM one, so that surfaces can be mapped to DRM and back.
const DRM_DEVICE: [&str; 10] = [
    "ffmpeg",
    "-v",
    "error",
    "-y",
    "-init_hw_device",
    "drm=dr:/dev/dri/renderD128",
    "-init_hw_device",
    "vaapi=va@dr",
    "-filter_hw_device",
    "va",
];

fn source(frames: u32) -> [String; 4] {
    let film = format!("testsrc2=size=640x360:rate=30:duration={}", f64::from(frames) / 30.0);
    ["-f", "lavfi", "-i", &film].map(str::to_owned)
}

fn command<'a>(start: &[&'a str], source: &'a [String], end: &[&'a str]) -> Vec<&'a str> {
    start.iter().copied().chain(source.iter().map(String::as_str)).chain(end.iter().copied()).collect()
}

/// Checksums of pictures, as `framemd5` prints them.
fn sums(bytes: &[u8]) -> Vec<String> {
    let lines = text(bytes);
    let sum = |line: &str| line.rsplit(',').next().unwrap_or_default().trim().to_owned();
    lines.lines().filter(|line| !line.starts_with('#')).map(sum).collect()
}

/// The same without a device.
fn in_software(arguments: &[&str]) -> Vec<String> {
    let output =
        Command::new("ffmpeg").args(["-v", "error"]).args(arguments).output().expect("ffmpeg starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    sums(&output.stdout)
}

#[test]
fn what_is_uploaded_is_downloaded() {
    let source = source(5);
    for format in ["nv12", "p010", "yuv420p", "yuyv422", "bgra", "bgr0", "rgba"] {
        let format_first = format!("format={format}");
        let through = format!("format={format},hwupload,hwdownload,format={format}");
        let expected = in_software(&command(&[], &source, &["-vf", &format_first, "-f", "framemd5", "-"]));
        let run = Run::new(&["--device", "intel-arc"]);
        let output = run.succeed(&command(&DEVICE, &source, &["-vf", &through, "-f", "framemd5", "-"]));
        assert_eq!(sums(&output.stdout), expected, "{format}");
        assert_eq!(expected.len(), 5);
        assert_clean(&run.report());
    }
}

#[test]
fn surfaces_are_mapped_to_drm_and_back() {
    let source = source(5);
    for format in ["nv12", "bgr0", "bgra", "rgba"] {
        let format_first = format!("format={format}");
        let expected = in_software(&command(&[], &source, &["-vf", &format_first, "-f", "framemd5", "-"]));
        let to_drm = format!("format={format},hwupload,hwmap=derive_device=drm,format=drm_prime");
        for through in [
            format!("{to_drm},hwdownload,format={format}"),
            format!("{to_drm},hwmap=derive_device=vaapi,format=vaapi,hwdownload,format={format}"),
        ] {
            let run = Run::new(&["--device", "intel-arc"]);
            let output =
                run.succeed(&command(&DRM_DEVICE, &source, &["-vf", &through, "-f", "framemd5", "-"]));
            assert_eq!(sums(&output.stdout), expected, "{through}");
            let report = run.report();
            assert_clean(&report);
            assert_eq!(report.exports, 5);
            assert_eq!(report.imports, if through.contains("=vaapi,") { 5 } else { 0 });
        }
    }
}

#[test]
fn lossless_h264_decodes_to_what_was_sent() {
    let source = source(20);
    let expected = in_software(&command(&[], &source, &["-vf", "format=nv12", "-f", "framemd5", "-"]));
    for b_frames in ["0", "2"] {
        let run = Run::new(&["--device", "intel-arc", "--engine", "lossless"]);
        let code = ["-vf", "format=nv12,hwupload", "-c:v", "h264_vaapi", "-bf", b_frames, "out.mp4"];
        run.succeed(&command(&DEVICE, &source, &code));
        let file = run.path("out.mp4");
        let file = file.to_str().expect("it is text");
        assert_eq!(in_software(&["-i", file, "-pix_fmt", "nv12", "-f", "framemd5", "-"]), expected);
        let report = run.report();
        assert_clean(&report);
        assert_eq!(report.encodes, 20);
    }
}

#[test]
fn a_picture_costs_the_calls_that_it_needs() {
    let calls = |frames| {
        let source = source(frames);
        let run = Run::new(&["--device", "intel-arc", "--engine", "null"]);
        let code = ["-vf", "format=nv12,hwupload", "-c:v", "h264_vaapi", "-bf", "0", "-g", "250", "out.mp4"];
        run.succeed(&command(&DEVICE, &source, &code));
        let file = run.path("out.mp4");
        let decoded = in_software(&["-i", file.to_str().expect("it is text"), "-f", "framemd5", "-"]);
        assert_eq!(decoded.len(), frames as usize);
        run.report()
    };
    let (few, many) = (calls(20), calls(60));
    assert_clean(&many);
    // Where libva has vaMapBuffer2, it is what FFmpeg calls.
    let count = |report: &Report, name: &str| {
        let calls = |name: &str| report.calls.get(name).copied().unwrap_or(0);
        calls(name) + if name == "va.MapBuffer" { calls("va.MapBuffer2") } else { 0 }
    };
    let per_picture = |name: &str| {
        let all = count(&many, name) - count(&few, name);
        assert_eq!(all % 40, 0, "{name}: {all} for 40 pictures");
        all / 40
    };
    for (name, expected) in [
        ("va.CreateBuffer", 4..=4),
        ("va.BeginPicture", 1..=1),
        ("va.RenderPicture", 1..=1),
        ("va.EndPicture", 1..=1),
        ("va.DestroyBuffer", 4..=4),
        ("va.SyncBuffer", 1..=1),
        ("va.DeriveImage", 1..=1),
        ("va.DestroyImage", 1..=1),
        // The image once; the coded picture once (FFmpeg 5.1) or twice (7.1).
        ("va.MapBuffer", 2..=3),
        ("va.UnmapBuffer", 2..=3),
    ] {
        let calls = per_picture(name);
        assert!(expected.contains(&calls), "{name}: {calls} per picture");
    }
    assert_eq!((many.image_maps - few.image_maps, many.put_images, many.cpu_bytes), (40, 0, 0));
}

#[test]
fn pictures_are_decoded_scaled_and_coded_without_leaving_the_device() {
    let source = source(20);
    let run = Run::new(&["--device", "intel-arc"]);
    let code = ["-vf", "format=nv12,hwupload", "-c:v", "h264_vaapi", "-qp", "24", "in.mp4"];
    run.succeed(&command(&DEVICE, &source, &code));
    let input = run.path("in.mp4");
    let decoded =
        in_software(&["-i", input.to_str().expect("text"), "-pix_fmt", "nv12", "-f", "framemd5", "-"]);

    const DECODE: [&str; 7] = [
        "-hwaccel",
        "vaapi",
        "-hwaccel_device",
        "/dev/dri/renderD128",
        "-hwaccel_output_format",
        "vaapi",
        "-i",
    ];
    let hardware = |end: &[&str]| {
        let again = Run::new(&["--device", "intel-arc"]);
        std::fs::copy(&input, again.path("in.mp4")).expect("copied");
        let start = [&["ffmpeg", "-v", "error", "-y"][..], &DECODE, &["in.mp4"], end].concat();
        let output = again.succeed(&start);
        (again, output)
    };
    let (_, output) = hardware(&["-vf", "hwdownload,format=nv12", "-f", "framemd5", "-"]);
    assert_eq!(sums(&output.stdout), decoded);

    let (again, _) = hardware(&["-vf", "scale_vaapi=w=320:h=180", "-c:v", "h264_vaapi", "out.mp4"]);
    let report = again.report();
    assert_clean(&report);
    assert_eq!((report.decodes, report.vpp_ops, report.encodes), (20, 20, 20));
    assert_eq!((report.image_maps, report.put_images, report.get_images, report.cpu_bytes), (0, 0, 0, 0));
}
