//! A door for the tests of isolation, which run real processes: tasks and what came of them in their JSON form, as helper and
//! host exchange them. Not part of the API.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::error::{Reason, Result};
use crate::probe::journal::Journal;
use crate::probe::runner::Task;
use crate::probe::trial::Isolation;

use super::{Options, Started, start};

/// Who does tasks.
pub struct Door(Started);

impl Door {
    /// Starts a helper, or none.
    ///
    /// # Errors
    /// As for any other.
    pub fn open(journal: Option<PathBuf>, patience: Option<Duration>) -> Result<Self> {
        let mut options = Options::new(journal);
        options.patience = patience.unwrap_or(options.patience);
        start(options).finish().map(Door)
    }

    /// Whether there is a helper.
    pub fn isolation(&self) -> Isolation {
        self.0.isolation
    }

    /// Which helpers were refused.
    pub fn notes(&self) -> &[Reason] {
        &self.0.notes
    }

    /// Gives a task.
    ///
    /// # Panics
    /// For what is no task.
    pub fn submit(&mut self, task: Value) {
        let task: Task = serde_json::from_value(task).expect("this is a task");
        self.0.runner.submit(task);
    }

    /// The next task that ended, with the reason where there is no answer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Value> {
        let done = self.0.runner.next()?;
        let mut value = serde_json::to_value(&done).expect("it is plain data");
        value["reason"] = serde_json::to_value(done.lost("the drill")).expect("it is plain data");
        Some(value)
    }
}

/// Keys of trials that never ended.
pub fn unfinished(journal: PathBuf) -> Vec<String> {
    Journal::at(journal).unfinished()
}
