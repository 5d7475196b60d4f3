//! Helpers that are none, or another FFmpeg's. What the environment names is met by a host that is a process of its own.

use std::path::Path;
use std::time::Duration;

use hwenc::Code;
use hwenc::probe::door::Door;
use serde_json::{Value, json};

use super::hosts::host;
use super::kit::{Test, all, pid, script, soon, task};

/// The case of a host that does not serve itself.
pub(crate) const WITHOUT: &str = "without";

pub(crate) const TESTS: &[Test] = &[
    ("a_helper_that_is_named_serves", a_helper_that_is_named_serves),
    ("another_ffmpeg_is_refused_by_name", another_ffmpeg_is_refused_by_name),
    ("another_hwenc_is_refused_by_name", another_hwenc_is_refused_by_name),
    ("a_helper_that_is_missing_is_an_error", a_helper_that_is_missing_is_an_error),
    ("a_helper_that_is_none_is_an_error", a_helper_that_is_none_is_an_error),
    ("a_helper_that_says_nothing_is_not_waited_for", a_helper_that_says_nothing_is_not_waited_for),
    ("a_helper_that_turns_silly_costs_its_tasks", a_helper_that_turns_silly_costs_its_tasks),
    (
        "a_helper_that_was_found_is_noted_and_the_next_one_serves",
        a_helper_that_was_found_is_noted_and_the_next_one_serves,
    ),
    ("without_a_helper_tasks_are_done_here", without_a_helper_tasks_are_done_here),
];

/// Answers as the host greets, with something replaced, and then listens to the end.
fn echo(edit: &str) -> String {
    format!("read -r line\nprintf '%s\\n' \"$line\" | sed '{edit}'\ncat >/dev/null")
}

const OTHER: &str = r#"s/"version":"[^"]*"/"version":"99.1"/"#;

/// This program, which serves when it is started so.
fn itself() -> String {
    format!("export HWENC_CASE=serves; exec '{}'", std::env::current_exe().unwrap().display())
}

/// Opens the door, gives it a task, and tells what came of that.
pub(crate) fn meet() {
    let patience =
        std::env::var("HWENC_TEST_PATIENCE").ok().map(|ms| Duration::from_millis(ms.parse().unwrap()));
    let met = match Door::open(None, patience) {
        Err(error) => json!({"error": error.reason()}),
        Ok(mut door) => {
            door.submit(soon(task(0, "a", json!("answer"))));
            let (dones, _) = all(&mut door);
            json!({
                "isolation": door.isolation(), "notes": door.notes(), "done": dones[&0], "me": std::process::id(),
            })
        }
    };
    println!("{met}");
}

/// What a host meets that is told of this helper.
fn named(program: &Path) -> Value {
    said(host("meets").env("HWENC_HELPER", program).env("HWENC_TEST_PATIENCE", "5000"))
}

