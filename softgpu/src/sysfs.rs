//! `/dev/dri` and sysfs of simulated devices, as Linux lays them out (Documentation/ABI/testing/sysfs-bus-pci and what
//! libdrm, libudev and programs read).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use softgpu_core::profile::Pci;
use softgpu_core::setup::Device;

const MAJOR: u32 = 226;
/// PCI ids of a virtio GPU (virtio specification 1.2, 4.1.2 and 5.7.1): the device on virtio's own bus.
const VIRTIO_GPU: (u32, u32) = (0x1af4, 16);

/// Where a device is in sysfs, from `/sys`.
struct Place {
    /// Its directory on PCI.
    pci: PathBuf,
    /// The directory that its nodes belong to: on PCI, or on virtio's bus inside of it.
    parent: PathBuf,
    /// Bus of that one.
    bus: &'static str,
}

impl Place {
    /// The `index`-th device of a run.
    fn of(device: &Device, index: usize) -> Self {
        let bus = device.address.get(..7).unwrap_or("0000:00");
        let pci = Path::new("devices").join(format!("pci{bus}")).join(&device.address);
        if device.profile.drm.driver == "virtio_gpu" {
            // A number that no device of the host has.
            let parent = pci.join(format!("virtio{}", 100 + index));
            Place { pci, parent, bus: "virtio" }
        } else {
            Place { parent: pci.clone(), pci, bus: "pci" }
        }
    }
}

fn minor(name: &str) -> Option<u32> {
    name.strip_prefix("renderD").or_else(|| name.strip_prefix("card"))?.parse().ok()
}

fn nodes(device: &Device) -> impl Iterator<Item = &String> {
    [&device.card, &device.render].into_iter().flatten()
}

/// The paths that are shown in place of the real ones.
pub(crate) fn paths(devices: &[Device]) -> Vec<String> {
    let mut paths: BTreeSet<String> =
        ["/dev/dri", "/sys/dev/char/226:*", "/run/udev/data/c226:*"].map(str::to_owned).into();
    let trees = trees(devices);
    paths.extend(lists(&trees).map(|list| format!("=/sys/{}", list.display())));
    paths.extend(trees.iter().map(|tree| format!("/sys/{}", tree.display())));
    paths.extend(devices.iter().map(|device| format!("/sys/module/{}", device.profile.drm.driver)));
    paths.into_iter().collect()
}

/// Directories of sysfs that are shown whole, from `/sys`.
fn trees(devices: &[Device]) -> BTreeSet<PathBuf> {
    let mut trees: BTreeSet<PathBuf> = ["class/drm".into()].into();
    for (index, device) in devices.iter().enumerate() {
        let place = Place::of(device, index);
        let driver = &device.profile.drm.driver;
        trees.insert(format!("bus/pci/devices/{}", device.address).into());
        trees.insert(format!("bus/{}/drivers/{driver}", place.bus).into());
        if let (false, Some(name)) = (place.parent == place.pci, place.parent.file_name()) {
            trees.insert(Path::new("bus").join(place.bus).join("devices").join(name));
        }
        trees.insert(place.pci);
    }
    trees
}

/// Directories on the way to them, whose lists name ours beside what is there: without a GPU some do not exist at all.
fn lists(trees: &BTreeSet<PathBuf>) -> impl Iterator<Item = PathBuf> + '_ {
    let ancestors = trees.iter().flat_map(|tree| tree.ancestors().skip(1));
    let real = ["bus/pci/devices".as_ref()];
    let all: BTreeSet<&Path> = ancestors.chain(real).filter(|path| !path.as_os_str().is_empty()).collect();
    all.into_iter().map(Path::to_owned)
}

/// Writes all of it under the run's directory.
pub(crate) fn write(dir: &Path, devices: &[Device], directory: bool) -> Result<()> {
    let tree = Tree { dev: dir.join("dev/dri"), sys: dir.join("sys"), udev: dir.join("run/udev/data") };
    for dir in [tree.sys.join("class/drm"), tree.sys.join("dev/char"), tree.udev.clone()] {
        fs::create_dir_all(dir)?;
    }
    fs::write(tree.sys.join("class/drm/version"), "drm 1.1.0 20060810\n")?;
    if directory {
        fs::create_dir_all(&tree.dev)?;
    }
    for (index, device) in devices.iter().enumerate() {
        tree.device(device, &Place::of(device, index))
            .with_context(|| format!("device {}", device.profile.name))?;
    }
    for list in lists(&trees(devices)) {
        let ours = tree.sys.join(&list);
        fs::create_dir_all(&ours)?;
        link_others(&Path::new("/sys").join(list), &ours)?;
    }
    Ok(())
}

/// Links to what a real directory holds, except what is in ours already, and except real GPUs.
fn link_others(real: &Path, ours: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(real) else { return Ok(()) };
    for entry in entries {
        let name = entry?.file_name();
        let (path, link) = (real.join(&name), ours.join(&name));
        let gpu = || fs::read_to_string(path.join("class")).is_ok_and(|class| class.starts_with("0x03"));
        if link.symlink_metadata().is_err() && !gpu() {
            symlink(&path, link)?;
        }
    }
    Ok(())
}

struct Tree {
    dev: PathBuf,
    sys: PathBuf,
    udev: PathBuf,
}

