//! VA-API drivers: whether each node's starts, and whether it encodes.

use crate::device::{RenderNode, vendor};
use crate::probe::{Report, VaDriver, VaEntry};

use super::finding::{Finding, Level, Step};
use super::install::{INTEL_DRIVER, INTEL_FULL_DRIVER, INTEL_OLD_DRIVER, MESA_DRIVER};
use super::intel::Generation;
use super::{questions, va_choice};

const NOT_ASKED: &str = "no node whose driver could be asked";

pub(super) fn encodes(driver: &VaDriver) -> bool {
    driver.entries.iter().any(VaEntry::encodes)
}

/// It answered. What took the process down is another check's.
fn started(driver: &VaDriver) -> bool {
    driver.error.is_none() && driver.lost.is_none()
}

/// Something encodes without the driver in question.
pub(super) fn another_encodes(report: &Report) -> bool {
    report.va.iter().any(encodes) || questions::nvidia_works(report) || questions::v4l2_encoder_opens(report)
}

pub(super) fn driver(report: &Report) -> Finding {
    let dead: Vec<&VaDriver> =
        report.va.iter().filter(|driver| driver.error.is_some() && driver.lost.is_none()).collect();
    if !dead.is_empty()
        && dead.iter().all(|driver| questions::is_board(report, &driver.node))
        && questions::v4l2_encoder_opens(report)
    {
        let lines = report.va.iter().map(line);
        return Finding::not_needed("this board encodes through V4L2").evidences(lines);
    }
    let finding = match dead.first() {
        Some(first) => {
            let explained = va_choice::wrong(report).level != Level::Ok;
            let see = vec![Step::Say("see vaapi.wrong_driver".into())];
            Finding::problem(
                format!("no VA-API driver starts on {}", label(report, first)),
                "libva loads a driver for each GPU; without it neither VA-API nor Quick Sync works there",
            )
            .plainly(if questions::is_board(report, &first.node) {
                "the GPU of this board does not encode, and no other device for it was found"
            } else {
                "the GPU's video driver, which is a package of its own, is missing or does not start"
            })
            .unless(another_encodes(report))
            .steps(if explained { see } else { fix(report, first) })
        }
        None if report.va.is_empty() => Finding::not_needed(NOT_ASKED),
        None => {
            let count = report.va.iter().filter(|driver| started(driver)).count();
            Finding::ok(format!("{} started", many(count, "driver")))
        }
    };
    finding.evidences(report.va.iter().map(line))
}

/// H.264 and HEVC, which some distributions leave out.
fn patented(entry: &VaEntry) -> bool {
    entry.profile.starts_with("H264") || entry.profile.starts_with("HEVC")
}

pub(super) fn encoders(report: &Report) -> Finding {
    let answered: Vec<&VaDriver> = report.va.iter().filter(|driver| started(driver)).collect();
    let finding = match answered.iter().find(|driver| !encodes(driver)) {
        Some(first) => {
            let decodes = first.entries.iter().any(VaEntry::decodes);
            let does = if decodes { "decodes only" } else { "neither encodes nor decodes" };
            let fix = full(report, first);
            let or = if fix.is_empty() { "" } else { "or " };
            Finding::problem(
                format!("the VA-API driver of {} {does}", label(report, first)),
                why_none(report, first),
            )
            .plainly("the GPU, as its video driver says, cannot encode")
            .unless(another_encodes(report))
            .steps(fix)
            .say(format!("{or}use another GPU, or encode in software"))
        }
        None if answered.is_empty() => Finding::not_needed(NOT_ASKED),
        None => Finding::ok(format!("{} that can encode", many(answered.len(), "driver"))),
    };
    finding.evidences(report.va.iter().map(line))
}

fn why_none(report: &Report, driver: &VaDriver) -> &'static str {
    let whole = driver.entries.iter().any(|entry| patented(entry) && entry.decodes());
    match questions::vendor_of(report, &driver.node) {
        Some(vendor::INTEL) => "the free build of iHD lacks the encoders of many GPUs",
        Some(vendor::AMD) if whole => {
            "this GPU has no encoder, or the system's Mesa was built for decoding only"
        }
        Some(vendor::AMD) => "some distributions build Mesa without its encoders",
        _ => {
            "some GPUs have no encoder, those of virtual machines among them, and some distributions build drivers without it"
        }
    }
}

