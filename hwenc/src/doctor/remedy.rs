//! What the checks would say, in one line, for the reasons that selection gives: both say the same.

use crate::device::{RenderNode, vendor};
use crate::probe::{Report, VaDriver};

use super::finding::Step;
use super::install::NVIDIA_DRIVER;
use super::{container, library, module, node, nvidia, questions, vaapi, vm};

pub(crate) use super::refused::{Family, Refused};

/// For a machine of another kind than the backend's.
const ANOTHER: &str = "add one, or let another backend do it";

/// Sentences as they are, commands marked.
fn line(steps: &[Step]) -> String {
    let words = steps.iter().map(|step| match step {
        Step::Say(text) => text.clone(),
        Step::Run(command) => format!("`{command}`"),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// For a node that refuses.
pub(crate) fn refused(report: &Report, node: &Refused<'_>) -> String {
    line(&node.steps(report))
}

/// For a library that does not load.
pub(crate) fn library(report: &Report, name: &str) -> String {
    line(&library::fix(report, name))
}

/// For a VA-API driver that does not start.
pub(crate) fn va_driver(report: &Report, driver: &VaDriver) -> String {
    line(&vaapi::fix(report, driver))
}

/// For a node that the kernel knows and `/dev/dri` does not show.
pub(crate) fn hidden(report: &Report, node: &RenderNode) -> String {
    line(&node::make_node(report, node))
}

/// For a `/dev/dri` that cannot be listed.
pub(crate) fn unlistable(report: &Report) -> String {
    line(&node::make_listable(report))
}

/// For a machine without a render node of the kind that is looked for.
pub(crate) fn no_render_node(report: &Report) -> String {
    let checks = [module::missing, vm::passthrough, node::dri_missing, node::dri_empty];
    // The CPU is a candidate of its own.
    let repairs = |mut fix: Vec<Step>| {
        fix.retain(|step| !matches!(step, Step::Say(text) if [node::SOFTWARE, node::SNIPPET].contains(&text.as_str())));
        fix
    };
    let mut fixes = checks.iter().map(|check| repairs(check(report).fix));
    fixes.find(|fix| !fix.is_empty()).map_or_else(|| ANOTHER.to_owned(), |fix| line(&fix))
}

/// What is seen of NVIDIA's nodes where there is none for a GPU, and the remedy.
pub(crate) fn no_nvidia_node(report: &Report) -> (String, String) {
    let finding = nvidia::nodes(report);
    let (machine, inside) = (&report.machine, questions::in_container(report));
    let fix = if !finding.fix.is_empty() {
        line(&finding.fix)
    } else if inside && (machine.displays.is_empty() || machine.has_vendor(vendor::NVIDIA)) {
        line(&container::give_nvidia(report))
    } else if machine.has_vendor(vendor::NVIDIA) {
        line(&NVIDIA_DRIVER.steps(report))
    } else {
        ANOTHER.to_owned()
    };
    (finding.seen, fix)
}
