//! The `hwenc` command as its users run it: exit code, words, and what is left in the directory.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses a part

#[path = "../../../hwenc/tests/media/mod.rs"]
pub mod media;

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use media::Dir;
use serde_json::Value;

pub const HWENC: &str = env!("CARGO_BIN_EXE_hwenc");
/// What `hwenc transcode` becomes.
pub const TRANSCODE: &str = env!("CARGO_BIN_EXE_hwenc-transcode");
/// What probes of these tests keep, apart from the user's own.
pub const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
/// Long enough for any machine; only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What a command left behind when it ended.
pub struct Ran {
    /// Exit code, or the negative number of the signal that ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap());
        Ran { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// Expects success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Expects this exit code and this code of an error on the first line.
    #[track_caller]
    pub fn error(self, exit: i32, code: &str) -> Self {
        assert!(
            self.stderr.starts_with(&format!("error[{code}]: ")),
            "not {code}: {}{}",
            self.stderr,
            self.stdout
        );
        assert_eq!(self.code, exit, "{}", self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", self.stdout, self.stderr))
    }

    /// What stands after `help:`.
    #[track_caller]
    pub fn help(&self) -> &str {
        let line = self.stderr.lines().find_map(|line| line.strip_prefix("help: "));
        line.unwrap_or_else(|| panic!("no help: {}", self.stderr))
    }
}

/// `hwenc` in a directory.
pub fn hwenc(dir: &Dir) -> Command {
    from(HWENC, dir)
}

fn from(program: impl AsRef<OsStr>, dir: &Dir) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir.path()).stdin(Stdio::null()).env("HWENC_CACHE_DIR", CACHE);
    for variable in ["HWENC_LOG", "SVT_LOG", "RUST_BACKTRACE"] {
        command.env_remove(variable);
    }
    command
}

pub fn run(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

/// `hwenc` with words as on a command line.
pub fn call(dir: &Dir, words: &str) -> Ran {
    run(hwenc(dir).args(words.split_whitespace()))
}

/// `hwenc transcode` with libx264 at its quickest, and further words.
pub fn quick(dir: &Dir, words: &str) -> Ran {
    run(hwenc(dir)
        .args(["transcode", "--encoder", "libx264", "--preset", "ultrafast"])
        .args(words.split_whitespace()))
}

/// Expects a failure that leaves every file as it was.
#[track_caller]
pub fn refuses(dir: &Dir, words: &str, exit: i32, code: &str) -> Ran {
    leaves_nothing(dir, || quick(dir, words)).error(exit, code)
}

/// Runs something that must leave every file in the directory as it was.
#[track_caller]
pub fn leaves_nothing<T>(dir: &Dir, work: impl FnOnce() -> T) -> T {
    let before = dir.content();
    let result = work();
    let after = dir.content();
    let names =
        |content: &[(PathBuf, Option<Vec<u8>>)]| content.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after), "files came or went");
    assert!(before == after, "a file was changed");
    result
}

/// A user to whom permissions apply: the one of the test, but for root the unprivileged `nobody`.
pub struct User(Option<tempfile::TempDir>);

impl User {
    pub fn new() -> Self {
        User(is_root().then(|| {
            // The way to the programs may be closed to others.
            let bin = tempfile::tempdir().unwrap();
            for (program, name) in [(HWENC, "hwenc"), (TRANSCODE, "hwenc-transcode")] {
                std::fs::copy(program, bin.path().join(name)).unwrap();
            }
            open_to_others(bin.path(), 0o755);
            bin
        }))
    }

    pub fn hwenc(&self, dir: &Dir) -> Command {
        let Some(bin) = &self.0 else { return hwenc(dir) };
        let mut command = from(bin.path().join("hwenc"), dir);
        command.uid(65534).gid(65534);
        command
    }
}

pub fn open_to_others(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A running command that does not outlive the test.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Running(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("sh").args(["-c", "kill -$0 $1", name, &id]).status().unwrap().success());
    }

    /// Polls until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut so: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !so() {
            assert!(begin.elapsed() < PATIENCE, "{what} did not happen");
            if self.0.as_mut().unwrap().try_wait().unwrap().is_some() {
                let ran: Ran = self.0.take().unwrap().wait_with_output().unwrap().into();
                panic!("it ended before {what}: {} {}{}", ran.code, ran.stdout, ran.stderr);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let begin = Instant::now();
        while self.0.as_mut().unwrap().try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
