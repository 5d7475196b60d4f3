//! GuC and HuC: on Intel's GPUs the low-power encoder gives out bits with HuC's help.

use crate::device::Firmware;
use crate::probe::{Outcome, Report, VaRateControl};

use super::finding::{Finding, Step};
use super::install::{EARLY_MODULES, INTEL_FIRMWARE};
use super::questions::{self, as_root};

/// Bit of i915's `enable_guc` that loads HuC (drivers/gpu/drm/i915/i915_params.c).
const LOAD_HUC: i32 = 1 << 1;

/// Whether the driver says that HuC is not in use.
fn is_off(firmware: &Firmware) -> bool {
    let off = |words: &String| {
        let words = words.to_ascii_lowercase();
        ["disabled", "not loaded", "not supported", "fail", "missing", "error", "not running", "n/a"]
            .iter()
            .any(|word| words.contains(word))
    };
    match &firmware.huc {
        Some(words) => off(words),
        None => firmware.enable_guc.is_some_and(|bits| bits >= 0 && bits & LOAD_HUC == 0),
    }
}

/// Low-power encoding that failed, or that cannot give out bits.
fn suffers(report: &Report) -> bool {
    let bits =
        |modes: &[VaRateControl]| modes.iter().any(|m| matches!(m, VaRateControl::Cbr | VaRateControl::Vbr));
    let low = report.va.iter().flat_map(|driver| &driver.entries).filter(|entry| entry.is_low_power());
    // JPEG has no rate control on any device.
    let mut low = low.filter(|entry| !entry.profile.starts_with("JPEG"));
    let failed = questions::hardware_trials(report).any(|tried| {
        tried.trial.va.as_ref().is_some_and(|entry| entry.is_low_power())
            && matches!(tried.outcome, Outcome::Failed(_))
    });
    failed || low.any(|entry| !bits(&entry.rate_control))
}

pub(super) fn huc(report: &Report) -> Finding {
    let entries = || report.va.iter().flat_map(|driver| &driver.entries);
    if !entries().any(|entry| entry.is_low_power()) {
        return Finding::not_needed("no low-power encoder");
    }
    let off = report.machine.system.firmware.iter().find(|firmware| is_off(firmware));
    let (Some(firmware), true) = (off, suffers(report)) else {
        return Finding::ok("nothing suffers from it");
    };
    let normal =
        entries().any(|entry| entry.encodes() && !entry.is_low_power() && entry.entrypoint != "EncPicture");
    let finding = Finding::problem(
        "HuC, a firmware of the Intel GPU, is off, and low-power encoding suffers from it",
        "without HuC the low-power encoder knows constant quantisers only, or does not work; GPUs from Ice Lake on have \
         often no other",
    )
    .plainly("the firmware that the Intel GPU encodes with is switched off")
    .unless(normal)
    .steps(steps(report));
    finding.evidence(format!(
        "enable_guc {}, GuC {}, HuC {}",
        firmware.enable_guc.map_or("unknown".to_owned(), |bits| bits.to_string()),
        firmware.guc.as_deref().unwrap_or("unknown"),
        firmware.huc.as_deref().unwrap_or("unknown"),
    ))
}

fn steps(report: &Report) -> Vec<Step> {
    if questions::in_container(report) {
        return vec![Step::Say(
            "on the host: put `options i915 enable_guc=2` into /etc/modprobe.d/i915.conf, and restart it"
                .into(),
        )];
    }
    let tee = as_root(report, "tee /etc/modprobe.d/i915.conf");
    let mut steps = INTEL_FIRMWARE.steps(report);
    steps.push(Step::Run(format!("echo 'options i915 enable_guc=2' | {tee}")));
    steps.push(EARLY_MODULES.step(report));
    steps.push(Step::Say("then restart: the firmware is loaded with the driver".into()));
    steps
}
