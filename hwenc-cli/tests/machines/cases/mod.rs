//! What one row of a table cannot say: several calls on a machine, one after the other or at the same time, and what is kept
//! between them.

mod cache;
mod journal;
mod odd;
#[cfg(feature = "kernel-tests")]
mod permissions;

use std::fs;

use serde_json::Value;

use crate::common::{HWENC, Ran, run};
use crate::place::Place;
use crate::{run, schema};

pub(crate) type Case = (&'static str, fn());

pub(crate) fn all() -> impl Iterator<Item = Case> {
    let parts = [
        cache::CASES,
        journal::CASES,
        odd::CASES,
        #[cfg(feature = "kernel-tests")]
        permissions::CASES,
    ];
    parts.into_iter().flatten().copied()
}

/// `probe` in scripts. Everybody is asked about the same.
const PROBE: &str = r#"probe() { "$HWENC" probe --json --codec h264 --bit-depth 8 --size 320x192 --deadline "${DEADLINE:-60}" "$@"; }
"#;

/// Runs a script on softgpu's devices, of which softgpu tells in gpu.json; nothing is left of it. Every step must succeed.
fn script(place: &Place, options: &[&str], script: &str) -> Ran {
    let ran = unclean(place, options, script).ok();
    place.is_left_clean();
    ran
}

/// The same where the script may fail and leave something behind.
fn unclean(place: &Place, options: &[&str], script: &str) -> Ran {
    let mut command = run::under(place, &[options, &["--report", "gpu.json"]].concat());
    run(command.env("HWENC", HWENC).args(["sh", "-ec", &format!("{PROBE}{script}")]))
}

fn json(place: &Place, name: &str) -> Value {
    let text = fs::read_to_string(place.path().join(name)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"))
}

/// A report of `probe`.
fn report(place: &Place, name: &str) -> Value {
    schema::check_json(&fs::read_to_string(place.path().join(name)).unwrap());
    json(place, name)
}

/// What came of the trial of an encoder on a device.
#[track_caller]
fn outcome<'a>(report: &'a Value, encoder: &str, device: &str) -> &'a Value {
    let mut trials = report["trials"].as_array().unwrap().iter();
    let device = format!("/dev/dri/{device}");
    let tried = trials.find(|tried| tried["encoder"] == encoder && tried["device"] == *device);
    &tried.unwrap_or_else(|| panic!("it was not tried: {report:#}"))["outcome"]
}

/// How many pictures a trial that worked sent.
#[track_caller]
fn pictures(report: &Value, encoder: &str) -> u64 {
    let frames = &outcome(report, encoder, "renderD128")["verified"]["frames"];
    frames.as_u64().unwrap_or_else(|| panic!("it did not work: {report:#}"))
}

/// How many pictures the devices coded in a script.
fn coded(place: &Place) -> u64 {
    json(place, "gpu.json")["encodes"].as_u64().unwrap()
}
