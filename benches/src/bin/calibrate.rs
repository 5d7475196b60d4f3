//! Measures the quality scale: which CRF of each encoder gives the likeness that libx264 gives at the same quality.
//!
//! It prints the tables for `hwenc/src/backend/software.rs`, then encodes again at the chosen values and says how far
//! the encoders are apart. The figures depend on the encoders' versions and the films, not on the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hwenc_benches::scale::{self, Curve, Point};
use hwenc_benches::{film, ssim};

#[derive(Parser)]
#[command(about = "Measures which CRF of each software encoder gives the same SSIM at the same quality")]
struct Arguments {
    /// Films to measure on, each with the same weight. Default: the one in examples/media.
    films: Vec<PathBuf>,
    /// Another film, on which only the outcome is checked.
    #[arg(long)]
    check: Vec<PathBuf>,
}

/// An encoder as a session of hwenc opens it by default.
struct Candidate {
    name: &'static str,
    preset: &'static str,
    /// Where to measure; first and last are the ends of the encoder's range.
    grid: &'static [f64],
    /// What CRF values are rounded to.
    step: f64,
}

const CANDIDATES: [Candidate; 3] = [
    Candidate {
        name: "libx264",
        preset: "medium",
        grid: &[1.0, 4.0, 8.0, 12.0, 16.0, 19.0, 22.0, 25.0, 28.0, 31.0, 34.0, 38.0, 42.0, 46.0, 51.0],
        step: 0.1,
    },
    Candidate {
        name: "libx265",
        preset: "medium",
        grid: &[0.0, 4.0, 8.0, 12.0, 16.0, 19.0, 22.0, 25.0, 28.0, 31.0, 34.0, 38.0, 42.0, 46.0, 51.0],
        step: 0.1,
    },
    Candidate {
        name: "libsvtav1",
        preset: "8",
        grid: &[4.0, 7.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 59.0, 63.0],
        step: 1.0,
    },
];

/// Qualities at which the outcome is checked: the table's own, and hwenc's default between two of them.
const CHECKED: [u8; 12] = [0, 10, 20, 30, 40, 50, 60, 65, 70, 80, 90, 100];

fn main() -> Result<()> {
    let Arguments { mut films, check } = Arguments::parse();
    if films.is_empty() {
        films.push(film::shipped());
    }
    let mut measure = Measure::on(films)?;

    let mut curves = Vec::new();
    for candidate in &CANDIDATES {
        println!("{} (preset {}): CRF, SSIM of luma in dB", candidate.name, candidate.preset);
        let mut points = Vec::new();
        for &crf in candidate.grid {
            let db = measure.db(candidate, crf)?;
            println!("  {crf:5.1}  {db:6.3}");
            points.push(Point { crf, db });
        }
        curves.push(Curve::new(points));
    }

    let anchor = scale::anchor();
    let mut tables = Vec::new();
    println!("\nCRF at quality 0, 10, ... 100:");
    for (candidate, curve) in CANDIDATES.iter().zip(&curves) {
        let table = anchor.map(|crf| scale::round(curve.crf(curves[0].db(crf)), candidate.step));
        let text: Vec<String> = table.iter().map(|crf| format!("{crf:.1}")).collect();
        println!("  {:10} crf: [{}],", candidate.name, text.join(", "));
        tables.push(table);
    }

    println!("\nThe same films again at these values:");
    residuals(&mut measure, &tables)?;
    for film in check {
        println!("\n{} at these values:", film.display());
        residuals(&mut Measure::on(vec![film])?, &tables)?;
    }
    Ok(())
}

/// Prints, for each quality, CRF, SSIM of luma in dB and what it is above libx264's.
fn residuals(measure: &mut Measure, tables: &[[f64; 11]]) -> Result<()> {
    for quality in CHECKED {
        print!("  quality {quality:3}:");
        let mut first = None;
        for (candidate, table) in CANDIDATES.iter().zip(tables) {
            let crf = scale::between(table, quality, candidate.step);
            let db = measure.db(candidate, crf)?;
            let above = db - *first.get_or_insert(db);
            print!("  {} {crf:4.1} {db:6.3} ({above:+.3})", candidate.name);
        }
        println!();
    }
    Ok(())
}

/// Encodes and compares, each setting once.
struct Measure {
    films: Vec<PathBuf>,
    folder: tempfile::TempDir,
    known: BTreeMap<(&'static str, i64), f64>,
}

impl Measure {
    fn on(films: Vec<PathBuf>) -> Result<Self> {
        Ok(Measure { films, folder: tempfile::tempdir()?, known: BTreeMap::new() })
    }

    /// Mean over the films, in dB.
    fn db(&mut self, candidate: &Candidate, crf: f64) -> Result<f64> {
        let key = (candidate.name, (crf * 1000.0).round() as i64);
        if let Some(db) = self.known.get(&key) {
            return Ok(*db);
        }
        let mut sum = 0.0;
        for film in &self.films {
            let coded = self.folder.path().join("coded.mkv");
            encode(candidate, crf, film, &coded)?;
            sum += ssim::decibel(ssim::luma(&coded, film)?);
        }
        let db = sum / self.films.len() as f64;
        self.known.insert(key, db);
        Ok(db)
    }
}

fn encode(candidate: &Candidate, crf: f64, film: &Path, coded: &Path) -> Result<()> {
    let crf = format!("{crf:.1}");
    let crf = crf.strip_suffix(".0").unwrap_or(&crf); // SVT-AV1 takes whole numbers alone
    let mut command = Command::new("ffmpeg");
    command.args(["-y", "-nostdin", "-loglevel", "error", "-i"]).arg(film).args(["-map", "0:v:0"]);
    command.args(["-c:v", candidate.name, "-preset", candidate.preset, "-crf", crf]);
    if candidate.name == "libx265" {
        command.args(["-x265-params", "log-level=error"]);
    }
    let output =
        command.arg(coded).env("SVT_LOG", "1").output().context("the `ffmpeg` command does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} at CRF {crf} failed:\n{said}", candidate.name);
    Ok(())
}
