//! hwenc on the kernel's own render node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::{errors, kernel, open_to_others, output, text};

/// The `hwenc` command, built where this test was.
fn hwenc() -> &'static str {
    static HWENC: OnceLock<String> = OnceLock::new();
    HWENC.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--quiet", "-p", "hwenc-cli", "--manifest-path"]).arg(manifest);
        assert!(cargo.status().expect("cargo starts").success(), "hwenc does not build");
        let built = PathBuf::from(env!("CARGO_BIN_EXE_softgpu")).with_file_name("hwenc");
        built.to_str().expect("it is text").to_owned()
    })
}

#[test]
fn a_film_is_decoded_and_coded_on_the_node() {
    let place = tempfile::tempdir().expect("a directory");
    let [film, out, gpu] = ["film.mp4", "out.mp4", "gpu.json"].map(|name| place.path().join(name));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/media/big_buck_bunny_720p.mp4");
    fs::copy(source, &film).expect("the film is shipped");
    let path = |path: &'static str| place.path().join(path).to_str().expect("it is text").to_owned();
    let options = ["--engine", "null", "--report", &path("gpu.json"), "--writable", &path("")];
    let words =
        [hwenc(), "transcode", &path("film.mp4"), &path("out.mp4"), "--encoder", "h264_vaapi", "--json"];
    let report: Value =
        serde_json::from_str(text(&output(&mut kernel(&options, &words)))).expect("it is JSON");
    assert_eq!((&report["frames_out"], &report["device"]), (&132.into(), &"/dev/dri/renderD128".into()));
    assert_eq!(report["decoded_on"], "/dev/dri/renderD128");
    assert!(out.exists());
    let gpu: Value = serde_json::from_slice(&fs::read(gpu).expect("there is a report")).expect("it is JSON");
    // Two trials come before, one for each way that pictures may take, of four pictures that are written into surfaces.
    assert_eq!((&gpu["encodes"], &gpu["image_maps"]), (&(132 + 8).into(), &8.into()), "{gpu}");
    assert_eq!(gpu["misuse"], serde_json::json!([]), "{gpu}");
}

#[test]
fn a_user_outside_the_group_is_told_its_number() {
    let options = ["--device", "intel-arc:gid=4242", "--uid", "65534", "--gid", "65534"];
    let place = open_to_others(&[hwenc().into()]);
    let program = place.path().join("hwenc");
    let words = [program.to_str().expect("it is text"), "select", "--codec", "h264", "--size", "1280x720"];
    let refused = output(&mut kernel(&options, &words));
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = errors(&refused);
    assert!(said.contains("device.permission_denied") && said.contains("4242"), "{said}");
}
