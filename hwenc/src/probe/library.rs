//! [`Library`]: what backends load at run time.

use serde::{Deserialize, Serialize};

/// The libraries that backends load. Of Quick Sync's runtimes `libmfx-gen` is for the newer GPUs, `libmfxhw64`
/// for those before.
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

/// A library, and whether it loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Library {
    /// Its file name.
    pub name: String,
    /// Why it does not load; `None` when it does.
    pub error: Option<String>,
}

impl Library {
    /// A library that loads, or does not for this reason.
    pub fn new(name: &str, error: Option<&str>) -> Self {
        Library { name: name.to_owned(), error: error.map(str::to_owned) }
    }

    /// Tries to load it. One that loads stays loaded.
    pub(super) fn load(name: &str) -> Self {
        Library { name: name.to_owned(), error: hwenc_sys::can_load(name).err() }
    }

    /// Whether it loads.
    pub fn loads(&self) -> bool {
        self.error.is_none()
    }
}
