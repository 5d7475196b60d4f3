//! The programs of `hwenc-capi/tests-c`, with each kind of library, on the CPU and on a device of softgpu's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde_json::Value;
use xshell::cmd;

use crate::install::Kind;

use super::judge::{self, Expected};
use super::tree::{Machine, Tree};

/// A compiler and the standard that it is held to.
pub(super) const C: &[&str] = &["cc", "-std=c99"];
pub(super) const CPP: &[&str] = &["c++", "-std=c++17"];

/// The shipped film.
pub(super) const FILM: &str = "examples/media/big_buck_bunny_720p.mp4";
const FILM_PICTURES: u32 = 132;
/// A device that codes H.264 and HEVC, and no AV1.
pub(super) const DEVICE: Machine = Machine::Device("intel-gen9");
/// What the programs' generated pictures reach at least, and the film, which was coded before; in dB.
const LIKE: f64 = 38.0;
const FILM_LIKE: f64 = 34.0;

/// The program of C, its source.
pub(super) fn source(tree: &Tree<'_>, name: &str) -> PathBuf {
    tree.project.root().join("hwenc-capi/tests-c").join(name)
}

/// Builds and runs both.
pub(super) fn check(tree: &Tree<'_>) -> Result<()> {
    let c = tree.build(C, &source(tree, "encode.c"), "encode-c", &[])?;
    let cpp = tree.build(CPP, &source(tree, "encode.cpp"), "encode-cpp", &["-pthread"])?;
    tree.run(Machine::Here, &c, &["mistakes"])?;
    if tree.kind == Kind::Shared {
        finds_its_helper(tree, &c)?;
    }
    for (machine, encoder) in [(Machine::Here, "libx264"), (DEVICE, "h264_vaapi")] {
        c_pictures(tree, machine, &c, encoder, "h264", &["320", "180", "40"])?;
        cpp_pictures(tree, machine, &cpp, encoder, &["320", "180", "20", "3"])?;
        film(tree, machine, &c, encoder)?;
        film(tree, machine, &cpp, encoder)?;
    }
    c_pictures(tree, DEVICE, &c, "hevc_vaapi", "hevc", &["320", "180", "20"])
}

/// The library looks for the command in `../bin`; a program that holds the library knows of no such place.
fn finds_its_helper(tree: &Tree<'_>, program: &Path) -> Result<()> {
    let report: Value = serde_json::from_str(&tree.run(Machine::Here, program, &["helper"])?)?;
    ensure!(report["isolation"] == "process", "{} {}", report["isolation"], report["isolation_notes"]);
    Ok(())
}

/// Generated pictures through the program of C.
fn c_pictures(
    tree: &Tree<'_>,
    machine: Machine,
    program: &Path,
    encoder: &str,
    codec: &str,
    shape: &[&str; 3],
) -> Result<()> {
    let (stream, sent) = (tree.file(&format!("c-{encoder}.{codec}"))?, tree.file("c-sent.y4m")?);
    let words = [&["pictures", encoder, codec], &shape[..], &[&stream, &sent]].concat();
    let said = tree.run(machine, program, &words)?;
    ensure!(said.contains(&format!("{} packets by {encoder}", shape[2])), "{said}");
    let expected = Expected { source: &sent, pictures: shape[2].parse()?, psnr: LIKE };
    judge::check(&tree.project.sh, &stream, &expected)
}

/// Generated pictures through the program of C++, in threads.
fn cpp_pictures(
    tree: &Tree<'_>,
    machine: Machine,
    program: &Path,
    encoder: &str,
    shape: &[&str; 4],
) -> Result<()> {
    let (stream, sent) = (tree.file(&format!("cpp-{encoder}.h264"))?, tree.file("cpp-sent.y4m")?);
    let words = [&["pictures", encoder], &shape[..], &[&stream, &sent]].concat();
    tree.run(machine, program, &words)?;
    for thread in 0..shape[3].parse()? {
        let expected = Expected { source: &sent, pictures: shape[2].parse()?, psnr: LIKE };
        judge::check(&tree.project.sh, &format!("{stream}.{thread}"), &expected)?;
    }
    Ok(())
}

/// The shipped film.
fn film(tree: &Tree<'_>, machine: Machine, program: &Path, encoder: &str) -> Result<()> {
    let output = tree.file("film.mp4")?;
    let report = tree.run(machine, program, &["film", FILM, &output, encoder])?;
    let report: Value = serde_json::from_str(&report)?;
    ensure!(report["encoder"] == encoder && report["frames_out"] == FILM_PICTURES, "{report}");
    let expected = Expected { source: FILM, pictures: FILM_PICTURES, psnr: FILM_LIKE };
    judge::check(&tree.project.sh, &output, &expected)?;
    Ok(fs::remove_file(output)?)
}

/// A program can hold another Rust library beside this one, and neither meets the other's symbols.
pub(super) fn two_rust_libraries(tree: &Tree<'_>) -> Result<()> {
    let sh = &tree.project.sh;
    let archive = tree.library("libhwenc.a");
    let symbols = cmd!(sh, "nm --extern-only --defined-only --format=posix {archive}").quiet().read()?;
    let words =
        symbols.lines().filter(|line| line.contains(' ')).map(|line| line.split(' ').next().unwrap_or(line));
    let foreign: Vec<_> = words.filter(|symbol| !symbol.starts_with("hwenc_")).collect();
    ensure!(foreign.is_empty(), "global symbols of the archive: {foreign:?}");
    let (library, main) = (tree.work.join("libother.a"), tree.work.join("two.c"));
    let rust = "#[unsafe(no_mangle)] pub extern \"C\" fn other() -> usize { std::env::args().count() }";
    cmd!(sh, "rustc --edition=2024 --crate-type=staticlib --crate-name=other -o {library} -")
        .quiet()
        .stdin(rust)
        .run()?;
    let text = "#include <hwenc.h>\nsize_t other(void);\n\
                int main(void) { return other() == 1 && hwenc_handles_open() == 0 ? 0 : 1; }\n";
    fs::write(&main, text)?;
    let library = library.display().to_string();
    let program = tree.build(C, &main, "two", &[&library])?;
    tree.run(Machine::Here, &program, &[]).map(|_| ())
}
