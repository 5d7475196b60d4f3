//! How a host ends, and what is left of its helper then.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::kit::{CASE, Test, all, but, children, helper, is_gone, loss, pid, soon, task, until};

pub(crate) const TESTS: &[Test] = &[
    ("a_host_that_lets_go_leaves_nothing", a_host_that_lets_go_leaves_nothing),
    ("a_host_that_is_killed_leaves_nothing", a_host_that_is_killed_leaves_nothing),
    (
        "a_host_whose_pipe_stays_open_elsewhere_leaves_nothing",
        a_host_whose_pipe_stays_open_elsewhere_leaves_nothing,
    ),
    ("a_host_that_exits_leaves_nothing", a_host_that_exits_leaves_nothing),
    ("a_helper_that_is_killed_costs_what_it_was_at", a_helper_that_is_killed_costs_what_it_was_at),
    ("a_helper_that_is_stopped_is_not_waited_for", a_helper_that_is_stopped_is_not_waited_for),
    ("two_hundred_helpers_leave_no_file_and_no_process", two_hundred_helpers_leave_no_file_and_no_process),
];

/// What a host does that is run as a process of its own.
pub(crate) fn run(case: &str) {
    match case {
        "waits" | "exits" => {
            let mut door = helper();
            // One idle, one busy, one that left something behind.
            door.submit(task(0, "idle", json!("answer")));
            let idle = pid(&door.next().unwrap());
            let supervisor = parent(idle);
            door.submit(task(1, "busy", json!("hang")));
            until("the other worker", || children(supervisor).len() == 2);
            let workers = children(supervisor);
            println!("{supervisor} {} {}", workers[0], workers[1]);
            if case == "exits" {
                std::process::exit(0); // destructors do not run
            }
            door.next();
            unreachable!("the task has an hour");
        }
        "attempts" => super::devices::attempt(),
        "asks" => super::devices::ask(),
        "probe" => super::probes::probe(),
        "probes" => super::probes::probes(),
        "programs" => super::probes::programs(),
        "counts" => count(),
        "meets" | "without" => super::refused::meet(),
        "survives" => {
            super::journal::endless(std::env::var_os("HWENC_TEST_JOURNAL").unwrap().into());
        }
        other => panic!("no case {other}"),
    }
}

/// Runs a case.
pub(crate) fn host(case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(CASE, case).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

fn parent(pid: u32) -> u32 {
    super::kit::process(pid).expect("it lives").0
}

/// A host of the case, and the processes that it has.
fn begin(mut command: Command) -> (Child, Vec<u32>) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let pids: Vec<u32> = line.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 3, "{line}");
    (child, pids)
}

fn a_host_that_lets_go_leaves_nothing() {
    let mut door = helper();
    for (id, lane) in (0..).zip(["a", "b", "c"]) {
        door.submit(task(id, lane, json!("answer")));
    }
    let (dones, _) = all(&mut door);
    let mut pids: Vec<u32> = dones.values().map(pid).collect();
    pids.push(parent(pids[0]));
    // One is at something.
    door.submit(task(9, "d", json!("hang")));
    drop(door);
    // Not even a zombie.
    assert!(pids.iter().all(|pid| super::kit::process(*pid).is_none()), "{pids:?}");
}

fn a_host_that_is_killed_leaves_nothing() {
    let (mut child, pids) = begin(host("waits"));
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of all its processes", || pids.iter().all(|pid| is_gone(*pid)));
}

/// A program that the host started, and that never closes what it got, holds the pipe; the helper leaves all the same.
fn a_host_whose_pipe_stays_open_elsewhere_leaves_nothing() {
    let (mut child, pids) = begin(host("waits"));
    // The host's end of the helper's input, opened once more.
    let inputs = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
    let held: Vec<_> = inputs.filter_map(|fd| fs::File::open(fd.ok()?.path()).ok()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of all its processes", || pids.iter().all(|pid| is_gone(*pid)));
    drop(held);
}

fn a_host_that_exits_leaves_nothing() {
    let (mut child, pids) = begin(host("exits"));
    assert!(child.wait().unwrap().success());
    until("the end of all its processes", || pids.iter().all(|pid| is_gone(*pid)));
}

fn a_helper_that_is_killed_costs_what_it_was_at() {
    let mut door = helper();
    door.submit(task(0, "a", json!("answer")));
    let worker = pid(&door.next().unwrap());
    let supervisor = parent(worker);
    door.submit(task(1, "a", json!("hang")));
    door.submit(task(2, "b", json!("hang")));
    signal(supervisor, "KILL");
    let (dones, _) = all(&mut door);
    assert_eq!(dones.len(), 2);
    for done in dones.values() {
        assert!(loss(done)["helper"]["why"].as_str().unwrap().contains("SIGKILL"), "{done}");
    }
    // It is of no use any more, and says so.
    door.submit(task(3, "a", json!("answer")));
    assert!(loss(&door.next().unwrap())["helper"].is_object());
    assert!(door.next().is_none());
    until("the end of the worker", || is_gone(worker));
}

fn a_helper_that_is_stopped_is_not_waited_for() {
    let mut door = helper();
    door.submit(task(0, "a", json!("answer")));
    let supervisor = parent(pid(&door.next().unwrap()));
    signal(supervisor, "STOP");
    door.submit(soon(task(1, "a", json!("answer"))));
    let (dones, _) = all(&mut door);
    let why = loss(&dones[&1])["helper"]["why"].as_str().unwrap();
    assert!(why.contains("did not answer in time"), "{why}");
    assert!(super::kit::process(supervisor).is_none(), "it is ended and reaped");
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// In a process of its own, where nobody else opens files meanwhile.
fn two_hundred_helpers_leave_no_file_and_no_process() {
    let mut child = host("counts").spawn().unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
}

fn count() {
    let files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let me = std::process::id();
    let before = files();
    for round in 0..200 {
        let mut door = helper();
        door.submit(task(0, "a", json!("answer")));
        match round % 4 {
            0 => door.submit(task(1, "b", json!({"raise": {"signal": 11}}))),
            1 => door.submit(but(task(1, "b", json!("answer")), "alone", json!(true))),
            2 => door.submit(task(1, "b", json!("answer"))),
            _ => {}
        }
        let (dones, _) = all(&mut door);
        pid(&dones[&0]);
        drop(door);
        assert_eq!((files(), children(me)), (before, vec![]), "round {round}");
    }
}
