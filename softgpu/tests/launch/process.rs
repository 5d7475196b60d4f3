//! Exit statuses, signals, environment, what is left behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::{among, softgpu, text};

#[test]
fn the_commands_exit_status_comes_back() {
    for status in [0, 1, 7, 124, 255] {
        let output = among("none", &["sh", "-c", &format!("exit {status}")]);
        assert_eq!(output.status.code(), Some(status));
    }
}

#[test]
fn the_commands_signal_comes_back() {
    for signal in
        [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT, Signal::SIGSEGV, Signal::SIGABRT, Signal::SIGPIPE]
    {
        // A shell leaves ignored what was ignored before it, as SIGINT is in the background of a script.
        let kill = format!("kill -{} $$", signal as i32);
        let output = among("none", &["env", "--default-signal", "sh", "-c", &kill]);
        assert_eq!(output.status.signal(), Some(signal as i32), "{signal}");
    }
    // As a shell reports it.
    let line = format!("{} run --device none -- sh -c 'kill -9 $$'; exit $?", env!("CARGO_BIN_EXE_softgpu"));
    let status = std::process::Command::new("sh").args(["-c", &line]).status().expect("sh starts");
    assert_eq!(status.code(), Some(128 + 9));
}

#[test]
fn a_command_that_is_not_there_or_cannot_be_run_is_told_apart() {
    let absent = among("none", &["/nowhere/no-such-command"]);
    assert_eq!(absent.status.code(), Some(127));
    assert!(text(&absent.stderr).contains("/nowhere/no-such-command"), "{}", text(&absent.stderr));
    assert_eq!(among("none", &["/etc/passwd"]).status.code(), Some(126));
    assert_eq!(among("none", &["/"]).status.code(), Some(126));
}

