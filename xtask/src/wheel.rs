//! `cargo xtask wheel`: a Python wheel that brings FFmpeg and libva, for machines that have neither.
//!
//! maturin builds the package against an FFmpeg of our own (`bundle`), auditwheel puts the libraries that a system may
//! lack into it under names of their own, and `finish.py` writes down what it then holds.

mod bundle;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::interpreters::Interpreter;
use crate::packages::Stage;
use crate::project::Project;
use crate::venv::Venv;
use crate::{say, setup};
use bundle::Bundle;
pub(crate) use source::Source;

/// What makes a wheel.
pub(crate) const TOOLS: &str = include_str!("wheel/requirements.txt");
const FINISH: &str = include_str!("wheel/finish.py");
/// Optimised as a release is, since it is the wheel that users get, but without its line tables, which are two thirds of its size.
const PROFILE: [(&str, &str); 2] =
    [("CARGO_PROFILE_RELEASE_DEBUG", "false"), ("CARGO_PROFILE_RELEASE_STRIP", "symbols")];

/// For which Pythons a wheel is.
#[derive(Clone, Copy)]
pub(crate) enum Abi<'a> {
    /// Every CPython from 3.11.
    Stable,
    /// This one alone: free-threaded builds have no stable ABI.
    Of(&'a Interpreter),
}

/// The command.
pub(crate) fn run(project: &Project, out: Option<&Path>, no_setup: bool) -> Result<()> {
    if !no_setup {
        setup::install(project, Stage::Build..=Stage::Wheel)?;
    }
    let out = out.map(|out| std::env::current_dir().map(|here| here.join(out))).transpose()?;
    let wheel = build(project, Abi::Stable, out.as_deref())?;
    println!("{}", project.short(&wheel));
    Ok(())
}

/// Builds it into a directory, by default the target directory's `wheels`; its path.
pub(crate) fn build(project: &Project, abi: Abi<'_>, out: Option<&Path>) -> Result<PathBuf> {
    let sh = &project.sh;
    let tools = Venv::get(project, &Interpreter::any(project)?, "wheel-tools", TOOLS)?;
    let bundle = Bundle::get(project, &tools.bin())?;
    let target = project.target()?.join("wheel");
    let out = out.map_or_else(|| target.with_file_name("wheels"), Path::to_path_buf);
    // One wheel for each build, so that what stands there afterwards is the one that was built.
    let (plain, repaired) = (target.join("plain"), target.join("repaired"));
    for directory in [&plain, &repaired] {
        sh.remove_path(directory)?;
        sh.create_dir(directory)?;
    }
    let prefix = &bundle.prefix;
    let _libraries = sh.push_env("LD_LIBRARY_PATH", prefix.join("lib"));
    let _path = sh.push_env("PATH", path_with(&tools.bin())?);

    let maturin = tools.program("maturin");
    let mut words = vec!["build", "--release", "--locked", "--auditwheel", "skip"];
    let python = match abi {
        Abi::Stable => None,
        Abi::Of(interpreter) => {
            words.extend(["--no-default-features", "--interpreter"]);
            Some(&interpreter.program)
        }
    };
    let build = cmd!(sh, "{maturin} {words...}").args(python).arg("--out").arg(&plain);
    let build = build.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).env("CARGO_TARGET_DIR", &target);
    // Paths of this machine are in the messages of panics otherwise.
    let places = [(project.root(), "hwenc"), (&project.cargo_home()?, "cargo")];
    let places = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let build = build.env("CARGO_ENCODED_RUSTFLAGS", places.join("\u{1f}"));
    PROFILE.into_iter().fold(build, |build, (name, value)| build.env(name, value)).quiet().run()?;

    let (auditwheel, wheel) = (tools.program("auditwheel"), only(sh, &plain)?);
    let said = cmd!(sh, "{auditwheel} repair --strip --wheel-dir {repaired} {wheel}")
        .quiet()
        .ignore_status()
        .output()?;
    ensure!(
        said.status.success(),
        "auditwheel could not complete the wheel:\n{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let (python, wheel, script) = (tools.python(), only(sh, &repaired)?, FINISH);
    let finished = out.join(wheel.file_name().context("a wheel has a name")?);
    sh.create_dir(&out)?;
    cmd!(sh, "{python} -c {script} {wheel} {finished} {prefix}").quiet().run()?;
    let size = finished.metadata()?.len();
    say::note(&format!("{}, {}", finished.file_name().unwrap_or_default().display(), say::bytes(size)));
    Ok(finished)
}

/// The search path with a directory before it.
fn path_with(first: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&path));
    std::env::join_paths(places).context("a directory on PATH has a colon in its name")
}

/// The one wheel in a directory.
fn only(sh: &Shell, directory: &Path) -> Result<PathBuf> {
    let mut found = sh.read_dir(directory)?;
    ensure!(found.len() == 1, "{} holds {} files instead of one wheel", directory.display(), found.len());
    Ok(found.remove(0))
}
