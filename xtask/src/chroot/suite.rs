//! The Debian suites of the matrix and the FFmpeg that each has.

use crate::ffmpeg::Version;

/// A suite of Debian.
pub(crate) struct Suite {
    /// Its name in the archive.
    pub(crate) name: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// The FFmpeg in it, which is how the matrix calls it.
    pub(crate) ffmpeg: &'static str,
    /// Whether it changes every day; its FFmpeg is then that version or a later one.
    pub(crate) rolls: bool,
    /// Whether it has Mesa's drivers with the shim that lets them start without a GPU.
    pub(crate) mesa: bool,
    version: Version,
}

/// The suite of the smoke test.
pub(crate) const DEBIAN_13: Suite =
    Suite { mesa: true, ..suite("trixie", "Debian 13", "7.1", Version { major: 7, minor: 1 }) };

/// The suite that is oldest.
pub(crate) const DEBIAN_12: Suite = suite("bookworm", "Debian 12", "5.1", Version { major: 5, minor: 1 });
/// The suite that has what is newest.
pub(crate) const SID: Suite =
    Suite { rolls: true, ..suite("sid", "Debian sid", "9", Version { major: 9, minor: 0 }) };

/// All of them, oldest first.
pub(crate) static SUITES: [Suite; 3] = [DEBIAN_12, DEBIAN_13, SID];

const fn suite(name: &'static str, title: &'static str, ffmpeg: &'static str, version: Version) -> Suite {
    Suite { name, title, ffmpeg, rolls: false, mesa: false, version }
}

impl Suite {
    /// Whether an FFmpeg of that version is what this suite stands for.
    pub(crate) fn fits(&self, version: Version) -> bool {
        if self.rolls { version >= self.version } else { version == self.version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_fits_one_suite_at_most() {
        let fitting = |major, minor| {
            let suites = SUITES.iter().filter(|suite| suite.fits(Version { major, minor }));
            suites.map(|suite| suite.name).collect::<Vec<_>>()
        };
        assert_eq!(fitting(5, 1), ["bookworm"]);
        assert_eq!(fitting(6, 1), [""; 0]);
        assert_eq!(fitting(7, 1), ["trixie"]);
        assert_eq!(fitting(9, 0), ["sid"]);
        assert_eq!(fitting(10, 2), ["sid"]);
    }
}
