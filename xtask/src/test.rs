//! `cargo xtask test`: the tier of every change. Cheap steps come first, so that it fails fast.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::chroot::Chroot;
use crate::project::Project;
use crate::tier::Tier;
use crate::{c, chroot, deny, headers, kernel, package, python, schema, setup, valgrind};

/// The tests of `hwenc` that open encoders: they stand for the rest under valgrind.
const SESSIONS: &str = "session";
/// The test that hands every function of the C interface what it cannot take.
const GARBAGE: &str = "garbage";
/// What stands for all tests on another FFmpeg: one call of `cargo test` for each crate, whose targets share names.
const SMOKE: [&str; 2] = [
    "-p hwenc --test session --test transcode --test vaapi --test trial --test isolation",
    "-p hwenc-cli --features mesa-tests --test radeonsi",
];

/// The command.
pub(crate) fn run(project: &Project, no_setup: bool) -> Result<()> {
    let sh = &project.sh;
    let mut tier = Tier::begin("cargo xtask test");
    if !no_setup {
        tier.step("system packages", || setup::everything(project))?;
    }
    tier.step("format", || cmd!(sh, "cargo fmt --all --check").run().context("`cargo fmt` mends this"))?;
    tier.step("clippy", || {
        let flags = [
            "--workspace",
            "--all-targets",
            "--locked",
            "--features",
            "softgpu/kernel-tests,hwenc/schema,hwenc-cli/kernel-tests,hwenc-cli/mesa-tests",
        ];
        Ok(cmd!(sh, "cargo clippy {flags...} -- -D warnings").run()?)
    })?;
    tier.try_step("bindings match the headers", || headers::check(project))?;
    tier.step("schema of reports matches the types", || schema::run(project, true))?;
    tier.step("tests", || Ok(cmd!(sh, "cargo test --workspace --locked").run()?))?;
    c::steps(project, &mut tier)?;
    // A step of its own, since its minutes are those of a new machine alone.
    tier.step("build of softgpu's kernel", || kernel::build(project))?;
    tier.step("softgpu kernel", || kernel::test(project))?;
    tier.step("documentation", || {
        let doc = cmd!(sh, "cargo doc --workspace --no-deps --locked");
        Ok(doc.env("RUSTDOCFLAGS", "-D warnings").run()?)
    })?;
    tier.step("documentation as docs.rs builds it", || {
        Ok(cmd!(sh, "cargo doc -p hwenc --no-deps --locked").env("DOCS_RS", "1").run()?)
    })?;
    tier.step("licences and sources of the dependencies", || deny::check(project))?;
    tier.step("packages for crates.io", || package::check(project))?;
    tier.step("sessions under valgrind", || valgrind::check(project, "hwenc", SESSIONS))?;
    tier.step("C functions with garbage under valgrind", || valgrind::check(project, "hwenc-capi", GARBAGE))?;
    let smoke = &chroot::DEBIAN_13;
    tier.step("smoke test on FFmpeg 7.1", || {
        let chroot = Chroot::of(project, smoke)?;
        SMOKE.iter().try_for_each(|tests| {
            let words: Vec<_> = ["test", "--locked"].into_iter().chain(tests.split(' ')).collect();
            chroot.cargo(project, &words)
        })
    })?;
    python::steps(project, &mut tier)?;
    tier.finish();
    Ok(())
}
