//! Machines built under a temporary directory, with links as in a real sysfs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::SFlag;
use nix::unistd::{Gid, Uid, setfsgid, setfsuid};

use super::*;

mod access;
mod container;
mod drivers;
mod system;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Tree(tempfile::tempdir().unwrap());
        // Another user has to get in, see `refused_by_the_kernel`.
        fs::set_permissions(tree.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        fs::write(self.path(path), text).unwrap();
        self
    }

    fn directory(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        symlink(target, self.path(path)).unwrap();
        self
    }

    fn node(&self, name: &str, mode: u32) -> &Self {
        self.file(&format!("dev/{name}"), "");
        fs::set_permissions(self.path(&format!("dev/{name}")), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// A PCI device as sysfs has it: the directory, its bus, its driver, and its place in the bus's list.
    fn pci(&self, address: &str, class: &str, ids: [&str; 4], driver: Option<&str>) -> &Self {
        let device = format!("sys/devices/pci0000:00/{address}");
        for (name, value) in ["vendor", "device", "subsystem_vendor", "subsystem_device"].iter().zip(ids) {
            self.file(&format!("{device}/{name}"), &format!("0x{value}\n"));
        }
        self.file(&format!("{device}/class"), &format!("0x{class}\n"));
        self.directory("sys/bus/pci/drivers");
        self.link(&format!("{device}/subsystem"), "../../../bus/pci");
        let mut event = format!("PCI_CLASS={class}\nPCI_ID={}:{}\nPCI_SLOT_NAME={address}\n", ids[0], ids[1]);
        if let Some(driver) = driver {
            self.directory(&format!("sys/bus/pci/drivers/{driver}"));
            self.link(&format!("{device}/driver"), &format!("../../../bus/pci/drivers/{driver}"));
            event = format!("DRIVER={driver}\n{event}");
        }
        self.file(&format!("{device}/uevent"), &event);
        self.link(
            &format!("sys/bus/pci/devices/{address}"),
            &format!("../../../devices/pci0000:00/{address}"),
        );
        self
    }

    /// Card and render node of a device, `device` being its path under `sys/devices`.
    fn drm(&self, device: &str, card: u32, minor: u32) -> &Self {
        for (name, number) in [(format!("card{card}"), card), (format!("renderD{minor}"), minor)] {
            let place = format!("sys/devices/{device}/drm/{name}");
            self.file(&format!("{place}/dev"), &format!("226:{number}\n"));
            self.link(&format!("{place}/device"), "../..");
            self.link(&format!("sys/class/drm/{name}"), &format!("../../devices/{device}/drm/{name}"));
        }
        self
    }

    fn roots(&self) -> Roots {
        Roots::under(self.0.path())
    }

    fn read(&self) -> Inventory {
        Inventory::read(&self.roots())
    }
}

const INTEL: [&str; 4] = ["8086", "56a0", "1849", "6001"];
const AMD: [&str; 4] = ["1002", "744c", "1da2", "e471"];
const NVIDIA: [&str; 4] = ["10de", "1eb8", "10de", "12a2"];
const BMC: [&str; 4] = ["1a03", "2000", "15d9", "1b95"];

/// An Intel and an AMD card, both with nodes.
fn two_gpus() -> Tree {
    let tree = Tree::new();
    tree.pci("0000:03:00.0", "030000", INTEL, Some("i915"))
        .drm("pci0000:00/0000:03:00.0", 1, 128)
        .pci("0000:0b:00.0", "030000", AMD, Some("amdgpu"))
        .drm("pci0000:00/0000:0b:00.0", 0, 129)
        .pci("0000:00:1f.0", "060100", ["8086", "7a04", "1849", "7a04"], None)
        .node("dri/card0", 0o660)
        .node("dri/card1", 0o660)
        .node("dri/renderD128", 0o660)
        .node("dri/renderD129", 0o666)
        .link("dev/dri/by-path/pci-0000:03:00.0-render", "../renderD128");
    tree
}

#[test]
fn a_gpu_is_described_whole() {
    let tree = two_gpus();
    let inventory = tree.read();
    assert_eq!(inventory.drm.directory, Directory::Present);
    assert_eq!(inventory.drm.entries, ["by-path", "card0", "card1", "renderD128", "renderD129"]);
    let [intel, amd] = &inventory.drm.render_nodes[..] else { panic!("{:?}", inventory.drm.render_nodes) };
    assert_eq!((intel.name.as_str(), intel.minor, intel.card.as_deref()), ("renderD128", 128, Some("card1")));
    assert_eq!(intel.path, tree.0.path().join("dev/dri/renderD128"));
    assert_eq!(
        intel.hardware.as_ref().unwrap(),
        &Hardware {
            bus: Some("pci".into()),
            pci_address: Some("0000:03:00.0".into()),
            vendor: Some(vendor::INTEL),
            device: Some(PciId(0x56a0)),
            subsystem_vendor: Some(PciId(0x1849)),
            subsystem_device: Some(PciId(0x6001)),
            vendor_name: Some("Intel".into()),
            compatible: vec![],
            driver: Some("i915".into()),
        }
    );
    let file = intel.file.as_ref().unwrap();
    assert_eq!((file.mode.to_string().as_str(), file.number), ("0660", None));
    assert_eq!((file.uid, file.gid), (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()));
    assert!(intel.can_open());
    let hardware = amd.hardware.as_ref().unwrap();
    assert_eq!((hardware.driver.as_deref(), amd.card.as_deref()), (Some("amdgpu"), Some("card0")));
    assert_eq!(hardware.label(), "AMD 1002:744c");
    assert!(inventory.has_vendor(vendor::AMD) && !inventory.has_vendor(vendor::NVIDIA));
    assert_eq!(inventory.hardware().count(), 2, "a device with a node counts once");
    assert_eq!(inventory.unread, []);
}

#[test]
fn missing_empty_and_unlistable_differ() {
    let tree = Tree::new();
    tree.directory("dev");
    assert_eq!(tree.read().drm.directory, Directory::Missing);
    tree.directory("dev/dri");
    assert_eq!(tree.read().drm.directory, Directory::Empty);
    tree.directory("dev/dri/by-path");
    assert_eq!(tree.read().drm.directory, Directory::Present);

    let other = Tree::new();
    other.file("dev/dri", "not a directory");
    assert_eq!(other.read().drm.directory, Directory::Unreadable(OsError::new(nix::libc::ENOTDIR)));
}

#[test]
fn a_machine_without_anything_reads_as_nothing() {
    let inventory = Inventory::read(&Roots::under("/nonexistent/hwenc"));
    assert_eq!(inventory.drm, Drm::default());
    assert_eq!(inventory.nvidia, Nvidia::default());
    assert!(!inventory.nvidia.is_present());
    assert!(inventory.video.is_empty() && inventory.displays.is_empty() && inventory.unread.is_empty());
    assert!(!inventory.container.is_likely());
}

#[test]
fn any_number_with_gaps_and_in_order() {
    let tree = Tree::new();
    for minor in [191, 129, 1000, 135] {
        tree.node(&format!("dri/renderD{minor}"), 0o666);
    }
    let minors: Vec<_> = tree.read().drm.render_nodes.iter().map(|node| node.minor).collect();
    assert_eq!(minors, [129, 135, 191, 1000]);
}

#[test]
fn a_container_sees_one_node_of_two() {
    let tree = two_gpus();
    fs::remove_file(tree.path("dev/dri/renderD128")).unwrap();
    let nodes = tree.read().drm.render_nodes;
    assert_eq!(nodes.len(), 2);
    assert_eq!((nodes[0].file.as_ref(), nodes[0].can_open()), (None, false));
    assert_eq!(nodes[0].hardware.as_ref().unwrap().vendor, Some(vendor::INTEL));
    assert!(nodes[1].can_open());
}

#[test]
fn a_node_unknown_to_sysfs_is_listed() {
    let tree = Tree::new();
    tree.node("dri/renderD128", 0o666);
    let nodes = tree.read().drm.render_nodes;
    assert_eq!((nodes.len(), nodes[0].hardware.as_ref(), nodes[0].can_open()), (1, None, true));
}

#[test]
fn a_renamed_node_is_known_by_its_number() {
    let tree = two_gpus();
    // docker run --device /dev/dri/renderD129:/dev/dri/renderD128, and one under a name of its own
    for name in ["card0", "card1", "renderD129"] {
        fs::remove_file(tree.path(&format!("dev/dri/{name}"))).unwrap();
    }
    tree.node("dri/gpu", 0o666).link("dev/dri/alias", "gpu");
    let mut roots = tree.roots();
    roots.number = |path, status| match path.file_name()?.to_str()? {
        "renderD128" => Some((226, 129)),
        "gpu" | "alias" if roots::kind(status) == SFlag::S_IFREG => Some((226, 128)),
        _ => None,
    };
    let nodes = Inventory::read(&roots).drm.render_nodes;
    let told: Vec<_> = nodes
        .iter()
        .map(|node| (node.name.as_str(), node.minor, node.hardware.as_ref().unwrap().vendor.unwrap()))
        .collect();
    assert_eq!(told, [("gpu", 128, vendor::INTEL), ("renderD128", 129, vendor::AMD)]);
}

#[test]
fn names_that_are_no_node_are_passed_over() {
    let tree = Tree::new();
    for name in
        ["renderD", "renderD12x", "renderD-1", "renderD+1", "renderD 128", "renderD99999999999", "card0"]
    {
        tree.node(&format!("dri/{name}"), 0o666);
    }
    fs::write(tree.path("dev/dri").join(OsStr::from_bytes(b"renderD128\xff")), "").unwrap();
    let inventory = tree.read();
    assert_eq!(inventory.drm.render_nodes, []);
    assert_eq!(inventory.drm.directory, Directory::Present);
    assert_eq!(inventory.drm.entries.len(), 8);
    serde_json::to_string(&inventory).unwrap();
}

#[test]
fn a_node_that_leads_nowhere_says_so() {
    let tree = Tree::new();
    tree.link("dev/dri/renderD128", "../gone");
    // A socket refuses to be opened as a node without a driver does: ENXIO.
    let _listener = UnixListener::bind(tree.path("dev/dri/renderD129")).unwrap();
    tree.directory("dev/dri/renderD130");
    let nodes = tree.read().drm.render_nodes;
    let told: Vec<_> =
        nodes.iter().map(|n| n.file.as_ref().unwrap().refused().unwrap().name.as_str()).collect();
    assert_eq!(told, ["ENOENT", "ENXIO", "EISDIR"]);
}

#[test]
fn a_pipe_in_a_nodes_place_does_not_block() {
    let tree = Tree::new();
    nix::unistd::mkfifo(&tree.path("dev/dri/renderD128"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(tree.read().drm.render_nodes.len(), 1);
}

/// Reads as a user who owns nothing. For root the file-system ids of one thread change, which drops its right
/// to pass over modes; anyone else is refused by a mode of 0 all the same.
fn as_nobody(roots: Roots) -> Inventory {
    let read = move || {
        setfsgid(Gid::from_raw(65534));
        setfsuid(Uid::from_raw(65534));
        Inventory::read(&roots)
    };
    std::thread::spawn(read).join().unwrap()
}

#[test]
fn refused_by_the_kernel() {
    let tree = two_gpus();
    tree.node("dri/renderD128", 0o000).node("nvidia0", 0o000).node("video0", 0o000);
    let inventory = as_nobody(tree.roots());
    let [closed, open] = &inventory.drm.render_nodes[..] else { panic!("{:?}", inventory.drm.render_nodes) };
    let refused = closed.file.as_ref().unwrap().refused().expect("mode 0 was opened");
    assert_eq!((refused.errno, refused.name.as_str()), (nix::libc::EACCES, "EACCES"));
    assert_eq!(refused.to_string(), "EACCES (Permission denied)");
    assert!(open.can_open(), "mode 0666 was refused: the temporary directory shuts others out");
    assert!(!inventory.nvidia.nodes[0].file.can_open());
    assert!(!inventory.video[0].file.can_open());
    assert_eq!(inventory.usable_render_nodes().count(), 1);
}

#[test]
fn what_cannot_be_read_is_recorded() {
    let tree = two_gpus();
    let vendor = tree.path("sys/devices/pci0000:00/0000:03:00.0/vendor");
    fs::set_permissions(&vendor, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(tree.path("dev/dri"), fs::Permissions::from_mode(0o000)).unwrap();
    let inventory = as_nobody(tree.roots());
    fs::set_permissions(tree.path("dev/dri"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(inventory.drm.directory, Directory::Unreadable(OsError::new(nix::libc::EACCES)));
    // The kernel's list still tells what there is, and the id comes from the other file that has it.
    assert_eq!(inventory.drm.render_nodes[0].hardware.as_ref().unwrap().vendor, Some(vendor::INTEL));
    let unread: Vec<_> = inventory.unread.iter().map(|unread| unread.path.as_path()).collect();
    assert_eq!(unread, [vendor.canonicalize().unwrap()]);
    assert_eq!(inventory.unread[0].error.name, "EACCES");
}

#[test]
fn owners_are_named_from_the_trees_own_files() {
    let tree = two_gpus();
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    tree.file("etc/passwd", &format!("broken\nalice:x:{uid}:{gid}::/:/bin/sh\n"));
    tree.file("etc/group", &format!(":::\nrender:x:{gid}:alice\nvideo:x:44:\n"));
    let inventory = tree.read();
    let file = inventory.drm.render_nodes[0].file.as_ref().unwrap();
    assert_eq!((file.owner.as_deref(), file.group.as_deref()), (Some("alice"), Some("render")));
    assert_eq!(inventory.groups, [Group::new("render", gid.as_raw()), Group::new("video", 44)]);
}

#[test]
fn a_board_without_pci_is_told_by_its_device_tree() {
    let tree = Tree::new();
    let device = "platform/v3dbus/fec04000.v3d";
    tree.drm(device, 0, 128)
        .file(
            &format!("sys/devices/{device}/uevent"),
            "DRIVER=v3d\nOF_NAME=gpu\nOF_COMPATIBLE_0=brcm,2711-v3d\nOF_COMPATIBLE_1=brcm,7268-v3d\nOF_COMPATIBLE_N=2\n",
        )
        .directory("sys/bus/platform/drivers/v3d")
        .link(&format!("sys/devices/{device}/subsystem"), "../../../../bus/platform")
        .link(&format!("sys/devices/{device}/driver"), "../../../../bus/platform/drivers/v3d")
        .node("dri/renderD128", 0o666);
    let inventory = tree.read();
    let hardware = inventory.drm.render_nodes[0].hardware.clone().unwrap();
    assert_eq!(hardware.compatible, ["brcm,2711-v3d", "brcm,7268-v3d"]);
    assert_eq!(hardware.label(), "Broadcom brcm,2711-v3d");
    assert_eq!((hardware.bus.as_deref(), hardware.driver.as_deref()), (Some("platform"), Some("v3d")));
    assert_eq!((hardware.vendor, hardware.pci_address), (None, None));
}

#[test]
fn a_virtio_gpu_has_the_address_of_its_carrier() {
    let tree = Tree::new();
    let device = "pci0000:00/0000:00:01.0/virtio0";
    tree.pci("0000:00:01.0", "030000", ["1af4", "1050", "1af4", "1100"], Some("virtio-pci"))
        .drm(device, 0, 128)
        .file(&format!("sys/devices/{device}/vendor"), "0x1af4\n")
        .file(&format!("sys/devices/{device}/device"), "0x0010\n")
        .directory("sys/bus/virtio/drivers/virtio_gpu")
        .link(&format!("sys/devices/{device}/subsystem"), "../../../../bus/virtio")
        .link(&format!("sys/devices/{device}/driver"), "../../../../bus/virtio/drivers/virtio_gpu")
        .node("dri/renderD128", 0o666);
    let inventory = tree.read();
    let hardware = inventory.drm.render_nodes[0].hardware.as_ref().unwrap();
    assert_eq!(hardware.pci_address.as_deref(), Some("0000:00:01.0"));
    assert_eq!((hardware.bus.as_deref(), hardware.driver.as_deref()), (Some("virtio"), Some("virtio_gpu")));
    assert_eq!(hardware.vendor, Some(vendor::VIRTIO));
    assert_eq!(inventory.hardware().count(), 1, "the carrier is the same device");
}

#[test]
fn displays_are_listed_with_and_without_a_driver() {
    let tree = Tree::new();
    tree.pci("0000:03:00.0", "030000", INTEL, None)
        .pci("0000:06:00.0", "030000", BMC, Some("ast"))
        .pci("10000:e1:00.0", "030200", NVIDIA, Some("vfio-pci"))
        .pci("0000:00:1f.3", "040300", ["8086", "7a50", "1849", "7a50"], Some("snd_hda_intel"))
        .file("sys/bus/pci/devices/nonsense/class", "0x030000\n")
        .file("sys/bus/pci/devices/0000:ff:00.0/class", "soon\n");
    let told: Vec<_> = tree
        .read()
        .displays
        .iter()
        .map(|d| {
            format!("{} {} {} {:?}", d.address, d.class, d.hardware.label(), d.hardware.driver.as_deref())
        })
        .collect();
    assert_eq!(
        told,
        [
            "0000:03:00.0 030000 Intel 8086:56a0 None",
            "0000:06:00.0 030000 ASPEED 1a03:2000 Some(\"ast\")",
            "10000:e1:00.0 030200 NVIDIA 10de:1eb8 Some(\"vfio-pci\")",
        ]
    );
}

#[test]
fn nvidia_without_drm_is_listed() {
    let tree = Tree::new();
    tree.pci("0000:00:04.0", "030200", NVIDIA, Some("nvidia"))
        .file(
            "proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version:  gcc 12\n",
        )
        .file(
            "proc/driver/nvidia/gpus/0000:00:04.0/information",
            "Model: \t\t Tesla T4\nIRQ:   \t\t 10\nBus Location: \t 0000:00:04.0\nDevice Minor: \t 0\n",
        )
        .directory("proc/driver/nvidia/gpus/0000:00:05.0")
        .node("nvidia10", 0o666)
        .node("nvidia2", 0o666)
        .node("nvidiactl", 0o666)
        .node("nvidia-modeset", 0o666)
        .directory("dev/nvidia-caps");
    let inventory = tree.read();
    assert_eq!(inventory.drm.directory, Directory::Missing);
    let nvidia = &inventory.nvidia;
    assert!(nvidia.is_present());
    assert_eq!(nvidia.driver_version.as_deref(), Some("535.183.01"));
    assert!(
        nvidia.version_text.as_deref().unwrap().starts_with("NVRM")
            && !nvidia.version_text.as_deref().unwrap().contains("GCC")
    );
    assert_eq!(
        nvidia.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(),
        ["nvidia2", "nvidia10"]
    );
    assert!(nvidia.control.as_ref().unwrap().file.can_open());
    assert_eq!(nvidia.uvm, None);
    let [known, silent] = &nvidia.gpus[..] else { panic!("{:?}", nvidia.gpus) };
    assert_eq!(
        (known.pci_address.as_str(), known.model.as_deref(), known.minor),
        ("0000:00:04.0", Some("Tesla T4"), Some(0))
    );
    assert_eq!(
        (silent.pci_address.as_str(), silent.model.as_deref(), silent.minor),
        ("0000:00:05.0", None, None)
    );
    assert!(inventory.has_vendor(vendor::NVIDIA));
}

#[test]
fn video_nodes_have_their_labels() {
    let tree = Tree::new();
    tree.node("video11", 0o660)
        .node("video0", 0o660)
        .node("vide0", 0o660)
        .file("sys/devices/platform/codec/video4linux/video11/name", "bcm2835-codec-encode\n")
        .link("sys/class/video4linux/video11", "../../devices/platform/codec/video4linux/video11")
        .link("sys/devices/platform/codec/video4linux/video11/device", "../..")
        .directory("sys/bus/platform/drivers/bcm2835-codec")
        .link("sys/devices/platform/codec/driver", "../../../bus/platform/drivers/bcm2835-codec");
    let video = tree.read().video;
    assert_eq!(video.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["video0", "video11"]);
    assert_eq!(video[0].label, None);
    assert_eq!(video[1].label.as_deref(), Some("bcm2835-codec-encode"));
    assert_eq!(video[1].driver.as_deref(), Some("bcm2835-codec"));
    assert!(video[1].file.can_open());
}

#[test]
fn the_process_is_this_one() {
    let process = Inventory::read(&Roots::system()).process;
    assert_eq!((process.uid, process.gid), (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw()));
    assert!(process.in_group(nix::unistd::getegid().as_raw()));
    assert!(!process.in_group(u32::MAX));
    assert!(process.groups.is_sorted());
}

#[test]
fn an_inventory_survives_json() {
    let tree = two_gpus();
    tree.node("dri/renderD128", 0o000).node("nvidiactl", 0o666).node("video0", 0o666);
    let inventory = as_nobody(tree.roots());
    let text = serde_json::to_string(&inventory).unwrap();
    assert!(text.contains(r#""vendor":"8086""#) && text.contains(r#""mode":"0000""#), "{text}");
    assert!(text.contains(r#""access":{"state":"refused","errno":13,"name":"EACCES"}"#), "{text}");
    assert_eq!(serde_json::from_str::<Inventory>(&text).unwrap(), inventory);
    assert_eq!(serde_json::from_str::<Inventory>("{}").unwrap(), Inventory::default(), "of an older version");
}

#[test]
fn this_machine_is_read_without_error() {
    let inventory = Inventory::read(&Roots::system());
    let exists = Path::new("/dev/dri").exists();
    assert_eq!(inventory.drm.directory != Directory::Missing, exists);
}
