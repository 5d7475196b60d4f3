//! [`Hello`]: what host and helper tell each other before any work. What was tried with another FFmpeg says nothing about this one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::av::build::Build;
use crate::error::{Code, Error, Result};

/// The first line in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Version of hwenc.
    pub(super) hwenc: String,
    /// The FFmpeg in the process.
    pub(super) ffmpeg: Build,
    /// Where the helper keeps its journal; only the host says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) journal: Option<PathBuf>,
}

impl Hello {
    /// Of this process.
    pub(super) fn here(journal: Option<PathBuf>) -> Self {
        Hello { hwenc: env!("CARGO_PKG_VERSION").to_owned(), ffmpeg: Build::linked(), journal }
    }

    /// Whether a helper that says `other` speaks for this process.
    ///
    /// # Errors
    /// [`Code::HelperMismatch`], naming what both have.
    pub(super) fn accepts(&self, other: &Hello) -> Result<()> {
        let wrong = |text: String| Err(Error::new(Code::HelperMismatch, text));
        if self.hwenc != other.hwenc {
            return wrong(format!("the helper is hwenc {} and this process {}", other.hwenc, self.hwenc));
        }
        let (mine, its) = (&self.ffmpeg, &other.ffmpeg);
        if mine.version != its.version {
            return wrong(format!("the helper has FFmpeg {} and this process {}", its.version, mine.version));
        }
        if let Some((its, mine)) = its.libraries.iter().zip(&mine.libraries).find(|(a, b)| a != b) {
            return wrong(format!("the helper has {its} and this process {mine}"));
        }
        if mine.configuration != its.configuration || mine.libraries.len() != its.libraries.len() {
            let text = format!(
                "the helper has FFmpeg {} and this process {}, which was built differently",
                its.version, mine.version
            );
            let error = Error::new(Code::HelperMismatch, text);
            let error = error.with_evidence(format!("helper: {}", its.configuration));
            return Err(error.with_evidence(format!("this process: {}", mine.configuration)));
        }
        for file in &mine.files {
            // Linked statically on one side, there is no file to compare.
            let Some(its) = its.file(&file.library) else { continue };
            if its.identity != file.identity {
                let text = format!(
                    "the helper has FFmpeg {} and this process {}, from another file",
                    other.ffmpeg.version, mine.version
                );
                let error = Error::new(Code::HelperMismatch, text);
                let error = error.with_evidence(format!("helper: {} ({})", its.path, its.identity));
                return Err(error.with_evidence(format!("this process: {} ({})", file.path, file.identity)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_accepts_itself_and_nobody_else() {
        let here = Hello::here(None);
        here.accepts(&here).unwrap();
        type Change = (&'static str, fn(&mut Hello));
        let changes: [Change; 5] = [
            ("hwenc 0.0.9", |h| h.hwenc = "0.0.9".into()),
            ("FFmpeg 7.1.1", |h| h.ffmpeg.version = "7.1.1".into()),
            ("libavcodec 99.1.2", |h| h.ffmpeg.libraries[1] = "libavcodec 99.1.2".into()),
            ("built differently", |h| h.ffmpeg.configuration.push_str(" --disable-everything")),
            ("another file", |h| h.ffmpeg.files[1].identity = "00:01 2".into()),
        ];
        for (words, change) in changes {
            let mut other = here.clone();
            change(&mut other);
            let error = here.accepts(&other).unwrap_err();
            assert_eq!(error.code(), Code::HelperMismatch);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn both_versions_are_named() {
        let (mut here, mut other) = (Hello::here(None), Hello::here(None));
        here.ffmpeg.version = "5.1".into();
        other.ffmpeg.version = "7.1".into();
        let error = here.accepts(&other).unwrap_err();
        assert_eq!(error.to_string(), "the helper has FFmpeg 7.1 and this process 5.1");
    }

    #[test]
    fn static_libraries_are_compared_by_what_they_say() {
        let (here, mut other) = (Hello::here(None), Hello::here(None));
        other.ffmpeg.files.clear();
        here.accepts(&other).unwrap();
    }
}
