//! What is known afterwards of trials that never ended.

use std::fs;
use std::path::PathBuf;

use hwenc::probe::door::{Door, unfinished};
use serde_json::{Value, json};

use super::hosts::host;
use super::kit::{Test, all, but, children, loss, pid, soon, task, until};

pub(crate) const TESTS: &[Test] = &[
    ("what_ended_is_not_noted_any_more", what_ended_is_not_noted_any_more),
    ("what_a_killed_helper_was_at_never_ended", what_a_killed_helper_was_at_never_ended),
    ("what_a_killed_host_was_at_is_ended", what_a_killed_host_was_at_is_ended),
];

fn noted(id: u32, lane: &str, drill: Value) -> Value {
    but(task(id, lane, drill), "journal", json!(format!("key {id}")))
}

/// Killed, crashed or left alone: the helper saw its end.
fn what_ended_is_not_noted_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache").join("journal");
    let mut door = Door::open(Some(path.clone()), None).unwrap();
    door.submit(noted(0, "a", json!("answer")));
    door.submit(noted(1, "b", json!({"raise": {"signal": 11}})));
    door.submit(noted(2, "c", json!({"exit": {"status": 1}})));
    door.submit(soon(noted(3, "d", json!("hang"))));
    door.submit(noted(4, "d", json!("answer")));
    let (dones, _) = all(&mut door);
    assert_eq!(dones.len(), 5);
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert!(unfinished(path.clone()).is_empty());
    // Given up by the host.
    door.submit(noted(5, "e", json!("hang")));
    until("the note", || fs::metadata(&path).unwrap().len() > 0);
    assert!(unfinished(path.clone()).is_empty(), "its process lives");
    drop(door);
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

fn what_a_killed_helper_was_at_never_ended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let mut door = Door::open(Some(path.clone()), None).unwrap();
    door.submit(task(0, "a", json!("answer")));
    let worker = pid(&door.next().unwrap());
    let (supervisor, _) = super::kit::process(worker).unwrap();
    door.submit(noted(1, "a", json!("hang")));
    door.submit(noted(2, "a", json!("answer")));
    until("the note", || fs::metadata(&path).is_ok_and(|file| file.len() > 0));
    std::process::Command::new("kill").args(["-KILL", &supervisor.to_string()]).status().unwrap();
    let (dones, _) = all(&mut door);
    assert!(dones.values().all(|done| loss(done)["helper"].is_object()));
    assert_eq!(unfinished(path), ["key 1"], "what was not begun is not noted");
}

fn what_a_killed_host_was_at_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let mut child = host("survives").env("HWENC_TEST_JOURNAL", &path).spawn().unwrap();
    until("the note", || fs::metadata(&path).is_ok_and(|file| file.len() > 0));
    let supervisors = children(child.id());
    assert_eq!(supervisors.len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of the note", || fs::metadata(&path).unwrap().len() == 0);
    assert!(unfinished(path).is_empty());
}

/// A host with a task that has no end.
pub(crate) fn endless(journal: PathBuf) {
    let mut door = Door::open(Some(journal), None).unwrap();
    door.submit(noted(0, "a", json!("hang")));
    door.next();
}
