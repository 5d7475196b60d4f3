//! `hwenc probe`

use std::time::Duration;

use hwenc::probe::{Format, Isolation, Outcome, Prober, Report, Tried, VaDriver};
use hwenc::{Candidate, Codec, Error, Fallback, Reason, Request, Result, Selection, Verdict};

use crate::args::ProbeArgs;
use crate::{parse, say, select, whole};

/// The size of a plain probe.
const SIZE: (u32, u32) = (1280, 720);

pub(crate) fn run(args: &ProbeArgs) -> Result<u8> {
    let format = args.format.as_deref().map(str::parse::<Format>).transpose()?;
    let wanted = requests(args)?;
    let report = match args.input.as_deref() {
        Some(path) => select::saved(path)?,
        None => probe(args, wanted.as_deref())?,
    };
    let text = match format.or(args.json.then_some(Format::Json)) {
        Some(format) => report.to_format(format)?,
        None => text(&report, &wanted.unwrap_or_else(plain), args.verbose),
    };
    match &args.output {
        Some(path) => whole::write(path, "the report", &text)?,
        None => say::out(text.trim_end())?,
    }
    Ok(0)
}

/// Of this machine.
fn probe(args: &ProbeArgs, wanted: Option<&[Request]>) -> Result<Report> {
    let isolation = if args.no_isolation { Isolation::None } else { Isolation::Process };
    let seconds: u16 = parse::number(&args.deadline, "the deadline", "1 to 65535 seconds")?;
    if seconds == 0 {
        return Err(Error::invalid("the deadline", 0, "1 to 65535 seconds"));
    }
    let mut prober = Prober::new()
        .deadline(Duration::from_secs(seconds.into()))
        .refresh(args.refresh)
        .quarantined(args.quarantined)
        .isolation(isolation);
    let Some(wanted) = wanted else { return prober.probe().cloned() };
    for request in wanted {
        prober.probe_for(request)?;
    }
    prober.report().cloned()
}

/// What the options narrow the probe down to; `None` for a plain one.
fn requests(args: &ProbeArgs) -> Result<Option<Vec<Request>>> {
    if args.codec.is_none() && args.size.is_none() && args.bit_depth.is_none() {
        return Ok(None);
    }
    let codecs = args.codec.as_deref().map(str::parse::<Codec>).transpose()?;
    let (width, height) = args.size.as_deref().map(parse::size).transpose()?.unwrap_or(SIZE);
    let depth =
        args.bit_depth.as_deref().map(|n| parse::number(n, "the bit depth", "8 or 10")).transpose()?;
    let codecs = codecs.map_or_else(|| Codec::ALL.to_vec(), |codec| vec![codec]);
    let depths = depth.map_or_else(|| vec![8, 10], |depth| vec![depth]);
    let all = codecs
        .iter()
        .flat_map(|codec| depths.iter().map(|depth| Request::new(*codec, width, height).bit_depth(*depth)));
    let all: Vec<Request> = all.collect();
    all.iter().try_for_each(Request::validate)?;
    Ok(Some(all))
}

/// The codecs that people ask about first.
fn plain() -> Vec<Request> {
    [Codec::H264, Codec::Hevc, Codec::Av1].map(|codec| Request::new(codec, SIZE.0, SIZE.1)).to_vec()
}

fn text(report: &Report, wanted: &[Request], verbose: bool) -> String {
    let mut lines = vec![format!("FFmpeg {} ({})", report.ffmpeg.version, report.ffmpeg.license)];
    let nodes = &report.machine.drm.render_nodes;
    for node in nodes {
        let hardware = node.hardware.as_ref().map_or_else(|| "unknown device".to_owned(), |h| h.label());
        let driver = node.hardware.as_ref().and_then(|h| h.driver.as_deref()).unwrap_or("no driver");
        let open = if node.can_open() { "opens" } else { "does not open" };
        lines.push(format!("\n{}: {hardware}, {driver}, {open}", node.path.display()));
        lines.extend(report.va_driver(&node.path).map(|driver| says(driver, verbose)));
        lines.extend(tried(report, node.path.to_str(), verbose));
    }
    if nodes.is_empty() {
        lines.push("\nno render node".into());
    }
    lines.push("\nCPU".into());
    lines.extend(tried(report, None, verbose));
    let others = others(report, wanted, verbose);
    if !others.is_empty() {
        lines.push("\nnot available".into());
        lines.extend(others);
    }
    if report.isolation == Isolation::None {
        lines.push("\nnote: drivers were asked in this process, without isolation".into());
        lines.extend(report.isolation_notes.iter().map(|note| format!("  {}", note.message)));
    }
    lines.join("\n")
}

