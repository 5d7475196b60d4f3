//! Nodes that this process may not open.

use std::collections::BTreeSet;
use std::path::Path;

use nix::libc::{EACCES, EPERM};

use crate::device::{NodeFile, OsError};
use crate::probe::Report;

use super::container;
use super::finding::{Finding, Step};
use super::questions;

/// What a user namespace shows in place of an id that it does not map (`/proc/sys/kernel/overflowgid`).
pub(super) const OVERFLOW_GID: u32 = 65534;
/// Reading and writing for the group.
const GROUP_RW: u32 = 0o060;
const UDEV_RULE: &str = concat!(
    r#"echo 'SUBSYSTEM=="drm", KERNEL=="renderD*", GROUP="render", MODE="0660"'"#,
    " | sudo tee /etc/udev/rules.d/70-hwenc.rules"
);
const UDEV_RELOAD: &str = "sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=drm";
const AGAIN: &str = "then log in again: groups are taken over at login";

pub(super) fn is_permission(error: &OsError) -> bool {
    matches!(error.errno, EACCES | EPERM)
}

struct Shut<'a> {
    name: &'a str,
    path: &'a Path,
    file: &'a NodeFile,
    error: &'a OsError,
}

pub(super) fn permission(report: &Report) -> Finding {
    let shut = shut(report);
    let Some(first) = shut.first() else { return Finding::ok("no node is refused") };
    let names: Vec<_> = shut.iter().map(|node| node.name).collect();
    let (seen, why) = words(report, first);
    let mut steps = Vec::new();
    let mut done = BTreeSet::new();
    for node in &shut {
        if done.insert((node.error.errno, node.file.gid, node.file.mode.0)) {
            steps.extend(remedy(report, node));
        }
    }
    steps.dedup();
    Finding::problem(format!("{} may not be opened: {seen}", names.join(", ")), why)
        .unless(questions::some_gpu_opens(report))
        .steps(steps)
        .evidences(shut.iter().map(evidence))
        .evidence(format!(
            "this process: uid {}, groups {}",
            report.machine.process.effective_uid,
            groups(report)
        ))
}

/// Render nodes and NVIDIA's. Of V4L2 nodes it is not known yet which are encoders, and a camera is no fault.
fn shut(report: &Report) -> Vec<Shut<'_>> {
    let inventory = &report.machine;
    let render = inventory.drm.render_nodes.iter().map(|n| (&n.name, &n.path, n.file.as_ref()));
    let nvidia = inventory.nvidia.control.iter().chain(&inventory.nvidia.nodes).chain(&inventory.nvidia.uvm);
    let nvidia = nvidia.map(|n| (&n.name, &n.path, Some(&n.file)));
    render.chain(nvidia).filter_map(|(name, path, file)| Shut::new(name, path, file?)).collect()
}

impl<'a> Shut<'a> {
    fn new(name: &'a str, path: &'a Path, file: &'a NodeFile) -> Option<Self> {
        let error = file.refused().filter(|error| is_permission(error))?;
        Some(Shut { name, path, file, error })
    }
}

fn group(file: &NodeFile) -> String {
    match &file.group {
        Some(name) => format!("group {name} (GID {})", file.gid),
        None => format!("a group without a name here (GID {})", file.gid),
    }
}

fn groups(report: &Report) -> String {
    let process = &report.machine.process;
    let all: BTreeSet<_> = process.groups.iter().chain([&process.effective_gid]).collect();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn in_group(report: &Report, file: &NodeFile) -> bool {
    report.machine.process.in_group(file.gid)
}

fn group_may(file: &NodeFile) -> bool {
    file.mode.0 & GROUP_RW == GROUP_RW
}

/// What was seen of one node, and why it matters.
fn words(report: &Report, node: &Shut<'_>) -> (String, String) {
    let file = node.file;
    if node.error.errno == EPERM {
        let who = if questions::in_container(report) { "the container's" } else { "the service's" };
        return (
            "EPERM".into(),
            format!("{who} list of allowed devices lacks it; the file's own mode does not matter"),
        );
    }
    let seen = format!("EACCES, it belongs to {}, mode {}", group(file), file.mode);
    let why = match (group_may(file), in_group(report, file)) {
        (false, _) => "its mode lets no group in".to_owned(),
        (true, false) => format!("this process is not in GID {}", file.gid),
        (true, true) => {
            "group and mode would let it in, so a security module (SELinux, AppArmor) does not".to_owned()
        }
    };
    (seen, why)
}

fn remedy(report: &Report, node: &Shut<'_>) -> Vec<Step> {
    let file = node.file;
    let process = &report.machine.process;
    if node.error.errno == EPERM {
        return if questions::in_container(report) {
            container::give_device(report)
        } else {
            vec![Step::Say(
                "in a systemd unit: `DeviceAllow=char-drm rw` and `DeviceAllow=char-nvidia* rw`".into(),
            )]
        };
    }
    if group_may(file) && in_group(report, file) {
        return vec![if questions::in_container(report) {
            Step::Say("with SELinux, on the host: `sudo setsebool -P container_use_devices 1`".into())
        } else {
            Step::Run("sudo ausearch -m avc -ts recent; sudo dmesg | grep -i apparmor".into())
        }];
    }
    if process.user_namespace && file.gid == OVERFLOW_GID {
        return vec![
            Step::Run("podman run --group-add keep-groups --device /dev/dri …".into()),
            Step::Say(
                "the user on the host has to be in the group of the node, and the runtime has to be crun"
                    .into(),
            ),
        ];
    }
    if questions::in_container(report) && group_may(file) && file.gid != 0 {
        return container::give_group(report, file.gid);
    }
    if !group_may(file) || file.gid == 0 {
        return if questions::in_container(report) {
            vec![Step::Say("the node's owner and mode are set on the host".into())]
        } else {
            let mut steps = vec![Step::Run(UDEV_RULE.into()), Step::Run(UDEV_RELOAD.into())];
            steps.extend(join("render"));
            steps
        };
    }
    match &file.group {
        Some(name) => join(name),
        None => {
            let name = format!("render{}", file.gid);
            let mut steps = vec![Step::Run(format!("sudo groupadd --gid {} {name}", file.gid))];
            steps.extend(join(&name));
            steps
        }
    }
}

fn join(group: &str) -> Vec<Step> {
    vec![Step::Run(format!(r#"sudo usermod -aG {group} "$USER""#)), Step::Say(AGAIN.into())]
}

fn evidence(node: &Shut<'_>) -> String {
    let file = node.file;
    let owner = file.owner.clone().unwrap_or_else(|| file.uid.to_string());
    let group = file.group.clone().unwrap_or_else(|| file.gid.to_string());
    format!("{}: {}, {owner}:{group} {}", node.path.display(), node.error, file.mode)
}
