//! [`Decision`]: which encoder, and why not the others.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Fallback, Request, rank::preference};
use crate::av::Frame;
use crate::backend::{self, Backend, Offer, Place};
use crate::encode::Session;
use crate::error::{Code, Error, Kind, Reason, Result};
use crate::probe::{Outcome, Proof, Report, Trial, VaEntry};

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is used.
    Chosen,
    /// It would do, and another came first.
    Usable,
    /// By all that is known it would do, and nobody tried it.
    Untried,
    /// It cannot or may not be used.
    Rejected,
}

/// One encoder on one device, and what became of it. `{}` is for anybody; `{:#}` adds the evidence, which may name paths, versions
/// and addresses of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// libavcodec's name.
    pub encoder: String,
    /// Backend: `vaapi`, `qsv`, `cuda`, `vulkan`, `nvmpi`, `v4l2m2m`, `software`.
    pub backend: String,
    /// Node or index; `None` for the CPU, and where no device was found.
    pub device: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, with evidence and remedy. [`Code::Chosen`] for the one that is used.
    pub reason: Reason,
    /// What the VA-API driver offers for the request; `None` on the CPU, and where nothing fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub va: Option<VaEntry>,
    /// What its trial measured; `None` where it did not work or nobody tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// The answer to a request: a decision, or what has to be tried before there can be one.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// One encoder, verified.
    Decision(Box<Decision>),
    /// The best candidates, on which nothing was tried yet that answers for this request.
    /// [`Prober::ensure`](crate::probe::Prober::ensure) does it.
    NeedsTrials(Vec<Trial>),
}

impl Selection {
    /// The decision, where there is one.
    ///
    /// # Errors
    /// [`Code::NeedsTrials`] with what was not tried.
    pub fn decided(self) -> Result<Decision> {
        let trials = match self {
            Selection::Decision(decision) => return Ok(*decision),
            Selection::NeedsTrials(trials) => trials,
        };
        let mut error = Error::new(
            Code::NeedsTrials,
            "this report does not tell: nothing was tried that answers the request",
        );
        if let Some(Trial { request, .. }) = trials.first() {
            let Request { codec, width, height, bit_depth, .. } = request;
            error = error.with_remedy(format!(
                "run `hwenc probe --json --codec {codec} --size {width}x{height} --bit-depth {bit_depth}` on that machine, and ask the new report"
            ));
        }
        Err(trials.iter().fold(error, |error, trial| {
            error.with_evidence(format!(
                "not tried: {}",
                label(&trial.encoder, trial.device.as_deref(), trial.va.as_ref())
            ))
        }))
    }
}

/// The outcome of a request: one encoder, and every candidate with its reason. `Display` is meant for a person; `{:#}` adds the
/// evidence, which may name paths, versions and addresses of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Decision {
    request: Request,
    candidates: Vec<Candidate>,
    chosen: usize,
    fallback_used: bool,
}

/// A decision as somebody wrote it down.
#[derive(Deserialize)]
struct Stored {
    request: Request,
    candidates: Vec<Candidate>,
    chosen: usize,
    fallback_used: bool,
}

impl TryFrom<Stored> for Decision {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { request, candidates, chosen, fallback_used } = stored;
        match candidates.get(chosen) {
            Some(candidate) if candidate.verdict == Verdict::Chosen => {
                Ok(Decision { request, candidates, chosen, fallback_used })
            }
            _ => Err(format!("candidate {chosen} was not chosen")),
        }
    }
}

impl Decision {
    /// The one candidate of a trial, chosen without further question.
    pub(crate) fn of_trial(trial: &Trial) -> Result<Self> {
        let Some((backend, _)) = backend::of_encoder(&trial.encoder) else {
            return Err(super::unknown_encoder(&trial.encoder));
        };
        let candidate = Candidate {
            encoder: trial.encoder.clone(),
            backend: backend.name.to_owned(),
            device: trial.device.clone(),
            verdict: Verdict::Chosen,
            reason: Reason::new(Code::Chosen, "it is tried"),
            va: trial.va.clone(),
            proof: None,
        };
        let request = trial.request.clone();
        Ok(Decision { request, candidates: vec![candidate], chosen: 0, fallback_used: false })
    }

