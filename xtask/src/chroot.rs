//! Debian trees in the cache, and commands in them.
//!
//! A tree is made with debootstrap and apt, and entered in a private mount namespace: the host's Rust toolchain, its
//! fetched crates and the checkout are mounted read-only, and nothing stays mounted afterwards. No network is needed
//! inside. The parts that need root are the three shell scripts beside this file.

mod suite;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Cmd, Shell, cmd};

pub(crate) use suite::{DEBIAN_12, DEBIAN_13, SID, SUITES, Suite};

use crate::ffmpeg::Version;
use crate::packages::{self, Stage};
use crate::project::Project;
use crate::root::Root;
use crate::say;

pub(crate) const MIRROR: &str = "http://deb.debian.org/debian";
const MAKE: &str = concat!(include_str!("chroot/mounts.sh"), include_str!("chroot/make.sh"));
const ENTER: &str = concat!(include_str!("chroot/mounts.sh"), include_str!("chroot/enter.sh"));
/// The second attempt is for a network that failed once, or for a tree that no longer takes new packages.
const ATTEMPTS: u32 = 2;

/// A Debian tree that is ready to be entered.
pub(crate) struct Chroot {
    suite: &'static Suite,
    packages: Vec<&'static str>,
    root: Root,
    tree: PathBuf,
    target: PathBuf,
}

impl Chroot {
    /// The tree of a suite with all that the tests need, made or brought up to date first where that is needed.
    pub(crate) fn of(project: &Project, suite: &'static Suite) -> Result<Self> {
        let packages = packages::of(Stage::Link..=Stage::Tests);
        let mesa = packages::MESA.iter().filter(|_| suite.mesa);
        let packages = packages.into_iter().chain(mesa).map(|package| package.name).collect();
        Self::with(project, suite, suite.name, packages)
    }

    /// A tree of a suite under a name of its own, with the smallest system and these packages.
    pub(crate) fn with(
        project: &Project,
        suite: &'static Suite,
        name: &str,
        packages: Vec<&'static str>,
    ) -> Result<Self> {
        let cache = project.cache()?;
        let root = Root::get(&project.sh, "sudo -v   # then the same command again")?;
        let tree = cache.join("roots").join(name);
        let chroot = Self { suite, packages, root, tree, target: cache.join("target").join(name) };
        fs::create_dir_all(cache.join("roots"))?;
        // Two runs at once must not build the same tree.
        let lock = File::create(chroot.tree.with_extension("lock"))?;
        lock.lock().context("the lock of the tree cannot be taken")?;
        chroot.make(&project.sh)?;
        Ok(chroot)
    }

    /// What its commands find at `/build/target`.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Runs a command in it, in the checkout; `NAME=VALUE` before it goes into its environment.
    pub(crate) fn run(&self, project: &Project, words: &[&str]) -> Result<()> {
        let status = Command::from(self.enter(project, words)?).status()?;
        ensure!(status.success(), "{} in {}: {status}", words.join(" "), self.suite.title);
        Ok(())
    }

    /// Runs cargo in it, on the checkout and without a network.
    pub(crate) fn cargo(&self, project: &Project, words: &[&str]) -> Result<()> {
        let version = Version::parse(&self.enter(project, &["ffmpeg", "-version"])?.read()?)?;
        let Suite { title, ffmpeg, .. } = self.suite;
        ensure!(self.suite.fits(version), "{title} has FFmpeg {version}, and {ffmpeg} was expected");
        cmd!(project.sh, "cargo fetch --quiet --locked").quiet().run()?;
        say::note(&format!("FFmpeg {version} in {title}: cargo {}", words.join(" ")));
        // Cargo has said what is wrong, and xshell would say the whole script that entered the tree.
        self.run(project, &[&["cargo"], words].concat())
    }

    fn make(&self, sh: &Shell) -> Result<()> {
        let packages = &self.packages;
        let stamp = fs::read_to_string(self.tree.join("etc/hwenc-packages")).unwrap_or_default();
        if stamp.lines().eq(packages.iter().copied()) {
            return Ok(());
        }
        let log = self.tree.with_extension("log");
        say::note(&format!("preparing the tree of {}, up to two minutes", self.suite.title));
        say::note(&format!("its log is {}", log.display()));
        for attempt in 1.. {
            let tree = self.tree.to_str().context("the path of the cache is not UTF-8")?;
            let words = [&[self.suite.name, MIRROR, tree], &packages[..]].concat();
            let file = File::create(&log)?;
            let mut make = Command::from(self.script(sh, MAKE, &words));
            if make.stdout(file.try_clone()?).stderr(file).status()?.success() {
                break;
            }
            ensure!(attempt < ATTEMPTS, "{}", reason(&fs::read_to_string(&log)?));
            say::note("that failed; once more, from scratch");
            self.root.command(sh, &["rm", "-rf", "--one-file-system", tree]).quiet().run()?;
        }
        Ok(())
    }

    fn enter<'a>(&self, project: &'a Project, words: &[&str]) -> Result<Cmd<'a>> {
        let sh = &project.sh;
        let rust = cmd!(sh, "rustc --print sysroot").quiet().read()?;
        if rust == "/usr" {
            bail!("this Rust toolchain is part of the system and cannot be mounted elsewhere; use rustup's");
        }
        let cargo = project.cargo_home()?;
        let mut arguments = Vec::new();
        for place in [&self.tree, project.root(), &self.target, rust.as_ref(), &cargo] {
            arguments.push(place.to_str().with_context(|| format!("{} is not UTF-8", place.display()))?);
        }
        // What tells programs how to print; nothing else of the environment gets in.
        let shown = ["TERM", "CI", "RUST_BACKTRACE"];
        let shown = shown.map(|name| std::env::var(name).map(|value| format!("{name}={value}")));
        arguments.extend(shown.iter().flatten().map(String::as_str));
        arguments.extend(words);
        Ok(self.script(sh, ENTER, &arguments))
    }

    fn script<'a>(&self, sh: &'a Shell, script: &str, arguments: &[&str]) -> Cmd<'a> {
        let namespace = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script, "xtask"];
        self.root.command(sh, &namespace).args(arguments).quiet()
    }
}

/// The line of a log that says why debootstrap or apt gave up.
fn reason(log: &str) -> &str {
    let says_why = |line: &&str| line.starts_with("E:") || line.contains("unshare failed");
    log.lines().find(says_why).or(log.lines().last()).unwrap_or("the log is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_first_error() {
        let log = "I: Retrieving\nE: Couldn't download x\nE: later\nW: end\n";
        assert_eq!(reason(log), "E: Couldn't download x");
        assert_eq!(reason("one\ntwo\n"), "two");
        assert_eq!(reason(""), "the log is empty");
    }
}
