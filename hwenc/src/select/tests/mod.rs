//! Which encoder is taken on which machine, and what is said of the others.

mod places;
mod policy;

use nix::libc::EACCES;

use super::{Candidate, Codec, Decision, Request, Verdict};
use crate::device::{NodeFile, vendor};
use crate::error::{Code, Error};
use crate::probe::Report;
use crate::probe::machines::*;

fn h264() -> Request {
    Request::new(Codec::H264, 1280, 720)
}

fn refusal(report: &Report, request: &Request) -> Error {
    let error = report.select(request).expect_err("nothing satisfies the request");
    assert_eq!(error.code(), Code::NoEncoder);
    error
}

/// The candidates of a request that is denied everything.
fn all(report: &Report) -> Vec<Candidate> {
    refusal(report, &h264()).candidates().to_vec()
}

fn of<'a>(candidates: &'a [Candidate], encoder: &str) -> &'a Candidate {
    let mut found = candidates.iter().filter(|c| c.encoder == encoder);
    let candidate = found.next().unwrap_or_else(|| panic!("{encoder} is no candidate"));
    assert!(found.next().is_none(), "{encoder} is a candidate more than once");
    candidate
}

fn decision(report: &Report, request: &Request) -> Decision {
    let decision = report.select(request).unwrap_or_else(|error| panic!("{error:?}"));
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
