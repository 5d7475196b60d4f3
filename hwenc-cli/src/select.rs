//! `hwenc select`

use std::path::Path;

use hwenc::probe::{Prober, Report};
use hwenc::{Codec, Error, Fallback, Request, Result};

use crate::args::SelectArgs;
use crate::{parse, say};

pub(crate) fn run(args: &SelectArgs) -> Result<u8> {
    let (width, height) = parse::size(&args.size)?;
    let mut request = Request::new(args.codec.parse::<Codec>()?, width, height)
        .fps(parse::rate(&args.fps)?)
        .bit_depth(parse::number(&args.bit_depth, "the bit depth", "8 or 10")?)
        .fallback(args.fallback.parse::<Fallback>()?);
    request.encoder = parse::encoder(&args.encoder);
    request.device.clone_from(&args.device);
    request.validate()?;
    let decision = match args.input.as_deref() {
        Some(path) => saved(path)?.select(&request)?.decided()?,
        None => Prober::new().ensure(&request)?,
    };
    if args.json {
        say::json(&decision)?
    } else {
        say::out(if args.verbose { format!("{decision:#}") } else { decision.to_string() })?
    }
    Ok(0)
}

/// A saved report, or one of this machine with everything tried.
pub(crate) fn report(saved_at: Option<&Path>) -> Result<Report> {
    match saved_at {
        Some(path) => saved(path),
        None => Prober::new().probe().cloned(),
    }
}

pub(crate) fn saved(path: &Path) -> Result<Report> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        let code = match e.kind() {
            std::io::ErrorKind::NotFound => hwenc::Code::InputMissing,
            std::io::ErrorKind::PermissionDenied => hwenc::Code::InputPermission,
            std::io::ErrorKind::IsADirectory => hwenc::Code::InputIsDirectory,
            _ => hwenc::Code::ReportInvalid,
        };
        Error::new(code, format!("the report {} cannot be read: {e}", path.display()))
    })?;
    Report::from_json(&text).map_err(|e| e.context(path.display()))
}
