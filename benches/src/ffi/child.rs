//! A process and what it used.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::libc;
use serde::Serialize;

/// What a process used from its start to its end.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// Seconds of CPU, user and system, all threads.
    pub cpu_s: f64,
    /// Most memory that was resident at any time, in KiB. The kernel counts from `fork` on, so it is never less than
    /// what this process has; keep that small.
    pub peak_kib: u64,
}

/// Runs a command to its end. Not `getrusage(RUSAGE_CHILDREN)`: that has one peak for all children together.
///
/// # Errors
/// When it does not start, or ends with anything but 0.
pub fn run(command: &mut Command) -> Result<Usage> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("`{name}` does not start"))?;
    let mut status: libc::c_int = 0;
    // SAFETY: plain numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let pid = libc::pid_t::try_from(child.id())?;
    // SAFETY: a child of ours that nobody else waits for; both pointers are to locals of the right type.
    let ret = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
    let wall = start.elapsed();
    ensure!(ret == pid, "waiting for `{name}` failed: {}", std::io::Error::last_os_error());
    ensure!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "`{name}` ended with status {status:#x}"
    );
    let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
    Ok(Usage {
        wall_s: wall.as_secs_f64(),
        cpu_s: cpu.as_secs_f64(),
        peak_kib: u64::try_from(usage.ru_maxrss).unwrap_or(0),
    })
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_memory_are_the_childs_own() {
        let usage =
            run(Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"])).unwrap();
        assert!(usage.cpu_s > 0.0 && usage.wall_s > 0.0 && usage.peak_kib > 100, "{usage:?}");
        assert!(run(Command::new("sh").args(["-c", "exit 3"])).is_err());
    }
}
