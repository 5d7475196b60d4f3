//! `--report FILE`: it appears when it is complete, like the film.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use hwenc::{Code, Error, Result, Transcode, TranscodeReport};
use tempfile::NamedTempFile;

/// A place where a report can be written.
pub(crate) struct ReportFile<'a>(&'a Path);

impl<'a> ReportFile<'a> {
    /// Checks the place, and leaves nothing there.
    pub(crate) fn check(path: &'a Path, job: &Transcode) -> Result<Self> {
        for film in [&job.input, &job.output] {
            if same(path, film) {
                let text = format!("the report would replace {}", film.display());
                return Err(Error::new(Code::Usage, text).with_remedy("name another file with --report"));
            }
        }
        let file = ReportFile(path);
        match fs::metadata(path) {
            Ok(m) if m.is_dir() => Err(file.failed(&ErrorKind::IsADirectory.into())),
            Ok(m) if !m.is_file() => Ok(file), // a pipe or a device
            _ => file.beside().map(|_| file),
        }
    }

    pub(crate) fn write(&self, report: &TranscodeReport) -> Result<()> {
        let text = serde_json::to_string_pretty(report).expect("plain data") + "\n";
        let path = self.0;
        if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
            return fs::write(path, text).map_err(|e| self.failed(&e));
        }
        let mut file = self.beside()?;
        file.write_all(text.as_bytes()).map_err(|e| self.failed(&e))?;
        file.persist(path).map_err(|e| self.failed(&e.error))?;
        Ok(())
    }

    fn beside(&self) -> Result<NamedTempFile> {
        let directory = self.0.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::Builder::new()
            .prefix(".hwenc-report.")
            .permissions(fs::Permissions::from_mode(0o666)) // the umask applies, as for any new file
            .tempfile_in(directory)
            .map_err(|e| self.failed(&e))
    }

    fn failed(&self, e: &io::Error) -> Error {
        let code = match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Code::OutputNoDirectory,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::OutputPermission,
            ErrorKind::IsADirectory => Code::OutputIsDirectory,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::OutputDiskFull,
            _ => Code::OutputFailed,
        };
        let error = Error::new(code, format!("the report {} cannot be written", self.0.display()));
        match e.raw_os_error() {
            Some(errno) => error.with_os(errno),
            None => error,
        }
    }
}

/// One file, whether it exists yet or not.
fn same(a: &Path, b: &Path) -> bool {
    let place = |p: &Path| {
        let parent = p.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(parent).ok()?.join(p.file_name()?))
    };
    let id = |p: &Path| fs::metadata(p).ok().filter(fs::Metadata::is_file).map(|m| (m.dev(), m.ino()));
    a == b || place(a).is_some_and(|a| place(b) == Some(a)) || id(a).is_some_and(|a| id(b) == Some(a))
}
