//! `hwenc transcode` where it works: every option, and the report of the contract.

mod common;

use std::path::Path;

use common::media::{FILM, count, frames, packets, psnr, psnr_of, stream, text};
use common::{Ran, call, hwenc, leaves_nothing, media::Dir, quick, refuses, run};
use serde_json::Value;

/// What the contract promises of the report.
const KEYS: [&str; 18] = [
    "encoder",
    "backend",
    "device",
    "decision",
    "frames_in",
    "frames_out",
    "duration_s",
    "wall_s",
    "fps",
    "cpu_s",
    "bytes_in",
    "bytes_out",
    "copied_bytes_per_frame",
    "fallback_used",
    "failovers",
    "settings_requested",
    "settings_applied",
    "corrupt_frames",
];

/// A film of two seconds, 320x180 at 25 a second, with sound.
fn small(dir: &Dir) -> std::path::PathBuf {
    dir.film(
        "in.mp4",
        "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p \
         -c:a aac",
    )
}

/// The shipped film, software allowed.
fn film(dir: &Dir, output: &str, words: &str) -> Ran {
    let command = ["transcode", FILM, output, "--fallback", "software", "--json"];
    run(hwenc(dir).args(command).args(words.split_whitespace()))
}

/// All that holds of a result of the shipped film.
fn whole(report: &Value, output: &Path, encoder: &str) {
    for key in KEYS {
        assert!(report.get(key).is_some(), "the report has no {key}");
    }
    assert_eq!((&report["frames_in"], &report["frames_out"]), (&132.into(), &132.into()));
    assert_eq!(count(output), 132, "an independent decoder counts");
    assert_eq!((&report["encoder"], &report["backend"]), (&encoder.into(), &"software".into()));
    assert_eq!((&report["fallback_used"], &report["corrupt_frames"]), (&true.into(), &0.into()));
    assert_eq!(report["bytes_in"], std::fs::metadata(FILM).unwrap().len());
    assert_eq!(report["bytes_out"], std::fs::metadata(output).unwrap().len());
    assert!((report["duration_s"].as_f64().unwrap() - 5.28).abs() < 0.001);
    assert!(report["fps"].as_f64().unwrap() > 0.0 && report["cpu_s"].as_f64().unwrap() > 0.0);
    let small = "scale=640:360:flags=bicubic,format=yuv420p,settb=1/25,setpts=N";
    let found = psnr_of(output, FILM.as_ref(), &format!("[0:V]{small}[a];[1:V]{small}[b];[a][b]psnr"));
    assert!((30.0..60.0).contains(&found), "{encoder}: {found} dB");
    assert_eq!(packets(output, "a:0"), packets(FILM.as_ref(), "a:0"), "the sound is the source's");
}

