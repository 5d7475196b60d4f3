//! AMD's own driver, Mesa's radeonsi, on the shim that Mesa makes for its own tests: a kernel driver that takes every call and
//! does nothing. With it the driver starts and tells its capabilities, and nothing can be encoded or decoded.
//!
//! `cargo xtask matrix` runs this where there are both, which is Debian 13.

mod common;

use std::process::Command;

use common::media::{Dir, text};
use common::{Ran, run};
use serde_json::Value;

const SHIM: &str = "libamdgpu_noop_drm_shim.so";
const NODE: &str = "/dev/dri/renderD128";

/// `hwenc` on a machine with an AMD GPU.
fn amd(dir: &Dir, words: &str) -> Ran {
    let mut command: Command = common::hwenc(dir);
    command
        .args(words.split_whitespace())
        .env("LD_PRELOAD", SHIM)
        .env("HWENC_CACHE_DIR", dir.path().join("cache"));
    run(&mut command)
}

fn of_the_gpu(decision: &Value) -> Vec<&Value> {
    let candidates = decision["candidates"].as_array().unwrap().iter();
    candidates.filter(|c| c["device"] == NODE && text(&c["encoder"]).ends_with("_vaapi")).collect()
}

#[test]
fn radeonsi_starts_and_tells_what_it_can() {
    let dir = Dir::new();
    let report = amd(&dir, "probe --json").ok().json();
    let [driver] = report["va"].as_array().unwrap().as_slice() else { panic!("{:#}", report["va"]) };
    assert_eq!((text(&driver["node"]), &driver["error"]), (NODE, &Value::Null), "{driver:#}");
    let vendor = text(&driver["vendor"]);
    assert!(vendor.starts_with("Mesa Gallium driver") && vendor.contains("radeonsi"), "{vendor}");
    let entries = driver["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["entrypoint"] == "VLD"), "{driver:#}");
    assert!(!entries.iter().any(|entry| text(&entry["entrypoint"]).starts_with("Enc")), "{driver:#}");
    // Nothing is tried that the driver does not offer.
    let trials = report["trials"].as_array().unwrap();
    assert!(trials.iter().any(|t| t["encoder"] == "libx264" && t["device"].is_null()), "{trials:#?}");
    assert!(!trials.iter().any(|t| t["device"] == NODE), "{trials:#?}");
}

#[test]
fn it_decodes_only_by_its_drivers_word() {
    let dir = Dir::new();
    for codec in ["h264", "hevc", "vp9", "mjpeg"] {
        let words = format!("select --codec {codec} --size 640x360");
        let ran = amd(&dir, &words).error(3, "select.no_encoder");
        assert!(ran.stderr.contains(&format!("{NODE} decodes only, by its driver's word")), "{}", ran.stderr);
    }
    let decision = amd(&dir, "select --codec h264 --size 640x360 --fallback software --json").ok().json();
    let gpu = of_the_gpu(&decision);
    assert!(!gpu.is_empty(), "{decision:#}");
    for candidate in gpu {
        let reason = &candidate["reason"];
        assert_eq!(text(&reason["code"]), "device.no_encoder", "{candidate:#}");
        assert_eq!(text(&reason["message"]), format!("{NODE} decodes only, by its driver's word"));
        let says = reason["evidence"].as_array().unwrap().iter().any(|line| text(line).contains("radeonsi"));
        assert!(says, "{reason:#}");
    }
}
