//! `cargo xtask soak`: what takes longer than a change should wait.

use anyhow::Result;
use xshell::cmd;

use crate::project::Project;
use crate::tier::Tier;
use crate::{deny, matrix, python, setup};

/// How many sessions the memory test opens and closes, and how many probes are made; the tests themselves take fewer when this
/// is not set.
const MANY: (&str, &str) = ("HWENC_SOAK", "1000");

/// The command.
pub(crate) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    let mut tier = Tier::begin("cargo xtask soak");
    tier.step("system packages", || setup::everything(project))?;
    tier.try_step("security advisories", || deny::advisories(project))?;
    tier.step("the benches compile", || Ok(cmd!(sh, "cargo bench --workspace --locked --no-run").run()?))?;
    tier.step("a thousand sessions", || {
        let (name, count) = MANY;
        Ok(cmd!(sh, "cargo test --release --locked -p hwenc --test leaks").env(name, count).run()?)
    })?;
    tier.step("a thousand probes", || {
        let (name, count) = MANY;
        let test = cmd!(
            sh,
            "cargo test --release --locked -p hwenc --test isolation -- --test-threads 1 leave_nothing"
        );
        Ok(test.env(name, count).run()?)
    })?;
    matrix::steps(project, &mut tier, None, None)?;
    python::more_steps(project, &mut tier)?;
    tier.finish();
    Ok(())
}
