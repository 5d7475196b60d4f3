//! The device behind a node, from its directory in sysfs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::roots::Reader;

/// A 16-bit id of the PCI registry; `8086` as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PciId(pub u16);

impl fmt::Display for PciId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl From<PciId> for String {
    fn from(id: PciId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for PciId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.trim();
        u16::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).map(PciId)
    }
}

/// Vendors that hwenc treats by name (PCI ID registry, <https://pci-ids.ucw.cz>).
pub mod vendor {
    use super::PciId;

    /// Intel.
    pub const INTEL: PciId = PciId(0x8086);
    /// AMD, formerly ATI.
    pub const AMD: PciId = PciId(0x1002);
    /// NVIDIA.
    pub const NVIDIA: PciId = PciId(0x10de);
    /// virtio: a virtual machine's device.
    pub const VIRTIO: PciId = PciId(0x1af4);

    pub(super) const NAMES: &[(PciId, &str)] = &[
        (INTEL, "Intel"),
        (AMD, "AMD"),
        (NVIDIA, "NVIDIA"),
        (VIRTIO, "virtio"),
        (PciId(0x0014), "Loongson"),
        (PciId(0x102b), "Matrox"),
        (PciId(0x1414), "Microsoft"),
        (PciId(0x13b5), "Arm"),
        (PciId(0x15ad), "VMware"),
        (PciId(0x17cb), "Qualcomm"),
        (PciId(0x1a03), "ASPEED"),
        (PciId(0x1b36), "Red Hat"),
        (PciId(0x1d0f), "Amazon"),
        (PciId(0x1d17), "Zhaoxin"),
        (PciId(0x1ed5), "Moore Threads"),
        (PciId(0x80ee), "VirtualBox"),
    ];
}

/// The vendors of devices that have no PCI id, by the part before the comma in a device tree's `compatible`.
const TREE_VENDORS: &[(&str, &str)] = &[
    ("allwinner", "Allwinner"),
    ("amlogic", "Amlogic"),
    ("apple", "Apple"),
    ("arm", "Arm"),
    ("brcm", "Broadcom"),
    ("fsl", "NXP"),
    ("img", "Imagination"),
    ("mediatek", "MediaTek"),
    ("nvidia", "NVIDIA"),
    ("nxp", "NXP"),
    ("qcom", "Qualcomm"),
    ("rockchip", "Rockchip"),
    ("samsung", "Samsung"),
    ("st", "STMicroelectronics"),
    ("ti", "Texas Instruments"),
    ("vivante", "Vivante"),
];

/// A device as sysfs describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Hardware {
    /// The bus it sits on: `pci`, `platform`, `virtio`, …
    pub bus: Option<String>,
    /// Its PCI address, such as `0000:00:02.0`; for a virtio device that of the PCI device that carries it.
    pub pci_address: Option<String>,
    /// PCI (or virtio) vendor.
    pub vendor: Option<PciId>,
    /// PCI (or virtio) device.
    pub device: Option<PciId>,
    /// Vendor of the board.
    pub subsystem_vendor: Option<PciId>,
    /// The board.
    pub subsystem_device: Option<PciId>,
    /// Who made it, where that is known here.
    pub vendor_name: Option<String>,
    /// Names in the device tree, the most specific first. Boards without PCI have them.
    pub compatible: Vec<String>,
    /// The kernel driver that has it; none where no driver took it.
    pub driver: Option<String>,
}

impl Hardware {
    /// Reads a device's directory; `None` where there is none.
    pub(super) fn read(reader: &mut Reader<'_>, directory: &Path) -> Option<Self> {
        let directory = reader.resolve(directory)?;
        let event = uevent(reader, &directory);
        let mut id = |name: &str| PciId::try_from(reader.text(&directory.join(name))?).ok();
        let pair = |key: &str| {
            let (a, b) = event.get(key)?.split_once(':')?;
            Some((PciId::try_from(a.to_owned()).ok()?, PciId::try_from(b.to_owned()).ok()?))
        };
        let (ids, board) = (pair("PCI_ID"), pair("PCI_SUBSYS_ID"));
        let vendor = id("vendor").or(ids.map(|i| i.0));
        let device = id("device").or(ids.map(|i| i.1));
        let subsystem_vendor = id("subsystem_vendor").or(board.map(|i| i.0));
        let subsystem_device = id("subsystem_device").or(board.map(|i| i.1));
        let bus = reader.link_name(&directory.join("subsystem"));
        let compatible = compatible(&event);
        Some(Hardware {
            pci_address: pci_address(&directory, bus.as_deref()),
            vendor_name: vendor_name(vendor, &compatible).map(str::to_owned),
            driver: reader.link_name(&directory.join("driver")).or_else(|| event.get("DRIVER").cloned()),
            bus,
            vendor,
            device,
            subsystem_vendor,
            subsystem_device,
            compatible,
        })
    }

    /// A few words for a person: `Intel 8086:56a0`, `Broadcom brcm,2711-v3d`.
    pub fn label(&self) -> String {
        let name = self.vendor_name.as_deref().unwrap_or("unknown vendor");
        match (self.vendor, self.device, self.compatible.first(), &self.driver) {
            (Some(vendor), Some(device), ..) => format!("{name} {vendor}:{device}"),
            (_, _, Some(compatible), _) => format!("{name} {compatible}"),
            (_, _, _, Some(driver)) => format!("{driver} device"),
            _ => name.to_owned(),
        }
    }
}

/// The lines `KEY=VALUE` that the kernel sends with the device's events.
fn uevent(reader: &mut Reader<'_>, directory: &Path) -> BTreeMap<String, String> {
    let text = reader.text(&directory.join("uevent")).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn compatible(event: &BTreeMap<String, String>) -> Vec<String> {
    (0..).map_while(|n| event.get(&format!("OF_COMPATIBLE_{n}")).cloned()).collect()
}

fn vendor_name(vendor: Option<PciId>, compatible: &[String]) -> Option<&'static str> {
    if let Some(vendor) = vendor {
        return vendor::NAMES.iter().find(|(id, _)| *id == vendor).map(|(_, name)| *name);
    }
    let prefix = compatible.first()?.split(',').next()?;
    TREE_VENDORS.iter().find(|(p, _)| *p == prefix).map(|(_, name)| *name)
}

/// The directory's own name is the address; a virtio device's is its parent's.
fn pci_address(directory: &Path, bus: Option<&str>) -> Option<String> {
    let place = if bus == Some("virtio") { directory.parent()? } else { directory };
    let name = place.file_name()?.to_str()?;
    is_pci_address(name).then(|| name.to_owned())
}

/// `DDDD:BB:DD.F`; the domain may have more digits (Intel VMD: `10000:e1:00.0`).
pub(super) fn is_pci_address(name: &str) -> bool {
    let hex = |s: &str, least: usize, most: usize| {
        (least..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let Some((slot, function)) = name.split_once('.') else { return false };
    let mut parts = slot.split(':');
    let fits = |part: Option<&str>, least, most| part.is_some_and(|p| hex(p, least, most));
    hex(function, 1, 1)
        && fits(parts.next(), 4, 8)
        && fits(parts.next(), 2, 2)
        && fits(parts.next(), 2, 2)
        && parts.next().is_none()
}
