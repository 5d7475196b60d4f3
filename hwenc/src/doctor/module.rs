//! GPUs that no kernel driver has.

use crate::device::{Display, PciId, vendor};
use crate::probe::Report;

use super::finding::{Finding, Step};
use super::install::{AMD_FIRMWARE, NVIDIA_DRIVER};
use super::questions;

/// The kernel modules for a vendor's GPUs. Other vendors' display controllers have no encoder.
const MODULES: &[(PciId, &str)] = &[
    (vendor::INTEL, "modprobe i915"),
    (vendor::AMD, "modprobe amdgpu"),
    (vendor::NVIDIA, "modprobe nvidia"),
];

/// Drivers that hold a device for a virtual machine.
pub(super) const PASSED_ON: &[&str] = &["vfio-pci", "pci-stub", "xen-pciback"];

pub(super) fn missing(report: &Report) -> Finding {
    let gpus: Vec<(&Display, &str)> = report.machine.displays.iter().filter_map(with_module).collect();
    let held = |driver: Option<&str>| driver.is_some_and(|name| PASSED_ON.contains(&name));
    let bare: Vec<_> = gpus.iter().filter(|(gpu, _)| gpu.hardware.driver.is_none()).collect();
    let given: Vec<_> = gpus.iter().filter(|(gpu, _)| held(gpu.hardware.driver.as_deref())).collect();
    let words = |gpu: &Display| gpu.hardware.label();
    let shown = |gpu: &Display| {
        format!("{} {}: driver {}", gpu.address, words(gpu), gpu.hardware.driver.as_deref().unwrap_or("none"))
    };
    let evidence = gpus.iter().map(|(gpu, _)| shown(gpu));
    let finding = if let Some((gpu, modprobe)) = bare.first() {
        let steps = if questions::in_container(report) {
            vec![Step::Say(format!("on the host, not in the container: sudo {modprobe}"))]
        } else {
            vec![Step::Run(questions::as_root(report, modprobe))]
        };
        Finding::problem(
            format!("no kernel driver has the {}", words(gpu)),
            "without its driver a GPU has no node, and nothing can use it",
        )
        .plainly(format!("the driver of the GPU ({}) is not loaded", words(gpu)))
        .unless(questions::some_gpu_opens(report))
        .steps(steps)
        .steps(hints(report, gpu))
    } else if let Some((gpu, _)) = given.first().filter(|_| given.len() == gpus.len()) {
        Finding::problem(
            format!("the {} is held for virtual machines", words(gpu)),
            "what is passed through to a guest cannot be used on the host",
        )
        .plainly("the GPU is kept for virtual machines")
        .unless(questions::some_gpu_opens(report))
        .say("run hwenc in the guest, or give the device back to its own driver")
    } else {
        let names: Vec<_> = gpus.iter().map(|(gpu, _)| words(gpu)).collect();
        let seen = if names.is_empty() { "no GPU on PCI".to_owned() } else { names.join(", ") };
        Finding::ok(seen)
    };
    finding.evidences(evidence)
}

fn with_module(display: &Display) -> Option<(&Display, &'static str)> {
    let vendor = display.hardware.vendor?;
    MODULES.iter().find(|(id, _)| *id == vendor).map(|(_, modprobe)| (display, *modprobe))
}

/// What usually keeps the driver away.
fn hints(report: &Report, gpu: &Display) -> Vec<Step> {
    let mut steps = Vec::new();
    if report.machine.system.nomodeset {
        steps.push(Step::Say("the kernel was started with `nomodeset`: remove it and restart".into()));
    }
    match gpu.hardware.vendor {
        Some(vendor::INTEL) => {
            steps.push(Step::Say("the newest GPUs are driven by `xe` in place of `i915`".into()));
            steps.push(Step::Say(
                "a kernel that is older than the GPU does not know it: install a newer one".into(),
            ));
        }
        Some(vendor::AMD) => steps.extend(AMD_FIRMWARE.steps(report)),
        Some(vendor::NVIDIA) => steps.extend(NVIDIA_DRIVER.steps(report)),
        _ => {}
    }
    if report.machine.system.kernel.as_deref().is_some_and(|release| release.contains("cloud")) {
        steps.push(Step::Say("cloud kernels are built without GPU drivers: install the general one".into()));
    }
    steps
}
