//! The `hwenc` command. Everything real lives in the crate `hwenc`; here are arguments, text and exit codes.
//!
//! It is two programs, so that each loads only the libraries that it needs: `hwenc`, and `hwenc-transcode`, which
//! `hwenc transcode` becomes. Nothing that [`hwenc()`] calls may come to demuxers, muxers or filters
//! (`tests/light.rs`). [`run`] is the whole command within another program, such as an interpreter. This library is for those
//! alone: its interface may change at any time.
#![forbid(unsafe_code)]

mod args;
mod doctor;
mod elsewhere;
mod helper;
mod parse;
mod probe;
mod report;
mod say;
mod select;
mod signals;
mod transcode;
mod whole;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use hwenc::{Error, Kind, Result};
use tracing::Dispatch;

use args::{Args, Command};
use signals::Signals;

/// The program `hwenc`.
pub fn hwenc() -> ExitCode {
    helper::serve_if_asked();
    let began = Instant::now();
    let words: Vec<OsString> = std::env::args_os().collect();
    // What is not for `begin`, which reads all arguments and starts a thread, stands here.
    if words.get(1).is_some_and(|word| word == "transcode") {
        return elsewhere::become_program("hwenc-transcode", &words[2..]).into();
    }
    let code = begin(words, log_here, |command, _| match command {
        Command::Probe(a) => probe::run(&a),
        Command::Select(a) => select::run(&a),
        Command::Doctor(a) => doctor::run(&a),
        Command::Transcode(_) => unreachable!("no option comes before a command"),
    });
    tracing::debug!(
        microseconds = began.elapsed().as_micros() as u64,
        "done, counted from the beginning of main"
    );
    code.into()
}

/// The program `hwenc-transcode`: its arguments are what follows `hwenc transcode`.
pub fn transcode() -> ExitCode {
    let given = std::env::args_os().skip(1);
    let words = [OsString::from("hwenc"), "transcode".into()].into_iter().chain(given).collect();
    let code = begin(words, log_here, |command, signals| match command {
        Command::Transcode(a) => transcode::run(&a, signals),
        _ => unreachable!("the first word is `transcode`"),
    });
    code.into()
}

/// The command with these words, the first of which is its name, and the exit code that a program would end with. All of it runs
/// in this process, which is ended where a signal asks for that: for programs that are the command, and are written in another
/// language. `log` gets the subscriber of the command's log, for a process that has one already.
pub fn run(words: Vec<OsString>, log: impl FnOnce(Dispatch)) -> u8 {
    helper::serve_if_named(words.get(1..).unwrap_or_default());
    begin(words, log, |command, signals| match command {
        Command::Probe(a) => probe::run(&a),
        Command::Select(a) => select::run(&a),
        Command::Doctor(a) => doctor::run(&a),
        Command::Transcode(a) => transcode::run(&a, signals),
    })
}

/// What every command does first and last.
fn begin(
    words: Vec<OsString>,
    log: impl FnOnce(Dispatch),
    run: impl FnOnce(Command, &Signals) -> Result<u8>,
) -> u8 {
    hwenc::log::quiet_codec_libraries();
    let signals = Signals::watch();
    let wants_json = words.iter().any(|word| word == "--json");
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(error) => return say::usage(&error, wants_json),
    };
    let (verbose, json) = args.command.talk();
    hwenc::log::install();
    log(subscriber(verbose));
    match run(args.command, &signals) {
        Ok(code) => code,
        Err(error) => {
            say::error(&error, verbose, json, signals.name());
            signals.exit_code().unwrap_or_else(|| exit_code(&error))
        }
    }
}

/// The contract's exit codes.
fn exit_code(error: &Error) -> u8 {
    match error.code().kind() {
        Kind::Usage => 2,
        Kind::Selection => 3,
        Kind::Gate => 5,
        Kind::Cancelled => 130,
        _ => 1,
    }
}

/// FFmpeg's lines become evidence of errors in any case; they are shown only where they are asked for.
fn subscriber(verbose: bool) -> Dispatch {
    use tracing_subscriber::{EnvFilter, fmt};
    let default = if verbose { "hwenc=debug,ffmpeg=info" } else { "off" };
    let filter = EnvFilter::try_from_env("HWENC_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().finish().into()
}

/// In a program of its own nobody else has a log.
fn log_here(log: Dispatch) {
    let _ = tracing::dispatcher::set_global_default(log);
}
