//! `cargo xtask headers`: the checked-in bindings against the headers that they were made from, and the header for C against
//! the crate that it is made from.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::os::Os;
use crate::project::Project;
use crate::say;
use crate::tier::Outcome;

/// The bindings are made from this release's headers (libva 2.17); on another they would differ for no fault.
const PINNED_TO: &str = "12";

/// The command.
pub(crate) fn run(project: &Project, check: bool) -> Result<()> {
    if let Outcome::NotRun(why) = generate(project, check)? {
        say::note(&why);
    }
    Ok(())
}

/// Compares, as a step of the tests.
pub(crate) fn check(project: &Project) -> Result<Outcome> {
    generate(project, true)
}

fn generate(project: &Project, check: bool) -> Result<Outcome> {
    let flag = check.then_some("--check");
    cmd!(project.sh, "cargo run --quiet --locked -p hwenc-capi --example generate -- {flag...}")
        .run()
        .context("include/hwenc.h differs from hwenc-capi; `cargo xtask headers` makes it anew")?;
    let os = Os::this();
    if !os.is_debian(PINNED_TO) {
        let why =
            format!("the bindings are pinned to the headers of Debian 12 (libva 2.17); this is {}", os.title);
        return Ok(Outcome::NotRun(why));
    }
    cmd!(project.sh, "cargo run --quiet --locked -p hwenc-sys --example generate -- {flag...}")
        .run()
        .context("the bindings differ from the headers; `cargo xtask headers` makes them anew")?;
    Ok(Outcome::Passed)
}
