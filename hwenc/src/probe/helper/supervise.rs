//! The supervisor: one thread that never touches a driver. It takes tasks from its standard input, has a worker for each lane do
//! them, ends what takes too long or too much, and tells what came of each on its standard output. It leaves when its
//! input closes, and takes everything with it.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::ops::ControlFlow::{self, Break, Continue};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getppid};

use hwenc_sys::process;

use crate::probe::journal::Journal;
use crate::probe::runner::{Done, Loss, Task};

use super::handshake::Hello;
use super::lane::{Born, Busy, Ending, Lane, Worker};
use super::lines::{Incoming, Outgoing, never_block, wait};
use super::worker::{Answered, Ends};

/// How often memory and life of workers that are busy are looked at.
const LOOK: Duration = Duration::from_millis(15);
/// How often those are looked for that are ending.
const REAP: Duration = Duration::from_millis(1);
/// How often a supervisor without work looks for its parent.
const IDLE: Duration = Duration::from_millis(500);
/// How long drivers may take at the end of a process.
const LEAVE: Duration = Duration::from_secs(1);
/// How long dying of SIGKILL may take. Who is in the kernel for longer is left there.
const DIE: Duration = Duration::from_millis(500);

/// What comes out of serving.
pub(super) enum End {
    /// Everything was taken away; the process is to end.
    Leave,
    /// This is a worker: a fork of the supervisor.
    Worker(Ends),
}

pub(super) struct Supervisor {
    input: OwnedFd,
    output: OwnedFd,
    signals: SignalFd,
    parent: Pid,
    incoming: Incoming,
    outgoing: Outgoing,
    greeted: bool,
    leaving: bool,
    lanes: BTreeMap<String, Lane>,
    /// Killed, and not dead when there was no more time to wait.
    abandoned: Vec<Worker>,
    journal: Option<Journal>,
}

