//! [`Lane`]: the tasks of one device, and the worker that does them.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpid, pipe2, setpgid};

use hwenc_sys::process::{Forked, fork_alone};

use crate::probe::runner::{Loss, Task};

use super::lines::{Incoming, Outgoing, Said, never_block};
use super::memory;
use super::worker::Ends;

/// The tasks of one device.
#[derive(Default)]
pub(super) struct Lane {
    pub(super) queue: VecDeque<Task>,
    pub(super) busy: Option<Busy>,
    pub(super) worker: Option<Worker>,
    /// Its device hung: nothing more is tried.
    pub(super) hung: bool,
}

/// A task that a worker is at.
pub(super) struct Busy {
    pub(super) task: Task,
    pub(super) began: Instant,
}

/// A worker, as the supervisor sees it.
pub(super) struct Worker {
    pid: Pid,
    /// Closed when it is to leave.
    pub(super) tasks: Option<OwnedFd>,
    pub(super) answers: OwnedFd,
    pub(super) errors: OwnedFd,
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    pub(super) said: Said,
    /// Bytes that it took when it was new.
    before: u64,
    /// It did, or does, a task that wants a process of its own.
    pub(super) alone: bool,
    pub(super) ending: Ending,
}

/// Whether a worker is to end.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ending {
    No,
    /// Its pipe was closed then.
    Told(Instant),
    /// It was killed then.
    Killed(Instant),
}

/// Which process came out of a fork.
pub(super) enum Born {
    Supervisor(Worker),
    Worker(Ends),
}

impl Worker {
    /// Forks one. In the new process the caller has to close everything else and to run it.
    pub(super) fn fork() -> io::Result<Born> {
        let supervisor = getpid();
        let before = memory::used(supervisor.as_raw()).unwrap_or_default();
        let (tasks_out, tasks) = pipe2(OFlag::O_CLOEXEC)?;
        let (answers, answers_in) = pipe2(OFlag::O_CLOEXEC)?;
        let (errors, errors_in) = pipe2(OFlag::O_CLOEXEC)?;
        for fd in [&tasks, &answers, &errors] {
            never_block(fd)?;
        }
        match fork_alone()? {
            Forked::Child => Ok(Born::Worker(Ends {
                tasks: tasks_out,
                answers: answers_in,
                errors: errors_in,
                supervisor,
            })),
            Forked::Parent(pid) => {
                let pid = Pid::from_raw(pid);
                let _ = setpgid(pid, pid);
                Ok(Born::Supervisor(Worker {
                    pid,
                    tasks: Some(tasks),
                    answers,
                    errors,
                    outgoing: Outgoing::default(),
                    incoming: Incoming::default(),
                    said: Said::default(),
                    before,
                    alone: false,
                    ending: Ending::No,
                }))
            }
        }
    }

    /// Asks it to leave by closing its pipe.
    pub(super) fn tell_to_leave(&mut self) {
        if self.ending == Ending::No {
            self.tasks = None;
            self.ending = Ending::Told(Instant::now());
        }
    }

    /// Kills it, and what it started.
    pub(super) fn kill(&mut self) {
        if !matches!(self.ending, Ending::Killed(_)) {
            self.tasks = None;
            self.ending = Ending::Killed(Instant::now());
        }
        // It leads its group since the supervisor made it so; by its own number, where that failed.
        let _ = killpg(self.pid, Signal::SIGKILL);
        let _ = kill(self.pid, Signal::SIGKILL);
    }

    /// Bytes that it took since it was new.
    pub(super) fn taken(&self) -> u64 {
        memory::used(self.pid.as_raw()).unwrap_or_default().saturating_sub(self.before)
    }

    /// How it ended, if it did. What it started is ended too. It keeps its number until [`Worker::bury`].
    pub(super) fn ended(&self) -> Option<Loss> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let loss = match waitid(Id::Pid(self.pid), flags) {
            Ok(WaitStatus::Exited(_, status)) => Loss::Left { status },
            Ok(WaitStatus::Signaled(_, signal, _)) => Loss::Crashed { signal: signal as i32 },
            Ok(_) | Err(Errno::EINTR) => return None,
            Err(errno) => return Some(Loss::Helper { why: format!("its worker is gone: {errno}") }),
        };
        let _ = killpg(self.pid, Signal::SIGKILL);
        Some(loss)
    }

    /// Lets go of one that ended.
    pub(super) fn bury(self) {
        let _ = waitpid(self.pid, Some(WaitPidFlag::WNOHANG));
    }

    /// For how long it has been ending.
    pub(super) fn ending_for(&self) -> Duration {
        match self.ending {
            Ending::No => Duration::ZERO,
            Ending::Told(since) | Ending::Killed(since) => since.elapsed(),
        }
    }
}
