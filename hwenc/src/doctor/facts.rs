//! What the checks judge, gathered once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::{Inventory, Reader, Roots};

/// Everything that the checks look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Facts {
    /// The devices.
    pub inventory: Inventory,
    /// The FFmpeg that is linked.
    pub ffmpeg: FfmpegFacts,
    /// The libraries of [`LIBRARIES`], and whether each loads.
    pub libraries: Vec<LibraryFact>,
    /// The machine around them.
    pub machine: MachineFacts,
}

/// The FFmpeg that is linked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FfmpegFacts {
    /// As FFmpeg says it, such as `7.1.1-1+deb13u1`.
    pub version: String,
    /// The names of every video encoder compiled in.
    pub encoders: Vec<String>,
    /// The hardware contexts compiled in, such as `vaapi`.
    pub hwcontexts: Vec<String>,
    /// The licence that it was built under.
    pub license: String,
    /// The arguments of its `configure`.
    pub configuration: String,
}

/// A library that is loaded at run time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LibraryFact {
    /// Its name, such as `libva.so.2`.
    pub name: String,
    /// Whether it loads.
    pub loaded: bool,
    /// What the loader said, where it does not.
    pub error: Option<String>,
}

/// The machine around the devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MachineFacts {
    /// The first processor's name.
    pub cpu: Option<String>,
    /// Whether this is a virtual machine, by the processor's `hypervisor` flag.
    pub virtual_machine: bool,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Whether the kernel was started with `nomodeset`.
    pub nomodeset: bool,
    /// `ID` and then `ID_LIKE` of os-release, such as `["ubuntu", "debian"]`.
    pub systems: Vec<String>,
    /// Those of the environment variables that choose drivers or devices which are set.
    pub variables: BTreeMap<String, String>,
}

/// The libraries that backends load. Runtimes of Quick Sync: `libmfx-gen` on the newer GPUs, `libmfxhw64` before.
pub const LIBRARIES: &[&str] = &[
    "libva.so.2",
    "libva-drm.so.2",
    "libcuda.so.1",
    "libnvidia-encode.so.1",
    "libvpl.so.2",
    "libmfx.so.1",
    "libmfx-gen.so.1.2",
    "libmfxhw64.so.1",
];

const VARIABLES: &[&str] = &[
    "CUDA_VISIBLE_DEVICES",
    "LIBVA_DRIVERS_PATH",
    "LIBVA_DRIVER_NAME",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
];

impl Facts {
    /// Looks at the devices, loads the libraries, and adds what is known of FFmpeg.
    ///
    /// The libraries are this process's own wherever the roots are, and stay loaded.
    pub fn gather(roots: &Roots, ffmpeg: FfmpegFacts) -> Self {
        Facts {
            inventory: Inventory::read(roots),
            ffmpeg,
            libraries: LIBRARIES.iter().map(|name| LibraryFact::of(name)).collect(),
            machine: MachineFacts::read(roots),
        }
    }

    /// Whether a library loads; none where nobody tried.
    pub fn loads(&self, name: &str) -> Option<bool> {
        self.library(name).map(|library| library.loaded)
    }

    pub(super) fn library(&self, name: &str) -> Option<&LibraryFact> {
        self.libraries.iter().find(|library| library.name == name)
    }

    pub(super) fn in_container(&self) -> bool {
        self.inventory.container.is_likely()
    }

    /// Whether NVIDIA's own nodes are there and open.
    pub(super) fn nvidia_works(&self) -> bool {
        let nvidia = &self.inventory.nvidia;
        let control = nvidia.control.as_ref().is_some_and(|node| node.file.can_open());
        control && nvidia.nodes.iter().any(|node| node.file.can_open())
    }

    /// Whether a GPU can be reached at all.
    pub(super) fn some_gpu_opens(&self) -> bool {
        self.inventory.usable_render_nodes().next().is_some() || self.nvidia_works()
    }

    /// A command that needs to be root's.
    pub(super) fn as_root(&self, command: &str) -> String {
        let root = self.inventory.process.effective_uid == 0;
        // A container's root rarely has sudo; elsewhere it does no harm.
        if root && self.in_container() { command.to_owned() } else { format!("sudo {command}") }
    }
}

impl LibraryFact {
    /// Tries to load it.
    pub fn of(name: &str) -> Self {
        let error = hwenc_sys::can_load(name).err();
        LibraryFact { name: name.to_owned(), loaded: error.is_none(), error }
    }
}

impl MachineFacts {
    /// Reads what is cheap to read.
    pub fn read(roots: &Roots) -> Self {
        let mut reader = Reader::new(roots);
        let cpu = reader.text(&roots.proc.join("cpuinfo")).unwrap_or_default();
        let field = |key: &str| {
            let mut pairs = cpu.lines().filter_map(|line| line.split_once(':'));
            pairs.find(|(k, _)| k.trim() == key).map(|(_, value)| value.trim().to_owned())
        };
        let command_line = reader.text(&roots.proc.join("cmdline")).unwrap_or_default();
        let variable = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
        MachineFacts {
            cpu: field("model name"),
            virtual_machine: field("flags").is_some_and(|f| f.split_whitespace().any(|f| f == "hypervisor")),
            kernel: reader.text(&roots.proc.join("sys/kernel/osrelease")),
            nomodeset: command_line.split_whitespace().any(|word| word == "nomodeset"),
            systems: systems(&reader.text(&roots.etc.join("os-release")).unwrap_or_default()),
            variables: VARIABLES.iter().filter_map(variable).collect(),
        }
    }
}

fn systems(release: &str) -> Vec<String> {
    let value = |key: &str| {
        let mut pairs = release.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(k, _)| *k == key).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let lists = ["ID", "ID_LIKE"].iter().filter_map(|key| value(key));
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_facts_come_from_the_tree() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU F\nflags\t\t: fpu hypervisor sse\n");
        write("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 nomodeset quiet\n");
        write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        write("etc/os-release", "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
        let facts = MachineFacts::read(&Roots::under(tree.path()));
        assert_eq!(facts.cpu.as_deref(), Some("Some CPU F"));
        assert_eq!((facts.virtual_machine, facts.nomodeset), (true, true));
        assert_eq!(facts.kernel.as_deref(), Some("6.1.0-18-amd64"));
        assert_eq!(facts.systems, ["linuxmint", "ubuntu", "debian"]);
        let nothing = MachineFacts::read(&Roots::under(tree.path().join("etc")));
        assert!(!nothing.nomodeset && !nothing.virtual_machine && nothing.systems.is_empty());
    }

    #[test]
    fn every_library_is_tried() {
        let facts = Facts::gather(&Roots::system(), FfmpegFacts::default());
        let names: Vec<_> = facts.libraries.iter().map(|library| library.name.as_str()).collect();
        assert_eq!(names, LIBRARIES);
        for library in &facts.libraries {
            assert_eq!(library.loaded, library.error.is_none(), "{library:?}");
        }
        // FFmpeg's packages depend on it.
        assert_eq!(facts.loads("libva.so.2"), Some(true));
        assert_eq!(facts.loads("libnobody.so.1"), None);
    }
}
