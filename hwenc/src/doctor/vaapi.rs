//! VA-API drivers: whether each node's starts, and whether it encodes.

use crate::device::{PciId, RenderNode, vendor};
use crate::probe::{Report, VaDriver, VaEntry};

use super::finding::{Finding, Step};
use super::install::{INTEL_DRIVER, MESA_DRIVER};
use super::questions;

const NOT_ASKED: &str = "not needed: no node whose driver could be asked";

fn encodes(driver: &VaDriver) -> bool {
    driver.entries.iter().any(VaEntry::encodes)
}

/// Something encodes without the driver in question.
fn another_encodes(report: &Report) -> bool {
    report.va.iter().any(encodes) || questions::nvidia_works(report)
}

pub(super) fn driver(report: &Report) -> Finding {
    let dead: Vec<&VaDriver> = report.va.iter().filter(|driver| driver.error.is_some()).collect();
    let finding = match dead.first() {
        Some(first) => Finding::problem(
            format!("no VA-API driver starts on {}", label(report, first)),
            "libva loads a driver for each GPU; without it neither VA-API nor Quick Sync works there",
        )
        .unless(another_encodes(report))
        .steps(fix(report, first)),
        None if report.va.is_empty() => Finding::ok(NOT_ASKED),
        None => Finding::ok(format!("{} started", count(report.va.len(), "driver"))),
    };
    finding.evidences(report.va.iter().map(line))
}

pub(super) fn encoders(report: &Report) -> Finding {
    let started: Vec<&VaDriver> = report.va.iter().filter(|driver| driver.error.is_none()).collect();
    let finding = match started.iter().find(|driver| !encodes(driver)) {
        Some(first) => Finding::problem(
            format!("the VA-API driver of {} encodes nothing", label(report, first)),
            "some GPUs have no encoder, those of virtual machines among them, and some distributions build drivers without it",
        )
        .unless(another_encodes(report))
        .steps(if questions::vendor_of(report, &first.node).is_some_and(is_known) {
            fix(report, first)
        } else {
            vec![Step::Say("use another device, or encode in software".into())]
        }),
        None if started.is_empty() => Finding::ok(NOT_ASKED),
        None => Finding::ok(format!("{} that can encode", count(started.len(), "driver"))),
    };
    finding.evidences(report.va.iter().map(line))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn is_known(id: PciId) -> bool {
    matches!(id, vendor::INTEL | vendor::AMD)
}

/// What brings the driver that a node needs.
pub(super) fn fix(report: &Report, driver: &VaDriver) -> Vec<Step> {
    let software = match questions::vendor_of(report, &driver.node) {
        Some(vendor::INTEL) => &INTEL_DRIVER,
        Some(vendor::AMD) => &MESA_DRIVER,
        _ => return vec![Step::Say("install the VA-API driver of this GPU, if it has one".into())],
    };
    let mut steps = vec![software.step(report)];
    for name in ["LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH"] {
        if report.machine.system.variables.contains_key(name) {
            steps.push(Step::Say(format!("{name} is set: unset it, unless it is meant")));
        }
    }
    steps
}

fn label(report: &Report, driver: &VaDriver) -> String {
    let node = |node: &&RenderNode| node.path == driver.node;
    let node = report.machine.drm.render_nodes.iter().find(node);
    let hardware = node.and_then(|node| node.hardware.as_ref()).map(|hardware| hardware.label());
    hardware.map_or_else(|| "a GPU".to_owned(), |label| format!("the {label}"))
}

fn line(driver: &VaDriver) -> String {
    let said = driver.error.as_deref().or(driver.vendor.as_deref()).unwrap_or("a driver without a name");
    format!("{}: {said}", driver.node.display())
}
