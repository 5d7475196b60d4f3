//! SIGINT and SIGTERM: the job stops cleanly; one that does not react loses its unfinished file and is ended.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use hwenc::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator;

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
    /// Watches from now on, also where the shell had the signals ignored.
    pub(crate) fn watch() -> Self {
        let signals = Signals { cancel: Cancel::new(), arrived: Arc::default(), working: Arc::default() };
        let (cancel, arrived) = (signals.cancel.clone(), signals.arrived.clone());
        let working = signals.working.clone();
        // Without a handler the signals end the process at once, as they do by default.
        if let Ok(mut watched) = iterator::Signals::new([SIGINT, SIGTERM]) {
            let handle = watched.handle();
            std::thread::spawn(move || {
                let mut waiting = watched.forever();
                let Some(first) = waiting.next() else { return };
                arrived.store(first, Ordering::SeqCst);
                cancel.cancel();
                if !working.load(Ordering::SeqCst) {
                    std::process::exit(128 + first);
                }
                std::thread::spawn(move || {
                    std::thread::sleep(GRACE);
                    handle.close(); // ends the wait for a second signal
                });
                let second = waiting.next();
                cancel.abandon();
                std::process::exit(128 + second.unwrap_or(first));
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
    pub(crate) fn exit_code(&self) -> Option<ExitCode> {
        let signal = self.arrived.load(Ordering::SeqCst);
        (signal != 0).then(|| ExitCode::from(128 + signal as u8))
    }

    /// Its name.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self.arrived.load(Ordering::SeqCst) {
            SIGINT => Some("SIGINT"),
            SIGTERM => Some("SIGTERM"),
            _ => None,
        }
    }
}
