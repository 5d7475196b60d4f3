//! Standard streams and signals.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{errors, kernel, script, text};

/// Bytes that a terminal would edit are among them.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * at) >> 5) as u8).collect()
}

/// A command whose first line of output has been read.
fn started(text: &str) -> (Child, BufReader<ChildStdout>) {
    start(&mut kernel(&[], &["sh", "-c", text]))
}

fn start(run: &mut Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = run.stdout(Stdio::piped()).spawn().expect("softgpu starts");
    let mut output = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("it is text");
    assert_eq!(line, "ready\n");
    (child, output)
}

fn signal(child: &Child, name: &str) {
    let mut kill = Command::new("kill");
    assert!(
        kill.arg(format!("-{name}")).arg(child.id().to_string()).status().expect("kill starts").success()
    );
}

#[test]
fn every_byte_goes_in_and_out() {
    let sent = bytes(1_000_000);
    let mut run = kernel(&[], &["cat"]);
    let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("softgpu starts");
    let mut input = child.stdin.take().expect("it is a pipe");
    let sender = thread::spawn({
        let sent = sent.clone();
        move || input.write_all(&sent).expect("it is read")
    });
    let output = child.wait_with_output().expect("it ends");
    sender.join().expect("all is sent");
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(output.stdout.len(), sent.len());
    assert!(output.stdout == sent, "bytes differ");
}

#[test]
fn the_streams_are_three() {
    let output = script("echo out; echo err >&2; cat; test -t 0 -o -t 1 -o -t 2 || echo pipes");
    assert_eq!((text(&output), errors(&output).as_str()), ("out\npipes", "err"));
}

#[test]
fn a_reader_that_goes_ends_the_writer() {
    let (mut child, output) = started("echo ready; exec yes");
    drop(output);
    assert_eq!(child.wait().expect("it ends").signal(), Some(13));
}

#[test]
fn a_child_that_holds_the_streams_holds_up_nothing() {
    let begun = Instant::now();
    assert_eq!(text(&script("sleep 1000 & echo bye")), "bye");
    assert!(begun.elapsed() < Duration::from_secs(500));
}

#[test]
fn signals_reach_the_command() {
    for name in ["TERM", "INT", "HUP", "USR1"] {
        let (mut child, mut output) =
            started(&format!("trap 'echo caught; exit 3' {name}; echo ready; while :; do sleep 0.05; done"));
        signal(&child, name);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        assert_eq!((rest.as_str(), child.wait().expect("it ends").code()), ("caught\n", Some(3)), "{name}");
    }
    let (mut child, _output) = started("echo ready; exec sleep 1000");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").signal(), Some(15));
}

#[test]
fn a_machine_ends_with_the_program_that_started_it() {
    // What a killed program leaves in its temporary directory goes with this one.
    let temporary = tempfile::tempdir().expect("a directory");
    let mut run = kernel(&[], &["sh", "-c", "echo ready; exec sleep 1000"]);
    let (mut child, _output) = start(run.env("TMPDIR", temporary.path()));
    let machine = children(child.id());
    assert_eq!(machine.len(), 1, "the kernel is the only child");
    signal(&child, "KILL");
    child.wait().expect("it ends");
    let begun = Instant::now();
    while Path::new("/proc").join(&machine[0]).exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the kernel is still there");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that this one has started.
fn children(of: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("proc is mounted").flatten();
    let names = processes.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let parent = |name: &String| {
        let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
        // After the name of the program, which may hold anything: state, parent.
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    names.filter(|name| parent(name) == Some(of)).collect()
}
