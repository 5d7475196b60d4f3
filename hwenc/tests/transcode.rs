//! Transcoding as a library: what becomes of every stream and of every mark of the source. The films are made and the
//! results judged by the `ffmpeg` command.

mod media;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use hwenc::transcode::{StreamAction, StreamReport};
use hwenc::{Cancel, Code, Codec, Error, OnCorrupt, Progress, Transcode, TranscodeReport, ZeroCopy};
use media::{Dir, FILM, count, ffmpeg, frames, length, packets, psnr, seconds, stream, streams, text, times};

/// Two seconds of moving pictures, 320x180 at 25 a second.
const MOVING: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=2";
/// Two seconds of silence but for a beep from 1.0 to 1.2 s.
const BEEP: &str = "-f lavfi -i aevalsrc='if(between(t\\,1\\,1.2)\\,0.5*sin(880*2*PI*t)\\,0)':s=48000:d=2";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

fn job(input: &Path, output: &Path) -> Transcode {
    let mut job = Transcode::new(input, output);
    job.encoder = Some("libx264".into());
    job.preset = Some("ultrafast".into());
    job.threads = 1;
    job
}

fn hevc(input: &Path, output: &Path) -> Transcode {
    let mut job = job(input, output);
    job.encoder = Some("libx265".into());
    job
}

fn run(job: &Transcode) -> TranscodeReport {
    job.run(&Cancel::new(), |_| {}).unwrap_or_else(|e| panic!("{e:?}"))
}

fn fails(job: &Transcode) -> Error {
    job.run(&Cancel::new(), |_| {}).expect_err("it should not work")
}

fn by_kind<'r>(report: &'r TranscodeReport, kind: &str) -> &'r StreamReport {
    report
        .streams
        .iter()
        .find(|s| s.kind == kind)
        .unwrap_or_else(|| panic!("no {kind} in {:#?}", report.streams))
}

/// How long after the first picture the beep begins, in seconds.
fn beep(dir: &Dir, film: &Path) -> f64 {
    let raw = dir.join("beep.raw");
    let (name, raw_name) = (film.to_str().unwrap(), raw.to_str().unwrap());
    // Counted from the earliest timestamp of the file; what lies before the first sample is filled up.
    let filter = "aresample=48000:async=1:first_pts=0";
    ffmpeg(["-i", name, "-map", "0:a", "-af", filter, "-ac", "1", "-f", "s16le", raw_name]);
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::remove_file(raw).unwrap();
    let samples: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let begin = samples.iter().position(|s| s.unsigned_abs() > 3000).expect("a beep");
    let start = seconds(&media::ffprobe(film, "-show_format")["format"]["start_time"]);
    start + begin as f64 / 48000.0 - times(film)[0]
}

#[test]
fn sound_that_the_container_holds_is_copied_packet_by_packet() {
    let dir = Dir::new();
    for name in ["out.mp4", "out.mov", "out.mkv"] {
        let output = dir.join(name);
        let mut job = job(FILM.as_ref(), &output);
        job.size = Some((320, 180));
        let report = run(&job);
        assert_eq!(by_kind(&report, "audio").action, StreamAction::Copied, "{name}");
        assert_eq!(packets(&output, "a:0"), packets(FILM.as_ref(), "a:0"), "{name}");
        assert_eq!((report.frames_in, report.frames_out, count(&output)), (132, 132, 132), "{name}");
        assert!((length(&output, "a:0") - length(FILM.as_ref(), "a:0")).abs() < 0.03, "{name}");
        assert!((report.duration_s - 5.28).abs() < 0.001, "{name}: {}", report.duration_s);
    }
}

