//! Probes leave nothing behind, however many there are: no process, no zombie, no file, no thread, no memory.
//!
//! `HWENC_SOAK=1000` makes so many; a change waits for a few.

use std::fs;
use std::process::{Command, Stdio};

use hwenc::probe::{Isolation, Prober};
use hwenc::{Codec, Request};
use nix::sys::prctl::set_child_subreaper;

use super::common::softgpu;
use super::kit::{CASE, Test, children};

pub(crate) const TESTS: &[Test] = &[
    ("probes_of_one_program_leave_nothing", probes_of_one_program_leave_nothing),
    ("programs_that_probe_leave_nothing", programs_that_probe_leave_nothing),
];

/// How many, unless the environment says so.
const FEW: usize = 40;
/// What the process may hold more at the end than after a quarter. A report is some 100 kB; the shortest soak would keep 3 MB of
/// them if each were lost.
const MOST: usize = 2 << 20;

fn soak() -> Option<usize> {
    std::env::var("HWENC_SOAK").ok().map(|n| n.parse().expect("HWENC_SOAK is a number"))
}

fn probes_of_one_program_leave_nothing() {
    run("probes");
}

fn programs_that_probe_leave_nothing() {
    run("programs");
}

/// A case in a process of its own, where nobody else opens files or starts programs meanwhile.
fn run(case: &str) {
    let mut command = Command::new(softgpu::program());
    command.args(["run", "--device", "intel-haswell", "--engine", "null", "--"]);
    command.arg(std::env::current_exe().unwrap()).env(CASE, case).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// One probe that finds nothing in its cache, and verifies the device.
pub(crate) fn probe() {
    let directory = tempfile::tempdir().unwrap();
    let mut prober = Prober::new().refresh(true).cache_dir(Some(directory.path().to_owned()));
    let report = prober.probe_for(&Request::new(Codec::H264, 320, 192)).unwrap();
    assert_eq!(report.isolation, Isolation::Process, "{:?}", report.isolation_notes);
    let verified = |device: bool| {
        report.trials.iter().any(|t| t.trial.device.is_some() == device && t.outcome.proof().is_some())
    };
    assert!(verified(true) && verified(false), "{}", report.to_json());
}

/// Resident bytes of this process (proc(5), `statm`).
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Many probes of one program.
pub(crate) fn probes() {
    let entries = |directory: &str| fs::read_dir(directory).unwrap().count();
    let counts = || (entries("/proc/self/fd"), entries("/proc/self/task"), children(std::process::id()));
    // What a killed helper's worker leaves behind comes here, and not to whoever reaps for the machine.
    set_child_subreaper(true).unwrap();
    let before = counts();
    let (count, mut quarter) = (soak().unwrap_or(FEW), 0);
    for round in 0..count {
        if round == count / 4 {
            quarter = resident();
        }
        probe();
        assert_eq!(counts(), before, "files, threads and children after {} probes", round + 1);
    }
    let more = resident().saturating_sub(quarter);
    assert!(more <= MOST, "{} KiB more after {count} probes than after a quarter of them", more >> 10);
    eprintln!("{count} probes: {before:?} as before, {} KiB more than after a quarter", more >> 10);
}

/// Many programs that probe once.
pub(crate) fn programs() {
    set_child_subreaper(true).unwrap();
    let count = soak().unwrap_or(FEW);
    for round in 0..count {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let status = command.env(CASE, "probe").stdin(Stdio::null()).status().unwrap();
        assert!(status.success(), "probe {round}: {status}");
        assert_eq!(children(std::process::id()), [0; 0], "what the program of round {round} left behind");
    }
    eprintln!("{count} programs left no process behind");
}
