//! Which encoder is taken on which machine, and what is said of the others.

mod places;
mod policy;
mod property;
mod rank;
mod vaapi;

use nix::libc::EACCES;

use super::{Candidate, Codec, Decision, Request, Selection, Verdict};
use crate::device::{NodeFile, PciId, vendor};
use crate::error::{Code, Error, Result};
use crate::probe::machines::*;
use crate::probe::{Outcome, Proof, Report, Tried, VaDriver, VaEntry, VaRateControl};

fn h264() -> Request {
    Request::new(Codec::H264, 1280, 720)
}

/// The decision on a machine where every trial works that is asked for.
fn settle(report: &Report, request: &Request) -> Result<Decision> {
    let mut report = report.clone();
    crate::probe::check::check_json(&report.to_json());
    loop {
        match report.select(request)? {
            Selection::Decision(decision) => return Ok(*decision),
            Selection::NeedsTrials(trials) => {
                assert!(!trials.is_empty());
                let works = |trial| Tried::new(trial, Outcome::Verified(Proof::default()), 1.0);
                report.trials.extend(trials.into_iter().map(works));
            }
        }
    }
}

fn refusal(report: &Report, request: &Request) -> Error {
    let error = settle(report, request).expect_err("nothing satisfies the request");
    assert_eq!(error.code(), Code::NoEncoder);
    error
}

/// The candidates of a request that allows no fallback.
fn all(report: &Report) -> Vec<Candidate> {
    match settle(report, &h264()) {
        Ok(decision) => decision.candidates().to_vec(),
        Err(error) => error.candidates().to_vec(),
    }
}

/// A GPU whose driver offers this.
fn offering(id: PciId, entries: &[VaEntry]) -> Report {
    with(gpu(host(), id, open_node()), |report| {
        let mut driver = VaDriver::new(RENDER_128, None);
        driver.vendor = Some("Vendor's driver 1.2".into());
        driver.entries = entries.to_vec();
        report.va.push(driver);
    })
}

fn entry(profile: &str, entrypoint: &str, rate_control: &[VaRateControl]) -> VaEntry {
    VaEntry {
        profile: profile.into(),
        entrypoint: entrypoint.into(),
        rate_control: rate_control.to_vec(),
        yuv420: !profile.ends_with("10"),
        yuv420_10: profile.ends_with("10"),
        least: Some((32, 32)),
        most: Some((4096, 2304)),
        ..VaEntry::default()
    }
}

const RENDER_128: &str = "/dev/dri/renderD128";

fn of<'a>(candidates: &'a [Candidate], encoder: &str) -> &'a Candidate {
    let mut found = candidates.iter().filter(|c| c.encoder == encoder);
    let candidate = found.next().unwrap_or_else(|| panic!("{encoder} is no candidate"));
    assert!(found.next().is_none(), "{encoder} is a candidate more than once");
    candidate
}

fn decision(report: &Report, request: &Request) -> Decision {
    let decision = settle(report, request).unwrap_or_else(|error| panic!("{error:?}"));
    let chosen: Vec<_> = decision.candidates().iter().filter(|c| c.verdict == Verdict::Chosen).collect();
    assert_eq!(chosen, [decision.chosen()]);
    assert_eq!(decision.chosen().reason.code, Code::Chosen);
    decision
}

/// A container that was given the second of the host's two GPUs, whose group it does not know.
fn one_node_of_two() -> Report {
    let report = gpu(container(host(), "docker"), vendor::INTEL, None);
    gpu(report, vendor::AMD, shut(109, EACCES))
}

fn shut(gid: u32, errno: i32) -> Option<NodeFile> {
    node(gid, 0o660, refused(errno))
}
