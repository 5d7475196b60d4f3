//! Proxmox VE: an LXC container shares the node and needs no IOMMU; a virtual machine takes the whole GPU.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::found::{Found, Node};
use super::nothing;
use crate::device::{Display, vendor};
use crate::doctor::questions;
use crate::error::Result;
use crate::probe::Report;

/// Ids that an unprivileged container has, and the first of them on the host (Proxmox VE, "Unprivileged LXC
/// containers").
const IDS: u32 = 65_536;
const FIRST: u32 = 100_000;

pub(super) fn lxc(report: &Report, found: &Found) -> String {
    let nodes: Vec<&Node> = found.nodes.iter().chain(&found.nvidia).collect();
    // With a report from inside, the number that counts is the container's own.
    let inside = questions::in_container(report);
    let own = report.machine.groups.iter().find(|group| group.name == "render").map(|group| group.gid);
    let render = own.filter(|_| inside).or(found.gids().first().copied()).or(own).unwrap_or(104);
    let mut text = format!(
        "\
# On the Proxmox host, for the container CTID. Nothing of it needs a privileged container or an IOMMU.
#
# Proxmox VE 8.1 and newer. gid is the number of the group `render` inside the container: where
# `pct exec CTID -- getent group render` names another than {render}, take that one.
"
    );
    for (n, node) in nodes.iter().enumerate() {
        // NVIDIA's own nodes are for everybody.
        let shared = n >= found.nodes.len();
        let gid = if shared { String::new() } else { format!(",gid={render}") };
        let _ = writeln!(text, "pct set CTID --dev{n} {}{gid}", node.path.display());
    }
    text += "pct reboot CTID
# Then, inside: add the user to the group with `usermod -aG render USER`, and look with `hwenc doctor`.
";
    if !found.nvidia.is_empty() {
        text +=
            "# The container needs the user part of NVIDIA's driver, of the same version as on the host.\n";
    }
    text += &older(found, &nodes);
    text
}

/// The lines for versions that do not have `dev0`.
fn older(found: &Found, nodes: &[&Node]) -> String {
    let mut text = "
# Older versions: these lines in /etc/pve/lxc/CTID.conf instead.
"
    .to_owned();
    let numbers: BTreeSet<(u32, u32)> = nodes.iter().filter_map(|node| node.number).collect();
    for (major, minor) in numbers {
        let _ = writeln!(text, "#   lxc.cgroup2.devices.allow: c {major}:{minor} rwm");
    }
    for node in nodes {
        let path = node.path.display().to_string();
        let inside = path.trim_start_matches('/');
        let _ = writeln!(text, "#   lxc.mount.entry: {path} {inside} none bind,optional,create=file");
    }
    let gids = found.gids();
    if gids.is_empty() {
        return text;
    }
    text += "# An unprivileged container also needs the group of the node under its own number:
#   lxc.idmap: u 0 100000 65536
";
    for (inside, outside, count) in map(&gids) {
        let _ = writeln!(text, "#   lxc.idmap: g {inside} {outside} {count}");
    }
    let _ = writeln!(text, "# and the host's leave for it:");
    for gid in &gids {
        let _ = writeln!(text, "#   echo root:{gid}:1 >>/etc/subgid");
    }
    for gid in gids {
        let _ =
            writeln!(text, "# and inside: groupadd --gid {gid} render{gid}; usermod -aG render{gid} USER");
    }
    text
}

/// Every group of the container: those of the nodes as they are, the others where they were.
fn map(gids: &BTreeSet<u32>) -> Vec<(u32, u32, u32)> {
    let mut ranges = Vec::new();
    let mut next = 0;
    for gid in gids.iter().copied().filter(|gid| *gid < IDS) {
        if gid > next {
            ranges.push((next, FIRST + next, gid - next));
        }
        ranges.push((gid, gid, 1));
        next = gid + 1;
    }
    if next < IDS {
        ranges.push((next, FIRST + next, IDS - next));
    }
    ranges
}

pub(super) fn vm(report: &Report) -> Result<String> {
    let known = |display: &&Display| {
        matches!(display.hardware.vendor, Some(vendor::INTEL | vendor::AMD | vendor::NVIDIA))
    };
    let gpus: Vec<&Display> = report.machine.displays.iter().filter(known).collect();
    let guest = report.machine.system.virtual_machine;
    let Some(first) = gpus.first().filter(|_| !guest) else {
        return if guest { Ok(steps("0000:BB:DD.F", "VVVV:DDDD", "i915", true)) } else { Err(nothing()) };
    };
    let ids = |gpu: &&Display| {
        Some(format!("{}:{}", gpu.hardware.vendor.unwrap_or_default(), gpu.hardware.device?))
    };
    let id = gpus.first().and_then(ids).unwrap_or_else(|| "VVVV:DDDD".to_owned());
    let driver = match (first.hardware.vendor, first.hardware.driver.as_deref()) {
        (_, Some(driver)) if driver != "vfio-pci" => driver,
        (Some(vendor::AMD), _) => "amdgpu",
        (Some(vendor::NVIDIA), _) => "nouveau",
        _ => "i915",
    };
    let mut text = steps(&first.address, &id, driver, false);
    for gpu in gpus.iter().skip(1) {
        let _ = writeln!(text, "# Another GPU of this host: {} at {}", gpu.hardware.label(), gpu.address);
    }
    if report.machine.system.iommu_groups == Some(0) {
        text = format!("# The IOMMU of this host is off: nothing works before step 1.\n{text}");
    }
    Ok(text)
}

/// The way from the host's GPU to the guest's (Proxmox VE, "PCI(e) Passthrough").
fn steps(address: &str, id: &str, driver: &str, guest: bool) -> String {
    let find = if guest {
        "# Find the GPU: its address at the beginning of the line, its ids in brackets.
lspci -Dnn | grep -E 'VGA|3D|Display'
"
    } else {
        ""
    };
    format!(
        "\
# On the Proxmox host, for the virtual machine VMID. The guest takes the whole GPU; to share one between guests,
# use an LXC container (`hwenc doctor --snippet proxmox-lxc`).
{find}#
# 1. The IOMMU: switch on VT-d or AMD-Vi in the firmware, and on Intel tell the kernel (newer kernels need no telling).
#    With GRUB: in /etc/default/grub add `intel_iommu=on iommu=pt` to GRUB_CMDLINE_LINUX_DEFAULT, then
update-grub
#    With systemd-boot: add the same to /etc/kernel/cmdline, then
proxmox-boot-tool refresh
#
# 2. Keep the GPU for guests, by its ids, before the host's driver takes it.
printf '%s\\n' vfio vfio_iommu_type1 vfio_pci >/etc/modules-load.d/vfio.conf
printf '%s\\n' 'options vfio-pci ids={id}' 'softdep {driver} pre: vfio-pci' >/etc/modprobe.d/vfio.conf
update-initramfs -u -k all
reboot
#
# 3. After the restart: groups are there, and `Kernel driver in use: vfio-pci`.
find /sys/kernel/iommu_groups -name '{address}'
lspci -nnk -s {address}
#
# 4. Give it to the guest, and start it.
qm set VMID --machine q35 --hostpci0 {address},pcie=1
qm start VMID
#
# 5. In the guest: install the GPU's driver, and look with `hwenc doctor`.
"
    )
}
