//! The order of preference among candidates. Data over branches: a candidate's rank is a row of numbers, smaller is better, and
//! rows are compared from the left.

use std::path::Path;

use super::decision::is_hardware;
use super::{Candidate, Fallback, Latency, Request};
use crate::backend;
use crate::error::Code;
use crate::probe::{Outcome, Report, VaEntry};

/// Devices that are busy by less than this differ too little to be told apart, in per cent.
const LOAD_STEP: f64 = 25.0;

/// Candidates by preference, best first; equals stay in the order of backends and nodes.
pub(super) fn preference(report: &Report, request: &Request, candidates: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_cached_key(|&i| rank(report, request, &candidates[i]));
    order
}

fn rank(report: &Report, request: &Request, candidate: &Candidate) -> [usize; 7] {
    let device = candidate.device.as_deref();
    let far = request.input_device.is_some() && request.input_device.as_deref() != device.map(Path::new);
    let sick = device.is_some_and(|device| has_failed_badly(report, device));
    let delay = candidate.proof.as_ref().map_or(0, |proof| proof.delay_frames as usize);
    [
        tier(request, candidate),
        usize::from(far),
        usize::from(sick),
        rate_control(request, candidate),
        if request.latency == Latency::Low { delay } else { 0 },
        // The unit of full power has more tools, and so more quality for the same bits.
        usize::from(candidate.va.as_ref().is_some_and(VaEntry::is_low_power)),
        device.map_or(0, |device| (load(report, device) / LOAD_STEP) as usize),
    ]
}

/// Hardware before named alternatives, in the order of the request, before everything else.
fn tier(request: &Request, candidate: &Candidate) -> usize {
    match &request.fallback {
        _ if is_hardware(candidate) => 0,
        Fallback::Alternatives(names) => {
            1 + names.iter().position(|name| *name == candidate.encoder).unwrap_or(names.len())
        }
        _ => 1,
    }
}

/// How far from what is asked the way is that this encoder gives out bits; 0 has it natively.
fn rate_control(request: &Request, candidate: &Candidate) -> usize {
    let driver = backend::of_encoder(&candidate.encoder).and_then(|(backend, _)| backend.driver.as_ref());
    driver.map_or(0, |driver| (driver.rate_control_rank)(request, &candidate.va))
}

/// Something on this device hung or crashed; another is the better bet.
fn has_failed_badly(report: &Report, device: &str) -> bool {
    let here = report.trials.iter().filter(|tried| tried.trial.device.as_deref() == Some(device));
    let mut failed = here.filter_map(|tried| match &tried.outcome {
        Outcome::Failed(reason) => Some(reason.code),
        Outcome::Verified(_) => None,
    });
    failed.any(|code| matches!(code, Code::DeviceHung | Code::DriverCrashed | Code::DriverMemory))
}

/// How busy the busiest engine of a device is, in per cent; 0 where nobody knows.
fn load(report: &Report, device: &str) -> f64 {
    let node = report.machine.drm.render_nodes.iter().find(|node| node.path == Path::new(device));
    let address =
        node.and_then(|node| node.hardware.as_ref()).and_then(|hardware| hardware.pci_address.as_deref());
    let here =
        report.loads.iter().filter(|load| load.device == device || Some(load.device.as_str()) == address);
    here.map(|load| load.percent).fold(0.0, f64::max)
}
