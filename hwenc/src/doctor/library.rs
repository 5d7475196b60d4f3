//! Libraries that are loaded at run time: each is looked for only where a device would need it.

use crate::device::vendor;

use super::container;
use super::facts::Facts;
use super::finding::{Finding, Step};
use super::install::{CUDA, LIBVA, NVENC, QUICK_SYNC, Software};

const NOT_NEEDED: &str = "not needed: no device that it would drive";

/// Those of the libraries for which somebody tried and saw this.
fn those<'a>(facts: &Facts, names: &[&'a str], loads: Option<bool>) -> Vec<&'a str> {
    names.iter().copied().filter(|name| facts.loads(name) == loads).collect()
}

/// A report of an older version may not tell.
fn untold(names: &[&str]) -> Finding {
    Finding::warning(
        format!("the report does not tell whether {} loads", names.join(", ")),
        "it is needed here",
    )
    .say("run `hwenc doctor` on the machine itself")
}

fn errors(facts: &Facts, names: &[&str]) -> Vec<String> {
    let line = |name: &&str| match facts.library(name) {
        Some(library) if library.loaded => format!("{name}: loads"),
        Some(library) => format!("{name}: {}", library.error.as_deref().unwrap_or("does not load")),
        None => format!("{name}: was not tried"),
    };
    names.iter().map(line).collect()
}

/// All of the libraries have to load.
fn all(facts: &Facts, names: &[&str], why: &str, fix: Vec<Step>) -> Finding {
    let (missing, unknown) = (those(facts, names, Some(false)), those(facts, names, None));
    let finding = if !missing.is_empty() {
        Finding::problem(format!("{} does not load", missing.join(", ")), why).steps(fix)
    } else if !unknown.is_empty() {
        untold(&unknown)
    } else {
        Finding::ok("loads")
    };
    finding.evidences(errors(facts, names))
}

/// Whether a device is here that VA-API might drive.
fn has_va_device(facts: &Facts) -> bool {
    let nodes = facts.inventory.drm.render_nodes.iter();
    let mut vendors = nodes.map(|node| node.hardware.as_ref().and_then(|hardware| hardware.vendor));
    vendors.any(|vendor| vendor != Some(vendor::NVIDIA))
}

pub(super) fn libva(facts: &Facts) -> Finding {
    if !has_va_device(facts) {
        return Finding::ok(NOT_NEEDED);
    }
    let names = ["libva.so.2", "libva-drm.so.2"];
    all(facts, &names, "VA-API, and Quick Sync on top of it, start with it", vec![LIBVA.step(facts)])
        .unless(facts.nvidia_works())
}

/// In a container the driver's libraries are the host's, let in by capability.
fn nvidia_fix(facts: &Facts, software: &Software) -> Vec<Step> {
    if facts.in_container() { container::give_nvidia(facts) } else { vec![software.step(facts)] }
}

pub(super) fn cuda(facts: &Facts) -> Finding {
    if !facts.inventory.nvidia.is_present() {
        return Finding::ok(NOT_NEEDED);
    }
    let fix = nvidia_fix(facts, &CUDA);
    all(facts, &["libcuda.so.1"], "NVENC works on a CUDA context", fix).unless(another_vendor(facts))
}

pub(super) fn nvidia_encode(facts: &Facts) -> Finding {
    if !facts.inventory.nvidia.is_present() {
        return Finding::ok(NOT_NEEDED);
    }
    let fix = nvidia_fix(facts, &NVENC);
    let why = if facts.in_container() {
        "a container only gets it with the driver capability `video`, which is not among the default ones"
    } else {
        "NVENC is this library; some distributions package it apart from the driver"
    };
    let finding = all(facts, &["libnvidia-encode.so.1"], why, fix).unless(another_vendor(facts));
    let capabilities = facts.inventory.system.variables.get("NVIDIA_DRIVER_CAPABILITIES");
    finding.evidences(capabilities.map(|value| format!("NVIDIA_DRIVER_CAPABILITIES={value}")))
}

fn another_vendor(facts: &Facts) -> bool {
    let mut nodes = facts.inventory.usable_render_nodes();
    nodes.any(|node| node.hardware.as_ref().is_some_and(|h| h.vendor != Some(vendor::NVIDIA)))
}

/// The dispatchers that FFmpeg may be linked to load one of these.
const QUICK_SYNC_RUNTIMES: &[&str] = &["libmfx-gen.so.1.2", "libmfxhw64.so.1"];

pub(super) fn vpl(facts: &Facts) -> Finding {
    let nodes = facts.inventory.drm.render_nodes.iter();
    let mut hardware = nodes.filter_map(|node| node.hardware.as_ref());
    if !hardware.any(|hardware| hardware.vendor == Some(vendor::INTEL)) {
        return Finding::ok(NOT_NEEDED);
    }
    if !facts.ffmpeg.encoders.iter().any(|name| name.ends_with("_qsv")) {
        return Finding::ok("not needed: FFmpeg has no Quick Sync encoder");
    }
    let unknown = those(facts, QUICK_SYNC_RUNTIMES, None);
    let finding = if !those(facts, QUICK_SYNC_RUNTIMES, Some(true)).is_empty() {
        Finding::ok("a runtime loads")
    } else if !unknown.is_empty() {
        untold(&unknown)
    } else {
        // VA-API drives the same device, so nothing is lost but a second way to it.
        Finding::warning(
            "no runtime of Quick Sync loads",
            "without one it fails with MFX error -9 (or -3); VA-API on the same GPU is not concerned",
        )
        .steps([QUICK_SYNC.step(facts)])
    };
    finding.evidences(errors(facts, QUICK_SYNC_RUNTIMES))
}
