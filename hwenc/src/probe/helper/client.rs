//! [`Helper`]: the host's side. It never waits without limit, whatever the helper does.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};
use nix::sys::signal::Signal;

use crate::error::{Code, Error, Result};
use crate::probe::runner::{Done, Loss, Runner, Task};

use super::find::Place;
use super::handshake::Hello;
use super::lines::{Incoming, Outgoing, Said, never_block, wait};

/// How much later than a deadline its end must be told: what killing, reaping and a busy machine may take.
const SLACK: Duration = Duration::from_secs(5);
/// How long a helper may take to leave; drivers end in it.
const LEAVE: Duration = Duration::from_secs(3);
/// How long it may take to die.
const DIE: Duration = Duration::from_millis(500);

/// A helper process.
pub(super) struct Helper {
    child: Option<Child>,
    /// The process that started it. A fork of that one must leave it alone.
    owner: u32,
    tasks: Option<OwnedFd>,
    answers: OwnedFd,
    errors: OwnedFd,
    outgoing: Outgoing,
    incoming: Incoming,
    said: Said,
    lanes: BTreeMap<String, Outstanding>,
    ready: VecDeque<Done>,
    /// Why it is of no use any more.
    broken: Option<String>,
}

/// Tasks of a lane that have not ended.
struct Outstanding {
    /// Number and deadline, in their order.
    tasks: VecDeque<(u32, Duration)>,
    /// When the first of them became the first.
    since: Instant,
}

/// Helpers that did not even die of SIGKILL in time: reaped later, so that they do not stay as zombies.
static ABANDONED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

impl Helper {
    /// Starts a program and tells it who is there. Nothing is waited for.
    ///
    /// # Errors
    /// [`Code::HelperMissing`] where there is no such program; [`Code::HelperFailed`] where it does not start.
    pub(super) fn start(place: &Place, hello: &Hello) -> Result<Self> {
        abandoned().retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        let start = || -> io::Result<Self> {
            // A socket, because writing to it raises no SIGPIPE in a host that has not ignored that.
            let (tasks, its) = UnixStream::pair()?;
            let mut command = place.command();
            command.stdin(OwnedFd::from(its)).stdout(Stdio::piped()).stderr(Stdio::piped());
            // A terminal's Ctrl-C is the host's.
            command.process_group(0);
            let mut child = command.spawn()?;
            let mut helper = Helper {
                answers: child.stdout.take().expect("it is piped").into(),
                errors: child.stderr.take().expect("it is piped").into(),
                child: Some(child),
                owner: std::process::id(),
                tasks: Some(tasks.into()),
                outgoing: Outgoing::default(),
                incoming: Incoming::default(),
                said: Said::default(),
                lanes: BTreeMap::new(),
                ready: VecDeque::new(),
                broken: None,
            };
            for fd in [helper.tasks.as_ref().expect("it was just made"), &helper.answers, &helper.errors] {
                never_block(fd)?;
            }
            helper.outgoing.push(hello);
            helper.send();
            Ok(helper)
        };
        start().map_err(|error| {
            let missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
            let code = if missing { Code::HelperMissing } else { Code::HelperFailed };
            let program = place.command().get_program().to_string_lossy().into_owned();
            Error::new(code, format!("{} does not start", place.words()))
                .with_evidence(format!("{program}: {error}"))
        })
    }

    /// Waits for the helper to tell who it is.
    ///
    /// # Errors
    /// [`Code::HelperMismatch`]; [`Code::HelperFailed`] where it ends, says something else, or nothing until then.
    pub(super) fn shake_hands(&mut self, place: &Place, hello: &Hello, until: Instant) -> Result<()> {
        let failed = |what: &str| Error::new(Code::HelperFailed, format!("{} {what}", place.words()));
        let error = loop {
            match self.incoming.next::<Hello>() {
                Ok(Some(other)) => break hello.accepts(&other).err(),
                Err(error) => break Some(failed("speaks another language").with_evidence(error.to_string())),
                Ok(None) if self.incoming.ended => {
                    let error = failed("ended before it said who it is");
                    break Some(error.with_evidence(self.how_it_ended()));
                }
                Ok(None) if Instant::now() >= until => break Some(failed("did not say who it is in time")),
                Ok(None) => {}
            }
            if let Err(error) = self.listen(until) {
                if error.kind() == io::ErrorKind::InvalidData {
                    break Some(failed("speaks another language").with_evidence(error.to_string()));
                }
                break Some(failed("cannot be read").with_evidence(error.to_string()));
            }
        };
        let Some(error) = error else { return Ok(()) };
        self.kill();
        Err(self.said.lines().into_iter().fold(error, Error::with_evidence))
    }

    /// Passes on what there is in either direction, waiting at most until then.
    fn listen(&mut self, until: Instant) -> io::Result<()> {
        let mut fds = vec![PollFd::new(self.answers.as_fd(), PollFlags::POLLIN)];
        if !self.said.ended() {
            fds.push(PollFd::new(self.errors.as_fd(), PollFlags::POLLIN));
        }
        if let Some(tasks) = self.tasks.as_ref().filter(|_| !self.outgoing.is_empty()) {
            fds.push(PollFd::new(tasks.as_fd(), PollFlags::POLLOUT));
        }
        wait(&mut fds, until)?;
        self.said.fill(&self.errors);
        self.send();
        self.incoming.fill(&self.answers)
    }

