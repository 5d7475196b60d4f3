//! Transcoding as a library: what becomes of every stream and of every mark of the source. The films are made and the
//! results judged by the `ffmpeg` command.

mod damage;
mod jobs;
#[path = "../media/mod.rs"]
mod media;
mod pictures;
mod streams;
mod times;

use std::path::Path;

use hwenc::transcode::StreamReport;
use hwenc::{Cancel, Error, Transcode, TranscodeReport};
use media::{Dir, ffmpeg, seconds};

/// Two seconds of moving pictures, 320x180 at 25 a second.
const MOVING: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=2";
/// Two seconds of silence but for a beep from 1.0 to 1.2 s.
const BEEP: &str = "-f lavfi -i aevalsrc='if(between(t\\,1\\,1.2)\\,0.5*sin(880*2*PI*t)\\,0)':s=48000:d=2";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

fn job(input: &Path, output: &Path) -> Transcode {
    hwenc::log::install(); // or FFmpeg writes to standard error itself
    let mut job = Transcode::new(input, output);
    job.encoder = Some("libx264".into());
    job.preset = Some("ultrafast".into());
    job.threads = 1;
    job
}

fn hevc(input: &Path, output: &Path) -> Transcode {
    let mut job = job(input, output);
    job.encoder = Some("libx265".into());
    job
}

fn run(job: &Transcode) -> TranscodeReport {
    job.run(&Cancel::new(), |_| {}).unwrap_or_else(|e| panic!("{e:?}"))
}

fn fails(job: &Transcode) -> Error {
    job.run(&Cancel::new(), |_| {}).expect_err("it should not work")
}

fn by_kind<'r>(report: &'r TranscodeReport, kind: &str) -> &'r StreamReport {
    report
        .streams
        .iter()
        .find(|s| s.kind == kind)
        .unwrap_or_else(|| panic!("no {kind} in {:#?}", report.streams))
}

/// How long after the first picture the beep begins, in seconds.
fn beep(dir: &Dir, film: &Path) -> f64 {
    let raw = dir.join("beep.raw");
    let (name, raw_name) = (film.to_str().unwrap(), raw.to_str().unwrap());
    // Counted from the earliest timestamp of the file; what lies before the first sample is filled up.
    let filter = "aresample=48000:async=1:first_pts=0";
    ffmpeg(["-i", name, "-map", "0:a", "-af", filter, "-ac", "1", "-f", "s16le", raw_name]);
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::remove_file(raw).unwrap();
    let samples: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let begin = samples.iter().position(|s| s.unsigned_abs() > 3000).expect("a beep");
    let start = seconds(&media::ffprobe(film, "-show_format")["format"]["start_time"]);
    start + begin as f64 / 48000.0 - media::times(film)[0]
}
