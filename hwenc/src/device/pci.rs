//! Display controllers on PCI: a GPU that no driver took shows here and nowhere else.

use serde::{Deserialize, Serialize};

use super::hardware::{Hardware, is_pci_address};
use super::roots::Reader;

/// The base class of display controllers (PCI Code and ID Assignment Specification).
const DISPLAY: u32 = 0x03;

/// A display controller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Display {
    /// Its PCI address.
    pub address: String,
    /// Class, subclass and interface, six hexadecimal digits: `030000` VGA, `030200` 3D, `038000` other.
    pub class: String,
    /// What it is, and the driver that has it.
    pub hardware: Hardware,
    /// Its DRM nodes by the kernel's names.
    pub drm: Vec<String>,
}

/// Every display controller, by address.
pub(super) fn displays(reader: &mut Reader<'_>) -> Vec<Display> {
    let directory = reader.roots.sys.join("bus/pci/devices");
    let mut displays = Vec::new();
    for name in reader.names(&directory) {
        let Some(address) = name.to_str().filter(|name| is_pci_address(name)) else { continue };
        let path = directory.join(address);
        let text = reader.text(&path.join("class")).unwrap_or_default();
        let Ok(class) = u32::from_str_radix(text.trim_start_matches("0x"), 16) else { continue };
        if class >> 16 != DISPLAY {
            continue;
        }
        let Some(hardware) = Hardware::read(reader, &path) else { continue };
        let drm = reader.names(&path.join("drm"));
        displays.push(Display {
            address: address.to_owned(),
            class: format!("{class:06x}"),
            hardware,
            drm: drm.iter().map(|name| name.to_string_lossy().into_owned()).collect(),
        });
    }
    displays
}
