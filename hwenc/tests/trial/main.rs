//! Trials on softgpu: what works is verified with sane figures, and what lies is found, with the code that says how.
//!
//! Each test runs this program again under `softgpu run`, where `HWENC_CASE` says what is tried.

mod case;
#[path = "../common/mod.rs"]
mod common;
mod liars;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../vaapi/softgpu.rs"]
mod softgpu;
mod table;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Ok(case) = std::env::var(softgpu::CASE) {
        return case::run(&case);
    }
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [table::trials(), liars::trials()].into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
