//! The CPythons of this machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// The first that the package supports, and the last that is looked for.
const MINORS: std::ops::RangeInclusive<u32> = 11..=20;

/// A CPython 3.
pub(crate) struct Interpreter {
    /// 11 in 3.11.
    pub(crate) minor: u32,
    /// It has no global lock, and an ABI of its own.
    pub(crate) free_threaded: bool,
    /// The program.
    pub(crate) program: PathBuf,
}

impl Interpreter {
    /// The one of a minor version: on PATH, in pyenv's directory, or the system's.
    pub(crate) fn find(project: &Project, minor: u32) -> Option<Self> {
        let name = format!("python3.{minor}");
        let on_path =
            std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
        // pyenv's programs on PATH are there for versions that are not selected too, and fail then.
        let real = on_path.into_iter().filter(|directory| !directory.ends_with("shims"));
        let places = real.chain(pyenv()).chain([PathBuf::from("/usr/bin")]);
        let works = |program: &PathBuf| {
            let program: &Path = program;
            program.is_file()
                && cmd!(project.sh, "{program} -c 'import venv, ensurepip'")
                    .quiet()
                    .ignore_stderr()
                    .run()
                    .is_ok()
        };
        places.map(|place| place.join(&name)).find(works).map(|program| Self {
            minor,
            free_threaded: false,
            program,
        })
    }

    /// Its name for people and for directories: `3.11`, `3.13t`.
    pub(crate) fn title(&self) -> String {
        format!("3.{}{}", self.minor, if self.free_threaded { "t" } else { "" })
    }

    /// The oldest one, for what any can do.
    pub(crate) fn any(project: &Project) -> Result<Self> {
        MINORS.filter_map(|minor| Self::find(project, minor)).next().context(
            "there is no CPython from 3.11 that can make virtual environments (Debian: python3-venv)",
        )
    }
}

/// Where pyenv has its versions, newest last.
fn pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let mut found: Vec<_> =
        versions.into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    found.sort();
    found
}
