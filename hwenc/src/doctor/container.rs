//! Containers: what they were given, and under which group.

use std::path::Path;

use nix::libc::EACCES;

use crate::device::{NodeFile, RenderNode};
use crate::probe::Report;

use super::finding::{Finding, Step};
use super::questions;
use super::refused::{Family, OVERFLOW_GID};

/// Its `gid` is that of the container, which the node then has there.
const PROXMOX: &str = "on the host, with Proxmox: `pct set CONTAINER --dev0 NODE,gid=N`, \
                       where N is the number of `OWNERS` in the container";

/// How each kind of container is given a node, and a group. Words in capitals are filled in by [`fill`], but for
/// those that only the reader knows. The last fits every other engine that takes Docker's arguments.
const WAYS: &[(&str, Way, Way)] = &[
    (
        "kubernetes",
        Way::Say("ask for the device plugin's resource in the pod, such as `limits: {RESOURCE: 1}`"),
        Way::Say("in the pod: `securityContext: {supplementalGroups: [GID]}`"),
    ),
    ("lxc", Way::Say(PROXMOX), Way::Say(PROXMOX)),
    (
        "systemd-nspawn",
        Way::Run("systemd-nspawn --bind=BIND --property=DeviceAllow='CLASS rw' …"),
        Way::Run("groupadd --gid GID OWNERSGID && usermod -aG OWNERSGID USER"),
    ),
    ("podman", Way::Run("podman run FLAGS …"), Way::Run("podman run FLAGS --group-add GID …")),
    ("", Way::Run("docker run FLAGS …"), Way::Run("docker run FLAGS --group-add GID …")),
];

enum Way {
    Say(&'static str),
    Run(&'static str),
}

fn ways(report: &Report) -> (&'static Way, &'static Way) {
    let kind = report.machine.container.kind.as_deref().unwrap_or_default();
    let found = WAYS.iter().find(|(name, ..)| *name == kind).unwrap_or(&WAYS[WAYS.len() - 1]);
    (&found.1, &found.2)
}

/// The arguments that give a container this node.
fn flags(report: &Report, family: Family, node: &str) -> String {
    match family {
        Family::Render => "--device /dev/dri".into(),
        Family::Nvidia if report.machine.container.kind.as_deref() == Some("podman") => {
            "--device nvidia.com/gpu=all".into()
        }
        Family::Nvidia => "--gpus all".into(),
        Family::Video => format!("--device {node}"),
    }
}

fn fill(report: &Report, way: &Way, family: Family, node: &Path, gid: &str) -> Step {
    let node = node.to_string_lossy();
    let (bind, resource) = match family {
        Family::Render => ("/dev/dri", "gpu.intel.com/i915"),
        Family::Nvidia => (&*node, "nvidia.com/gpu"),
        Family::Video => (&*node, "squat.ai/video"),
    };
    let fill = |text: &str| {
        text.replace("FLAGS", &flags(report, family, &node))
            .replace("BIND", bind)
            .replace("CLASS", family.class())
            .replace("NODE", &node)
            .replace("RESOURCE", resource)
            .replace("OWNERS", family.owners())
            .replace("GID", gid)
    };
    match way {
        Way::Say(text) => Step::Say(fill(text)),
        Way::Run(text) => Step::Run(fill(text)),
    }
}

/// How this container is given a node.
pub(super) fn give_device(report: &Report, family: Family, node: &Path) -> Vec<Step> {
    match family {
        Family::Nvidia => give_nvidia(report),
        _ => vec![fill(report, ways(report).0, family, node, "")],
    }
}

/// How this container is given a GPU whose node it does not show.
pub(super) fn give_gpu(report: &Report) -> Vec<Step> {
    give_device(report, Family::Render, Path::new("/dev/dri/renderD128"))
}

/// How the process in this container is given a group, by number: names differ between host and container.
pub(super) fn give_group(report: &Report, family: Family, node: &Path, gid: u32) -> Vec<Step> {
    let mut steps = vec![fill(report, ways(report).1, family, node, &gid.to_string())];
    if matches!(report.machine.container.kind.as_deref(), Some("docker" | "podman")) {
        steps.push(Step::Say(format!("in a compose file: `group_add: [\"{gid}\"]`")));
    }
    steps
}

/// How a rootless container keeps the groups of the user who starts it, which have no numbers inside.
pub(super) fn keep_groups(report: &Report, family: Family, node: &Path) -> Vec<Step> {
    let run = Way::Run("podman run --group-add keep-groups FLAGS …");
    vec![
        fill(report, &run, family, node, ""),
        Step::Say(
            "the user on the host has to be in the group of the node, and the runtime has to be crun".into(),
        ),
    ]
}

/// What lets NVIDIA's container runtime bring the encoding library.
pub(super) const CAPABILITIES: &str = "NVIDIA_DRIVER_CAPABILITIES=compute,video,utility";

/// How this container is given an NVIDIA GPU, with the libraries for encoding: `video` is no default
/// capability (NVIDIA Container Toolkit, "Driver Capabilities").
pub(super) fn give_nvidia(report: &Report) -> Vec<Step> {
    const VARIABLE: &str = CAPABILITIES;
    vec![match report.machine.container.kind.as_deref() {
        Some("kubernetes") => {
            Step::Say(format!("in the pod: `runtimeClassName: nvidia`, and the variable {VARIABLE}"))
        }
        Some("podman") => Step::Run(format!("podman run --device nvidia.com/gpu=all -e {VARIABLE} …")),
        Some("lxc") => {
            Step::Say(format!("`lxc config set CONTAINER nvidia.runtime=true`, and the variable {VARIABLE}"))
        }
        _ => Step::Run(format!("docker run --gpus all -e {VARIABLE} …")),
    }]
}

/// The group of the nodes is the host's; the name `render` in a container may have another number.
pub(super) fn render_gid(report: &Report) -> Finding {
    if !questions::in_container(report) {
        return Finding::not_needed("not in a container");
    }
    let nodes = report.machine.drm.render_nodes.iter();
    let files: Vec<(&RenderNode, &NodeFile)> =
        nodes.filter_map(|node| Some((node, node.file.as_ref()?))).collect();
    if files.is_empty() {
        return Finding::not_needed("no render node in this container");
    }
    let here = report.machine.groups.iter().find(|group| group.name == "render").map(|group| group.gid);
    let odd = files.iter().find(|(_, file)| shut_by_group(file) && differs(report, file, here));
    let Some((node, file)) = odd else { return Finding::ok("is no hindrance") };
    let here = here.map_or("does not exist".to_owned(), |gid| format!("is GID {gid}"));
    Finding::problem(
        format!("{} belongs to GID {}, and `render` {here} in this container", node.name, file.gid),
        "host and container number their groups apart, and the kernel only knows numbers",
    )
    .plainly("this container is not in the GPU's group")
    .unless(questions::some_gpu_opens(report))
    .steps(give_group(report, Family::Render, &node.path, file.gid))
}

/// Names of groups do not matter where the kernel lets the process in, or keeps it out for another reason. A
/// number that a user namespace does not know has no name anywhere.
fn shut_by_group(file: &NodeFile) -> bool {
    file.refused().is_some_and(|error| error.errno == EACCES) && ![0, OVERFLOW_GID].contains(&file.gid)
}

/// Whether the node's group is not the one that this container means by `render`, nor one of the process's
/// own.
fn differs(report: &Report, file: &NodeFile, render: Option<u32>) -> bool {
    let video = report.machine.groups.iter().any(|group| group.name == "video" && group.gid == file.gid);
    render != Some(file.gid) && !video && !report.machine.process.in_group(file.gid)
}
