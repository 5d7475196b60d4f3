//! `hwenc doctor`: exit codes, and what it says to whom.

mod common;

use common::call;
use common::media::{Dir, text};

/// The names of all checks.
fn checks(dir: &Dir) -> Vec<String> {
    let ran = call(dir, "doctor --list-checks").ok();
    let names: Vec<String> =
        ran.stdout.lines().map(|l| l.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(names.len() > 5 && names.iter().all(|n| n.contains('.')), "{}", ran.stdout);
    names
}

#[test]
fn the_exit_code_tells_of_problems() {
    let dir = Dir::new();
    let ran = call(&dir, "doctor --json");
    let all = ran.json();
    let checks = all["checks"].as_array().unwrap();
    let problems = checks.iter().filter(|c| c["level"] == "problem").count();
    assert_eq!(ran.code, if problems > 0 { 4 } else { 0 }, "{all:#}");
    let ran = call(&dir, "doctor");
    assert_eq!(ran.stdout.matches('✗').count(), problems, "{}", ran.stdout);
    assert_eq!((ran.code, &*ran.stderr), (if problems > 0 { 4 } else { 0 }, ""));
}

#[test]
fn the_first_line_is_the_verdict() {
    let dir = Dir::new();
    let (ran, all) = (call(&dir, "doctor"), call(&dir, "doctor --json").json());
    assert_eq!(ran.stdout.lines().next().unwrap(), text(&all["verdict"]["text"]), "{}", ran.stdout);
    let level = text(&all["verdict"]["level"]);
    assert_eq!(ran.code, if level == "problem" { 4 } else { 0 }, "{all:#}");
    assert!(level == "ok" || !all["verdict"]["fix"].as_array().unwrap().is_empty(), "{all:#}");
}

#[test]
fn json_has_evidence_only_when_asked() {
    let dir = Dir::new();
    let plain = call(&dir, "doctor --json").stdout;
    assert!(!plain.contains("\"evidence\"") && !plain.contains("--prefix="), "{plain}");
    let verbose = call(&dir, "doctor --json --verbose").stdout;
    assert!(verbose.contains("\"evidence\"") && verbose.contains("configuration: "), "{verbose}");
}

/// A report of a machine with an Intel GPU, whatever this one has.
fn with_a_gpu(dir: &Dir) {
    let node = r#"{"name":"renderD128","path":"/dev/dri/renderD128","minor":128,"card":null,
        "file":{"uid":0,"owner":"root","gid":104,"group":"render","mode":"0660","number":[226,128],"access":{"state":"open"}},
        "hardware":{"bus":"pci","vendor":"8086","device":"56a0","driver":"i915"}}"#;
    let report = format!(
        r#"{{"schema":1,"machine":{{"drm":{{"directory":{{"state":"present"}},"render_nodes":[{node}]}}}}}}"#
    );
    dir.write("gpu.json", report);
}

#[test]
fn snippets_hand_on_what_was_found() {
    let dir = Dir::new();
    with_a_gpu(&dir);
    for (kind, words) in [
        ("docker", "--group-add 104"),
        ("compose", "      - \"104\""),
        ("kubernetes", "supplementalGroups: [104]"),
        ("proxmox-lxc", "pct set CTID --dev0 /dev/dri/renderD128,gid=104"),
    ] {
        let ran = call(&dir, &format!("doctor --input gpu.json --snippet {kind}")).ok();
        assert!(ran.stdout.contains(words), "{words} is not in\n{}", ran.stdout);
    }
    call(&dir, "doctor --input gpu.json --snippet lxc").error(2, "request.invalid");
    call(&dir, "doctor --json --snippet docker").error(2, "usage");
    dir.write("nothing.json", r#"{"schema":1}"#);
    let ran = call(&dir, "doctor --input nothing.json --snippet compose").error(3, "device.missing");
    assert!(ran.help().contains("on the host"), "{}", ran.stderr);
}

#[test]
fn one_check_can_be_asked_for() {
    let dir = Dir::new();
    let all = checks(&dir);
    for id in &all {
        let ran = call(&dir, &format!("doctor --check {id} --json"));
        let found = ran.json();
        let found = found["checks"].as_array().unwrap();
        assert_eq!((found.len(), text(&found[0]["id"])), (1, id.as_str()));
        assert_eq!(ran.code, if found[0]["level"] == "problem" { 4 } else { 0 }, "{id}");
    }
    let ran = call(&dir, "doctor --check nosuch").error(2, "request.invalid");
    assert!(ran.stderr.contains(&all[0]), "the names are said: {}", ran.stderr);
}

#[test]
fn the_text_names_the_machine_only_when_asked() {
    let dir = Dir::new();
    let (plain, verbose) = (call(&dir, "doctor"), call(&dir, "doctor --verbose"));
    assert!(verbose.stdout.len() > plain.stdout.len());
    for word in ["configuration: ", "--prefix=", "/home/", "/root/"] {
        assert!(!plain.stdout.contains(word), "{word} in {}", plain.stdout);
    }
    assert!(verbose.stdout.contains("configuration: "), "{}", verbose.stdout);
}

#[test]
fn a_saved_report_is_examined_as_the_machine_is() {
    let dir = Dir::new();
    dir.write("report.json", call(&dir, "probe --json").ok().stdout);
    let (here, saved) = (call(&dir, "doctor --json"), call(&dir, "doctor --json --input report.json"));
    assert_eq!((here.code, here.stdout), (saved.code, saved.stdout));
}
