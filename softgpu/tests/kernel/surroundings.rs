//! Files, users, limits, network: what the command finds around itself.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::{errors, kernel, output, script, text};

#[test]
fn its_own_directory_and_tmpdir_can_be_written_to_and_the_rest_cannot() {
    // Not in /tmp, which can be written to anyway.
    let place = || tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let (own, temporary, further, report, other) = (place(), place(), place(), place(), place());
    let path = |directory: &tempfile::TempDir| directory.path().to_str().expect("it is text").to_owned();
    let further_path = path(&further);
    let report_file = report.path().join("report.json");
    let options = ["--writable", &further_path, "--report", report_file.to_str().expect("it is text")];
    let write =
        "pwd; for at in . \"$TMPDIR\" \"$FURTHER\" \"$REPORT\"; do echo \"$at\" >\"$at/written\"; done
        mkdir a && mv a b && ln -s b c && rm written && echo again >written
        for at in \"$OTHER\" / /etc /usr /var; do touch \"$at/written\" && echo \"$at\"; done; true";
    let mut run = kernel(&options, &["sh", "-c", write]);
    run.current_dir(&own).env("TMPDIR", temporary.path()).env("FURTHER", further.path());
    let output = output(run.env("OTHER", other.path()).env("REPORT", report.path()));
    assert_eq!(text(&output), path(&own), "{}", errors(&output));
    assert_eq!(errors(&output).matches("Read-only file system").count(), 5, "{}", errors(&output));
    let read = |directory: &tempfile::TempDir| fs::read_to_string(directory.path().join("written")).ok();
    assert_eq!(read(&own).as_deref(), Some("again\n"));
    assert!(own.path().join("c").is_dir());
    for directory in [&temporary, &further, &report] {
        assert_eq!(read(directory), Some(path(directory) + "\n"));
    }
    assert_eq!(read(&other), None);
    assert!(report_file.is_file());
}

#[test]
fn files_in_tmp_are_the_hosts() {
    let file = tempfile::Builder::new().tempfile_in("/tmp").expect("a file");
    fs::write(file.path(), "from the host\n").expect("it can be written");
    let path = file.path().display();
    assert_eq!(text(&script(&format!("cat {path}; echo from inside >{path}"))), "from the host");
    assert_eq!(fs::read_to_string(file.path()).expect("it is there"), "from inside\n");
}

#[test]
fn words_that_are_no_text_arrive() {
    let odd = OsStr::from_bytes(b"a\xff\n \"$'\\");
    let words = [
        OsStr::new("sh"),
        OsStr::new("-c"),
        OsStr::new("printf '%s|%s' \"$1\" \"$ODD\""),
        OsStr::new("sh"),
        odd,
    ];
    let output = output(kernel(&[], &words).env("ODD", odd));
    assert_eq!(output.stdout, b"a\xff\n \"$'\\|a\xff\n \"$'\\", "{output:?}");
}

#[test]
fn user_mask_limits_and_name_are_the_callers() {
    let what = "id -u; id -g; id -G; umask; ulimit -n; ulimit -s; cat /proc/sys/kernel/hostname";
    let here = std::process::Command::new("sh").args(["-c", what]).output().expect("sh starts");
    assert_eq!(text(&script(what)), text(&here));
}

#[test]
fn another_user_is_without_privileges() {
    let what = "id -u; id -g; id -G; cat /proc/self/status | grep CapEff";
    let output = output(&mut kernel(&["--uid", "65534", "--gid", "4711"], &["sh", "-c", what]));
    assert_eq!(text(&output), "65534\n4711\n4711\nCapEff:\t0000000000000000");
}

#[test]
fn the_machine_has_what_programs_expect() {
    let output = script(
        "set -e; test $(nproc) = 1; test -d /proc/self/fd -a -e /dev/fd/0 -a -c /dev/null -a -c /dev/pts/ptmx
        for place in /dev/shm /run /tmp; do touch $place/softgpu-$$; rm $place/softgpu-$$; done
        head -c 100 /dev/random | wc -c; uname -s; cat /sys/class/net/lo/flags",
    );
    assert_eq!(text(&output), "100\nLinux\n0x9");
}
