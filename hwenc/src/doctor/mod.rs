//! Why it does not work: checks on a report, in order, each with what was seen, why it matters and what fixes
//! it.
//!
//! Nothing here looks at the machine: every check is a function of the [`Report`], so that one from another
//! machine is judged the same way.

mod container;
mod ffmpeg;
mod finding;
mod install;
mod library;
mod module;
mod node;
mod nvidia;
mod permission;
mod questions;
mod refused;
pub(crate) mod remedy;
mod render;
mod snippet;
mod vaapi;

use serde::{Deserialize, Serialize};

pub use finding::{Finding, Level, Step};
pub use snippet::{Snippet, snippet};

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
    check("module.missing", "Devices", "kernel drivers", module::missing),
    check("device.dri_missing", "Devices", "/dev/dri", node::dri_missing),
    check("device.dri_empty", "Devices", "render nodes", node::dri_empty),
    check("device.node", "Devices", "dead nodes", node::dead),
    check("device.permission", "Devices", "permissions", permission::permission),
    check("device.nvidia", "Devices", "NVIDIA nodes", nvidia::nodes),
    check("container.render_gid", "Container", "group of the render nodes", container::render_gid),
    check("library.libva", "Libraries", "libva", library::libva),
    check("library.cuda", "Libraries", "CUDA", library::cuda),
    check("library.nvidia_encode", "Libraries", "NVENC", library::nvidia_encode),
    check("library.vpl", "Libraries", "Quick Sync", library::vpl),
    check("vaapi.driver", "VA-API", "drivers", vaapi::driver),
    check("vaapi.encoders", "VA-API", "encoders", vaapi::encoders),
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

    /// The text for a terminal; `verbose` adds the evidence, which may name paths and versions of the
    /// machine.
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
    let run = |check: &&Check| Outcome {
        id: check.id.to_owned(),
        category: check.category.to_owned(),
        title: check.title.to_owned(),
        finding: (check.run)(report),
    };
    Ok(Diagnosis { checks: chosen.iter().map(run).collect() })
}

#[cfg(test)]
mod tests;
