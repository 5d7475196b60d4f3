//! Which system this is, by /etc/os-release.

use std::fs;

/// The fields of os-release that are asked about here.
pub(crate) struct Os {
    /// `debian`, `ubuntu`, `fedora`, …
    pub(crate) id: String,
    /// `12`, `24.04`; empty on systems that roll.
    pub(crate) version: String,
    /// The name for people.
    pub(crate) title: String,
}

impl Os {
    /// Reads the system's own description; one that is missing leaves a system without a name.
    pub(crate) fn this() -> Self {
        Self::parse(&fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// Whether this is that release of Debian.
    pub(crate) fn is_debian(&self, version: &str) -> bool {
        self.id == "debian" && self.version == version
    }

    fn parse(text: &str) -> Self {
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().trim_matches('"').to_owned()
        };
        let title = match field("PRETTY_NAME") {
            title if title.is_empty() => "this system".to_owned(),
            title => title,
        };
        Self { id: field("ID"), version: field("VERSION_ID"), title }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_not_taken_for_longer_ones() {
        let os = Os::parse("PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID_LIKE=x\nID=debian\n");
        assert!(os.is_debian("12"));
        assert_eq!(os.title, "Debian GNU/Linux 12");
    }

    #[test]
    fn an_empty_file_is_no_debian() {
        assert!(!Os::parse("").is_debian("12"));
    }
}
