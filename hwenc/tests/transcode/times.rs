//! Timestamps: where a result begins, irregular and constant rates, jumps, edit lists.

use hwenc::OnCorrupt;

use crate::media::{self, Dir, count, ffmpeg, length, packets, stream, text, times};
use crate::{BEEP, H264, MOVING, beep, hevc, job, run};

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
fn joined_broadcasts_go_on_where_the_first_ended() {
    let dir = Dir::new();
    let part = dir.film("part.ts", &format!("{MOVING} {BEEP} {H264} -c:a aac"));
    let far = dir.film("far.ts", &format!("{MOVING} {BEEP} {H264} -c:a aac -output_ts_offset 50000"));
    let all = [&part, &part, &far].map(|p| std::fs::read(p).unwrap()).concat();
    let film = dir.write("in.ts", all);
    let output = dir.join("out.mp4");
    let mut joined = job(&film, &output);
    joined.on_corrupt = OnCorrupt::Skip; // the counters of packets jump at the joints
    let report = run(&joined);
    assert!((146..=150).contains(&report.frames_out), "{}", report.frames_out);
    assert!((5.8..6.3).contains(&report.duration_s), "{}", report.duration_s);
    let sound = length(&output, "a:0");
    assert!((5.8..6.3).contains(&sound), "{sound}");
    let times = times(&output);
    assert!(times.windows(2).all(|w| (0.02..0.2).contains(&(w[1] - w[0]))), "{times:?}");
}

#[test]
fn packets_out_of_order_are_put_in_order() {
    let dir = Dir::new();
    let film = dir.film("in.mkv", &format!("{MOVING} {BEEP} {H264} -c:a aac"));
    let mut bytes = std::fs::read(&film).unwrap();
    // The time of a block is two bytes behind its track: one of the sound goes back by far.
    let all = media::ffprobe(&film, "-select_streams a:0 -show_entries packet=pos");
    let at: usize = text(&all["packets"][30]["pos"]).parse().unwrap();
    let track = (at..at + 12).find(|i| bytes[*i] == 0x82).expect("track 2");
    bytes[track + 1..track + 3].copy_from_slice(&[0, 0]);
    let broken = dir.write("broken.mkv", bytes);
    for name in ["out.mp4", "out.mkv"] {
        let report = run(&job(&broken, &dir.join(name)));
        assert_eq!(report.frames_out, 50, "{name}");
        assert_eq!(packets(&dir.join(name), "a:0").len(), packets(&film, "a:0").len(), "{name}");
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
