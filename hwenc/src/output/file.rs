//! [`OutputFile`]: written beside its final name, renamed when it is complete, gone otherwise.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::error::{Code, Error, Result};

/// A file in the making.
pub(crate) enum OutputFile {
    /// Beside the final name. Dropping it removes it.
    Beside { part: TempPath, target: PathBuf, overwrite: bool },
    /// A pipe or device: there is nothing to rename.
    Direct(PathBuf),
}

impl OutputFile {
    /// Checks the place and makes the file beside it. Through a link, as other programs write.
    pub(crate) fn create(target: &Path, overwrite: bool) -> Result<Self> {
        let is_link = fs::symlink_metadata(target).is_ok_and(|m| m.is_symlink());
        match fs::metadata(target) {
            Ok(m) if m.is_dir() => {
                let text = format!("{} is a directory", target.display());
                return Err(Error::new(Code::OutputIsDirectory, text));
            }
            Ok(m) if m.file_type().is_fifo() || m.file_type().is_char_device() => {
                return Ok(OutputFile::Direct(target.to_owned()));
            }
            Ok(m) if !m.is_file() => {
                let text = format!("{} is neither a file nor a pipe", target.display());
                return Err(Error::new(Code::OutputFailed, text));
            }
            Ok(_) if !overwrite => return Err(exists(target)),
            // A link to nothing.
            Err(e) if e.kind() == ErrorKind::NotFound && is_link && !overwrite => return Err(exists(target)),
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(refused(target, &e)),
            _ => {}
        }
        let target = match fs::canonicalize(target) {
            Ok(real) if is_link => real,
            _ => target.to_owned(),
        };
        let directory = directory_of(&target);
        let prefix = part_prefix(target.file_name().unwrap_or_default());
        let part = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(fs::Permissions::from_mode(0o666)) // the umask applies, as for any new file
            .tempfile_in(directory)
            .map_err(|e| refused(directory, &e))?
            .into_temp_path();
        Ok(OutputFile::Beside { part, target, overwrite })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        match self {
            OutputFile::Beside { part, .. } => part,
            OutputFile::Direct(path) => path,
        }
    }

    /// The file that must not stay, where there is one.
    pub(crate) fn removable(&self) -> Option<&Path> {
        match self {
            OutputFile::Beside { part, .. } => Some(part),
            OutputFile::Direct(_) => None,
        }
    }

    /// A pipe or device.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, OutputFile::Direct(_))
    }

    /// Gives the file its name.
    pub(crate) fn complete(self) -> Result<()> {
        match self {
            OutputFile::Direct(_) => Ok(()),
            OutputFile::Beside { part, target, overwrite: true } => {
                part.persist(&target).map_err(|e| refused(&target, &e.error))
            }
            // Somebody may have made it meanwhile; theirs stays.
            OutputFile::Beside { part, target, overwrite: false } => {
                part.persist_noclobber(&target).map_err(|e| match e.error.kind() {
                    ErrorKind::AlreadyExists => exists(&target),
                    _ => refused(&target, &e.error),
                })
            }
        }
    }
}

fn directory_of(target: &Path) -> &Path {
    target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `.NAME.`, cut where the whole would be longer than file systems allow (255 bytes).
fn part_prefix(name: &OsStr) -> OsString {
    const MOST: usize = 230;
    let name = name.as_bytes();
    let mut prefix = OsString::from(".");
    prefix.push(OsStr::from_bytes(&name[..name.len().min(MOST)]));
    prefix.push(".");
    prefix
}

fn exists(target: &Path) -> Error {
    Error::new(Code::OutputExists, format!("{} exists", target.display()))
}

/// Why a file cannot be made: `place` is the directory, or the file itself.
fn refused(place: &Path, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::NotFound if place.is_dir() => Code::OutputPermission, // /proc and its like
        ErrorKind::NotFound | ErrorKind::NotADirectory => Code::OutputNoDirectory,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::OutputPermission,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::OutputDiskFull,
        _ => Code::OutputFailed,
    };
    let shown = place.display();
    let text = match code {
        Code::OutputNoDirectory if error.kind() == ErrorKind::NotADirectory => {
            format!("a part of the path {shown} is no directory")
        }
        Code::OutputNoDirectory => format!("the directory {shown} does not exist"),
        Code::OutputPermission => format!("{shown} cannot be written by this user"),
        Code::OutputDiskFull => format!("no space is left in {shown}"),
        _ => format!("{shown} cannot be written"),
    };
    let mut e = Error::new(code, text);
    if error.kind() == ErrorKind::ReadOnlyFilesystem {
        e = e.with_remedy("write elsewhere: the file system is read-only");
    }
    if let Some(errno) = error.raw_os_error() {
        e = e.with_os(errno);
    }
    e
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_appears_before_it_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("film.mp4");
        let file = OutputFile::create(&target, false).unwrap();
        fs::write(file.path(), b"x").unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

        let file = OutputFile::create(&target, false).unwrap();
        fs::write(file.path(), b"new").unwrap();
        file.complete().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(OutputFile::create(&target, false).err().unwrap().code(), Code::OutputExists);
    }

    #[test]
    fn a_file_that_appears_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("film.mp4");
        let file = OutputFile::create(&target, false).unwrap();
        fs::write(&target, b"theirs").unwrap();
        assert_eq!(file.complete().unwrap_err().code(), Code::OutputExists);
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn places_that_cannot_be_written_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let code = |path: &Path| OutputFile::create(path, true).err().unwrap().code();
        assert_eq!(code(dir.path()), Code::OutputIsDirectory);
        assert_eq!(code(&dir.path().join("no/film.mp4")), Code::OutputNoDirectory);
        fs::write(dir.path().join("file"), b"").unwrap();
        assert_eq!(code(&dir.path().join("file/film.mp4")), Code::OutputNoDirectory);
        assert_eq!(code(Path::new("/proc/film.mp4")), Code::OutputPermission);
    }
    #[test]
    fn names_as_long_as_the_file_system_allows_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join(format!("{}.mp4", "n".repeat(251)));
        OutputFile::create(&target, false).unwrap().complete().unwrap();
        assert!(target.exists());
        let longer = dir.path().join(format!("{}.mp4", "n".repeat(252)));
        assert_eq!(OutputFile::create(&longer, false).err().unwrap().code(), Code::OutputFailed);
    }

    #[test]
    fn links_are_followed_and_stay() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.mp4"), dir.path().join("link.mp4"));
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(OutputFile::create(&link, false).err().unwrap().code(), Code::OutputExists);
        fs::write(&real, b"old").unwrap();
        let file = OutputFile::create(&link, true).unwrap();
        fs::write(file.path(), b"new").unwrap();
        file.complete().unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
