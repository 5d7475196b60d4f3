//! Which paths are replaced, and by what. Nothing here allocates for a path that is left alone: a memory allocator may open
//! files while it starts.

use std::ffi::CStr;

/// Room for any path that the kernel takes.
pub(crate) const MOST: usize = libc::PATH_MAX as usize;

/// How much of the file system below a path is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// It and everything in it.
    Tree,
    /// Itself: a directory whose list is replaced, by links to what is really there and to what is not.
    List,
    /// Everything that begins like this.
    Prefix,
}

/// A part of the file system that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    path: Vec<u8>,
    extent: Extent,
}

impl Rule {
    /// From a line: `/a/tree`, `=/a/list`, `/a/prefix*`.
    pub(crate) fn parse(line: &str) -> Option<Rule> {
        let (rest, extent) = match (line.strip_prefix('='), line.strip_suffix('*')) {
            (Some(list), _) => (list, Extent::List),
            (None, Some(prefix)) => (prefix, Extent::Prefix),
            (None, None) => (line, Extent::Tree),
        };
        rest.starts_with('/').then(|| Rule { path: rest.as_bytes().to_vec(), extent })
    }

    fn covers(&self, path: &[u8]) -> bool {
        let Some(rest) = path.strip_prefix(self.path.as_slice()) else { return false };
        match self.extent {
            Extent::Tree => rest.is_empty() || rest.starts_with(b"/"),
            Extent::List => rest.is_empty() || rest == b"/",
            Extent::Prefix => true,
        }
    }
}

/// Whether a path could be replaced by any rule. Cheap, and asked before the rules are read: reading them allocates.
/// Allocators read `/sys/kernel` and `/sys/devices/system` while they start.
pub(crate) fn possible(path: &[u8]) -> bool {
    const PLACES: [&[u8]; 7] = [
        b"/dev/dri",
        b"/sys/class",
        b"/sys/dev/char",
        b"/sys/bus",
        b"/sys/devices",
        b"/sys/module/",
        b"/run/udev/data/c226:",
    ];
    PLACES.iter().any(|place| path.starts_with(place)) && !path.starts_with(b"/sys/devices/system")
}

/// Writes `directory/path` (or `path`, where that is absolute) without `//` and `/./`. None where it does not fit.
pub(crate) fn tidy<'b>(directory: &[u8], path: &[u8], buffer: &'b mut [u8; MOST]) -> Option<&'b [u8]> {
    let from = if path.starts_with(b"/") { &b""[..] } else { directory };
    let mut used = 0;
    let parts = from.split(|byte| *byte == b'/').chain(path.split(|byte| *byte == b'/'));
    for part in parts.filter(|part| !part.is_empty() && *part != b".") {
        let end = used + 1 + part.len();
        // One byte stays for the final slash.
        buffer.get_mut(used..end + 1)?;
        buffer[used] = b'/';
        buffer[used + 1..end].copy_from_slice(part);
        used = end;
    }
    if used == 0 || path.ends_with(b"/") || path.ends_with(b"/.") {
        // A final slash asks for a directory.
        buffer[used] = b'/';
        used += 1;
    }
    Some(&buffer[..used])
}

/// The path with a final zero byte. None where it does not fit.
pub(crate) fn copy<'b>(path: &[u8], buffer: &'b mut [u8; MOST]) -> Option<&'b CStr> {
    buffer.get_mut(..path.len())?.copy_from_slice(path);
    *buffer.get_mut(path.len())? = 0;
    CStr::from_bytes_with_nul(&buffer[..=path.len()]).ok()
}

/// The rules, and the directory that holds what is shown.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    root: Vec<u8>,
    rules: Vec<Rule>,
}

impl Rules {
    pub(crate) fn new(root: Vec<u8>, rules: Vec<Rule>) -> Self {
        Rules { root, rules }
    }

    /// Whether a path is replaced.
    pub(crate) fn covers(&self, path: &[u8]) -> bool {
        self.rules.iter().any(|rule| rule.covers(path))
    }

