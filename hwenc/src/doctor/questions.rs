//! What several checks ask of a report.

use std::path::Path;

use crate::backend;
use crate::device::{Hardware, PciId, VideoNode};
use crate::probe::{Report, Tried};

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

/// Whether a V4L2 node is an encoder: by its own answers, else by what its driver calls it.
pub(super) fn is_v4l2_encoder(report: &Report, node: &VideoNode) -> bool {
    const CODED: &[&str] = &["H264", "HEVC", "VP80", "VP90", "AV01"];
    if let Some(device) = report.v4l2.iter().find(|device| device.node == node.path && device.error.is_none())
    {
        return device.memory_to_memory && device.gives.iter().any(|fourcc| CODED.contains(&fourcc.as_str()));
    }
    node.label.as_deref().is_some_and(|label| ["codec", "enc"].iter().any(|part| label.contains(part)))
}

/// Whether a V4L2 encoder opens.
pub(super) fn v4l2_encoder_opens(report: &Report) -> bool {
    report.machine.video.iter().any(|node| node.file.can_open() && is_v4l2_encoder(report, node))
}

/// A board without PCI, whose encoder is a device or a library of its own: the node's driver only draws.
pub(super) fn is_board(report: &Report, node: &Path) -> bool {
    hardware_of(report, node).is_some_and(|hardware| hardware.bus.as_deref() == Some("platform"))
}

/// Trials on devices, not those of the CPU.
pub(super) fn hardware_trials(report: &Report) -> impl Iterator<Item = &Tried> {
    let on_device =
        |tried: &&Tried| backend::of_encoder(&tried.trial.encoder).is_none_or(|(b, _)| b.hardware);
    report.trials.iter().filter(on_device)
}

/// The trials on devices that worked.
pub(super) fn verified(report: &Report) -> impl Iterator<Item = &Tried> {
    hardware_trials(report).filter(|tried| tried.outcome.proof().is_some())
}

/// Who made the GPU of a render node.
pub(super) fn vendor_of(report: &Report, node: &Path) -> Option<PciId> {
    hardware_of(report, node)?.vendor
}

/// The device of a render node.
pub(super) fn hardware_of<'a>(report: &'a Report, node: &Path) -> Option<&'a Hardware> {
    let mut nodes = report.machine.drm.render_nodes.iter();
    nodes.find(|known| known.path == node)?.hardware.as_ref()
}

/// A command that only root may run; root itself may not have `sudo`.
pub(super) fn as_root(report: &Report, command: &str) -> String {
    let root = report.machine.process.effective_uid == 0;
    if root { command.to_owned() } else { format!("sudo {command}") }
}