    /// What was asked for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Every candidate, in the order in which they were considered.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The one that is used.
    pub fn chosen(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }

    /// It is used because the request's fallback policy allows it, and nothing better works.
    pub fn fallback_used(&self) -> bool {
        self.fallback_used
    }

    /// Opens the encoder as it was decided.
    ///
    /// # Errors
    /// [`Code::EncoderOpenFailed`], [`Code::OptionUnknown`], [`Code::OptionInvalid`], [`Code::OutOfMemory`].
    pub fn open(self) -> Result<Session> {
        Session::open(self, None)
    }

    /// Opens the encoder for pictures like this one. Where it lives on a device, so will the session, and pictures of
    /// that pool are coded without a copy.
    ///
    /// # Errors
    /// As [`Decision::open`]; [`Code::PictureInvalid`] for a picture on a device that the encoder cannot reach.
    pub fn open_for(self, picture: &Frame) -> Result<Session> {
        Session::open(self, Some(picture))
    }
}

/// Decides. Every encoder of the codec is a candidate; the first in the order of preference that was verified and may be used is
/// taken, once everything that comes before it was tried.
pub(crate) fn decide(report: &Report, request: &Request) -> Result<Selection> {
    request.validate()?;
    let mut candidates = candidates(report, request);
    let order = preference(report, request, &candidates);
    let chosen = order.iter().copied().find(|&i| candidates[i].verdict == Verdict::Usable);
    let before = order.iter().copied().take_while(|&i| Some(i) != chosen);
    let untried: Vec<usize> = before.filter(|&i| candidates[i].verdict == Verdict::Untried).collect();
    if let Some(&first) = untried.first() {
        // Software is tried only when it comes to that, one encoder after the other.
        let hardware = |i: &usize| is_hardware(&candidates[*i]);
        let wanted =
            if hardware(&first) { untried.iter().copied().filter(hardware).collect() } else { vec![first] };
        return Ok(Selection::NeedsTrials(wanted.iter().map(|&i| trial(&candidates[i], request)).collect()));
    }
    let Some(chosen) = chosen else { return Err(none(request, candidates)) };

    let hardware = is_hardware(&candidates[chosen]);
    let explicit = request.encoder.is_some();
    let fallback_used = !hardware && !explicit;
    let winner = candidates[chosen].label();
    for (i, candidate) in candidates.iter_mut().enumerate() {
        if i == chosen {
            candidate.verdict = Verdict::Chosen;
            candidate.reason = Reason::new(Code::Chosen, why(explicit, hardware, &request.fallback));
        } else if matches!(candidate.verdict, Verdict::Usable | Verdict::Untried) {
            candidate.reason = Reason::new(Code::NotNeeded, format!("{winner} comes first"));
        }
    }
    let decision = Decision { request: request.clone(), candidates, chosen, fallback_used };
    Ok(Selection::Decision(Box::new(decision)))
}

/// Every candidate that would do by all that is known, and that nobody tried.
pub(crate) fn untried(report: &Report, request: &Request) -> Vec<Trial> {
    let candidates = candidates(report, request);
    let untried = candidates.iter().filter(|candidate| candidate.verdict == Verdict::Untried);
    untried.map(|candidate| trial(candidate, request)).collect()
}

fn trial(candidate: &Candidate, request: &Request) -> Trial {
    Trial::new(&candidate.encoder, candidate.device.as_deref(), candidate.va.clone(), request)
}

fn why(explicit: bool, hardware: bool, fallback: &Fallback) -> &'static str {
    match (explicit, hardware, fallback) {
        (true, ..) => "the request names it, and a trial of it worked",
        (_, true, _) => "the best hardware encoder whose trial worked",
        (_, _, Fallback::Software) => "no hardware encoder will do, and the request allows software",
        _ => "no hardware encoder will do, and the request names it as an alternative",
    }
}