#[test]
fn sound_that_mp4_cannot_hold_becomes_aac() {
    for (codec, rate, channels) in
        [("wavpack", 48000, 2), ("tta", 44100, 6), ("pcm_u8", 22050, 1), ("wmav2", 96000, 2)]
    {
        let dir = Dir::new();
        let rate = if codec == "wmav2" { 44100 } else { rate };
        let film =
            dir.film("in.mkv", &format!("{MOVING} {BEEP} {H264} -c:a {codec} -ar {rate} -ac {channels}"));
        let output = dir.join("out.mp4");
        let report = run(&job(&film, &output));
        let sound = by_kind(&report, "audio");
        assert_eq!(sound.action, StreamAction::Converted, "{codec}");
        assert!(sound.reason.as_deref().unwrap().contains(codec), "{sound:?}");
        let made = stream(&output, "audio");
        assert_eq!((text(&made["codec_name"]), &made["channels"]), ("aac", &channels.into()), "{codec}");
        assert_eq!(text(&made["sample_rate"]), rate.to_string(), "{codec}");
        let peer = dir.join("peer.mp4");
        ffmpeg(["-i", film.to_str().unwrap(), "-c:v", "copy", "-c:a", "aac", peer.to_str().unwrap()]);
        let off = beep(&dir, &output) - beep(&dir, &peer);
        assert!(off.abs() < 0.005, "{codec}: the beep is {off} s late");
        // The last frame may be filled up.
        let (frame, longer) = (1024.0 / f64::from(rate), length(&output, "a:0") - length(&peer, "a:0"));
        assert!(longer.abs() < frame, "{codec}: {longer} s longer");
    }
}

#[test]
fn uncompressed_sound_is_held_or_converted_as_ffmpeg_can() {
    let dir = Dir::new();
    let film = dir.film("in.mkv", &format!("{MOVING} {BEEP} {H264} -c:a pcm_s16le"));
    let output = dir.join("out.mp4");
    let report = run(&job(&film, &output));
    let expected = match by_kind(&report, "audio").action {
        StreamAction::Copied => "pcm_s16le", // FFmpeg 6.1 and newer have it in MP4
        _ => "aac",
    };
    assert_eq!(stream(&output, "audio")["codec_name"], expected);
    assert!((beep(&dir, &output) - beep(&dir, &film)).abs() < 0.005);
    assert!((length(&output, "a:0") - 2.0).abs() < 0.06);
}

#[test]
fn subtitles_stay_where_the_container_holds_them() {
    let dir = Dir::new();
    dir.write("words.srt", "1\n00:00:00,500 --> 00:00:01,500\nhello\n");
    let words = dir.join("words.srt");
    let film = dir.film("in.mkv", &format!("{MOVING} -i {} {H264} -c:s srt", words.display()));
    let kept = dir.join("out.mkv");
    assert_eq!(by_kind(&run(&job(&film, &kept)), "subtitle").action, StreamAction::Copied);
    assert_eq!(stream(&kept, "subtitle")["codec_name"], "subrip");
    assert_eq!(packets(&kept, "s:0"), packets(&film, "s:0"));

    let without = dir.join("out.mp4");
    let report = run(&job(&film, &without));
    let subtitle = by_kind(&report, "subtitle");
    assert_eq!(subtitle.action, StreamAction::Dropped);
    assert!(subtitle.reason.as_deref().unwrap().contains("mp4 files cannot hold subrip"), "{subtitle:?}");
    assert_eq!(streams(&without).len(), 1);

    let native = dir.film("mov_text.mp4", &format!("{MOVING} -i {} {H264} -c:s mov_text", words.display()));
    let again = dir.join("again.mp4");
    assert_eq!(by_kind(&run(&job(&native, &again)), "subtitle").action, StreamAction::Copied);
    assert_eq!(packets(&again, "s:0"), packets(&native, "s:0"));
}

#[test]
fn every_track_of_sound_keeps_its_language_and_title() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mkv",
        &format!(
            "{MOVING} {BEEP} -f lavfi -i sine=d=2 -map 0 -map 1 -map 2 {H264} -c:a aac -metadata:s:a:0 language=deu \
             -metadata:s:a:1 language=fra -metadata:s:a:1 title=Second -disposition:a:0 0 -disposition:a:1 default"
        ),
    );
    for name in ["out.mkv", "out.mp4"] {
        let output = dir.join(name);
        run(&job(&film, &output));
        let sound: Vec<_> = streams(&output).into_iter().filter(|s| s["codec_type"] == "audio").collect();
        let languages: Vec<&str> = sound.iter().map(|s| text(&s["tags"]["language"])).collect();
        assert_eq!(languages, ["deu", "fra"], "{name}");
        assert_eq!(
            (&sound[0]["disposition"]["default"], &sound[1]["disposition"]["default"]),
            (&0.into(), &1.into())
        );
        for track in 0..2 {
            assert_eq!(
                packets(&output, &format!("a:{track}")),
                packets(&film, &format!("a:{track}")),
                "{name}"
            );
        }
        if name == "out.mkv" {
            assert_eq!(sound[1]["tags"]["title"], "Second"); // MP4 has no place for it
        }
    }
}

