//! [`Here`]: jobs in this process, where there is no helper. A driver that hangs or crashes takes the caller along.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use super::journal::Journal;
use super::runner::{Done, Loss, Runner, Task};

/// Does tasks in this process, one after the other, each when its answer is waited for. Deadlines and limits of memory do not hold.
pub(crate) struct Here {
    tasks: VecDeque<Task>,
    journal: Option<Journal>,
}

impl Here {
    /// With the journal in this file.
    pub(crate) fn new(journal: Option<PathBuf>) -> Self {
        Here { tasks: VecDeque::new(), journal: journal.map(Journal::at) }
    }
}

impl Runner for Here {
    fn submit(&mut self, task: Task) {
        self.tasks.push_back(task);
    }

    fn next(&mut self) -> Option<Done> {
        let task = self.tasks.pop_front()?;
        let note = self.journal.as_ref().zip(task.journal.as_deref());
        if let Some((journal, key)) = note {
            journal.begin(key);
        }
        let began = Instant::now();
        let result = perform(&task);
        let wall = began.elapsed();
        if let Some((journal, key)) = note {
            journal.end(key);
        }
        Some(Done { id: task.id, result, wall, said: Vec::new() })
    }
}

/// Does a job. A panic is a fault of hwenc itself, and costs this job alone.
pub(super) fn perform(task: &Task) -> Result<super::job::Answer, Loss> {
    catch_unwind(AssertUnwindSafe(|| task.job.perform())).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Loss::Helper { why: format!("a panic: {}", text.as_deref().unwrap_or("without words")) }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::drill::Drill;
    use super::super::job::{Answer, Job};
    use super::*;

    fn task(id: u32, drill: Drill) -> Task {
        Task {
            id,
            lane: "a".into(),
            alone: false,
            deadline: Duration::from_secs(1),
            memory: 1 << 20,
            journal: Some(format!("key {id}")),
            job: Job::Drill(drill),
        }
    }

    #[test]
    fn tasks_are_done_in_their_order_and_noted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let mut here = Here::new(Some(path.clone()));
        assert!(here.next().is_none());
        here.submit(task(1, Drill::Answer));
        here.submit(task(2, Drill::Panic));
        here.submit(task(3, Drill::Answer));
        let pid = std::process::id();
        assert_eq!(here.next().unwrap().result, Ok(Answer::Drill(pid)));
        let panicked = here.next().unwrap().result.unwrap_err();
        assert_eq!(panicked, Loss::Helper { why: "a panic: a drill".into() });
        assert_eq!(here.next().unwrap().id, 3);
        assert!(here.next().is_none());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }
}
