//! How close a film is to its source, by the `ffmpeg` command's `ssim` filter: a judge that is not ours.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Frames are paired by number: what an encoder makes of timestamps is no matter of quality.
const GRAPH: &str = "[0:v]settb=1/1000,setpts=N[a];[1:v]settb=1/1000,setpts=N[b];[a][b]ssim";

/// Structural similarity of luma, mean over all pictures, 0 to 1.
///
/// # Errors
/// When the command fails or prints no figure.
pub fn luma(film: &Path, source: &Path) -> Result<f64> {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-nostdin", "-i"])
        .arg(film)
        .arg("-i")
        .arg(source)
        .args(["-lavfi", GRAPH, "-f", "null", "-"])
        .output()
        .context("the `ffmpeg` command does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ffmpeg could not compare {}:\n{said}", film.display());
    parse(&said).with_context(|| format!("no SSIM in what ffmpeg said:\n{said}"))
}

/// SSIM as dB of what is missing from 1, on which equal steps look about equal; 60 dB is as much as six digits hold.
pub fn decibel(ssim: f64) -> f64 {
    -10.0 * (1.0 - ssim).max(1e-6).log10()
}

fn parse(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains("SSIM Y:"))?;
    line.split("SSIM Y:").nth(1)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_of_luma_is_found() {
        let said =
            "x\n[Parsed_ssim_4 @ 0x5] SSIM Y:0.987654 (19.084) U:0.9 (10.0) V:0.9 (10.0) All:0.95 (13.0)\n";
        assert_eq!(parse(said), Some(0.987654));
        assert_eq!(parse("nothing"), None);
    }

    #[test]
    fn decibels_rise_with_likeness() {
        assert!((decibel(0.99) - 20.0).abs() < 1e-9);
        assert_eq!(decibel(1.0), 60.0);
    }
}
