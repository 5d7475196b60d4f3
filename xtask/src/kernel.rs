//! `cargo xtask kernel`: the kernel of `softgpu run --kernel`, and the tests that need one.

use anyhow::Result;
use xshell::cmd;

use crate::packages::Stage;
use crate::project::Project;
use crate::setup;

/// The command.
pub(crate) fn run(project: &Project, no_setup: bool) -> Result<()> {
    if !no_setup {
        setup::install(project, Stage::Kernel..=Stage::Kernel)?;
    }
    build(project)
}

/// Has softgpu build it, unless the cache has it.
pub(crate) fn build(project: &Project) -> Result<()> {
    Ok(cmd!(project.sh, "cargo run --quiet --locked -p softgpu -- kernel").run()?)
}

/// What runs in it, and what it does to what runs in it; hwenc among broken machines that it makes.
pub(crate) fn test(project: &Project) -> Result<()> {
    for (package, test, only) in
        [("softgpu", "kernel", &[][..]), ("hwenc-cli", "machines", &["--", "a_kernel"])]
    {
        let what = ["-p", package, "--features", "kernel-tests", "--test", test];
        cmd!(project.sh, "cargo test --locked {what...} {only...}").run()?;
    }
    Ok(())
}
