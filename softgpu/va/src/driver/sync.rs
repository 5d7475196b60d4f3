//! Waiting for work to be done.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Call;
use super::pointer::Out;
use crate::failure::{Failure, Outcome};
use crate::sys;

/// Tells those who wait that something may be idle now. Nobody waits as a rule, and then it costs an atomic read.
#[derive(Debug, Default)]
pub(super) struct Idle {
    waiting: AtomicU32,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Idle {
    pub(super) fn changed(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.changed.notify_all();
        }
    }

    /// Waits until nothing is worked on, at most so many nanoseconds.
    pub(super) fn wait(&self, busy: &AtomicU32, nanoseconds: u64) -> Outcome {
        if busy.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        // va.h: VA_TIMEOUT_INFINITE; an end beyond what the clock can tell is none.
        let end =
            Instant::now().checked_add(Duration::from_nanos(nanoseconds)).filter(|_| nanoseconds != u64::MAX);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut result = Ok(());
        while busy.load(Ordering::SeqCst) > 0 {
            let left = match end {
                None => Duration::from_secs(3600),
                Some(end) => match end.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => left,
                    _ => {
                        result = Err(Failure::new(sys::VA_STATUS_ERROR_TIMEDOUT, "still busy"));
                        break;
                    }
                },
            };
            lock = self.changed.wait_timeout(lock, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(lock);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

impl Call<'_> {
    pub(super) fn sync_surface(&self, id: u32, nanoseconds: u64) -> Outcome {
        let surface = self.surface(id)?;
        self.driver.idle.wait(&surface.busy, nanoseconds)
    }

    pub(super) fn sync_buffer(&self, id: u32, nanoseconds: u64) -> Outcome {
        // FFmpeg asks so whether the driver has this function; that is no mistake.
        if id == sys::VA_INVALID_ID {
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, "no buffer"));
        }
        let buffer = self.buffer(id)?;
        self.driver.idle.wait(&buffer.busy, nanoseconds)
    }

    pub(super) fn query_surface_status(&self, id: u32, status: &Out<'_, u32>) -> Outcome {
        let surface = self.surface(id)?;
        let busy = surface.busy.load(Ordering::SeqCst) > 0;
        status.set(if busy { sys::VASurfaceRendering } else { sys::VASurfaceReady })
    }
}
