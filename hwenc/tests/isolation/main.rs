//! Isolation, with real processes: whatever a driver does to its worker, the answers of the others come, and nothing is left behind.
//!
//! This program is its own helper. Cases that end a host are run as a process of their own, where `HWENC_CASE` names the case.

#[path = "../common/mod.rs"]
mod common;
mod devices;
mod faults;
mod hosts;
mod journal;
mod kit;
mod probes;
mod refused;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let case = std::env::var(kit::CASE).ok();
    if case.as_deref() != Some(refused::WITHOUT) {
        hwenc::helper();
    }
    if let Some(case) = case {
        hosts::run(&case);
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let all = [devices::TESTS, faults::TESTS, hosts::TESTS, journal::TESTS, probes::TESTS, refused::TESTS];
    let trials: Vec<Trial> = all
        .into_iter()
        .flatten()
        .map(|(name, test)| {
            Trial::test(*name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
