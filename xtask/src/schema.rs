//! `cargo xtask schema`: the checked-in JSON Schema of reports against the types that it is made from.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// The command, and a step of the tests.
pub(crate) fn run(project: &Project, check: bool) -> Result<()> {
    let flag = check.then_some("--check");
    cmd!(
        project.sh,
        "cargo run --quiet --locked -p hwenc --features schema --example report_schema -- {flag...}"
    )
    .run()
    .context("the schema differs from the report's types; `cargo xtask schema` makes it anew")
}
