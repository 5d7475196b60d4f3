//! `hwenc probe` and `hwenc select`, here and for the machine of a saved report.

mod common;

use common::media::{Dir, text};
use common::{call, hwenc, run};

const SOFTWARE: &str = "select --codec h264 --size 640x360 --fallback software";

#[test]
fn a_decision_has_a_reason_for_every_candidate() {
    let dir = Dir::new();
    let ran = call(&dir, &format!("{SOFTWARE} --json")).ok();
    let decision = ran.json();
    let candidates = decision["candidates"].as_array().unwrap();
    let chosen = &candidates[decision["chosen"].as_u64().unwrap() as usize];
    assert_eq!((text(&chosen["encoder"]), text(&chosen["verdict"])), ("libx264", "chosen"));
    assert_eq!(decision["fallback_used"], true);
    assert_eq!((&decision["request"]["width"], &decision["request"]["height"]), (&640.into(), &360.into()));
    for candidate in candidates {
        assert!(!text(&candidate["reason"]["message"]).is_empty(), "{candidate:#}");
    }
    let ran = call(&dir, SOFTWARE).ok();
    assert!(ran.stdout.starts_with("libx264 (software): "), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches('✗').count(), candidates.len() - 1, "{}", ran.stdout);
    assert_eq!(dir.names(), [""; 0]);
}

#[test]
fn no_encoder_is_exit_code_3() {
    let dir = Dir::new();
    let ran = call(&dir, "select --codec hevc --size 640x360").error(3, "select.no_encoder");
    assert!(ran.help().contains("--fallback software"), "{}", ran.stderr);
    let ran = call(&dir, "select --codec hevc --size 640x360 --json").error(3, "select.no_encoder");
    assert_eq!(ran.json()["code"], "select.no_encoder");
    // SVT-AV1 has no such small pictures.
    call(&dir, "select --codec av1 --size 32x32 --fallback software").error(3, "select.no_encoder");
}

#[test]
fn wrong_words_are_exit_code_2() {
    let dir = Dir::new();
    for (words, code) in [
        ("select --codec theora --size 640x360", "request.invalid"),
        ("select --codec h264 --size 641x271", "request.size_unsupported"),
        ("select --codec h264 --size 20000x20000", "request.invalid"),
        ("select --codec h264 --size 640", "request.invalid"),
        ("select --codec h264 --size 640x360 --fps 0", "request.invalid"),
        ("select --codec h264 --size 640x360 --fps -25", "request.invalid"),
        ("select --codec h264 --size 640x360 --fps 25/0", "request.invalid"),
        ("select --codec h264 --size 640x360 --fps fast", "request.invalid"),
        ("select --codec h264 --size 640x360 --bit-depth 12", "request.invalid"),
        ("select --codec h264 --size 640x360 --encoder nosuch", "request.unknown_encoder"),
        ("select --codec h264 --size 640x360 --encoder libx265", "request.codec_mismatch"),
        ("select --codec h264 --size 640x360 --fallback nosuch", "request.unknown_encoder"),
        ("select --codec h264", "usage"),
        ("select --size 640x360", "usage"),
    ] {
        call(&dir, words).error(2, code);
        assert_eq!(call(&dir, &format!("{words} --json")).error(2, code).json()["code"], code);
    }
}

#[test]
fn rates_are_read_as_people_write_them() {
    let dir = Dir::new();
    for (fps, num, den) in
        [("25", 25, 1), ("29.97", 30000, 1001), ("24000/1001", 24000, 1001), ("12.5", 25, 2)]
    {
        let decision = call(&dir, &format!("{SOFTWARE} --json --fps {fps}")).ok().json();
        let rate = &decision["request"]["frame_rate"];
        assert_eq!(rate["num"].as_i64().unwrap() * den, num * rate["den"].as_i64().unwrap(), "{fps}: {rate}");
    }
}

#[test]
fn a_saved_report_decides_as_the_machine_does() {
    let (dir, cache) = (Dir::new(), tempfile::tempdir().unwrap());
    // Of its own: another test that probes meanwhile would measure other times.
    let call = |dir: &Dir, words: &str| {
        run(hwenc(dir).args(words.split_whitespace()).env("HWENC_CACHE_DIR", cache.path()))
    };
    let report = call(&dir, "probe --json").ok();
    assert!(report.json()["schema"].is_u64());
    dir.write("report.json", &report.stdout);
    for words in [SOFTWARE, "select --codec av1 --size 1920x1080 --encoder libsvtav1 --bit-depth 10"] {
        let here = call(&dir, &format!("{words} --json")).ok();
        let saved = call(&dir, &format!("{words} --json --input report.json")).ok();
        assert_eq!(here.stdout, saved.stdout);
    }
    let here = call(&dir, "select --codec h264 --size 640x360").error(3, "select.no_encoder");
    let saved =
        call(&dir, "select --codec h264 --size 640x360 --input report.json").error(3, "select.no_encoder");
    assert_eq!(here.stderr, saved.stderr);
}

#[test]
fn a_report_that_is_none_is_refused() {
    let dir = Dir::new();
    let good = call(&dir, "probe --json").ok().stdout;
    dir.write("text.json", "not a report");
    dir.write("empty.json", "");
    dir.write("other.json", "{\"some\": \"thing\"}");
    dir.write("cut.json", &good[..good.len() / 2]);
    let schema = format!("\"schema\": {}", hwenc::probe::SCHEMA);
    assert!(good.contains(&schema), "{good}");
    dir.write("newer.json", good.replacen(&schema, "\"schema\": 999", 1));
    dir.write("binary.json", [0xff, 0xfe, 0x00]);
    for command in ["doctor", SOFTWARE] {
        for name in ["text.json", "empty.json", "other.json", "cut.json", "newer.json", "binary.json"] {
            let ran = call(&dir, &format!("{command} --input {name}")).error(1, "report.invalid");
            assert!(ran.stderr.lines().next().unwrap().contains(name), "{}", ran.stderr);
        }
        call(&dir, &format!("{command} --input missing.json")).error(1, "input.not_found");
        call(&dir, &format!("{command} --input .")).error(1, "input.is_directory");
    }
}

#[test]
fn a_probe_lists_what_a_newcomer_asks_for() {
    let dir = Dir::new();
    let ran = call(&dir, "probe").ok();
    for word in
        ["FFmpeg ", "\nCPU\n", "✓ libx264", "✓ libx265", "✓ libsvtav1", "not available\n", "h264_vaapi"]
    {
        assert!(ran.stdout.contains(word), "no {word}: {}", ran.stdout);
    }
    assert_eq!(ran.stderr, "");
}
