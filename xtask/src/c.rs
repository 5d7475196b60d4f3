//! The C library as its users have it: installed, found by pkg-config alone, linked to programs of C and C++.
//!
//! The programs are in `hwenc-capi/tests-c` and `examples/c`. What they encode is judged by the `ffmpeg` command.

mod examples;
mod judge;
mod memory;
mod programs;
mod tree;

use std::fs;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::abi;
use crate::install::{HEADER, Kind, Library};
use crate::project::Project;
use crate::tier::Tier;

use tree::Tree;

/// The command.
pub(crate) fn run(project: &Project) -> Result<()> {
    let mut tier = Tier::begin("cargo xtask c");
    steps(project, &mut tier)?;
    tier.finish();
    Ok(())
}

/// The steps, for a tier that holds more than these.
pub(crate) fn steps(project: &Project, tier: &mut Tier) -> Result<()> {
    tier.step("C interface", || {
        abi::run(project, true)?;
        header_stands_alone(project)
    })?;
    let mut trees = None;
    tier.step("C library, installed", || {
        let library = Library::build(project, true)?;
        abi::check_exports(project, &library)?;
        trees =
            Some([Tree::new(project, &library, Kind::Shared)?, Tree::new(project, &library, Kind::Static)?]);
        tree::install_again(project, &library)?;
        softgpu(project)
    })?;
    let [shared, archive] = trees.context("nothing was installed")?;
    tier.step("C and C++ programs", || {
        programs::check(&shared)?;
        programs::check(&archive)?;
        programs::two_rust_libraries(&archive)
    })?;
    tier.step("examples in C", || examples::check(&shared))?;
    tier.step("C and C++ programs under sanitizers and valgrind", || memory::check(&shared, &archive))?;
    // A gigabyte, of which a failure would have left everything to look at.
    Ok(fs::remove_dir_all(project.target()?.join("c"))?)
}

/// The devices without a device, where `cargo test` has not built them already.
fn softgpu(project: &Project) -> Result<()> {
    let packages = ["-p", "softgpu", "-p", "softgpu-va", "-p", "softgpu-codec", "-p", "softgpu-drm"];
    Ok(cmd!(project.sh, "cargo build --locked {packages...}").run()?)
}

/// The header needs no other before it, in any language that includes it.
fn header_stands_alone(project: &Project) -> Result<()> {
    let header = project.root().join(HEADER);
    let strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"];
    for (compiler, language, standard) in [
        ("gcc", "c", "c99"),
        ("gcc", "c", "c17"),
        ("g++", "c++", "c++17"),
        ("clang", "c", "c99"),
        ("clang++", "c++", "c++17"),
        ("clang++", "c++", "c++20"),
    ] {
        cmd!(project.sh, "{compiler} -x {language} -std={standard} {strict...} {header}")
            .quiet()
            .run()
            .with_context(|| format!("{HEADER} does not compile alone as {standard}"))?;
    }
    Ok(())
}
