//! NVENC: the driver's age, and what a container is given of it.

use crate::error::Code;
use crate::probe::Report;

use super::container;
use super::finding::{Finding, Step};
use super::install::NVIDIA_DRIVER;
use super::{library, questions, trouble};

/// `video` is no default capability (NVIDIA Container Toolkit, "Driver Capabilities").
pub(super) fn capability(report: &Report) -> Finding {
    let here = report.machine.nvidia.is_present() && questions::in_container(report);
    if !here || report.loads("libnvidia-encode.so.1") != Some(false) {
        return Finding::not_needed("no container that lacks NVIDIA's encoding library");
    }
    let value = report.machine.system.variables.get("NVIDIA_DRIVER_CAPABILITIES");
    let words: Vec<&str> = value.map(|value| value.split(',').map(str::trim).collect()).unwrap_or_default();
    let asked = words.contains(&"video") || words.contains(&"all");
    let seen = if asked {
        "the capability `video` is asked for, and the encoding library is not here"
    } else {
        "this container was not given the driver capability `video`"
    };
    Finding::problem(seen, "the encoding library is the host's, and comes with that capability alone, which is no default")
        .plainly("this container was given the NVIDIA GPU without its encoding library")
        .unless(library::another_vendor(report))
        .steps(if asked {
            vec![Step::Say(
                "install libnvidia-encode on the host, of the same version as the driver, and start the container anew"
                    .into(),
            )]
        } else {
            container::give_nvidia(report)
        })
        .evidences(value.map(|value| format!("NVIDIA_DRIVER_CAPABILITIES={value}")))
}

pub(super) fn driver_too_old(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::DriverTooOld]);
    if found.is_empty() {
        return Finding::not_needed("no driver was found too old");
    }
    let finding = Finding::problem(
        format!("{}: the driver is older than what this FFmpeg was built for", trouble::names(&found)),
        "FFmpeg asks for the version of NVENC that it was built with, and an older driver does not have it",
    )
    .plainly("NVIDIA's driver is older than this FFmpeg needs");
    let finding = if questions::in_container(report) {
        finding.say("the driver is the host's: install a newer one there, and start the container anew")
    } else {
        finding
            .steps(NVIDIA_DRIVER.steps(report))
            .say("then restart, so that the kernel has the new one, too")
    };
    let finding = finding.say("or use an FFmpeg that was built with older nv-codec-headers");
    let nvml = report.nvml.as_ref().and_then(|nvml| nvml.driver_version.clone());
    let version = nvml.or_else(|| report.machine.nvidia.driver_version.clone());
    trouble::finding(report, &found, finding).evidences(version.map(|version| format!("driver {version}")))
}
