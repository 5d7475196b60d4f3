//! `hwenc doctor`

use hwenc::Result;
use hwenc::doctor::{self, CHECKS, Snippet, run_all};

use crate::args::DoctorArgs;
use crate::say;

/// Exit code: problems were found.
const PROBLEMS: u8 = 4;

pub(crate) fn run(args: &DoctorArgs) -> Result<u8> {
    if args.list_checks {
        for check in CHECKS {
            say::out(format_args!("{:24} {}: {}", check.id, check.category, check.title))?;
        }
        return Ok(0);
    }
    let snippet = args.snippet.as_deref().map(str::parse::<Snippet>).transpose()?;
    let report = crate::select::report(args.input.as_deref())?;
    if let Some(kind) = snippet {
        say::out(doctor::snippet(&report, kind)?.trim_end())?;
        return Ok(0);
    }
    let diagnosis = run_all(&report, args.check.as_deref())?;
    if args.json {
        // What goes to somebody else names no path or version unless that is asked for.
        say::json(&if args.verbose { diagnosis.clone() } else { diagnosis.clone().without_evidence() })?
    } else {
        say::out(diagnosis.render(args.verbose).trim_end())?
    }
    Ok(if diagnosis.has_problems() { PROBLEMS } else { 0 })
}
