//! `--report FILE`: it appears when it is complete, like the film.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hwenc::{Code, Error, Result, Transcode, TranscodeReport};

use crate::whole;

const WHAT: &str = "the report";

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
            Ok(m) if m.is_dir() => Err(whole::failed(path, WHAT, &ErrorKind::IsADirectory.into())),
            Ok(m) if !m.is_file() => Ok(file), // a pipe or a device
            _ => whole::beside(path, WHAT).map(|_| file),
        }
    }

    pub(crate) fn write(&self, report: &TranscodeReport) -> Result<()> {
        whole::write(self.0, WHAT, &(serde_json::to_string_pretty(report).expect("plain data") + "\n"))
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