fn candidates(report: &Report, request: &Request) -> Vec<Candidate> {
    let mut all = Vec::new();
    for backend in backend::ALL {
        for (_, encoder) in backend.encoders.iter().filter(|(codec, _)| *codec == request.codec) {
            for place in (backend.places)(report) {
                let obstacle = policy(request, encoder, place.device.as_deref())
                    .or_else(|| compiled(report, encoder))
                    .or_else(|| place.obstacle.clone());
                let offers = match obstacle {
                    Some(reason) => Err(reason),
                    None => driven(report, backend, request, encoder, &place),
                };
                let offers = offers.and_then(|offers| match allowed(request, backend, encoder) {
                    Some(reason) => Err(reason),
                    None => Ok(offers),
                });
                let candidate = |verdict, reason, va| Candidate {
                    encoder: (*encoder).to_owned(),
                    backend: backend.name.to_owned(),
                    device: place.device.clone(),
                    verdict,
                    reason,
                    va,
                    proof: None,
                };
                match offers {
                    Err(reason) => all.push(candidate(Verdict::Rejected, reason, None)),
                    Ok(offers) => all.extend(offers.into_iter().map(|va| {
                        judged(
                            report,
                            request,
                            candidate(Verdict::Untried, Reason::new(Code::NotNeeded, ""), va),
                        )
                    })),
                }
            }
        }
    }
    all
}

/// The candidate, with what its trial says of it.
fn judged(report: &Report, request: &Request, mut candidate: Candidate) -> Candidate {
    match report.tried(&trial(&candidate, request)).map(|tried| &tried.outcome) {
        None => {}
        Some(Outcome::Verified(proof)) => {
            candidate.verdict = Verdict::Usable;
            candidate.proof = Some(proof.clone());
        }
        Some(Outcome::Failed(reason)) => {
            candidate.verdict = Verdict::Rejected;
            candidate.reason = reason.clone();
        }
    }
    candidate
}

/// The request names another encoder or device.
fn policy(request: &Request, encoder: &str, device: Option<&str>) -> Option<Reason> {
    if let Some(wanted) = request.encoder.as_deref().filter(|wanted| *wanted != encoder) {
        let reason = Reason::new(Code::NotRequested, format!("the request names {wanted}"));
        return Some(reason.remedy(format!("ask for it with `--encoder {encoder}`")));
    }
    // A place without a device is the CPU, or none at all, which has its own reason.
    let (wanted, device) = (request.device.as_deref()?, device?);
    (wanted != Path::new(device)).then(|| {
        Reason::new(Code::NotRequested, format!("the request names the device {}", wanted.display()))
            .remedy(format!("ask for it with `--device {device}`"))
    })
}

fn compiled(report: &Report, encoder: &str) -> Option<Reason> {
    (!report.ffmpeg.encoders.iter().any(|name| name == encoder)).then(|| {
        Reason::new(Code::EncoderNotCompiled, format!("this FFmpeg was built without {encoder}"))
            .evidence(format!("FFmpeg {} ({})", report.ffmpeg.version, report.ffmpeg.license))
    })
}

/// hwenc drives the backend, and the encoder can do what is asked.
fn driven(
    report: &Report,
    backend: &Backend,
    request: &Request,
    encoder: &str,
    place: &Place,
) -> Result<Vec<Offer>, Reason> {
    match &backend.driver {
        None => Err(bare(report, encoder, place).unwrap_or_else(|| backend::not_driven(backend))),
        Some(driver) => (driver.offers)(report, request, encoder, place),
    }
}

/// Why an encoder that hwenc does not drive would not open anyway.
fn bare(report: &Report, encoder: &str, place: &Place) -> Option<Reason> {
    let opened = report.bare.iter().find(|bare| bare.encoder == encoder && bare.device == place.device)?;
    opened.refused.clone()
}

