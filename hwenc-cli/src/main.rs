//! `hwenc`
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    hwenc_cli::hwenc()
}
