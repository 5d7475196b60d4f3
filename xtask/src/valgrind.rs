//! The session tests under valgrind: no leak, no invalid access.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// Leaks count where the last pointer is lost. What libraries keep in globals until the process ends is
/// "still reachable", and no fault.
const VALGRIND: [&str; 8] = [
    "valgrind",
    // Valgrind 3.19 runs out of working memory on the longest blocks of SVT-AV1's vector code.
    "--vex-guest-max-insns=25",
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--num-callers=30",
];
const SUPPRESSIONS: &str = "xtask/valgrind.supp";

/// The words before a program's.
pub(crate) fn command(project: &Project) -> Result<Vec<String>> {
    let suppressions = project.root().join(SUPPRESSIONS);
    let suppressions = suppressions.to_str().context("the path of the checkout is not UTF-8")?;
    let words = VALGRIND.iter().map(|word| (*word).to_owned());
    Ok(words.chain([format!("--suppressions={suppressions}")]).collect())
}

/// Runs one test binary of a crate under valgrind.
pub(crate) fn check(project: &Project, package: &str, test: &str) -> Result<()> {
    let runner = command(project)?;
    // As cargo's runner, so that the binary sees the directory and the variables of any other test. A JSON list
    // of strings is TOML too. One test at a time: valgrind has one core for all threads anyway.
    let config = format!("target.'cfg(unix)'.runner={}", serde_json::to_string(&runner)?);
    let words = ["-p", package, "--test", test, "--", "--test-threads=1"];
    cmd!(project.sh, "cargo test --locked --config {config} {words...}").run().with_context(|| {
        format!("valgrind found errors; a fault of a library goes into {SUPPRESSIONS}, with why")
    })
}
