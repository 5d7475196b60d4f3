//! Which machine has to get which findings, and which verdict.

mod containers;
mod devices;
mod nvidia;
mod permissions;
mod software;
mod trials;
mod vaapi;
mod virtual_machines;

pub(super) use nix::libc::{EACCES, ENXIO, EPERM};

pub(super) use crate::device::{Access, Directory, Group, OsError, PciId, vendor};
pub(super) use crate::doctor::Level::{self, Problem, Warning};
pub(super) use crate::error::Code;
pub(super) use crate::probe::machines::*;
pub(super) use crate::probe::{Report, VaDriver, VaEntry};

type Expected = &'static [(&'static str, Level, &'static [&'static str])];

/// A machine, words of the verdict, the checks that are not in order, and words that have to stand in what they say.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) report: Report,
    pub(super) verdict: &'static str,
    pub(super) expected: Expected,
}

fn case(name: &'static str, report: Report, verdict: &'static str, expected: Expected) -> Case {
    Case { name, report, verdict, expected }
}

fn intel() -> Report {
    gpu(host(), vendor::INTEL, open_node())
}

fn amd() -> Report {
    gpu(host(), vendor::AMD, open_node())
}

pub(super) fn cases() -> Vec<Case> {
    [
        devices::cases(),
        virtual_machines::cases(),
        permissions::cases(),
        containers::cases(),
        nvidia::cases(),
        software::cases(),
        vaapi::cases(),
        trials::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
