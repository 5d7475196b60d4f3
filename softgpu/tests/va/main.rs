//! The VA-API driver, as clients see it that were not written here: libva, vainfo and the `ffmpeg` command.

mod faults;
mod ffmpeg;
mod misuse;
mod vainfo;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use softgpu_core::report::Report;

/// A run of softgpu, with a directory for its files.
struct Run {
    place: tempfile::TempDir,
    options: Vec<String>,
}

impl Run {
    fn new(options: &[&str]) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { place: tempfile::tempdir().expect("a directory"), options }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Runs a command in the directory. One that hangs is killed.
    fn run(&self, command: &[&str]) -> Output {
        let mut run = Command::new(env!("CARGO_BIN_EXE_softgpu"));
        run.arg("run").args(&self.options).arg("--report").arg(self.path("report.json"));
        run.arg("--").args(command).current_dir(self.place.path());
        run.output().expect("softgpu starts")
    }

    /// Runs a command that must succeed.
    fn succeed(&self, command: &[&str]) -> Output {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        output
    }

    fn report(&self) -> Report {
        Report::load(&self.path("report.json")).expect("there is a report")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The `ffmpeg` command ends without destroying some surfaces of its decoders and filters since version 7.
fn leaves_surfaces() -> bool {
    let said = Command::new("ffmpeg").arg("-version").output().expect("ffmpeg starts").stdout;
    let said = text(&said);
    let version = said.strip_prefix("ffmpeg version ").expect("it tells its version");
    let major = version.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    major.and_then(|number| number.parse::<u32>().ok()).is_some_and(|major| major >= 7)
}

/// What the `ffmpeg` command left alive and should not have.
fn left(report: &Report) -> Vec<(&String, &u64)> {
    let may = leaves_surfaces();
    report.alive.iter().filter(|(kind, count)| **count > 0 && !(may && *kind == "surfaces")).collect()
}

/// Nothing was left alive, and no rule broken.
fn assert_clean(report: &Report) {
    assert!(left(report).is_empty(), "{:?}", report.alive);
    assert!(report.misuse.is_empty(), "{:?}", report.misuse);
}

/// Compiles a client that stands beside these tests.
fn compile(place: &Path, name: &str, packages: &[&str]) -> String {
    let flags =
        Command::new("pkg-config").args(["--cflags", "--libs"]).args(packages).output().expect("pkg-config");
    assert!(flags.status.success(), "{}", text(&flags.stderr));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/va").join(name).with_extension("c");
    let program = place.join(name);
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-Werror", "-pthread", "-o"]).arg(&program).arg(source);
    let output = compiler.args(text(&flags.stdout).split_whitespace()).output().expect("the compiler starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    program.to_str().expect("it is text").to_owned()
}
