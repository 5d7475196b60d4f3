//! Machines as reports, and what each check has to say of them.

mod machines;
mod snippets;

use std::process::Command;

use nix::libc::EACCES;

use super::Level::Problem;
use super::*;
use crate::device::vendor;
use crate::probe::machines::*;
use crate::probe::{Isolation, Prober};
use machines::cases;

#[test]
fn every_machine_gets_the_findings_it_should() {
    let mut wrong = Vec::new();
    for case in cases() {
        let diagnosis = run_all(&case.report, None).unwrap();
        let found: Vec<_> = diagnosis
            .checks
            .iter()
            .filter(|outcome| outcome.finding.level != Level::Ok)
            .map(|outcome| (outcome.id.as_str(), outcome.finding.level))
            .collect();
        let expected: Vec<_> = case.expected.iter().map(|(id, level, _)| (*id, *level)).collect();
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}\n{}", case.name, diagnosis.render(true)));
        }
        for (id, _, words) in case.expected {
            let text = run_all(&case.report, Some(id)).unwrap().render(true);
            let missing = words.iter().filter(|word| !text.contains(**word));
            wrong.extend(missing.map(|word| format!("{}: {word:?} is not in\n{text}", case.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(cases().len() >= 45);
}

#[test]
fn every_machine_gets_the_verdict_it_should() {
    let mut wrong = Vec::new();
    for case in cases() {
        let diagnosis = run_all(&case.report, None).unwrap();
        let verdict = diagnosis.verdict.clone().unwrap();
        if !verdict.text.contains(case.verdict) || case.verdict.is_empty() {
            wrong.push(format!("{} => {:?} => {}", case.name, case.verdict, verdict.text));
        }
        let problems = diagnosis.has_problems();
        assert_eq!(verdict.level == Level::Problem, problems, "{}: {}", case.name, verdict.text);
        assert_eq!(verdict.level == Level::Ok, !verdict.works.is_empty(), "{}", case.name);
        let (works, says_so) = (!verdict.works.is_empty(), verdict.text.contains(" work"));
        assert!(!works || says_so, "{}: {}", case.name, verdict.text);
        // Whoever has to do something is told what, in the first lines.
        assert!(verdict.level == Level::Ok || !verdict.fix.is_empty(), "{}: {}", case.name, verdict.text);
        assert!(verdict.fix.len() <= 3, "{}: {:?}", case.name, verdict.fix);
        assert!(diagnosis.render(false).starts_with(&verdict.text), "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A problem is one for somebody who has never heard of the parts, and once a trial has shown that a device encodes there
/// is none.
#[test]
fn problems_are_said_in_plain_words_and_only_where_nothing_works() {
    for case in cases() {
        for outcome in run_all(&case.report, None).unwrap().checks {
            let finding = outcome.finding;
            let problem = finding.level == Problem;
            assert_eq!(problem, !finding.plain.is_empty(), "{} in {}: {finding:?}", outcome.id, case.name);
            assert!(!finding.plain.ends_with('.'), "{}", finding.plain);
        }
        let works = tried(case.report.clone(), "h264_vaapi", "/dev/dri/renderD200", None);
        let diagnosis = run_all(&works, None).unwrap();
        assert!(!diagnosis.has_problems(), "{}:\n{}", case.name, diagnosis.render(false));
        assert_eq!(diagnosis.verdict.unwrap().level, Level::Ok, "{}", case.name);
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

/// What a text must not say of a machine: where libraries lie, whose home it is, versions of three parts, addresses on PCI
/// and in memory.
fn leak(text: &str) -> Option<String> {
    let word = |c: char| c.is_whitespace() || "'\"`()[],;".contains(c);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    let leaks = |w: &str| {
        let path =
            ["/usr", "/lib", "/home", "/tmp", "/root", "/opt", "/host", "/proc", "/sys", "/run", "/var"];
        let version = w.split(['-', '+', '~']).any(|part| {
            let parts: Vec<_> = part.split('.').collect();
            parts.len() >= 3 && parts.iter().all(|part| digits(part))
        });
        let pci = w.split(':').count() == 3 && w.split([':', '.']).all(hex);
        let memory = w.strip_prefix("0x").is_some_and(|rest| rest.len() > 5 && hex(rest));
        path.iter().any(|start| w.starts_with(start))
            || (w.contains('/') && w.contains(".so"))
            || version
            || pci
            || memory
    };
    text.split(word).map(|w| w.trim_end_matches(['.', ':'])).find(|w| leaks(w)).map(str::to_owned)
}

#[test]
fn no_paths_versions_or_addresses_of_the_machine_unless_asked_for() {
    for text in
        ["at /usr/lib/x.so", "535.183.01", "(2.4.1)", "0000:00:02.0", "0x7f00deadbeef", "7.1.1-1+deb13u1"]
    {
        assert!(leak(text).is_some(), "{text} is told");
    }
    for text in [
        "libva.so.2",
        "/dev/dri/renderD128:",
        "FFmpeg 7.1",
        "8086:1234",
        "CUDA 12.2",
        "https://rpmfusion.org",
    ] {
        assert_eq!(leak(text), None, "{text} is allowed");
    }
    for case in cases() {
        let diagnosis = run_all(&case.report, None).unwrap();
        let plain = diagnosis.render(false);
        assert_eq!(leak(&plain), None, "{}:\n{plain}", case.name);
        let quiet = diagnosis.clone().without_evidence();
        let json = serde_json::to_string_pretty(&quiet).unwrap();
        assert_eq!(leak(&json), None, "{}:\n{json}", case.name);
        assert!(!json.contains("\"evidence\""), "{}: {json}", case.name);
        for outcome in quiet.checks {
            let one = run_all(&case.report, Some(&outcome.id)).unwrap().render(false);
            assert_eq!(leak(&one), None, "{}:\n{one}", case.name);
        }
    }
    let verbose = run_all(&nvidia(host(), ALL_NVIDIA), None).unwrap().render(true);
    assert_eq!(leak(&verbose).as_deref(), Some("7.1.1-1+deb13u1"));
    assert!(verbose.contains("535.183.01"), "{verbose}");
}

#[test]
fn the_text_has_categories_marks_and_the_remedy_indented() {
    let report = gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES)));
    let text = run_all(&report, None).unwrap().render(false);
    let mut lines = text.lines();
    let first: Vec<_> = lines.by_ref().take(7).collect();
    assert_eq!(
        first,
        [
            "No hardware encoder works here: this user may not use the GPU (renderD128).",
            "  $ sudo usermod -aG render \"$USER\"",
            "  → then log in again: groups are taken over at login",
            "  → until then the processor can do it (libx264): `hwenc transcode … --fallback software`",
            "",
            "FFmpeg",
            "  ✓ version: FFmpeg 7.1",
        ]
    );
    let from = text.find("  ✗ permissions").unwrap();
    let to = text.find("Libraries\n").unwrap();
    assert_eq!(
        &text[from..to],
        "  ✗ permissions: renderD128 may not be opened: EACCES, it belongs to group render (GID 993), mode 0660\n\
         \x20     [device.permission] this process is not in GID 993\n\
         \x20     $ sudo usermod -aG render \"$USER\"\n\
         \x20     → then log in again: groups are taken over at login\n"
    );
    assert_eq!(text.matches("Devices\n").count(), 1);
    assert!(text.lines().last().unwrap().starts_with("1 problem found. "), "{text}");
    assert!(!text.contains("NVIDIA nodes"), "what does not concern the machine is left out:\n{text}");
    let all = run_all(&report, None).unwrap().render(true);
    assert_eq!(all.matches("\n  ✓ ").count() + all.matches("\n  ✗ ").count(), CHECKS.len(), "{all}");
    let well = gpu(host(), vendor::INTEL, open_node());
    assert!(run_all(&well, None).unwrap().render(false).contains("\nNo problem found. "));
}

#[test]
fn one_check_runs_alone_and_an_unknown_one_is_an_error() {
    let one = run_all(&host(), Some("device.dri_missing")).unwrap();
    assert_eq!(
        one.checks.iter().map(|outcome| outcome.id.as_str()).collect::<Vec<_>>(),
        ["device.dri_missing"]
    );
    assert_eq!(one.verdict, None);
    let other = run_all(&host(), Some("vm.iommu")).unwrap().render(false);
    assert!(other.contains("✓ IOMMU: "), "what was asked for is shown: {other}");
    let error = run_all(&host(), Some("device.dri")).unwrap_err();
    assert_eq!(error.code(), crate::error::Code::RequestInvalid);
    assert_eq!(error.value(), Some("device.dri"));
    assert!(error.legal().unwrap().contains("device.dri_missing"));
}

#[test]
fn a_saved_report_is_judged_as_the_machine_was() {
    for case in cases() {
        crate::probe::check::check_json(&case.report.to_json());
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
    let diagnosis =
        run_all(Prober::new().isolation(Isolation::None).cache_dir(None).report().unwrap(), None).unwrap();
    assert_eq!(diagnosis.checks.len(), CHECKS.len());
    let version = diagnosis.checks.iter().find(|outcome| outcome.id == "ffmpeg.version").unwrap();
    assert_eq!(version.finding.level, Level::Ok, "{}", diagnosis.render(true));
}

/// Reports of whole machines, as their probes wrote them.
#[test]
fn recorded_machines_get_verdicts_that_help() {
    for (name, text, verdict) in [
        (
            "none in Docker",
            include_str!("../../../tests/reports/none-in-docker.json"),
            "no GPU in this virtual machine",
        ),
        (
            "T4 in Docker",
            include_str!("../../../tests/reports/nvidia-t4-in-docker.json"),
            "without its encoding library",
        ),
        ("Gen9", include_str!("../../../tests/reports/intel-gen9.json"), "none was tried"),
        ("Arc and RDNA 3", include_str!("../../../tests/reports/intel-arc-amd-rdna3.json"), "none was tried"),
        (
            "Raspberry Pi 4",
            include_str!("../../../tests/reports/raspberry-pi-4.json"),
            "A V4L2 encoder is here",
        ),
        (
            "Jetson Orin",
            include_str!("../../../tests/reports/jetson-orin.json"),
            "the GPU of this board does not encode",
        ),
    ] {
        let diagnosis = run_all(&Report::from_json(text).unwrap(), None).unwrap();
        let plain = diagnosis.render(false);
        assert!(plain.lines().next().unwrap().contains(verdict), "{name}:\n{plain}");
        assert_eq!(leak(&plain), None, "{name}:\n{plain}");
    }
}
