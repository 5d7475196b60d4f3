//! Libraries that are loaded at run time: each is looked for only where a device would need it.

use crate::device::vendor;
use crate::probe::Report;

use super::container;
use super::finding::{Finding, Level, Step};
use super::install::{CUDA, LIBVA, MEDIA_SDK, NVENC, QUICK_SYNC, VULKAN};
use super::intel::Generation;
use super::questions;

const NOT_NEEDED: &str = "no device that it would drive";

/// Those of the libraries for which somebody tried and saw this.
fn those<'a>(report: &Report, names: &[&'a str], loads: Option<bool>) -> Vec<&'a str> {
    names.iter().copied().filter(|name| report.loads(name) == loads).collect()
}

/// A report of an older version may not tell.
fn untold(names: &[&str]) -> Finding {
    Finding::warning(
        format!("the report does not tell whether {} loads", names.join(", ")),
        "it is needed here",
    )
    .say("run `hwenc doctor` on the machine itself")
}

fn errors(report: &Report, names: &[&str]) -> Vec<String> {
    let line = |name: &&str| match report.library(name).map(|library| &library.error) {
        Some(None) => format!("{name}: loads"),
        Some(Some(error)) => format!("{name}: {error}"),
        None => format!("{name}: was not tried"),
    };
    names.iter().map(line).collect()
}

/// All of the libraries have to load.
fn all(report: &Report, names: &[&str], why: &str) -> Finding {
    let (missing, unknown) = (those(report, names, Some(false)), those(report, names, None));
    let finding = if let Some(first) = missing.first() {
        Finding::problem(format!("{} does not load", missing.join(", ")), why)
            .plainly(format!("a library that the encoders need is missing ({first})"))
            .steps(fix(report, first))
    } else if !unknown.is_empty() {
        untold(&unknown)
    } else {
        Finding::ok("loads")
    };
    finding.evidences(errors(report, names))
}

/// Whether a device is here that VA-API might drive.
fn has_va_device(report: &Report) -> bool {
    let nodes = report.machine.drm.render_nodes.iter();
    let mut vendors = nodes.map(|node| node.hardware.as_ref().and_then(|hardware| hardware.vendor));
    vendors.any(|vendor| vendor != Some(vendor::NVIDIA))
}

pub(super) fn libva(report: &Report) -> Finding {
    if !has_va_device(report) {
        return Finding::not_needed(NOT_NEEDED);
    }
    let names = ["libva.so.2", "libva-drm.so.2"];
    all(report, &names, "VA-API, and Quick Sync on top of it, start with it")
        .unless(questions::nvidia_works(report))
}

/// What brings a library. In a container those of NVIDIA's driver are the host's, let in by capability.
pub(super) fn fix(report: &Report, name: &str) -> Vec<Step> {
    let software = match name {
        "libcuda.so.1" | "libnvidia-encode.so.1" if questions::in_container(report) => {
            return container::give_nvidia(report);
        }
        "libcuda.so.1" => &CUDA,
        "libnvidia-encode.so.1" => &NVENC,
        "libvulkan.so.1" => &VULKAN,
        "libva.so.2" | "libva-drm.so.2" => &LIBVA,
        "libmfxhw64.so.1" => &MEDIA_SDK,
        _ => &QUICK_SYNC,
    };
    software.steps(report)
}

pub(super) fn cuda(report: &Report) -> Finding {
    if !report.machine.nvidia.is_present() {
        return Finding::not_needed(NOT_NEEDED);
    }
    all(report, &["libcuda.so.1"], "NVENC works on a CUDA context").unless(another_vendor(report))
}

pub(super) fn nvidia_encode(report: &Report) -> Finding {
    if !report.machine.nvidia.is_present() {
        return Finding::not_needed(NOT_NEEDED);
    }
    let why = if questions::in_container(report) {
        "a container only gets it with the driver capability `video`, which is not among the default ones"
    } else {
        "NVENC is this library; some distributions package it apart from the driver"
    };
    let mut finding = all(report, &["libnvidia-encode.so.1"], why).unless(another_vendor(report));
    if super::nvenc::capability(report).level != Level::Ok {
        finding.fix = vec![Step::Say("see nvenc.capability".into())];
    }
    finding
}

pub(super) fn another_vendor(report: &Report) -> bool {
    let mut nodes = report.machine.usable_render_nodes();
    nodes.any(|node| node.hardware.as_ref().is_some_and(|h| h.vendor != Some(vendor::NVIDIA)))
}

/// The dispatchers that FFmpeg may be linked to load one of these.
const QUICK_SYNC_RUNTIMES: &[&str] = &["libmfx-gen.so.1.2", "libmfxhw64.so.1"];

/// The generation of the first Intel GPU that is known.
fn generation(report: &Report) -> Option<Generation> {
    let mut intel = report.machine.hardware().filter(|hardware| hardware.vendor == Some(vendor::INTEL));
    intel.find_map(|hardware| Generation::of(hardware.device?))
}

/// The runtime that the Intel GPU here needs.
pub(super) fn runtime(report: &Report) -> &'static str {
    generation(report).map_or(QUICK_SYNC_RUNTIMES[0], Generation::runtime)
}

pub(super) fn vpl(report: &Report) -> Finding {
    let nodes = report.machine.drm.render_nodes.iter();
    let mut hardware = nodes.filter_map(|node| node.hardware.as_ref());
    if !hardware.any(|hardware| hardware.vendor == Some(vendor::INTEL)) {
        return Finding::not_needed(NOT_NEEDED);
    }
    if !report.ffmpeg.encoders.iter().any(|name| name.ends_with("_qsv")) {
        return Finding::not_needed("FFmpeg has no Quick Sync encoder");
    }
    // Either may serve where the generation is not known.
    let names = match generation(report) {
        Some(generation) => vec![generation.runtime()],
        None => QUICK_SYNC_RUNTIMES.to_vec(),
    };
    let unknown = those(report, &names, None);
    let finding = if !those(report, &names, Some(true)).is_empty() {
        Finding::ok("a runtime loads")
    } else if !unknown.is_empty() {
        untold(&unknown)
    } else {
        // VA-API drives the same device, so nothing is lost but a second way to it.
        Finding::warning(
            "no runtime of Quick Sync loads that this GPU could use",
            "without one it fails with MFX error -9 (or -3); VA-API on the same GPU is not concerned",
        )
        .steps(fix(report, runtime(report)))
    };
    finding.evidences(errors(report, QUICK_SYNC_RUNTIMES))
}
