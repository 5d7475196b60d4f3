//! [`Progress`]: how far a job is.

use std::time::{Duration, Instant};

/// How far a job is. Handed to the callback of [`Transcode::run`](super::Transcode::run) about ten times a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Pictures sent to the encoder.
    pub frames: u64,
    /// Pictures that are expected in all, where the source says.
    pub total_frames: Option<u64>,
    /// Position in the film, in seconds.
    pub position_s: f64,
    /// Length of the film in seconds, where the source says.
    pub duration_s: Option<f64>,
    /// Bytes written so far.
    pub bytes_out: u64,
    /// Pictures per second of wall time.
    pub fps: f64,
    /// Seconds of wall time that have passed.
    pub elapsed_s: f64,
    /// Seconds of wall time that remain, where that can be told.
    pub eta_s: Option<f64>,
}

impl Progress {
    /// Part that is done, 0 to 1, where it can be told.
    pub fn fraction(&self) -> Option<f64> {
        let by_time = self.duration_s.filter(|d| *d > 0.0).map(|d| self.position_s / d);
        let by_frames = self.total_frames.filter(|n| *n > 0).map(|n| self.frames as f64 / n as f64);
        by_frames.or(by_time).map(|f| f.clamp(0.0, 1.0))
    }
}

/// Says when it is time for the next call.
pub(super) struct Ticker {
    started: Instant,
    last: Instant,
}

impl Ticker {
    const EVERY: Duration = Duration::from_millis(100);

    pub(super) fn new() -> Self {
        let now = Instant::now();
        Ticker { started: now, last: now }
    }

    pub(super) fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now.duration_since(self.last) >= Self::EVERY;
        if due {
            self.last = now;
        }
        due
    }

    /// Fills in what follows from the clock.
    pub(super) fn complete(&self, mut progress: Progress) -> Progress {
        progress.elapsed_s = self.elapsed();
        progress.fps =
            if progress.elapsed_s > 0.0 { progress.frames as f64 / progress.elapsed_s } else { 0.0 };
        // The first moments tell nothing of the speed.
        let part = progress.fraction().filter(|f| *f > 0.01);
        progress.eta_s = part.map(|f| progress.elapsed_s * (1.0 - f) / f);
        progress
    }
}