#[test]
fn the_shipped_film_as_a_newcomer_calls_it() {
    let dir = Dir::new();
    let ran = film(&dir, "out.mp4", "").ok();
    whole(&ran.json(), &dir.join("out.mp4"), "libx264");
    assert!(ran.stderr.starts_with("note: no hardware encoder works here; libx264 "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(dir.names(), ["out.mp4"]);
}

#[test]
fn the_shipped_film_in_every_codec_and_depth() {
    let dir = Dir::new();
    for (output, words, encoder, codec, format) in [
        ("hevc.mp4", "--codec hevc --preset ultrafast", "libx265", "hevc", "yuv420p"),
        ("av1.mp4", "--codec av1 --preset 12", "libsvtav1", "av1", "yuv420p"),
        ("h264.mkv", "--preset ultrafast", "libx264", "h264", "yuv420p"),
        ("h264-10.mp4", "--bit-depth 10 --preset ultrafast --size 640x360", "libx264", "h264", "yuv420p10le"),
        (
            "hevc-10.mkv",
            "--codec hevc --bit-depth 10 --preset ultrafast --size 640x360",
            "libx265",
            "hevc",
            "yuv420p10le",
        ),
        (
            "av1-10.mkv",
            "--codec av1 --bit-depth 10 --preset 12 --size 640x360",
            "libsvtav1",
            "av1",
            "yuv420p10le",
        ),
    ] {
        let output = dir.join(output);
        let ran = film(&dir, output.to_str().unwrap(), words).ok();
        whole(&ran.json(), &output, encoder);
        let made = stream(&output, "video");
        assert_eq!((text(&made["codec_name"]), text(&made["pix_fmt"])), (codec, format));
        if output.ends_with("hevc.mp4") {
            assert_eq!(made["codec_tag_string"], "hvc1", "or Apple's players show nothing");
        }
    }
}

#[test]
fn every_container() {
    let dir = Dir::new();
    small(&dir);
    for (output, words, format, codec) in [
        ("a.mp4", "", "mov,mp4,m4a,3gp,3g2,mj2", "h264"),
        ("a.m4v", "", "mov,mp4,m4a,3gp,3g2,mj2", "h264"),
        ("a.MOV", "", "mov,mp4,m4a,3gp,3g2,mj2", "h264"),
        ("a.mkv", "", "matroska,webm", "h264"),
        ("a.h264", "", "h264", "h264"),
        ("a.264", "", "h264", "h264"),
        ("a.hevc", "--preset ultrafast", "hevc", "hevc"),
        ("a.265", "--preset ultrafast", "hevc", "hevc"),
        ("a.ivf", "--preset 12", "ivf", "av1"),
        ("a.obu", "--preset 12", "obu", "av1"),
    ] {
        let ran = call(&dir, &format!("transcode in.mp4 {output} --fallback software --json {words}")).ok();
        let path = dir.join(output);
        let found = common::media::ffprobe(&path, "-show_format")["format"]["format_name"].clone();
        assert_eq!((text(&found), count(&path)), (format, 50), "{output}");
        assert_eq!(stream(&path, "video")["codec_name"], codec, "{output}");
        let report = ran.json();
        let sound = report["streams"].as_array().unwrap().iter().find(|s| s["kind"] == "audio").unwrap();
        let raw = !matches!(format, "matroska,webm" | "mov,mp4,m4a,3gp,3g2,mj2");
        assert_eq!(sound["action"], if raw { "dropped" } else { "copied" }, "{output}");
        assert_eq!(sound["reason"].is_string(), raw, "{output}: {sound}");
    }
}

#[test]
fn the_index_can_come_first() {
    let dir = Dir::new();
    small(&dir);
    let order = |name: &str| {
        let bytes = std::fs::read(dir.join(name)).unwrap();
        let at = |word: &[u8]| bytes.windows(4).position(|w| w == word).unwrap();
        at(b"moov") < at(b"mdat")
    };
    quick(&dir, "in.mp4 last.mp4").ok();
    quick(&dir, "in.mp4 first.mp4 --faststart").ok();
    quick(&dir, "in.mp4 first.mov --faststart").ok();
    assert_eq!([order("last.mp4"), order("first.mp4"), order("first.mov")], [false, true, true]);
    assert_eq!(count(&dir.join("first.mp4")), 50);
    quick(&dir, "in.mp4 other.mkv --faststart").ok();
}

/// What the open encoder says of a setting.
fn applied(ran: &Ran, name: &str) -> String {
    let report = ran.json();
    text(&report["settings_applied"][name]).to_owned()
}

#[test]
fn settings_reach_the_encoder() {
    let dir = Dir::new();
    small(&dir);
    let run = |output: &str, words: &str| quick(&dir, &format!("in.mp4 {output} --json {words}")).ok();

    run("size.mp4", "--size 160x90");
    let made = stream(&dir.join("size.mp4"), "video");
    assert_eq!((&made["width"], &made["height"]), (&160.into(), &90.into()));

    assert_eq!(applied(&run("gop.mp4", "--gop 10"), "g"), "10");
    let keys: Vec<usize> = frames(&dir.join("gop.mp4"))
        .iter()
        .enumerate()
        .filter(|(_, f)| f["key_frame"] == 1)
        .map(|(i, _)| i)
        .collect();
    assert_eq!(keys, [0, 10, 20, 30, 40]);

    assert_eq!(applied(&run("qp.mp4", "--qp 40"), "qp"), "40");
    let (fine, coarse) = (run("fine.mp4", "--quality 90"), run("coarse.mp4", "--quality 20"));
    assert!(fine.json()["bytes_out"].as_u64() > coarse.json()["bytes_out"].as_u64());
    assert!(
        psnr(&dir.join("fine.mp4"), &dir.join("in.mp4"))
            > 3.0 + psnr(&dir.join("coarse.mp4"), &dir.join("in.mp4"))
    );

    let constant = run("cbr.mp4", "--bitrate 400k --cbr");
    assert_eq!((&*applied(&constant, "b"), &*applied(&constant, "maxrate")), ("400000", "400000"));
    let average = run("vbr.mp4", "--bitrate 0.4M");
    assert_eq!((&*applied(&average, "b"), &*applied(&average, "maxrate")), ("400000", "800000"));
    for name in ["cbr.mp4", "vbr.mp4"] {
        let rate: f64 = text(&stream(&dir.join(name), "video")["bit_rate"]).parse().unwrap();
        assert!((200e3..600e3).contains(&rate), "{name}: {rate} bits per second");
    }

    assert_eq!(applied(&run("preset.mp4", ""), "preset"), "ultrafast");
    assert_eq!(applied(&run("threads.mp4", "--threads 1"), "threads"), "1");
    let own = run("own.mp4", "-o crf=40 -o refs=2");
    assert_eq!((applied(&own, "crf").parse(), &*applied(&own, "refs")), (Ok(40.0), "2"));
    let named = run("named.mp4", "");
    assert_eq!(named.json()["fallback_used"], false, "an encoder that is named is no fallback");
    assert_eq!(named.stderr, "");
}

#[test]
fn alternatives_are_taken_in_their_order() {
    let dir = Dir::new();
    small(&dir);
    let ran =
        call(&dir, "transcode in.mp4 out.mp4 --fallback h264_vaapi,libx264 --preset ultrafast --json").ok();
    assert_eq!((&ran.json()["encoder"], &ran.json()["fallback_used"]), (&"libx264".into(), &true.into()));
    let reasons: Vec<Value> = ran.json()["decision"]["candidates"].as_array().unwrap().clone();
    assert!(reasons.len() > 3, "{reasons:#?}");
    for candidate in &reasons {
        assert!(
            !text(&candidate["reason"]["code"]).is_empty()
                && !text(&candidate["reason"]["message"]).is_empty()
        );
    }
}

#[test]
fn the_report_is_written_and_printed_alike() {
    let dir = Dir::new();
    small(&dir);
    let ran = quick(&dir, "in.mp4 out.mp4 --json --report report.json").ok();
    assert_eq!(std::fs::read_to_string(dir.join("report.json")).unwrap(), ran.stdout);
    // An older report is replaced.
    let ran = quick(&dir, "in.mp4 again.mp4 --report report.json").ok();
    let report: Value = serde_json::from_slice(&std::fs::read(dir.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["output"], "again.mp4");
    assert!(!ran.stdout.starts_with('{'));
    // A device is written to, not replaced.
    let ran = quick(&dir, "in.mp4 third.mp4 --quiet --report /dev/stdout").ok();
    assert_eq!(ran.json()["output"], "third.mp4");
    assert_eq!(dir.names(), ["again.mp4", "in.mp4", "out.mp4", "report.json", "third.mp4"]);
}

#[test]
fn a_report_never_replaces_a_film() {
    let dir = Dir::new();
    small(&dir);
    std::fs::hard_link(dir.join("in.mp4"), dir.join("link.json")).unwrap();
    for report in ["in.mp4", "./in.mp4", "link.json", "out.mp4", "./out.mp4"] {
        refuses(&dir, &format!("in.mp4 out.mp4 --report {report}"), 2, "usage");
    }
    refuses(&dir, "in.mp4 out.mp4 --report nowhere/report.json", 1, "output.no_directory");
    refuses(&dir, "in.mp4 out.mp4 --report .", 1, "output.is_directory");
}

#[test]
fn words_are_few_and_quiet_is_quiet() {
    let dir = Dir::new();
    small(&dir);
    let ran = quick(&dir, "in.mp4 out.mp4").ok();
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("out.mp4: 50 frames in ") && ran.stdout.contains("libx264"),
        "{}",
        ran.stdout
    );
    assert_eq!(ran.stderr, "");

    let ran =
        call(&dir, "transcode in.mp4 quiet.mp4 --fallback software --codec av1 --preset 12 --quiet").ok();
    assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""), "no banner of a library either");
    let ran =
        call(&dir, "transcode in.mp4 hevc.mp4 --fallback software --codec hevc --preset ultrafast --quiet")
            .ok();
    assert_eq!((&*ran.stdout, &*ran.stderr), ("", ""));

    let ran = quick(&dir, "in.mp4 raw.h264").ok();
    assert!(ran.stdout.contains("stream 1 (audio, aac): "), "what is lost is said: {}", ran.stdout);

    let ran = quick(&dir, "in.mp4 verbose.mp4 --verbose").ok();
    assert!(ran.stderr.contains("libx264"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(" @ 0x"), "addresses help nobody: {}", ran.stderr);
}

#[test]
fn the_size_gate_stops_what_grows() {
    let dir = Dir::new();
    small(&dir);
    let ran = refuses(&dir, "in.mp4 out.mp4 --quality 98 --max-size-ratio 0.1", 5, "gate.size_exceeded");
    assert!(ran.help().contains("lower quality"), "{}", ran.stderr);
    quick(&dir, "in.mp4 out.mp4 --max-size-ratio 100").ok();
}

#[test]
fn zero_copy_is_kept_or_refused() {
    let dir = Dir::new();
    small(&dir);
    refuses(&dir, "in.mp4 deep.mp4 --zero-copy require --bit-depth 10", 1, "encode.copy_required");
    refuses(&dir, "in.mp4 small.mp4 --zero-copy require --size 160x90", 1, "encode.copy_required");
    let ran = quick(&dir, "in.mp4 out.mp4 --zero-copy require --json").ok();
    assert_eq!(ran.json()["copied_bytes_per_frame"], 0.0);
    let ran = quick(&dir, "in.mp4 converted.mp4 --bit-depth 10 --json").ok();
    assert_eq!(ran.json()["copied_bytes_per_frame"], 320.0 * 180.0 * 3.0, "I010 has three bytes a pixel");
}

#[test]
fn an_existing_result_is_replaced_only_when_told() {
    let dir = Dir::new();
    small(&dir);
    dir.write("out.mp4", "precious");
    let ran = refuses(&dir, "in.mp4 out.mp4", 1, "output.exists");
    assert!(ran.help().contains("--overwrite"), "{}", ran.stderr);
    // A failure leaves the old one, too.
    refuses(&dir, "in.mp4 out.mp4 --overwrite --quality 98 --max-size-ratio 0.1", 5, "gate.size_exceeded");
    quick(&dir, "in.mp4 out.mp4 --overwrite").ok();
    assert_eq!(count(&dir.join("out.mp4")), 50);
}

#[test]
fn without_hardware_nothing_is_done_unasked() {
    let dir = Dir::new();
    small(&dir);
    let ran = leaves_nothing(&dir, || call(&dir, "transcode in.mp4 out.mp4")).error(3, "select.no_encoder");
    for encoder in ["h264_nvenc", "h264_qsv", "h264_vaapi", "h264_vulkan", "h264_nvmpi", "h264_v4l2m2m"] {
        let line = ran.stderr.lines().position(|l| l.trim().starts_with(&format!("✗ {encoder}")));
        let line = line.unwrap_or_else(|| panic!("no {encoder}: {}", ran.stderr));
        let about: Vec<&str> = ran.stderr.lines().skip(line).take(4).collect();
        assert!(about[0].contains('[') && about[0].ends_with(']'), "{encoder} has no code: {}", ran.stderr);
        assert!(
            about.iter().any(|l| l.trim().starts_with("help: ")),
            "{encoder} has no remedy: {}",
            ran.stderr
        );
    }
    assert!(ran.help().contains("--fallback software"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");

    // Where one is named, only that one is talked of.
    let ran = call(&dir, "transcode in.mp4 out.mp4 --encoder h264_vulkan").error(3, "select.no_encoder");
    assert!(ran.stderr.contains("✗ h264_vulkan") && !ran.stderr.contains("libx264"), "{}", ran.stderr);

    let ran = call(&dir, "transcode in.mp4 out.mp4 --json").error(3, "select.no_encoder");
    let error = ran.json();
    assert_eq!(error["code"], "select.no_encoder");
    assert!(text(&error["remedy"]).contains("--fallback software"), "{error}");
    assert!(!text(&error["message"]).is_empty());
    assert!(error["evidence"].as_array().unwrap().len() >= 7, "{error:#}");
    for candidate in error["candidates"].as_array().unwrap() {
        let reason = &candidate["reason"];
        assert!(!text(&reason["code"]).is_empty() && !text(&reason["remedy"]).is_empty(), "{candidate:#}");
    }
}

#[test]
fn names_are_only_names() {
    let dir = Dir::new();
    let plain = small(&dir);
    std::fs::create_dir(dir.join("http:")).unwrap();
    for name in
        ["with space.mp4", "a:b.mp4", "-dash.mp4", "%d-%03d.mp4", "http://x.mp4", "pipe:.mp4", "o'\"$(x).mp4"]
    {
        let source = dir.join(name.replace("x.mp4", "y.mp4").replace(".mp4", ".in.mp4"));
        std::fs::copy(&plain, &source).unwrap();
        let input = source.strip_prefix(dir.path()).unwrap().to_str().unwrap().replace("http:/", "http://");
        let command = ["transcode", "--encoder", "libx264", "--preset", "ultrafast", "--", &input, name];
        run(hwenc(&dir).args(command)).ok();
        assert_eq!(count(&dir.join(name)), 50, "{name}");
    }
    let command = ["transcode", "--encoder", "libx264", "--preset", "ultrafast", "--json", "--"];
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe.mkv");
    let odd: &std::ffi::OsStr = odd;
    let ran = run(hwenc(&dir).args(command).arg("in.mp4").arg(odd)).ok();
    assert_eq!(ran.json()["output"], "\u{fffd}\u{fffd}.mkv", "the report is text");
    assert_eq!(count(&dir.join(odd)), 50);
    run(hwenc(&dir).args(command).arg(odd).arg("again.mp4")).ok();
    let url = format!("file://{}", plain.display());
    run(hwenc(&dir).args(command).arg(url).arg("url.mp4")).ok();
    assert_eq!(count(&dir.join("url.mp4")), 50);
}
