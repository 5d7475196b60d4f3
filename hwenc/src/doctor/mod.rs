//! Why it does not work: checks on a report, in order, each with what was seen, why it matters and what fixes
//! it.
//!
//! Nothing here looks at the machine: every check is a function of the [`Report`], so that one from another
//! machine is judged the same way.

mod container;
mod encoderless;
mod ffmpeg;
mod finding;
mod firmware;
mod hung;
mod install;
mod intel;
mod library;
mod limits;
mod module;
mod node;
mod nvenc;
mod nvidia;
mod order;
mod permission;
mod qsv;
mod questions;
mod refused;
pub(crate) mod remedy;
mod render;
mod snippet;
mod trial;
mod trouble;
mod va_choice;
mod vaapi;
mod verdict;
mod vm;

use serde::{Deserialize, Serialize};

pub use finding::{Finding, Level, Step};
pub use snippet::{Snippet, snippet};
pub use verdict::{Verdict, Working};

use crate::error::{Error, Result};
use crate::probe::Report;

/// One thing that usually breaks.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Check {
    /// Stable name, such as `device.permission`.
    pub id: &'static str,
    /// The heading that it stands under.
    pub category: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The check itself.
    pub run: fn(&Report) -> Finding,
}

const fn check(
    id: &'static str,
    category: &'static str,
    title: &'static str,
    run: fn(&Report) -> Finding,
) -> Check {
    Check { id, category, title, run }
}

/// Every check, in the order in which one failure explains the next.
pub const CHECKS: &[Check] = &[
    check("ffmpeg.version", "FFmpeg", "version", ffmpeg::version),
    check("ffmpeg.encoders", "FFmpeg", "encoders", ffmpeg::encoders),
    check("vm.passthrough", "Virtual machine", "passthrough", vm::passthrough),
    check("vm.iommu", "Virtual machine", "IOMMU", vm::iommu),
    check("module.missing", "Devices", "kernel drivers", module::missing),
    check("device.dri_missing", "Devices", "/dev/dri", node::dri_missing),
    check("device.dri_empty", "Devices", "render nodes", node::dri_empty),
    check("device.node", "Devices", "dead nodes", node::dead),
    check("device.hung", "Devices", "answers", hung::hung),
    check("device.permission", "Devices", "permissions", permission::permission),
    check("device.nvidia", "Devices", "NVIDIA nodes", nvidia::nodes),
    check("device.no_encoder", "Devices", "encoder unit", encoderless::no_encoder),
    check("device.order", "Devices", "order", order::order),
    check("firmware.huc", "Devices", "firmware", firmware::huc),
    check("container.render_gid", "Container", "group of the render nodes", container::render_gid),
    check("container.device_rules", "Container", "allowed devices", limits::device_rules),
    check("container.memory", "Container", "memory", limits::memory),
    check("nvenc.capability", "Container", "NVIDIA's capabilities", nvenc::capability),
    check("library.libva", "Libraries", "libva", library::libva),
    check("library.cuda", "Libraries", "CUDA", library::cuda),
    check("library.nvidia_encode", "Libraries", "NVENC", library::nvidia_encode),
    check("library.vpl", "Libraries", "Quick Sync", library::vpl),
    check("vaapi.wrong_driver", "VA-API", "choice of the driver", va_choice::wrong),
    check("vaapi.driver", "VA-API", "drivers", vaapi::driver),
    check("vaapi.encoders", "VA-API", "encoders", vaapi::encoders),
    check("vaapi.codecs", "VA-API", "codecs", vaapi::codecs),
    check("qsv.session", "Quick Sync", "session", qsv::session),
    check("nvenc.driver_too_old", "NVENC", "age of the driver", nvenc::driver_too_old),
    check("helper.missing", "Trials", "isolation", trial::helper),
    check("trial.quarantined", "Trials", "left out", trial::quarantined),
    check("driver.crashed", "Trials", "crashes", trial::crashed),
    check("driver.memory_exhausted", "Trials", "memory of drivers", trial::memory),
    check("device.session_limit", "Trials", "sessions", trial::session_limit),
    check("trial.failed", "Trials", "results", trial::failed),
];

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The check's name.
    pub id: String,
    /// The heading that it stands under.
    pub category: String,
    /// A few words.
    pub title: String,
    /// What it found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What the checks found, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What they come to; none where one check was asked for.
    pub verdict: Option<Verdict>,
    /// One entry for each check that ran.
    pub checks: Vec<Outcome>,
}

impl Diagnosis {
    /// Whether something stands in the way of every GPU; warnings do not count.
    pub fn has_problems(&self) -> bool {
        self.count(Level::Problem) > 0
    }

    /// How many checks ended so.
    pub fn count(&self, level: Level) -> usize {
        self.checks.iter().filter(|outcome| outcome.finding.level == level).count()
    }

    /// Drops what may name paths and versions of the machine, for a report that goes to somebody else.
    pub fn without_evidence(mut self) -> Self {
        for outcome in &mut self.checks {
            outcome.finding.evidence.clear();
        }
        self
    }

    /// The text for a terminal: the verdict and what to do first, then the checks. `verbose` adds those that do not concern
    /// this machine, and the evidence, which may name paths and versions of the machine.
    pub fn render(&self, verbose: bool) -> String {
        render::text(self, verbose)
    }
}

/// Runs every check, or the one of this name.
///
/// # Errors
/// [`Code::RequestInvalid`](crate::Code::RequestInvalid) where no check has this name.
pub fn run_all(report: &Report, only: Option<&str>) -> Result<Diagnosis> {
    let chosen: Vec<&Check> = CHECKS.iter().filter(|check| only.is_none_or(|id| id == check.id)).collect();
    if let (Some(id), true) = (only, chosen.is_empty()) {
        let names: Vec<_> = CHECKS.iter().map(|check| check.id).collect();
        return Err(Error::invalid("the check", id, format!("one of {}", names.join(", "))));
    }
    // Where a trial has shown that a device encodes, nothing else can be a problem.
    let works = questions::verified(report).next().is_some();
    let run = |check: &&Check| Outcome {
        id: check.id.to_owned(),
        category: check.category.to_owned(),
        title: check.title.to_owned(),
        finding: (check.run)(report).unless(works),
    };
    let checks: Vec<Outcome> = chosen.iter().map(run).collect();
    let verdict = only.is_none().then(|| verdict::of(report, &checks));
    Ok(Diagnosis { verdict, checks })
}

#[cfg(test)]
mod tests;
