//! `hwenc` loads what it needs: libavformat and libavfilter, with their dependencies most of what a program of FFmpeg
//! loads, come with `hwenc transcode` alone, which is a program of its own.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::media::Dir;
use common::{HWENC, Ran, TRANSCODE, call, run};

const HEAVY: [&str; 2] = ["libavfilter", "libavformat"];
/// What `hwenc` loads of them. LLD, which Rust links with on x86-64, counts only references of what it kept; GNU ld,
/// elsewhere, counts those of every object that it looked into, so that there nothing is left out.
const LIGHT: &[&str] = if cfg!(target_arch = "x86_64") { &[] } else { &HEAVY };

/// What the loader loads from the program's start to its end, libraries that it asks for by itself among them.
fn loaded(dir: &Dir, words: &[&str], exit: i32) -> BTreeSet<String> {
    let mut command = Command::new(HWENC);
    command.current_dir(dir.path()).args(words).env("LD_DEBUG", "files").env_remove("LD_DEBUG_OUTPUT");
    let ran = run(command.stdin(Stdio::null()));
    assert_eq!(ran.code, exit, "{words:?}: {}", ran.stderr);
    let initialised = ran.stderr.lines().filter_map(|line| line.split_once("calling init: "));
    let names = initialised.filter_map(|(_, path)| path.rsplit('/').next()?.split('.').next());
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    assert!(names.contains("libavcodec"), "the loader tells: {}", ran.stderr);
    names
}

fn heavy(names: &BTreeSet<String>) -> Vec<&str> {
    HEAVY.into_iter().filter(|name| names.contains(*name)).collect()
}

#[test]
fn only_transcoding_loads_containers_and_filters() {
    let dir = Dir::new();
    let saved = r#"{"schema":2,"encoders":[]}"#;
    dir.write("report.json", saved);
    let select = ["select", "--codec", "h264", "--size", "640x360", "--input", "report.json"];
    for (words, exit) in [
        (&["--version"][..], 0),
        (&["help", "transcode"], 0),
        (&["doctor", "--list-checks"], 0),
        (&["doctor", "--input", "report.json"], 4),
        (&select, 3),
    ] {
        let names = loaded(&dir, words, exit);
        assert_eq!(heavy(&names), LIGHT, "{words:?} loads {} libraries", names.len());
    }
    assert_eq!(heavy(&loaded(&dir, &["transcode", "--help"], 0)), HEAVY);
}

/// Programs by hard links, which the place of a program is told by as by copies.
struct Installed(tempfile::TempDir);

impl Installed {
    fn new(programs: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for (program, place) in programs {
            let place = root.path().join(place);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::hard_link(program, place).unwrap();
        }
        Installed(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, program: &str, words: &[&str], path: &Path) -> Ran {
        run(Command::new(self.path(program)).args(words).env("PATH", path).stdin(Stdio::null()))
    }
}

#[test]
fn the_other_program_is_found_where_it_is_installed() {
    let help = call(&Dir::new(), "help transcode").ok().stdout;
    for place in ["bin/hwenc-transcode", "libexec/hwenc/hwenc-transcode", "elsewhere/hwenc-transcode"] {
        let installed = Installed::new(&[(HWENC, "bin/hwenc"), (TRANSCODE, place)]);
        std::os::unix::fs::symlink("bin/hwenc", installed.path("link")).unwrap();
        let path = installed.path("elsewhere");
        for program in ["bin/hwenc", "link"] {
            let ran = installed.run(program, &["transcode", "--help"], &path).ok();
            assert_eq!((&ran.stdout, &*ran.stderr), (&help, ""), "{program} {place}");
        }
    }
}

#[test]
fn without_it_the_error_says_what_to_do() {
    let installed = Installed::new(&[(HWENC, "bin/hwenc")]);
    let nowhere = installed.path("nowhere");
    let ran = installed.run("bin/hwenc", &["transcode", "a.mp4", "b.mp4", "--json"], &nowhere);
    let ran = ran.error(1, "program.missing");
    assert!(ran.help().contains("install"), "{}", ran.stderr);
    assert_eq!(ran.json()["code"], "program.missing");
    assert_eq!(installed.run("bin/hwenc", &["--version"], &nowhere).ok().stderr, "");

    // One that is there and cannot be started is another matter.
    fs::write(installed.path("bin/hwenc-transcode"), "").unwrap();
    let ran = installed.run("bin/hwenc", &["transcode", "a.mp4", "b.mp4"], &nowhere);
    let ran = ran.error(1, "program.missing");
    assert!(ran.stderr.contains("does not start") && ran.stderr.contains("errno 13"), "{}", ran.stderr);
}

#[test]
fn both_programs_say_the_same_of_wrong_usage() {
    let dir = Dir::new();
    for words in
        ["", "a.mp4", "a.mp4 b.mp4 --nonsense", "a.mp4 b.mp4 --qp 1 --quality 2", "a.mp4 b.mp4 --json --cbr"]
    {
        let front = call(&dir, &format!("transcode {words}")).error(2, "usage");
        let mut own = Command::new(TRANSCODE);
        let own = run(own.args(words.split_whitespace()).stdin(Stdio::null()));
        assert_eq!((front.code, front.stdout, front.stderr), (own.code, own.stdout, own.stderr), "{words}");
    }
}
