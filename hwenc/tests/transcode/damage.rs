//! Sources that are damaged or cut.

use hwenc::{Code, OnCorrupt};

use crate::media::{self, Dir, count};
use crate::{BEEP, H264, MOVING, by_kind, fails, job, run};

#[test]
fn damage_in_the_middle_fails_or_is_counted() {
    let dir = Dir::new();
    for (name, words, least) in [
        ("h264.mp4", "-c:v libx264 -preset veryfast -g 250 -bf 2", 1),
        ("h264.mkv", "-c:v libx264 -preset ultrafast", 1),
        ("mpeg4.mp4", "-c:v mpeg4 -q:v 4", 2),
        ("mpeg2.ts", "-c:v mpeg2video -q:v 4", 2),
        ("prores.mov", "-c:v prores_ks -pix_fmt yuv422p10le", 2),
        ("mjpeg.mkv", "-c:v mjpeg -pix_fmt yuvj420p -q:v 3", 1),
    ] {
        let film = dir.film(name, &format!("{MOVING} {words}"));
        let broken = media::damaged(&dir, &format!("broken.{name}"), &film, &[11, 23, 37], usize::MAX);
        let output = dir.join(format!("{name}.out.mp4"));
        let error = fails(&job(&broken, &output));
        assert_eq!(error.code(), Code::InputCorrupt, "{name}: {error:?}");
        assert!(!output.exists(), "{name}");

        let mut skip = job(&broken, &output);
        skip.on_corrupt = OnCorrupt::Skip;
        let report = run(&skip);
        assert!(report.corrupt_frames >= least, "{name}: {}", report.corrupt_frames);
        assert_eq!(count(&output), report.frames_out, "{name}");
        assert!((20..50).contains(&report.frames_out), "{name}: {}", report.frames_out);
    }
}

#[test]
fn a_single_damaged_picture_among_many_is_noticed() {
    let dir = Dir::new();
    // Several threads of the decoder and B pictures: in FFmpeg 5.1 the error came too late for the picture.
    let film = dir.film("in.mp4", "-f lavfi -i testsrc2=s=640x360:r=25:d=2 -vf noise=alls=8:allf=t -c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p");
    for picture in [8, 17, 26, 39] {
        let broken = media::damaged(&dir, "broken.mp4", &film, &[picture], 40);
        let output = dir.join("out.mp4");
        assert_eq!(fails(&job(&broken, &output)).code(), Code::InputCorrupt, "picture {picture}");
        let mut skip = job(&broken, &output);
        (skip.on_corrupt, skip.overwrite) = (OnCorrupt::Skip, true);
        let report = run(&skip);
        assert_eq!((report.corrupt_frames, report.frames_out), (1, 49), "picture {picture}");
        assert_eq!(count(&output), 49);
        std::fs::remove_file(output).unwrap();
    }
}

