//! `softgpu run --kernel`: what comes in and out of the machine, who may do what in it, and its DRM nodes.
//!
//! The first of these tests that runs builds the kernel, where the cache has none.

#[path = "kernel/cache.rs"]
mod cache;
#[path = "kernel/hwenc.rs"]
mod hwenc;
#[path = "kernel/nodes.rs"]
mod nodes;
#[path = "kernel/streams.rs"]
mod streams;
#[path = "kernel/surroundings.rs"]
mod surroundings;
#[path = "kernel/va.rs"]
mod va;

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// `softgpu run --kernel`, with nothing on its standard input.
fn kernel(options: &[&str], command: &[impl AsRef<OsStr>]) -> Command {
    let mut run = Command::new(env!("CARGO_BIN_EXE_softgpu"));
    run.args(["run", "--kernel"]).args(options).arg("--").args(command).stdin(Stdio::null());
    if options.contains(&"--uid") {
        // The checkout may lie where other users may not go.
        run.current_dir(std::env::temp_dir());
    }
    run
}

/// Copies of files where every user may read and run them, which where the checkout lies not every one may.
fn open_to_others(files: &[PathBuf]) -> TempDir {
    let open = Permissions::from_mode(0o755);
    let place = tempfile::Builder::new().permissions(open).tempdir().expect("a directory");
    for file in files {
        let name = file.file_name().expect("it is a file");
        std::fs::copy(file, place.path().join(name)).expect("it is copied");
    }
    place
}

/// A script in it.
fn script(text: &str) -> Output {
    output(&mut kernel(&[], &["sh", "-c", text]))
}

fn output(command: &mut Command) -> Output {
    command.output().expect("softgpu starts")
}

/// What a command that succeeds writes.
fn text(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).expect("it is text").trim_end()
}

/// How softgpu itself fails, and what it says.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the command itself wrote to its standard error.
fn errors(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().filter(|line| !line.starts_with("softgpu: the kernel was up")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_exit_status_is_the_commands() {
    for code in [0, 1, 7, 125, 255] {
        assert_eq!(script(&format!("exit {code}")).status.code(), Some(code));
    }
}

#[test]
fn a_signal_that_ends_the_command_ends_the_run() {
    for (name, number) in [("KILL", 9), ("TERM", 15), ("PIPE", 13), ("SEGV", 11), ("ABRT", 6)] {
        let output = script(&format!("kill -{name} $$; sleep 10"));
        assert_eq!(output.status.signal(), Some(number), "{name}: {output:?}");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_told_from_one_that_is_not_there() {
    let missing = output(&mut kernel(&[], &["no-such-command"]));
    assert_eq!(
        (missing.status.code(), errors(&missing).as_str()),
        (Some(127), "softgpu: no-such-command: command not found")
    );
    let data = output(&mut kernel(&[], &["/etc/passwd"]));
    assert_eq!(
        (data.status.code(), errors(&data).as_str()),
        (Some(126), "softgpu: /etc/passwd: cannot be executed")
    );
}

#[test]
fn the_time_that_the_start_took_is_printed() {
    let output = script("true");
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("softgpu: the kernel was up after "))
        .expect("it is said");
    let seconds: f64 = line.strip_suffix(" s").expect("in seconds").parse().expect("a number");
    println!("{line}");
    assert!(seconds > 0.0, "{line}");
}

#[test]
fn a_kernel_that_does_not_start_is_an_error_in_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let stuck = directory.path().join("stuck");
    std::fs::write(&stuck, "#!/bin/sh\necho waiting for the moon\nexec sleep 1000\n").expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&stuck, mode).expect("it can be run");
    let mut run = kernel(&[], &["true"]);
    let said = refusal(&output(run.env("SOFTGPU_KERNEL", &stuck).env("SOFTGPU_KERNEL_DEADLINE", "1")));
    assert!(said.contains("did not start within 1 s") && said.contains("waiting for the moon"), "{said}");
}

#[test]
fn a_kernel_that_ends_at_once_is_an_error() {
    let said = refusal(&output(kernel(&[], &["true"]).env("SOFTGPU_KERNEL", "/bin/false")));
    assert!(said.contains("ended (exit status: 1) before its command did"), "{said}");
    let said = refusal(&output(kernel(&[], &["true"]).env("SOFTGPU_KERNEL", "/no/kernel")));
    assert!(said.contains("/no/kernel does not start"), "{said}");
}

#[test]
fn what_only_the_preload_shim_can_show_is_refused() {
    for (options, why) in [
        (&["--fault", "drm.open=EIO"][..], "drm.open=EIO"),
        (&["--device", "intel-arc,amd-rdna3"], "one device"),
        (&["--device", "none"], "one device"),
        (&["--device", "intel-arc:node=131"], "numbers its nodes itself"),
        (&["--device", "intel-arc:errno=ENODEV"], "errno="),
    ] {
        let said = refusal(&output(&mut kernel(options, &["true"])));
        assert!(said.contains(why), "{options:?}: {said}");
    }
}
