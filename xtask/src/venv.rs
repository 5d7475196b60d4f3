//! Virtual environments in the cache, each for the packages of one list.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::interpreters::Interpreter;
use crate::project::Project;
use crate::say;

/// A virtual environment.
pub(crate) struct Venv {
    home: PathBuf,
}

impl Venv {
    /// The one of this name with the packages of this list, made or brought up to date where that is needed.
    pub(crate) fn get(project: &Project, python: &Interpreter, name: &str, packages: &str) -> Result<Self> {
        let sh = &project.sh;
        let homes = sh.create_dir(project.cache()?.join("venvs"))?;
        let venv = Self { home: homes.join(format!("{name}-python{}", python.title().replace('.', ""))) };
        let lock = File::create(venv.home.with_extension("lock"))?;
        lock.lock().context("the lock of the virtual environment cannot be taken")?;
        let stamp = venv.home.join("packages.txt");
        if fs::read_to_string(&stamp).is_ok_and(|made_for| made_for == packages) && venv.starts(project) {
            return Ok(venv);
        }
        say::note(&format!("making the virtual environment {}", venv.home.display()));
        let (program, home) = (&python.program, &venv.home);
        cmd!(sh, "{program} -m venv --clear {home}").quiet().run()?;
        let list = home.join("wanted.txt");
        fs::write(&list, packages)?;
        venv.pip(project, &["install", "--requirement", &list.to_string_lossy()])?;
        fs::write(&stamp, packages)?;
        Ok(venv)
    }

    /// Where its programs lie.
    pub(crate) fn bin(&self) -> PathBuf {
        self.home.join("bin")
    }

    /// A program of it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// Its Python.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// Runs its pip, without the words that interest nobody.
    pub(crate) fn pip(&self, project: &Project, words: &[&str]) -> Result<()> {
        let (python, how) = (self.python(), ["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        Ok(cmd!(project.sh, "{python} {how...} {words...}").quiet().run()?)
    }

    /// A Python that was updated or removed takes its virtual environments with it.
    fn starts(&self, project: &Project) -> bool {
        let python = self.python();
        cmd!(project.sh, "{python} -c pass").quiet().ignore_stderr().run().is_ok()
    }
}
