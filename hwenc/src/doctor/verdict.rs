//! The first lines: whether an encoder works here, and what to do first where none does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backend;
use crate::probe::Report;

use super::finding::{Level, Step};
use super::{Outcome, questions, vaapi};

/// An encoder that a trial has shown to work.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Working {
    /// libavcodec's name.
    pub encoder: String,
    /// Node or index; none for the CPU.
    pub device: Option<String>,
}

/// What all the findings come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// Ok where a hardware encoder works; a warning where none was tried; else a problem.
    pub level: Level,
    /// One or two sentences for anybody.
    pub text: String,
    /// What to do first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Step>,
    /// Hardware encoders that trials have shown to work.
    pub works: Vec<Working>,
}

/// How many steps stand at the top; all of them stand below the check.
const FIRST_STEPS: usize = 2;

pub(super) fn of(report: &Report, checks: &[Outcome]) -> Verdict {
    let mut works: Vec<Working> = questions::verified(report)
        .map(|tried| Working { encoder: tried.trial.encoder.clone(), device: tried.trial.device.clone() })
        .collect();
    works.sort();
    works.dedup();
    if !works.is_empty() {
        let warnings = checks.iter().filter(|outcome| outcome.finding.level == Level::Warning).count();
        let more = match warnings {
            0 => "",
            1 => " One thing could be better: see the line with ! below.",
            _ => " Some things could be better: see the lines with ! below.",
        };
        return Verdict { level: Level::Ok, text: format!("{}{more}", working(&works)), fix: vec![], works };
    }
    match cause(checks) {
        Some(outcome) => blocked(report, outcome),
        None => untried(report),
    }
}

/// Such as `h264_vaapi and hevc_vaapi work on /dev/dri/renderD128.`
fn working(works: &[Working]) -> String {
    let mut devices: BTreeMap<&Option<String>, Vec<&str>> = BTreeMap::new();
    for Working { encoder, device } in works {
        devices.entry(device).or_default().push(encoder);
    }
    let clause = |(device, encoders): (&Option<String>, Vec<&str>)| {
        let verb = if encoders.len() == 1 { "works" } else { "work" };
        let place = device.as_ref().map_or_else(String::new, |device| format!(" on {device}"));
        format!("{} {verb}{place}", list(&encoders))
    };
    format!("{}.", devices.into_iter().map(clause).collect::<Vec<_>>().join("; "))
}

fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The problem that stands first in the way. That FFmpeg lacks encoders matters once there is a device for them; a check
/// that points at another is none.
fn cause(checks: &[Outcome]) -> Option<&Outcome> {
    let problems = || checks.iter().filter(|outcome| outcome.finding.level == Level::Problem);
    let points = |outcome: &&Outcome| matches!(&outcome.finding.fix[..], [Step::Say(text)] if text.starts_with("see "));
    let mut devices =
        problems().filter(|outcome| outcome.category != "FFmpeg").filter(|outcome| !points(outcome));
    devices.next().or_else(|| problems().next())
}

fn blocked(report: &Report, outcome: &Outcome) -> Verdict {
    let finding = &outcome.finding;
    let why = if finding.plain.is_empty() { &finding.seen } else { &finding.plain };
    let mut fix: Vec<Step> = finding.fix.iter().take(FIRST_STEPS).cloned().collect();
    if let Some(software) = software(report).filter(|_| !fix.iter().any(speaks_of_software)) {
        fix.push(Step::Say(software));
    }
    Verdict {
        level: Level::Problem,
        text: format!("No hardware encoder works here: {why}."),
        fix,
        works: Vec::new(),
    }
}

fn speaks_of_software(step: &Step) -> bool {
    matches!(step, Step::Say(text) if text.contains("--fallback software"))
}

/// What the CPU can do in the meantime: what a trial has shown, else what is compiled in; H.264, which everything plays,
/// before others.
fn software(report: &Report) -> Option<String> {
    let on_cpu = |name: &&str| backend::of_encoder(name).is_some_and(|(backend, _)| !backend.hardware);
    let tried = report.trials.iter().filter(|tried| tried.outcome.proof().is_some());
    let tried: Vec<&str> = tried.map(|tried| tried.trial.encoder.as_str()).filter(on_cpu).collect();
    let compiled = report.ffmpeg.encoders.iter().map(String::as_str).filter(on_cpu);
    let names: Vec<&str> = if tried.is_empty() { compiled.collect() } else { tried };
    let name = names.iter().find(|name| name.contains("264")).or(names.first())?;
    Some(format!("until then the processor can do it ({name}): `hwenc transcode … --fallback software`"))
}

fn untried(report: &Report) -> Verdict {
    let opened: Vec<&str> =
        report.bare.iter().filter(|bare| bare.refused.is_none()).map(|bare| bare.encoder.as_str()).collect();
    let va = report.va.iter().any(vaapi::encodes);
    let board = !va && !questions::nvidia_works(report) && questions::v4l2_encoder_opens(report);
    let (text, step) = if board {
        let text =
            "A V4L2 encoder is here, but this version of hwenc does not use such encoders yet.".to_owned();
        (text, "use a newer hwenc where there is one")
    } else if !opened.is_empty() && questions::hardware_trials(report).count() == 0 {
        let verb = if opened.len() == 1 { "opens" } else { "open" };
        let text = format!(
            "{} {verb} here, but this version of hwenc does not use such encoders yet.",
            list(&opened)
        );
        (text, "use a newer hwenc where there is one")
    } else {
        let text = "Nothing that can be seen stands in the way of a hardware encoder, but none was tried."
            .to_owned();
        (text, "`hwenc probe` tries every encoder, and says which ones work")
    };
    Verdict { level: Level::Warning, text, fix: vec![Step::Say(step.to_owned())], works: Vec::new() }
}
