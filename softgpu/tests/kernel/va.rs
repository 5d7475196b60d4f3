//! VA-API on the kernel's own render node, by clients that were not written here.

use std::fs;
use std::path::Path;
use std::process::Command;

use softgpu::libraries::{DRM, Libraries, VA};

use crate::nodes::compile;
use crate::{errors, kernel, open_to_others, output, text};

const VAINFO: [&str; 5] = ["vainfo", "--display", "drm", "--device", "/dev/dri/renderD128"];

fn path(path: &Path) -> &str {
    path.to_str().expect("it is text")
}

fn report(file: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(file).expect("there is a report")).expect("it is JSON")
}

#[test]
fn libva_opens_the_node_and_finds_the_driver_by_the_kernels_name_for_it() {
    let output = output(&mut kernel(&["--device", "amd-rdna3"], &VAINFO));
    let said = text(&output);
    assert!(said.contains("AMD") && said.contains("VAEntrypointEncSlice"), "{said}");
    let said = errors(&output);
    assert!(said.contains("/drivers/vgem_drv_video.so"), "{said}");
}

#[test]
fn libva_may_not_open_the_node_of_another_group() {
    let options = ["--device", "intel-arc:gid=4242", "--uid", "65534"];
    let libraries = Libraries::find_beside(Path::new(env!("CARGO_BIN_EXE_softgpu"))).expect("they are built");
    let place = open_to_others(&[VA, DRM].map(|name| libraries.path(name)));
    let run = |gid| {
        let mut vainfo = kernel(&[&options[..], &["--gid", gid]].concat(), &VAINFO);
        output(vainfo.env("SOFTGPU_LIB_DIR", place.path()))
    };
    assert!(text(&run("4242")).contains("VAEntrypointEncSlice"));
    let refused = run("4243");
    // vainfo says so on its standard output.
    let said = (refused.status.code(), String::from_utf8_lossy(&refused.stdout).trim_end().to_owned());
    assert_eq!(said, (Some(1), "Failed to open the given device!".to_owned()));
}

#[test]
fn memory_of_a_process_is_imported_and_encoded_without_a_copy() {
    let place = tempfile::tempdir().expect("a directory");
    let [raw, coded, json] = ["raw.nv12", "coded.h264", "report.json"].map(|name| place.path().join(name));
    let client = compile("encode", "libavcodec libavutil libdrm");
    let options = ["--engine", "lossless", "--report", path(&json)];
    assert_eq!(text(&output(&mut kernel(&options, &[&client, path(&raw), path(&coded)]))), "encoded 5");

    let report = report(&json);
    let count = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"));
    assert_eq!((count("imports"), count("encodes")), (5, 5), "{report}");
    assert_eq!((count("image_maps"), count("put_images"), count("cpu_bytes")), (0, 0, 0), "{report}");
    let alive = report["alive"].as_object().expect("there is a census");
    assert!(alive.values().all(|left| left == 0), "{report}");
    assert_eq!(report["misuse"], serde_json::json!([]), "{report}");

    let mut decode = Command::new("ffmpeg");
    decode.args(["-v", "error", "-i", path(&coded), "-f", "rawvideo", "-pix_fmt", "nv12", "-"]);
    let decoded = decode.output().expect("ffmpeg starts");
    assert!(decoded.status.success(), "{decoded:?}");
    assert!(decoded.stdout == fs::read(&raw).expect("it is written"), "pictures differ from the memory");
}

#[test]
fn the_ffmpeg_command_uploads_encodes_and_decodes() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let encode = "ffmpeg -v error -vaapi_device /dev/dri/renderD128 -f lavfi -i testsrc2=s=320x240:r=25:d=1 \
        -vf format=nv12,hwupload -c:v hevc_vaapi out.mp4 && \
        ffmpeg -v error -hwaccel vaapi -hwaccel_device /dev/dri/renderD128 -hwaccel_output_format vaapi -i out.mp4 \
        -vf hwdownload,format=nv12 -f framecrc - | grep -vc '^#'";
    let json = place.path().join("report.json");
    let mut run = kernel(&["--report", path(&json)], &["sh", "-c", encode]);
    assert_eq!(text(&output(run.current_dir(&place))), "25");
    let report = report(&json);
    assert_eq!(
        (&report["processes"], &report["encodes"], &report["decodes"]),
        (&2.into(), &25.into(), &25.into())
    );
}

#[test]
fn gstreamer_finds_the_node_through_udev_and_encodes_and_decodes() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let work = "gst-launch-1.0 -q videotestsrc num-buffers=10 ! video/x-raw,format=NV12,width=320,height=240 ! \
        vah264enc ! h264parse ! filesink location=coded.h264 && \
        gst-launch-1.0 -q filesrc location=coded.h264 ! h264parse ! vah264dec ! video/x-raw ! filesink location=raw";
    let json = place.path().join("report.json");
    let mut run = kernel(&["--device", "amd-rdna3", "--report", path(&json)], &["sh", "-c", work]);
    let output = output(run.current_dir(&place));
    assert_eq!(text(&output), "", "{}", errors(&output));
    let report = report(&json);
    assert_eq!((&report["encodes"], &report["decodes"]), (&10.into(), &10.into()), "{report}");
    let raw = fs::metadata(place.path().join("raw")).expect("it is written").len();
    assert_eq!(raw, 10 * 320 * 240 * 3 / 2);
}

#[test]
fn faults_of_the_driver_happen_inside_too() {
    let encode = "ffmpeg -v error -vaapi_device /dev/dri/renderD128 -f lavfi -i testsrc2=s=320x240:r=25:d=1 \
        -vf format=nv12,hwupload -c:v h264_vaapi -f null -";
    let output = output(&mut kernel(&["--fault", "va.EndPicture=ENCODING_ERROR@5"], &["sh", "-c", encode]));
    assert!(!output.status.success());
    assert!(errors(&output).contains("encoding error"), "{}", errors(&output));
}

#[test]
fn surfaces_are_handed_out_as_real_dma_bufs() {
    let client = compile("../va/client", "libva libva-drm");
    let output = output(&mut kernel(&[], &[&client, "dma_buf"]));
    assert!(output.status.success(), "{output:?}");
}