impl Supervisor {
    pub(super) fn new(input: OwnedFd, output: OwnedFd) -> io::Result<Self> {
        let threads = process::threads()?;
        if threads != 1 {
            // A fork of it could not go on; its host had better know that now.
            return Err(io::Error::other(format!(
                "it has {threads} threads; it must be called first in `main`"
            )));
        }
        never_block(&input)?;
        never_block(&output)?;
        let asked = SigSet::from_iter([Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM]);
        asked.thread_block()?;
        // What a driver starts and leaves behind comes here, and not to whoever reaps for the machine.
        let _ = prctl::set_child_subreaper(true);
        let mut outgoing = Outgoing::default();
        outgoing.push(&Hello::here(None));
        Ok(Supervisor {
            input,
            output,
            signals: SignalFd::with_flags(&asked, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?,
            parent: getppid(),
            incoming: Incoming::default(),
            outgoing,
            greeted: false,
            leaving: false,
            lanes: BTreeMap::new(),
            abandoned: Vec::new(),
            journal: None,
        })
    }

    /// Serves until the input closes.
    ///
    /// # Errors
    /// Of system calls that cannot fail where there is memory. Workers die with the supervisor.
    pub(super) fn serve(&mut self) -> io::Result<End> {
        loop {
            if let Err(error) = self.outgoing.flush(&self.output) {
                // Nobody listens any more.
                self.leave();
                if error.kind() != io::ErrorKind::BrokenPipe {
                    eprintln!("the helper cannot answer: {error}");
                }
                self.outgoing = Outgoing::default();
            }
            if self.leaving && self.lanes.values().all(|lane| lane.worker.is_none()) {
                return Ok(End::Leave);
            }
            self.wait()?;
            if let Err(error) = self.take_tasks() {
                eprintln!("this is no task of hwenc: {error}");
                self.leave();
            }
            if getppid() != self.parent || matches!(self.signals.read_signal(), Ok(Some(_))) {
                self.leave();
            }
            if let Break(ends) = self.tend() {
                return Ok(End::Worker(ends));
            }
        }
    }

    /// Waits for whatever happens next.
    fn wait(&self) -> io::Result<()> {
        let mut until = Instant::now() + IDLE;
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        if !self.leaving {
            fds.push(PollFd::new(self.input.as_fd(), PollFlags::POLLIN));
        }
        if !self.outgoing.is_empty() {
            fds.push(PollFd::new(self.output.as_fd(), PollFlags::POLLOUT));
        }
        for lane in self.lanes.values() {
            let Some(worker) = &lane.worker else { continue };
            let now = Instant::now();
            if worker.ending != Ending::No || worker.incoming.ended {
                until = until.min(now + REAP);
            } else if let Some(busy) = &lane.busy {
                until = until.min(now + LOOK).min(busy.began + busy.task.deadline);
            }
            if !worker.incoming.ended {
                fds.push(PollFd::new(worker.answers.as_fd(), PollFlags::POLLIN));
            }
            if !worker.said.ended() {
                fds.push(PollFd::new(worker.errors.as_fd(), PollFlags::POLLIN));
            }
            if let Some(tasks) = worker.tasks.as_ref().filter(|_| !worker.outgoing.is_empty()) {
                fds.push(PollFd::new(tasks.as_fd(), PollFlags::POLLOUT));
            }
        }
        wait(&mut fds, until)
    }

    fn take_tasks(&mut self) -> io::Result<()> {
        if self.leaving {
            return Ok(());
        }
        self.incoming.fill(&self.input)?;
        if !self.greeted {
            let Some(host) = self.incoming.next::<Hello>()? else {
                self.leave_at_end();
                return Ok(());
            };
            self.journal = host.journal.map(Journal::at);
            self.greeted = true;
        }
        while let Some(task) = self.incoming.next::<Task>()? {
            let lane = self.lanes.entry(task.lane.clone()).or_default();
            if lane.hung {
                self.outgoing.push(&skipped(&task));
            } else {
                lane.queue.push_back(task);
            }
        }
        self.leave_at_end();
        Ok(())
    }

    fn leave_at_end(&mut self) {
        if self.incoming.ended {
            self.leave();
        }
    }

    /// Takes no more tasks, kills who is at one, and asks the others to leave.
    fn leave(&mut self) {
        self.leaving = true;
        for lane in self.lanes.values_mut() {
            lane.queue.clear();
            let Some(worker) = &mut lane.worker else { continue };
            match lane.busy.take() {
                Some(busy) => {
                    worker.kill();
                    note_end(self.journal.as_ref(), &busy.task);
                }
                None => worker.tell_to_leave(),
            }
        }
    }

    /// Looks at every lane. Breaks in a process that was forked to be a worker.
    fn tend(&mut self) -> ControlFlow<Ends> {
        let (dead, alive) = mem::take(&mut self.abandoned).into_iter().partition(|w| w.ended().is_some());
        self.abandoned = alive;
        Vec::into_iter(dead).for_each(Worker::bury);
        for lane in self.lanes.values_mut() {
            let mut dones = Vec::new();
            lane.listen(&mut dones);
            lane.enforce(&mut dones);
            if let Some(worker) = lane.reap(&mut dones) {
                self.abandoned.push(worker);
            }
            for (task, done) in dones {
                note_end(self.journal.as_ref(), &task);
                self.outgoing.push(&done);
            }
            if lane.hung {
                for task in lane.queue.drain(..) {
                    self.outgoing.push(&skipped(&task));
                }
            }
            while let Some(task) = lane.next_task() {
                if lane.worker.is_none() {
                    match Worker::fork() {
                        Ok(Born::Worker(ends)) => return Break(ends),
                        Ok(Born::Supervisor(worker)) => lane.worker = Some(worker),
                        Err(error) => {
                            let why = format!("it cannot start a worker: {error}");
                            self.outgoing.push(&lost(&task, Loss::Helper { why }, Duration::ZERO));
                            continue;
                        }
                    }
                }
                if let Some((journal, key)) = self.journal.as_ref().zip(task.journal.as_deref()) {
                    journal.begin(key);
                }
                lane.begin(task);
            }
        }
        self.reap_orphans();
        Continue(())
    }

    /// Reaps what workers started and left behind.
    fn reap_orphans(&self) {
        let workers = self.lanes.values().filter(|lane| lane.worker.is_some()).count();
        if workers + self.abandoned.len() > 0 {
            return; // whose ends are theirs to tell
        }
        let next = || waitpid(None, Some(WaitPidFlag::WNOHANG));
        while matches!(next(), Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..))) {}
    }
}