#[test]
fn pictures_whose_content_is_gone_are_noticed() {
    let dir = Dir::new();
    for (name, words, kept) in [
        ("hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none", 6),
        ("vp9.mkv", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8", 6),
        ("av1.mp4", "-c:v libsvtav1 -preset 12", 0),
    ] {
        let film = dir.film(name, &format!("{MOVING} {words}"));
        let mut bytes = std::fs::read(&film).unwrap();
        let places = media::places(&film);
        for picture in [11, 23] {
            let (at, size) = places[picture];
            bytes[at + kept..at + size].fill(0);
        }
        let broken = dir.write(format!("broken.{name}"), bytes);
        let output = dir.join(format!("{name}.out.mp4"));
        let error = fails(&job(&broken, &output));
        assert_eq!(error.code(), Code::InputCorrupt, "{name}: {error:?}");
        let mut skip = job(&broken, &output);
        skip.on_corrupt = OnCorrupt::Skip;
        let report = run(&skip);
        assert!(report.corrupt_frames >= 2, "{name}: {}", report.corrupt_frames);
        assert_eq!(count(&output), report.frames_out, "{name}");
    }
}

#[test]
fn damaged_sound_fails_or_is_counted() {
    let dir = Dir::new();
    for (name, codec, from) in [("in.ts", "aac", 0), ("in.mkv", "wavpack", 40)] {
        let film = dir.film(name, &format!("{MOVING} -f lavfi -i anoisesrc=d=2 {H264} -c:a {codec} -ac 2"));
        let all = media::ffprobe(&film, "-select_streams a:0 -show_entries packet=pos,size");
        let number = |packet: &serde_json::Value, key: &str| packet[key].as_str()?.parse::<usize>().ok();
        let places = all["packets"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|p| Some((number(p, "pos")?, number(p, "size")?)));
        let places: Vec<_> = places.collect();
        let mut bytes = std::fs::read(&film).unwrap();
        for (at, size) in [places[places.len() / 3], places[places.len() / 2]] {
            // Of a transport stream the content behind the two headers.
            let (at, more) = if name == "in.ts" { (at + 18, 20) } else { (at + from, size / 2) };
            bytes[at..at + more].fill(0);
        }
        let broken = dir.write(format!("broken.{name}"), bytes);
        let output = dir.join(format!("{name}.mp4"));
        let error = fails(&job(&broken, &output));
        assert_eq!(error.code(), Code::InputCorrupt, "{name}: {error:?}");
        assert!(error.to_string().contains("stream 1"), "{name}: {error}");
        let mut skip = job(&broken, &output);
        skip.on_corrupt = OnCorrupt::Skip;
        let report = run(&skip);
        assert!(
            by_kind(&report, "audio").reason.as_deref().unwrap().contains("damaged packets left out"),
            "{name}"
        );
        assert_eq!((report.frames_out, report.corrupt_frames), (50, 0), "{name}");
    }
}

#[test]
fn a_film_that_was_cut_fails_or_is_taken_as_far_as_it_goes() {
    let dir = Dir::new();
    for (name, words) in
        [("in.mp4", "-movflags +faststart"), ("in.mov", "-movflags +faststart"), ("in.mkv", "")]
    {
        let film = dir.film(name, &format!("{MOVING} {BEEP} {H264} -c:a aac {words}"));
        let bytes = std::fs::read(&film).unwrap();
        let cut = dir.write(format!("cut.{name}"), &bytes[..bytes.len() * 6 / 10]);
        let output = dir.join(format!("{name}.out.mp4"));
        let error = fails(&job(&cut, &output));
        assert_eq!(error.code(), Code::InputTruncated, "{name}: {error:?}");
        assert!(!output.exists());

        let mut skip = job(&cut, &output);
        skip.on_corrupt = OnCorrupt::Skip;
        let report = run(&skip);
        assert!((15..45).contains(&report.frames_out), "{name}: {}", report.frames_out);
        assert_eq!(count(&output), report.frames_out, "{name}");
    }
}

#[test]
fn matroska_with_a_hole_is_noticed() {
    // Its reader says it in the log and nowhere else; `job` installs it.
    let dir = Dir::new();
    let film = dir.film("in.mkv", &format!("{MOVING} {H264} -g 10 -cluster_time_limit 400"));
    let mut bytes = std::fs::read(&film).unwrap();
    let (at, size) = media::places(&film)[21];
    bytes[at..at + size].fill(0); // the head of the block, too
    let broken = dir.write("broken.mkv", bytes);
    let output = dir.join("out.mp4");
    let error = fails(&job(&broken, &output));
    assert_eq!(error.code(), Code::InputCorrupt, "{error:?}");
    let mut skip = job(&broken, &output);
    skip.on_corrupt = OnCorrupt::Skip;
    let report = run(&skip);
    assert!((30..50).contains(&report.frames_out) && report.corrupt_frames > 0, "{}", report.frames_out);
    assert_eq!(count(&output), report.frames_out);
}

#[test]
fn content_that_ends_before_its_header_says_is_noticed() {
    let dir = Dir::new();
    let film = dir
        .film("in.mkv", &format!("-f lavfi -i testsrc2=s=320x180:r=25:d=4 {H264} -cluster_time_limit 400"));
    let bytes = std::fs::read(&film).unwrap();
    let (at, _) = media::places(&film)[50];
    // Live: the segment has no size, but the header has the duration.
    let mut cut = bytes[..at].to_vec();
    let segment = cut.windows(4).position(|w| w == [0x18, 0x53, 0x80, 0x67]).unwrap() + 4;
    cut[segment..segment + 8].copy_from_slice(&[1, 255, 255, 255, 255, 255, 255, 255]);
    let broken = dir.write("broken.mkv", cut);
    let error = fails(&job(&broken, &dir.join("out.mp4")));
    assert_eq!(error.code(), Code::InputTruncated, "{error:?}");
    let mut skip = job(&broken, &dir.join("out.mp4"));
    skip.on_corrupt = OnCorrupt::Skip;
    assert!((40..55).contains(&run(&skip).frames_out));
}
