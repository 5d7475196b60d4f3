//! What the pictures are: colours, range, shape, rotation, size.

use std::path::{Path, PathBuf};

use hwenc::{Code, ZeroCopy};

use crate::media::{self, Dir, count, ffmpeg, frames, psnr, stream, text};
use crate::{H264, MOVING, fails, hevc, job, run};

#[test]
fn colours_of_a_high_dynamic_range_stay() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mkv",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=0.4 -vf format=yuv420p10le,setparams=color_primaries=bt2020:\
         color_trc=smpte2084:colorspace=bt2020nc:range=tv -c:v libx265 -preset ultrafast -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv",
    );
    for name in ["out.mp4", "out.mkv"] {
        let output = dir.join(name);
        let report = run(&hevc(&film, &output));
        assert_eq!(report.settings_requested.get("bit_depth"), Some("10"), "{name}");
        let made = stream(&output, "video");
        let found = ["pix_fmt", "color_primaries", "color_transfer", "color_space", "color_range"]
            .map(|k| text(&made[k]));
        assert_eq!(found, ["yuv420p10le", "bt2020", "smpte2084", "bt2020nc", "tv"], "{name}");
        let found = psnr(&output, &film);
        assert!(found > 32.0, "{name}: {found} dB");
    }
    let mut eight = job(&film, &dir.join("eight.mp4"));
    eight.bit_depth = Some(8);
    run(&eight);
    assert_eq!(stream(&dir.join("eight.mp4"), "video")["pix_fmt"], "yuv420p");
}

#[test]
fn full_range_pictures_keep_their_range() {
    let dir = Dir::new();
    for (name, words) in [
        ("in.mkv", "-c:v mjpeg -pix_fmt yuvj420p -q:v 2"),
        (
            "h264.mp4",
            "-vf scale=out_range=full,format=yuv420p -c:v libx264 -preset ultrafast -color_range pc -qp 5",
        ),
    ] {
        let film = dir.film(name, &format!("{MOVING} {words}"));
        for size in [None, Some((160, 90))] {
            let output = dir.join(format!("{name}.{}.mp4", size.is_some()));
            let mut job = job(&film, &output);
            job.size = size;
            run(&job);
            assert_eq!(stream(&output, "video")["color_range"], "pc", "{name} {size:?}");
            // What a viewer sees is what ffmpeg's own conversion shows.
            let (w, h) = size.unwrap_or((320, 180));
            let peer = dir.film(
                "peer.mkv",
                &format!("-i {} -vf scale={w}:{h}:flags=bicubic -c:v mjpeg -q:v 2", film.display()),
            );
            let seen =
                "[0:V]format=gbrp,settb=1/25,setpts=N[a];[1:V]format=gbrp,settb=1/25,setpts=N[b];[a][b]psnr";
            let found = media::psnr_of(&output, &peer, seen);
            assert!(found > 30.0, "{name} {size:?}: {found} dB");
        }
    }
}

#[test]
fn the_shape_of_pixels_stays() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} -vf setsar=16/11 {H264}"));
    for name in ["out.mp4", "out.mkv"] {
        let output = dir.join(name);
        run(&job(&film, &output));
        assert_eq!(stream(&output, "video")["sample_aspect_ratio"], "16:11", "{name}");
    }
    // Made square of 16:9, the shape of the whole picture stays.
    let output = dir.join("square.mp4");
    let mut job = job(&film, &output);
    job.size = Some((180, 180));
    run(&job);
    assert_eq!(
        stream(&output, "video")["display_aspect_ratio"],
        stream(&film, "video")["display_aspect_ratio"]
    );
}

#[test]
fn interlaced_pictures_are_coded() {
    let dir = Dir::new();
    let film = dir.film(
        "in.ts",
        "-f lavfi -i testsrc2=s=320x288:r=50:d=1 -vf tinterlace=interleave_top -c:v mpeg2video -flags +ildct+ilme -q:v 3",
    );
    assert_eq!(frames(&film)[0]["interlaced_frame"], 1);
    let output = dir.join("out.mp4");
    let report = run(&job(&film, &output));
    assert_eq!((report.frames_in, count(&output)), (count(&film), count(&film)));
    let found = psnr(&output, &film);
    assert!(found > 30.0, "{found} dB");
}

/// The angle of a film's display matrix.
fn rotation(path: &Path) -> i64 {
    let video = stream(path, "video");
    let all = video["side_data_list"].as_array().unwrap_or_else(|| panic!("{video:#?}"));
    let found: Vec<i64> = all.iter().filter_map(|d| d["rotation"].as_i64()).collect();
    assert_eq!(found.len(), 1, "{all:#?}");
    found[0]
}

