//! Where hardware backends could run, from a report: the part that several of them share.

use std::path::Path;

use super::{Backend, Place};
use crate::device::{Directory, NodeFile, NvidiaNode, RenderNode, VideoNode, vendor};
use crate::doctor::remedy::{self, Family, Refused};
use crate::error::{Code, Reason};
use crate::probe::Report;
use crate::select::Codec;

/// One place for every render node that `wanted` accepts, with what stands in the way; else one that says that
/// there is none. `what` names the hardware that is looked for.
pub(super) fn render_nodes(report: &Report, what: &str, wanted: fn(&RenderNode) -> bool) -> Vec<Place> {
    let drm = &report.machine.drm;
    let places: Vec<Place> = drm
        .render_nodes
        .iter()
        .filter(|node| wanted(node))
        .map(|node| Place { device: Some(node.path.display().to_string()), obstacle: closed(report, node) })
        .collect();
    if !places.is_empty() {
        return places;
    }
    let (seen, remedy) = match &drm.directory {
        Directory::Unreadable(error) => {
            (format!("/dev/dri cannot be listed: {error}"), remedy::unlistable(report))
        }
        _ if !drm.render_nodes.is_empty() => {
            let nodes: Vec<String> = drm.render_nodes.iter().map(label).collect();
            let seen = format!("the render nodes here belong to other devices: {}", nodes.join(", "));
            (seen, remedy::no_render_node(report))
        }
        Directory::Missing => ("/dev/dri does not exist".to_owned(), remedy::no_render_node(report)),
        _ => ("/dev/dri holds no render node".to_owned(), remedy::no_render_node(report)),
    };
    let reason =
        Reason::new(Code::DeviceMissing, format!("no {what} was found")).evidence(seen).remedy(remedy);
    vec![Place::blocked(None, reason)]
}

fn label(node: &RenderNode) -> String {
    match &node.hardware {
        Some(hardware) => format!("{} ({})", node.name, hardware.label()),
        None => node.name.clone(),
    }
}

/// Why this process cannot open a render node.
fn closed(report: &Report, node: &RenderNode) -> Option<Reason> {
    if let Some(file) = &node.file {
        return refused(report, Family::Render, &node.path, file);
    }
    let (seen, remedy) = match &report.machine.drm.directory {
        Directory::Unreadable(error) => {
            (format!("/dev/dri cannot be listed: {error}"), remedy::unlistable(report))
        }
        _ => ("the kernel knows it (sysfs)".to_owned(), remedy::hidden(report, node)),
    };
    let text = format!("{} is not in /dev/dri, as far as this process can see", node.name);
    Some(Reason::new(Code::DeviceMissing, text).evidence(seen).remedy(remedy))
}

/// Why this process cannot open a file of `/dev`.
fn refused(report: &Report, family: Family, path: &Path, file: &NodeFile) -> Option<Reason> {
    let node = Refused::new(family, path, file)?;
    let (code, what) = if node.by_permission() {
        (Code::DevicePermission, "may not be opened by this process")
    } else {
        (Code::DeviceFailed, "does not open")
    };
    let reason = Reason::new(code, format!("{} {what}", path.display()))
        .evidence(node.seen())
        .evidence(node.why(report))
        .remedy(remedy::refused(report, &node));
    Some(reason)
}

/// The reason of the first library that is known not to load, or `None`.
pub(super) fn libraries(report: &Report, needed: &[&str]) -> Option<Reason> {
    let broken = needed.iter().filter_map(|name| report.library(name)).find(|library| !library.loads())?;
    Some(
        Reason::new(Code::LibraryMissing, format!("{} does not load", broken.name))
            .evidence(broken.error.clone().unwrap_or_default())
            .remedy(remedy::library(report, &broken.name)),
    )
}

/// Puts `reason` in the way of every place that is free.
pub(super) fn block(mut places: Vec<Place>, reason: Option<Reason>) -> Vec<Place> {
    if let Some(reason) = reason {
        for place in places.iter_mut().filter(|place| place.obstacle.is_none()) {
            place.obstacle = Some(reason.clone());
        }
    }
    places
}

/// Any node whose device NVIDIA's own driver does not hold: that one speaks neither VA-API nor QSV.
pub(super) fn any_but_nvidia(node: &RenderNode) -> bool {
    node.hardware.as_ref().and_then(|h| h.driver.as_deref()) != Some("nvidia")
}

pub(super) fn intel(node: &RenderNode) -> bool {
    node.hardware.as_ref().and_then(|h| h.vendor) == Some(vendor::INTEL)
}

/// NVIDIA's own nodes, which need no DRM. Each GPU also needs the control node and that of CUDA; where one is missing,
/// the driver's libraries may make it when they start.
pub(super) fn nvidia(report: &Report) -> Vec<Place> {
    let nvidia = &report.machine.nvidia;
    if nvidia.nodes.is_empty() {
        let (seen, remedy) = remedy::no_nvidia_node(report);
        let here = nvidia.is_present() || report.machine.has_vendor(vendor::NVIDIA);
        let text = if here { "the NVIDIA GPU has no node here" } else { "no NVIDIA GPU was found" };
        let reason = Reason::new(Code::DeviceMissing, text).evidence(seen).remedy(remedy);
        return vec![Place::blocked(None, reason)];
    }
    let closed = |node: &NvidiaNode| refused(report, Family::Nvidia, &node.path, &node.file);
    let shared = nvidia.control.iter().chain(&nvidia.uvm).find_map(closed);
    let place = |node: &NvidiaNode| Place {
        device: Some(node.path.display().to_string()),
        obstacle: closed(node).or_else(|| shared.clone()),
    };
    nvidia.nodes.iter().map(place).collect()
}

/// V4L2 nodes, cameras among them: which is an encoder only an ioctl can tell.
pub(super) fn video(report: &Report) -> Vec<Place> {
    let place = |node: &VideoNode| Place {
        device: Some(node.path.display().to_string()),
        obstacle: refused(report, Family::Video, &node.path, &node.file),
    };
    report.machine.video.iter().map(place).collect()
}

pub(super) const fn detected(
    name: &'static str,
    encoders: &'static [(Codec, &'static str)],
    places: fn(&Report) -> Vec<Place>,
) -> Backend {
    Backend { name, hardware: true, encoders, places, driver: None }
}
