//! Devices that do not answer.

use crate::device::{Access, NodeFile};
use crate::error::Code;
use crate::probe::Report;

use super::finding::Finding;
use super::questions::as_root;
use super::trouble;

/// Nodes whose opening did not come back.
fn nodes(report: &Report) -> Vec<String> {
    let hung = |file: &NodeFile| file.access == Access::Hung;
    let (drm, nvidia) = (&report.machine.drm.render_nodes, &report.machine.nvidia);
    let render = drm.iter().filter(|node| node.file.as_ref().is_some_and(hung)).map(|node| &node.path);
    let own = nvidia.control.iter().chain(&nvidia.nodes).chain(&nvidia.uvm);
    let own = own.filter(|node| hung(&node.file)).map(|node| &node.path);
    render.chain(own).map(|path| path.display().to_string()).collect()
}

pub(super) fn hung(report: &Report) -> Finding {
    let (nodes, found) = (nodes(report), trouble::of(report, &[Code::DeviceHung]));
    let mut devices: Vec<String> = nodes.clone();
    devices.extend(found.iter().filter_map(|trouble| trouble.device.clone()));
    devices.dedup();
    let seen = match (devices.first(), found.first()) {
        (Some(_), _) => format!("{} does not answer", devices.join(", ")),
        (None, Some(trouble)) => format!("{} does not answer", trouble.name()),
        (None, None) => return Finding::not_needed("every device answers"),
    };
    let finding = Finding::problem(
        seen,
        "the GPU or its driver is stuck, and a program that waits for it is stuck, too; hwenc waits no longer than a \
         trial may take",
    )
    .plainly("the GPU does not answer")
    .run(as_root(report, "dmesg | grep -iE 'hang|reset|timeout|drm|nvrm'"))
    .say("restart the machine: what hangs in the kernel cannot be ended otherwise")
    .say("if it comes again, install another version of the driver or the kernel");
    let lost: Vec<_> = devices.into_iter().map(Some).collect();
    finding
        .unless(trouble::another_device(report, &lost))
        .evidences(nodes.iter().map(|node| format!("{node}: opening it did not come back")))
        .evidences(found.iter().flat_map(trouble::Trouble::evidence).collect::<Vec<_>>())
}
