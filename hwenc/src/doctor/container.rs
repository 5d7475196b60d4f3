//! Containers: what they were given, and under which group.

use nix::libc::EACCES;

use crate::device::NodeFile;
use crate::probe::Report;

use super::finding::{Finding, Step};
use super::permission::OVERFLOW_GID;
use super::questions;

/// Its `gid` is that of the container, which the node then has there.
const PROXMOX: &str = "on the host, with Proxmox: `pct set CONTAINER --dev0 /dev/dri/renderD128,gid=N`, \
                       where N is the number of `render` in the container";

/// How each kind of container is given the GPU, and a group. `GID` stands for the number. The last fits every
/// other engine that takes Docker's arguments.
const WAYS: &[(&str, Way, Way)] = &[
    (
        "kubernetes",
        Way::Say(
            "ask for the device plugin's resource in the pod, such as `limits: {gpu.intel.com/i915: 1}`",
        ),
        Way::Say("in the pod: `securityContext: {supplementalGroups: [GID]}`"),
    ),
    ("lxc", Way::Say(PROXMOX), Way::Say(PROXMOX)),
    (
        "systemd-nspawn",
        Way::Run("systemd-nspawn --bind=/dev/dri --property=DeviceAllow='char-drm rw' …"),
        Way::Run("groupadd --gid GID renderGID && usermod -aG renderGID USER"),
    ),
    (
        "podman",
        Way::Run("podman run --device /dev/dri …"),
        Way::Run("podman run --device /dev/dri --group-add GID …"),
    ),
    (
        "",
        Way::Run("docker run --device /dev/dri …"),
        Way::Run("docker run --device /dev/dri --group-add GID …"),
    ),
];

enum Way {
    Say(&'static str),
    Run(&'static str),
}

impl Way {
    fn step(&self, gid: &str) -> Step {
        match self {
            Way::Say(text) => Step::Say(text.replace("GID", gid)),
            Way::Run(text) => Step::Run(text.replace("GID", gid)),
        }
    }
}

fn ways(report: &Report) -> (&'static Way, &'static Way) {
    let kind = report.machine.container.kind.as_deref().unwrap_or_default();
    let found = WAYS.iter().find(|(name, ..)| *name == kind).unwrap_or(&WAYS[WAYS.len() - 1]);
    (&found.1, &found.2)
}

/// How this container is given a GPU.
pub(super) fn give_device(report: &Report) -> Vec<Step> {
    vec![ways(report).0.step("")]
}

/// How the process in this container is given a group, by number: names differ between host and container.
pub(super) fn give_group(report: &Report, gid: u32) -> Vec<Step> {
    let mut steps = vec![ways(report).1.step(&gid.to_string())];
    if matches!(report.machine.container.kind.as_deref(), Some("docker" | "podman")) {
        steps.push(Step::Say(format!("in a compose file: `group_add: [\"{gid}\"]`")));
    }
    steps
}

/// How this container is given an NVIDIA GPU, with the libraries for encoding: `video` is no default
/// capability (NVIDIA Container Toolkit, "Driver Capabilities").
pub(super) fn give_nvidia(report: &Report) -> Vec<Step> {
    const VARIABLE: &str = "NVIDIA_DRIVER_CAPABILITIES=compute,video,utility";
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
        return Finding::ok("not in a container");
    }
    let nodes = report.machine.drm.render_nodes.iter();
    let files: Vec<(&str, &NodeFile)> =
        nodes.filter_map(|n| Some((n.name.as_str(), n.file.as_ref()?))).collect();
    if files.is_empty() {
        return Finding::ok("no render node in this container");
    }
    let here = report.machine.groups.iter().find(|group| group.name == "render").map(|group| group.gid);
    let odd = files.iter().find(|(_, file)| shut_by_group(file) && differs(report, file, here));
    let Some((name, file)) = odd else { return Finding::ok("is no hindrance") };
    let here = here.map_or("does not exist".to_owned(), |gid| format!("is GID {gid}"));
    Finding::problem(
        format!("{name} belongs to GID {}, and `render` {here} in this container", file.gid),
        "host and container number their groups apart, and the kernel only knows numbers",
    )
    .unless(questions::some_gpu_opens(report))
    .steps(give_group(report, file.gid))
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
