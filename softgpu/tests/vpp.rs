//! Video processing, with FFmpeg's filters as its clients.
#![allow(missing_docs)]

mod clips;

use std::path::Path;

use clips::{SOURCE, Scene, psnr};

const DEVICE: &str = "intel-arc";
const NODE: [&str; 2] = ["-vaapi_device", "/dev/dri/renderD128"];

/// Sends the usual source through filters on a device, and returns the pictures as they come back.
fn process(scene: &Scene, filters: &str, format: &str) -> std::path::PathBuf {
    let out = scene.path("out.raw");
    let filters = format!("{filters},hwdownload,format={format}");
    let run = scene.on_device(
        DEVICE,
        "null",
        &[&NODE[..], SOURCE, &["-vf", &filters, "-f", "rawvideo", out.to_str().unwrap()]].concat(),
    );
    run.assert_clean();
    assert_eq!(run.count("vpp_ops"), 50);
    out
}

/// PSNR of raw pictures against the source behind software filters.
fn against(raw: &Path, format: &str, size: &str, filters: &str) -> f64 {
    let graph = format!("[1]{filters},format={format}[a];[0][a]psnr");
    let raw = ["-f", "rawvideo", "-pix_fmt", format, "-s", size, "-r", "25", "-i", raw.to_str().unwrap()];
    psnr(&[&raw, SOURCE, &["-lavfi", &graph]].concat())
}

#[test]
fn pictures_are_scaled() {
    let scene = Scene::new();
    for (size, wanted) in [("160:96", 40.0), ("500:300", 40.0)] {
        let filter = format!("format=nv12,hwupload,scale_vaapi=w={}", size.replace(':', ":h="));
        let out = process(&scene, &filter, "nv12");
        let db = against(&out, "nv12", &size.replace(':', "x"), &format!("scale={size}:flags=bicubic"));
        assert!(db > wanted, "{size}: {db} dB");
    }
}

#[test]
fn a_part_of_a_picture_is_cut_out() {
    let scene = Scene::new();
    let out = process(&scene, "format=nv12,hwupload,crop=160:100:50:60,scale_vaapi=w=160:h=100", "nv12");
    assert_eq!(against(&out, "nv12", "160x100", "format=nv12,crop=160:100:50:60"), f64::INFINITY);
}

#[test]
fn ten_bits_come_and_go() {
    let scene = Scene::new();
    let out = process(&scene, "format=nv12,hwupload,scale_vaapi=format=p010", "p010le");
    let db = against(&out, "p010le", "320x192", "null");
    assert!(db > 50.0, "{db} dB");
    let there_and_back = "format=nv12,hwupload,scale_vaapi=format=p010,scale_vaapi=format=nv12";
    let filters = format!("{there_and_back},hwdownload,format=nv12");
    let out = scene.path("out.raw");
    let arguments = ["-vf", &filters, "-f", "rawvideo", out.to_str().unwrap()];
    let run = scene.on_device(DEVICE, "null", &[&NODE[..], SOURCE, &arguments].concat());
    run.assert_clean();
    assert_eq!(run.count("vpp_ops"), 100);
    assert_eq!(against(&out, "nv12", "320x192", "null"), f64::INFINITY);
}

#[test]
fn rgb_becomes_yuv_by_the_matrix_that_is_asked_for() {
    let scene = Scene::new();
    for matrix in ["bt709", "smpte170m", "bt2020nc"] {
        let filter =
            format!("format=bgra,hwupload,scale_vaapi=format=nv12:out_range=tv:out_color_matrix={matrix}");
        let out = process(&scene, &filter, "nv12");
        let software = match matrix {
            "smpte170m" => "bt601",
            "bt2020nc" => "bt2020",
            other => other,
        };
        let db = |name| {
            against(
                &out,
                "nv12",
                "320x192",
                &format!("format=bgra,scale=out_color_matrix={name}:out_range=tv"),
            )
        };
        assert!(db(software) > 38.0, "{matrix}: {} dB", db(software));
        let other = if software == "bt709" { "bt601" } else { "bt709" };
        assert!(db(other) < 34.0, "{matrix} is told from {other}: {} dB", db(other));
    }
}

