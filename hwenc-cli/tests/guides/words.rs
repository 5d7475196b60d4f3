//! `docs/codes.md` quotes FFmpeg. Where the situation can be made here, the `ffmpeg` command of this machine says those words.

use super::page::read;
use super::shell::{directory, shell};

const FILM: &str = "-i examples/media/big_buck_bunny_720p.mp4 -c copy";
const PICTURES: &str = "-f lavfi -i testsrc2=s=320x256:d=0.1";
const VAAPI: &str = "-vaapi_device /dev/dri/renderD128 -f lavfi -i testsrc2=s=320x256:d=0.1";
const UPLOAD: &str = "-vf format=nv12,hwupload";

/// A code, the device of softgpu, arguments of ffmpeg, and what the page says that it says.
fn situations() -> Vec<(&'static str, &'static str, String, &'static str)> {
    let h264 = || format!("{VAAPI} {UPLOAD} -c:v h264_vaapi out.mp4");
    let hevc = || format!("{VAAPI} {UPLOAD} -c:v hevc_vaapi out.mp4");
    let fails = "--fault va.DeriveImage=OPERATION_FAILED --fault va.PutImage=OPERATION_FAILED";
    let broken = Box::leak(format!("intel-arc {fails}").into_boxed_str());
    vec![
        ("device.missing", "none", h264(), "No VA display found for device /dev/dri/renderD128."),
        (
            "device.permission_denied",
            "intel-arc:uid=1:gid=4242",
            h264(),
            "No VA display found for device /dev/dri/renderD128.",
        ),
        ("device.failed", "liar-init", h264(), "Failed to initialise VAAPI connection: -1"),
        ("device.failed", "liar-init", h264(), "iHD_drv_video.so init failed"),
        ("device.upload_failed", broken, h264(), "1 (operation failed)."),
        (
            "encoder.unsupported",
            "virtio",
            h264(),
            "No usable encoding entrypoint found for profile VAProfileH264High (7).",
        ),
        ("encoder.unsupported", "intel-haswell", hevc(), "No usable encoding profile found."),
        (
            "encoder.unsupported",
            "intel-haswell",
            format!("{VAAPI} {UPLOAD} -c:v h264_vaapi -rc_mode QVBR out.mp4"),
            "Driver does not support QVBR RC mode (supported modes: CQP, CBR, VBR).",
        ),
        (
            "encoder.failed",
            "liar-hevc",
            hevc(),
            "Failed to end picture encode issue: 24 (internal encoding error).",
        ),
        (
            "encode.copy_required",
            "intel-arc",
            format!("{VAAPI} -c:v h264_vaapi out.mp4"),
            "Impossible to convert between the formats supported by the filter",
        ),
        ("encoder.not_compiled", "none", format!("{PICTURES} -c:v h264_vapi out.mp4"), "Unknown encoder '"),
        ("request.unknown_encoder", "none", format!("{PICTURES} -c:v h264_vapi out.mp4"), "'h264_vapi'"),
        (
            "request.size_unsupported",
            "none",
            format!("{PICTURES} -vf scale=641:271 -pix_fmt yuv420p -c:v libx264 out.mp4"),
            "width not divisible by 2 (641x271)",
        ),
        ("option.unknown", "none", format!("{PICTURES} -nosuch 1 out.mp4"), "Unrecognized option"),
        (
            "option.invalid_value",
            "none",
            format!("{PICTURES} -c:v libx264 -preset nosuch out.mp4"),
            "Error setting preset/tune",
        ),
        ("filter.failed", "none", format!("{PICTURES} -vf nosuch -f null -"), "No such filter: '"),
        ("input.not_found", "none", "-i nosuch.mp4 -f null -".into(), "No such file or directory"),
        ("input.is_directory", "none", "-i /tmp -f null -".into(), "Is a directory"),
        (
            "input.not_media",
            "none",
            "-i text.mp4 -f null -".into(),
            "Invalid data found when processing input",
        ),
        ("input.empty", "none", "-i empty.mp4 -f null -".into(), "Invalid data found when processing input"),
        ("input.no_video", "none", "-f lavfi -i sine=d=1 -map 0:v:0 -f null -".into(), "matches no streams."),
        (
            "output.same_as_input",
            "none",
            "-y -i text.wav -c copy text.wav".into(),
            "same as Input #0 - exiting",
        ),
        ("output.exists", "none", format!("{FILM} -n text.mp4"), "already exists. Exiting."),
        (
            "output.no_directory",
            "none",
            format!("{FILM} nodir/x.mp4"),
            "nodir/x.mp4: No such file or directory",
        ),
        ("output.unknown_container", "none", format!("{FILM} x.nosuch"), "output format for 'x.nosuch'"),
        ("output.unsupported_codec", "none", format!("{FILM} x.ivf"), "Could not write header"),
        ("output.disk_full", "none", format!("{FILM} -f mpegts -y /dev/full"), "No space left on device"),
    ]
}

#[test]
fn ffmpeg_says_what_the_page_quotes() {
    let page = read("docs/codes.md");
    let directory = directory();
    for (name, content) in [("text.mp4", "no film"), ("empty.mp4", "")] {
        std::fs::write(directory.path().join(name), content).unwrap();
    }
    let sound = "ffmpeg -v error -nostdin -f lavfi -i sine=d=1 text.wav";
    assert!(shell(sound, directory.path()).status().unwrap().success());
    for (code, device, arguments, words) in situations() {
        let section = page.split_once(&format!("\n### `{code}`\n")).unwrap_or_else(|| panic!("{code}")).1;
        let section = section.split("\n### ").next().unwrap();
        let elsewhere = section.split("\n- **").find(|part| part.starts_with("Elsewhere** ")).unwrap();
        assert!(elsewhere.contains(words), "{code} does not quote {words:?}");
        let script = format!("softgpu run --device {device} -- ffmpeg -hide_banner -nostdin {arguments}");
        let output = shell(&script, directory.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{code}: {arguments}: FFmpeg does not say {words:?}:\n{said}");
        let _ = std::fs::remove_file(directory.path().join("out.mp4"));
    }
}
