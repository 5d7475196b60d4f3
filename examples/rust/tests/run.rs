//! Every example is run, and what it makes is looked at by an independent decoder.

use std::path::Path;
use std::process::Command;

fn run(program: &str, args: &[&Path]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn frames(path: &Path) -> u32 {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0", "-of", "csv=p=0"])
        .args(["-show_entries", "stream=nb_read_frames"])
        .arg(path)
        .output()
        .expect("the ffprobe command");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

#[test]
fn encode_film() {
    let dir = tempfile::tempdir().unwrap();
    let film = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../media/big_buck_bunny_720p.mp4"));
    let out = dir.path().join("out.mp4");
    let text = run(env!("CARGO_BIN_EXE_encode_film"), &[film, &out]);
    assert!(text.starts_with("132 frames by "), "{text}");
    assert_eq!(frames(&out), 132);
}

#[test]
fn frames_to_packets() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out.h264");
    assert!(run(env!("CARGO_BIN_EXE_frames_to_packets"), &[&out]).starts_with("50 packets by "));
    assert_eq!(frames(&out), 50);
}

#[test]
fn choose_encoder() {
    let text = run(env!("CARGO_BIN_EXE_choose_encoder"), &[]);
    assert!(text.contains("hevc_vaapi") && text.contains("libx265"), "{text}");
}

#[test]
fn health() {
    let text = run(env!("CARGO_BIN_EXE_health"), &[]);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(answer["h264"]["encoder"].is_string() && answer["ffmpeg"].is_string(), "{text}");
}
