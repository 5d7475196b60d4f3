//! `hwenc probe`

use std::process::ExitCode;

use hwenc::probe::{Format, VaDriver, VaEntry};
use hwenc::{Codec, Fallback, Request, Result};

use crate::args::ProbeArgs;
use crate::{say, select, whole};

/// The codecs that people ask about first.
const CODECS: [Codec; 3] = [Codec::H264, Codec::Hevc, Codec::Av1];

pub(crate) fn run(args: &ProbeArgs) -> Result<ExitCode> {
    let format = args.format.as_deref().map(str::parse::<Format>).transpose()?;
    let report = select::report(args.input.as_deref())?;
    if let Some(format) = format.or(args.json.then_some(Format::Json)) {
        let text = report.to_format(format)?;
        match &args.output {
            Some(path) => whole::write(path, "the report", &text)?,
            None => say::out(text.trim_end())?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    say::out(format_args!("FFmpeg {} ({})", report.ffmpeg.version, report.ffmpeg.license))?;
    let nodes = &report.machine.drm.render_nodes;
    for node in nodes {
        let hardware = node.hardware.as_ref().map_or_else(|| "unknown device".to_owned(), |h| h.label());
        let driver = node.hardware.as_ref().and_then(|h| h.driver.as_deref()).unwrap_or("no driver");
        let open = if node.can_open() { "opens" } else { "does not open" };
        say::out(format_args!("{}: {hardware}, {driver}, {open}", node.path.display()))?;
        if let Some(driver) = report.va_driver(&node.path) {
            offers(driver)?;
        }
    }
    if nodes.is_empty() {
        say::out("no render node")?;
    }
    for codec in CODECS {
        say::out(format_args!("\n{codec}"))?;
        let request = Request::new(codec, 1280, 720).fallback(Fallback::Software);
        let candidates = match report.select(&request) {
            Ok(decision) => decision.candidates().to_vec(),
            Err(error) => error.candidates().to_vec(),
        };
        for candidate in candidates {
            say::out(format_args!("  {candidate}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a VA-API driver says, in as few lines as it takes.
fn offers(driver: &VaDriver) -> Result<()> {
    if let Some(error) = &driver.error {
        return say::out(format_args!("  VA-API: {error}"));
    }
    say::out(format_args!("  VA-API: {}", driver.vendor.as_deref().unwrap_or("a driver without a name")))?;
    let list = |what: &str, wanted: fn(&VaEntry) -> bool| {
        let entries: Vec<String> = driver.entries.iter().filter(|entry| wanted(entry)).map(name).collect();
        let entries = if entries.is_empty() { "nothing".to_owned() } else { entries.join(", ") };
        say::out(format_args!("    {what} {entries}"))
    };
    list("encodes", VaEntry::encodes)?;
    list("decodes", VaEntry::decodes)
}

fn name(entry: &VaEntry) -> String {
    let low_power = if entry.is_low_power() { " (low power)" } else { "" };
    format!("{}{low_power}", entry.profile)
}
