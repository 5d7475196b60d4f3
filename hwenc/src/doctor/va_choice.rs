//! Which VA-API driver libva takes, where there are several: Intel has two that share its GPUs out between them.

use crate::device::vendor;
use crate::probe::{Report, VaDriver};

use super::finding::{Finding, Step};
use super::intel::Generation;
use super::{questions, vaapi};

const VARIABLE: &str = "LIBVA_DRIVER_NAME";
const INTEL: [&str; 2] = ["iHD", "i965"];

/// The driver that was used: by its own words, else by the variable that chooses it, else the only one that is installed.
fn used<'a>(report: &'a Report, driver: &'a VaDriver) -> Option<&'a str> {
    let said = driver.vendor.as_deref().unwrap_or_default();
    let spoke = INTEL.into_iter().find(|name| said.contains(name));
    let variable = report.machine.system.variables.get(VARIABLE).map(String::as_str);
    let intel = questions::vendor_of(report, &driver.node) == Some(vendor::INTEL);
    let installed: Vec<&str> = INTEL.into_iter().filter(|name| intel && is_installed(report, name)).collect();
    let only = if let [one] = installed[..] { Some(one) } else { None };
    driver.name.as_deref().or(spoke).or(variable).or(only)
}

fn is_installed(report: &Report, name: &str) -> bool {
    report.machine.system.va_drivers.iter().any(|file| file.name == name)
}

/// Another driver of the node that starts and encodes more.
fn better<'a>(report: &'a Report, driver: &VaDriver) -> Option<&'a VaDriver> {
    let count = |driver: &VaDriver| {
        let usable = driver.error.is_none() && driver.lost.is_none();
        driver.entries.iter().filter(|entry| usable && entry.encodes()).count()
    };
    let others =
        report.va_others.iter().filter(|other| other.node == driver.node && count(other) > count(driver));
    others.max_by_key(|other| count(other))
}

/// What is taken, and what should be.
struct Choice<'a> {
    driver: &'a VaDriver,
    used: Option<&'a str>,
    wanted: &'a str,
    why: &'static str,
}

/// The driver that a GPU cannot do without, where another was used, and why.
fn needed(report: &Report, driver: &VaDriver, used: &str) -> Option<(&'static str, &'static str)> {
    const OTHERS: &str = "that driver is for GPUs of another maker";
    match questions::vendor_of(report, &driver.node)? {
        vendor::INTEL if !INTEL.contains(&used) => {
            let wanted = vaapi::generation(report, driver).and_then(Generation::driver);
            Some((wanted.unwrap_or("iHD"), OTHERS))
        }
        vendor::INTEL => match vaapi::generation(report, driver)?.driver()? {
            wanted if wanted == used => None,
            "iHD" => Some(("iHD", "i965 ends with the GPUs of 2019, and newer ones need iHD")),
            wanted => Some((wanted, "iHD begins with Broadwell, and older GPUs need i965")),
        },
        vendor::AMD if INTEL.contains(&used) || used == "nvidia" => Some(("radeonsi", OTHERS)),
        _ => None,
    }
}

fn choice<'a>(report: &'a Report, driver: &'a VaDriver) -> Option<Choice<'a>> {
    let used = used(report, driver);
    if let Some((wanted, why)) = used.and_then(|used| needed(report, driver, used)) {
        return Some(Choice { driver, used, wanted, why });
    }
    let wanted = better(report, driver)?.name.as_deref()?;
    // By itself libva may not come to the one that starts when it is named.
    let used = used.filter(|used| *used != wanted);
    let why = if driver.error.is_some() {
        "another driver that is installed starts, and encodes"
    } else {
        "another driver that is installed encodes more on this GPU"
    };
    Some(Choice { driver, used, wanted, why })
}

pub(super) fn wrong(report: &Report) -> Finding {
    if report.va.is_empty() {
        return Finding::not_needed("no node whose driver could be asked");
    }
    let Some(Choice { driver, used, wanted, why }) =
        report.va.iter().find_map(|driver| choice(report, driver))
    else {
        return Finding::ok("it fits the GPU");
    };
    let gpu = vaapi::label(report, driver);
    let seen = match used {
        Some(used) => format!("libva takes {used} for {gpu}, which needs {wanted}"),
        None => format!("libva does not take {wanted} for {gpu}, which needs it"),
    };
    Finding::problem(seen, why)
        .plainly("the GPU is driven by the wrong video driver")
        .unless(vaapi::another_encodes(report))
        .steps(steps(report, wanted))
        .evidences(report.va.iter().chain(&report.va_others).map(vaapi::line))
}

fn steps(report: &Report, wanted: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let known = report.va_others.iter().any(|other| other.name.as_deref() == Some(wanted));
    if !known && !is_installed(report, wanted) {
        steps.extend(vaapi::install(report, wanted));
    }
    if report.machine.system.variables.get(VARIABLE).is_some_and(|value| value != wanted) {
        steps.push(Step::Run(format!("unset {VARIABLE}")));
        steps.push(Step::Say(format!(
            "and take {VARIABLE} out of where it is set: the profile, the unit, the container"
        )));
    } else {
        steps.push(Step::Run(format!("export {VARIABLE}={wanted}")));
    }
    steps
}