    /// Sends what it takes now. That it is gone shows when its answers end.
    fn send(&mut self) {
        let sent = self.tasks.as_ref().map_or(Ok(()), |tasks| self.outgoing.send(tasks));
        if sent.is_err() {
            self.outgoing = Outgoing::default();
        }
    }

    /// Takes the answers that arrived.
    fn take_answers(&mut self) -> std::result::Result<(), String> {
        loop {
            match self.incoming.next::<Done>() {
                Ok(Some(done)) if self.forget(done.id) => self.ready.push_back(done),
                Ok(Some(done)) => return Err(format!("it answered task {}, which nobody gave it", done.id)),
                Ok(None) if self.incoming.ended => return Err(self.how_it_ended()),
                Ok(None) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Whether this task was outstanding. It is no more.
    fn forget(&mut self, id: u32) -> bool {
        for lane in self.lanes.values_mut() {
            if let Some(at) = lane.tasks.iter().position(|task| task.0 == id) {
                lane.tasks.remove(at);
                lane.since = Instant::now();
                return true;
            }
        }
        false
    }

    /// When something must have come of what is outstanding; none where nothing is.
    fn patience(&self) -> Option<Instant> {
        let ends = self.lanes.values().filter_map(|lane| Some(lane.since + lane.tasks.front()?.1 + SLACK));
        ends.min()
    }

    /// Loses everything that is outstanding.
    fn give_up(&mut self, why: String) {
        self.kill();
        let said = self.said.lines();
        for lane in std::mem::take(&mut self.lanes).into_values() {
            for (id, _) in lane.tasks {
                let result = Err(Loss::Helper { why: why.clone() });
                self.ready.push_back(Done { id, result, wall: lane.since.elapsed(), said: said.clone() });
            }
        }
        self.broken = Some(why);
    }

    /// In words, once its answers ended.
    fn how_it_ended(&mut self) -> String {
        self.said.fill(&self.errors);
        let status = self.reap(DIE);
        match status {
            Some(status) => match status.signal().map(Signal::try_from) {
                Some(Ok(signal)) => format!("the helper was ended by {signal}"),
                Some(Err(_)) => "the helper was ended by a signal".into(),
                None => format!("the helper ended with status {}", status.code().unwrap_or_default()),
            },
            None => "the helper closed its answers".into(),
        }
    }

    /// Waits a while for its end; forgets it when it ended.
    fn reap(&mut self, limit: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        loop {
            match self.child.as_mut()?.try_wait() {
                Ok(None) if began.elapsed() < limit => sleep(Duration::from_micros(300)),
                Ok(None) => return None,
                Ok(Some(status)) => {
                    self.child = None;
                    return Some(status);
                }
                // Reaped by the host, which takes any child.
                Err(_) => {
                    self.child = None;
                    return None;
                }
            }
        }
    }

    /// Ends it at once. Its workers die with it.
    fn kill(&mut self) {
        self.tasks = None;
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
        self.reap(DIE);
        abandoned().extend(self.child.take());
    }
}

fn abandoned() -> std::sync::MutexGuard<'static, Vec<Child>> {
    ABANDONED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Runner for Helper {
    fn submit(&mut self, task: Task) {
        if let Some(why) = &self.broken {
            let result = Err(Loss::Helper { why: why.clone() });
            self.ready.push_back(Done { id: task.id, result, wall: Duration::ZERO, said: Vec::new() });
            return;
        }
        let empty = || Outstanding { tasks: VecDeque::new(), since: Instant::now() };
        let lane = self.lanes.entry(task.lane.clone()).or_insert_with(empty);
        if lane.tasks.is_empty() {
            lane.since = Instant::now();
        }
        lane.tasks.push_back((task.id, task.deadline));
        self.outgoing.push(&task);
        self.send();
    }

    fn next(&mut self) -> Option<Done> {
        loop {
            if let Some(done) = self.ready.pop_front() {
                return Some(done);
            }
            let until = self.patience()?;
            let mut result = self.listen(until).map_err(|error| error.to_string());
            result = result.and_then(|()| self.take_answers());
            if result.is_ok() && self.ready.is_empty() && Instant::now() >= until {
                result = Err("the helper did not answer in time".into());
            }
            if let Err(why) = result {
                self.give_up(why);
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if self.owner != std::process::id() {
            // Whose child it is, ends it.
            std::mem::forget(self.child.take());
            return;
        }
        self.tasks = None;
        let until = Instant::now() + LEAVE;
        // Its answers end when it does; what it still says is of no use.
        while self.child.is_some() && !self.incoming.ended && Instant::now() < until {
            if self.listen(until).is_err() {
                break;
            }
            self.incoming.clear();
        }
        let left = until.saturating_duration_since(Instant::now());
        self.reap(if self.incoming.ended { DIE.min(left) } else { Duration::ZERO });
        self.kill();
    }
}
