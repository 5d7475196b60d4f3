//! Where things are: the checkout, cargo's target directory, the cache.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The checkout that this run works on, with a shell that stands in its root.
pub(crate) struct Project {
    /// Every command runs through this shell, in the root of the checkout.
    pub(crate) sh: Shell,
    root: PathBuf,
}

impl Project {
    /// Finds the checkout that this `xtask` belongs to.
    pub(crate) fn find() -> Result<Self> {
        // Cargo names the crate at run time too, which stays right when the checkout has been moved.
        let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = PathBuf::from(here).join("..").canonicalize().context("the checkout is gone")?;
        let sh = Shell::new()?;
        sh.change_dir(&root);
        Ok(Self { sh, root })
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What cargo knows about the workspace.
    pub(crate) fn metadata(&self) -> Result<serde_json::Value> {
        let text = cmd!(self.sh, "cargo metadata --no-deps --format-version 1").quiet().read()?;
        serde_json::from_str(&text).context("`cargo metadata` printed something else than JSON")
    }

    /// Where cargo builds, whatever CARGO_TARGET_DIR or a configuration file says.
    pub(crate) fn target(&self) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let target = metadata["target_directory"].as_str();
        Ok(PathBuf::from(target.context("`cargo metadata` names no target directory")?))
    }

    /// Cargo's own directory, with the crates that it has fetched.
    pub(crate) fn cargo_home(&self) -> Result<PathBuf> {
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
        env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(home)
            .context("neither CARGO_HOME nor HOME is set")
    }

    /// Where tools and Debian trees are kept between runs: HWENC_CACHE, or `hwenc` in the user's cache.
    pub(crate) fn cache(&self) -> Result<PathBuf> {
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        named("HWENC_CACHE")
            .or_else(|| named("XDG_CACHE_HOME").map(|caches| caches.join("hwenc")))
            .or_else(|| named("HOME").map(|home| home.join(".cache/hwenc")))
            .map(|cache| self.root.join(cache))
            .context("neither HWENC_CACHE nor HOME is set: name a directory for the cache with HWENC_CACHE")
    }

    /// A path as a reader of the output wants it: from the root of the checkout where it lies in it.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
