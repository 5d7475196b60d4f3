//! The packages for crates.io: each must build from what is in it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// Packs and builds every crate that is meant for publication.
pub(crate) fn check(project: &Project) -> Result<()> {
    let metadata = project.metadata()?;
    let members = metadata["packages"].as_array().context("`cargo metadata` names no packages")?;
    // `publish` is null where every registry is allowed, and an empty list where none is.
    let published = members.iter().filter(|member| member["publish"].is_null());
    let published: Vec<_> = published
        .filter_map(|member| Some((member["name"].as_str()?, member["version"].as_str()?)))
        .collect();
    let selected: Vec<_> = published.iter().flat_map(|(name, _)| ["-p", name]).collect();
    let selected = &selected;

    // Cargo hands the crates to each other through a registry in the target directory, and takes what a registry
    // holds for unchangeable. So what an earlier run left of these versions must go, unpacked or compiled.
    let target = project.target()?.join("packages");
    for (name, version) in &published {
        forget(&project.cargo_home()?.join("registry/src"), &format!("{name}-{version}"))?;
    }
    let _target = project.sh.push_env("CARGO_TARGET_DIR", &target);
    let _debug = project.sh.push_env("CARGO_PROFILE_DEV_DEBUG", "false");
    cmd!(project.sh, "cargo clean --quiet --locked {selected...}").run()?;
    // The question is whether a package stands alone, not whether the checkout has been committed.
    Ok(cmd!(project.sh, "cargo package --locked --allow-dirty {selected...}").run()?)
}

/// Removes a package that was unpacked from a registry in a directory, which cargo names without a host.
fn forget(unpacked: &Path, package: &str) -> Result<()> {
    let Ok(registries) = fs::read_dir(unpacked) else { return Ok(()) };
    for registry in registries {
        let registry = registry?;
        let stale = registry.path().join(package);
        if registry.file_name().to_string_lossy().starts_with('-') && stale.exists() {
            fs::remove_dir_all(&stale).with_context(|| format!("{} cannot be removed", stale.display()))?;
        }
    }
    Ok(())
}