/// A film that players turn by a quarter.
fn turned(dir: &Dir, name: &str) -> PathBuf {
    let plain = dir.film("plain.mp4", &format!("{MOVING} {H264}"));
    let film = dir.join(name);
    let (from, to) = (plain.to_str().unwrap(), film.to_str().unwrap());
    // FFmpeg 5.1 knows the old way, 6 and newer the new one.
    if hwenc::av::version::Ffmpeg::linked().release().unwrap().0 < 6 {
        ffmpeg(["-i", from, "-c", "copy", "-metadata:s:v", "rotate=90", to]);
    } else {
        ffmpeg(["-display_rotation", "-90", "-i", from, "-c", "copy", to]);
    }
    assert_eq!(rotation(&film).abs(), 90);
    film
}

#[test]
fn a_phones_rotation_stays() {
    let dir = Dir::new();
    let film = turned(&dir, "in.mp4");
    let turned = rotation(&film);
    for name in ["out.mp4", "out.mov", "out.mkv"] {
        let output = dir.join(name);
        run(&job(&film, &output));
        let made = stream(&output, "video");
        assert_eq!(
            (&made["width"], &made["height"]),
            (&320.into(), &180.into()),
            "{name}: it is not turned twice"
        );
        // Matroska has rotation only since FFmpeg 6.1 (as a projection).
        if name != "out.mkv" {
            assert_eq!(rotation(&output), turned, "{name}");
        }
    }
}

#[test]
fn a_size_is_meant_as_it_is_seen() {
    let dir = Dir::new();
    let film = turned(&dir, "in.mp4");
    let output = dir.join("out.mp4");
    let mut job = job(&film, &output);
    job.size = Some((90, 160));
    run(&job);
    let made = stream(&output, "video");
    assert_eq!(
        (&made["width"], &made["height"]),
        (&160.into(), &90.into()),
        "it is coded lying, and shown upright"
    );
    assert_eq!((rotation(&output), &made["sample_aspect_ratio"]), (rotation(&film), &"1:1".into()));
}

#[test]
fn a_size_that_changes_in_the_middle_is_scaled_to_the_first() {
    let dir = Dir::new();
    let small = dir.film("small.h264", &format!("-f lavfi -i testsrc2=s=160x90:r=25:d=1 {H264}"));
    let large = dir.film("large.h264", &format!("-f lavfi -i testsrc2=s=320x180:r=25:d=1 {H264}"));
    let both = [std::fs::read(&small).unwrap(), std::fs::read(&large).unwrap()].concat();
    let film = dir.write("in.h264", both);
    for (size, width) in [(None, 160), (Some((240, 136)), 240)] {
        let output = dir.join(format!("{width}.mp4"));
        let mut job = job(&film, &output);
        job.size = size;
        let report = run(&job);
        let shown = frames(&output);
        assert_eq!((report.frames_in, shown.len()), (50, 50), "{size:?}");
        assert!(shown.iter().all(|f| f["width"] == width), "{size:?}");
    }
}

#[test]
fn sizes_that_the_codec_cannot_code_are_refused_with_those_that_it_can() {
    let dir = Dir::new();
    for format in ["gbrp", "yuv444p", "yuv420p"] {
        let film = dir.film(
            format!("{format}.mkv"),
            &format!("-f lavfi -i testsrc=s=641x271:r=25:d=0.4 -c:v ffv1 -pix_fmt {format}"),
        );
        let output = dir.join(format!("{format}.mp4"));
        let error = fails(&job(&film, &output));
        assert_eq!(error.code(), Code::InputSize, "{error:?}");
        assert_eq!(error.legal(), Some("640x270 or 642x272"));
        assert!(error.reason().remedy.contains("--size"), "{error:?}");

        let mut scaled = job(&film, &output);
        scaled.size = Some((642, 272));
        run(&scaled);
        // Compared with a conversion by ffmpeg: a picture that is shifted by one pixel loses more than that.
        let found = media::psnr_of(
            &output,
            &film,
            "[0:V]format=yuv420p,settb=1/25,setpts=N[a];[1:V]scale=642:272:flags=bicubic,format=yuv420p,settb=1/25,setpts=N[b];[a][b]psnr",
        );
        assert!(found > 30.0, "{format}: {found} dB");
    }
}

#[test]
fn copies_can_be_forbidden() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} {H264}"));
    let require = |name: &str| {
        let mut job = job(&film, &dir.join(name));
        job.zero_copy = ZeroCopy::Require;
        job
    };
    let report = run(&require("out.mp4"));
    assert_eq!((report.frames_out, report.copied_bytes_per_frame), (50, 0.0));
    // The size that it has already needs no scaling.
    let mut same = require("same.mp4");
    same.size = Some((320, 180));
    run(&same);

    let mut deep = require("deep.mp4");
    deep.bit_depth = Some(10);
    assert_eq!(fails(&deep).code(), Code::CopyRequired);
    let mut scaled = require("scaled.mp4");
    scaled.size = Some((160, 90));
    assert_eq!(fails(&scaled).code(), Code::CopyRequired);
    assert_eq!(dir.names(), ["in.mp4", "out.mp4", "same.mp4"]);
}
