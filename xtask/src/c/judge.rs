//! Whether the right pictures came out, decoded by the `ffmpeg` command.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::quality;

/// What a film or stream has to be.
pub(super) struct Expected<'a> {
    /// What was sent.
    pub(super) source: &'a str,
    /// How many pictures.
    pub(super) pictures: u32,
    /// The least likeness, in dB.
    pub(super) psnr: f64,
}

/// Compares the pictures of a file with those that were sent, by number.
pub(super) fn check(sh: &Shell, file: &str, expected: &Expected<'_>) -> Result<()> {
    let pictures = pictures(sh, file)?;
    ensure!(pictures == expected.pictures, "{file} has {pictures} pictures instead of {}", expected.pictures);
    let quality = quality::measure(sh, Path::new(file), Path::new(expected.source))?;
    ensure!(
        quality.psnr >= expected.psnr,
        "{file} has other pictures than were sent: {:.1} dB, and {} are expected",
        quality.psnr,
        expected.psnr
    );
    Ok(())
}

/// How many pictures decode, without a word of complaint.
pub(super) fn pictures(sh: &Shell, file: &str) -> Result<u32> {
    let what = ["-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames"];
    let output =
        cmd!(sh, "ffprobe -v error {what...} -of csv=p=0 {file}").quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.is_empty(), "{file} does not decode: {said}");
    let text = String::from_utf8_lossy(&output.stdout);
    // A stream in several programs is counted in each.
    let count = text.split_whitespace().next().and_then(|count| count.trim_end_matches(',').parse().ok());
    count.with_context(|| format!("ffprobe counts {text:?} pictures in {file}"))
}
