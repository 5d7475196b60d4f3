//! Machines that are broken or odd, each with what the doctor must find and what must be decided: the `hwenc` command on
//! softgpu's devices with their faults, permissions, libraries and environments, on a kernel of its own, and on reports of
//! machines that cannot be had here. A row is a test by its name.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod expect;
mod place;
mod report;
mod row;
mod rows;
mod run;
#[path = "../../../hwenc/tests/common/schema.rs"]
mod schema;
#[path = "../../../hwenc/tests/common/softgpu.rs"]
#[allow(unreachable_pub)]
mod softgpu;
mod standin;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use row::Row;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials =
        vec![test("the_table_has_every_situation", || the_table_has_every_situation(&rows::all()))];
    trials.extend(rows::all().into_iter().map(|row| test(row.name, move || run::check(&row))));
    trials.extend(cases::all().map(|(name, case)| test(name, case)));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn test(name: &str, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        body();
        Ok(())
    })
}

/// What usually breaks, and what the table was asked for by name.
const SITUATIONS: &[&str] = &[
    "no /dev/dri",
    "EACCES with the group and GID that is missing",
    "render GID differs between host and container",
    "i965 picked where iHD is needed",
    "iHD picked where i965 is needed",
    "driver package missing",
    "distribution build without the encoder",
    "MFX session -9",
    "MFX session -3",
    "NVENC API newer than the driver",
    "NVENC library missing in a container without the video capability",
    "data-centre GPU without an encoder",
    "processor without a GPU",
    "session limit",
    "several GPUs and the wrong one first",
    "IOMMU off",
    "no passthrough in a VM",
    "kernel module missing",
    "HuC off for low power",
    "only renderD129",
    "two GPUs of different vendors",
    "NVIDIA without a DRM node",
    "lies about 10 bit",
    "encodes green",
    "returns P first",
    "hangs ignoring SIGTERM",
    "segfaults",
    "eats memory",
];

fn the_table_has_every_situation(rows: &[Row]) {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "a name stands twice");
    assert!(rows.len() >= 60, "{}", rows.len());
    let shown: BTreeSet<&str> = rows.iter().filter_map(|row| row.shows).collect();
    assert_eq!(shown, SITUATIONS.iter().copied().collect());
}
