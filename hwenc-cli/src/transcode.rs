//! `hwenc transcode`

use std::io::IsTerminal;
use std::process::ExitCode;

use hwenc::{
    Code, Codec, Error, Fallback, OnCorrupt, Progress, RateControl, Result, Transcode, TranscodeReport,
    ZeroCopy,
};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::args::TranscodeArgs;
use crate::signals::Signals;
use crate::{parse, say};

pub(crate) fn run(args: &TranscodeArgs, signals: &Signals) -> Result<ExitCode> {
    let job = job(args)?;
    job.check()?;
    // A report that cannot be written is better known before an hour of work.
    let saved = args.report.as_ref().map(|path| report_file(path)).transpose()?;

    let bar = bar(args);
    let result = job.run(signals.cancel(), |progress| advance(&bar, progress));
    bar.finish_and_clear();
    let report = result?;

    if let (Some(file), Some(path)) = (saved, &args.report) {
        let text = serde_json::to_string_pretty(&report).expect("plain data");
        write_report(file, &text, path)?;
    }
    if report.fallback_used && !args.quiet {
        say::note(format_args!(
            "note: no hardware encoder works here; {} ran on the CPU, as --fallback allows (`hwenc doctor` says why)",
            report.encoder
        ));
    }
    if args.json {
        say::json(&report)?;
    } else if !args.quiet {
        say::out(summary(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn job(args: &TranscodeArgs) -> Result<Transcode> {
    let mut job = Transcode::new(&args.input, &args.output);
    job.codec = args.codec.as_deref().map(str::parse::<Codec>).transpose()?;
    job.size = args.size.as_deref().map(parse::size).transpose()?;
    job.bit_depth = args.bit_depth;
    job.rate_control = match (args.quality, args.qp, &args.bitrate) {
        (Some(quality), _, _) => RateControl::Quality(quality),
        (_, Some(qp), _) => RateControl::Cqp(qp),
        (_, _, Some(rate)) if args.cbr => RateControl::Cbr(parse::bits(rate)?),
        (_, _, Some(rate)) => RateControl::Vbr(parse::bits(rate)?),
        _ => RateControl::default(),
    };
    job.gop = args.gop;
    job.preset.clone_from(&args.preset);
    job.threads = args.threads;
    job.encoder = parse::encoder(&args.encoder);
    job.device.clone_from(&args.device);
    job.fallback = args.fallback.parse::<Fallback>()?;
    job.zero_copy = args.zero_copy.parse::<ZeroCopy>()?;
    job.options = args.options.iter().map(|text| parse::option(text)).collect::<Result<_>>()?;
    job.on_corrupt = args.on_corrupt.parse::<OnCorrupt>()?;
    job.max_size_ratio = args.max_size_ratio;
    job.faststart = args.faststart;
    job.overwrite = args.overwrite;
    Ok(job)
}

/// The report appears when it is complete, like the film.
fn report_file(path: &std::path::Path) -> Result<tempfile::NamedTempFile> {
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(".".as_ref());
    tempfile::Builder::new()
        .prefix(".hwenc-report.")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(directory)
        .map_err(|e| {
            Error::new(Code::OutputFailed, format!("the report {} cannot be written: {e}", path.display()))
        })
}

fn write_report(mut file: tempfile::NamedTempFile, text: &str, path: &std::path::Path) -> Result<()> {
    use std::io::Write;
    let failed = |e: std::io::Error| {
        let code = if e.kind() == std::io::ErrorKind::StorageFull {
            Code::OutputDiskFull
        } else {
            Code::OutputFailed
        };
        Error::new(code, format!("the report {} cannot be written: {e}", path.display()))
    };
    writeln!(file, "{text}").map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// A bar on a terminal, nothing elsewhere.
fn bar(args: &TranscodeArgs) -> ProgressBar {
    if args.quiet || args.verbose || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1000);
    let template = "{bar:32} {percent:>3} %  {msg}";
    bar.set_style(ProgressStyle::with_template(template).expect("a valid template").progress_chars("━╸ "));
    bar
}

fn advance(bar: &ProgressBar, progress: &Progress) {
    if let Some(part) = progress.fraction() {
        bar.set_position((part * 1000.0) as u64);
    }
    let eta = match progress.eta_s {
        Some(seconds) if seconds >= 1.0 => format!(", {} left", clock(seconds)),
        _ => String::new(),
    };
    bar.set_message(format!(
        "{} frames, {:.0} fps, {}{eta}",
        progress.frames,
        progress.fps,
        HumanBytes(progress.bytes_out)
    ));
}

fn clock(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

fn summary(report: &TranscodeReport) -> String {
    let percent = match report.bytes_in {
        0 => String::new(),
        bytes => format!(", {:.0} % of the source", report.bytes_out as f64 / bytes as f64 * 100.0),
    };
    let broken = match report.corrupt_frames {
        0 => String::new(),
        n => format!("; {n} broken pictures left out"),
    };
    let mut text = format!(
        "{}: {} frames in {:.1} s ({:.0} fps) by {} ({}), {}{percent}{broken}",
        report.output,
        report.frames_out,
        report.wall_s,
        report.fps,
        report.encoder,
        report.device.as_deref().unwrap_or(&report.backend),
        HumanBytes(report.bytes_out),
    );
    for stream in report.streams.iter().filter(|s| s.reason.is_some()) {
        let reason = stream.reason.as_deref().unwrap_or_default();
        text.push_str(&format!("\n  stream {} ({}, {}): {reason}", stream.index, stream.kind, stream.codec));
    }
    text
}
