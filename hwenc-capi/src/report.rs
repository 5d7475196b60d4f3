//! Reports: what a machine has, to be asked here or elsewhere, and what the doctor says of it.

use std::ffi::c_char;

use hwenc::doctor::{self, Diagnosis};
use hwenc::probe::{Format, Report};

use crate::arguments;
use crate::boundary;
use crate::decision::{DecisionObject, hwenc_decision};
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::request::{self, hwenc_request};
use crate::status::hwenc_status;

/// What a machine has, and what works there.
pub struct hwenc_report(());

pub(crate) struct ReportObject(pub(crate) Report);

object!(ReportObject, hwenc_report, "report", 5);

/// Adds evidence, which may name paths and versions of the machine, and what does not concern it.
pub const HWENC_VERBOSE: u32 = 1;

/// The flag is set; refuses others.
pub(crate) fn verbose(flags: u32) -> Result<bool, Failure> {
    match flags {
        0 => Ok(false),
        HWENC_VERBOSE => Ok(true),
        _ => Err(Failure::argument("flags are HWENC_VERBOSE or 0")),
    }
}

/// Reads a report of any machine, as `hwenc probe --json` writes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_from_json(
    json: *const c_char,
    report: *mut *mut hwenc_report,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(report, "report")?;
            out.put(ReportObject(Report::from_json(arguments::text(json, "json")?)?));
            Ok(())
        })
    }
}

/// The report as JSON, indented.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_to_json(
    report: *const hwenc_report,
    json: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(json, "json")?;
            out.text(&handle::find::<ReportObject>(report)?.0.to_json());
            Ok(())
        })
    }
}

/// The report as other programs want it: "json", "nfd", "k8s", "dask" or "compose", as `hwenc probe --format`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_format(
    report: *const hwenc_report,
    format: *const c_char,
    text: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(text, "text")?;
            let format: Format = arguments::text(format, "format")?.parse()?;
            out.text(&handle::find::<ReportObject>(report)?.0.to_format(format)?);
            Ok(())
        })
    }
}

/// A piece of configuration that hands the devices of the report on: "docker", "compose", "kubernetes", "proxmox-lxc" or
/// "proxmox-vm", as `hwenc doctor --snippet`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_snippet(
    report: *const hwenc_report,
    kind: *const c_char,
    text: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(text, "text")?;
            let kind: doctor::Snippet = arguments::text(kind, "kind")?.parse()?;
            out.text(&doctor::snippet(&handle::find::<ReportObject>(report)?.0, kind)?);
            Ok(())
        })
    }
}

/// Decides by the report alone, of whatever machine it is; nothing is opened. HWENC_ERROR_SELECT_NEEDS_TRIALS where something would
/// have to be tried first, which hwenc_choose() does for this machine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_select(
    report: *const hwenc_report,
    request: *const hwenc_request,
    decision: *mut *mut hwenc_decision,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(decision, "decision")?;
            let report = handle::find::<ReportObject>(report)?;
            let decided = report.0.select(&request::get(request)?)?.decided()?;
            out.put(DecisionObject::new(decided));
            Ok(())
        })
    }
}

/// # Safety
/// `check` is NULL or a string.
unsafe fn diagnose(report: *const hwenc_report, check: *const c_char) -> Result<Diagnosis, Failure> {
    // SAFETY: the caller's word.
    let check = unsafe { arguments::optional_text(check, "check")? };
    Ok(doctor::run_all(&handle::find::<ReportObject>(report)?.0, check)?)
}

/// What stands in the way of hardware encoding and what fixes it, as text for a terminal. `check` names one check, NULL all of them.
/// `flags` is HWENC_VERBOSE or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_doctor_text(
    report: *const hwenc_report,
    check: *const c_char,
    flags: u32,
    text: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(text, "text")?;
            let verbose = verbose(flags)?;
            out.text(&diagnose(report, check)?.render(verbose));
            Ok(())
        })
    }
}

/// The same as JSON: the verdict, and each check with its level ("ok", "warning", "problem"). Evidence only with HWENC_VERBOSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_doctor_json(
    report: *const hwenc_report,
    check: *const c_char,
    flags: u32,
    json: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(json, "json")?;
            let verbose = verbose(flags)?;
            let diagnosis = diagnose(report, check)?;
            let diagnosis = if verbose { diagnosis } else { diagnosis.without_evidence() };
            out.text(&serde_json::to_string_pretty(&diagnosis).map_err(plain_data)?);
            Ok(())
        })
    }
}

/// How many problems the doctor finds: things that stand in the way of every GPU. 0 is good.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_report_problems(
    report: *const hwenc_report,
    problems: *mut u32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::number(problems, "problems")?;
            out.set(diagnose(report, std::ptr::null())?.count(doctor::Level::Problem) as u32);
            Ok(())
        })
    }
}

/// Frees a report. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_report_free(report: *mut hwenc_report) -> hwenc_status {
    boundary::free(|| handle::free::<ReportObject>(report))
}

/// What has no map with keys that are no strings always becomes JSON.
pub(crate) fn plain_data(error: serde_json::Error) -> Failure {
    hwenc::Error::new(hwenc::Code::Internal, "it could not be written as JSON")
        .with_evidence(error.to_string())
        .into()
}
