//! What of a report can be handed on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::device::{NodeFile, RenderNode, vendor};
use crate::doctor::questions;
use crate::doctor::refused::OVERFLOW_GID;
use crate::probe::Report;

/// A node that is handed on.
pub(super) struct Node {
    pub(super) path: PathBuf,
    /// Its group, where it is known and not root's.
    pub(super) gid: Option<u32>,
    /// Major and minor number.
    pub(super) number: Option<(u32, u32)>,
}

/// Everything that is handed on.
pub(super) struct Found {
    /// DRM and V4L2 nodes.
    pub(super) nodes: Vec<Node>,
    /// The resource under which Kubernetes' device plugins offer the GPU of the nodes.
    pub(super) resource: &'static str,
    /// Nodes of NVIDIA's own driver, which its container runtime hands on with the libraries.
    pub(super) nvidia: Vec<Node>,
}

/// Major number of DRM nodes (`Documentation/admin-guide/devices.txt`).
const DRM: u32 = 226;

fn group(file: &NodeFile) -> Option<u32> {
    Some(file.gid).filter(|gid| ![0, OVERFLOW_GID].contains(gid))
}

fn render(node: &RenderNode) -> Node {
    let file = node.file.as_ref();
    let number = file.and_then(|file| file.number).unwrap_or((DRM, node.minor));
    Node { path: node.path.clone(), gid: file.and_then(group), number: Some(number) }
}

fn file(path: &Path, file: &NodeFile) -> Node {
    Node { path: path.to_owned(), gid: group(file), number: file.number }
}

/// Intel's device plugin has a resource for each kernel driver; AMD's has one; other nodes take a plugin for any node.
fn resource(node: Option<&RenderNode>) -> &'static str {
    let hardware = node.and_then(|node| node.hardware.as_ref());
    match (hardware.and_then(|h| h.vendor), hardware.and_then(|h| h.driver.as_deref())) {
        (Some(vendor::INTEL), Some("xe")) => "gpu.intel.com/xe",
        (Some(vendor::INTEL), _) => "gpu.intel.com/i915",
        (Some(vendor::AMD), _) => "amd.com/gpu",
        _ => "squat.ai/video",
    }
}

impl Found {
    pub(super) fn in_report(report: &Report) -> Self {
        let machine = &report.machine;
        let own = |node: &&RenderNode| {
            node.hardware.as_ref().and_then(|hardware| hardware.driver.as_deref()) != Some("nvidia")
        };
        let mut chosen: Vec<&RenderNode> = machine.drm.render_nodes.iter().filter(own).collect();
        // A container was not given every node that its kernel knows.
        if chosen.iter().any(|node| node.file.is_some()) {
            chosen.retain(|node| node.file.is_some());
        }
        let verified: BTreeSet<&str> =
            questions::verified(report).filter_map(|t| t.trial.device.as_deref()).collect();
        let works = |node: &&RenderNode| verified.contains(&*node.path.to_string_lossy());
        if chosen.iter().any(works) {
            chosen.retain(works);
        }
        let mut nodes: Vec<Node> = chosen.iter().map(|node| render(node)).collect();
        let encoders = machine.video.iter().filter(|node| questions::is_v4l2_encoder(report, node));
        nodes.extend(encoders.map(|node| file(&node.path, &node.file)));
        Found { nodes, resource: resource(chosen.first().copied()), nvidia: nvidia(report) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.nvidia.is_empty()
    }

    /// The groups of the nodes that are handed on by number.
    pub(super) fn gids(&self) -> BTreeSet<u32> {
        self.nodes.iter().filter_map(|node| node.gid).collect()
    }

    /// The first node that needs a group, and nobody here can tell which.
    pub(super) fn unknown_group(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.gid.is_none())
    }
}

fn nvidia(report: &Report) -> Vec<Node> {
    let nvidia = &report.machine.nvidia;
    let gpus = report.nvml.as_ref().map_or(&[][..], |nvml| &nvml.gpus);
    let none_encodes = !gpus.is_empty() && gpus.iter().all(|gpu| gpu.has_encoder == Some(false));
    if nvidia.nodes.is_empty() || none_encodes {
        return Vec::new();
    }
    let all = nvidia.nodes.iter().chain(&nvidia.control).chain(&nvidia.uvm);
    all.map(|node| file(&node.path, &node.file)).collect()
}
