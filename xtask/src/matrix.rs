//! `cargo xtask matrix`: the Rust tests against every FFmpeg that is supported.

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use xshell::cmd;

use crate::chroot::{Chroot, SUITES, Suite};
use crate::ffmpeg::Version;
use crate::packages::Stage;
use crate::project::Project;
use crate::setup;
use crate::tier::{Outcome, Tier};

/// What cargo does on each FFmpeg unless it is told otherwise.
pub(crate) const TESTS: [&str; 3] = ["test", "--workspace", "--locked"];

/// What `--only` takes.
pub(crate) fn labels() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.ffmpeg))
}

/// The command.
pub(crate) fn run(project: &Project, only: Option<&str>, cargo: &[String]) -> Result<()> {
    let words: Vec<_> = cargo.iter().map(String::as_str).collect();
    let words = if words.is_empty() { &TESTS[..] } else { &words };
    let mut tier = Tier::begin("cargo xtask matrix");
    tier.step("system packages", || setup::install(project, Stage::Build..=Stage::Host))?;
    steps(project, &mut tier, only, words)?;
    tier.finish();
    Ok(())
}

/// The steps, for a tier that holds more than these.
pub(crate) fn steps(project: &Project, tier: &mut Tier, only: Option<&str>, words: &[&str]) -> Result<()> {
    let host = Version::of_host(&project.sh)?;
    let on_host = || Ok(cmd!(project.sh, "cargo {words...}").run()?);
    let known = SUITES.iter().any(|suite| suite.fits(host));
    if !known && only.is_none() {
        tier.step(&format!("FFmpeg {host} on this host"), on_host)?;
    }
    for suite in SUITES.iter().filter(|suite| only.is_none_or(|label| label == suite.ffmpeg)) {
        if suite.fits(host) {
            tier.step(&format!("FFmpeg {host} on this host"), on_host)?;
        } else {
            let name = format!("FFmpeg {} in {}", suite.ffmpeg, suite.title);
            // Who asks for one FFmpeg by name wants to hear that it cannot be had as a failure.
            tier.try_step(&name, || in_chroot(project, suite, only.is_some(), words))?;
        }
    }
    Ok(())
}

fn in_chroot(project: &Project, suite: &'static Suite, asked_for: bool, words: &[&str]) -> Result<Outcome> {
    let chroot = match Chroot::of(project, suite) {
        Ok(chroot) => chroot,
        // A suite that rolls may have packages that do not fit together on a given day. That is no fault of ours.
        Err(error) if suite.rolls && !asked_for => {
            return Ok(Outcome::NotRun(format!("{} cannot be installed today: {error:#}", suite.name)));
        }
        Err(error) => return Err(error).context(format!("{} cannot be installed", suite.name)),
    };
    chroot.cargo(project, words)?;
    Ok(Outcome::Passed)
}
