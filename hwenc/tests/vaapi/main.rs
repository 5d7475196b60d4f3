//! VA-API on softgpu: real libva and real libavcodec, with a driver in software behind them.
//!
//! Each trial runs this program again under `softgpu run`, where `HWENC_CASE` names the case: what a device does, a
//! process of its own sees, and a driver that crashes takes no other test with it.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod softgpu;
mod table;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Ok(case) = std::env::var(softgpu::CASE) {
        return cases::run(&case);
    }
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> =
        [table::trials(), cases::trials(), faults::trials()].into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
