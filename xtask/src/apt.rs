//! Debian's package tools: what is installed, and installing the rest.

use std::collections::HashSet;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::root::Root;
use crate::say;

/// sudo drops the environment, so the variable goes through `env`. apt waits for another apt that is at work,
/// and fetches again what a shaky network has dropped.
const APT: [&str; 7] = [
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-o",
    "DPkg::Lock::Timeout=300",
    "-o",
    "Acquire::Retries=3",
];
const ATTEMPTS: u32 = 3;

/// Whether this system is managed by apt.
pub(crate) fn here(sh: &Shell) -> bool {
    ["apt-get", "dpkg-query"]
        .iter()
        .all(|tool| cmd!(sh, "{tool} --version").quiet().ignore_stdout().ignore_stderr().run().is_ok())
}

/// The names that are neither installed nor provided by something installed.
pub(crate) fn missing<'a>(sh: &Shell, names: &[&'a str]) -> Result<Vec<&'a str>> {
    let format = "${db:Status-Status}\t${Package}\t${Provides}\n";
    let listing = cmd!(sh, "dpkg-query --show --showformat={format}").quiet().read()?;
    let installed = installed(&listing);
    Ok(names.iter().copied().filter(|name| !installed.contains(name)).collect())
}

/// Installs packages, as root or through sudo.
pub(crate) fn install(sh: &Shell, names: &[&str]) -> Result<()> {
    let list = names.join(" ");
    let by_hand = format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {list}");
    let root = Root::get(sh, &by_hand)?;
    say::note("apt-get installs what is missing, about a minute");
    // A thousand lines of a good run interest nobody; those of a bad one are shown.
    let apt = |words: &[&str]| root.command(sh, &APT).args(words).quiet().ignore_status().output();
    for attempt in 1.. {
        if !apt(&["update"])?.status.success() {
            say::note("apt-get update failed; going on, as the source that failed may not be needed");
        }
        let install = ["install", "-y", "--no-install-recommends"];
        let installed = apt(&[&install, names].concat())?;
        if installed.status.success() {
            break;
        }
        if attempt == ATTEMPTS {
            eprint!("{}", String::from_utf8_lossy(&installed.stdout));
            eprint!("{}", String::from_utf8_lossy(&installed.stderr));
            bail!("apt-get could not install the packages, see above. By hand:\n\n    {by_hand}\n");
        }
        say::note("apt-get install failed; trying again");
    }
    Ok(())
}

fn installed(listing: &str) -> HashSet<&str> {
    let mut names = HashSet::new();
    for line in listing.lines() {
        let mut fields = line.split('\t');
        if fields.next() != Some("installed") {
            continue;
        }
        names.extend(fields.next());
        // `Provides` reads "pkg-config (= 1.8.1-1), other".
        let provided = fields.next().unwrap_or_default().split(',');
        names.extend(provided.filter_map(|entry| entry.split_whitespace().next()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provided_counts_and_removed_does_not() {
        let listing = "installed\tpkgconf\tpkg-config (= 1.8.1-1), other\nconfig-files\tffmpeg\t\n";
        let names = installed(listing);
        assert!(names.contains("pkgconf") && names.contains("pkg-config") && names.contains("other"));
        assert!(!names.contains("ffmpeg"));
    }
}
