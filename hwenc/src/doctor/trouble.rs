//! What went wrong while drivers were asked and encoders tried, found by its code.

use std::collections::BTreeSet;

use crate::device::{Access, NodeFile};
use crate::error::{Code, Reason};
use crate::probe::{Outcome, Report};

use super::finding::Finding;
use super::questions;

/// Something that failed.
pub(super) struct Trouble<'a> {
    /// The node or index.
    pub(super) device: Option<String>,
    /// The encoder; none where the driver itself was asked.
    pub(super) encoder: Option<&'a str>,
    /// Bits per sample that were asked for.
    pub(super) bit_depth: u8,
    pub(super) reason: &'a Reason,
}

/// Everything that failed, drivers first.
pub(super) fn all(report: &Report) -> impl Iterator<Item = Trouble<'_>> {
    let drivers = report.va.iter().filter_map(|driver| {
        let device = Some(driver.node.display().to_string());
        Some(Trouble { device, encoder: None, bit_depth: 8, reason: driver.lost.as_ref()? })
    });
    drivers.chain(encoders(report))
}

fn encoders(report: &Report) -> impl Iterator<Item = Trouble<'_>> {
    let bare = report.bare.iter().filter_map(|bare| {
        let device = bare.device.clone();
        Some(Trouble { device, encoder: Some(&bare.encoder), bit_depth: 8, reason: bare.refused.as_ref()? })
    });
    bare.chain(trials(report))
}

/// Trials on devices that failed.
pub(super) fn trials(report: &Report) -> impl Iterator<Item = Trouble<'_>> {
    questions::hardware_trials(report).filter_map(|tried| {
        let trial = &tried.trial;
        Some(Trouble {
            device: trial.device.clone(),
            encoder: Some(&trial.encoder),
            bit_depth: trial.request.bit_depth,
            reason: match &tried.outcome {
                Outcome::Failed(reason) => reason,
                Outcome::Verified(_) => return None,
            },
        })
    })
}

/// Those of these codes.
pub(super) fn of<'a>(report: &'a Report, codes: &[Code]) -> Vec<Trouble<'a>> {
    all(report).filter(|trouble| codes.contains(&trouble.reason.code)).collect()
}

impl Trouble<'_> {
    /// Such as `h264_vaapi on /dev/dri/renderD128`.
    pub(super) fn name(&self) -> String {
        let what = self.encoder.unwrap_or("the VA-API driver");
        let depth = if self.bit_depth > 8 { format!(" at {} bit", self.bit_depth) } else { String::new() };
        match &self.device {
            Some(device) => format!("{what} on {device}{depth}"),
            None => format!("{what}{depth}"),
        }
    }

    pub(super) fn evidence(&self) -> Vec<String> {
        let first = format!("{}: {}", self.name(), self.reason.message);
        [&[first], &self.reason.evidence[..]].concat()
    }
}

/// Their names, each once.
pub(super) fn names(troubles: &[Trouble<'_>]) -> String {
    let mut seen = BTreeSet::new();
    let names = troubles.iter().map(Trouble::name).filter(|name| seen.insert(name.clone()));
    names.collect::<Vec<_>>().join(", ")
}

/// Whether a device works, or at least opens and was not tried, that none of these is about.
pub(super) fn another_device(report: &Report, devices: &[Option<String>]) -> bool {
    let spared = |path: String| !devices.contains(&Some(path));
    let failed: BTreeSet<String> = trials(report).filter_map(|trouble| trouble.device).collect();
    let open = |file: &NodeFile| file.access == Access::Open;
    let render = report.machine.usable_render_nodes().map(|node| node.path.display().to_string());
    let nvidia = report.machine.nvidia.nodes.iter().filter(|node| open(&node.file));
    let nvidia = nvidia.map(|node| node.path.display().to_string());
    render.chain(nvidia).any(|path| spared(path.clone()) && !failed.contains(&path))
}

/// A finding on devices that failed: a problem where no other is left.
pub(super) fn finding(report: &Report, troubles: &[Trouble<'_>], finding: Finding) -> Finding {
    let devices: Vec<_> = troubles.iter().map(|trouble| trouble.device.clone()).collect();
    finding
        .unless(another_device(report, &devices))
        .evidences(troubles.iter().flat_map(Trouble::evidence).collect::<Vec<_>>())
}
