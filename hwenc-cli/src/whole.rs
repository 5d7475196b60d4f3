//! Text files that appear when they are complete, in place of older ones.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hwenc::{Code, Error, Result};
use tempfile::NamedTempFile;

/// Writes a file, or into a pipe or device. `what` is its name in errors, such as `the report`.
pub(crate) fn write(path: &Path, what: &str, text: &str) -> Result<()> {
    if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return fs::write(path, text).map_err(|e| failed(path, what, &e));
    }
    let mut file = beside(path, what)?;
    file.write_all(text.as_bytes()).map_err(|e| failed(path, what, &e))?;
    file.persist(path).map_err(|e| failed(path, what, &e.error))?;
    Ok(())
}

/// A file in the same directory, to be renamed. It is hidden: Node Feature Discovery, for one, reads whatever else appears
/// in its directory.
pub(crate) fn beside(path: &Path, what: &str) -> Result<NamedTempFile> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".hwenc-report.")
        .permissions(fs::Permissions::from_mode(0o666)) // the umask applies, as for any new file
        .tempfile_in(directory)
        .map_err(|e| failed(path, what, &e))
}

/// Why it cannot be written.
pub(crate) fn failed(path: &Path, what: &str, e: &io::Error) -> Error {
    let code = match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Code::OutputNoDirectory,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::OutputPermission,
        ErrorKind::IsADirectory => Code::OutputIsDirectory,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::OutputDiskFull,
        _ => Code::OutputFailed,
    };
    let error = Error::new(code, format!("{what} {} cannot be written", path.display()));
    match e.raw_os_error() {
        Some(errno) => error.with_os(errno),
        None => error,
    }
}