    /// The path shown in place of `path`. None where it does not fit.
    pub(crate) fn replace<'b>(&self, path: &[u8], buffer: &'b mut [u8; MOST]) -> Option<&'b CStr> {
        let end = self.root.len() + path.len();
        buffer.get_mut(..self.root.len())?.copy_from_slice(&self.root);
        buffer.get_mut(self.root.len()..end)?.copy_from_slice(path);
        *buffer.get_mut(end)? = 0;
        CStr::from_bytes_with_nul(&buffer[..=end]).ok()
    }

    /// What a path inside of the root is shown as.
    pub(crate) fn shown<'p>(&self, path: &'p [u8]) -> Option<&'p [u8]> {
        let rest = path.strip_prefix(self.root.as_slice())?;
        [&b"/dev/dri"[..], b"/sys", b"/run"]
            .iter()
            .any(|top| {
                rest.strip_prefix(*top).is_some_and(|below| below.is_empty() || below.starts_with(b"/"))
            })
            .then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let lines = ["/dev/dri", "=/sys/class", "/sys/class/drm", "/sys/dev/char/226:*"];
        Rules::new(b"/tmp/x".to_vec(), lines.iter().map(|line| Rule::parse(line).unwrap()).collect())
    }

    fn replaced(path: &str) -> Option<String> {
        let mut buffer = [0; MOST];
        let rules = rules();
        if !rules.covers(path.as_bytes()) {
            return None;
        }
        let found = rules.replace(path.as_bytes(), &mut buffer)?.to_str().unwrap().to_owned();
        assert!(possible(path.as_bytes()), "{path} is replaced, yet would not be looked at");
        Some(found)
    }

    #[test]
    fn each_rule_covers_what_it_says() {
        for path in [
            "/dev/dri",
            "/dev/dri/",
            "/dev/dri/card0",
            "/sys/class",
            "/sys/class/",
            "/sys/dev/char/226:128/x",
        ] {
            assert_eq!(replaced(path), Some(format!("/tmp/x{path}")));
        }
        for path in
            ["/dev", "/dev/drink", "/sys/class/net", "/sys/class/drm_dp", "/sys/dev/char/22:1", "/", ""]
        {
            assert_eq!(replaced(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_too_long_is_left_to_the_kernel() {
        let mut buffer = [0; MOST];
        let long = format!("/dev/dri/{}", "a".repeat(MOST));
        assert_eq!(rules().replace(long.as_bytes(), &mut buffer), None);
        assert_eq!(tidy(b"", long.as_bytes(), &mut buffer), None);
    }

    #[test]
    fn tidying_keeps_the_meaning() {
        for (directory, path, tidied) in [
            ("", "//dev//dri/./card0", "/dev/dri/card0"),
            ("/sys/class", "drm", "/sys/class/drm"),
            ("/sys", "./class/drm/.", "/sys/class/drm/"),
            ("/", "sys", "/sys"),
            ("/sys", "/dev/dri/", "/dev/dri/"),
            ("/sys", "../dev", "/sys/../dev"),
            ("", "/", "/"),
        ] {
            let mut buffer = [0; MOST];
            let found = tidy(directory.as_bytes(), path.as_bytes(), &mut buffer).unwrap();
            assert_eq!(std::str::from_utf8(found).unwrap(), tidied, "{directory} {path}");
        }
    }

    #[test]
    fn what_is_inside_is_shown_as_it_was_asked_for() {
        let rules = rules();
        assert_eq!(rules.shown(b"/tmp/x/sys/devices/pci0000:00"), Some(&b"/sys/devices/pci0000:00"[..]));
        assert_eq!(rules.shown(b"/tmp/x/dev/dri/card0"), Some(&b"/dev/dri/card0"[..]));
        assert_eq!(rules.shown(b"/tmp/x/setup.json"), None);
        assert_eq!(rules.shown(b"/sys/class"), None);
    }
}
