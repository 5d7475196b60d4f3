//! A worker: a fork of the supervisor that loads drivers and does one task after the other. Whatever happens to it, the
//! supervisor stays.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::process;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, dup2_stderr, getppid, setpgid};
use serde::{Deserialize, Serialize};

use crate::probe::here;
use crate::probe::job::Answer;
use crate::probe::runner::{Loss, Task};

use super::memory;

/// What stacks of threads and an allocator's own take without being used.
const SPARE: u64 = 512 << 20;

/// The worker's ends of its pipes.
pub(super) struct Ends {
    pub(super) tasks: OwnedFd,
    pub(super) answers: OwnedFd,
    pub(super) errors: OwnedFd,
    pub(super) supervisor: Pid,
}

/// A task's answer, on its way to the supervisor.
#[derive(Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) id: u32,
    pub(super) result: Result<Answer, Loss>,
}

/// Does tasks until there are no more.
pub(super) fn run(ends: Ends) -> ! {
    // Of its own group: who ends it ends what it started, too. The supervisor does the same, whoever is first.
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    hwenc_sys::process::default_signals();
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    if getppid() != ends.supervisor {
        process::exit(1); // it went before the line above
    }
    let _ = dup2_stderr(&ends.errors);
    crate::log::echo_errors();
    drop(ends.errors);
    // No dump of a driver's crash: writing one takes longer than everything else. With a limit of 1 the kernel asks no program
    // to take it either (core(5), fs/coredump.c).
    let _ = getrlimit(Resource::RLIMIT_CORE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_CORE, hard.min(1), hard));

    let mut tasks = BufReader::new(File::from(ends.tasks));
    let mut answers = File::from(ends.answers);
    let mut line = String::new();
    while tasks.read_line(&mut line).is_ok_and(|n| n > 0) {
        let Ok(task) = serde_json::from_str::<Task>(&line) else { process::exit(2) };
        line.clear();
        limit(task.memory);
        let answered = Answered { id: task.id, result: here::perform(&task) };
        let mut text = serde_json::to_vec(&answered).expect("answers are plain data");
        text.push(b'\n');
        if answers.write_all(&text).is_err() {
            break;
        }
    }
    // What drivers do at the end of a process, they do now.
    process::exit(0)
}

/// A limit that the kernel keeps, for what eats faster than the supervisor looks. Above the task's, because memory that
/// is only reserved counts here. RLIMIT_AS would not do: CUDA reserves addresses for all its devices.
fn limit(bytes: u64) {
    let reserved = memory::reserved().unwrap_or_default();
    let soft = reserved.saturating_add(bytes.saturating_mul(2)).saturating_add(SPARE);
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_DATA) {
        let _ = setrlimit(Resource::RLIMIT_DATA, soft.min(hard), hard);
    }
}
