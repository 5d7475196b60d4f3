//! Inside the machine of `--kernel`: PID 1, and the step between it and the command.
//!
//! Both are this program again, from the host's file system. PID 1 makes the machine what a program expects, starts the
//! command, moves its input and output over the serial lines, and turns the machine off.

mod lines;
mod system;

use std::convert::Infallible;
use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::resource::{rlim_t, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid, setsid, sync};

use crate::kernel::boot::DIRECTORY;
use crate::kernel::job::{Ended, Job, Refusal};
use crate::kernel::{LIMITS, wire};
use lines::Lines;

/// The hidden argument of the step between PID 1 and the command.
const STEP: &str = "--become-the-command";

/// Runs what this process is inside a machine; none where it is on the host. The first thing in `main`.
pub fn enter() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(STEP)) {
        let directory = PathBuf::from(arguments.next()?);
        let Err(error) = become_the_command(&directory);
        // Seen where the way for refusals itself is what failed.
        eprintln!("softgpu: {error:#}");
        return Some(ExitCode::from(125));
    }
    let directory = env::var_os(DIRECTORY).filter(|_| std::process::id() == 1)?;
    match first_process(Path::new(&directory)) {
        // What follows is the kernel's message about a PID 1 that has ended.
        Err(error) => eprintln!("softgpu: {error:#}"),
        Ok(never) => match never {},
    }
    Some(ExitCode::FAILURE)
}

fn first_process(directory: &Path) -> Result<Infallible> {
    system::kernel_mounts()?;
    let mut lines = Lines::open()?;
    // From here on there is a way to say what went wrong.
    let ended = run(directory, &mut lines).unwrap_or_else(|error| Ended::NotRun(format!("{error:#}")));
    // Whoever is left holds the streams open, and would lose what it writes later anyway.
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    lines.drain();
    ended.save(directory).context("the result cannot be written")?;
    sync();
    lines.tell(wire::DONE);
    Ok(reboot(RebootMode::RB_POWER_OFF)?)
}

fn run(directory: &Path, lines: &mut Lines) -> Result<Ended> {
    let job = Job::load(directory)?;
    system::prepare(&job)?;
    lines.tell(wire::UP);
    let mut command = Command::new("/proc/self/exe");
    command.arg(STEP).arg(directory).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("the command's process cannot be made")?;
    lines.serve(&mut child)?;
    let ended = await_end(&child)?;
    Ok(Refusal::heard(directory).unwrap_or(ended))
}

/// Waits for the command, and for the orphans that PID 1 gets.
fn await_end(child: &Child) -> Result<Ended> {
    let child = Pid::from_raw(child.id() as i32);
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => return Ok(Ended::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => {
                return Ok(Ended::Killed(signal as i32));
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("the command cannot be waited for"),
        }
    }
}

/// The command's own process: becomes it, or says why not.
fn become_the_command(directory: &Path) -> Result<Infallible> {
    let job = Job::load(directory)?;
    let refusal = Refusal::prepare(directory)?;
    let error = match take_on(&job) {
        Ok(()) => {
            let (program, arguments) = job.command.split_first().context("there is no command")?;
            Command::new(program).args(arguments).env_clear().envs(job.environment.iter().cloned()).exec()
        }
        Err(error) => {
            refusal.say(&Ended::NotRun(format!("{error:#}")))?;
            return Err(error);
        }
    };
    refusal.say(&match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) => Ended::NotFound,
        Some(Errno::EACCES | Errno::EPERM | Errno::ENOEXEC) => Ended::NotExecutable,
        _ => Ended::NotRun(format!("{}: {error}", job.command[0].display())),
    })?;
    std::process::exit(125)
}

/// The command's limits, user and directory.
fn take_on(job: &Job) -> Result<()> {
    // Signals to its own group, which are its business, must not be PID 1's.
    setsid()?;
    for (limit, (soft, hard)) in LIMITS.iter().zip(&job.limits) {
        setrlimit(*limit, *soft as rlim_t, *hard as rlim_t).context("a limit cannot be set")?;
    }
    umask(Mode::from_bits_truncate(job.umask));
    let groups: Vec<_> = job.user.groups.iter().copied().map(Gid::from_raw).collect();
    let (uid, gid) = (Uid::from_raw(job.user.uid), Gid::from_raw(job.user.gid));
    setgroups(&groups).context("the groups cannot be set")?;
    setresgid(gid, gid, gid).context("the group cannot be set")?;
    setresuid(uid, uid, uid).context("the user cannot be set")?;
    env::set_current_dir(&job.directory)
        .with_context(|| format!("{} cannot be entered", job.directory.display()))
}
