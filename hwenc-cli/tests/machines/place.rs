//! The directory of a row, and what its programs leave behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::common::open_to_others;

/// What of a run may still be on its way out.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        fs::create_dir(place.path().join("cache")).unwrap();
        fs::create_dir(place.path().join("lib")).unwrap();
        // For another user, where the row has one.
        for directory in [place.path().to_owned(), place.path().join("cache")] {
            open_to_others(&directory, 0o777);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn cache(&self) -> std::path::PathBuf {
        self.path().join("cache")
    }

    /// No process of the run is left, nor a note of a trial that has not ended.
    pub(crate) fn is_left_clean(&self) {
        let journal = self.cache().join("journal");
        let open = fs::read_to_string(journal).unwrap_or_default();
        assert_eq!(open, "", "the journal has an open entry");
        let began = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "processes are left: {left:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Processes whose environment names this directory: only those of the run do.
    pub(crate) fn processes(&self) -> Vec<String> {
        let mark = self.path().as_os_str().as_encoded_bytes();
        let of_run = |process: &Path| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.windows(mark.len()).any(|part| part == mark)
        };
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let words = |process: &Path| {
            let words = fs::read(process.join("cmdline")).unwrap_or_default();
            format!("{}: {}", process.display(), String::from_utf8_lossy(&words).replace('\0', " "))
        };
        all.filter(|process| of_run(process)).map(|process| words(&process)).collect()
    }
}
