//! `hwenc transcode`

use std::io::IsTerminal;

use hwenc::{
    Codec, DecodeOn, Fallback, OnCorrupt, Progress, RateControl, Result, Transcode, TranscodeReport, ZeroCopy,
};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::args::TranscodeArgs;
use crate::report::ReportFile;
use crate::signals::Signals;
use crate::{parse, say};

pub(crate) fn run(args: &TranscodeArgs, signals: &Signals) -> Result<u8> {
    let job = job(args)?;
    job.check()?;
    // A report that cannot be written is better known before an hour of work.
    let saved = args.report.as_deref().map(|path| ReportFile::check(path, &job)).transpose()?;

    let bar = bar(args);
    let result = job.run(signals.job(), |progress| advance(&bar, progress));
    bar.finish_and_clear();
    let report = result?;

    if let Some(file) = saved {
        file.write(&report)?;
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
    Ok(0)
}

fn job(args: &TranscodeArgs) -> Result<Transcode> {
    let mut job = Transcode::new(&args.input, &args.output);
    job.codec = args.codec.as_deref().map(str::parse::<Codec>).transpose()?;
    job.size = args.size.as_deref().map(parse::size).transpose()?;
    job.bit_depth =
        args.bit_depth.as_deref().map(|n| parse::number(n, "the bit depth", "8 or 10")).transpose()?;
    job.rate_control = match (&args.quality, &args.qp, &args.bitrate) {
        (Some(n), _, _) => RateControl::Quality(parse::number(n, "the quality", "0 to 100")?),
        (_, Some(n), _) => RateControl::Cqp(parse::number(n, "the quantiser", "0 to 51, for AV1 to 63")?),
        (_, _, Some(rate)) if args.cbr => RateControl::Cbr(parse::bits(rate)?),
        (_, _, Some(rate)) => RateControl::Vbr(parse::bits(rate)?),
        _ => RateControl::default(),
    };
    job.gop =
        args.gop.as_deref().map(|n| parse::number(n, "the GOP length", "at least 1 picture")).transpose()?;
    job.preset.clone_from(&args.preset);
    job.threads =
        parse::number(&args.threads, "the number of threads", "a number, 0 for the encoder's choice")?;
    job.encoder = parse::encoder(&args.encoder);
    job.device.clone_from(&args.device);
    job.fallback = args.fallback.parse::<Fallback>()?;
    job.decode_on = args.decode.parse::<DecodeOn>()?;
    job.zero_copy = args.zero_copy.parse::<ZeroCopy>()?;
    job.options = args.options.iter().map(|text| parse::option(text)).collect::<Result<_>>()?;
    job.on_corrupt = args.on_corrupt.parse::<OnCorrupt>()?;
    let ratio = |text: &String| parse::number(text, "the size ratio", "a number above 0, such as 0.9");
    job.max_size_ratio = args.max_size_ratio.as_ref().map(ratio).transpose()?;
    job.faststart = args.faststart;
    job.overwrite = args.overwrite;
    Ok(job)
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
    if let Some(part) = progress.fraction() {
        bar.set_position((part * 1000.0) as u64);
    }
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