fn says(driver: &VaDriver, verbose: bool) -> String {
    match (&driver.error, &driver.vendor) {
        (Some(error), _) if verbose => format!("  VA-API: {error}"),
        (Some(_), _) => "  VA-API: no driver starts (`hwenc doctor` says more)".into(),
        (None, vendor) => format!("  VA-API: {}", vendor.as_deref().unwrap_or("a driver without a name")),
    }
}

/// A line for each trial on a device, with what is wrong below it.
fn tried(report: &Report, device: Option<&str>, verbose: bool) -> Vec<String> {
    let here = report.trials.iter().filter(|tried| tried.trial.device.as_deref() == device);
    here.map(|tried| line(tried, verbose)).collect()
}

fn line(tried: &Tried, verbose: bool) -> String {
    let request = &tried.trial.request;
    let low_power =
        if tried.trial.va.as_ref().is_some_and(|va| va.is_low_power()) { ", low power" } else { "" };
    let what = format!(
        "{} {}x{} {} bit{low_power}",
        tried.trial.encoder, request.width, request.height, request.bit_depth
    );
    match &tried.outcome {
        Outcome::Verified(proof) => {
            let (luma, first) = (proof.psnr_luma_db, proof.first_packet_ms);
            format!("  ✓ {what}: {}, {luma:.1} dB, first packet after {first:.1} ms", proof.profile)
        }
        Outcome::Failed(reason) => rejected(&what, reason, verbose),
        _ => format!("  · {what}"),
    }
}

fn rejected(what: &str, reason: &Reason, verbose: bool) -> String {
    let mut text = format!("  ✗ {what}: {} [{}]", reason.message, reason.code);
    if !reason.remedy.is_empty() {
        text.push_str(&format!("\n      help: {}", reason.remedy));
    }
    for line in reason.evidence.iter().filter(|_| verbose) {
        text.push_str(&format!("\n      · {line}"));
    }
    text
}

/// What was not tried, and why; encoders with the same reason share a line.
fn others(report: &Report, wanted: &[Request], verbose: bool) -> Vec<String> {
    let mut groups: Vec<(Vec<String>, Reason)> = Vec::new();
    for request in wanted {
        let candidates = match report.select(&request.clone().fallback(Fallback::Software)) {
            Ok(Selection::Decision(decision)) => decision.candidates().to_vec(),
            Ok(Selection::NeedsTrials(_)) => Vec::new(),
            Err(error) => error.candidates().to_vec(),
        };
        for mut candidate in
            candidates.into_iter().filter(|c| c.verdict == Verdict::Rejected && !was_tried(report, c))
        {
            // The encoder stands before the message, and others may stand beside it.
            candidate.reason.message = candidate.reason.message.replace(&candidate.encoder, "it");
            let name = candidate
                .device
                .as_ref()
                .map_or(candidate.encoder.clone(), |d| format!("{} on {d}", candidate.encoder));
            match groups.iter_mut().find(|(_, reason)| {
                (reason.code, &reason.message) == (candidate.reason.code, &candidate.reason.message)
            }) {
                Some((names, _)) if names.contains(&name) => {}
                Some((names, _)) => names.push(name),
                None => groups.push((vec![name], candidate.reason)),
            }
        }
    }
    groups.iter().map(|(names, reason)| rejected(&names.join(", "), reason, verbose)).collect()
}

fn was_tried(report: &Report, candidate: &Candidate) -> bool {
    let same =
        |tried: &&Tried| tried.trial.encoder == candidate.encoder && tried.trial.device == candidate.device;
    report.trials.iter().any(|tried| same(&tried))
}