impl Lane {
    /// Takes what its worker answered.
    fn listen(&mut self, dones: &mut Vec<(Task, Done)>) {
        let Some(worker) = &mut self.worker else { return };
        worker.said.fill(&worker.errors);
        if worker.ending != Ending::No {
            return;
        }
        let flushed = worker.tasks.as_ref().map_or(Ok(()), |tasks| worker.outgoing.flush(tasks));
        let mut answered = || {
            worker.incoming.fill(&worker.answers)?;
            worker.incoming.next::<Answered>()
        };
        match (answered(), flushed) {
            (Ok(Some(answer)), _) => match self.busy.take_if(|busy| busy.task.id == answer.id) {
                Some(busy) => {
                    let wall = busy.began.elapsed();
                    let done = Done { id: answer.id, result: answer.result, wall, said: Vec::new() };
                    dones.push((busy.task, done));
                    // Also what was written since the beginning of this turn.
                    worker.said.fill(&worker.errors);
                    worker.said.clear();
                    if worker.alone {
                        worker.tell_to_leave();
                    }
                }
                None => self.give_up("its worker answered what nobody asked".into(), dones),
            },
            (Err(error), _) => self.give_up(format!("its worker's answer cannot be read: {error}"), dones),
            // A worker that does not read its task is dead, which is seen when it is reaped.
            (Ok(None), _) => {}
        }
    }

    /// Ends a worker that takes too long or too much.
    fn enforce(&mut self, dones: &mut Vec<(Task, Done)>) {
        let (Some(worker), Some(busy)) = (&mut self.worker, &self.busy) else { return };
        let after = busy.began.elapsed();
        let loss = if after >= busy.task.deadline {
            self.hung = true;
            Loss::Hung { after }
        } else {
            let bytes = worker.taken();
            if bytes <= busy.task.memory {
                return;
            }
            Loss::Memory { bytes }
        };
        worker.kill();
        self.lose(loss, dones);
    }

    /// Sees whether its worker is gone. One that should be, and does not die, is given back.
    fn reap(&mut self, dones: &mut Vec<(Task, Done)>) -> Option<Worker> {
        let worker = self.worker.as_mut()?;
        if let Some(loss) = worker.ended() {
            // It may have answered with its last breath.
            self.listen(dones);
            self.lose(loss, dones);
            if let Some(worker) = self.worker.take() {
                worker.bury();
            }
            return None;
        }
        match worker.ending {
            Ending::No if worker.incoming.ended => {
                // It lives and can answer no more. An idle one that is just ending is reaped soon.
                worker.tell_to_leave();
            }
            Ending::Told(_) if worker.ending_for() >= LEAVE => {
                worker.kill();
                let why = "its worker closed its pipe and went on".into();
                self.lose(Loss::Helper { why }, dones);
            }
            Ending::Killed(_) if worker.ending_for() >= DIE => return self.worker.take(),
            _ => {}
        }
        None
    }

    /// The next task, if a worker can take it now: an idle one, or a new one.
    fn next_task(&mut self) -> Option<Task> {
        if self.busy.is_some() || self.hung {
            return None;
        }
        let alone = self.queue.front()?.alone;
        match &mut self.worker {
            Some(worker) if worker.ending != Ending::No || worker.incoming.ended => None,
            Some(worker) if alone => {
                worker.tell_to_leave();
                None
            }
            _ => self.queue.pop_front(),
        }
    }

    fn begin(&mut self, task: Task) {
        let worker = self.worker.as_mut().expect("there is one");
        worker.alone = task.alone;
        worker.outgoing.push(&task);
        // What is not taken now goes when the pipe takes more; who is dead is seen when it is reaped.
        let _ = worker.tasks.as_ref().map(|tasks| worker.outgoing.flush(tasks));
        self.busy = Some(Busy { task, began: Instant::now() });
    }

    fn give_up(&mut self, why: String, dones: &mut Vec<(Task, Done)>) {
        if let Some(worker) = &mut self.worker {
            worker.kill();
        }
        self.lose(Loss::Helper { why }, dones);
    }

    /// The task that its worker was at has no answer, if it was at one.
    fn lose(&mut self, loss: Loss, dones: &mut Vec<(Task, Done)>) {
        let Some(busy) = self.busy.take() else { return };
        let mut done = lost(&busy.task, loss, busy.began.elapsed());
        if let Some(worker) = &mut self.worker {
            worker.said.fill(&worker.errors);
            done.said = worker.said.lines();
        }
        dones.push((busy.task, done));
    }
}

fn lost(task: &Task, loss: Loss, wall: Duration) -> Done {
    Done { id: task.id, result: Err(loss), wall, said: Vec::new() }
}

fn skipped(task: &Task) -> Done {
    lost(task, Loss::Skipped, Duration::ZERO)
}

fn note_end(journal: Option<&Journal>, task: &Task) {
    if let Some((journal, key)) = journal.zip(task.journal.as_deref()) {
        journal.end(key);
    }
}
