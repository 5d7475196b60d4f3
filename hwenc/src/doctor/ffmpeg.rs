//! The FFmpeg that is linked.

use crate::device::{PciId, vendor};
use crate::probe::Report;

use super::finding::Finding;
use super::install::FFMPEG;

/// The releases that hwenc is tested with, first and last; of the last every minor release.
const OLDEST: (u32, u32) = (5, 1);
const NEWEST_MAJOR: u32 = 9;

/// How the names of hardware encoders end, and what makes them work.
const HARDWARE: &[(&str, &str)] = &[
    ("_vaapi", "VA-API"),
    ("_qsv", "Quick Sync"),
    ("_nvenc", "NVENC"),
    ("_vulkan", "Vulkan"),
    ("_v4l2m2m", "V4L2"),
    ("_amf", "AMF"),
    ("_nvmpi", "Jetson"),
    ("_rkmpp", "Rockchip MPP"),
];

/// The software encoders that hwenc drives.
const SOFTWARE: &[&str] = &["libx264", "libx265", "libsvtav1"];

/// Which encoders reach a vendor's GPU.
const REACH: &[(PciId, &str, &[&str])] = &[
    (vendor::INTEL, "Intel", &["_vaapi", "_qsv", "_vulkan"]),
    (vendor::AMD, "AMD", &["_vaapi", "_amf", "_vulkan"]),
    (vendor::NVIDIA, "NVIDIA", &["_nvenc", "_vulkan"]),
];

pub(super) fn version(report: &Report) -> Finding {
    let version = &report.ffmpeg.version;
    let finding = match report.ffmpeg.release() {
        None if version.is_empty() => Finding::warning(
            "the version of FFmpeg is not known",
            "the report does not hold it, and the checks of encoders have nothing to go by",
        )
        .say("run `hwenc doctor` on the machine itself"),
        None => Finding::warning(
            "FFmpeg is a development build",
            "hwenc is tested with the releases 5.1 to 9; others may behave differently",
        ),
        Some(found) if found < OLDEST => Finding::problem(
            format!("FFmpeg {}.{} is too old", found.0, found.1),
            "hwenc needs 5.1 or newer: older ones lack functions that it calls",
        )
        .plainly("the FFmpeg on this machine is too old")
        .steps(FFMPEG.steps(report)),
        Some((major, minor)) if major > NEWEST_MAJOR => Finding::warning(
            format!("FFmpeg {major}.{minor} is newer than this hwenc"),
            "hwenc is tested with the releases 5.1 to 9; others may behave differently",
        )
        .say("use a newer hwenc where there is one"),
        Some((major, minor)) => Finding::ok(format!("FFmpeg {major}.{minor}")),
    };
    finding.evidence(format!("version {version:?}, licence {:?}", report.ffmpeg.license))
}

pub(super) fn encoders(report: &Report) -> Finding {
    let encoders = &report.ffmpeg.encoders;
    let has = |ending: &str| encoders.iter().any(|name| name.ends_with(ending));
    let hardware: Vec<_> = HARDWARE.iter().filter(|(ending, _)| has(ending)).map(|(_, name)| *name).collect();
    let software: Vec<_> =
        SOFTWARE.iter().copied().filter(|name| encoders.iter().any(|e| e == name)).collect();
    let unreached = REACH
        .iter()
        .find(|(vendor, _, endings)| report.machine.has_vendor(*vendor) && !endings.iter().any(|e| has(e)));
    let h264 = |name: &String| name.starts_with("h264_") && HARDWARE.iter().any(|(e, _)| name.ends_with(e));
    let finding = if hardware.is_empty() {
        Finding::problem(
            "no hardware encoder is compiled into FFmpeg",
            "no GPU can be used through this FFmpeg, whatever its driver can do",
        )
        .plainly("the FFmpeg on this machine was built without hardware encoders")
        .steps(FFMPEG.steps(report))
    } else if let Some((vendor, name, _)) = unreached {
        Finding::problem(
            format!("FFmpeg has no encoder for the {name} GPU of this machine"),
            format!("what is compiled in, {}, does not reach it", hardware.join(", ")),
        )
        .plainly(format!("the FFmpeg on this machine was built without an encoder for its {name} GPU"))
        .unless(another_is_reached(report, *vendor, has))
        .steps(FFMPEG.steps(report))
    } else if !encoders.iter().any(h264) {
        Finding::warning(
            "no hardware encoder for H.264 is compiled into FFmpeg",
            "some distributions leave it out, while the GPU may well have it",
        )
        .steps(FFMPEG.steps(report))
    } else if software.is_empty() {
        Finding::warning(
            format!("{}; no software encoder", hardware.join(", ")),
            "there is nothing to fall back to where that is allowed: x264, x265 and SVT-AV1 are all missing",
        )
        .steps(FFMPEG.steps(report))
    } else {
        Finding::ok(format!("{}; in software {}", hardware.join(", "), software.join(", ")))
    };
    let listed = encoders.iter().filter(|name| HARDWARE.iter().any(|(ending, _)| name.ends_with(ending)));
    let listed: Vec<_> = listed.map(String::as_str).collect();
    finding
        .evidence(format!("hardware encoders: {}", listed.join(" ")))
        .evidence(format!("hardware contexts: {}", report.ffmpeg.hwcontexts.join(" ")))
        .evidence(format!("configuration: {}", report.ffmpeg.configuration))
}

/// Whether a GPU of another vendor opens and has an encoder.
fn another_is_reached(report: &Report, than: PciId, has: impl Fn(&str) -> bool) -> bool {
    let opens = |vendor: PciId| {
        let mut nodes = report.machine.usable_render_nodes();
        nodes.any(|node| node.hardware.as_ref().is_some_and(|hardware| hardware.vendor == Some(vendor)))
    };
    REACH
        .iter()
        .any(|(vendor, _, endings)| *vendor != than && opens(*vendor) && endings.iter().any(|e| has(e)))
}
