//! NVIDIA's own driver, which has nodes of its own and may come without DRM.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::node::NodeFile;
use super::roots::{Reader, numbered};

/// NVIDIA's driver and its nodes. The files under `/proc/driver/nvidia` are described in the driver's README,
/// "Using the /proc File System Interface".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Nvidia {
    /// The kernel driver's version, such as `535.183.01`; none where the driver is not loaded.
    pub driver_version: Option<String>,
    /// The line that the version is from.
    pub version_text: Option<String>,
    /// The GPUs that the driver has, by PCI address.
    pub gpus: Vec<NvidiaGpu>,
    /// `/dev/nvidia0` and so on, by number.
    pub nodes: Vec<NvidiaNode>,
    /// `/dev/nvidiactl`, without which nothing works.
    pub control: Option<NvidiaNode>,
    /// `/dev/nvidia-uvm`, which CUDA needs.
    pub uvm: Option<NvidiaNode>,
}

/// A GPU as NVIDIA's driver describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct NvidiaGpu {
    /// Its PCI address, such as `0000:01:00.0`.
    pub pci_address: String,
    /// Its model, such as `Tesla T4`.
    pub model: Option<String>,
    /// The number of its node.
    pub minor: Option<u32>,
}

/// A node of NVIDIA's driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NvidiaNode {
    /// Its name, such as `nvidia0`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The file.
    pub file: NodeFile,
}

impl NvidiaNode {
    /// A node of this name in `/dev`.
    pub fn new(name: &str, file: NodeFile) -> Self {
        NvidiaNode { name: name.to_owned(), path: PathBuf::from("/dev").join(name), file }
    }

    fn read(reader: &mut Reader<'_>, name: &str) -> Option<Self> {
        let path = reader.roots.dev.join(name);
        let file = NodeFile::read(reader, &path)?;
        Some(NvidiaNode { name: name.to_owned(), path, file })
    }
}

impl Nvidia {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let proc = reader.roots.proc.join("driver/nvidia");
        let version_text = reader.text(&proc.join("version")).and_then(|text| {
            let line = text.lines().find(|line| line.contains("NVRM")).or(text.lines().next());
            line.map(str::to_owned)
        });
        let mut nodes: Vec<_> = reader
            .names(&reader.roots.dev)
            .iter()
            .filter_map(|name| name.to_str())
            .filter_map(|name| Some((numbered(name, "nvidia")?, name.to_owned())))
            .collect();
        nodes.sort();
        Nvidia {
            driver_version: version_text.as_deref().and_then(version).map(str::to_owned),
            version_text,
            gpus: gpus(reader),
            nodes: nodes.iter().filter_map(|(_, name)| NvidiaNode::read(reader, name)).collect(),
            control: NvidiaNode::read(reader, "nvidiactl"),
            uvm: NvidiaNode::read(reader, "nvidia-uvm"),
        }
    }

    /// Whether anything of NVIDIA's own driver is here.
    pub fn is_present(&self) -> bool {
        self.driver_version.is_some()
            || self.control.is_some()
            || !self.nodes.is_empty()
            || !self.gpus.is_empty()
    }
}

/// The first word of digits and dots: the text before it differs between the two kinds of kernel module.
fn version(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| {
        word.contains('.')
            && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    })
}

fn gpus(reader: &mut Reader<'_>) -> Vec<NvidiaGpu> {
    let directory = reader.roots.proc.join("driver/nvidia/gpus");
    let mut gpus = Vec::new();
    for name in reader.names(&directory) {
        let text = reader.text(&directory.join(&name).join("information")).unwrap_or_default();
        let field = |key: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
            pairs.find(|(k, _)| k.trim() == key).map(|(_, value)| value.trim().to_owned())
        };
        gpus.push(NvidiaGpu {
            pci_address: name.to_string_lossy().into_owned(),
            model: field("Model"),
            minor: field("Device Minor").and_then(|text| text.parse().ok()),
        });
    }
    gpus
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_found_in_either_kind_of_line() {
        for (line, expected) in [
            (
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024",
                Some("535.183.01"),
            ),
            (
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build  (root@host)",
                Some("560.35.03"),
            ),
            ("NVRM version: NVIDIA UNIX aarch64 Kernel Module  390.157", Some("390.157")),
            ("", None),
            ("NVRM version: soon", None),
            (". .. 1. .2", None),
        ] {
            assert_eq!(version(line), expected, "{line:?}");
        }
    }
}
