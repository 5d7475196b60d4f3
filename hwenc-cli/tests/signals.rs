//! SIGINT and SIGTERM in the middle: the contract's exit codes, no file, no child.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::media::Dir;
use common::{HWENC, Running, hwenc};

/// A job that takes far longer than any test waits for it to begin.
const LONG: [&str; 8] =
    ["transcode", "in.mp4", "out.mp4", "--encoder", "libx264", "--preset", "veryslow", "--json"];

fn film(dir: &Dir) {
    dir.film(
        "in.mp4",
        "-f lavfi -i testsrc2=s=640x360:r=25:d=60 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
    );
}

/// The unfinished file has some content.
fn is_under_way(dir: &Dir) -> bool {
    let unfinished = dir.names().into_iter().find(|name| name.ends_with(".part"));
    unfinished.is_some_and(|name| std::fs::metadata(dir.join(name)).is_ok_and(|m| m.len() > 0))
}

/// Processes that a process started.
fn children(id: u32) -> String {
    std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap()
}

/// The process catches SIGINT and SIGTERM.
fn is_watching(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let both = 1 << (2 - 1) | 1 << (15 - 1);
    u64::from_str_radix(caught.trim(), 16).unwrap() & both == both
}

/// No process mentions the directory any more.
fn nobody_is_left(dir: &Dir) -> bool {
    let mentions = |process: &Path| {
        let cwd = std::fs::read_link(process.join("cwd")).unwrap_or_default();
        cwd.starts_with(dir.path())
    };
    !std::fs::read_dir("/proc").unwrap().flatten().any(|entry| mentions(&entry.path()))
}

#[test]
fn a_signal_in_the_middle_ends_it_cleanly() {
    let dir = Dir::new();
    film(&dir);
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        // The tests themselves may run under nohup.
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP", HWENC]).args(LONG).current_dir(dir.path()).stdin(Stdio::null());
        // Nothing is known, so that encoders are tried first, and those who try are gone before the work begins.
        let cache = tempfile::tempdir().unwrap();
        command.env("HWENC_CACHE_DIR", cache.path());
        let mut running = Running::start(&mut command);
        running.until("the work", || is_under_way(&dir));
        assert_eq!(children(running.id()), "", "it starts no other process");
        running.signal(signal);
        let ran = running.end().error(code, "cancelled");
        assert!(
            ran.stderr.contains(&format!("stopped by SIG{signal}; nothing was left behind")),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.json()["code"], "cancelled");
        assert_eq!(dir.names(), ["in.mp4"], "SIG{signal}");
        assert!(nobody_is_left(&dir));
    }
}

#[test]
fn a_signal_that_was_ignored_on_start_counts() {
    let dir = Dir::new();
    film(&dir);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let script = format!("trap '' {signal}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.current_dir(dir.path()).args(["-c", &script, HWENC]).args(LONG);
        let mut running = Running::start(&mut command);
        running.until("the work", || is_under_way(&dir));
        running.signal(signal);
        running.end().error(code, "cancelled");
        assert_eq!(dir.names(), ["in.mp4"], "SIG{signal}");
    }
}

#[test]
fn work_goes_on_when_the_terminal_goes_and_nohup_was_asked_for() {
    let dir = Dir::new();
    film(&dir);
    let mut command = Command::new("sh");
    command.current_dir(dir.path()).args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", HWENC]).args(LONG);
    let mut running = Running::start(&mut command);
    running.until("the work", || is_under_way(&dir));
    running.signal("HUP");
    let size = || std::fs::metadata(dir.join(&dir.names()[0])).unwrap().len();
    let before = size();
    running.until("more of it", || size() > before);
    running.signal("TERM");
    running.end().error(143, "cancelled");
    assert_eq!(dir.names(), ["in.mp4"]);
}

#[test]
fn an_older_result_stays() {
    let dir = Dir::new();
    film(&dir);
    dir.write("out.mp4", "precious");
    let mut running = Running::start(hwenc(&dir).args(LONG).args(["--overwrite", "--report", "report.json"]));
    running.until("the work", || is_under_way(&dir));
    running.signal("INT");
    running.end().error(130, "cancelled");
    assert_eq!(dir.names(), ["in.mp4", "out.mp4"]);
    assert_eq!(std::fs::read(dir.join("out.mp4")).unwrap(), b"precious");
}

#[test]
fn a_read_that_never_ends_is_ended() {
    let dir = Dir::new();
    assert!(Command::new("mkfifo").arg(dir.join("in.mp4")).status().unwrap().success());
    for (signal, code, writer) in [("INT", 130, false), ("TERM", 143, true)] {
        let mut running = Running::start(hwenc(&dir).args(LONG));
        // Opening a pipe for writing waits for its reader, and here for all of its life.
        let open = writer.then(|| std::fs::OpenOptions::new().write(true).open(dir.join("in.mp4")).unwrap());
        let id = running.id();
        running.until("the watch", || is_watching(id));
        running.signal(signal);
        running.end().error(code, "cancelled");
        assert_eq!(dir.names(), ["in.mp4"]);
        drop(open);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let dir = Dir::new();
    assert!(Command::new("mkfifo").arg(dir.join("in.mp4")).status().unwrap().success());
    let mut running = Running::start(hwenc(&dir).args(LONG));
    let _writer = std::fs::OpenOptions::new().write(true).open(dir.join("in.mp4")).unwrap();
    let id = running.id();
    running.until("the watch", || is_watching(id));
    running.signal("INT");
    std::thread::sleep(std::time::Duration::from_millis(100)); // two of one kind at once may become one
    running.signal("TERM");
    let ran = running.end();
    assert!([130, 143].contains(&ran.code), "{} {}", ran.code, ran.stderr);
    assert_eq!(dir.names(), ["in.mp4"]);
}
