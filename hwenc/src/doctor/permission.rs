//! Nodes that this process may not open.

use std::collections::BTreeSet;

use crate::probe::Report;

use super::finding::Finding;
use super::questions;
use super::refused;

pub(super) fn permission(report: &Report) -> Finding {
    let shut: Vec<_> = refused::gpus(report).filter(|node| node.by_permission()).collect();
    let Some(first) = shut.first() else { return Finding::ok("no node is refused") };
    let names: Vec<_> = shut.iter().map(|node| node.name()).collect();
    let mut steps = Vec::new();
    let mut done = BTreeSet::new();
    for node in &shut {
        if done.insert(node.kind(report)) {
            steps.extend(node.steps(report));
        }
    }
    steps.dedup();
    let who = if questions::in_container(report) { "container" } else { "user" };
    Finding::problem(format!("{} may not be opened: {}", names.join(", "), first.seen()), first.why(report))
        .plainly(format!("this {who} may not use the GPU ({})", names.join(", ")))
        .unless(questions::some_gpu_opens(report))
        .steps(steps)
        .evidences(shut.iter().map(|node| node.evidence()))
        .evidence(format!(
            "this process: uid {}, groups {}",
            report.machine.process.effective_uid,
            groups(report)
        ))
}

fn groups(report: &Report) -> String {
    let process = &report.machine.process;
    let all: BTreeSet<_> = process.groups.iter().chain([&process.effective_gid]).collect();
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
