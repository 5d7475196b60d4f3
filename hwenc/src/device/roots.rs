//! Where the machine's files are, and reading them without ever failing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nix::sys::stat::{FileStat, SFlag, major, minor};
use nix::unistd::{self, Gid, Uid};
use serde::{Deserialize, Serialize};

use super::node::OsError;

/// The directories to look into: the system's, or a copy of another machine's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Roots {
    /// Device nodes, `/dev`.
    pub dev: PathBuf,
    /// sysfs, `/sys`.
    pub sys: PathBuf,
    /// procfs, `/proc`.
    pub proc: PathBuf,
    /// Configuration, `/etc`.
    pub etc: PathBuf,
    /// Everything else, `/`.
    pub top: PathBuf,
    names: Names,
    /// Replaced by tests, which cannot make device nodes.
    pub(super) number: NumberOf,
}

/// Tells major and minor of a device node from its path and status.
pub(super) type NumberOf = fn(&Path, &FileStat) -> Option<(u32, u32)>;

/// Where names of users and groups come from.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// The system's name service, which may know more than the files.
    Service,
    /// `etc/passwd` and `etc/group` under the root.
    Files,
}

impl Roots {
    /// This machine.
    pub fn system() -> Self {
        Roots { names: Names::Service, ..Roots::under("/") }
    }

    /// A tree that holds `dev`, `sys`, `proc` and `etc`.
    pub fn under(path: impl AsRef<Path>) -> Self {
        let top = path.as_ref();
        Roots {
            dev: top.join("dev"),
            sys: top.join("sys"),
            proc: top.join("proc"),
            etc: top.join("etc"),
            top: top.to_owned(),
            names: Names::Files,
            number: device_number,
        }
    }

    pub(super) fn user_name(&self, uid: u32) -> Option<String> {
        match self.names {
            Names::Service => unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name),
            Names::Files => find_name(&self.etc.join("passwd"), uid),
        }
    }

    pub(super) fn group_name(&self, gid: u32) -> Option<String> {
        match self.names {
            Names::Service => unistd::Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|g| g.name),
            Names::Files => find_name(&self.etc.join("group"), gid),
        }
    }

    pub(super) fn group_id(&self, name: &str) -> Option<u32> {
        match self.names {
            Names::Service => unistd::Group::from_name(name).ok().flatten().map(|g| g.gid.as_raw()),
            Names::Files => {
                entries(&self.etc.join("group")).into_iter().find(|(n, _)| n == name).map(|(_, id)| id)
            }
        }
    }
}

fn device_number(_: &Path, status: &FileStat) -> Option<(u32, u32)> {
    let number = status.st_rdev;
    // A number that does not fit is none that the kernel gives out.
    let pair = (u32::try_from(major(number)).ok()?, u32::try_from(minor(number)).ok()?);
    (kind(status) == SFlag::S_IFCHR).then_some(pair)
}

/// What kind of file it is.
pub(super) fn kind(status: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(status.st_mode) & SFlag::S_IFMT
}

/// Name and number of each line of a passwd or group file; both have them in the first and the third field.
fn entries(path: &Path) -> Vec<(String, u32)> {
    let Ok(bytes) = read_start(path) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let entry = |line: &str| {
        let mut fields = line.split(':');
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

fn find_name(path: &Path, id: u32) -> Option<String> {
    entries(path).into_iter().find(|(_, i)| *i == id).map(|(name, _)| name)
}

/// More than any file that is read here needs.
const MOST: u64 = 1 << 20;

fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Something that exists and could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Unread {
    /// What it is.
    pub path: PathBuf,
    /// Why not.
    pub error: OsError,
}

/// Reads, and remembers what could not be read.
pub(super) struct Reader<'a> {
    pub(super) roots: &'a Roots,
    /// Whether nodes are opened.
    pub(super) opens: bool,
    unread: Vec<Unread>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(roots: &'a Roots, opens: bool) -> Self {
        Reader { roots, opens, unread: Vec::new() }
    }

    pub(super) fn into_unread(self) -> Vec<Unread> {
        self.unread
    }

    /// Notes why something could not be read, unless it is simply not there.
    pub(super) fn note(&mut self, path: &Path, error: &io::Error) {
        let absent = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        if !absent && !self.unread.iter().any(|unread| unread.path == path) {
            self.unread.push(Unread { path: path.to_owned(), error: error.into() });
        }
    }

    fn keep<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        result.inspect_err(|error| self.note(path, error)).ok()
    }

    /// The beginning of a file.
    pub(super) fn bytes(&mut self, path: &Path) -> Option<Vec<u8>> {
        self.keep(path, read_start(path))
    }

    /// The text of a file's first 8 KiB: the kernel makes as much as is asked for, and may take long over a whole file.
    pub(super) fn first_text(&mut self, path: &Path) -> Option<String> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(8 << 10).read_to_end(&mut bytes));
        self.keep(path, read)?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// The text of a small file, without white space around it.
    pub(super) fn text(&mut self, path: &Path) -> Option<String> {
        let bytes = self.bytes(path)?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// The names in a directory, sorted; none where it does not exist.
    pub(super) fn names(&mut self, path: &Path) -> Vec<OsString> {
        self.keep(path, list(path)).unwrap_or_default()
    }

    /// The last part of what a link points to, as sysfs names drivers and buses.
    pub(super) fn link_name(&mut self, path: &Path) -> Option<String> {
        let target = self.keep(path, fs::read_link(path))?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Where a path ends when every link in it is followed.
    pub(super) fn resolve(&mut self, path: &Path) -> Option<PathBuf> {
        self.keep(path, fs::canonicalize(path))
    }
}

/// The names in a directory, sorted.
pub(super) fn list(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(path)?.map(|e| e.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    Ok(names)
}

/// The number in `prefix<digits>`; nothing else follows it.
pub(super) fn numbered(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    // `parse` alone would take "+1".
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}