pub(super) fn codecs(report: &Report) -> Finding {
    let lacks = |driver: &&VaDriver| {
        started(driver) && encodes(driver) && !driver.entries.iter().any(|e| e.encodes() && patented(e))
    };
    let Some(first) = report.va.iter().find(lacks) else {
        return if report.va.iter().any(encodes) {
            Finding::ok("H.264 or HEVC is among them")
        } else {
            Finding::not_needed(NOT_ASKED)
        };
    };
    let useful = |entry: &VaEntry| entry.encodes() && !entry.profile.starts_with("JPEG");
    let elsewhere = report.va.iter().any(|driver| driver.entries.iter().any(useful));
    Finding::problem(
        format!("the VA-API driver of {} encodes neither H.264 nor HEVC", label(report, first)),
        "the GPU very likely can: some distributions build the driver without these two, for their patents",
    )
    .plainly("the GPU's video driver was built without H.264 and HEVC")
    .unless(elsewhere || questions::nvidia_works(report))
    .steps(full(report, first))
    .evidences(report.va.iter().map(line))
}

fn many(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What brings a driver that can all that the GPU can.
fn full(report: &Report, driver: &VaDriver) -> Vec<Step> {
    match questions::vendor_of(report, &driver.node) {
        Some(vendor::INTEL) => INTEL_FULL_DRIVER.steps(report),
        Some(vendor::AMD) => MESA_DRIVER.steps(report),
        _ => Vec::new(),
    }
}

/// What brings the driver of this name.
pub(super) fn install(report: &Report, name: &str) -> Vec<Step> {
    match name {
        "i965" => INTEL_OLD_DRIVER.steps(report),
        "iHD" => INTEL_DRIVER.steps(report),
        "radeonsi" => MESA_DRIVER.steps(report),
        _ => Vec::new(),
    }
}

/// The generation of an Intel GPU.
pub(super) fn generation(report: &Report, driver: &VaDriver) -> Option<Generation> {
    let hardware = questions::hardware_of(report, &driver.node)?;
    (hardware.vendor == Some(vendor::INTEL)).then(|| Generation::of(hardware.device?)).flatten()
}

/// What brings the driver that a node needs.
pub(super) fn fix(report: &Report, driver: &VaDriver) -> Vec<Step> {
    let mut steps = match questions::vendor_of(report, &driver.node) {
        Some(vendor::INTEL) => {
            install(report, generation(report, driver).and_then(Generation::driver).unwrap_or("iHD"))
        }
        Some(vendor::AMD) => MESA_DRIVER.steps(report),
        _ if questions::is_board(report, &driver.node) => {
            return vec![Step::Say(
                "boards such as this encode through V4L2 (`ls /dev/video*`) or a library of their makers, not through \
                 VA-API; hand the container those nodes"
                    .into(),
            )];
        }
        _ => return vec![Step::Say("install the VA-API driver of this GPU, if it has one".into())],
    };
    for name in ["LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH"] {
        if report.machine.system.variables.contains_key(name) {
            steps.push(Step::Say(format!("{name} is set: unset it, unless it is meant")));
        }
    }
    steps
}

pub(super) fn label(report: &Report, driver: &VaDriver) -> String {
    let node = |node: &&RenderNode| node.path == driver.node;
    let node = report.machine.drm.render_nodes.iter().find(node);
    let hardware = node.and_then(|node| node.hardware.as_ref()).map(|hardware| hardware.label());
    hardware.map_or_else(|| "a GPU".to_owned(), |label| format!("the {label}"))
}

pub(super) fn line(driver: &VaDriver) -> String {
    let said = driver.error.as_deref().or(driver.vendor.as_deref()).unwrap_or("a driver without a name");
    format!("{}: {said}", driver.node.display())
}
