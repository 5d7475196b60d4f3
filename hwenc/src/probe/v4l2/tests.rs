//! A driver of V4L2 put before the C library: this program runs itself again with it.

use std::path::Path;
use std::process::Command;

use super::super::compiled;
use super::*;

const NODE: &str = "HWENC_TEST_V4L2";
const KIND: &str = "HWENC_TEST_V4L2_KIND";
/// What comes before the answer in the output.
const MARK: &str = "answer: ";

/// What a node with a driver of this kind says.
fn ask(kind: &str) -> V4l2Device {
    let directory = tempfile::tempdir().unwrap();
    let (shim, node) = (directory.path().join("fake.so"), directory.path().join("video11"));
    std::fs::write(&node, "").unwrap();
    compiled::library(include_str!("fake.c"), &[], &shim);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "probe::v4l2::tests::inside", "--nocapture"]);
    let output = command.env("LD_PRELOAD", &shim).env(NODE, &node).env(KIND, kind).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = text.split(MARK).nth(1).and_then(|text| text.lines().next());
    let answer: V4l2Device = serde_json::from_str(answer.unwrap_or_else(|| panic!("{text}"))).unwrap();
    assert_eq!(answer.node, node);
    answer
}

/// The part of a test that has the driver; alone it asks what is no V4L2 node.
#[test]
fn inside() {
    let node = std::env::var(NODE).unwrap_or_else(|_| "/dev/null".to_owned());
    let answer = V4l2Device::ask(Path::new(&node));
    println!("{MARK}{}", serde_json::to_string(&answer).unwrap());
    if node == "/dev/null" {
        let error = answer.error.unwrap();
        assert!(error.starts_with("VIDIOC_QUERYCAP: ") && error.contains("os error 25"), "{error}");
    }
}

#[test]
fn an_encoder_says_what_it_takes_and_gives() {
    let device = ask("encoder");
    assert_eq!(device.error, None);
    assert_eq!((device.driver.as_str(), device.card.len()), ("bcm2835-codec", 32));
    assert!(device.memory_to_memory && device.card.starts_with("bcm2835-codec-encode"));
    assert_eq!(device.takes, ["YU12", "NV12", "Y16-BE"]);
    assert_eq!(device.gives, ["H264"]);
}

#[test]
fn a_camera_is_told_from_an_encoder() {
    let device = ask("camera");
    assert_eq!((device.error.as_deref(), device.memory_to_memory), (None, false));
    assert_eq!((device.driver.as_str(), device.card.as_str()), ("uvcvideo", "Camera"));
    assert_eq!((device.takes, device.gives), (vec![], vec!["MJPG".to_owned(), "YUYV".to_owned()]));
}

#[test]
fn drivers_that_fail_or_never_end_are_answers() {
    assert!(ask("gone").error.unwrap().contains("No such device"));
    let broken = ask("broken");
    assert!(broken.error.unwrap().starts_with("VIDIOC_ENUM_FMT: "));
    assert_eq!(broken.driver, "", "no half of an answer");
    let endless = ask("endless");
    assert_eq!((endless.error, endless.takes), (None, vec!["NV12".to_owned()]));
}

#[test]
fn a_node_that_is_not_there_says_so() {
    let error = V4l2Device::ask(Path::new("/nonexistent/video0")).error.unwrap();
    assert!(error.starts_with("/nonexistent/video0 does not open: "), "{error}");
}

#[test]
fn memory_to_memory_was_told_in_other_ways() {
    let of = |capabilities, device_caps| {
        memory_to_memory(&sys::v4l2_capability { capabilities, device_caps, ..Default::default() })
    };
    assert!(of(sys::V4L2_CAP_VIDEO_M2M, 0), "a kernel without device_caps");
    assert!(of(sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_VIDEO_OUTPUT, 0));
    assert!(!of(sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_VIDEO_OUTPUT_MPLANE, 0));
    assert!(!of(sys::V4L2_CAP_VIDEO_M2M | sys::V4L2_CAP_DEVICE_CAPS, sys::V4L2_CAP_VIDEO_OUTPUT));
}