#[test]
fn yuv_becomes_rgb() {
    let scene = Scene::new();
    for format in ["bgra", "rgba", "bgr0"] {
        let out = process(&scene, &format!("format=nv12,hwupload,scale_vaapi=format={format}"), format);
        let db = against(&out, format, "320x192", "format=nv12");
        assert!(db > 28.0, "{format}: {db} dB");
    }
}

#[test]
fn pictures_are_turned_and_mirrored() {
    let scene = Scene::new();
    for (direction, software, size) in [
        ("clock", "transpose=clock", "192x320"),
        ("cclock", "transpose=cclock", "192x320"),
        ("clock_flip", "transpose=clock_flip", "192x320"),
        ("cclock_flip", "transpose=cclock_flip", "192x320"),
        ("reversal", "hflip,vflip", "320x192"),
        ("hflip", "hflip", "320x192"),
        ("vflip", "vflip", "320x192"),
    ] {
        let out = process(&scene, &format!("format=nv12,hwupload,transpose_vaapi={direction}"), "nv12");
        let software = format!("format=yuv420p,{software}");
        assert_eq!(against(&out, "nv12", size, &software), f64::INFINITY, "{direction}");
    }
}

#[test]
fn fields_become_pictures() {
    let scene = Scene::new();
    let out = process(&scene, "setfield=tff,format=nv12,hwupload,deinterlace_vaapi=mode=bob", "nv12");
    let db = against(&out, "nv12", "320x192", "format=yuv420p,field=top,scale=320:192:flags=bicubic");
    assert!(db > 40.0, "{db} dB");
}

#[test]
fn what_there_is_not_is_refused_by_the_queries() {
    let scene = Scene::new();
    for (filter, said) in [
        ("denoise_vaapi=denoise=10", "the requested filter is not supported"),
        ("procamp_vaapi=b=10", "the requested filter is not supported"),
        ("sharpness_vaapi=sharpness=10", "the requested filter is not supported"),
        ("tonemap_vaapi", "the requested filter is not supported"),
        ("deinterlace_vaapi=mode=motion_adaptive", "is not supported"),
    ] {
        let filters = format!("format=nv12,hwupload,{filter},hwdownload,format=nv12");
        let arguments = [&NODE[..], SOURCE, &["-vf", &filters, "-f", "null", "-"]].concat();
        let run = scene.on_device(DEVICE, "null", &arguments);
        assert_eq!(run.count("vpp_ops"), 0, "{filter}");
        assert!(run.said.contains(said), "{filter}: {}", run.said);
    }
}

#[test]
fn a_whole_chain_stays_on_the_device() {
    let scene = Scene::new();
    let clip = scene.clip("clip.mp4", &["-c:v", "libx264", "-bf", "3", "-qp", "10"]);
    let out = scene.path("out.mp4");
    let (clip, out) = (clip.to_str().unwrap(), out.to_str().unwrap());
    let run = scene.on_device(
        DEVICE,
        "lossless",
        &[
            "-hwaccel",
            "vaapi",
            "-hwaccel_output_format",
            "vaapi",
            "-i",
            clip,
            "-vf",
            "scale_vaapi=w=160:h=96",
            "-c:v",
            "h264_vaapi",
            "-qp",
            "20",
            out,
        ],
    );
    run.assert_clean();
    for name in ["decodes", "vpp_ops", "encodes"] {
        assert_eq!(run.count(name), 50, "{name}");
    }
    for name in ["image_maps", "put_images", "get_images", "derived_images"] {
        // FFmpeg derives an image from one surface of each pool, to see whether it could.
        assert!(run.count(name) <= 4, "{name}: {}", run.count(name));
    }
    let db = psnr(&[
        "-i",
        out,
        "-i",
        clip,
        "-lavfi",
        "[1]scale=160:96:flags=bicubic,format=yuv420p[a];[0][a]psnr",
    ]);
    assert!(db > 40.0, "{db} dB");
}
