//! The system around the devices: processor, kernel, distribution, and variables that choose drivers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::drivers::{self, DriverFile, Paths};
use super::firmware::{self, Firmware};
use super::roots::Reader;
use super::{hypervisor, kernel};

/// The system around the devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct System {
    /// The first processor's name.
    pub cpu: Option<String>,
    /// Whether this is a virtual machine, by the processor's `hypervisor` flag, which only x86 has, or by a hypervisor's name.
    pub virtual_machine: bool,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// What the machine runs in, by the words of its firmware or kernel: `QEMU/KVM`, `VMware`, `Hyper-V`, `Xen`, …; none where
    /// nothing names one, which a virtual machine may be all the same.
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

/// Read by libva, Mesa, the loaders of Vulkan (`VK_*`) and oneVPL (`MFX_*`, `ONEVPL_*`, `INTEL_*`), CUDA, NVIDIA's container
/// runtime, and its VA-API driver (`NVD_*`).
const VARIABLES: &[&str] = &[
    "AMD_DEBUG",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "DRI_PRIME",
    "INTEL_MEDIA_RUNTIME",
    "LIBVA_DRIVERS_PATH",
    "LIBVA_DRIVER_NAME",
    "LIBVA_MESSAGING_LEVEL",
    "MESA_LOADER_DRIVER_OVERRIDE",
    "MESA_VK_DEVICE_SELECT",
    "MFX_HOME",
    "NVD_BACKEND",
    "NVD_GPU",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
    "ONEVPL_SEARCH_PATH",
    "RADV_PERFTEST",
    "VDPAU_DRIVER",
    "VK_DRIVER_FILES",
    "VK_ICD_FILENAMES",
    "VK_LOADER_DRIVERS_SELECT",
];

/// Told by name alone: they change which libraries load, and hold what is nobody's business.
const SET: &[&str] = &["LD_LIBRARY_PATH", "LD_PRELOAD"];

impl System {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let roots = reader.roots;
        // The first processor tells; there may be hundreds.
        let cpu = reader.first_text(&roots.proc.join("cpuinfo")).unwrap_or_default();
        let field = |key: &str| {
            let mut pairs = cpu.lines().filter_map(|line| line.split_once(':'));
            pairs.find(|(k, _)| k.trim() == key).map(|(_, value)| value.trim().to_owned())
        };
        let command_line = reader.text(&roots.proc.join("cmdline")).unwrap_or_default();
        let flagged = field("flags").is_some_and(|f| f.split_whitespace().any(|f| f == "hypervisor"));
        let hypervisor = hypervisor::read(reader, &cpu);
        let modules = kernel::modules(reader);
        System {
            cpu: field("model name"),
            virtual_machine: flagged || hypervisor.is_some(),
            kernel: reader.text(&roots.proc.join("sys/kernel/osrelease")),
            hypervisor,
            iommu_groups: kernel::iommu_groups(reader),
            kernel_parameters: kernel::parameters(&command_line),
            firmware: firmware::read(reader, &modules),
            modules,
            va_drivers: drivers::read(reader, &Paths::of_process()),
            nomodeset: command_line.split_whitespace().any(|word| word == "nomodeset"),
            distributions: distributions(&reader.text(&roots.etc.join("os-release")).unwrap_or_default()),
            variables: variables(|name| std::env::var(name).ok()),
        }
    }
}

fn variables(value: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let set = SET.iter().filter(|name| value(name).is_some()).map(|name| (*name, "set".to_owned()));
    let told = VARIABLES.iter().filter_map(|name| Some((*name, value(name)?)));
    told.chain(set).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn distributions(release: &str) -> Vec<String> {
    let value = |key: &str| {
        let mut pairs = release.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(k, _)| *k == key).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let lists = ["ID", "ID_LIKE"].iter().filter_map(|key| value(key));
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn what_is_nobodys_business_is_told_by_name_alone() {
        let told = variables(|name| match name {
            "LD_LIBRARY_PATH" => Some("/home/alice/secret".into()),
            "LIBVA_DRIVER_NAME" => Some("i965".into()),
            "DRI_PRIME" => Some(String::new()),
            _ => None,
        });
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, [("DRI_PRIME", ""), ("LD_LIBRARY_PATH", "set"), ("LIBVA_DRIVER_NAME", "i965")]);
    }
}
