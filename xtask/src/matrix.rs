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
const TESTS: [&str; 3] = ["test", "--workspace", "--locked"];
/// The tests on Mesa's own driver, in the trees that have it.
const MESA: [&str; 2] = ["--features", "hwenc-cli/mesa-tests"];

/// What `--only` takes.
pub(crate) fn labels() -> PossibleValuesParser {
    PossibleValuesParser::new(SUITES.iter().map(|suite| suite.ffmpeg))
}

/// The command.
pub(crate) fn run(project: &Project, only: Option<&str>, cargo: &[String]) -> Result<()> {
    let words: Vec<_> = cargo.iter().map(String::as_str).collect();
    let words = (!words.is_empty()).then_some(&words[..]);
    let mut tier = Tier::begin("cargo xtask matrix");
    tier.step("system packages", || setup::install(project, Stage::Build..=Stage::Host))?;
    steps(project, &mut tier, only, words)?;
    tier.finish();
    Ok(())
}

/// The steps, for a tier that holds more than these. Without words for cargo, all tests.
pub(crate) fn steps(
    project: &Project,
    tier: &mut Tier,
    only: Option<&str>,
    words: Option<&[&str]>,
) -> Result<()> {
    let host = Version::of_host(&project.sh)?;
    let here = words.unwrap_or(&TESTS);
    let on_host = || Ok(cmd!(project.sh, "cargo {here...}").run()?);
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

fn in_chroot(
    project: &Project,
    suite: &'static Suite,
    asked_for: bool,
    words: Option<&[&str]>,
) -> Result<Outcome> {
    let chroot = match Chroot::of(project, suite) {
        Ok(chroot) => chroot,
        // A suite that rolls may have packages that do not fit together on a given day. That is no fault of ours.
        Err(error) if suite.rolls && !asked_for => {
            return Ok(Outcome::NotRun(format!("{} cannot be installed today: {error:#}", suite.name)));
        }
        Err(error) => return Err(error).context(format!("{} cannot be installed", suite.name)),
    };
    let all = if suite.mesa { [&TESTS[..], &MESA].concat() } else { TESTS.to_vec() };
    chroot.cargo(project, words.unwrap_or(&all))?;
    Ok(Outcome::Passed)
}
