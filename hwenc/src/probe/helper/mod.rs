//! The helper: this library in a process of its own, where drivers may hang, crash and eat memory.
//!
//! [`start`] begins one and [`Starting::finish`] shakes hands with it; what comes out is a [`Runner`]. The other side is
//! [`serve`]: a supervisor, which forks a worker for each device.

mod client;
pub mod door;
mod find;
mod handshake;
mod lane;
mod lines;
mod memory;
mod supervise;
mod worker;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stdin, dup2_stdout};

use crate::error::{Code, Error, Reason, Result};

use super::here::Here;
use super::runner::Runner;
use super::trial::Isolation;

use client::Helper;
use find::Place;
use handshake::Hello;
use supervise::{End, Supervisor};

/// How long a helper may take to start and to say who it is. A cold disk, and FFmpeg's libraries, take their time.
const PATIENCE: Duration = Duration::from_secs(10);

/// This program calls [`helper`].
static SERVES: AtomicBool = AtomicBool::new(false);

/// The helper that this program named.
static HOST: Mutex<Option<Vec<OsString>>> = Mutex::new(None);

/// Lets this program be its own helper process, for probing in isolation. Call it first in `main`.
///
/// It returns at once, but in a process that hwenc itself started as helper: that one serves here, and ends here. Without this
/// call the `hwenc` command serves, where it is installed and has the same FFmpeg.
pub fn helper() {
    let asked = std::env::var(find::SERVE).ok().and_then(|pid| pid.parse().ok());
    // A child of a helper's child inherits the variable, and is no helper.
    if asked == Some(parent_id()) {
        serve();
    }
    SERVES.store(true, Ordering::Relaxed);
}

/// Names the program that serves as helper for this one, and its arguments, as `python -m hwenc._helper`: for hosts that cannot call
/// [`helper`] first in `main`, such as an interpreter. It has to call [`serve`], and have this process's FFmpeg. `HWENC_HELPER`
/// comes before it. `None` takes it back.
pub fn set_helper(command: Option<(OsString, Vec<OsString>)>) {
    let words = command.map(|(program, arguments)| [vec![program], arguments].concat());
    *HOST.lock().unwrap_or_else(PoisonError::into_inner) = words;
}

/// Serves as helper on standard input and output, for `hwenc helper`; returns when its input is closed, and everything that it
/// started is gone. Call it before any other thread exists.
pub fn serve() -> ! {
    let status = match serve_until_closed() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("the helper failed: {error}");
            1
        }
    };
    process::exit(status)
}

fn serve_until_closed() -> io::Result<()> {
    hwenc_sys::process::default_signals();
    crate::log::install();
    crate::log::quiet_codec_libraries();
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    // What libraries and drivers print must not get between the answers.
    let nothing: OwnedFd = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    drop(nothing);
    let mut supervisor = Supervisor::new(input, output)?;
    match supervisor.serve()? {
        End::Leave => Ok(()),
        End::Worker(ends) => {
            // The supervisor's files, and those of other workers, are not this worker's.
            drop(supervisor);
            worker::run(ends)
        }
    }
}

/// How a helper is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The file in which trials are noted; see [`super::journal`].
    pub(crate) journal: Option<PathBuf>,
    /// How long it may take to say who it is.
    pub(crate) patience: Duration,
}

impl Options {
    pub(crate) fn new(journal: Option<PathBuf>) -> Self {
        Options { journal, patience: PATIENCE }
    }
}

/// A helper that is starting.
pub(crate) struct Starting {
    options: Options,
    hello: Hello,
    /// The places that were not tried yet.
    places: VecDeque<Place>,
    first: Option<(Place, Result<Helper>)>,
    until: Instant,
}

/// Who does tasks.
pub(crate) struct Started {
    pub(crate) runner: Box<dyn Runner + Send>,
    pub(crate) isolation: Isolation,
    /// The helpers that were refused, and why there is none. Messages name no path; evidence does.
    pub(crate) notes: Vec<Reason>,
}

/// Begins to start a helper; what else there is to do can be done meanwhile.
pub(crate) fn start(options: Options) -> Starting {
    let hello = Hello::here(options.journal.clone());
    let host = HOST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut places = VecDeque::from(find::places(SERVES.load(Ordering::Relaxed), host));
    let first = places.pop_front().map(|place| {
        let helper = Helper::start(&place, &hello);
        (place, helper)
    });
    let until = Instant::now() + options.patience;
    Starting { options, hello, places, first, until }
}

impl Starting {
    /// Starts none: tasks are done here, because the caller wants it so.
    pub(crate) fn here(journal: Option<PathBuf>) -> Self {
        let options = Options::new(journal);
        let hello = Hello::here(None);
        Starting { options, hello, places: VecDeque::new(), first: None, until: Instant::now() }
    }

    /// Waits until it runs. Where there is none that has this process's FFmpeg, tasks are done here.
    ///
    /// # Errors
    /// Only for a helper that HWENC_HELPER names: [`Code::HelperMissing`], [`Code::HelperMismatch`], [`Code::HelperFailed`].
    pub(crate) fn finish(mut self) -> Result<Started> {
        let mut notes = Vec::new();
        let mut next = self.first.take();
        while let Some((place, helper)) = next {
            let shaken = helper.and_then(|mut helper| {
                helper.shake_hands(&place, &self.hello, self.until)?;
                Ok(helper)
            });
            match shaken {
                Ok(helper) => {
                    let runner = Box::new(helper);
                    return Ok(Started { runner, isolation: Isolation::Process, notes });
                }
                Err(error) if matches!(place, Place::Named(_)) => {
                    return Err(error.with_remedy(format!(
                        "unset {}, or let it name the `hwenc` command of the same version and FFmpeg",
                        find::NAMED
                    )));
                }
                Err(error) => notes.push(error.into_reason()),
            }
            next = self.places.pop_front().map(|place| {
                let helper = Helper::start(&place, &self.hello);
                self.until = Instant::now() + self.options.patience;
                (place, helper)
            });
        }
        if notes.is_empty() {
            notes.push(Error::new(Code::HelperMissing, "no helper process was found").into_reason());
        }
        let runner = Box::new(Here::new(self.options.journal));
        Ok(Started { runner, isolation: Isolation::None, notes })
    }
}
