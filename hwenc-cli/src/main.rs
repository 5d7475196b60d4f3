//! The `hwenc` command. Everything real lives in the crate `hwenc`; here are arguments, text and exit codes.
#![forbid(unsafe_code)]

mod args;
mod doctor;
mod parse;
mod probe;
mod report;
mod say;
mod select;
mod signals;
mod transcode;

use std::process::ExitCode;

use clap::Parser;
use hwenc::{Error, Kind};

use args::{Args, Command};

fn main() -> ExitCode {
    hwenc::log::quiet_codec_libraries();
    let signals = signals::Signals::watch();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return say::usage(&error),
    };
    let (verbose, json) = args.command.talk();
    start_log(verbose);
    let result = match args.command {
        Command::Probe(a) => probe::run(&a),
        Command::Select(a) => select::run(&a),
        Command::Doctor(a) => doctor::run(&a),
        Command::Transcode(a) => transcode::run(&a, &signals),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            say::error(&error, json, signals.name());
            signals.exit_code().unwrap_or_else(|| exit_code(&error))
        }
    }
}

/// The contract's exit codes.
fn exit_code(error: &Error) -> ExitCode {
    ExitCode::from(match error.code().kind() {
        Kind::Usage => 2,
        Kind::Selection => 3,
        Kind::Gate => 5,
        Kind::Cancelled => 130,
        _ => 1,
    })
}

/// FFmpeg's lines become evidence of errors in any case; they are shown only where they are asked for.
fn start_log(verbose: bool) {
    use tracing_subscriber::{EnvFilter, fmt};
    hwenc::log::install();
    let default = if verbose { "hwenc=debug,ffmpeg=info" } else { "off" };
    let filter = EnvFilter::try_from_env("HWENC_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
