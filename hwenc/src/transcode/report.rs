//! [`TranscodeReport`]: what a job did. Its JSON is part of the command's contract.

use serde::Serialize;

use crate::encode::Settings;
use crate::select::Decision;

/// What became of a stream of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamAction {
    /// Decoded and encoded by the chosen encoder.
    Encoded,
    /// Packets are the source's.
    Copied,
    /// Decoded and encoded again because the container does not hold the codec.
    Converted,
    /// Left out.
    Dropped,
}

/// A stream of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamReport {
    /// Its number in the source.
    pub index: usize,
    /// `video`, `audio`, `subtitle`, `attachment`, `data`.
    pub kind: &'static str,
    /// libavcodec's name of its codec in the source.
    pub codec: String,
    /// What became of it.
    pub action: StreamAction,
    /// Why, where it was not simply kept.
    pub reason: Option<String>,
}

/// What a job did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TranscodeReport {
    /// Path of the source, as given.
    pub input: String,
    /// Path of the result, as given.
    pub output: String,
    /// libavcodec's name of the encoder that was used.
    pub encoder: String,
    /// Its backend.
    pub backend: String,
    /// Its device; `None` on the CPU.
    pub device: Option<String>,
    /// The device that decoded the source; `None` for the CPU.
    pub decoded_on: Option<String>,
    /// Every candidate, with reasons.
    pub decision: Decision,
    /// Pictures decoded from the source.
    pub frames_in: u64,
    /// Pictures coded.
    pub frames_out: u64,
    /// Pictures of the source that did not decode and were left out (`--on-corrupt skip`).
    pub corrupt_frames: u64,
    /// Length of the result in seconds.
    pub duration_s: f64,
    /// Seconds of wall time.
    pub wall_s: f64,
    /// Pictures per second of wall time.
    pub fps: f64,
    /// Seconds of CPU time of the whole process during the job.
    pub cpu_s: f64,
    /// Size of the source.
    pub bytes_in: u64,
    /// Size of the result.
    pub bytes_out: u64,
    /// Bytes that hwenc wrote for each picture in copying and converting, on average. 0: the decoder's pictures went
    /// to the encoder as they were. What decoder, filters and encoder copy inside is not in it.
    pub copied_bytes_per_frame: f64,
    /// The encoder was used because the fallback policy allows it.
    pub fallback_used: bool,
    /// Changes of encoder while running.
    pub failovers: u32,
    /// What was asked for.
    pub settings_requested: Settings,
    /// What the open encoder says of itself.
    pub settings_applied: Settings,
    /// What became of each stream.
    pub streams: Vec<StreamReport>,
}
