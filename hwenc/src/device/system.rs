//! The system around the devices: processor, kernel, distribution, and variables that choose drivers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::roots::Reader;

/// The system around the devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct System {
    /// The first processor's name.
    pub cpu: Option<String>,
    /// Whether this is a virtual machine, by the processor's `hypervisor` flag, which only x86 has.
    pub virtual_machine: bool,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// What the machine runs in, by its firmware's words: `KVM`, `VMware`, `Xen`, …; none where nothing speaks for one.
    pub hypervisor: Option<String>,
    /// IOMMU groups of the kernel (`/sys/kernel/iommu_groups`); 0 where the IOMMU is off, none where nobody can tell.
    pub iommu_groups: Option<u32>,
    /// Those of the kernel's parameters that have to do with GPUs: `intel_iommu=on`, `i915.enable_guc=2`, …
    pub kernel_parameters: Vec<String>,
    /// Kernel modules for GPUs that are loaded, such as `i915`, `xe`, `amdgpu`, `nvidia`, `vfio_pci`.
    pub modules: Vec<String>,
    /// Firmware of Intel's GPUs, by PCI address or card.
    pub firmware: Vec<Firmware>,
    /// VA-API drivers that are installed, where libva looks for them, in its order.
    pub va_drivers: Vec<DriverFile>,
    /// Whether the kernel was started with `nomodeset`.
    pub nomodeset: bool,
    /// `ID` and then `ID_LIKE` of os-release, such as `["ubuntu", "debian"]`.
    pub distributions: Vec<String>,
    /// The environment variables of this process that choose drivers or devices, where they are set.
    pub variables: BTreeMap<String, String>,
}

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

/// A VA-API driver as a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct DriverFile {
    /// Its name, such as `iHD` of `iHD_drv_video.so`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

const VARIABLES: &[&str] = &[
    "CUDA_VISIBLE_DEVICES",
    "LIBVA_DRIVERS_PATH",
    "LIBVA_DRIVER_NAME",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
];

impl System {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let roots = reader.roots;
        let cpu = reader.text(&roots.proc.join("cpuinfo")).unwrap_or_default();
        let field = |key: &str| {
            let mut pairs = cpu.lines().filter_map(|line| line.split_once(':'));
            pairs.find(|(k, _)| k.trim() == key).map(|(_, value)| value.trim().to_owned())
        };
        let command_line = reader.text(&roots.proc.join("cmdline")).unwrap_or_default();
        let variable = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        System {
            cpu: field("model name"),
            virtual_machine: field("flags").is_some_and(|f| f.split_whitespace().any(|f| f == "hypervisor")),
            kernel: reader.text(&roots.proc.join("sys/kernel/osrelease")),
            hypervisor: None,
            iommu_groups: None,
            kernel_parameters: Vec::new(),
            modules: Vec::new(),
            firmware: Vec::new(),
            va_drivers: Vec::new(),
            nomodeset: command_line.split_whitespace().any(|word| word == "nomodeset"),
            distributions: distributions(&reader.text(&roots.etc.join("os-release")).unwrap_or_default()),
            variables: VARIABLES.iter().filter_map(variable).collect(),
        }
    }
}

fn distributions(release: &str) -> Vec<String> {
    let value = |key: &str| {
        let mut pairs = release.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(k, _)| *k == key).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let lists = ["ID", "ID_LIKE"].iter().filter_map(|key| value(key));
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
