//! The programs of C and C++ under ASan with UBSan and LeakSanitizer, and under valgrind.
//!
//! Sanitizers instrument the programs; the library is compiled by stable Rust, which has none. Its allocations are watched all the
//! same, since malloc() is the sanitizer's for the whole process, and valgrind sees every access of every library.

use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use crate::valgrind;

use super::programs::{C, CPP, source};
use super::tree::{Machine, Tree};

/// What is suppressed of third-party libraries, each with why.
const LEAKS: &str = "hwenc-capi/tests-c/leaks.supp";

pub(super) fn check(shared: &Tree<'_>, archive: &Tree<'_>) -> Result<()> {
    sanitized(shared, &["gcc", "-std=c99"], "encode.c", "asan-c", c)?;
    sanitized(archive, &["g++", "-std=c++17", "-pthread"], "encode.cpp", "asan-cpp", cpp)?;
    let program = shared.build(C, &source(shared, "encode.c"), "valgrind-c", &[])?;
    c(&|arguments| under_valgrind(shared, &program, arguments), shared)?;
    let program = archive.build(CPP, &source(archive, "encode.cpp"), "valgrind-cpp", &["-pthread"])?;
    cpp(&|arguments| under_valgrind(archive, &program, arguments), archive)
}

/// Runs a program with arguments.
type Run<'a> = &'a dyn Fn(&[&str]) -> Result<()>;

fn c(run: Run<'_>, tree: &Tree<'_>) -> Result<()> {
    let (short, film) = (short_film(tree)?, tree.file("memory.mp4")?);
    run(&["mistakes"])?;
    run(&[
        "pictures",
        "libx264",
        "h264",
        "176",
        "144",
        "8",
        &tree.file("memory.h264")?,
        &tree.file("memory.y4m")?,
    ])?;
    run(&["film", &short, &film, "libx264"])?;
    Ok(std::fs::remove_file(film)?)
}

fn cpp(run: Run<'_>, tree: &Tree<'_>) -> Result<()> {
    let (stream, sent) = (tree.file("memory.h264")?, tree.file("memory.y4m")?);
    run(&["pictures", "libx264", "176", "144", "6", "2", &stream, &sent])
}

/// Half a second of the film, small: valgrind takes its time.
fn short_film(tree: &Tree<'_>) -> Result<String> {
    let short = tree.file("short.mp4")?;
    let shape = ["-t", "0.5", "-vf", "scale=320:-2", "-c:v", "libx264", "-preset", "ultrafast", "-an"];
    let film = "examples/media/big_buck_bunny_720p.mp4";
    cmd!(tree.project.sh, "ffmpeg -v error -nostdin -y -i {film} {shape...} {short}").quiet().run()?;
    Ok(short)
}

fn sanitized(
    tree: &Tree<'_>,
    compiler: &[&str],
    file: &str,
    name: &str,
    all: fn(Run<'_>, &Tree<'_>) -> Result<()>,
) -> Result<()> {
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
    let program = tree.build(compiler, &source(tree, file), name, &flags)?;
    let leaks = format!("suppressions={}", tree.project.root().join(LEAKS).display());
    let variables = [
        ("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"),
        ("UBSAN_OPTIONS", "print_stacktrace=1"),
        ("LSAN_OPTIONS", &leaks),
    ];
    all(&|arguments| tree.run_under(Machine::Here, &[], &variables, &program, arguments).map(|_| ()), tree)
}

fn under_valgrind(tree: &Tree<'_>, program: &Path, arguments: &[&str]) -> Result<()> {
    let words = valgrind::command(tree.project)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tree.run_under(Machine::Here, &words, &[], program, arguments).map(|_| ())
}
