//! Programs that were not written here, on every device: what they find is what the profile says.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::{among, softgpu, text};

fn profiles() -> Vec<Value> {
    let output = softgpu(&["list", "--json"]).output().expect("softgpu starts");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    all.into_iter().filter(|profile| profile["name"] != "liar-init").collect()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What vainfo prints for a node.
fn vainfo(devices: &str, node: &str) -> (String, BTreeSet<(String, String)>) {
    let output = among(devices, &["vainfo", "--display", "drm", "--device", node]);
    assert!(output.status.success(), "{devices}: {}", text(&output.stderr));
    let printed = text(&output.stdout);
    let vendor =
        printed.lines().find_map(|line| line.split_once("Driver version: ")).expect("a driver").1.to_owned();
    let pairs = printed.lines().filter_map(|line| line.trim().strip_prefix("VAProfile")?.split_once(':'));
    let pairs =
        pairs.map(|(profile, point)| (profile.trim().to_owned(), point.trim().replace("VAEntrypoint", "")));
    (vendor, pairs.collect())
}

#[test]
fn vainfo_finds_what_each_profile_says() {
    for profile in profiles() {
        let name = profile["name"].as_str().expect("name");
        let mut expected = BTreeSet::new();
        for config in profile["configs"].as_array().expect("configs") {
            for va_profile in strings(&config["profiles"]) {
                expected.extend(
                    strings(&config["entrypoints"]).map(|point| (va_profile.to_owned(), point.to_owned())),
                );
            }
        }
        let (vendor, found) = vainfo(name, "/dev/dri/renderD128");
        assert_eq!(vendor, profile["vendor_string"].as_str().expect("vendor"), "{name}");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn each_node_of_several_is_the_device_that_it_belongs_to() {
    let devices = "amd-rdna2,intel-haswell:node=140,virtio:card=7";
    for (node, vendor) in [
        ("renderD128", "RX 6800 XT"),
        ("renderD140", "Haswell"),
        ("renderD129", "virgl"),
        ("card1", "Haswell"),
        ("card7", "virgl"),
    ] {
        let (found, _) = vainfo(devices, &format!("/dev/dri/{node}"));
        assert!(found.contains(vendor), "{node}: {found}");
    }
}

#[test]
fn a_driver_that_does_not_start_or_a_node_that_does_not_open_is_vainfos_failure() {
    for devices in ["liar-init", "intel-arc:errno=ENODEV", "intel-arc:mode=0", "none"] {
        let output = among(devices, &["vainfo", "--display", "drm", "--device", "/dev/dri/renderD128"]);
        assert!(!output.status.success(), "{devices}");
    }
}

#[test]
fn gstreamer_has_the_elements_of_the_device() {
    for (device, there, absent) in [
        (
            "intel-arc",
            &["vah264lpenc", "vah265lpenc", "vah264dec", "vaav1dec", "vapostproc"][..],
            "vah264enc",
        ),
        ("intel-haswell", &["vah264enc", "vah264dec", "vapostproc"], "vah265enc"),
        ("amd-rdna2", &["vah264enc", "vah265enc", "vah265dec", "vavp9dec"], "vah264lpenc"),
        ("virtio", &["vah264dec", "vah265dec"], "vah264enc"),
    ] {
        let output = among(device, &["gst-inspect-1.0", "va"]);
        let listed = text(&output.stdout);
        let has = |name: &str| listed.lines().any(|line| line.trim().starts_with(&format!("{name}: ")));
        for name in there {
            assert!(has(name), "{device} lacks {name}:\n{listed}{}", text(&output.stderr));
        }
        assert!(!has(absent), "{device} has {absent}");
    }
}

#[test]
fn gstreamer_encodes_and_decodes() {
    let place = tempfile::tempdir().expect("directory");
    let film = place.path().join("film");
    for (device, codec, encoder, decoder) in [
        ("intel-arc", "h264", "vah264lpenc", "vah264dec"),
        ("intel-arc", "h265", "vah265lpenc", "vah265dec"),
        // Takes packed sequence headers alone: GStreamer leaves the picture's to the driver.
        ("amd-rdna2", "h264", "vah264enc", "vah264dec"),
        ("amd-rdna2", "h265", "vah265enc", "vah265dec"),
    ] {
        let run = |pipeline: &str| {
            let line = format!("gst-launch-1.0 -q -e {pipeline}");
            let output = among(device, &["sh", "-c", &line]);
            assert!(output.status.success(), "{device}: {line}: {}", text(&output.stderr));
            output.stdout
        };
        let film = film.to_str().expect("UTF-8");
        run(&format!(
            "videotestsrc num-buffers=12 ! video/x-raw,format=NV12,width=638,height=358,framerate=30/1 \
             ! {encoder} ! {codec}parse ! filesink location={film}"
        ));
        assert_eq!(frames(Path::new(film)), "638,358,12", "{device} {encoder}");
        let decoded = run(&format!(
            "filesrc location={film} ! {codec}parse ! {decoder} ! vapostproc \
             ! video/x-raw,format=NV12,width=320,height=180 ! videoconvert ! video/x-raw,format=I420 ! fdsink fd=1"
        ));
        assert_eq!(decoded.len(), 12 * 320 * 180 * 3 / 2, "{device} {decoder}");
    }
}

/// Size and number of pictures, by FFmpeg's own decoder.
fn frames(file: &Path) -> String {
    let output = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            "stream=width,height,nb_read_frames",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .expect("ffprobe starts");
    text(&output.stdout).trim().to_owned()
}
