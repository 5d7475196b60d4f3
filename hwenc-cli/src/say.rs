//! What is printed: errors as the contract has them, and text that survives a closed pipe.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

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
pub(crate) fn error(error: &Error, json: bool, signal: Option<&str>) {
    let reason = error.reason();
    let message = match signal {
        Some(name) => stopped(name),
        None => reason.message.clone(),
    };
    note(format_args!("error[{}]: {message}", reason.code));
    if error.candidates().is_empty() {
        for line in &reason.evidence {
            note(format_args!("  {line}"));
        }
    }
    // Where one encoder is named, that the others are not it goes without saying; JSON has them all.
    let named = |c: &&hwenc::Candidate| c.reason.code != Code::NotRequested;
    for candidate in error.candidates().iter().filter(named) {
        note(format_args!("  {candidate}"));
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

/// What is said when a signal ended the work.
pub(crate) fn stopped(signal: &str) -> String {
    format!("stopped by {signal}; nothing was left behind")
}

/// Prints what clap has to say, in the contract's form where it is an error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match out(error.to_string().trim_end()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                self::error(&error, false, None);
                ExitCode::FAILURE
            }
        };
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        note(error.to_string().trim_end());
        return ExitCode::from(2);
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
    let wants_json = std::env::args_os().any(|arg| arg == "--json");
    let error = evidence.into_iter().fold(Error::new(Code::Usage, message), Error::with_evidence);
    self::error(&error, wants_json, None);
    ExitCode::from(2)
}
