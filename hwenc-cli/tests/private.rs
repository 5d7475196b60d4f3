//! What anybody may read: without `--verbose` no command tells a path, an address or a version of the machine. FFmpeg's release and
//! what a VA-API driver calls itself stand in `hwenc probe` on purpose, each on a line of its own: it is the operator's report.

mod common;
#[path = "../../hwenc/tests/common/softgpu.rs"]
#[allow(unreachable_pub)]
mod softgpu;

use std::process::{Command, Stdio};

use common::media::Dir;
use common::{HWENC, run};

const MACHINES: &[&str] = &[
    "--device none",
    "--device virtio",
    "--device intel-haswell,amd-rdna3:mode=0600:uid=1",
    "--device intel-gen9 --fault va.Initialize=OPERATION_FAILED",
    "--device intel-haswell --fault va.Initialize=segv",
    "--device intel-haswell --fault va.CreateContext=RESOLUTION_NOT_SUPPORTED",
    "--device intel-haswell --fault va.EndPicture=abort@2",
    "--device intel-haswell --fault va.EndPicture=ENCODING_ERROR",
    "--device intel-haswell:errno=EIO",
];

const COMMANDS: &[&str] = &[
    "probe --codec h264 --bit-depth 8",
    "select --codec h264 --size 1280x720",
    "select --codec hevc --size 1280x720 --bit-depth 10",
    "select --codec h264 --size 1280x720 --encoder h264_qsv",
    "doctor",
    "transcode nothing.mp4 out.mp4",
];

/// A path outside /dev, an address, or three numbers with dots between.
fn tells(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '/');
    let path = ["/usr", "/lib", "/home", "/root", "/tmp", "/var", "/opt", "/proc", "/sys", "/etc", "/run"]
        .iter()
        .any(|start| word.starts_with(start));
    let numbers = word.split('.').filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    path || word.ends_with(".so") || word.contains(".so.") || word.starts_with("0x") || numbers.count() > 2
}

/// The lines of a command that tell of the machine.
fn telling(machine: &str, words: &str) -> Vec<String> {
    let dir = Dir::new();
    let mut command = Command::new(softgpu::program());
    command
        .args(["run", "--engine", "null"])
        .args(machine.split(' '))
        .args(["--", HWENC])
        .args(words.split(' '));
    command.current_dir(dir.path()).stdin(Stdio::null()).env("HWENC_CACHE_DIR", dir.path().join("cache"));
    let ran = run(&mut command);
    let lines = ran.stdout.lines().chain(ran.stderr.lines());
    let meant = |line: &&str| !line.starts_with("FFmpeg ") && !line.starts_with("  VA-API: ");
    let tells = |line: &&str| line.split([' ', '(', ')', '"', '\'', '`', '=', ':']).any(tells);
    // What to do about it may name files: those of the person's own system, as a distribution's documentation would.
    let remedy = |line: &&str| ["$ ", "→ ", "help: "].iter().any(|mark| line.trim_start().starts_with(mark));
    lines.filter(meant).filter(|line| !remedy(line)).filter(tells).map(str::to_owned).collect()
}

#[test]
fn without_verbose_nothing_tells_of_the_machine() {
    for machine in MACHINES {
        for words in COMMANDS {
            let lines = telling(machine, words);
            assert!(lines.is_empty(), "{words} on {machine}: {lines:#?}");
        }
    }
}

/// That the eye above sees anything at all.
#[test]
fn with_verbose_it_does() {
    let lines = telling("--device intel-gen9 --fault va.Initialize=OPERATION_FAILED", "doctor --verbose");
    assert!(lines.iter().any(|line| line.contains("_drv_video.so") || line.contains("/")), "{lines:#?}");
}
