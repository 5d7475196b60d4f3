//! A node that refuses this process: why, and what lets it in. Selection says the same as the checks.

use std::path::Path;

use nix::libc::{EACCES, ENODEV, ENXIO, EPERM};

use crate::device::{NodeFile, OsError, Process};
use crate::probe::Report;

use super::container;
use super::finding::Step;
use super::questions::{as_root, in_container};

/// What a user namespace shows in place of an id that it does not map (`/proc/sys/kernel/overflowgid`).
pub(super) const OVERFLOW_GID: u32 = 65534;
/// Reading and writing, for the last of owner, group and others.
const RW: u32 = 0o6;
const AGAIN: &str = "then log in again: groups are taken over at login";

/// What kind of node it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// A DRM render node.
    Render,
    /// `/dev/nvidia0`, `nvidiactl`, `nvidia-uvm`, …
    Nvidia,
    /// A V4L2 node.
    Video,
}

impl Family {
    /// Its class of devices in a unit's `DeviceAllow=`, by a name from `/proc/devices`.
    pub(super) fn class(self) -> &'static str {
        match self {
            Family::Render => "char-drm",
            Family::Nvidia => "char-nvidia*",
            Family::Video => "char-video4linux",
        }
    }

    /// The group that distributions give such nodes to.
    pub(super) fn owners(self) -> &'static str {
        if self == Family::Render { "render" } else { "video" }
    }

    /// What to look for among the kernel's messages.
    fn messages(self) -> &'static str {
        match self {
            Family::Render => "drm|gpu",
            Family::Nvidia => "nvrm",
            Family::Video => "v4l2|video|codec",
        }
    }

    /// Makes udev look at such nodes anew. NVIDIA's are not udev's.
    fn trigger(self) -> Option<&'static str> {
        match self {
            Family::Render => Some("udevadm trigger --subsystem-match=drm"),
            Family::Nvidia => None,
            Family::Video => Some("udevadm trigger --subsystem-match=video4linux"),
        }
    }
}

/// What stands between the process and the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Barrier {
    /// Nothing is behind the node, or the driver itself refuses.
    Driver,
    /// The control group's list of allowed devices.
    DeviceList,
    /// The mode would let the process in.
    SecurityModule,
    /// The node's group has no number in this user namespace.
    Unmapped,
    /// The process is not in the group.
    Group,
    /// The mode lets no group in, or only that of root.
    Mode,
}

/// A node that refuses this process.
pub(crate) struct Refused<'a> {
    pub(super) family: Family,
    pub(super) path: &'a Path,
    pub(super) file: &'a NodeFile,
    pub(super) error: &'a OsError,
}

/// Render nodes and NVIDIA's that refuse. Of V4L2 nodes it is not known yet which are encoders, and a camera is
/// no fault.
pub(super) fn gpus(report: &Report) -> impl Iterator<Item = Refused<'_>> {
    let (drm, nvidia) = (&report.machine.drm, &report.machine.nvidia);
    let render =
        drm.render_nodes.iter().filter_map(|n| Refused::new(Family::Render, &n.path, n.file.as_ref()?));
    let nvidia = nvidia.control.iter().chain(&nvidia.nodes).chain(&nvidia.uvm);
    render.chain(nvidia.filter_map(|n| Refused::new(Family::Nvidia, &n.path, &n.file)))
}

/// The kernel takes the bits of the owner, or of the group, or of the others, and looks no further.
fn mode_lets_in(process: &Process, file: &NodeFile) -> bool {
    let shift = if process.effective_uid == file.uid {
        6
    } else if process.in_group(file.gid) {
        3
    } else {
        0
    };
    file.mode.0 >> shift & RW == RW
}

impl<'a> Refused<'a> {
    /// None where it opens.
    pub(crate) fn new(family: Family, path: &'a Path, file: &'a NodeFile) -> Option<Self> {
        Some(Refused { family, path, file, error: file.refused()? })
    }

    /// Whether more rights would help.
    pub(crate) fn by_permission(&self) -> bool {
        matches!(self.error.errno, EACCES | EPERM)
    }

    fn group_may(&self) -> bool {
        self.file.mode.0 >> 3 & RW == RW
    }

    fn barrier(&self, process: &Process) -> Barrier {
        let (file, errno) = (self.file, self.error.errno);
        if errno == EPERM {
            Barrier::DeviceList
        } else if errno != EACCES {
            Barrier::Driver
        } else if mode_lets_in(process, file) {
            Barrier::SecurityModule
        } else if process.user_namespace && file.gid == OVERFLOW_GID {
            Barrier::Unmapped
        } else if self.group_may() && file.gid != 0 {
            Barrier::Group
        } else {
            Barrier::Mode
        }
    }

    /// Nodes of which this is the same need the same remedy.
    pub(super) fn kind(&self, report: &Report) -> impl Ord + use<> {
        (self.family, self.barrier(&report.machine.process), self.file.gid, self.file.mode.0)
    }

    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// What was seen of the node.
    pub(crate) fn seen(&self) -> String {
        let file = self.file;
        let group = match &file.group {
            Some(name) => format!("group {name} (GID {})", file.gid),
            None => format!("a group without a name here (GID {})", file.gid),
        };
        match self.error.errno {
            EACCES => format!("EACCES, it belongs to {group}, mode {}", file.mode),
            EPERM => "EPERM".to_owned(),
            _ => self.error.to_string(),
        }
    }

