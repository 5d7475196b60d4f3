//! Running the command.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use crate::plan::Plan;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The command ended like this.
    Status(ExitStatus),
    /// There is no such command.
    NotFound,
    /// It is there and cannot be run.
    NotExecutable,
}

/// Signals that are passed on to the command.
const PASSED: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];

/// The code of a signal that the kernel itself sent, as it does to all processes of a terminal (asm-generic/siginfo.h).
const SI_KERNEL: i32 = 0x80;

/// Runs the command of a plan among its simulated devices. The run's directory is gone when this returns.
pub fn run(plan: &Plan) -> Result<End> {
    // A command that changes its user still finds its devices there.
    let open = Permissions::from_mode(0o755);
    let dir = tempfile::Builder::new().prefix("softgpu-").permissions(open).tempdir();
    let dir = dir.context("a temporary directory")?;
    // No link on the way: the shim compares paths that the kernel tells.
    let path = dir.path().canonicalize()?;
    plan.write_setup(&path)?;
    plan.write_nodes(&path)?;
    let (program, arguments) = plan.argv.split_first().context("no command")?;
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, value) in plan.environment(&path).into_iter().chain([plan.preload(&path)?]) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // Before the command starts, so that none is lost; the command itself starts as softgpu was started.
    let before = SigSet::thread_get_mask()?;
    let mut watched = SigSet::from_iter(PASSED);
    watched.add(Signal::SIGCHLD);
    watched.thread_block()?;
    with_signal_mask(&mut command, before);
    let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC)?;
    let end = match command.spawn() {
        Ok(child) => End::Status(wait(child, &signals)?),
        Err(error) if error.kind() == ErrorKind::NotFound => End::NotFound,
        Err(error) if is_refusal(&error) => End::NotExecutable,
        Err(error) => bail!("{}: {error}", program.display()),
    };
    dir.close().context("the temporary directory")?;
    Ok(end)
}

/// Makes a command start with these signals blocked and no others.
#[allow(unsafe_code)]
pub(crate) fn with_signal_mask(command: &mut Command, mask: SigSet) {
    let set = move || mask.thread_set_mask().map_err(std::io::Error::from);
    // SAFETY: what runs between fork and exec is pthread_sigmask alone, which is safe there (signal-safety(7)).
    unsafe { command.pre_exec(set) };
}

fn is_refusal(error: &std::io::Error) -> bool {
    const ENOEXEC: i32 = nix::errno::Errno::ENOEXEC as i32;
    error.kind() == ErrorKind::PermissionDenied || error.raw_os_error() == Some(ENOEXEC)
}

/// Waits for the command and passes signals on to it.
fn wait(mut child: Child, signals: &SignalFd) -> Result<ExitStatus> {
    let pid = Pid::from_raw(child.id().cast_signed());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let Some(info) = signals.read_signal()? else { continue };
        let signal = Signal::try_from(info.ssi_signo.cast_signed())?;
        // What a terminal sends, it sends to the command too.
        if signal != Signal::SIGCHLD && info.ssi_code != SI_KERNEL {
            // It may have ended just now.
            let _ = kill(pid, signal);
        }
    }
}

/// Ends this process as the command ended: with its status, or by its signal.
pub fn end_like(status: ExitStatus) -> ! {
    if let Some(number) = status.signal() {
        if let Ok(signal) = Signal::try_from(number) {
            // The command's core is the one that tells something.
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
            let _ = SigSet::from(signal).thread_unblock();
            // Whatever Rust's runtime does on it.
            let _ = signal_hook::low_level::emulate_default_handler(number);
        }
        std::process::exit(128 + number);
    }
    std::process::exit(status.code().unwrap_or(125))
}
