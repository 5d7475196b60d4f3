//! What the checks judge, gathered once.

use serde::{Deserialize, Serialize};

use crate::av::version::Ffmpeg;
use crate::device::{Inventory, Roots};
use crate::probe::{Library, Report};

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

/// The libraries that backends load. Of Quick Sync's runtimes `libmfx-gen` is for the newer GPUs,
/// `libmfxhw64` for those before.
pub const LIBRARIES: &[&str] = &[
    "libva.so.2",
    "libva-drm.so.2",
    "libcuda.so.1",
    "libnvidia-encode.so.1",
    "libvpl.so.2",
    "libmfx.so.1",
    "libmfx-gen.so.1.2",
    "libmfxhw64.so.1",
    "libvulkan.so.1",
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

    /// Whether a V4L2 node opens whose driver calls it an encoder. Asking the device itself comes later.
    pub(super) fn v4l2_encoder_opens(&self) -> bool {
        let encoder = |label: &str| ["codec", "enc"].iter().any(|part| label.contains(part));
        let mut nodes = self.inventory.video.iter().filter(|node| node.file.can_open());
        nodes.any(|node| node.label.as_deref().is_some_and(encoder))
    }

    /// A command that only root may run; root itself may not have `sudo`.
    pub(super) fn as_root(&self, command: &str) -> String {
        let root = self.inventory.process.effective_uid == 0;
        if root { command.to_owned() } else { format!("sudo {command}") }
    }
}

impl From<&Report> for Facts {
    /// What a report holds, of this machine or another.
    fn from(report: &Report) -> Self {
        Facts {
            inventory: report.machine.clone(),
            ffmpeg: (&report.ffmpeg).into(),
            libraries: report.libraries.iter().map(LibraryFact::from).collect(),
        }
    }
}

impl From<&Ffmpeg> for FfmpegFacts {
    fn from(ffmpeg: &Ffmpeg) -> Self {
        FfmpegFacts {
            version: ffmpeg.version.clone(),
            encoders: ffmpeg.encoders.clone(),
            hwcontexts: ffmpeg.hwcontexts.clone(),
            license: ffmpeg.license.clone(),
            configuration: ffmpeg.configuration.clone(),
        }
    }
}

impl From<&Library> for LibraryFact {
    fn from(library: &Library) -> Self {
        LibraryFact {
            name: library.name.clone(),
            loaded: library.error.is_none(),
            error: library.error.clone(),
        }
    }
}

impl LibraryFact {
    /// Tries to load it.
    pub fn of(name: &str) -> Self {
        let error = hwenc_sys::can_load(name).err();
        LibraryFact { name: name.to_owned(), loaded: error.is_none(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