#[test]
fn wrong_usage_is_softgpus_own_failure_and_says_what_is_legal() {
    for (arguments, says) in [
        (&["run", "--device", "voodoo", "--", "true"][..], "intel-arc"),
        (&["run", "--device", "intel-arc:speed=9", "--", "true"], "errno"),
        (&["run", "--device", "intel-arc:mode=0999", "--", "true"], "octal"),
        (&["run", "--device", "intel-arc:node=7", "--", "true"], "128"),
        (&["run", "--device", "intel-arc:errno=EWHAT", "--", "true"], "ENODEV"),
        (&["run", "--device", "intel-arc:pci=3:0.0", "--", "true"], "0000:03:00.0"),
        (&["run", "--device", "intel-arc,none", "--", "true"], "alone"),
        (&["run", "--device", "intel-arc:node=130,virtio:node=130", "--", "true"], "130"),
        (&["run", "--engine", "x266", "--", "true"], "lossless"),
        (&["run", "--fault", "va.EndPicture=explode", "--", "true"], "ENCODING_ERROR"),
        (&["run", "--fault", "va.Picture=hang", "--", "true"], "va.EndPicture"),
        (&["run", "--nonsense", "--", "true"], "--nonsense"),
        (&["run"], "CMD"),
        (&["stop"], "Usage"),
        (&[], "run"),
    ] {
        let output = softgpu(arguments).output().expect("softgpu starts");
        assert_eq!(output.status.code(), Some(125), "{arguments:?}");
        assert!(text(&output.stderr).contains(says), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn missing_libraries_are_named() {
    let empty = tempfile::tempdir().expect("directory");
    let output =
        softgpu(&["run", "--", "true"]).env("SOFTGPU_LIB_DIR", empty.path()).output().expect("starts");
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("libsoftgpu_drm.so"), "{}", text(&output.stderr));
}

#[test]
fn signals_go_on_to_the_command() {
    for signal in
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2]
    {
        let name = &signal.as_str()[3..];
        let script =
            format!("trap 'echo got {name}; exit 42' {name}; echo ready; while :; do sleep 0.02; done");
        // The tests themselves may run with some signals ignored, as in the background of a script.
        let command = ["run", "--device", "none", "--", "env", "--default-signal", "bash", "-c", &script];
        let mut child = softgpu(&command).stdout(Stdio::piped()).spawn().expect("softgpu starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(Result::unwrap);
        assert_eq!(lines.next().as_deref(), Some("ready"));
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("sent");
        assert_eq!(lines.next(), Some(format!("got {name}")));
        assert_eq!(child.wait().expect("ended").code(), Some(42), "{signal}");
    }
}

#[test]
fn a_command_that_dies_of_a_passed_signal_takes_softgpu_along() {
    let mut child = softgpu(&["run", "--device", "none", "--", "sh", "-c", "echo ready; exec sleep 600"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("softgpu starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).expect("sent");
    assert_eq!(child.wait().expect("ended").signal(), Some(Signal::SIGTERM as i32));
}

#[test]
fn nothing_is_left_behind() {
    let place = tempfile::tempdir().expect("directory");
    for (script, status) in
        [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("touch $SOFTGPU_DIR/dev/dri/mine", 0)]
    {
        let line = format!("\"$0\" run -- sh -c '{script}' 2>/dev/null; exit $?");
        let output = std::process::Command::new("sh")
            .args(["-c", &line, env!("CARGO_BIN_EXE_softgpu")])
            .env("TMPDIR", place.path())
            .output()
            .expect("sh starts");
        assert_eq!(output.status.code(), Some(status), "{script}");
        assert_eq!(fs::read_dir(place.path()).expect("read").count(), 0, "{script}");
    }
}

#[test]
fn standard_streams_and_arguments_are_the_commands_own() {
    let output = among("none", &["printf", "%s|", "--help", "a b", ""]);
    assert_eq!(text(&output.stdout), "--help|a b||");
    let mut child = softgpu(&["run", "--device", "none", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("softgpu starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), b"through").expect("written");
    assert_eq!(child.wait_with_output().expect("ended").stdout, b"through");
}

#[test]
fn the_environment_is_set_and_what_the_user_set_is_kept() {
    let script = "import os; e = os.environ; d = e['SOFTGPU_DIR']; assert os.path.isdir(d); \
                  assert e['LIBVA_DRIVERS_PATH'] == d + '/drivers' and e['GST_VA_ALL_DRIVERS'] == '1'; \
                  assert e['GST_REGISTRY'].startswith(d); assert 'SOFTGPU_REPORT' not in e; \
                  print(e['LD_PRELOAD']); print(e.get('LIBVA_DRIVER_NAME')); print(*sorted(os.listdir(d + '/drivers')))";
    let run = |name: Option<&str>| {
        let mut command = softgpu(&["run", "--device", "intel-arc,amd-rdna2", "--", "python3", "-c", script]);
        command.env_remove("LIBVA_DRIVER_NAME");
        if let Some(name) = name {
            command.env("LIBVA_DRIVER_NAME", name).env("LD_PRELOAD", "libc.so.6");
        }
        let output = command.output().expect("softgpu starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = run(None);
    assert!(plain[0].ends_with("/libsoftgpu_drm.so"), "{plain:?}");
    assert_eq!(plain[1..], ["None", "iHD_drv_video.so radeonsi_drv_video.so"]);
    let kept = run(Some("mine"));
    assert!(kept[0].ends_with("/libsoftgpu_drm.so:libc.so.6"), "{kept:?}");
    assert_eq!(kept[1], "mine");
}

#[test]
fn a_library_directory_with_blanks_works() {
    let place = tempfile::tempdir().expect("directory");
    let odd = place.path().join("a b:c");
    fs::create_dir(&odd).expect("made");
    let found =
        softgpu::libraries::Libraries::find_beside(Path::new(env!("CARGO_BIN_EXE_softgpu"))).expect("built");
    for name in [softgpu::libraries::DRM, softgpu::libraries::VA] {
        std::os::unix::fs::symlink(found.path(name), odd.join(name)).expect("linked");
    }
    let output = softgpu(&["run", "--", "stat", "-c", "%F", "/dev/dri/renderD128"])
        .env("SOFTGPU_LIB_DIR", &odd)
        .output()
        .expect("softgpu starts");
    assert_eq!(text(&output.stdout), "character special file\n", "{}", text(&output.stderr));
}

#[test]
fn a_report_is_there_even_when_nothing_happened_and_is_relative_to_the_caller() {
    let place = tempfile::tempdir().expect("directory");
    let file = place.path().join("report.json");
    fs::write(&file, "of an earlier run").expect("written");
    let output =
        softgpu(&["run", "--report", "report.json", "--", "sh", "-c", "cd / && echo \"$SOFTGPU_REPORT\""])
            .current_dir(place.path())
            .output()
            .expect("softgpu starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(Path::new(text(&output.stdout).trim()), file.canonicalize().expect("there"));
    let report: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    for key in [
        "calls",
        "image_maps",
        "put_images",
        "derived_images",
        "cpu_bytes",
        "alive",
        "encodes",
        "vpp_ops",
        "misuse",
    ] {
        assert!(!report[key].is_null(), "{key}");
    }
    assert_eq!(report["calls"], serde_json::json!({}));
}

#[test]
fn a_report_that_cannot_be_written_fails_before_the_command() {
    let output =
        softgpu(&["run", "--report", "/nowhere/report.json", "--", "echo", "ran"]).output().expect("starts");
    assert_eq!(output.status.code(), Some(125));
    assert!(output.stdout.is_empty() && text(&output.stderr).contains("/nowhere/report.json"));
}
