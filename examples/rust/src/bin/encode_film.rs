//! Encodes a film again: `encode_film INPUT OUTPUT`.
#![forbid(unsafe_code)]

use hwenc::{Cancel, Fallback, RateControl, Transcode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        return Err("usage: encode_film INPUT OUTPUT".into());
    };

    let mut job = Transcode::new(input, output);
    job.rate_control = RateControl::Quality(65);
    job.fallback = Fallback::Software; // said aloud: without it, no GPU means an error

    let report = job.run(&Cancel::new(), |progress| {
        if let Some(part) = progress.fraction() {
            eprint!("\r{:3.0} %", part * 100.0);
        }
    })?;
    eprintln!();
    println!("{} frames by {} at {:.0} fps", report.frames_out, report.encoder, report.fps);
    for stream in report.streams.iter().filter(|stream| stream.reason.is_some()) {
        println!("stream {} was not kept as it is: {:?}", stream.index, stream.reason);
    }
    Ok(())
}
