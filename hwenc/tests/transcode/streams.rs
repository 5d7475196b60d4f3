//! What becomes of sound, subtitles, covers, chapters, attached files and tags.

use hwenc::transcode::StreamAction;

use crate::media::{self, Dir, FILM, count, ffmpeg, length, packets, seconds, stream, streams, text};
use crate::{BEEP, H264, MOVING, beep, by_kind, job, run};

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
fn lossless_sound_stays_lossless() {
    let dir = Dir::new();
    let film = dir.film("in.mkv", &format!("{MOVING} {BEEP} {H264} -c:a flac"));
    let output = dir.join("out.mp4");
    assert_eq!(by_kind(&run(&job(&film, &output)), "audio").action, StreamAction::Copied);
    assert_eq!((packets(&output, "a:0"), count(&output)), (packets(&film, "a:0"), 50));
    assert!((beep(&dir, &output) - beep(&dir, &film)).abs() < 0.002);
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
fn a_stream_that_is_announced_and_never_comes_is_no_obstacle() {
    let dir = Dir::new();
    let film = dir.film("in.ts", &format!("{MOVING} {BEEP} {H264} -c:a aac"));
    let bytes = std::fs::read(&film).unwrap();
    // All packets but those of the second stream, which ffmpeg gives the number 0x101.
    let video = bytes
        .chunks(188)
        .filter(|p| u16::from_be_bytes([p[1], p[2]]) & 0x1fff != 0x101)
        .collect::<Vec<_>>()
        .concat();
    let film = dir.write("video.ts", video);
    for name in ["out.mp4", "out.mkv"] {
        let report = run(&job(&film, &dir.join(name)));
        assert_eq!(
            (report.frames_out, by_kind(&report, "audio").action),
            (50, StreamAction::Dropped),
            "{name}"
        );
    }
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