#[test]
fn a_cover_picture_stays_a_cover_picture() {
    let dir = Dir::new();
    let cover = dir.film("cover.png", "-f lavfi -i testsrc=s=64x64:d=1 -frames:v 1");
    let film = dir.film(
        "in.mp4",
        &format!(
            "{MOVING} -i {} -map 0 -map 1 {H264} -c:v:1 png -disposition:v:1 attached_pic",
            cover.display()
        ),
    );
    for name in ["out.mp4", "out.mkv"] {
        let output = dir.join(name);
        let report = run(&job(&film, &output));
        assert_eq!(report.frames_out, 50, "{name}: the cover is not the film");
        assert_eq!(report.streams[1].action, StreamAction::Copied, "{name}");
        let made = streams(&output);
        let cover = made
            .iter()
            .find(|s| s["disposition"]["attached_pic"] == 1)
            .unwrap_or_else(|| panic!("{made:#?}"));
        assert_eq!((&cover["codec_name"], &cover["width"]), (&"png".into(), &64.into()), "{name}");
        assert_eq!(count(&output), 50, "{name}");
    }
}

#[test]
fn chapters_and_titles_stay() {
    let dir = Dir::new();
    let notes = dir.write(
        "notes.txt",
        ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=800\ntitle=One\n[CHAPTER]\n\
         TIMEBASE=1/1000\nSTART=800\nEND=2000\ntitle=Two\n",
    );
    for (source, names) in [("in.mkv", ["out.mkv", "out.mp4"]), ("in.mp4", ["again.mkv", "again.mp4"])] {
        let film =
            dir.film(source, &format!("{MOVING} -i {} -map 0 -map_metadata 1 {H264}", notes.display()));
        for name in names {
            let output = dir.join(name);
            run(&job(&film, &output));
            let made = media::ffprobe(&output, "-show_chapters -show_format");
            assert_eq!(made["format"]["tags"]["title"], "A film", "{source} to {name}");
            let chapters = made["chapters"].as_array().unwrap();
            let found: Vec<_> = chapters
                .iter()
                .map(|c| {
                    (text(&c["tags"]["title"]).to_owned(), seconds(&c["start_time"]), seconds(&c["end_time"]))
                })
                .collect();
            assert_eq!(found, [("One".into(), 0.0, 0.8), ("Two".into(), 0.8, 2.0)], "{source} to {name}");
        }
    }
}

#[test]
fn attached_files_stay_in_matroska() {
    let dir = Dir::new();
    let font = dir.write("font.ttf", b"not really a font");
    let film = dir.film(
        "in.mkv",
        &format!(
            "{MOVING} {H264} -attach {} -metadata:s:t mimetype=application/x-truetype-font",
            font.display()
        ),
    );
    let output = dir.join("out.mkv");
    assert_eq!(by_kind(&run(&job(&film, &output)), "attachment").action, StreamAction::Copied);
    let made = stream(&output, "attachment");
    assert_eq!((&made["tags"]["filename"], &made["codec_name"]), (&"font.ttf".into(), &"ttf".into()));
    let (from, to) = (output.to_str().unwrap(), dir.join("again.ttf"));
    ffmpeg(["-dump_attachment:t:0", to.to_str().unwrap(), "-i", from, "-f", "null", "-"]);
    assert_eq!(std::fs::read(to).unwrap(), b"not really a font");

    let without = dir.join("out.mp4");
    assert_eq!(by_kind(&run(&job(&film, &without)), "attachment").action, StreamAction::Dropped);
}

/// The angle of a film's display matrix.
fn rotation(path: &Path) -> i64 {
    let video = stream(path, "video");
    let all = video["side_data_list"].as_array().unwrap_or_else(|| panic!("{video:#?}"));
    let found: Vec<i64> = all.iter().filter_map(|d| d["rotation"].as_i64()).collect();
    assert_eq!(found.len(), 1, "{all:#?}");
    found[0]
}

