//! The programs of C and C++ under ASan with UBSan and LeakSanitizer, and under valgrind.
//!
//! Sanitizers instrument the programs; the library is compiled by stable Rust, which has none. Its allocations are watched all the
//! same, since malloc() is the sanitizer's for the whole process, and valgrind sees every access of every library.

use std::fs;
use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use crate::valgrind;

use super::programs::{C, CPP, DEVICE, FILM, source};
use super::tree::{Machine, Tree};

const SANITIZERS: [&str; 3] =
    ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];
pub(super) fn check(shared: &Tree<'_>, archive: &Tree<'_>) -> Result<()> {
    for (how, watch) in [("asan", sanitized as Watch), ("valgrind", under_valgrind)] {
        let flags: &[&str] = if how == "asan" { &SANITIZERS } else { &[] };
        let c = shared.build(C, &source(shared, "encode.c"), &format!("{how}-c"), flags)?;
        let more = [flags, &["-pthread"]].concat();
        let cpp = archive.build(CPP, &source(archive, "encode.cpp"), &format!("{how}-cpp"), &more)?;

        let (stream, sent) = (shared.file("memory.h264")?, shared.file("memory.y4m")?);
        for (machine, encoder) in [(Machine::Here, "libx264"), (DEVICE, "h264_vaapi")] {
            let words = ["pictures", encoder, "h264", "176", "144", "6", &stream, &sent];
            watch(shared, machine, &c, &words)?;
            let words = ["pictures", encoder, "176", "144", "6", "2", &stream, &sent];
            watch(archive, machine, &cpp, &words)?;
        }
        watch(shared, Machine::Here, &c, &["mistakes"])?;
        let (short, film) = (short_film(shared)?, shared.file("memory.mp4")?);
        watch(shared, Machine::Here, &c, &["film", &short, &film, "libx264"])?;
        fs::remove_file(film)?;
    }
    Ok(())
}

/// Runs a program, with an eye on its memory.
type Watch = fn(&Tree<'_>, Machine, &Path, &[&str]) -> Result<()>;

fn sanitized(tree: &Tree<'_>, on: Machine, program: &Path, arguments: &[&str]) -> Result<()> {
    let variables = [
        // softgpu is loaded before everything, which the sanitizer takes for a mistake.
        (
            "ASAN_OPTIONS",
            "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:verify_asan_link_order=0",
        ),
        ("UBSAN_OPTIONS", "print_stacktrace=1"),
    ];
    tree.run_under(on, &[], &variables, program, arguments).map(|_| ())
}

fn under_valgrind(tree: &Tree<'_>, on: Machine, program: &Path, arguments: &[&str]) -> Result<()> {
    let words = valgrind::command(tree.project)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tree.run_under(on, &words, &[], program, arguments).map(|_| ())
}

/// Half a second of the film, small: valgrind takes its time.
fn short_film(tree: &Tree<'_>) -> Result<String> {
    let short = tree.file("short.mp4")?;
    let shape = ["-t", "0.5", "-vf", "scale=320:-2", "-c:v", "libx264", "-preset", "ultrafast", "-an"];
    cmd!(tree.project.sh, "ffmpeg -v error -nostdin -y -i {FILM} {shape...} {short}").quiet().run()?;
    Ok(short)
}
