//! Forking a process that has one thread, and the signals of a process that was just started.

use std::io;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, fork};

/// Which of the two processes this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The one that forked, with the other's process id.
    Parent(i32),
    /// The new one.
    Child,
}

/// How many threads this process has.
///
/// # Errors
/// Where there is no `/proc`.
pub fn threads() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// Forks, where this thread is the only one: then the child may go on as the parent could.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] where there are more threads; whatever `fork` says.
pub fn fork_alone() -> io::Result<Forked> {
    let threads = threads()?;
    if threads != 1 {
        let text = format!("a process with {threads} threads cannot fork and go on");
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    // SAFETY: no other thread exists that could hold a lock in the child for ever (signal-safety(7)): this thread is alone, and only
    // it could have started another since.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Forked::Parent(child.as_raw())),
        ForkResult::Child => Ok(Forked::Child),
    }
}

/// Gives signals back to the kernel: what was ignored or handled has its default effect, nothing is blocked. SIGPIPE is ignored,
/// as in every Rust program, and SIGXFSZ, so that a limit of file sizes fails a write and ends no process.
pub fn default_signals() {
    for signal in Signal::iterator() {
        let handler = match signal {
            Signal::SIGKILL | Signal::SIGSTOP => continue,
            Signal::SIGPIPE | Signal::SIGXFSZ => SigHandler::SigIgn,
            _ => SigHandler::SigDfl,
        };
        let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
        // SAFETY: neither action runs code of this process. A handler that is taken away, such as that of Rust's runtime for
        // overflown stacks, only explained a death that comes all the same.
        let _ = unsafe { sigaction(signal, &action) };
    }
    let _ = SigSet::empty().thread_set_mask();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_does_not_fork() {
        let (tell, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        assert_eq!(fork_alone().unwrap_err().kind(), io::ErrorKind::Unsupported);
        drop(tell);
        other.join().unwrap().unwrap_err();
    }
}