#[test]
fn a_phones_rotation_stays() {
    let dir = Dir::new();
    let plain = dir.film("plain.mp4", &format!("{MOVING} {H264}"));
    let film = dir.join("in.mp4");
    let (from, to) = (plain.to_str().unwrap(), film.to_str().unwrap());
    // FFmpeg 5.1 knows the old way, 6 and newer the new one.
    if hwenc::av::version::Ffmpeg::linked().release().unwrap().0 < 6 {
        ffmpeg(["-i", from, "-c", "copy", "-metadata:s:v", "rotate=90", to]);
    } else {
        ffmpeg(["-display_rotation", "-90", "-i", from, "-c", "copy", to]);
    }
    let turned = rotation(&film);
    assert_eq!(turned.abs(), 90);
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
fn a_source_that_begins_late_begins_at_zero_with_sound_in_step() {
    let dir = Dir::new();
    for (name, more) in
        [("in.ts", ""), ("in.mkv", "-output_ts_offset 10"), ("in.mp4", "-output_ts_offset 10")]
    {
        let film = dir.film(name, &format!("{MOVING} {BEEP} {H264} -c:a aac {more}"));
        for result in ["out.mp4", "out.mkv"] {
            let output = dir.join(format!("{name}.{result}"));
            let report = run(&job(&film, &output));
            assert_eq!((report.frames_out, count(&output)), (50, 50), "{name} to {result}");
            // The beep is as far from the first picture as in the source.
            let off = beep(&dir, &output) - beep(&dir, &film);
            assert!(off.abs() < 0.002, "{name} to {result}: the beep is {off} s late");
            let first = times(&output)[0];
            assert!((0.0..0.1).contains(&first), "{name} to {result} begins at {first}");
        }
    }
}

#[test]
fn irregular_times_stay() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mp4",
        &format!(
            "-f lavfi -i testsrc2=s=320x180:r=1000:d=3 -vf select='not(mod(n\\,40))*lt(n\\,1000)+not(mod(n\\,17))*gte(n\\,1000)' \
             -fps_mode vfr -video_track_timescale 90000 {H264} -bf 2"
        ),
    );
    let before = times(&film);
    let steps = |t: &[f64]| {
        let mut steps: Vec<i64> = t.windows(2).map(|w| ((w[1] - w[0]) * 1000.0).round() as i64).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    };
    assert!(steps(&before).len() > 1, "the source is meant to be irregular: {:?}", steps(&before));
    for (name, ticks) in [("out.mp4", 0.0001), ("out.mkv", 0.0011), ("again.mp4", 0.0001)] {
        let output = dir.join(name);
        let made = if name == "again.mp4" { hevc(&film, &output) } else { job(&film, &output) };
        assert_eq!(run(&made).frames_out as usize, before.len(), "{name}");
        let after = times(&output);
        assert_eq!(after.len(), before.len(), "{name}");
        for (i, (a, b)) in before.iter().zip(&after).enumerate() {
            assert!(
                (a - before[0] - (b - after[0])).abs() < ticks,
                "{name}: picture {i} moved from {a} to {b}"
            );
        }
    }
}

#[test]
fn a_constant_rate_stays_exactly_constant() {
    let dir = Dir::new();
    for (rate, name) in [("30000/1001", "in.mp4"), ("24000/1001", "in.mkv"), ("50", "in.ts")] {
        let film = dir.film(name, &format!("-f lavfi -i testsrc2=s=320x180:r={rate}:d=2 {H264} -bf 2"));
        let output = dir.join(format!("{name}.mp4"));
        let report = run(&job(&film, &output));
        assert_eq!(report.settings_requested.get("frame_rate"), Some(rate), "{name}");
        let made = stream(&output, "video");
        let expected = if rate.contains('/') { rate.to_owned() } else { format!("{rate}/1") };
        assert_eq!(
            (text(&made["r_frame_rate"]), text(&made["avg_frame_rate"])),
            (&*expected, &*expected),
            "{name}"
        );
    }
}

