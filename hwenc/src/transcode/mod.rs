//! File in, file out: decode, scale, encode, and every other stream kept where the container can hold it.
//!
//! ```no_run
//! # fn main() -> hwenc::Result<()> {
//! use hwenc::{Cancel, Fallback, RateControl, Transcode};
//!
//! let mut job = Transcode::new("film.mov", "film.mp4");
//! job.rate_control = RateControl::Quality(70);
//! job.fallback = Fallback::Software;
//! let report = job.run(&Cancel::new(), |progress| eprintln!("{:.0} s", progress.position_s))?;
//! println!("{} frames by {}", report.frames_out, report.encoder);
//! # Ok(())
//! # }
//! ```

mod ahead;
mod audio;
mod cancel;
mod device;
mod input;
mod job;
mod layout;
mod pictures;
mod pipeline;
mod progress;
mod report;
mod streams;
mod timeline;

pub use cancel::Cancel;
pub use job::{DecodeOn, OnCorrupt, Transcode};
pub use progress::Progress;
pub use report::{StreamAction, StreamReport, TranscodeReport};