impl Tree {
    fn device(&self, device: &Device, place: &Place) -> Result<()> {
        let driver = &device.profile.drm.driver;
        let pci = self.sys.join(&place.pci);
        fs::create_dir_all(&pci)?;
        let ids = device.profile.drm.pci.unwrap_or(Pci {
            vendor: 0,
            device: 0,
            subsystem_vendor: 0,
            subsystem_device: 0,
            class: 0x03_8000,
            revision: 0,
        });
        let carrier = if place.bus == "pci" { driver } else { "virtio-pci" };
        attributes(
            &pci,
            &[
                ("vendor", format!("{:#06x}", ids.vendor)),
                ("device", format!("{:#06x}", ids.device)),
                ("subsystem_vendor", format!("{:#06x}", ids.subsystem_vendor)),
                ("subsystem_device", format!("{:#06x}", ids.subsystem_device)),
                ("class", format!("{:#08x}", ids.class)),
                ("revision", format!("{:#04x}", ids.revision)),
                ("enable", "1".to_owned()),
                ("numa_node", "-1".to_owned()),
                ("uevent", pci_event(&ids, carrier, &device.address)),
            ],
        )?;
        self.bus(&place.pci, "pci", carrier)?;
        if place.bus == "virtio" {
            let (vendor, number) = VIRTIO_GPU;
            let parent = self.sys.join(&place.parent);
            fs::create_dir(&parent)?;
            attributes(
                &parent,
                &[
                    ("vendor", format!("{vendor:#06x}")),
                    ("device", format!("{number:#06x}")),
                    ("uevent", format!("DRIVER={driver}\nMODALIAS=virtio:d{number:08X}v{vendor:08X}")),
                ],
            )?;
            self.bus(&place.parent, "virtio", driver)?;
        }
        fs::create_dir_all(self.sys.join(format!("module/{driver}/parameters")))?;
        for name in nodes(device) {
            self.node(device, place, name)?;
        }
        Ok(())
    }

    /// A device's links to and from its bus and driver.
    fn bus(&self, place: &Path, bus: &str, driver: &str) -> Result<()> {
        let (devices, driver) = (format!("bus/{bus}/devices"), format!("bus/{bus}/drivers/{driver}"));
        fs::create_dir_all(self.sys.join(&devices))?;
        fs::create_dir_all(self.sys.join(&driver))?;
        self.link(&place.join("subsystem"), Path::new(&format!("bus/{bus}")))?;
        self.link(&place.join("driver"), Path::new(&driver))?;
        let name = place.file_name().context("a device without a name")?;
        self.link(&Path::new(&devices).join(name), place)
    }

    fn node(&self, device: &Device, place: &Place, name: &str) -> Result<()> {
        let Some(minor) = minor(name) else { return Ok(()) };
        let path = place.parent.join("drm").join(name);
        fs::create_dir_all(self.sys.join(&path))?;
        attributes(
            &self.sys.join(&path),
            &[
                ("dev", format!("{MAJOR}:{minor}")),
                ("uevent", format!("MAJOR={MAJOR}\nMINOR={minor}\nDEVNAME=dri/{name}\nDEVTYPE=drm_minor")),
            ],
        )?;
        self.link(&path.join("device"), &place.parent)?;
        self.link(&path.join("subsystem"), Path::new("class/drm"))?;
        self.link(&Path::new("class/drm").join(name), &path)?;
        self.link(&Path::new("dev/char").join(format!("{MAJOR}:{minor}")), &path)?;

        fs::create_dir_all(self.dev.join("by-path"))?;
        let node = self.dev.join(name);
        fs::write(&node, "")?;
        // The shim knows nodes by this mode; it asks for the permissions of the device itself.
        fs::set_permissions(&node, fs::Permissions::from_mode(0o1666))?;
        let (kind, id) =
            if device.render.as_deref() == Some(name) { ("render", "render") } else { ("card", "card") };
        let by_path = format!("pci-{}-{kind}", device.address);
        symlink(format!("../{name}"), self.dev.join("by-path").join(&by_path))?;
        let mut entry = String::new();
        // The format of udev's database: a link, when it was initialised, properties (systemd, src/libsystemd/sd-device).
        write!(
            entry,
            "S:dri/by-path/{by_path}\nI:1\nE:ID_PATH=pci-{}\nE:ID_FOR_SEAT=drm-{id}\nV:1\n",
            device.address
        )?;
        Ok(fs::write(self.udev.join(format!("c{MAJOR}:{minor}")), entry)?)
    }

    /// A relative link, as sysfs has them; both ends from `/sys`.
    fn link(&self, from: &Path, to: &Path) -> Result<()> {
        let up = from.components().count() - 1;
        let target: PathBuf = std::iter::repeat_n(Path::new(".."), up).chain([to]).collect();
        Ok(symlink(target, self.sys.join(from))?)
    }
}

fn attributes(dir: &Path, values: &[(&str, String)]) -> Result<()> {
    for (name, value) in values {
        fs::write(dir.join(name), format!("{value}\n"))?;
    }
    Ok(())
}

/// What the kernel tells of a PCI device (drivers/pci/pci-driver.c, pci_uevent).
fn pci_event(ids: &Pci, driver: &str, address: &str) -> String {
    let class = ids.class;
    format!(
        "DRIVER={driver}\nPCI_CLASS={class:X}\nPCI_ID={:04X}:{:04X}\nPCI_SUBSYS_ID={:04X}:{:04X}\nPCI_SLOT_NAME={address}\n\
         MODALIAS=pci:v{:08X}d{:08X}sv{:08X}sd{:08X}bc{:02X}sc{:02X}i{:02X}",
        ids.vendor,
        ids.device,
        ids.subsystem_vendor,
        ids.subsystem_device,
        ids.vendor,
        ids.device,
        ids.subsystem_vendor,
        ids.subsystem_device,
        class >> 16,
        class >> 8 & 0xff,
        class & 0xff,
    )
}