#[test]
fn colours_of_a_high_dynamic_range_stay() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mkv",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=0.4 -vf format=yuv420p10le,setparams=color_primaries=bt2020:\
         color_trc=smpte2084:colorspace=bt2020nc:range=tv -c:v libx265 -preset ultrafast -x265-params log-level=none \
         -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -color_range tv"
            .replace(":\\\n         ", ":")
            .as_str(),
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

#[test]
fn an_edit_list_is_obeyed() {
    let dir = Dir::new();
    let whole = dir.film("whole.mp4", &format!("{MOVING} {BEEP} {H264} -bf 2 -g 50 -c:a aac"));
    let film = dir.join("in.mp4");
    // Cut between key pictures: what lies before is in the file and must not be shown.
    ffmpeg(["-ss", "0.5", "-i", whole.to_str().unwrap(), "-c", "copy", film.to_str().unwrap()]);
    let shown = count(&film);
    let output = dir.join("out.mp4");
    let report = run(&job(&film, &output));
    assert_eq!((report.frames_out, count(&output)), (shown, shown));
    assert!(shown < 45, "the edit list cuts: {shown}");
    let off = beep(&dir, &output) - beep(&dir, &film);
    assert!(off.abs() < 0.002, "sound is {off} s late");
}

#[test]
fn video_alone_and_sound_that_is_longer_are_fine() {
    let dir = Dir::new();
    let silent = dir.film("silent.mp4", &format!("{MOVING} {H264}"));
    let output = dir.join("silent.out.mp4");
    assert_eq!(run(&job(&silent, &output)).streams.len(), 1);
    assert_eq!(count(&output), 50);

    let long = dir.film("long.mkv", &format!("{MOVING} -f lavfi -i sine=d=4 {H264} -c:a aac"));
    let output = dir.join("long.out.mp4");
    let report = run(&job(&long, &output));
    assert_eq!((report.frames_out, packets(&output, "a:0")), (50, packets(&long, "a:0")));
    assert!((2.0..2.041).contains(&report.duration_s), "{}", report.duration_s);
    assert!((length(&output, "a:0") - 4.0).abs() < 0.05);
}

#[test]
fn numbers_that_mkvmerge_counted_do_not_go_along_with_new_packets() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mkv",
        &format!(
            "{MOVING} {BEEP} {H264} -c:a aac -metadata:s:v BPS-eng=123 -metadata:s:v NUMBER_OF_BYTES-eng=9 \
             -metadata:s:v _STATISTICS_TAGS-eng=BPS -metadata:s:v title=Kept -metadata:s:a BPS-eng=456"
        ),
    );
    let output = dir.join("out.mkv");
    run(&job(&film, &output));
    let (video, sound) = (stream(&output, "video"), stream(&output, "audio"));
    assert_eq!(video["tags"]["title"], "Kept");
    let tags: Vec<&String> = video["tags"].as_object().unwrap().keys().collect();
    assert!(
        !tags.iter().any(|t| t.starts_with("BPS") || t.starts_with("NUMBER") || t.starts_with('_')),
        "{tags:?}"
    );
    assert!(sound["tags"].as_object().unwrap().keys().any(|t| t.starts_with("BPS")), "{sound:#?}");
}

