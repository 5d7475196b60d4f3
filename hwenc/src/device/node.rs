//! A device node as a file: whose it is, and whether it opens.

use std::fmt;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, lstat, stat};
use serde::{Deserialize, Serialize};

use super::roots::Reader;

/// An error number of the operating system, with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct OsError {
    /// The number, such as 13; 0 where the error has none.
    pub errno: i32,
    /// Its name, such as `EACCES`.
    pub name: String,
}

impl OsError {
    /// The error of this number.
    pub fn new(errno: i32) -> Self {
        OsError { errno, name: format!("{:?}", Errno::from_raw(errno)) }
    }
}

impl From<&io::Error> for OsError {
    fn from(error: &io::Error) -> Self {
        error.raw_os_error().map_or_else(OsError::default, OsError::new)
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, Errno::from_raw(self.errno).desc())
    }
}

/// The permission bits of a file; `0660` as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mode(pub u32);

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl TryFrom<String> for Mode {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u32::from_str_radix(&text, 8).map(Mode)
    }
}

/// Whether a node opens for reading and writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Access {
    /// It was opened, and closed again.
    Open,
    /// It was not.
    Refused(OsError),
    /// Opening it did not come back within the deadline.
    Hung,
    /// Nobody tried.
    Untried,
}

impl Access {
    /// Tries it. The kernel decides: mode, groups, capabilities and a container's device rules all count.
    pub(crate) fn of(path: &Path) -> Self {
        // Not to wait at a pipe, nor to become the terminal, should the node not be what its name says.
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        match open(path, flags, nix::sys::stat::Mode::empty()) {
            Ok(_closed_at_once) => Access::Open,
            Err(errno) => Access::Refused(OsError::new(errno as i32)),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Open => f.write_str("opens"),
            Access::Refused(error) => write!(f, "does not open: {error}"),
            Access::Hung => f.write_str("opening it does not come back"),
            Access::Untried => f.write_str("nobody tried to open it"),
        }
    }
}

/// Owner, mode and number of a node; those of the link where it leads nowhere. Through the C library's oldest calls:
/// std's is `statx`, and what shows a node that the kernel has not, such as Mesa's drm-shim, often knows but these.
pub(crate) fn status(path: &Path) -> io::Result<FileStat> {
    Ok(stat(path).or_else(|_| lstat(path))?)
}

/// A device node as a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodeFile {
    /// Numeric owner.
    pub uid: u32,
    /// Its name, where there is one.
    pub owner: Option<String>,
    /// Numeric group.
    pub gid: u32,
    /// Its name, where there is one. In a container there often is none.
    pub group: Option<String>,
    /// Permission bits.
    pub mode: Mode,
    /// Major and minor number; none for what is no device node.
    pub number: Option<(u32, u32)>,
    /// Whether this process can open it.
    pub access: Access,
}

impl NodeFile {
    /// A node with this group and these permissions, owned by root; `number` is none.
    pub fn new(gid: u32, mode: u32, access: Access) -> Self {
        NodeFile { uid: 0, owner: None, gid, group: None, mode: Mode(mode), number: None, access }
    }

    /// None where nothing of this name exists.
    pub(super) fn read(reader: &mut Reader<'_>, path: &Path) -> Option<Self> {
        // A link to nowhere still has an owner, and its opening tells the rest.
        let status = match status(path) {
            Ok(status) => status,
            Err(error) => {
                reader.note(path, &error);
                return None;
            }
        };
        Some(NodeFile {
            uid: status.st_uid,
            owner: reader.roots.user_name(status.st_uid),
            gid: status.st_gid,
            group: reader.roots.group_name(status.st_gid),
            mode: Mode(status.st_mode & 0o7777),
            number: (reader.roots.number)(path, &status),
            access: if reader.opens { Access::of(path) } else { Access::Untried },
        })
    }

    /// Whether this process could open it.
    pub fn can_open(&self) -> bool {
        self.access == Access::Open
    }

    /// Why it does not open.
    pub fn refused(&self) -> Option<&OsError> {
        match &self.access {
            Access::Refused(error) => Some(error),
            Access::Open | Access::Hung | Access::Untried => None,
        }
    }
}
