//! What came of trying encoders.

use crate::backend;
use crate::error::Code;
use crate::probe::{Isolation, Report};

use super::finding::{Finding, Step};
use super::questions::{self, as_root};
use super::trouble::{self, Trouble};

const NOT_TRIED: &str = "no encoder was tried";

/// Codes that have a check of their own.
const ELSEWHERE: &[Code] = &[
    Code::DeviceHung,
    Code::DriverCrashed,
    Code::DriverMemory,
    Code::DriverTooOld,
    Code::SessionLimit,
    Code::DeviceNoEncoder,
    Code::TrialQuarantined,
    Code::HelperMissing,
    Code::HelperMismatch,
    Code::HelperFailed,
];

pub(super) fn helper(report: &Report) -> Finding {
    let failed = trouble::of(report, &[Code::HelperMissing, Code::HelperMismatch, Code::HelperFailed]);
    if report.trials.is_empty() && report.isolation_notes.is_empty() {
        return Finding::not_needed(NOT_TRIED);
    }
    let finding = if !failed.is_empty() {
        let none = questions::hardware_trials(report).count() == failed.len();
        let finding = Finding::problem(
            "the helper process that tries encoders failed",
            "encoders are tried in a process of their own, so that a driver that crashes takes nothing along",
        )
        .plainly("the program that tries encoders could not be started");
        trouble::finding(report, &failed, finding).unless(!none)
    } else if report.isolation == Isolation::None {
        Finding::warning(
            "encoders are tried in the caller's own process",
            "a driver that hangs or crashes takes the program along",
        )
    } else {
        return Finding::ok("encoders are tried in a process of their own");
    };
    finding
        .say("install the `hwenc` command of the same version, or name a helper in the variable HWENC_HELPER")
        .evidences(
            report
                .isolation_notes
                .iter()
                .flat_map(|note| [&note.message].into_iter().chain(&note.evidence).cloned()),
        )
}

pub(super) fn quarantined(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::TrialQuarantined]);
    if found.is_empty() {
        return if report.trials.is_empty() { Finding::not_needed(NOT_TRIED) } else { Finding::ok("none") };
    }
    let finding = Finding::problem(
        format!("{} is left out: its last trial never ended", trouble::names(&found)),
        "the machine may have gone down with it, so it is not tried again unasked",
    )
    .plainly("the encoder is left out because its last trial never ended")
    .say("save your work, then try it again: it may take the machine down once more")
    .run("hwenc probe --quarantined");
    trouble::finding(report, &found, finding)
}

pub(super) fn crashed(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::DriverCrashed]);
    if found.is_empty() {
        return Finding::not_needed("no driver crashed");
    }
    let finding = Finding::problem(
        format!("{} crashed", trouble::names(&found)),
        "the fault is in the driver, and would take any program down; hwenc stays away from it",
    )
    .plainly("the driver of the GPU crashes")
    .steps(another_version(report));
    // What hwenc does not use anyway is not why the encoders fail that it does use.
    let unused = found.iter().all(|trouble| trouble.encoder.is_some_and(|encoder| !driven(encoder)));
    trouble::finding(report, &found, finding).unless(unused && questions::hardware_trials(report).count() > 0)
}

fn driven(encoder: &str) -> bool {
    backend::of_encoder(encoder).is_some_and(|(backend, _)| backend.driver.is_some())
}

pub(super) fn memory(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::DriverMemory]);
    if found.is_empty() {
        return Finding::not_needed("no driver took too much memory");
    }
    let finding = Finding::problem(
        format!("{} took more memory than a trial may", trouble::names(&found)),
        "a driver that takes more and more brings the machine to a halt; hwenc stays away from it",
    )
    .plainly("the driver of the GPU takes all memory")
    .steps(another_version(report));
    trouble::finding(report, &found, finding)
}