#[test]
fn a_second_video_is_copied() {
    let dir = Dir::new();
    let film = dir.film(
        "in.mkv",
        &format!("{MOVING} -f lavfi -i testsrc=s=64x64:d=2 -map 0 -map 1 {H264} -disposition:v:0 default"),
    );
    let output = dir.join("out.mkv");
    let report = run(&job(&film, &output));
    let actions: Vec<_> = report.streams.iter().map(|s| s.action).collect();
    assert_eq!(actions, [StreamAction::Encoded, StreamAction::Copied]);
    assert_eq!(packets(&output, "v:1"), packets(&film, "v:1"));
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
fn a_recording_may_begin_in_the_middle_of_a_group_of_pictures() {
    let dir = Dir::new();
    let whole = dir.film("whole.ts", &format!("{MOVING} {H264} -g 20"));
    let bytes = std::fs::read(&whole).unwrap();
    let cut = bytes.len() / 4 / 188 * 188;
    let film = dir.write("in.ts", &bytes[cut..]);
    let output = dir.join("out.mp4");
    let report = run(&job(&film, &output));
    assert!((20..50).contains(&report.frames_out), "{}", report.frames_out);
    assert_eq!((report.corrupt_frames, count(&output)), (0, report.frames_out));
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
        let broken = media::damaged(&dir, &format!("broken.{name}"), &film, &[11, 23, 37]);
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
    hwenc::log::install(); // its reader says it nowhere else
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

#[test]
fn another_thread_can_cancel() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("-f lavfi -i testsrc2=s=320x180:r=25:d=60 {H264}"));
    let output = dir.join("out.mp4");
    let before = dir.content();
    let (cancel, seen) = (Cancel::new(), AtomicU64::new(0));
    let mut slow = job(&film, &output);
    slow.preset = Some("veryslow".into());
    let error = std::thread::scope(|scope| {
        let running =
            scope.spawn(|| slow.run(&cancel, |progress| seen.store(progress.frames, Ordering::SeqCst)));
        while seen.load(Ordering::SeqCst) == 0 {
            assert!(!running.is_finished(), "it ended before it could be cancelled");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        cancel.cancel();
        running.join().unwrap().unwrap_err()
    });
    assert_eq!(error.code(), Code::Cancelled);
    assert_eq!(dir.content(), before, "something was left behind");

    // The switch stays on: a job that begins later does not begin.
    let late = job(&film, &output).run(&cancel, |_| {}).unwrap_err();
    assert_eq!(late.code(), Code::Cancelled);
    assert_eq!(dir.content(), before);
}

#[test]
fn progress_goes_up_and_ends_whole() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} {H264}"));
    let mut all: Vec<Progress> = Vec::new();
    let job = job(&film, &dir.join("out.mp4"));
    let report = job.run(&Cancel::new(), |progress| all.push(*progress)).unwrap();
    assert!(all.windows(2).all(|w| w[0].frames <= w[1].frames && w[0].elapsed_s <= w[1].elapsed_s));
    let last = all.last().expect("at least the last word");
    assert_eq!((last.frames, last.total_frames, last.fraction()), (50, Some(50), Some(1.0)));
    assert_eq!(last.bytes_out, report.bytes_out);
    assert_eq!(last.eta_s, Some(0.0));
}

#[test]
fn the_size_gate_stops_what_grows() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} -c:v libx264 -preset ultrafast -crf 45"));
    let mut large = job(&film, &dir.join("out.mp4"));
    large.rate_control = hwenc::RateControl::Quality(95);
    large.max_size_ratio = Some(0.9);
    assert_eq!(fails(&large).code(), Code::SizeGate);
    assert_eq!(dir.names(), ["in.mp4"]);
    large.max_size_ratio = Some(1000.0);
    run(&large);
}

#[test]
fn what_the_job_alone_tells_is_refused_before_any_file_is_looked_at() {
    let wrong = |change: &dyn Fn(&mut Transcode)| {
        let mut job = Transcode::new("/nowhere/in.mp4", "/nowhere/out.mp4");
        change(&mut job);
        job.check().unwrap_err().code()
    };
    assert_eq!(wrong(&|j| j.rate_control = hwenc::RateControl::Quality(101)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.rate_control = hwenc::RateControl::Vbr(0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.size = Some((20_000, 20_000))), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.size = Some((641, 271))), Code::RequestSize);
    assert_eq!(wrong(&|j| j.bit_depth = Some(12)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.gop = Some(0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.threads = u32::MAX), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.max_size_ratio = Some(f64::NAN)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.max_size_ratio = Some(0.0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.encoder = Some("nosuch".into())), Code::RequestUnknownEncoder);
    assert_eq!(wrong(&|j| j.options = vec![("nosuch".into(), "1".into())]), Code::OptionUnknown);
    assert_eq!(wrong(&|j| j.output = "/nowhere/in.mp4".into()), Code::OutputIsInput);
    assert_eq!(wrong(&|j| j.output = "/nowhere/./in.mp4".into()), Code::OutputIsInput);
    assert_eq!(wrong(&|j| j.output = "/nowhere/out.avi".into()), Code::OutputUnknownContainer);
    assert_eq!(
        wrong(&|j| (j.output, j.codec) = ("a.h264".into(), Some(Codec::Hevc))),
        Code::OutputUnsupportedCodec
    );
}
