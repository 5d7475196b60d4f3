//! Virtual machines: a GPU has to be passed through to them, for which the host needs an IOMMU.

use crate::device::vendor;
use crate::probe::Report;

use super::finding::{Finding, Step};
use super::module::PASSED_ON;
use super::node::{SOFTWARE, something_else_works};
use super::{questions, vaapi};

/// Whether a GPU that could encode is in the machine.
fn has_gpu(report: &Report) -> bool {
    [vendor::INTEL, vendor::AMD, vendor::NVIDIA].iter().any(|vendor| report.machine.has_vendor(*vendor))
        || report.machine.nvidia.is_present()
}

/// A virtual GPU may encode on the host's behalf: by its driver's word, or nobody asked.
fn something_else_encodes(report: &Report) -> bool {
    if report.va.is_empty() { something_else_works(report) } else { vaapi::another_encodes(report) }
}

pub(super) fn passthrough(report: &Report) -> Finding {
    let system = &report.machine.system;
    if !system.virtual_machine {
        return Finding::not_needed("not a virtual machine");
    }
    if has_gpu(report) {
        return Finding::ok("this virtual machine was given a GPU");
    }
    let hypervisor = system.hypervisor.as_deref().filter(|name| *name != "unknown");
    let named = hypervisor.map_or_else(String::new, |name| format!(" ({name})"));
    Finding::problem(
        format!("there is no GPU in this virtual machine{named}"),
        "the display of a virtual machine has no encoder: a real GPU, or a virtual function of one, has to be passed \
         through to it from the host",
    )
    .plainly("there is no GPU in this virtual machine")
    .unless(something_else_encodes(report))
    .steps(steps(hypervisor))
    .say(SOFTWARE)
}

fn steps(hypervisor: Option<&str>) -> Vec<Step> {
    let proxmox = hypervisor.is_none_or(|name| ["KVM", "QEMU"].iter().any(|known| name.contains(known)));
    let steps =
        if proxmox { "; for Proxmox, `hwenc doctor --snippet proxmox-vm` prints the steps" } else { "" };
    vec![
        Step::Say(format!(
            "on a host of your own, switch on the IOMMU (VT-d or AMD-Vi in the firmware) and pass a GPU through to this \
             machine{steps}"
        )),
        Step::Say("in a cloud, take a type of machine that has a GPU".into()),
    ]
}

/// On a host that keeps a GPU for its guests.
pub(super) fn iommu(report: &Report) -> Finding {
    let system = &report.machine.system;
    let held =
        report.machine.displays.iter().any(|display| {
            display.hardware.driver.as_deref().is_some_and(|driver| PASSED_ON.contains(&driver))
        });
    let meant = held || system.kernel_parameters.iter().any(|parameter| parameter.starts_with("vfio-pci."));
    if system.virtual_machine || questions::in_container(report) || !meant {
        return Finding::not_needed("no GPU is kept for virtual machines");
    }
    match system.iommu_groups {
        Some(0) => Finding::warning(
            "the IOMMU is off, and a GPU is kept for virtual machines",
            "without it no device can be passed through to a guest",
        )
        .say("switch on VT-d (Intel) or AMD-Vi (AMD) in the firmware, which some call SVM or IOMMU")
        .say("on Intel, add `intel_iommu=on iommu=pt` to the kernel's parameters, and restart")
        .say("`hwenc doctor --snippet proxmox-vm` prints all steps"),
        Some(_) => Finding::ok("is on"),
        None => Finding::not_needed("the report does not tell"),
    }
}
