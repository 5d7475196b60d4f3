//! What a run tries, seen from inside it; and the outcomes, read from outside.

use std::process::ExitCode;

use hwenc::probe::{Isolation, Outcome, Prober, Trial, VaEntry};
use hwenc::{Codec, Latency, PixelFormat, RateControl, Request};

use super::softgpu::{PATIENCE, Ran, Run};

const NODE: &str = "/dev/dri/renderD128";

/// Codec, bit depth and VA-API profile of everything that the devices have.
const PROFILES: [(Codec, u8, &str); 8] = [
    (Codec::H264, 8, "H264High"),
    (Codec::Hevc, 8, "HEVCMain"),
    (Codec::Hevc, 10, "HEVCMain10"),
    (Codec::Av1, 8, "AV1Profile0"),
    (Codec::Av1, 10, "AV1Profile0"),
    (Codec::Vp9, 8, "VP9Profile0"),
    (Codec::Vp9, 10, "VP9Profile2"),
    (Codec::Mjpeg, 8, "JPEGBaseline"),
];

/// Words of a case: `codec=h264 depth=8 size=1280x720 input=nv12 rate=quality:65 latency=low b=2`, each of them optional; without
/// a codec every entry of the driver is tried, through every entrypoint. Sizes are multiples of 64, to which FFmpeg 5.1 pads VP9 without saying so.
pub(crate) fn run(case: &str) -> ExitCode {
    hwenc::log::install();
    let word = |name: &str| case.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let mut prober = Prober::new().isolation(Isolation::None).cache_dir(None);
    let report = prober.report().unwrap();
    let entries: Vec<VaEntry> =
        report.va_driver(NODE.as_ref()).map(|driver| driver.entries.clone()).unwrap_or_default();
    let (width, height) = word("size").unwrap_or("320x192").split_once('x').unwrap();
    for (codec, depth, profile) in PROFILES {
        if word("codec").is_some_and(|wanted| wanted != codec.name())
            || word("depth").is_some_and(|wanted| wanted != depth.to_string())
        {
            continue;
        }
        let mut request = Request::new(codec, width.parse().unwrap(), height.parse().unwrap())
            .bit_depth(depth)
            .input(if depth == 8 { PixelFormat::NV12 } else { PixelFormat::P010 });
        if let Some(name) = word("input") {
            request = request.input(PixelFormat::from_name(name).unwrap());
        }
        if let Some(rate) = word("rate") {
            request = request.rate_control(rate_control(rate));
        }
        if word("latency") == Some("low") {
            request = request.latency(Latency::Low);
        }
        if let Some(b) = word("b") {
            request = request.b_frames(b.parse().unwrap());
        }
        if word("color").is_some() {
            request = request.color(hwenc::Color::HDR10);
        }
        let fits = |entry: &&VaEntry| {
            let format = if depth == 8 { entry.yuv420 } else { entry.yuv420_10 };
            entry.encodes() && entry.profile == profile && format
        };
        let mut found: Vec<Option<VaEntry>> = entries.iter().filter(fits).cloned().map(Some).collect();
        if entries.is_empty() {
            found.push(None); // the driver said nothing
        }
        for entry in found {
            let through = entry.as_ref().map_or("?", |entry| entry.entrypoint.as_str()).to_owned();
            let outcome = Trial::new(&format!("{codec}_vaapi"), Some(NODE), entry, &request).run();
            println!("outcome {codec} {depth} {through} {}", serde_json::to_string(&outcome).unwrap());
        }
    }
    ExitCode::SUCCESS
}

fn rate_control(text: &str) -> RateControl {
    let (mode, number) = text.split_once(':').unwrap();
    let number: u64 = number.parse().unwrap();
    match mode {
        "quality" => RateControl::Quality(number as u8),
        "qp" => RateControl::Cqp(number as u32),
        "vbr" => RateControl::Vbr(number),
        "cbr" => RateControl::Cbr(number),
        "qvbr" => RateControl::Qvbr { quality: 60, bits: number },
        other => panic!("{other}"),
    }
}

/// What was tried, such as `h264 8 EncSlice`, and what came of it.
pub(crate) type Outcomes = Vec<(String, Outcome)>;

/// Runs a case, and reads its outcomes.
pub(crate) fn outcomes(run: &Run, case: &str) -> Result<(Outcomes, Ran), String> {
    let ran = run.case(case, PATIENCE);
    if !ran.output.status.success() {
        return Err(format!("{}\n{}", ran.output.status, ran.said()));
    }
    let said = ran.said();
    let mut found = Vec::new();
    for line in said.lines().filter_map(|line| line.strip_prefix("outcome ")) {
        let (what, json) = line.split_at(line.find(" {").ok_or("no outcome")?);
        found.push((what.to_owned(), serde_json::from_str(json).map_err(|e| e.to_string())?));
    }
    if found.is_empty() {
        return Err(format!("nothing was tried\n{said}"));
    }
    Ok((found, ran))
}
