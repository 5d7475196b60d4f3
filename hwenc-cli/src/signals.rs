//! SIGINT, SIGTERM and SIGHUP: the job stops cleanly; one that does not react loses its unfinished file and is ended.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hwenc::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator;

use crate::say;

/// How long a job may take to stop. An encoder that drains needs well below a second.
const GRACE: Duration = Duration::from_secs(5);

/// The signal that arrived, and the job that it stops.
pub(crate) struct Signals {
    cancel: Cancel,
    arrived: Arc<AtomicI32>,
    /// A job is running that stops cleanly; without one there is nothing to wait for.
    working: Arc<AtomicBool>,
}

impl Signals {
    /// Watches from now on, SIGINT and SIGTERM also where the shell had them ignored. A SIGHUP that is ignored is meant
    /// to be (`nohup`).
    pub(crate) fn watch() -> Self {
        let signals = Signals { cancel: Cancel::new(), arrived: Arc::default(), working: Arc::default() };
        let (cancel, arrived) = (signals.cancel.clone(), signals.arrived.clone());
        let working = signals.working.clone();
        let wanted = [SIGINT, SIGTERM].into_iter().chain((!is_ignored(SIGHUP)).then_some(SIGHUP));
        // Without a handler the signals end the process at once, as they do by default.
        if let Ok(mut watched) = iterator::Signals::new(wanted) {
            let handle = watched.handle();
            thread::spawn(move || {
                let mut waiting = watched.forever();
                let Some(first) = waiting.next() else { return };
                arrived.store(first, Ordering::SeqCst);
                cancel.cancel();
                if !working.load(Ordering::SeqCst) {
                    end(first);
                }
                thread::spawn(move || {
                    thread::sleep(GRACE);
                    handle.close(); // ends the wait for a second signal
                });
                let second = waiting.next();
                cancel.abandon();
                end(second.unwrap_or(first));
            });
        }
        signals
    }

    /// The switch of a job that begins now.
    pub(crate) fn job(&self) -> &Cancel {
        self.working.store(true, Ordering::SeqCst);
        &self.cancel
    }

    /// 128 and the signal's number, where one arrived.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        let signal = self.arrived.load(Ordering::SeqCst);
        (signal != 0).then_some(128 + signal as u8)
    }

    /// Its name.
    pub(crate) fn name(&self) -> Option<&'static str> {
        name(self.arrived.load(Ordering::SeqCst))
    }
}

fn name(signal: c_int) -> Option<&'static str> {
    match signal {
        SIGINT => Some("SIGINT"),
        SIGTERM => Some("SIGTERM"),
        SIGHUP => Some("SIGHUP"),
        _ => None,
    }
}

/// Ends the process, with a last word if standard error takes it.
fn end(signal: c_int) -> ! {
    let (said, hears) = mpsc::channel();
    thread::spawn(move || {
        say::note(format_args!(
            "error[{}]: {}",
            hwenc::Code::Cancelled,
            say::stopped(name(signal).unwrap_or("a signal"))
        ));
        let _ = said.send(());
    });
    let _ = hears.recv_timeout(Duration::from_millis(500));
    std::process::exit(128 + signal)
}

/// The process was started with the signal ignored (proc(5), SigIgn).
fn is_ignored(signal: c_int) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & 1 << (signal - 1) != 0
}
