//! [`OutputFile`]: written beside its final name, renamed when it is complete, gone otherwise.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
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
    /// Checks the place and makes the file beside it.
    pub(crate) fn create(target: &Path, overwrite: bool) -> Result<Self> {
        match fs::metadata(target) {
            Ok(m) if m.is_dir() => {
                let text = format!("{} is a directory", target.display());
                return Err(Error::new(Code::OutputIsDirectory, text));
            }
            Ok(m) if m.file_type().is_fifo() || m.file_type().is_char_device() => {
                return Ok(OutputFile::Direct(target.to_owned()));
            }
            Ok(_) if !overwrite => return Err(exists(target)),
            _ => {}
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut prefix = OsString::from(".");
        prefix.push(target.file_name().unwrap_or_default());
        prefix.push(".");
        let part = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".part")
            .permissions(fs::Permissions::from_mode(0o666)) // the umask applies, as for any new file
            .tempfile_in(directory)
            .map_err(|e| refused(directory, &e))?
            .into_temp_path();
        Ok(OutputFile::Beside { part, target: target.to_owned(), overwrite })
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

fn exists(target: &Path) -> Error {
    Error::new(Code::OutputExists, format!("{} exists", target.display()))
}

fn refused(place: &Path, error: &std::io::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::NotFound => Code::OutputNoDirectory,
        ErrorKind::NotADirectory => Code::OutputNoDirectory,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::OutputPermission,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::OutputDiskFull,
        _ => Code::OutputFailed,
    };
    let text = match code {
        Code::OutputNoDirectory => format!("the directory {} does not exist", place.display()),
        Code::OutputPermission => format!("{} cannot be written", place.display()),
        Code::OutputDiskFull => format!("no space is left in {}", place.display()),
        _ => format!("no file can be made in {}", place.display()),
    };
    let mut e = Error::new(code, text);
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
    }
}
