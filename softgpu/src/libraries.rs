//! Where softgpu's own libraries are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use softgpu_core::setup::LIB_DIR;

/// The preload shim.
pub const DRM: &str = "libsoftgpu_drm.so";
/// The VA-API driver.
pub const VA: &str = "libsoftgpu_va.so";

/// A directory that holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Libraries {
    /// The directory.
    pub dir: PathBuf,
}

impl Libraries {
    /// In the directory that the environment names, else beside this program.
    pub fn find() -> Result<Self> {
        match env::var_os(LIB_DIR) {
            Some(dir) => Self::among(&[PathBuf::from(dir)]),
            None => Self::find_beside(&env::current_exe().context("where softgpu is")?),
        }
    }

    /// Beside a program, as cargo builds them and as a package installs them.
    pub fn find_beside(program: &Path) -> Result<Self> {
        let program = program.canonicalize().context("where softgpu is")?;
        let beside = program.parent().unwrap_or(Path::new("/"));
        // Cargo builds into `deps` and links from there: what is there is never older.
        Self::among(&["deps", ".", "../lib/softgpu", "../lib"].map(|place| beside.join(place)))
    }

    fn among(places: &[PathBuf]) -> Result<Self> {
        if let Some(dir) = places.iter().find(|dir| [DRM, VA].iter().all(|name| dir.join(name).is_file())) {
            return Ok(Libraries { dir: dir.canonicalize()? });
        }
        let places: Vec<_> = places.iter().map(|dir| dir.display().to_string()).collect();
        bail!(
            "{DRM} and {VA} are not in {}; build them (cargo build -p softgpu-drm -p softgpu-va), or set {LIB_DIR}",
            places.join(", ")
        )
    }

    /// Path of one of them.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}
