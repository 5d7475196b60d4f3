//! How close a film is to its source, measured by the `ffmpeg` command: a decoder that is not ours.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

/// Mean likeness over all frames and planes.
pub(crate) struct Quality {
    /// Structural similarity, 1 for the same picture.
    pub(crate) ssim: f64,
    /// Peak signal-to-noise ratio in dB, infinite for the same picture.
    pub(crate) psnr: f64,
}

/// Frames are paired by number, so that a lost or doubled one shows.
const GRAPH: &str = "[0:v]settb=1/1000,setpts=N,split[a][b];[1:v]settb=1/1000,setpts=N,split[c][d];\
                     [a][c]ssim[e];[b][d]psnr[f]";

/// Compares a film with its source.
pub(crate) fn measure(sh: &Shell, film: &Path, source: &Path) -> Result<Quality> {
    let outputs = ["-map", "[e]", "-map", "[f]", "-f", "null", "-"];
    let command =
        cmd!(sh, "ffmpeg -hide_banner -nostats -nostdin -i {film} -i {source} -lavfi {GRAPH} {outputs...}");
    let output = command.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ffmpeg could not compare the film with its source:\n{said}");
    parse(&said).context("ffmpeg printed no SSIM or no PSNR")
}

fn parse(said: &str) -> Option<Quality> {
    let value = |filter: &str, name: &str| -> Option<f64> {
        let line = said.lines().find(|line| line.starts_with(&format!("[Parsed_{filter}_")))?;
        line.split_whitespace().find_map(|word| word.strip_prefix(name))?.parse().ok()
    };
    Some(Quality { ssim: value("ssim", "All:")?, psnr: value("psnr", "average:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found() {
        let said = "[Parsed_ssim_6 @ 0x5] SSIM Y:0.98 (18.1) U:0.9 (17) V:0.9 (17) All:0.979123 (16.8)\n\
                    [Parsed_psnr_7 @ 0x6] PSNR y:40.1 u:45 v:45 average:41.25 min:38 max:inf\n";
        let quality = parse(said).expect("both lines are there");
        assert_eq!((quality.ssim, quality.psnr), (0.979123, 41.25));
    }

    #[test]
    fn equal_films_have_no_noise() {
        let said = "[Parsed_ssim_6 @ 0x5] SSIM All:1.000000 (inf)\n[Parsed_psnr_7 @ 0x6] PSNR average:inf\n";
        assert!(parse(said).expect("both lines are there").psnr.is_infinite());
    }
}
