//! `softgpu list` and what the help says.

use serde_json::Value;

use crate::{softgpu, text};

const NAMES: [&str; 15] = [
    "intel-haswell",
    "intel-gen9",
    "intel-arc",
    "amd-rdna2",
    "amd-rdna3",
    "virtio",
    "liar-h264-open",
    "liar-hevc",
    "liar-10bit",
    "liar-wrong",
    "liar-green",
    "liar-p-first",
    "liar-hang",
    "liar-crash",
    "liar-init",
];

#[test]
fn every_device_is_listed_and_can_be_run() {
    let output = softgpu(&["list"]).output().expect("softgpu starts");
    assert!(output.status.success());
    let listed = text(&output.stdout);
    let names: Vec<&str> =
        listed.lines().filter_map(|line| line.split(' ').next().filter(|name| !name.is_empty())).collect();
    assert_eq!(names, [&NAMES[..], &["none", "empty"]].concat());
    assert!(listed.lines().all(|line| line.chars().count() <= 120), "{listed}");
    for name in names {
        let status = softgpu(&["run", "--device", name, "--", "true"]).status().expect("softgpu starts");
        assert!(status.success(), "{name}");
    }
}

#[test]
fn json_tells_all() {
    let output = softgpu(&["list", "--json"]).output().expect("softgpu starts");
    let devices: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        devices.iter().map(|device| device["name"].as_str().expect("name")).collect::<Vec<_>>(),
        NAMES
    );
    let of = |name: &str, key: &str| {
        let device = devices.iter().find(|device| device["name"] == name).expect("listed");
        device[key]
            .as_array()
            .expect("list")
            .iter()
            .map(|codec| codec.as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("intel-haswell", "encode"), ["H.264"]);
    assert_eq!(of("intel-gen9", "encode"), ["H.264", "HEVC", "HEVC 10", "JPEG"]);
    assert_eq!(of("intel-arc", "encode"), ["H.264", "HEVC", "HEVC 10", "AV1", "VP9", "JPEG"]);
    assert_eq!(of("amd-rdna2", "encode"), ["H.264", "HEVC", "HEVC 10"]);
    assert_eq!(of("amd-rdna3", "encode"), ["H.264", "HEVC", "HEVC 10", "AV1"]);
    assert!(of("virtio", "encode").is_empty());
    assert_eq!(of("virtio", "decode"), ["H.264", "HEVC"]);
    for device in &devices {
        let liar = device["name"].as_str().expect("name").starts_with("liar-");
        let faults = device["faults"].as_array().expect("rules").len()
            + device["configs"]
                .as_array()
                .expect("list")
                .iter()
                .map(|c| c["faults"].as_array().expect("rules").len())
                .sum::<usize>();
        assert_eq!(faults > 0, liar, "{}", device["name"]);
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let line = format!("{} list --json | head -n 1; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_softgpu"));
    let status = std::process::Command::new("bash").args(["-c", &line]).status().expect("bash starts");
    assert!(status.success());
}

#[test]
fn help_is_no_failure_and_shows_the_way() {
    for (arguments, says) in [
        (&["--help"][..], "run"),
        (&["run", "--help"], "EndPicture"),
        (&["run", "--help"], "errno=E"),
        (&["run", "--help"], "125"),
        (&["run", "-h"], "Examples"),
        (&["list", "--help"], "--json"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = softgpu(arguments).output().expect("softgpu starts");
        assert!(output.status.success(), "{arguments:?}");
        assert!(text(&output.stdout).contains(says), "{arguments:?}: {}", text(&output.stdout));
    }
}
