//! Where hardware backends could run, from a report: the part that several of them share.

use super::{Backend, Place};
use crate::device::{Directory, RenderNode, vendor};
use crate::error::{Code, Reason};
use crate::probe::Report;

const DRIVERS: &str = "`hwenc doctor` lists what is missing, step by step";

/// One place for every render node that `wanted` accepts, with what stands in the way; else one that says that
/// there is none. `what` names the hardware that is looked for.
pub(super) fn render_nodes(report: &Report, what: &str, wanted: fn(&RenderNode) -> bool) -> Vec<Place> {
    let drm = &report.machine.drm;
    let missing = |seen: String| {
        let reason = Reason::new(Code::DeviceMissing, format!("no {what} was found"))
            .evidence(seen)
            .remedy(format!("add one, or hand its node to this container or guest; {DRIVERS}"));
        vec![Place::blocked(None, reason)]
    };
    match &drm.directory {
        Directory::Missing => return missing("/dev/dri does not exist".into()),
        Directory::Unreadable(error) => return missing(format!("/dev/dri cannot be listed: {error}")),
        _ if drm.render_nodes.is_empty() => return missing("/dev/dri holds no render node".into()),
        _ => {}
    }
    let places: Vec<Place> = drm
        .render_nodes
        .iter()
        .filter(|node| wanted(node))
        .map(|node| Place { device: Some(node.path.display().to_string()), obstacle: closed(report, node) })
        .collect();
    if places.is_empty() {
        let nodes: Vec<&str> = drm.render_nodes.iter().map(|node| node.name.as_str()).collect();
        return missing(format!("the render nodes here belong to other devices: {}", nodes.join(", ")));
    }
    places
}

/// Why this process cannot open a node.
fn closed(report: &Report, node: &RenderNode) -> Option<Reason> {
    let Some(file) = &node.file else {
        return Some(
            Reason::new(Code::DeviceMissing, format!("{} is not in /dev/dri", node.name))
                .evidence("the kernel knows it (sysfs)".to_owned())
                .remedy(format!("hand it over: `docker run --device {}`", node.path.display())),
        );
    };
    let refused = file.refused()?;
    let group = file.group.as_deref().unwrap_or("without a name here");
    let evidence = format!("mode {}, group {} ({group}): {refused}", file.mode, file.gid);
    if refused.errno != nix::errno::Errno::EACCES as i32 && refused.errno != nix::errno::Errno::EPERM as i32 {
        let text = format!("{} does not open", node.path.display());
        return Some(Reason::new(Code::DeviceFailed, text).evidence(evidence).remedy(DRIVERS));
    }
    let remedy = if report.machine.container.is_likely() {
        format!("start the container with `--group-add {}` and `--device {}`", file.gid, node.path.display())
    } else {
        format!(
            "add this user to group {}: `sudo usermod -aG {} $USER`, then log in again",
            file.gid,
            match &file.group {
                Some(name) => name.clone(),
                None => file.gid.to_string(),
            }
        )
    };
    let text = format!("{} may not be opened by this user", node.path.display());
    Some(Reason::new(Code::DevicePermission, text).evidence(evidence).remedy(remedy))
}

/// The reason of the first library that does not load, or `None`.
pub(super) fn libraries(report: &Report, needed: &[&str], remedy: &str) -> Option<Reason> {
    let broken = report.libraries.iter().find(|l| needed.contains(&l.name.as_str()) && l.error.is_some())?;
    Some(
        Reason::new(Code::LibraryMissing, format!("{} does not load", broken.name))
            .evidence(broken.error.clone().unwrap_or_default())
            .remedy(remedy),
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

/// NVIDIA's own nodes, which need no DRM.
pub(super) fn nvidia(report: &Report) -> Vec<Place> {
    let nvidia = &report.machine.nvidia;
    if nvidia.nodes.is_empty() {
        let seen = match &nvidia.driver_version {
            Some(version) => {
                format!("the kernel driver {version} is loaded, and /dev/nvidia0 does not exist")
            }
            None => "neither /dev/nvidia0 nor the kernel driver is there".to_owned(),
        };
        let reason = Reason::new(Code::DeviceMissing, "no NVIDIA GPU was found").evidence(seen).remedy(format!(
            "install NVIDIA's driver, or start the container with `--gpus all -e NVIDIA_DRIVER_CAPABILITIES=all`; \
             {DRIVERS}"
        ));
        return vec![Place::blocked(None, reason)];
    }
    nvidia
        .nodes
        .iter()
        .map(|node| {
            let path = node.path.display().to_string();
            let obstacle = node.file.refused().map(|error| {
                Reason::new(Code::DevicePermission, format!("{path} may not be opened by this user"))
                    .evidence(error.to_string())
                    .remedy("give this user access to the node")
            });
            Place { device: Some(path), obstacle }
        })
        .collect()
}

pub(super) const fn detected(
    name: &'static str,
    encoders: &'static [(crate::select::Codec, &'static str)],
    places: fn(&Report) -> Vec<Place>,
) -> Backend {
    Backend { name, hardware: true, encoders, places, driver: None }
}
