//! [`Decision`]: which encoder, and why not the others.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Fallback, Request};
use crate::av::Frame;
use crate::backend::{self, Backend, Offer, Place};
use crate::encode::Session;
use crate::error::{Code, Error, Reason, Result};
use crate::probe::{Report, Trial, VaEntry};

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is used.
    Chosen,
    /// It would do, and another came first.
    Usable,
    /// It cannot or may not be used.
    Rejected,
}

/// One encoder on one device, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// The outcome of a request: one encoder, and every candidate with its reason. `Display` is meant for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    request: Request,
    candidates: Vec<Candidate>,
    chosen: usize,
    fallback_used: bool,
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

/// Decides. Every encoder of the codec is a candidate, in the order of preference; the first that works and may be
/// used is taken.
pub(crate) fn decide(report: &Report, request: &Request) -> Result<Decision> {
    request.validate()?;
    let mut candidates = candidates(report, request);
    let order = preference(&candidates, request);
    let chosen = order.iter().copied().find(|&i| candidates[i].verdict == Verdict::Usable);
    let Some(chosen) = chosen else { return Err(none(request, candidates)) };

    let hardware = is_hardware(&candidates[chosen]);
    let explicit = request.encoder.is_some();
    let fallback_used = !hardware && !explicit;
    let winner = candidates[chosen].encoder.clone();
    for (i, candidate) in candidates.iter_mut().enumerate() {
        if i == chosen {
            candidate.verdict = Verdict::Chosen;
            candidate.reason = Reason::new(Code::Chosen, why(explicit, hardware, &request.fallback));
        } else if candidate.verdict == Verdict::Usable {
            candidate.reason = Reason::new(Code::NotNeeded, format!("{winner} comes first"));
        }
    }
    Ok(Decision { request: request.clone(), candidates, chosen, fallback_used })
}

fn why(explicit: bool, hardware: bool, fallback: &Fallback) -> &'static str {
    match (explicit, hardware, fallback) {
        (true, ..) => "the request names it",
        (_, true, _) => "the first hardware encoder that works",
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
                let offer = match obstacle {
                    Some(reason) => Err(reason),
                    None => driven(report, backend, request, encoder, &place),
                };
                let offer = offer.and_then(|offer| match allowed(request, backend, encoder) {
                    Some(reason) => Err(reason),
                    None => Ok(offer),
                });
                let (verdict, reason, va) = match offer {
                    Err(reason) => (Verdict::Rejected, reason, None),
                    Ok(va) => (Verdict::Usable, Reason::new(Code::NotNeeded, ""), va),
                };
                all.push(Candidate {
                    va,
                    encoder: (*encoder).to_owned(),
                    backend: backend.name.to_owned(),
                    device: place.device,
                    verdict,
                    reason,
                });
            }
        }
    }
    all
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
) -> Result<Offer, Reason> {
    match &backend.driver {
        None => Err(backend::not_driven(backend)),
        Some(driver) => (driver.offer)(report, request, encoder, place),
    }
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

/// Candidates by preference: as listed, but named alternatives in the order of the request.
pub(super) fn preference(candidates: &[Candidate], request: &Request) -> Vec<usize> {
    let rank = |candidate: &Candidate| match &request.fallback {
        Fallback::Alternatives(names) if !is_hardware(candidate) => {
            1 + names.iter().position(|name| *name == candidate.encoder).unwrap_or(names.len())
        }
        _ => usize::from(!is_hardware(candidate)),
    };
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|&i| rank(&candidates[i]));
    order
}

fn is_hardware(candidate: &Candidate) -> bool {
    backend::of_encoder(&candidate.encoder).is_some_and(|(backend, _)| backend.hardware)
}

fn none(request: &Request, candidates: Vec<Candidate>) -> Error {
    let size = format!("{}x{}", request.width, request.height);
    let text = match &request.encoder {
        Some(name) => format!("{name} cannot be used for {} at {size}", request.codec),
        None => format!("no encoder here satisfies the request for {} at {size}", request.codec),
    };
    let mut error = Error::new(Code::NoEncoder, text);
    for c in candidates.iter().filter(|c| request.encoder.as_ref().is_none_or(|name| *name == c.encoder)) {
        error = error.with_evidence(format!("{}: {} [{}]", name(c), c.reason.message, c.reason.code));
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

fn name(candidate: &Candidate) -> String {
    match &candidate.device {
        Some(device) => format!("{} on {device}", candidate.encoder),
        None => candidate.encoder.clone(),
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Chosen => '✓',
            Verdict::Usable => '·',
            Verdict::Rejected => '✗',
        };
        write!(f, "{mark} {}: {} [{}]", name(self), self.reason.message, self.reason.code)?;
        for line in &self.reason.evidence {
            write!(f, "\n      {line}")?;
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
        write!(f, "{} ({}): {}", name(chosen), chosen.backend, chosen.reason.message)?;
        for candidate in &self.candidates {
            write!(f, "\n  {candidate}")?;
        }
        Ok(())
    }
}
