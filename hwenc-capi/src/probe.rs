//! Probing this machine, and deciding for it.

use std::ffi::c_char;
use std::time::Duration;

use hwenc::Request;
use hwenc::probe::{Isolation, Prober};

use crate::arguments::{self, grows};
use crate::boundary;
use crate::decision::{DecisionObject, hwenc_decision};
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::report::{ReportObject, hwenc_report};
use crate::request::{self, hwenc_request};
use crate::status::hwenc_status;

/// Asks anew, whatever the cache says.
pub const HWENC_PROBE_REFRESH: u32 = 1;
/// Drivers are asked in this process, where they may hang or crash it. Only for debugging them.
pub const HWENC_PROBE_NO_ISOLATION: u32 = 2;
/// Tries also what never ended when it was last tried, perhaps because it took the machine down.
pub const HWENC_PROBE_QUARANTINED: u32 = 4;
/// Keeps nothing on disk.
pub const HWENC_PROBE_NO_CACHE: u32 = 8;

const FLAGS: u32 =
    HWENC_PROBE_REFRESH | HWENC_PROBE_NO_ISOLATION | HWENC_PROBE_QUARANTINED | HWENC_PROBE_NO_CACHE;

/// How to probe. Zeros behind struct_size are the defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_probe_options {
    /// sizeof(hwenc_probe_options)
    pub struct_size: usize,
    /// HWENC_PROBE_..., or 0.
    pub flags: u32,
    /// How long a driver may take for one answer, in milliseconds; 0: ten seconds.
    pub deadline_ms: u32,
    /// Where reports are kept; NULL: the user's cache.
    pub cache_dir: *const c_char,
    /// hwenc_probe() tries what answers for this request, software too; NULL: every codec at 1280x720. hwenc_choose() takes its own
    /// request, and refuses one here.
    pub request: *const hwenc_request,
}

grows!(hwenc_probe_options, size_of::<hwenc_probe_options>());

/// # Safety
/// NULL, or what the header says.
unsafe fn prober(options: *const hwenc_probe_options) -> Result<(Prober, Option<Request>), Failure> {
    let prober = Prober::new();
    if options.is_null() {
        return Ok((prober, None));
    }
    // SAFETY: the caller's word.
    let options = unsafe { arguments::read(options)? };
    if options.flags & !FLAGS != 0 {
        return Err(Failure::argument("options have flags that this version of hwenc does not know"));
    }
    let on = |flag: u32| options.flags & flag != 0;
    let mut prober = prober.refresh(on(HWENC_PROBE_REFRESH)).quarantined(on(HWENC_PROBE_QUARANTINED));
    if on(HWENC_PROBE_NO_ISOLATION) {
        prober = prober.isolation(Isolation::None);
    }
    if options.deadline_ms > 0 {
        prober = prober.deadline(Duration::from_millis(options.deadline_ms.into()));
    }
    if !options.cache_dir.is_null() {
        // SAFETY: the caller's word.
        prober = prober.cache_dir(Some(unsafe { arguments::path(options.cache_dir, "cache_dir")? }));
    }
    if on(HWENC_PROBE_NO_CACHE) {
        prober = prober.cache_dir(None);
    }
    let request = if options.request.is_null() { None } else { Some(request::get(options.request)?) };
    Ok((prober, request))
}

/// Looks at this machine and tries encoders, in a helper process where there is one. `options` may be NULL. It may take seconds where
/// the cache knows nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_probe(
    options: *const hwenc_probe_options,
    report: *mut *mut hwenc_report,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(report, "report")?;
            let (mut prober, request) = prober(options)?;
            let report = match request {
                Some(request) => prober.probe_for(&request)?,
                None => prober.probe()?,
            };
            out.put(ReportObject(report.clone()));
            Ok(())
        })
    }
}

/// Decides which encoder to take on this machine, after trying what the request needs and nobody tried before. `options` may be NULL.
/// Where none will do, the error has every candidate and its reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_choose(
    request: *const hwenc_request,
    options: *const hwenc_probe_options,
    decision: *mut *mut hwenc_decision,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(decision, "decision")?;
            let request = request::get(request)?;
            let (mut prober, other) = prober(options)?;
            if other.is_some() {
                return Err(Failure::argument("options name another request"));
            }
            out.put(DecisionObject::new(prober.ensure(&request)?));
            Ok(())
        })
    }
}
