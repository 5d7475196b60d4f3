//! NVIDIA's own driver and its nodes.

use crate::device::vendor;
use crate::probe::Report;

use super::container;
use super::finding::Finding;
use super::install::NVIDIA_DRIVER;
use super::questions;

/// Makes every node. 255 is the number of `nvidiactl`.
const MAKE_NODES: &str = "nvidia-modprobe -u -c 0 -c 255";

/// The driver that bound an NVIDIA GPU, as PCI tells.
fn bound(report: &Report) -> Option<&str> {
    let displays = report.machine.displays.iter();
    let mut drivers = displays
        .filter(|display| display.hardware.vendor == Some(vendor::NVIDIA))
        .filter_map(|display| display.hardware.driver.as_deref());
    drivers.next()
}

pub(super) fn nodes(report: &Report) -> Finding {
    let nvidia = &report.machine.nvidia;
    let driver =
        nvidia.driver_version.is_some() || !nvidia.gpus.is_empty() || bound(report) == Some("nvidia");
    let missing: Vec<_> = [
        ("nvidiactl", nvidia.control.is_none()),
        ("nvidia0", nvidia.nodes.is_empty()),
        ("nvidia-uvm", nvidia.uvm.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, missing)| missing.then_some(name))
    .collect();
    let any_node = missing.len() < 3;
    let finding = if !driver && !any_node {
        without_driver(report)
    } else if !driver {
        Finding::problem(
            "NVIDIA's nodes are here, and its kernel driver is not loaded",
            "CUDA and NVENC need the kernel part of the driver",
        )
        .plainly("NVIDIA's driver is not loaded")
        .run(questions::as_root(report, "modprobe nvidia"))
    } else if missing.is_empty() {
        let models: Vec<_> = nvidia.gpus.iter().filter_map(|gpu| gpu.model.as_deref()).collect();
        Finding::ok(if models.is_empty() { "all there".to_owned() } else { models.join(", ") })
    } else {
        let finding = Finding::problem(
            format!("NVIDIA's driver is loaded, and {} is missing", missing.join(", ")),
            "CUDA, and NVENC with it, does not start without them",
        )
        .plainly(if questions::in_container(report) {
            "this container was not given the whole NVIDIA GPU"
        } else {
            "NVIDIA's driver lacks some of its nodes"
        });
        if questions::in_container(report) {
            finding.steps(container::give_nvidia(report))
        } else {
            finding.run(questions::as_root(report, MAKE_NODES))
        }
    };
    let text = nvidia.version_text.iter().cloned();
    finding.unless(report.machine.usable_render_nodes().any(not_nvidia)).evidences(text)
}

/// NVENC does not work through a render node of NVIDIA's.
fn not_nvidia(node: &crate::device::RenderNode) -> bool {
    node.hardware.as_ref().is_none_or(|hardware| hardware.vendor != Some(vendor::NVIDIA))
}

fn without_driver(report: &Report) -> Finding {
    match bound(report) {
        Some("nouveau" | "nova") => Finding::problem(
            "the NVIDIA GPU is driven by nouveau",
            "nouveau cannot encode: NVENC belongs to NVIDIA's own driver",
        )
        .plainly("the NVIDIA GPU runs on nouveau, which cannot encode")
        .steps(NVIDIA_DRIVER.steps(report)),
        _ => Finding::not_needed("no NVIDIA driver here"),
    }
}
