//! What each device does with each codec: written down, so that an unexpected success fails as a failure does.

use libtest_mimic::Trial;

use super::softgpu::{PATIENCE, Run};

const DEVICES: [&str; 6] = ["intel-haswell", "intel-gen9", "intel-arc", "amd-rdna2", "amd-rdna3", "virtio"];
const CODECS: [(&str, u8); 8] =
    [("h264", 8), ("h264", 10), ("hevc", 8), ("hevc", 10), ("av1", 8), ("av1", 10), ("vp9", 8), ("mjpeg", 8)];

/// Luma PSNR in dB that the pictures come back with at least; everything else is refused before anything is opened.
fn encodes(device: &str, codec: &str, depth: u8) -> Option<f64> {
    let good = match (device, codec, depth) {
        ("virtio", ..) => return None,
        (_, "h264", 8) => 40.0,
        ("intel-gen9" | "intel-arc" | "amd-rdna2" | "amd-rdna3", "hevc", _) => 40.0,
        ("intel-arc" | "amd-rdna3", "av1", _) => 40.0,
        ("intel-arc", "vp9", 8) => 40.0,
        ("intel-gen9" | "intel-arc", "mjpeg", 8) => 34.0,
        _ => return None,
    };
    Some(good)
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for device in DEVICES {
        for (codec, depth) in CODECS {
            let name = format!("table::{device}::{codec}_{depth}");
            trials.push(Trial::test(name, move || run(device, codec, depth).map_err(Into::into)));
        }
    }
    trials
}

fn run(device: &'static str, codec: &str, depth: u8) -> Result<(), String> {
    let ran = Run::on(device).case(&format!("outcome {codec} {depth}"), PATIENCE).held()?;
    let said = ran.said();
    let outcome = said.lines().find_map(|line| line.strip_prefix("outcome "));
    let outcome = outcome.ok_or_else(|| format!("no outcome: {said}"))?;
    // FFmpeg has av1_vaapi since 7.0.
    let missing = codec == "av1" && super::common::release() < (7, 0);
    match encodes(device, codec, depth) {
        Some(_) if missing => expect(outcome, "encoder.not_compiled"),
        None if missing => expect(outcome, "encoder.not_compiled"),
        None if device == "virtio" => expect(outcome, "device.no_encoder"),
        None => expect(outcome, "encoder.unsupported"),
        Some(least) => match outcome.parse::<f64>() {
            Ok(psnr) if psnr >= least => Ok(()),
            _ => Err(format!("{least} dB at least were expected, not `{outcome}`")),
        },
    }
}

fn expect(outcome: &str, code: &str) -> Result<(), String> {
    (outcome == code).then_some(()).ok_or_else(|| format!("{code} was expected, not `{outcome}`"))
}
