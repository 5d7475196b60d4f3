//! The end of the demo: what a report of `hwenc transcode` says, in eight lines.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::quality::Quality;
use crate::say;

/// The report and the measured quality as text.
pub(crate) fn text(report: &Value, quality: &Quality) -> Result<String> {
    let number = |name: &str| report[name].as_f64().with_context(|| format!("the report has no {name}"));
    let count = |name: &str| report[name].as_u64().with_context(|| format!("the report has no {name}"));
    let (bytes_in, bytes_out) = (count("bytes_in")?, count("bytes_out")?);
    let (duration, wall) = (number("duration_s")?, number("wall_s")?);
    let rows = [
        ("encoder", encoder(report)?),
        ("why", why(report).unwrap_or_else(|| "the report does not say".to_owned())),
        ("frames", format!("{} in, {} out", count("frames_in")?, count("frames_out")?)),
        ("speed", format!("{:.0} fps, {:.1} times real time", number("fps")?, duration / wall.max(1e-3))),
        ("time", format!("{} of wall clock, {} of CPU", seconds(wall), seconds(number("cpu_s")?))),
        (
            "size",
            format!(
                "{} -> {}, {:.0} % of the source",
                say::bytes(bytes_in),
                say::bytes(bytes_out),
                100.0 * bytes_out as f64 / bytes_in.max(1) as f64
            ),
        ),
        ("quality", format!("SSIM {:.4}, PSNR {:.2} dB against the source", quality.ssim, quality.psnr)),
    ];
    Ok(rows.iter().map(|(name, value)| format!("  {name:9}{value}\n")).collect())
}

fn encoder(report: &Value) -> Result<String> {
    let name = report["encoder"].as_str().context("the report has no encoder")?;
    let backend = report["backend"].as_str().unwrap_or("unknown backend");
    Ok(match report["device"].as_str() {
        Some(device) => format!("{name} ({backend}, {device})"),
        None => format!("{name} ({backend})"),
    })
}

/// The reason of the candidate that was taken.
fn why(report: &Value) -> Option<String> {
    let same = |candidate: &&Value| {
        ["encoder", "backend", "device"].iter().all(|field| candidate[field] == report[field])
    };
    let candidate = report["decision"]["candidates"].as_array()?.iter().find(same)?;
    candidate["reason"]["message"].as_str().map(str::to_owned)
}

fn seconds(value: f64) -> String {
    say::duration(Duration::try_from_secs_f64(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_told_in_words() {
        let report = json!({
            "encoder": "libx264", "backend": "software", "device": null,
            "decision": { "candidates": [
                { "encoder": "h264_vaapi", "backend": "vaapi", "device": null, "reason": { "message": "no node" } },
                { "encoder": "libx264", "backend": "software", "device": null, "reason": { "message": "allowed" } },
            ] },
            "frames_in": 132, "frames_out": 132, "duration_s": 5.28, "wall_s": 2.0, "fps": 66.0, "cpu_s": 3.5,
            "bytes_in": 2_000_000, "bytes_out": 1_000_000,
        });
        let text = text(&report, &Quality { ssim: 0.98765, psnr: 41.234 }).expect("the report is whole");
        for part in ["libx264 (software)\n", "allowed", "132 in, 132 out", "2.6 times", "50 %", "SSIM 0.9877"]
        {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = text(&json!({}), &Quality { ssim: 1.0, psnr: 1.0 }).expect_err("nothing is there");
        assert!(error.to_string().contains("bytes_in"));
    }
}
