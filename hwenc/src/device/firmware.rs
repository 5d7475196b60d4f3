//! GuC and HuC, the firmware of Intel's GPUs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::hardware::is_pci_address;
use super::roots::Reader;

/// Whether the firmware that low-power encoding needs is in use (i915's `enable_guc`, `gt/uc/huc_info` in debugfs, which only
/// root reads).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Firmware {
    /// The card, such as `card0`; empty for what holds for all.
    pub card: String,
    /// The module's parameter: bit 0 submission by GuC, bit 1 loading of HuC, -1 the driver's choice.
    pub enable_guc: Option<i32>,
    /// GuC's state in the driver's words, such as `RUNNING`.
    pub guc: Option<String>,
    /// HuC's state in the driver's words.
    pub huc: Option<String>,
}

/// What is known of every card. Nothing is looked for unless a driver of Intel's is loaded.
pub(super) fn read(reader: &mut Reader<'_>, modules: &[String]) -> Vec<Firmware> {
    let drivers: Vec<_> = modules.iter().filter(|name| ["i915", "xe"].contains(&name.as_str())).collect();
    if drivers.is_empty() {
        return Vec::new();
    }
    // xe has no such parameter and always uses both (drivers/gpu/drm/xe/xe_module.c).
    let parameter = drivers.iter().find_map(|name| {
        let path = reader.roots.sys.join("module").join(name).join("parameters/enable_guc");
        reader.text(&path)?.parse().ok()
    });
    let mut all: Vec<_> =
        cards(reader).into_iter().filter_map(|(card, path)| of_card(reader, card, path, parameter)).collect();
    if all.is_empty() && parameter.is_some() {
        all.push(Firmware { enable_guc: parameter, ..Firmware::default() });
    }
    all
}

/// The directories of cards in debugfs: by number, and by address where the kernel names them so (since 6.14).
fn cards(reader: &mut Reader<'_>) -> Vec<(String, PathBuf)> {
    let directory = reader.roots.sys.join("kernel/debug/dri");
    let (mut cards, mut seen) = (Vec::new(), Vec::new());
    let names = reader.names(&directory);
    let mut names: Vec<_> = names.iter().filter_map(|name| name.to_str()).collect();
    names.sort_by_key(|name| is_pci_address(name));
    for name in names {
        // Render nodes (from 128) repeat their card.
        let card = match name.parse::<u32>() {
            Ok(number) if number < 64 => format!("card{number}"),
            Err(_) if is_pci_address(name) => name.to_owned(),
            _ => continue,
        };
        let path = directory.join(name);
        let Some(real) = reader.resolve(&path) else { continue };
        if !seen.contains(&real) {
            seen.push(real);
            cards.push((card, path));
        }
    }
    cards
}

/// None for a card of another driver, which has no `gt`.
fn of_card(reader: &mut Reader<'_>, card: String, path: PathBuf, parameter: Option<i32>) -> Option<Firmware> {
    let parts = reader.names(&path);
    let mut parts: Vec<_> = parts.iter().filter_map(|n| n.to_str()).filter(|n| n.starts_with("gt")).collect();
    // Of several, the last is the media engine's, which has the HuC (i915 since Meteor Lake).
    parts.reverse();
    let mut state = |file: &str| {
        let texts = parts.iter().filter_map(|part| reader.text(&path.join(part).join("uc").join(file)));
        let states: Vec<_> = texts.filter_map(|text| state(&text)).collect();
        states.iter().find(|state| !state.contains("not supported")).or(states.first()).cloned()
    };
    let (guc, huc) = (state("guc_info"), state("huc_info"));
    (guc.is_some() || huc.is_some()).then_some(Firmware { card, enable_guc: parameter, guc, huc })
}

/// The value of `status:`; without one the first line says why (`GuC not supported`, `HuC disabled`:
/// drivers/gpu/drm/i915/gt/uc/intel_guc_debugfs.c, intel_uc_fw.c).
fn state(text: &str) -> Option<String> {
    let status = text.lines().find_map(|line| line.trim().strip_prefix("status:"));
    let words = status.or_else(|| text.lines().next())?.trim();
    (!words.is_empty()).then(|| words.to_owned())
}
