//! Machines as reports, and what each check has to say of them.

mod cases;
mod snippets;

use std::process::Command;

use nix::libc::EACCES;

use super::Level::Problem;
use super::*;
use crate::device::vendor;
use crate::probe::machines::*;
use cases::cases;

#[test]
fn every_machine_gets_the_findings_it_should() {
    for case in cases() {
        let diagnosis = run_all(&case.report, None).unwrap();
        let found: Vec<_> = diagnosis
            .checks
            .iter()
            .filter(|outcome| outcome.finding.level != Level::Ok)
            .map(|outcome| (outcome.id.as_str(), outcome.finding.level))
            .collect();
        let expected: Vec<_> = case.expected.iter().map(|(id, level, _)| (*id, *level)).collect();
        assert_eq!(found, expected, "{}:\n{}", case.name, diagnosis.render(true));
        assert_eq!(
            diagnosis.has_problems(),
            expected.iter().any(|(_, level)| *level == Problem),
            "{}",
            case.name
        );
        for (id, _, words) in case.expected {
            let text = run_all(&case.report, Some(id)).unwrap().render(true);
            for word in *words {
                assert!(text.contains(word), "{}: {word:?} is not in\n{text}", case.name);
            }
        }
    }
}

#[test]
fn every_check_fails_on_some_machine_and_says_why_and_what_to_do() {
    let mut failed = std::collections::BTreeSet::new();
    for case in cases() {
        for outcome in run_all(&case.report, None).unwrap().checks {
            let finding = outcome.finding;
            assert!(!finding.seen.is_empty(), "{} in {}", outcome.id, case.name);
            if finding.level != Level::Ok {
                assert!(!finding.why.is_empty(), "{} in {}", outcome.id, case.name);
                // Nobody can be told to install another FFmpeg for being newer or a build of their own.
                assert!(
                    !finding.fix.is_empty() || outcome.id == "ffmpeg.version",
                    "{} in {}",
                    outcome.id,
                    case.name
                );
                failed.insert(outcome.id);
            } else {
                assert!(finding.fix.is_empty() && finding.why.is_empty(), "{} in {}", outcome.id, case.name);
            }
        }
    }
    let all: std::collections::BTreeSet<_> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(failed, all);
    assert_eq!(all.len(), CHECKS.len(), "an id stands twice");
}

#[test]
fn every_command_is_one_that_a_shell_takes() {
    for case in cases() {
        for outcome in run_all(&case.report, None).unwrap().checks {
            for step in &outcome.finding.fix {
                let Step::Run(command) = step else { continue };
                let parsed = Command::new("sh").args(["-n", "-c", command]).output().unwrap();
                assert!(parsed.status.success(), "{command}: {}", String::from_utf8_lossy(&parsed.stderr));
            }
        }
    }
}

#[test]
fn no_paths_or_versions_of_the_machine_unless_asked_for() {
    for case in cases() {
        let diagnosis = run_all(&case.report, None).unwrap();
        let plain = diagnosis.render(false);
        for secret in ["/host/path", "535.183.01", "+deb13u1", "/dev/dri/renderD128:", "uid 1000"] {
            assert!(!plain.contains(secret), "{}: {secret} is in\n{plain}", case.name);
        }
        let json = serde_json::to_string(&diagnosis.clone().without_evidence()).unwrap();
        assert!(!json.contains("evidence") && !json.contains("/host/path"), "{}: {json}", case.name);
    }
    let verbose = run_all(&nvidia(host(), ALL_NVIDIA), None).unwrap().render(true);
    assert!(verbose.contains("535.183.01"), "{verbose}");
}

#[test]
fn the_text_has_categories_marks_and_the_remedy_indented() {
    let report = gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES)));
    let text = run_all(&report, None).unwrap().render(false);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("FFmpeg"));
    assert_eq!(lines.next(), Some("  ✓ version: FFmpeg 7.1"));
    let from = text.find("  ✗ permissions").unwrap();
    let to = text.find("  ✓ NVIDIA nodes").unwrap();
    assert_eq!(
        &text[from..to],
        "  ✗ permissions: renderD128 may not be opened: EACCES, it belongs to group render (GID 993), mode 0660\n\
         \x20     [device.permission] this process is not in GID 993\n\
         \x20     $ sudo usermod -aG render \"$USER\"\n\
         \x20     → then log in again: groups are taken over at login\n"
    );
    assert_eq!(text.matches("Devices\n").count(), 1);
    assert_eq!(text.lines().last(), Some("1 problem found."));
    let well = gpu(host(), vendor::INTEL, open_node());
    assert!(run_all(&well, None).unwrap().render(false).ends_with("No problem found.\n"));
}

#[test]
fn one_check_runs_alone_and_an_unknown_one_is_an_error() {
    let one = run_all(&host(), Some("device.dri_missing")).unwrap();
    assert_eq!(
        one.checks.iter().map(|outcome| outcome.id.as_str()).collect::<Vec<_>>(),
        ["device.dri_missing"]
    );
    let error = run_all(&host(), Some("device.dri")).unwrap_err();
    assert_eq!(error.code(), crate::error::Code::RequestInvalid);
    assert_eq!(error.value(), Some("device.dri"));
    assert!(error.legal().unwrap().contains("device.dri_missing"));
}

#[test]
fn a_saved_report_is_judged_as_the_machine_was() {
    for case in cases() {
        let again = Report::from_json(&case.report.to_json()).unwrap();
        assert_eq!(again, case.report, "{}", case.name);
        let diagnosis = run_all(&again, None).unwrap();
        let json = serde_json::to_string(&diagnosis).unwrap();
        assert_eq!(serde_json::from_str::<Diagnosis>(&json).unwrap(), diagnosis, "{}", case.name);
    }
}

#[test]
fn json_tells_commands_from_sentences() {
    let report = gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES)));
    let value = serde_json::to_value(run_all(&report, Some("device.permission")).unwrap()).unwrap();
    let check = &value["checks"][0];
    assert_eq!(check["id"], "device.permission");
    assert_eq!(check["level"], "problem");
    assert_eq!(check["fix"][0]["run"], "sudo usermod -aG render \"$USER\"");
    assert!(check["fix"][1]["say"].as_str().unwrap().contains("log in again"));
}

#[test]
fn this_machine_can_be_diagnosed() {
    let diagnosis = run_all(&Report::collect(), None).unwrap();
    assert_eq!(diagnosis.checks.len(), CHECKS.len());
    let version = diagnosis.checks.iter().find(|outcome| outcome.id == "ffmpeg.version").unwrap();
    assert_eq!(version.finding.level, Level::Ok, "{}", diagnosis.render(true));
}
