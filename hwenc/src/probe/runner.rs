//! [`Runner`]: who does jobs: a helper process, or this one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::{Answer, Job};

/// A job with its limits. Tasks of one lane are done one after the other, in the order in which they were given; lanes at the
/// same time. A lane is a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The caller's number for it.
    pub(crate) id: u32,
    pub(crate) lane: String,
    /// It needs a process in which no other driver was loaded, and leaves none for the next.
    pub(crate) alone: bool,
    /// How long it may take.
    pub(crate) deadline: Duration,
    /// Bytes of memory that it may take.
    pub(crate) memory: u64,
    /// The journal's key, for what could take the machine down.
    pub(crate) journal: Option<String>,
    pub(crate) job: Job,
}

/// A task that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) id: u32,
    pub(crate) result: Result<Answer, Loss>,
    pub(crate) wall: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Loss {
    /// It did not end in time, and was killed; the lane's other tasks are [`Loss::Skipped`].
    Hung { after: Duration },
    /// A signal ended the process.
    Crashed { signal: i32 },
    /// The process ended by itself without an answer.
    Left { status: i32 },
    /// It took more memory than it may, and was killed.
    Memory { bytes: u64 },
    /// Not begun, because the device hung before.
    Skipped,
    /// The helper itself was lost; its words.
    Helper { why: String },
}

/// Does tasks.
pub(crate) trait Runner {
    /// Takes a task; it may begin at once.
    fn submit(&mut self, task: Task);
    /// Waits for the next one that ends; `None` when none is left. It always comes back: later than the last deadline only
    /// by what killing takes.
    fn next(&mut self) -> Option<Done>;
}
