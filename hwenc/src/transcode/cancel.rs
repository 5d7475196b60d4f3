//! [`Cancel`]: stops a job from another thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error, Result};

/// A switch that is shared with a running job. Clones are the same switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    part: Arc<Mutex<Option<PathBuf>>>,
}

impl Cancel {
    /// A switch that is off.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Stops the job: it returns [`Code::Cancelled`] after the picture at hand, and leaves nothing behind.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// It was switched on.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Removes the unfinished file of a job that does not react, because an encoder or a read hangs. The process is
    /// expected to end at once: the job itself goes on writing to a file that has no name any more.
    pub fn abandon(&self) {
        self.cancel();
        if let Some(part) = self.part.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Gone already, or it cannot be helped: the process is ending.
            let _ = std::fs::remove_file(part);
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::new(Code::Cancelled, "cancelled")) } else { Ok(()) }
    }

    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }

    pub(crate) fn set_part(&self, part: Option<&Path>) {
        *self.part.lock().unwrap_or_else(PoisonError::into_inner) = part.map(Path::to_owned);
    }
}
