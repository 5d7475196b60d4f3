//! `hwenc transcode`, which `hwenc` becomes. A program of its own, since it alone needs libavformat and libavfilter.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    hwenc_cli::transcode()
}
