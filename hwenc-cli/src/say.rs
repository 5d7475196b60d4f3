//! What is printed: errors as the contract has them, and text that survives a closed pipe.

use std::fmt::Display;
use std::io::{self, Write};

use hwenc::{Code, Error, Result};
use serde::Serialize;

/// Writes to standard output. A reader that went away is an error like any other.
pub(crate) fn out(text: impl Display) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|e| {
        let code = match e.kind() {
            io::ErrorKind::BrokenPipe => Code::OutputClosed,
            io::ErrorKind::StorageFull => Code::OutputDiskFull,
            _ => Code::OutputFailed,
        };
        let error = Error::new(code, "standard output cannot be written");
        match e.raw_os_error() {
            Some(errno) => error.with_os(errno),
            None => error,
        }
    })
}

/// Writes a value as JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    out(serde_json::to_string_pretty(value).expect("plain data"))
}

/// Writes to standard error; that nobody reads it is no reason to fail.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The contract's form of an error.
#[derive(Serialize)]
struct Json<'a> {
    code: Code,
    message: &'a str,
    evidence: &'a [String],
    remedy: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    candidates: &'a [hwenc::Candidate],
}

/// Prints an error: one line, the evidence, the remedy.
pub(crate) fn error(error: &Error, verbose: bool, json: bool, signal: Option<&str>) {
    let reason = error.reason();
    let message = match signal {
        Some(name) => stopped(name),
        None => reason.message.clone(),
    };
    note(format_args!("error[{}]: {message}", reason.code));
    let shown = |line: &&String| verbose || !tells_of_the_machine(line);
    let mut hidden = false;
    if error.candidates().is_empty() {
        reason.evidence.iter().filter(shown).for_each(|line| note(format_args!("  {line}")));
        hidden = reason.evidence.iter().any(|line| !shown(&line));
    }
    // Where one encoder is named, that the others are not it goes without saying; JSON has them all.
    let named = |c: &&hwenc::Candidate| c.reason.code != Code::NotRequested;
    for candidate in error.candidates().iter().filter(named) {
        if verbose {
            note(format_args!("  {candidate:#}"));
        } else {
            note(format_args!("  {candidate}"));
            hidden |= !candidate.reason.evidence.is_empty();
        }
    }
    if hidden {
        note("  (--verbose shows more, with paths and versions of this machine)");
    }
    if !reason.remedy.is_empty() {
        note(format_args!("help: {}", reason.remedy));
    }
    if json {
        let (code, evidence, remedy) = (reason.code, &reason.evidence, &reason.remedy);
        let value = Json { code, message: &message, evidence, remedy, candidates: error.candidates() };
        let _ = self::json(&value); // the exit code tells of the failure in any case
    }
}

/// The line names a path, a version or an address of the machine. Nodes in `/dev` are what people know devices by.
fn tells_of_the_machine(line: &str) -> bool {
    let word = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
        let path = word.starts_with('/') && !word.starts_with("/dev/") && word.len() > 1;
        let address = word.strip_prefix("0x").is_some_and(|hex| hex.len() > 5);
        let numbers = word
            .split(['.', '-', '+'])
            .take_while(|part| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty());
        path || address || numbers.count() > 2
    };
    line.split([' ', '(', ')', '"', '\'', ',', ';', '=']).any(word)
}

/// What is said when a signal ended the work.
pub(crate) fn stopped(signal: &str) -> String {
    format!("stopped by {signal}; nothing was left behind")
}

/// Prints what clap has to say, in the contract's form where it is an error.
pub(crate) fn usage(error: &clap::Error, wants_json: bool) -> u8 {
    if !error.use_stderr() {
        return match out(error.to_string().trim_end()) {
            Ok(()) => 0,
            Err(error) => {
                self::error(&error, true, false, None);
                1
            }
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        note(error.to_string().trim_end());
        return 2;
    }
    let text = error.to_string();
    let mut lines =
        text.strip_prefix("error: ").unwrap_or(&text).lines().map(str::trim).filter(|l| !l.is_empty());
    let mut message = lines.next().unwrap_or("wrong usage").to_owned();
    let mut evidence = Vec::new();
    for line in lines.filter(|line| !line.starts_with("For more information")) {
        // clap puts the names of missing arguments on lines of their own.
        if message.ends_with(':') || line.starts_with('<') {
            message = format!("{message} {line}");
        } else {
            evidence.push(line.to_owned());
        }
    }
    let error = evidence.into_iter().fold(Error::new(Code::Usage, message), Error::with_evidence);
    self::error(&error, true, wants_json, None);
    2
}

#[cfg(test)]
mod tests {
    use super::tells_of_the_machine;

    #[test]
    fn paths_versions_and_addresses_are_told_apart_from_words() {
        for line in [
            "libva: /usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so init failed",
            "driver: Intel iHD driver - 23.1.1",
            "[h264_vaapi @ 0x55ac83fc40c0] no surface",
            "FFmpeg 5.1.9-0+deb12u1 (GPL)",
            "path=/home/someone/film.mp4",
        ] {
            assert!(tells_of_the_machine(line), "{line}");
        }
        for line in [
            "errno 13: Permission denied",
            "AVERROR -22: Invalid argument",
            "/dev/dri/renderD128: EACCES",
            "h264_nvenc: no NVIDIA GPU was found [device.missing]",
            "it has CQP, CBR and/or VBR at 29.97",
        ] {
            assert!(!tells_of_the_machine(line), "{line}");
        }
    }
}
