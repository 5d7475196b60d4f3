//! `/dev/dri` and what is in it.

use crate::device::{Directory, RenderNode, vendor};
use crate::probe::Report;

use super::container;
use super::finding::{Finding, Level, Step};
use super::refused::{self, Family};
use super::{questions, vm};

const NEEDED: &str = "VA-API, Quick Sync and Vulkan reach a GPU through its render node";

/// The number of the first render node (`Documentation/gpu/drm-uapi.rst`, "Render nodes").
const FIRST_MINOR: u32 = 128;

pub(super) const SNIPPET: &str = "on the host, `hwenc doctor --snippet docker` (or compose, kubernetes, proxmox-lxc) prints the whole configuration";

pub(super) const SOFTWARE: &str = "or encode in software: `hwenc transcode … --fallback software`";

/// Whether something other than NVIDIA's GPU would need a render node. NVENC does without, and nouveau encodes with none.
fn needs_render_node(report: &Report) -> bool {
    let machine = &report.machine;
    let mut nvidia = machine.hardware().filter(|hardware| hardware.vendor == Some(vendor::NVIDIA));
    let driven = machine.nvidia.is_present()
        || nvidia.any(|h| matches!(h.driver.as_deref(), Some("nvidia" | "nouveau" | "nova")));
    !driven || machine.hardware().any(|h| matches!(h.vendor, Some(vendor::INTEL | vendor::AMD)))
}

pub(super) fn dri_missing(report: &Report) -> Finding {
    match &report.machine.drm.directory {
        Directory::Missing if !needs_render_node(report) => {
            Finding::ok("none, and the NVIDIA GPU needs none")
        }
        Directory::Missing => missing(report),
        Directory::Unreadable(error) => {
            Finding::problem(format!("/dev/dri cannot be listed: {error}"), "the nodes in it cannot be found")
                .plainly("this user may not look into /dev/dri, where GPUs have their nodes")
                .steps(make_listable(report))
        }
        _ => Finding::ok("is there"),
    }
}

/// Whether encoding in hardware is possible without a render node.
pub(super) fn something_else_works(report: &Report) -> bool {
    questions::some_gpu_opens(report) || questions::v4l2_encoder_opens(report)
}

fn missing(report: &Report) -> Finding {
    let gpus: Vec<_> = report.machine.displays.iter().map(|display| display.hardware.label()).collect();
    let finding = if questions::in_container(report) && vm::passthrough(report).level != Level::Ok {
        Finding::problem("there is no /dev/dri in this container", NEEDED)
            .plainly("there is no GPU in this virtual machine")
            .say("see vm.passthrough; the container comes after it")
    } else if questions::in_container(report) {
        Finding::problem("there is no /dev/dri in this container", NEEDED)
            .plainly("this container was given no GPU")
            .steps(container::give_gpu(report))
            .say(SNIPPET)
            .say(SOFTWARE)
    } else if vm::passthrough(report).level != Level::Ok {
        Finding::problem("there is no /dev/dri in this virtual machine", NEEDED)
            .plainly("there is no GPU in this virtual machine")
            .say("see vm.passthrough")
    } else if gpus.is_empty() {
        Finding::problem("there is no /dev/dri, and no GPU on PCI", NEEDED)
            .plainly("this machine has no GPU")
            .say("add a GPU that can encode")
            .say(SOFTWARE)
    } else {
        Finding::problem("there is no /dev/dri", NEEDED)
            .plainly("no driver has made a node for the GPU")
            .say("no driver has made a node: see module.missing, and `sudo dmesg | grep -iE 'drm|gpu'`")
    };
    finding.unless(something_else_works(report)).evidences(gpus)
}

/// What becomes of a first node that is not renderD128: programs that take that name blindly find nothing.
fn first(nodes: &[&RenderNode]) -> &'static str {
    if nodes.first().is_some_and(|node| node.minor > FIRST_MINOR) {
        "; that the numbers do not begin with 128 is no fault"
    } else {
        ""
    }
}

fn words(node: &RenderNode) -> String {
    match &node.hardware {
        Some(hardware) => format!("{} ({})", node.name, hardware.label()),
        None => node.name.clone(),
    }
}

pub(super) fn dri_empty(report: &Report) -> Finding {
    let drm = &report.machine.drm;
    let (here, elsewhere): (Vec<_>, Vec<_>) = drm.render_nodes.iter().partition(|node| node.file.is_some());
    let names = |nodes: &[&RenderNode]| nodes.iter().map(|node| words(node)).collect::<Vec<_>>().join(", ");
    if !here.is_empty() {
        return Finding::ok(format!("{}{}", names(&here), first(&here)));
    }
    if matches!(drm.directory, Directory::Missing | Directory::Unreadable(_)) {
        return Finding::not_needed("nothing to look into");
    }
    if !needs_render_node(report) {
        return Finding::ok("none, and the NVIDIA GPU needs none");
    }
    let finding = if let Some(node) = elsewhere.first() {
        let seen = if questions::in_container(report) {
            "no render node was given to this container"
        } else {
            "the kernel has a render node that is not in /dev/dri"
        };
        Finding::problem(seen, NEEDED).plainly(seen).steps(make_node(report, node))
    } else if questions::in_container(report) {
        Finding::problem("/dev/dri holds no render node", NEEDED)
            .plainly("this container was given no GPU that can encode")
            .steps(container::give_gpu(report))
            .say(SNIPPET)
    } else {
        Finding::problem("/dev/dri holds no render node", NEEDED)
            .plainly("the only GPU here drives a display and cannot encode")
            .say("the driver only drives a display, as on server boards and under `nomodeset`: see module.missing")
    };
    let known = elsewhere.iter().map(|node| format!("known to the kernel: {}", words(node)));
    finding
        .unless(something_else_works(report))
        .evidence(format!("in the directory: {}", drm.entries.join(" ")))
        .evidences(known)
}

/// Nodes that are there and refuse for another reason than permission.
pub(super) fn dead(report: &Report) -> Finding {
    let dead: Vec<_> = refused::gpus(report).filter(|node| !node.by_permission()).collect();
    let Some(first) = dead.first() else { return Finding::ok("none") };
    let render = report.machine.drm.render_nodes.iter().find(|node| node.path == first.path);
    let name = render.map_or_else(|| first.name(), words);
    Finding::problem(format!("{name} does not open: {}", first.seen()), first.why(report))
        .plainly(format!("the GPU's node ({}) leads nowhere", first.name()))
        .unless(questions::some_gpu_opens(report))
        .steps(first.steps(report))
        .evidences(dead.iter().map(|node| node.evidence()))
}

/// How a node that only the kernel knows comes into `/dev/dri`.
pub(super) fn make_node(report: &Report, node: &RenderNode) -> Vec<Step> {
    if questions::in_container(report) {
        container::give_device(report, Family::Render, &node.path)
    } else {
        vec![Step::Run(questions::as_root(report, "udevadm trigger --subsystem-match=drm"))]
    }
}

/// How `/dev/dri` can be listed.
pub(super) fn make_listable(report: &Report) -> Vec<Step> {
    vec![Step::Run(questions::as_root(report, "chmod 755 /dev/dri"))]
}
