//! What several checks ask of a report.

use std::path::Path;

use crate::device::PciId;
use crate::probe::Report;

pub(super) fn in_container(report: &Report) -> bool {
    report.machine.container.is_likely()
}

/// Whether NVIDIA's own nodes are there and open.
pub(super) fn nvidia_works(report: &Report) -> bool {
    let nvidia = &report.machine.nvidia;
    let control = nvidia.control.as_ref().is_some_and(|node| node.file.can_open());
    control && nvidia.nodes.iter().any(|node| node.file.can_open())
}

/// Whether a GPU can be reached at all.
pub(super) fn some_gpu_opens(report: &Report) -> bool {
    report.machine.usable_render_nodes().next().is_some() || nvidia_works(report)
}

/// Whether a V4L2 node opens whose driver calls it an encoder. Asking the device itself comes later.
pub(super) fn v4l2_encoder_opens(report: &Report) -> bool {
    let encoder = |label: &str| ["codec", "enc"].iter().any(|part| label.contains(part));
    let mut nodes = report.machine.video.iter().filter(|node| node.file.can_open());
    nodes.any(|node| node.label.as_deref().is_some_and(encoder))
}

/// Who made the GPU of a render node.
pub(super) fn vendor_of(report: &Report, node: &Path) -> Option<PciId> {
    let mut nodes = report.machine.drm.render_nodes.iter();
    nodes.find(|known| known.path == node)?.hardware.as_ref()?.vendor
}

/// A command that only root may run; root itself may not have `sudo`.
pub(super) fn as_root(report: &Report, command: &str) -> String {
    let root = report.machine.process.effective_uid == 0;
    if root { command.to_owned() } else { format!("sudo {command}") }
}
