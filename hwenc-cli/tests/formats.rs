//! `hwenc probe --json` and `--format`: what other programs read.

mod common;
#[path = "../../hwenc/tests/common/schema.rs"]
mod schema;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::media::Dir;
use common::{call, leaves_nothing};
use hwenc::probe::{Format, Outcome, Proof, Report, Trial, Tried};
use hwenc::{Codec, Request};

/// A report of a machine with one encoder that was verified, as `report.json`.
fn saved(dir: &Dir) -> Report {
    let mut report = Report::default();
    let request = Request::new(Codec::Hevc, 1920, 1080).bit_depth(10);
    let trial = Trial::new("hevc_vaapi", Some("/dev/dri/renderD128"), None, &request);
    report.trials.push(Tried::new(trial, Outcome::Verified(Proof::default()), 30.0));
    dir.write("report.json", report.to_json());
    report
}

#[test]
fn json_is_what_the_schema_says() {
    let dir = Dir::new();
    let ran = call(&dir, "probe --json").ok();
    schema::check_json(&ran.stdout);
    schema::check_json(&call(&dir, "probe --format json").ok().stdout);
    assert_eq!(Report::from_json(&ran.stdout).unwrap().hwenc, env!("CARGO_PKG_VERSION"));
}

#[test]
fn formats_are_the_librarys() {
    let dir = Dir::new();
    let report = saved(&dir);
    for format in [Format::Json, Format::Nfd, Format::K8s, Format::Dask] {
        let ran = call(&dir, &format!("probe --format {format} --input report.json")).ok();
        assert_eq!(ran.stdout, report.to_format(format).unwrap());
    }
    let ran = call(&dir, "probe --format nfd --input report.json").ok();
    assert!(ran.stdout.contains("\nhwenc.dev/hevc_vaapi.10bit=true\n"), "{}", ran.stdout);
    assert_eq!(call(&dir, "probe --format dask --input report.json").ok().stdout, "hevc_vaapi=1\n");
    // No node was found in it that a container could be given.
    call(&dir, "probe --format compose --input report.json").error(3, "device.missing");
}

#[test]
fn a_file_appears_whole_and_alone() {
    let dir = Dir::new();
    let report = saved(&dir);
    dir.write("hwenc", "what was there before");
    let ran = call(&dir, "probe --format nfd --input report.json --output hwenc").ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(fs::read_to_string(dir.path().join("hwenc")).unwrap(), report.to_format(Format::Nfd).unwrap());
    assert_eq!(dir.names(), ["hwenc", "report.json"]);
    let mode = fs::metadata(dir.path().join("hwenc")).unwrap().permissions().mode();
    assert_eq!(mode & 0o600, 0o600);
    assert_eq!(mode & 0o111, 0);
    let ran = call(&dir, "probe --format dask --input report.json --output /dev/stdout").ok();
    assert_eq!(ran.stdout, "hevc_vaapi=1\n");
}

#[test]
fn wrong_words_leave_nothing() {
    let dir = Dir::new();
    saved(&dir);
    for (words, exit, code) in [
        ("probe --format yaml", 2, "request.invalid"),
        ("probe --format nfd --json", 2, "usage"),
        ("probe --output file", 2, "usage"),
        ("probe --format nfd --input report.json --output nowhere/file", 1, "output.no_directory"),
        ("probe --format nfd --input report.json --output .", 1, "output.is_directory"),
        ("probe --format nfd --input nothing.json --output file", 1, "input.not_found"),
    ] {
        leaves_nothing(&dir, || call(&dir, words)).error(exit, code);
    }
}