    /// Why it is so.
    pub(crate) fn why(&self, report: &Report) -> String {
        let process = &report.machine.process;
        match self.barrier(process) {
            Barrier::Driver if matches!(self.error.errno, ENXIO | ENODEV) => {
                "the node is there, and no driver is behind it".to_owned()
            }
            Barrier::Driver => "the node is there, and its driver refuses".to_owned(),
            Barrier::DeviceList => {
                let whose = if in_container(report) { "the container's" } else { "the service's" };
                format!("{whose} list of allowed devices lacks it; the file's own mode does not matter")
            }
            Barrier::SecurityModule => {
                "its mode would let this process in, so a security module (SELinux, AppArmor) does not"
                    .to_owned()
            }
            Barrier::Unmapped => "this user namespace does not have the node's group".to_owned(),
            // In a user namespace, or with a capability taken away.
            Barrier::Group if process.effective_uid == 0 => {
                format!(
                    "root counts as any other user here, and this process is not in GID {}",
                    self.file.gid
                )
            }
            Barrier::Group => format!("this process is not in GID {}", self.file.gid),
            Barrier::Mode if self.group_may() => "its mode lets in root's group alone".to_owned(),
            Barrier::Mode => "its mode lets no group in".to_owned(),
        }
    }

    /// What lets the process in.
    pub(crate) fn steps(&self, report: &Report) -> Vec<Step> {
        let (family, gid, container) = (self.family, self.file.gid, in_container(report));
        match self.barrier(&report.machine.process) {
            Barrier::Driver if container => {
                vec![Step::Say("start the container anew: its nodes are older than the driver".into())]
            }
            Barrier::Driver => {
                let dmesg = as_root(report, &format!("dmesg | grep -iE '{}'", family.messages()));
                let look = format!("look for the driver's own words: `{dmesg}`");
                match family.trigger() {
                    Some(command) => {
                        vec![Step::Run(as_root(report, command)), Step::Say(format!("if it stays, {look}"))]
                    }
                    None => vec![Step::Say(look)],
                }
            }
            Barrier::DeviceList if container => container::give_device(report, family, self.path),
            Barrier::DeviceList => {
                vec![Step::Say(format!("in a systemd unit: `DeviceAllow={} rw`", family.class()))]
            }
            Barrier::SecurityModule if container => {
                vec![Step::Say(
                    "with SELinux, on the host: `sudo setsebool -P container_use_devices 1`".into(),
                )]
            }
            Barrier::SecurityModule => {
                let (audit, dmesg) =
                    (as_root(report, "ausearch -m avc -ts recent"), as_root(report, "dmesg"));
                vec![Step::Run(format!("{audit}; {dmesg} | grep -i apparmor"))]
            }
            Barrier::Unmapped => container::keep_groups(report, family, self.path),
            Barrier::Group if container => container::give_group(report, family, self.path, gid),
            Barrier::Group => match &self.file.group {
                Some(name) => join(report, name),
                None => {
                    let name = format!("{}{gid}", family.owners());
                    let add = as_root(report, &format!("groupadd --gid {gid} {name}"));
                    [vec![Step::Run(add)], join(report, &name)].concat()
                }
            },
            Barrier::Mode if container => {
                vec![Step::Say("the node's owner and mode are set on the host".into())]
            }
            Barrier::Mode => set_mode(report, family),
        }
    }

    /// The node as `ls -l` would show it, with the error.
    pub(super) fn evidence(&self) -> String {
        let file = self.file;
        let owner = file.owner.clone().unwrap_or_else(|| file.uid.to_string());
        let group = file.group.clone().unwrap_or_else(|| file.gid.to_string());
        format!("{}: {}, {owner}:{group} {}", self.path.display(), self.error, file.mode)
    }
}

fn join(report: &Report, group: &str) -> Vec<Step> {
    let join = as_root(report, &format!(r#"usermod -aG {group} "$USER""#));
    vec![Step::Run(join), Step::Say(AGAIN.into())]
}

/// Gives the nodes of a family to its group, for good.
fn set_mode(report: &Report, family: Family) -> Vec<Step> {
    let (subsystem, names) = match family {
        Family::Render => ("drm", "renderD*"),
        Family::Video => ("video4linux", "video*"),
        Family::Nvidia => {
            let tee = as_root(report, "tee /etc/modprobe.d/70-hwenc.conf");
            return vec![
                Step::Run(format!("echo 'options nvidia NVreg_DeviceFileMode=0666' | {tee}")),
                Step::Say("then restart: the driver gives its nodes their mode when it is loaded".into()),
            ];
        }
    };
    let group = family.owners();
    let tee = as_root(report, "tee /etc/udev/rules.d/70-hwenc.rules");
    let rule = format!(r#"SUBSYSTEM=="{subsystem}", KERNEL=="{names}", GROUP="{group}", MODE="0660""#);
    let reload = as_root(report, "udevadm control --reload");
    let trigger = as_root(report, &format!("udevadm trigger --subsystem-match={subsystem}"));
    let mut steps =
        vec![Step::Run(format!("echo '{rule}' | {tee}")), Step::Run(format!("{reload} && {trigger}"))];
    steps.extend(join(report, group));
    steps
}
