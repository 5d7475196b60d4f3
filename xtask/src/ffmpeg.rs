//! The `ffmpeg` command: which version it is.

use std::fmt;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// An FFmpeg release, as far as it matters for its interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// 7 in 7.1.5.
    pub(crate) major: u32,
    /// 1 in 7.1.5.
    pub(crate) minor: u32,
}

impl Version {
    /// The FFmpeg of this host.
    pub(crate) fn of_host(sh: &Shell) -> Result<Self> {
        Self::parse(&cmd!(sh, "ffmpeg -version").quiet().read()?)
    }

    /// Reads the first line of `ffmpeg -version`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let line = text.lines().next().unwrap_or_default();
        Self::from_line(line).with_context(|| format!("no release of FFmpeg in its first line: {line:?}"))
    }

    fn from_line(line: &str) -> Option<Self> {
        // "ffmpeg version 7.1.5-0+deb13u1 Copyright …"; builds from git begin with an n or are no release.
        let word = line.strip_prefix("ffmpeg version ")?.split_whitespace().next()?;
        let mut numbers = word.trim_start_matches('n').split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        Some(Self { major, minor: numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read() {
        let read = |line| Version::from_line(line).map(|version| version.to_string());
        assert_eq!(read("ffmpeg version 7.1.5-0+deb13u1 Copyright (c) x").as_deref(), Some("7.1"));
        assert_eq!(read("ffmpeg version n9.0 Copyright").as_deref(), Some("9.0"));
        assert_eq!(read("ffmpeg version 8-x Copyright").as_deref(), Some("8.0"));
        assert_eq!(read("ffmpeg version N-118-gabc Copyright"), None);
        assert_eq!(read(""), None);
    }
}
