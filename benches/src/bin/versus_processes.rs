//! Pictures per second of eight Python threads with a session each, beside as many processes, in alternating rounds
//! (`benches/python/versus_processes.py`): what the interpreter's lock costs.
//!
//! On softgpu's device with the engine that codes nothing, where there is least to do without the lock, and with libx264.
//! Asked: at least 0.95 of the processes' rate. Build first: `cargo build --release --workspace`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Parser;
use hwenc_benches::python::{self, Python};
use hwenc_benches::stats;
use serde::Deserialize;

#[derive(Parser)]
#[command(about = "Compares Python threads that encode with processes that do")]
struct Arguments {
    #[command(flatten)]
    python: Python,
    /// Rounds of each measurement.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Seconds that each side codes per round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Threads, and processes.
    #[arg(long, default_value_t = 8)]
    workers: usize,
}

#[derive(Deserialize)]
struct Line {
    what: String,
    /// Pictures per second, of all workers together.
    rate: Sides,
    /// Seconds of the workers' own CPU per picture.
    cpu: Sides,
}

#[derive(Deserialize)]
struct Sides {
    threads: f64,
    processes: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let scripts = [
        ("null", arguments.python.under_softgpu("versus_processes.py")?),
        ("libx264", arguments.python.program("versus_processes.py")),
    ];
    for (part, mut command) in scripts {
        command.args([part, "--rounds", &arguments.rounds.to_string()]);
        command.args(["--seconds", &arguments.seconds.to_string()]);
        command.args(["--workers", &arguments.workers.to_string()]);
        let mut by: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        for line in python::lines::<Line>(&mut command)? {
            by.entry(line.what.clone()).or_default().push(line);
        }
        for (what, lines) in by {
            let of = |f: fn(&Line) -> f64| lines.iter().map(f).collect::<Vec<f64>>();
            let (threads, processes) = (of(|l| l.rate.threads), of(|l| l.rate.processes));
            print!("{what}, {} workers:", arguments.workers);
            for (name, values) in [("threads", &threads), ("processes", &processes)] {
                if let Some(e) = stats::median(values) {
                    print!(" {name} {:.0} per second [{:.0}, {:.0}],", e.value, e.low, e.high);
                }
            }
            if let Some(e) = stats::ratio(&threads, &processes) {
                print!(" ratio {:.3} [{:.3}, {:.3}],", e.value, e.low, e.high);
            }
            if let Some(e) = stats::ratio(&of(|l| l.cpu.threads), &of(|l| l.cpu.processes)) {
                print!(" CPU per picture {:.3} [{:.3}, {:.3}]", e.value, e.low, e.high);
            }
            println!();
        }
    }
    Ok(())
}
