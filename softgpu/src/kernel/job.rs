//! What the host hands to PID 1 in a file, and what comes back in another.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Name of the job's file in the run's directory.
const JOB: &str = "job.json";
/// Name of the result's file.
const RESULT: &str = "result.json";
/// Name of the file that is empty unless the command could not be executed.
const REFUSAL: &str = "refusal.json";

/// The command and its surroundings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The command.
    pub(crate) command: Vec<OsString>,
    /// Its environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Its working directory. No path: serde takes only text for one.
    pub(crate) directory: OsString,
    /// Who it runs as.
    pub(crate) user: User,
    /// Its file mode creation mask.
    pub(crate) umask: u32,
    /// Soft and hard limits, in the order of [`LIMITS`](super::LIMITS).
    pub(crate) limits: Vec<(u64, u64)>,
    /// The machine's name.
    pub(crate) hostname: OsString,
    /// Directories of the host that can be written to.
    pub(crate) writable: Vec<OsString>,
    /// Owner and mode of the nodes.
    pub(crate) access: Vec<Access>,
}

/// A user, by numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct User {
    /// User.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// All other groups.
    pub(crate) groups: Vec<u32>,
}

/// Who may open a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    /// Which nodes.
    pub(crate) nodes: Nodes,
    /// Owner.
    pub(crate) uid: u32,
    /// Group.
    pub(crate) gid: u32,
    /// Permissions.
    pub(crate) mode: u32,
}

/// Nodes with the same owner and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Nodes {
    /// The render node, udmabuf and the heaps: what memory comes from.
    Render,
    /// The cards.
    Cards,
}

/// How the command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// With this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// There is no such command.
    NotFound,
    /// It is there and cannot be run.
    NotExecutable,
    /// Something before it failed.
    NotRun(String),
}

impl Job {
    /// Writes it where PID 1 finds it.
    pub(crate) fn save(&self, directory: &Path) -> Result<()> {
        let path = directory.join(JOB);
        fs::write(&path, serde_json::to_vec(self)?)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Reads what the host has written.
    pub(crate) fn load(directory: &Path) -> Result<Self> {
        let path = directory.join(JOB);
        let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no job", path.display()))
    }
}

impl Ended {
    /// Writes it through to the host's file.
    pub(crate) fn save(&self, directory: &Path) -> Result<()> {
        self.save_to(&File::create(directory.join(RESULT))?)
    }

    fn save_to(&self, mut file: &File) -> Result<()> {
        file.write_all(&serde_json::to_vec(self)?)?;
        Ok(file.sync_all()?)
    }

    /// Reads it; none where PID 1 did not come to its end.
    pub(crate) fn load(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(directory.join(RESULT)).ok()?).ok()
    }
}

/// The way for a command that could not be executed to say so. It is opened while that is allowed.
pub(crate) struct Refusal(File);

impl Refusal {
    pub(crate) fn prepare(directory: &Path) -> Result<Self> {
        Ok(Self(File::create(directory.join(REFUSAL)).context("the run's directory cannot be written to")?))
    }

    pub(crate) fn say(&self, ended: &Ended) -> Result<()> {
        ended.save_to(&self.0)
    }

    /// What was said, if something was.
    pub(crate) fn heard(directory: &Path) -> Option<Ended> {
        serde_json::from_slice(&fs::read(directory.join(REFUSAL)).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn bytes_that_are_no_text_arrive() {
        let odd = OsString::from_vec(vec![b'a', 0xff, b'\n', b'"']);
        let job = Job {
            command: vec![odd.clone()],
            environment: vec![(odd.clone(), odd.clone())],
            directory: odd.clone(),
            user: User { uid: 1, gid: 2, groups: vec![3] },
            umask: 0o22,
            limits: vec![(1024, u64::MAX)],
            hostname: odd,
            writable: vec!["/tmp".into()],
            access: vec![Access { nodes: Nodes::Render, uid: 0, gid: 44, mode: 0o660 }],
        };
        let directory = tempfile::tempdir().expect("a directory");
        job.save(directory.path()).expect("it is written");
        assert_eq!(Job::load(directory.path()).expect("it is read"), job);
    }

    #[test]
    fn no_result_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(Ended::load(directory.path()), None);
        Ended::Killed(11).save(directory.path()).expect("it is written");
        assert_eq!(Ended::load(directory.path()), Some(Ended::Killed(11)));
    }
}
