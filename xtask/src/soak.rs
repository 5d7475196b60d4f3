//! `cargo xtask soak`: what takes longer than a change should wait.

use anyhow::Result;
use xshell::cmd;

use crate::project::Project;
use crate::tier::Tier;
use crate::{deny, matrix, setup};

/// How many sessions the memory test opens and closes; the test itself takes fewer when this is not set.
const SESSIONS: (&str, &str) = ("HWENC_SOAK", "1000");

/// The command.
pub(crate) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    let mut tier = Tier::begin("cargo xtask soak");
    tier.step("system packages", || setup::everything(project))?;
    tier.try_step("security advisories", || deny::advisories(project))?;
    tier.step("the benches compile", || Ok(cmd!(sh, "cargo bench --workspace --locked --no-run").run()?))?;
    tier.step("a thousand sessions", || {
        let (name, count) = SESSIONS;
        Ok(cmd!(sh, "cargo test --release --locked -p hwenc --test leaks").env(name, count).run()?)
    })?;
    matrix::steps(project, &mut tier, None, None)?;
    tier.finish();
    Ok(())
}
