//! [`Runner`]: who does jobs: a helper process, or this one.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Reason};

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
    /// The last lines that the process wrote to its standard error, where there is no answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) said: Vec<String>,
}

impl Done {
    /// Why there is no answer, with what the process wrote as evidence; `None` where there is one. `what` was being done, as
    /// "starting the VA-API driver".
    pub(crate) fn lost(&self, what: &str) -> Option<Reason> {
        let mut reason = self.result.as_ref().err()?.reason(what);
        reason.evidence.extend(self.said.iter().cloned());
        Some(reason)
    }
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

impl Loss {
    /// As a reason: what happened while `what` was being done, as "starting the VA-API driver". The message names no path and no
    /// number of a process.
    pub(crate) fn reason(&self, what: &str) -> Reason {
        match self {
            Loss::Hung { after } => {
                Reason::new(Code::DeviceHung, format!("{what} did not come back, and was ended"))
                    .evidence(format!("killed after {:.1} s", after.as_secs_f64()))
            }
            Loss::Crashed { signal } => {
                let name = Signal::try_from(*signal).map_or("unknown", Signal::as_str);
                let reason = Reason::new(Code::DriverCrashed, format!("{what} took its process down"))
                    .evidence(format!("signal {signal} ({name})"));
                // Nobody else sends it to a worker.
                let killed = *signal == Signal::SIGKILL as i32;
                if killed { reason.evidence("the kernel sends it where memory is short") } else { reason }
            }
            Loss::Left { status } => {
                Reason::new(Code::DriverCrashed, format!("{what} ended its process without an answer"))
                    .evidence(format!("exit status {status}"))
            }
            Loss::Memory { bytes } => {
                Reason::new(Code::DriverMemory, format!("{what} took more memory than it may, and was ended"))
                    .evidence(format!("killed at {bytes} bytes"))
            }
            Loss::Skipped => {
                Reason::new(Code::DeviceHung, format!("{what} was not begun: the device hung before"))
            }
            Loss::Helper { why } => {
                Reason::new(Code::HelperFailed, format!("{what} was lost with the helper process"))
                    .evidence(why.clone())
            }
        }
    }
}

/// Does tasks.
pub(crate) trait Runner {
    /// Takes a task; it may begin at once.
    fn submit(&mut self, task: Task);
    /// Waits for the next one that ends; `None` when none is left. It always comes back: later than the last deadline only
    /// by what killing takes.
    fn next(&mut self) -> Option<Done>;
}