/// A software encoder is used only where the request says so.
fn allowed(request: &Request, backend: &Backend, encoder: &str) -> Option<Reason> {
    let permitted = backend.hardware
        || request.encoder.is_some()
        || match &request.fallback {
            Fallback::Deny => false,
            Fallback::Alternatives(names) => names.iter().any(|name| name == encoder),
            Fallback::Software => true,
        };
    (!permitted).then(|| {
        Reason::new(
            Code::FallbackDenied,
            format!("{encoder} runs on the CPU, and the request allows no such fallback"),
        )
        .remedy(format!("allow it with `--fallback software`, or ask for it with `--encoder {encoder}`"))
    })
}

pub(super) fn is_hardware(candidate: &Candidate) -> bool {
    backend::of_encoder(&candidate.encoder).is_some_and(|(backend, _)| backend.hardware)
}

fn none(request: &Request, candidates: Vec<Candidate>) -> Error {
    // An option that no encoder takes is the caller's mistake, and no machine's.
    if let Some(mistake) = candidates.iter().find(|c| c.reason.code.kind() == Kind::Usage) {
        return Error::from(mistake.reason.clone()).with_candidates(candidates);
    }
    let size = format!("{}x{}", request.width, request.height);
    let text = match &request.encoder {
        Some(name) => format!("{name} cannot be used for {} at {size}", request.codec),
        None => format!("no encoder here satisfies the request for {} at {size}", request.codec),
    };
    let mut error = Error::new(Code::NoEncoder, text);
    for c in candidates.iter().filter(|c| request.encoder.as_ref().is_none_or(|name| *name == c.encoder)) {
        error = error.with_evidence(format!("{}: {} [{}]", c.label(), c.reason.message, c.reason.code));
    }
    error.with_remedy(remedy(request, &candidates)).with_candidates(candidates)
}

/// The shortest way to an encoder: name a device that exists, let the CPU do it, or repair what was asked for.
fn remedy(request: &Request, candidates: &[Candidate]) -> String {
    const DOCTOR: &str = "`hwenc doctor` says how to get the hardware to work";
    let mut devices: Vec<&str> = candidates.iter().filter_map(|c| c.device.as_deref()).collect();
    devices.sort_unstable();
    devices.dedup();
    if let Some(wanted) = &request.device
        && !devices.is_empty()
        && !devices.iter().any(|device| wanted == Path::new(device))
    {
        return format!("nothing is known of {}; name one of {}", wanted.display(), devices.join(", "));
    }
    if let Some(c) = candidates.iter().find(|c| c.reason.code == Code::FallbackDenied) {
        let encoder = &c.encoder;
        return format!("encode on the CPU with `--fallback software` (it would take {encoder}); {DOCTOR}");
    }
    let mut named = candidates.iter().filter(|c| request.encoder.as_ref() == Some(&c.encoder));
    let asked_for = named.find(|c| c.reason.code != Code::NotRequested);
    asked_for.map_or_else(|| DOCTOR.to_owned(), |c| c.reason.remedy.clone())
}

/// What a person calls a candidate.
fn label(encoder: &str, device: Option<&str>, va: Option<&VaEntry>) -> String {
    let low_power = if va.is_some_and(VaEntry::is_low_power) { " (low power)" } else { "" };
    match device {
        Some(device) => format!("{encoder}{low_power} on {device}"),
        None => format!("{encoder}{low_power}"),
    }
}

impl Candidate {
    fn label(&self) -> String {
        label(&self.encoder, self.device.as_deref(), self.va.as_ref())
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Chosen => '✓',
            Verdict::Usable | Verdict::Untried => '·',
            Verdict::Rejected => '✗',
        };
        write!(f, "{mark} {}: {} [{}]", self.label(), self.reason.message, self.reason.code)?;
        if f.alternate() {
            self.reason.evidence.iter().try_for_each(|line| write!(f, "\n      · {line}"))?;
        }
        if !self.reason.remedy.is_empty() {
            write!(f, "\n      help: {}", self.reason.remedy)?;
        }
        Ok(())
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = self.chosen();
        write!(f, "{} ({}): {}", chosen.label(), chosen.backend, chosen.reason.message)?;
        self.candidates.iter().try_for_each(|candidate| {
            f.write_str("\n  ")?;
            fmt::Display::fmt(candidate, f)
        })
    }
}
