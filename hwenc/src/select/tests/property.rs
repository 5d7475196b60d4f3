//! What holds for every machine and every request.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;
use crate::backend;
use crate::error::Reason;
use crate::probe::{Load, Trial};
use crate::select::{Fallback, Latency, RateControl};
use VaRateControl::{Cbr, Cqp, Icq, Vbr};

const PROFILES: [&str; 6] = ["H264High", "H264Main", "HEVCMain", "HEVCMain10", "AV1Profile0", "JPEGBaseline"];

fn entries() -> impl Strategy<Value = Vec<VaEntry>> {
    let modes = subsequence(vec![Cqp, Vbr, Cbr, Icq], 1..=4);
    let one = (select(&PROFILES[..]), select(&["EncSlice", "EncSliceLP", "VLD"][..]), modes)
        .prop_map(|(profile, entrypoint, modes)| entry(profile, entrypoint, &modes));
    prop::collection::vec(one, 0..10)
}

/// Zero to three GPUs of any vendor, open or not, with or without a driver that starts, on a machine with any FFmpeg.
fn machine() -> impl Strategy<Value = Report> {
    let id = select(&[vendor::INTEL, vendor::AMD, vendor::NVIDIA, vendor::VIRTIO][..]);
    let gpus =
        prop::collection::vec((id, any::<bool>(), prop::option::weighted(0.9, entries()), 0..100u8), 0..=3);
    let compiled = subsequence(backend::encoder_names().collect::<Vec<_>>(), 3..=22);
    (gpus, compiled, any::<bool>()).prop_map(|(gpus, compiled, nvidia_here)| {
        let mut report = host();
        report.ffmpeg.encoders = compiled.into_iter().map(str::to_owned).collect();
        for (i, (id, opens, offers, busy)) in gpus.into_iter().enumerate() {
            let file = if opens { open_node() } else { shut(RENDER, EACCES) };
            report = gpu(report, id, file);
            let node = report.machine.drm.render_nodes[i].path.clone();
            let mut driver = VaDriver::new(node.clone(), offers.is_none().then(|| "-1".to_owned()));
            driver.entries = offers.unwrap_or_default();
            report.va.push(driver);
            let device = node.display().to_string();
            report.loads.push(Load { device, percent: f64::from(busy), ..Load::default() });
        }
        if nvidia_here { nvidia(report, ALL_NVIDIA) } else { report }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let codec = select(Codec::ALL);
    let fallback =
        prop_oneof![Just(Fallback::Deny), Just(Fallback::Software), Just(Fallback::Alternatives(vec![])),];
    let named = prop::option::weighted(0.2, any::<Index>());
    let device = prop::option::weighted(0.2, select(&[128u32, 129, 200][..]));
    let rate = select(
        &[
            RateControl::Quality(65),
            RateControl::Cqp(30),
            RateControl::Vbr(4_000_000),
            RateControl::Cbr(2_000_000),
        ][..],
    );
    (codec, fallback, named, device, rate, any::<(bool, bool)>(), subsequence(vec![0usize, 1, 2, 3], 0..=3))
        .prop_map(|(codec, fallback, named, device, rate, (deep, low), listed)| {
            let encoders: Vec<&str> = backend::encoder_names()
                .filter(|name| backend::of_encoder(name).is_some_and(|(_, c)| c == codec))
                .collect();
            let mut request =
                Request::new(codec, 1280, 720).rate_control(rate).bit_depth(if deep { 10 } else { 8 });
            request.fallback = match fallback {
                Fallback::Alternatives(_) => Fallback::Alternatives(
                    listed.iter().rev().map(|i| encoders[i % encoders.len()].to_owned()).collect(),
                ),
                other => other,
            };
            request.encoder = named.map(|index| (*index.get(&encoders)).to_owned());
            request.device = device.map(|number| format!("/dev/dri/renderD{number}").into());
            request.latency = if low { Latency::Low } else { Latency::Normal };
            request
        })
}

/// Answers trials by a seed until there is a decision or none is possible; says which were asked for.
fn answered(report: &Report, request: &Request, mut seed: u64) -> (Report, Result<Decision>, Vec<Trial>) {
    let (mut report, mut asked) = (report.clone(), Vec::new());
    loop {
        match report.select(request) {
            Err(error) => return (report, Err(error), asked),
            Ok(Selection::Decision(decision)) => return (report, Ok(*decision), asked),
            Ok(Selection::NeedsTrials(trials)) => {
                assert!(!trials.is_empty(), "nothing to try is no answer");
                for trial in trials {
                    assert!(report.tried(&trial).is_none(), "{} was tried before", trial.encoder);
                    asked.push(trial.clone());
                    let outcome = match seed % 3 {
                        0 => Outcome::Failed(Reason::new(Code::TrialPicture, "other pictures came out")),
                        1 => Outcome::Failed(Reason::new(Code::DeviceHung, "it hung")),
                        _ => Outcome::Verified(Proof::default()),
                    };
                    seed = seed / 3 + (seed % 3) * 0x1234_5678_9ABC;
                    report.trials.push(Tried::new(trial, outcome, 1.0));
                }
            }
        }
    }
}

/// Whether the request allows this encoder at all.
fn permitted(request: &Request, encoder: &str, device: Option<&str>) -> bool {
    let hardware = backend::of_encoder(encoder).is_some_and(|(backend, _)| backend.hardware);
    let by_device = match (request.device.as_deref(), device) {
        (Some(wanted), Some(device)) => wanted == std::path::Path::new(device),
        _ => true,
    };
    by_device
        && match (&request.encoder, &request.fallback) {
            (Some(named), _) => named == encoder,
            (None, Fallback::Deny) => hardware,
            (None, Fallback::Alternatives(names)) => hardware || names.iter().any(|name| name == encoder),
            (None, Fallback::Software) => true,
        }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_chosen_was_verified_and_is_allowed(report in machine(), request in request(), seed: u64) {
        let (after, result, asked) = answered(&report, &request, seed);
        for trial in &asked {
            prop_assert!(permitted(&request, &trial.encoder, trial.device.as_deref()), "{} was tried unasked", trial.encoder);
        }
        let candidates = match &result {
            Ok(decision) => {
                let chosen = decision.chosen();
                let trial = Trial::new(&chosen.encoder, chosen.device.as_deref(), chosen.va.clone(), &request);
                let outcome = after.tried(&trial).map(|tried| &tried.outcome);
                prop_assert!(matches!(outcome, Some(Outcome::Verified(_))), "{decision}");
                prop_assert!(chosen.proof.is_some());
                prop_assert!(permitted(&request, &chosen.encoder, chosen.device.as_deref()), "{decision}");
                let hardware = backend::of_encoder(&chosen.encoder).is_some_and(|(backend, _)| backend.hardware);
                prop_assert_eq!(decision.fallback_used(), !hardware && request.encoder.is_none());
                if !hardware {
                    let better = decision.candidates().iter().filter(|c| c.verdict != Verdict::Rejected);
                    let mut better = better.filter(|c| backend::of_encoder(&c.encoder).is_some_and(|(b, _)| b.hardware));
                    prop_assert!(better.next().is_none(), "{}", decision);
                }
                decision.candidates()
            }
            Err(error) => error.candidates(),
        };
        for candidate in candidates {
            prop_assert!(!candidate.reason.message.is_empty(), "{:?}", candidate);
        }
    }

    #[test]
    fn the_same_report_gives_the_same_answer(report in machine(), request in request(), seed: u64) {
        let (after, first, _) = answered(&report, &request, seed);
        let again = Report::from_json(&after.to_json()).unwrap();
        for report in [&after, &again] {
            match (&first, report.select(&request).and_then(Selection::decided)) {
                (Ok(a), Ok(b)) => prop_assert_eq!(a, &b),
                (Err(a), Err(b)) => prop_assert_eq!((a.code(), a.candidates()), (b.code(), b.candidates())),
                (a, b) => prop_assert!(false, "{:?}\n{:?}", a, b),
            }
        }
    }
}
