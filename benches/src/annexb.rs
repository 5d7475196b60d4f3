//! Whether two H.264 streams are the same, and if not, what differs first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The video of a film as an Annex B stream, by the `ffmpeg` command.
///
/// # Errors
/// When the command fails.
pub fn extract(film: &Path) -> Result<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(film)
        .args(["-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"])
        .output()
        .context("the `ffmpeg` command does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ffmpeg could not read {}:\n{said}", film.display());
    Ok(output.stdout)
}

/// The first difference in words; `None` when the streams are the same bit for bit.
pub fn difference(ours: &[u8], theirs: &[u8]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let (a, b) = (units(ours), units(theirs));
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return Some(format!("one has {} NAL units, the other {}", a.len(), b.len()));
    };
    let (a, b) = (a[at], b[at]);
    let kind = a.first().map_or(0, |byte| byte & 31);
    let mut text = format!("NAL unit {at} (type {kind}), {} and {} bytes", a.len(), b.len());
    let (a, b) = (options(a), options(b));
    let only = |x: &[String], y: &[String]| {
        x.iter().filter(|word| !y.contains(word)).cloned().collect::<Vec<_>>().join(" ")
    };
    if !a.is_empty() && !b.is_empty() {
        text += &format!("; x264's options: ours `{}`, theirs `{}`", only(&a, &b), only(&b, &a));
    }
    Some(text)
}

/// The NAL units of an Annex B stream, without start codes.
fn units(stream: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        (2..stream.len()).filter(|&i| stream[i - 2..=i] == [0, 0, 1]).map(|i| i + 1).collect();
    let ends = starts.iter().skip(1).map(|&next| next - 3).chain([stream.len()]);
    let trim = |unit: &'_ [u8]| unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    starts.iter().zip(ends).map(|(&start, end)| &stream[start..start + trim(&stream[start..end])]).collect()
}

/// The words of the SEI in which x264 says how it was set; none in other units.
fn options(unit: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(unit);
    match text.split_once("options: ") {
        Some((_, options)) => options.split_whitespace().map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        let ours = b"\0\0\0\x01\x67ab\0\0\x01\x06 options: crf=23.0 threads=2\0\0\0\x01\x65xyz";
        let theirs = b"\0\0\0\x01\x67ab\0\0\x01\x06 options: crf=23.0 threads=1\0\0\0\x01\x65xyz";
        assert_eq!(difference(ours, ours), None);
        let text = difference(ours, theirs).unwrap();
        assert!(text.starts_with("NAL unit 1 (type 6)"), "{text}");
        assert!(text.ends_with("ours `threads=2`, theirs `threads=1`"), "{text}");
        assert!(difference(&ours[..8], ours).unwrap().contains("has 1 NAL units, the other 3"));
    }
}
