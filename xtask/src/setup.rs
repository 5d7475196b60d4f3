//! `cargo xtask setup`: the system packages.

use std::ops::RangeInclusive;

use anyhow::{Result, bail};

use crate::os::Os;
use crate::packages::{self, Package, Stage};
use crate::project::Project;
use crate::{apt, say};

/// What all commands together need.
pub(crate) fn everything(project: &Project) -> Result<()> {
    install(project, Stage::Build..=Stage::Wheel)
}

/// Sees to it that the packages of some stages are installed.
pub(crate) fn install(project: &Project, stages: RangeInclusive<Stage>) -> Result<()> {
    let wanted = packages::of(stages);
    if !apt::here(&project.sh) {
        list("needed", &wanted);
        bail!(
            "{} has no apt, so nothing was installed. Install what these Debian names stand for, \
             then give --no-setup to `demo` and `test`",
            Os::this().title
        );
    }
    let names: Vec<_> = wanted.iter().map(|package| package.name).collect();
    let missing = apt::missing(&project.sh, &names)?;
    if missing.is_empty() {
        say::note(&format!("all {} system packages are installed", names.len()));
        return Ok(());
    }
    let missing_rows: Vec<_> = wanted.into_iter().filter(|package| missing.contains(&package.name)).collect();
    list("missing", &missing_rows);
    apt::install(&project.sh, &missing)
}

fn list(how: &str, packages: &[&Package]) {
    for package in packages {
        say::note(&format!("{how}: {:24}{}", package.name, package.why));
    }
}
