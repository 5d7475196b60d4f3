//! The `hwenc` command beside the `ffmpeg` command: the same film, encoder, preset, threads and rate, in whole
//! processes and alternating runs, with hwenc beside itself as the control.
//!
//! Asked: time and CPU below 1.02 at the upper end of the interval, peak memory at most 1.10, the same video bit for
//! bit. Build the command first: `cargo build --release -p hwenc-cli`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hwenc_benches::ffi::child::{self, Usage};
use hwenc_benches::stats::{self, Estimate};
use hwenc_benches::{annexb, film};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Transcodes a film with hwenc and with ffmpeg in turn, and compares what they use")]
struct Arguments {
    /// Rounds; each runs hwenc twice and ffmpeg once.
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// Threads of the encoder.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// libx264's preset.
    #[arg(long, default_value = "medium")]
    preset: String,
    /// The film. Default: the one in examples/media.
    #[arg(long)]
    input: Option<PathBuf>,
    /// The `hwenc` command. Default: the one beside this program.
    #[arg(long)]
    hwenc: Option<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Serialize)]
struct Outcome {
    runs: usize,
    threads: u32,
    preset: String,
    wall: Comparison,
    cpu: Comparison,
    peak_memory: Comparison,
    /// The first difference between the two video streams; null when there is none.
    difference: Option<String>,
}

/// One figure of both, as a ratio to ffmpeg's and of hwenc's to its own.
#[derive(Serialize)]
struct Comparison {
    hwenc: f64,
    ffmpeg: f64,
    ratio: Option<Estimate>,
    control: Option<Estimate>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let out = |name: &str| folder.path().join(name);
    let input = arguments.input.clone().unwrap_or_else(film::shipped);
    let program = match &arguments.hwenc {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("hwenc"),
    };
    ensure!(program.exists(), "{} is missing: `cargo build --release -p hwenc-cli`", program.display());

    let (ours_file, again_file, theirs_file) = (out("hwenc.mp4"), out("again.mp4"), out("ffmpeg.mp4"));
    let run = |who: usize| match who {
        0 => child::run(&mut hwenc(&program, &arguments, &input, &ours_file)),
        1 => child::run(&mut ffmpeg(&arguments, &input, &theirs_file)),
        _ => child::run(&mut hwenc(&program, &arguments, &input, &again_file)),
    };
    (0..3).try_for_each(|who| run(who).map(drop)).context("the first, uncounted run")?;

    let mut usages: [Vec<Usage>; 3] = Default::default();
    for round in 0..arguments.runs {
        // Each comes first, second and last as often.
        for turn in 0..3 {
            let who = (round + turn) % 3;
            usages[who].push(run(who)?);
        }
        if !arguments.json {
            eprint!("\r{} of {} rounds", round + 1, arguments.runs);
        }
    }
    let compare = |figure: fn(&Usage) -> f64| {
        let [ours, theirs, again] = usages.each_ref().map(|list| list.iter().map(figure).collect::<Vec<_>>());
        let middle = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Comparison {
            hwenc: middle(&ours),
            ffmpeg: middle(&theirs),
            ratio: stats::ratio(&ours, &theirs),
            control: stats::ratio(&again, &ours),
        }
    };
    let outcome = Outcome {
        wall: compare(|usage| usage.wall_s),
        cpu: compare(|usage| usage.cpu_s),
        peak_memory: compare(|usage| usage.peak_kib as f64 / 1024.0),
        difference: annexb::difference(&annexb::extract(&ours_file)?, &annexb::extract(&theirs_file)?),
        runs: arguments.runs,
        threads: arguments.threads,
        preset: arguments.preset,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print(&outcome);
    }
    Ok(())
}

fn hwenc(program: &Path, arguments: &Arguments, input: &Path, output: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("transcode").arg(input).arg(output).args([
        "--encoder",
        "libx264",
        "--preset",
        &arguments.preset,
    ]);
    command.args(["--threads", &arguments.threads.to_string(), "-o", "crf=23", "--overwrite", "--quiet"]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn ffmpeg(arguments: &Arguments, input: &Path, output: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-y", "-nostdin", "-loglevel", "error", "-i"])
        .arg(input)
        .args(["-map", "0:v", "-map", "0:a"]);
    command.args([
        "-c:v",
        "libx264",
        "-preset",
        &arguments.preset,
        "-threads",
        &arguments.threads.to_string(),
    ]);
    command.args(["-crf", "23", "-c:a", "copy"]).arg(output);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn print(outcome: &Outcome) {
    let Outcome { runs, threads, preset, .. } = outcome;
    eprint!("\r");
    println!("libx264 {preset}, {threads} threads, {runs} rounds; ratios with their 95 % intervals");
    println!(
        "{:18} {:>9} {:>9}  {:24}  {:24}",
        "", "hwenc", "ffmpeg", "hwenc / ffmpeg", "control (hwenc / hwenc)"
    );
    let rows =
        [("time, s", &outcome.wall), ("CPU, s", &outcome.cpu), ("peak memory, MiB", &outcome.peak_memory)];
    for (name, c) in rows {
        let text = |e: Option<Estimate>| {
            e.map_or_else(|| "-".into(), |e| format!("{:.4} [{:.4}, {:.4}]", e.value, e.low, e.high))
        };
        println!("{name:18} {:9.3} {:9.3}  {:24}  {:24}", c.hwenc, c.ffmpeg, text(c.ratio), text(c.control));
    }
    match &outcome.difference {
        None => println!("video streams: identical bit for bit"),
        Some(text) => println!("video streams: different; first: {text}"),
    }
}