fn said(host: &mut std::process::Command) -> Value {
    let output = host.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

/// What a host meets that is told of a script.
fn scripted(text: &str) -> Value {
    let directory = tempfile::tempdir().unwrap();
    named(&script(directory.path(), text))
}

fn refused(met: &Value, code: Code, words: &str) {
    assert_eq!(met["error"]["code"], code.as_str(), "{met}");
    let message = met["error"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    assert!(!message.contains('/'), "a path: {message}");
}

fn a_helper_that_is_named_serves() {
    for script in [itself(), echo("")] {
        let met = scripted(&script);
        if script.contains("exec") {
            assert_eq!(met["isolation"], "process", "{met}");
            assert_ne!(u64::from(pid(&met["done"])), met["me"].as_u64().unwrap());
        } else {
            // It shakes hands and then says nothing more: its end is that of the task.
            assert!(met["done"]["result"]["Err"]["helper"].is_object(), "{met}");
        }
    }
}

fn another_ffmpeg_is_refused_by_name() {
    let met = scripted(&echo(OTHER));
    refused(&met, Code::HelperMismatch, "the helper has FFmpeg 99.1 and this process ");
    let edit = r#"s/libavcodec [0-9.]*/libavcodec 999.0.100/"#;
    refused(
        &scripted(&echo(edit)),
        Code::HelperMismatch,
        "the helper has libavcodec 999.0.100 and this process libavcodec ",
    );
    let edit = r#"s/"identity":"[^"]*"/"identity":"0:0 1"/g"#;
    refused(&scripted(&echo(edit)), Code::HelperMismatch, "from another file");
}

fn another_hwenc_is_refused_by_name() {
    let met = scripted(&echo(r#"s/"hwenc":"[^"]*"/"hwenc":"0.0.7"/"#));
    refused(&met, Code::HelperMismatch, "the helper is hwenc 0.0.7 and this process ");
}

fn a_helper_that_is_missing_is_an_error() {
    refused(&named(Path::new("/nowhere/hwenc")), Code::HelperMissing, "does not start");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("helper");
    std::fs::write(&file, "no program").unwrap();
    refused(&named(&file), Code::HelperMissing, "does not start");
}

fn a_helper_that_is_none_is_an_error() {
    for script in ["echo hello; cat >/dev/null", "echo '{}'", "yes", "head -c 40000000 /dev/zero"] {
        refused(&scripted(script), Code::HelperFailed, "speaks another language");
    }
    let met = scripted("echo its last words >&2; exit 7");
    refused(&met, Code::HelperFailed, "ended before it said who it is");
    let evidence = met["error"]["evidence"].to_string();
    assert!(evidence.contains("status 7") && evidence.contains("its last words"), "{evidence}");
    let met = scripted("kill -9 $$");
    refused(&met, Code::HelperFailed, "ended before it said who it is");
    assert!(met["error"]["evidence"].to_string().contains("SIGKILL"), "{met}");
}

fn a_helper_that_says_nothing_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let program = script(directory.path(), "trap '' TERM\nexec sleep 1000");
    let met = said(host("meets").env("HWENC_HELPER", program).env("HWENC_TEST_PATIENCE", "200"));
    refused(&met, Code::HelperFailed, "did not say who it is in time");
}

fn a_helper_that_turns_silly_costs_its_tasks() {
    let greet = "read -r line; printf '%s\\n' \"$line\"; read -r task";
    for (rest, words) in [
        (
            "echo '{\"id\":7,\"result\":{\"Err\":\"skipped\"},\"wall\":{\"secs\":0,\"nanos\":0}}'; cat",
            "nobody gave it",
        ),
        ("echo nonsense; cat", "nonsense"),
        ("exit 3", "status 3"),
        ("kill -SEGV $$", "SIGSEGV"),
    ] {
        let met = scripted(&format!("{greet}; {rest}"));
        let why = met["done"]["result"]["Err"]["helper"]["why"].as_str();
        assert!(why.is_some_and(|why| why.contains(words)), "{rest}: {met}");
        assert_eq!(met["done"]["reason"]["code"], "helper.failed");
    }
}

/// Directories with an `hwenc` each, on the search path of a host that does not serve itself.
fn on_the_path(scripts: &[&str]) -> Value {
    let directories: Vec<_> = scripts.iter().map(|_| tempfile::tempdir().unwrap()).collect();
    for (directory, text) in directories.iter().zip(scripts) {
        let file = script(directory.path(), text);
        std::fs::rename(file, directory.path().join("hwenc")).unwrap();
    }
    let path = directories.iter().map(|directory| directory.path().to_owned());
    let path = path.chain(["/usr/bin".into(), "/bin".into()]);
    said(host(WITHOUT).env("PATH", std::env::join_paths(path).unwrap()))
}

fn a_helper_that_was_found_is_noted_and_the_next_one_serves() {
    let met = on_the_path(&[&echo(OTHER), "exit 1", &itself()]);
    assert_eq!(met["isolation"], "process", "{met}");
    let codes: Vec<_> =
        met["notes"].as_array().unwrap().iter().map(|note| note["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["helper.mismatch", "helper.failed"]);
}

fn without_a_helper_tasks_are_done_here() {
    for (scripts, code) in [(&[][..], "helper.missing"), (&[&*echo(OTHER)], "helper.mismatch")] {
        let met = on_the_path(scripts);
        assert_eq!(met["isolation"], "none", "{met}");
        assert_eq!(u64::from(pid(&met["done"])), met["me"].as_u64().unwrap());
        assert_eq!(met["notes"][0]["code"], code);
    }
}
