//! Several GPUs, and one first that does not encode: programs that take the first find nothing.

use crate::device::{RenderNode, vendor};
use crate::probe::Report;

use super::finding::Finding;
use super::{questions, vaapi};

/// Whether a node encodes, as far as trials and its driver's word tell.
fn encodes(report: &Report, node: &RenderNode) -> Option<bool> {
    let path = node.path.to_string_lossy();
    let trials: Vec<_> = questions::hardware_trials(report)
        .filter(|tried| tried.trial.device.as_deref() == Some(&*path))
        .collect();
    if !trials.is_empty() {
        return Some(trials.iter().any(|tried| tried.outcome.proof().is_some()));
    }
    if let Some(driver) = report.va_driver(&node.path) {
        return Some(vaapi::encodes(driver));
    }
    let hardware = node.hardware.as_ref()?;
    // NVIDIA's own driver does not speak VA-API.
    (hardware.vendor == Some(vendor::NVIDIA) && hardware.driver.as_deref() == Some("nvidia")).then_some(false)
}

pub(super) fn order(report: &Report) -> Finding {
    let nodes: Vec<&RenderNode> = report.machine.usable_render_nodes().collect();
    if nodes.len() < 2 {
        return Finding::not_needed("not several GPUs");
    }
    let first = nodes[0];
    let next = nodes.iter().find(|node| encodes(report, node) == Some(true));
    match next {
        Some(next) if encodes(report, first) == Some(false) => Finding::warning(
            format!("{} comes first and does not encode; {} does", first.path.display(), next.path.display()),
            "programs that take the first GPU, or the name renderD128, find no encoder; hwenc finds the right one",
        )
        .say(format!(
            "name it to other programs: `ffmpeg -vaapi_device {0} …`; hwenc takes `--device {0}`",
            next.path.display()
        )),
        _ => Finding::ok(format!("{} GPUs, and the first is no worse", nodes.len())),
    }
}
