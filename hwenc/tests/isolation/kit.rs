//! Tasks, and what is left of processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hwenc::probe::door::Door;
use serde_json::{Value, json};

/// Names the case that a child is to run.
pub(crate) const CASE: &str = "HWENC_CASE";
/// Long enough for any machine; only what fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Test = (&'static str, fn());

/// A task that is written as the helper reads it.
pub(crate) fn task(id: u32, lane: &str, drill: Value) -> Value {
    json!({
        "id": id, "lane": lane, "alone": false, "deadline": {"secs": 60, "nanos": 0}, "memory": 1_u64 << 30,
        "journal": null, "job": {"drill": drill},
    })
}

/// With other values.
pub(crate) fn but(mut task: Value, name: &str, value: Value) -> Value {
    task[name] = value;
    task
}

pub(crate) fn soon(task: Value) -> Value {
    but(task, "deadline", json!({"secs": 0, "nanos": 300_000_000}))
}

/// A helper, which must be one.
pub(crate) fn helper() -> Door {
    let door = Door::open(None, None).expect("this program serves");
    assert_eq!(door.isolation(), hwenc::probe::Isolation::Process, "{:?}", door.notes());
    assert!(door.notes().is_empty(), "{:?}", door.notes());
    door
}

/// Everything that comes, by number, and the order in which it came.
pub(crate) fn all(door: &mut Door) -> (BTreeMap<u64, Value>, Vec<u64>) {
    let (mut dones, mut order) = (BTreeMap::new(), Vec::new());
    while let Some(done) = door.next() {
        let id = done["id"].as_u64().unwrap();
        order.push(id);
        assert!(dones.insert(id, done).is_none(), "task {id} ended twice");
    }
    (dones, order)
}

/// The process that answered.
pub(crate) fn pid(done: &Value) -> u32 {
    let pid = done["result"]["Ok"]["drill"].as_u64();
    pid.unwrap_or_else(|| panic!("no answer: {done}")).try_into().unwrap()
}

/// Why there is no answer.
pub(crate) fn loss(done: &Value) -> &Value {
    let loss = &done["result"]["Err"];
    assert!(!loss.is_null(), "an answer: {done}");
    loss
}

pub(crate) fn code(done: &Value) -> &str {
    done["reason"]["code"].as_str().unwrap_or_else(|| panic!("no reason: {done}"))
}

pub(crate) fn evidence(done: &Value) -> String {
    done["reason"]["evidence"].to_string()
}

/// Parent and state of a process; none when it is gone.
pub(crate) fn process(pid: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// It runs no more. A zombie does not run; that of an orphan is its new parent's to reap.
pub(crate) fn is_gone(pid: u32) -> bool {
    process(pid).is_none_or(|(_, state)| matches!(state, 'Z' | 'X'))
}

/// Processes whose parent this is, zombies as well.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let numbers =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| process(*pid).is_some_and(|(parent, _)| parent == of)).collect()
}

/// Waits until it holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A script that can be started.
pub(crate) fn script(directory: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory.join("helper.sh");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
