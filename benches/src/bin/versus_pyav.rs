//! What a picture in NumPy costs on its way into an encoder: hwenc from Python, the same loop in Rust with the same
//! request, and PyAV, all in one process and in alternating blocks (`benches/python/versus_pyav.py`).
//!
//! Onto a surface of softgpu's, with the engine that codes nothing. Asked: Python within 1.1 of Rust at 1080p, and at most
//! 5 µs above it; PyAV's `from_ndarray` alone is beside it, which has then not put the picture anywhere. And into libx264
//! at equal settings: ahead of PyAV. Build first: `cargo build --release --workspace`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Parser;
use hwenc_benches::python::{self, Python};
use hwenc_benches::stats;
use serde::Deserialize;

#[derive(Parser)]
#[command(about = "Compares hwenc from Python with hwenc from Rust and with PyAV")]
struct Arguments {
    #[command(flatten)]
    python: Python,
    /// Rounds of each measurement.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Pictures of each stream by libx264.
    #[arg(long, default_value_t = 48)]
    pictures: usize,
    /// Only this part: `surfaces` or `encode`.
    #[arg(long)]
    part: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Round { what: String, cpu: Sides, wall: Sides },
    Sizes { what: String, bytes: BTreeMap<String, u64> },
}

/// Nanoseconds per picture.
type Sides = BTreeMap<String, f64>;

/// Clock, then what was measured, then by whom: a figure per round.
type Measured = BTreeMap<(&'static str, String), BTreeMap<String, Vec<f64>>>;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let rounds = arguments.rounds.to_string();
    let asked = |part: &str| arguments.part.as_deref().is_none_or(|only| only == part);
    if asked("surfaces") {
        let mut command = arguments.python.under_softgpu("versus_pyav.py")?;
        command.args(["surfaces", "--rounds", &rounds, "--library"]);
        command.arg(python::beside("libhwenc_benches.so")?);
        let measured = collect(python::lines(&mut command)?);
        println!("From an array onto a surface:");
        print(
            &measured,
            &[("python", "rust"), ("python encode", "rust"), ("control", "rust"), ("python", "pyav")],
        );
    }
    if asked("encode") {
        let mut command = arguments.python.program("versus_pyav.py");
        command.args(["encode", "--rounds", &rounds, "--pictures", &arguments.pictures.to_string()]);
        let measured = collect(python::lines(&mut command)?);
        println!("From arrays to a stream: the shipped film at 1280x720, libx264 with one thread at CRF 23:");
        print(&measured, &[("python", "pyav"), ("python", "pyav buffer")]);
    }
    Ok(())
}

fn collect(lines: Vec<Line>) -> Measured {
    let mut measured = Measured::new();
    for line in lines {
        match line {
            Line::Round { what, cpu, wall } => {
                for (clock, sides) in [("CPU", cpu), ("clock", wall)] {
                    for (side, value) in sides {
                        let of = measured.entry((clock, what.clone())).or_default();
                        of.entry(side).or_default().push(value);
                    }
                }
            }
            Line::Sizes { what, bytes } => println!("{what}: bytes {bytes:?}"),
        }
    }
    measured
}

fn print(measured: &Measured, pairs: &[(&str, &str)]) {
    for ((clock, what), sides) in measured {
        println!("{what}, {clock}:");
        for (side, values) in sides {
            if let Some(e) = stats::median(values).map(|e| e.map(|ns| ns / 1e3)) {
                println!("  {side}: {:.1} µs per picture [{:.1}, {:.1}]", e.value, e.low, e.high);
            }
        }
        for (ours, theirs) in pairs {
            let (Some(a), Some(b)) = (sides.get(*ours), sides.get(*theirs)) else { continue };
            let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a - b) / 1e3).collect();
            let ratio: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
            let (Some(d), Some(r)) = (stats::median(&difference), stats::median(&ratio)) else { continue };
            print!("  {ours} - {theirs}: {:+.2} µs [{:+.2}, {:+.2}]; ", d.value, d.low, d.high);
            println!("{ours} / {theirs}: {:.4} [{:.4}, {:.4}]", r.value, r.low, r.high);
        }
    }
}
