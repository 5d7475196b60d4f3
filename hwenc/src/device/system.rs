//! The system around the devices: processor, kernel, distribution, and variables that choose drivers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::roots::Reader;

/// The system around the devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct System {
    /// The first processor's name.
    pub cpu: Option<String>,
    /// Whether this is a virtual machine, by the processor's `hypervisor` flag, which only x86 has.
    pub virtual_machine: bool,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Whether the kernel was started with `nomodeset`.
    pub nomodeset: bool,
    /// `ID` and then `ID_LIKE` of os-release, such as `["ubuntu", "debian"]`.
    pub distributions: Vec<String>,
    /// The environment variables of this process that choose drivers or devices, where they are set.
    pub variables: BTreeMap<String, String>,
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