/// For faults of a driver.
fn another_version(report: &Report) -> Vec<Step> {
    vec![
        Step::Say("install another version of the GPU's driver, and of the kernel".into()),
        Step::Run(as_root(report, "dmesg | grep -iE 'drm|i915|xe|amdgpu|nvrm'")),
        Step::Say("report it to the makers of the driver, with those lines".into()),
    ]
}

pub(super) fn session_limit(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::SessionLimit]);
    if found.is_empty() {
        return Finding::not_needed("no encoder was refused for it");
    }
    let in_use = report.nvml.iter().flat_map(|nvml| &nvml.gpus).filter_map(|gpu| gpu.encoder_sessions).max();
    let count = in_use.map_or_else(String::new, |count| format!(" ({count} are open)"));
    let finding = Finding::problem(
        format!("{}: every encoding session that the driver allows is in use{count}", trouble::names(&found)),
        "NVIDIA's driver limits how many encoders run at once on consumer cards, all programs together; it is not memory \
         that is missing",
    )
    .plainly("other programs use all encoders that the driver allows")
    .run("nvidia-smi encodersessions")
    .say("close one of the programs that it lists, or use another GPU; a newer driver may allow more");
    trouble::finding(report, &found, finding)
}

/// In words that hold for any device.
fn words(code: Code) -> &'static str {
    match code {
        Code::TrialNoIdr => "its stream does not begin with a picture that decoding can start with",
        Code::TrialStream => "its stream is not what was asked for, in size, profile, bit depth or colour",
        Code::TrialUndecodable => "its stream does not decode",
        Code::TrialPicture => "it encodes other pictures than it is given",
        Code::TrialIncomplete => "it loses pictures",
        Code::EncoderOpenFailed => "it does not open",
        Code::EncoderUnsupported => "it cannot do what is asked",
        Code::DeviceUpload => "pictures cannot be put on the device",
        Code::OutOfMemory => "there is not enough memory",
        Code::LibraryMissing | Code::LibrarySymbol => "a library is missing",
        Code::DevicePermission => "the device may not be opened",
        _ => "it fails",
    }
}

pub(super) fn failed(report: &Report) -> Finding {
    let hardware = questions::hardware_trials(report).count();
    let verified = questions::verified(report).count();
    let mut found: Vec<Trouble<'_>> =
        trouble::trials(report).filter(|trouble| !ELSEWHERE.contains(&trouble.reason.code)).collect();
    // What a device does not offer is no fault of it, as long as something else works.
    if verified > 0 || found.iter().any(|trouble| trouble.reason.code != Code::EncoderUnsupported) {
        found.retain(|trouble| trouble.reason.code != Code::EncoderUnsupported);
    }
    let Some(first) = found.first() else {
        return match (hardware, verified) {
            (0, _) => Finding::not_needed(NOT_TRIED),
            (_, 0) => Finding::not_needed("see above"),
            _ => Finding::ok(format!("{verified} of {hardware} verified")),
        };
    };
    let more = match found.len() {
        1 => String::new(),
        n => format!("; {} more failed", n - 1),
    };
    let fix = match first.reason.code {
        Code::TrialNoIdr
        | Code::TrialStream
        | Code::TrialUndecodable
        | Code::TrialPicture
        | Code::TrialIncomplete => "hwenc does not use it; another version of the GPU's driver may do better",
        Code::OutOfMemory => "free memory, or allow the container more",
        Code::EncoderUnsupported => "ask for another codec, size or bit depth, or use another device",
        _ => "`hwenc doctor --verbose` shows the driver's own words",
    };
    let finding = Finding::problem(
        format!("{}: {}{more}", first.name(), words(first.reason.code)),
        "the driver offers the encoder, and a trial shows that it does not work",
    )
    .plainly(format!("an encoder is there, but {}", words(first.reason.code)))
    .say(fix);
    // Here everything was tried, so other nodes that open are no hope.
    finding.unless(verified > 0).evidences(found.iter().flat_map(Trouble::evidence).collect::<Vec<_>>())
}
