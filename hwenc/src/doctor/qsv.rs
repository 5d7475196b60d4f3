//! Quick Sync: what its numbers mean.

use crate::error::Reason;
use crate::probe::Report;

use super::finding::{Finding, Step};
use super::install::INTEL_DRIVER;
use super::{library, vaapi};

/// The number of a failure, which FFmpeg prints (mfxdefs.h: `MFX_ERR_UNSUPPORTED` is -3, `MFX_ERR_NOT_FOUND` -9).
fn number(reason: &Reason) -> Option<i32> {
    let words = std::iter::once(&reason.message).chain(&reason.evidence);
    words.filter(|line| line.contains("MFX") || line.contains("mfx")).find_map(|line| {
        let numbers = line.split(|c: char| !c.is_ascii_digit() && c != '-');
        numbers.filter_map(|text| text.parse().ok()).find(|n| [-3, -9].contains(n))
    })
}

pub(super) fn session(report: &Report) -> Finding {
    let mut refused = report
        .bare
        .iter()
        .filter(|bare| bare.encoder.ends_with("_qsv"))
        .filter_map(|bare| Some((bare, bare.refused.as_ref()?)));
    let Some((bare, reason)) = refused.next() else {
        return Finding::not_needed("Quick Sync was not refused");
    };
    let runtime = library::runtime(report);
    let loads = report.loads(runtime) != Some(false);
    let on = bare.device.as_ref().map_or_else(String::new, |device| format!(" on {device}"));
    let (seen, why) = match number(reason) {
        Some(-9) => ("MFX error -9", "the dispatcher found no runtime that drives this GPU"),
        Some(-3) => (
            "MFX error -3",
            "the runtime is there and does not drive this GPU, or not with this VA-API driver",
        ),
        _ => ("it does not start", "Quick Sync needs its runtime, and the VA-API driver iHD below it"),
    };
    let mut steps = Vec::new();
    if loads {
        steps.extend(INTEL_DRIVER.steps(report));
        if report.machine.system.variables.get("LIBVA_DRIVER_NAME").is_some_and(|name| name != "iHD") {
            steps.push(Step::Say("LIBVA_DRIVER_NAME names another driver than iHD: unset it".into()));
        }
    } else {
        steps.extend(library::fix(report, runtime));
    }
    steps.push(Step::Say("or let VA-API encode on the same GPU, as hwenc does by itself".into()));
    Finding::problem(format!("no session of Quick Sync{on}: {seen}"), why)
        .plainly("Quick Sync does not start on the GPU")
        // VA-API drives the same device.
        .unless(vaapi::another_encodes(report) || report.va.is_empty())
        .steps(steps)
        .evidence(reason.message.clone())
        .evidences(reason.evidence.iter().cloned())
}
