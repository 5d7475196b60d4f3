//! cargo-deny: licences, sources and advisories of every dependency.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::project::Project;
use crate::say;
use crate::tier::Outcome;

const VERSION: &str = "0.20.2";

/// What can be judged from the checkout alone.
pub(crate) fn check(project: &Project) -> Result<()> {
    let deny = tool(project)?;
    cmd!(project.sh, "{deny} --locked check bans licenses sources")
        .run()
        .context("a dependency breaks deny.toml; the lines above name it")
}

/// What needs the advisory database, which lies on a git host and changes without us.
pub(crate) fn advisories(project: &Project) -> Result<Outcome> {
    let deny = tool(project)?;
    let command = cmd!(project.sh, "{deny} --locked --color never check advisories").ignore_status();
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    eprint!("{said}");
    if output.status.success() {
        return Ok(Outcome::Passed);
    }
    match unreachable(&said) {
        Some(why) => Ok(Outcome::NotRun(format!("security advisories: {why}"))),
        None => bail!("cargo-deny objects to a dependency; the lines above name it"),
    }
}

/// Why the database could not be had, if that is what went wrong.
fn unreachable(said: &str) -> Option<String> {
    let what = "failed to fetch advisory database";
    let from_here = said.lines().find_map(|line| line.find(what).map(|at| &line[at..]))?;
    let where_from = from_here.split_whitespace().nth(5).unwrap_or_default();
    let cause = said.lines().find_map(|line| line.strip_prefix("fatal: ")).unwrap_or("no cause is given");
    Some(format!("the database at {where_from} cannot be fetched: {cause}"))
}

/// The pinned cargo-deny, built once into the cache.
fn tool(project: &Project) -> Result<PathBuf> {
    let home = project.cache()?.join(format!("tools/cargo-deny-{VERSION}"));
    let binary = home.join("bin/cargo-deny");
    if !binary.exists() {
        say::note(&format!("building cargo-deny {VERSION}, once, a few minutes"));
        // Unoptimised: it runs for a second, and its release profile would take far longer to build.
        let how = ["--quiet", "--locked", "--debug", "--version", VERSION];
        cmd!(project.sh, "cargo install cargo-deny {how...} --root {home}")
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .run()
            .context("cargo-deny could not be built")?;
    }
    Ok(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_network_is_no_advisory() {
        let said = "2026-01-02 [ERROR] failed to fetch advisory database https://host/db with cli: failed to clone\n\
                    fatal: unable to access 'https://host/db': Could not resolve host: host\n";
        let why = unreachable(said).expect("the network was missing");
        assert!(why.contains("https://host/db cannot") && why.ends_with("resolve host: host"), "{why}");
        assert!(unreachable("error[vulnerability]: a crate\n").is_none());
    }
}
