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
