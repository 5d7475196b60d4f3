//! [`Cache`]: reports on disk, each beside the fingerprint that it holds for. Whatever is wrong with it, a probe goes on without:
//! what cannot be read is ignored and written anew, what cannot be written is only logged.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::journal::wait_for;
use super::{Outcome, Report, SCHEMA};
use crate::device::Access;
use crate::error::Code;

/// The variable that names the directory.
pub(super) const VARIABLE: &str = "HWENC_CACHE_DIR";
/// Files that are kept; more only pile up when environments change all the time.
const MOST: usize = 32;
/// A report is some 100 kB; what is far larger is not ours.
const LARGEST: u64 = 16 << 20;
/// How long a hang or a crash is believed; a busy machine or a device that was waking up may have been all.
const BELIEF: Duration = Duration::from_secs(3600);

#[derive(Serialize, Deserialize)]
struct Entry {
    fingerprint: Fingerprint,
    report: Report,
    /// How long a driver might take for one answer.
    #[serde(default)]
    deadline: Duration,
}

#[derive(Serialize)]
struct Borrowed<'a> {
    fingerprint: &'a Fingerprint,
    report: &'a Report,
    deadline: Duration,
}

/// A directory of reports.
#[derive(Clone, Debug)]
pub(super) struct Cache(PathBuf);

impl Cache {
    /// `$HWENC_CACHE_DIR`, else `hwenc/probe` in the user's own cache directory (XDG Base Directory Specification); none for a
    /// process without a home.
    pub(super) fn of_user() -> Option<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let own = || {
            Some(
                set("XDG_CACHE_HOME")
                    .filter(|p| p.is_absolute())
                    .or_else(|| Some(set("HOME")?.join(".cache")))?
                    .join("hwenc/probe"),
            )
        };
        set(VARIABLE).or_else(own).map(Cache)
    }

    pub(super) fn at(directory: impl Into<PathBuf>) -> Self {
        Cache(directory.into())
    }

    pub(super) fn directory(&self) -> &Path {
        &self.0
    }

    fn file(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.0.join(format!("{}.json", fingerprint.name()))
    }

    /// The report for this fingerprint. What did not come back in less than this deadline may do so now.
    pub(super) fn load(&self, fingerprint: &Fingerprint, deadline: Duration) -> Option<Report> {
        let path = self.file(fingerprint);
        let metadata = fs::metadata(&path).ok()?;
        if !trusted(&metadata, nix::unistd::geteuid().as_raw()) {
            return None;
        }
        let entry: Entry = serde_json::from_slice(&fs::read(&path).ok()?)
            .inspect_err(|error| tracing::warn!(%error, "a cached report cannot be read and is made anew"))
            .ok()?;
        let holds = entry.fingerprint == *fingerprint && entry.report.schema == SCHEMA;
        let old =
            metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|age| age > BELIEF);
        let believed = match entry.deadline >= deadline && !old {
            true => true,
            false => !lost(&entry.report, old),
        };
        (holds && believed).then_some(entry.report)
    }

    /// Keeps a report; with `theirs`, also what other processes have tried meanwhile, or this one before.
    pub(super) fn store(&self, fingerprint: &Fingerprint, report: &Report, deadline: Duration, theirs: bool) {
        if let Err(error) = self.try_store(fingerprint, report, deadline, theirs) {
            tracing::warn!(%error, directory = %self.0.display(), "the report cannot be cached");
        }
    }

    fn try_store(
        &self,
        fingerprint: &Fingerprint,
        report: &Report,
        deadline: Duration,
        theirs: bool,
    ) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let lock = File::options().create(true).truncate(false).write(true).open(self.0.join("lock"))?;
        // A process that was stopped keeps its lock for ever.
        wait_for(|| lock.try_lock())?;
        let mut report = report.clone();
        report
            .trials
            .retain(|tried| !matches!(&tried.outcome, Outcome::Failed(reason) if passes(reason.code)));
        if let Some(theirs) = self.load(fingerprint, deadline).filter(|_| theirs) {
            let new = theirs
                .trials
                .into_iter()
                .filter(|tried| report.tried(&tried.trial).is_none())
                .collect::<Vec<_>>();
            report.trials.extend(new);
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        serde_json::to_writer(
            io::BufWriter::new(&mut file),
            &Borrowed { fingerprint, report: &report, deadline },
        )?;
        file.flush()?;
        file.persist(self.file(fingerprint)).map_err(|error| error.error)?;
        self.prune()
    }

    /// Removes the oldest of too many.
    fn prune(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.0)?.flatten() {
            if entry.path().extension().is_some_and(|e| e == "json")
                && let Ok(modified) = entry.metadata().and_then(|m| m.modified())
            {
                files.push((modified, entry.path()));
            }
        }
        files.sort();
        for (_, path) in files.iter().rev().skip(MOST) {
            let _ = fs::remove_file(path); // another process may have been quicker
        }
        Ok(())
    }
}

/// This user's, and of a size that a report may have: another user's file could say anything.
fn trusted(file: &fs::Metadata, user: u32) -> bool {
    file.is_file() && file.uid() == user && file.len() <= LARGEST
}

/// Something in it did not come back in time, or, where `crashes` count, took its process down.
fn lost(report: &Report, crashes: bool) -> bool {
    let failed = report.trials.iter().filter_map(|tried| match &tried.outcome {
        Outcome::Failed(reason) => Some(reason),
        Outcome::Verified(_) => None,
    });
    let drivers = report.va.iter().chain(&report.va_others).filter_map(|driver| driver.lost.as_ref());
    let bare = report.bare.iter().filter_map(|bare| bare.refused.as_ref());
    let counts = |code| match code {
        Code::DeviceHung => true,
        Code::DriverCrashed | Code::DriverMemory => crashes,
        _ => false,
    };
    failed.chain(drivers).chain(bare).any(|reason| counts(reason.code))
        || report.machine.nodes().any(|(_, file)| file.access == Access::Hung)
}

/// What may be otherwise the next time: sessions and memory that others have in use, a helper that failed.
fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::SessionLimit
            | Code::OutOfMemory
            | Code::HelperFailed
            | Code::HelperMissing
            | Code::TrialQuarantined
            | Code::Internal
    )
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
