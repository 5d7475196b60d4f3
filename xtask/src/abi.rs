//! `cargo xtask abi`: the C interface, release by release, and what may change between two.
//!
//! `hwenc-capi/abi/` has one file for each release: every function, struct, field, constant and type of `include/hwenc.h` with its
//! type, size, offset and value. The file of the workspace's own version follows the header; the one before it is what programs
//! were built with, and is never changed again. They are made from what clang understands of the header and from what a
//! C program prints, and not from the library's debugging information: that has Rust's types in it, and depends on the compiler.

mod changes;
mod describe;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::install::Library;
use crate::project::Project;
use crate::say;

use changes::Changes;

/// From a name such as `field hwenc_picture.width` to what it is: `uint32_t at 16, 4 bytes`.
type Abi = BTreeMap<String, String>;

const DIRECTORY: &str = "hwenc-capi/abi";

/// The command. It writes this version's file, unless it is to compare only, and compares with the last release.
pub(crate) fn run(project: &Project, check: bool) -> Result<()> {
    let version = crate::install::version(project)?;
    let file = project.root().join(DIRECTORY).join(format!("{version}.txt"));
    let now = describe::header(project)?;
    let text: String = now.iter().map(|(name, what)| format!("{name} = {what}\n")).collect();
    if check {
        let kept = fs::read_to_string(&file).unwrap_or_default();
        let changes = Changes::between(&read(&kept), &now);
        ensure!(
            kept == text,
            "the header is not what {} says. If that is intended, `cargo xtask abi` writes it anew.\n{changes}",
            project.short(&file)
        );
    } else {
        fs::create_dir_all(project.root().join(DIRECTORY))?;
        fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    match released(project, &version)? {
        Some((last, file)) => judge(&last, &read(&fs::read_to_string(file)?), &now),
        None => {
            say::note(&format!("{} names, no earlier release to compare with", now.len()));
            Ok(())
        }
    }
}

/// Fails where a program built with the last release would no longer run, or could not tell what is new.
fn judge(last: &str, old: &Abi, now: &Abi) -> Result<()> {
    let changes = Changes::between(old, now);
    let same = |name: &str| old.get(name) == now.get(name);
    if !changes.broken.is_empty() && same(describe::SONAME) {
        bail!(
            "programs built with {last} would not run with this library. Take the change back, or raise ABI in \
             hwenc-capi/build.rs, which gives the library another name:\n{changes}"
        );
    }
    if !changes.added.is_empty() && same(describe::NUMBER) {
        bail!(
            "there is more than in {last}: raise HWENC_ABI_VERSION in hwenc-capi/src/version.rs, so that programs can \
             ask for it:\n{changes}"
        );
    }
    say::note(&format!("{} names, {} of them new since {last}", now.len(), changes.added.len()));
    Ok(())
}

/// The library exports what the header declares, and nothing else.
pub(crate) fn check_exports(project: &Project, library: &Library) -> Result<()> {
    let now = describe::header(project)?;
    let declared: Vec<_> = now.keys().filter_map(|name| name.strip_prefix("function ")).collect();
    let mut exported: Vec<_> = library.symbols.iter().map(String::as_str).collect();
    exported.sort_unstable();
    let missing: Vec<_> = declared.iter().filter(|name| !exported.contains(name)).collect();
    let more: Vec<_> = exported.iter().filter(|name| !declared.contains(name)).collect();
    ensure!(missing.is_empty() && more.is_empty(), "not exported: {missing:?}; not in the header: {more:?}");
    ensure!(now[describe::SONAME] == library.soname, "the soname is {}", library.soname);
    Ok(())
}

/// The release before this version, and its file.
fn released(project: &Project, version: &str) -> Result<Option<(String, PathBuf)>> {
    let this = numbers(version);
    let mut last: Option<(String, PathBuf)> = None;
    for entry in fs::read_dir(project.root().join(DIRECTORY))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if numbers(&name) < this && last.as_ref().is_none_or(|(best, _)| numbers(best) < numbers(&name)) {
            last = Some((name, path));
        }
    }
    Ok(last)
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

fn read(text: &str) -> Abi {
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    lines.map(|(name, what)| (name.to_owned(), what.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "macro HWENC_ABI_VERSION = 1\nfunction hwenc_a = int (void)\nsoname = libhwenc.so.0\n";

    #[test]
    fn what_was_released_stays() {
        let old = read(OLD);
        judge("0.1.0", &old, &old).unwrap();
        let gone = read(&OLD.replace("function hwenc_a", "function hwenc_b"));
        let error = judge("0.1.0", &old, &gone).unwrap_err().to_string();
        assert!(error.contains("raise ABI") && error.contains("function hwenc_a"), "{error}");
        judge(
            "0.1.0",
            &old,
            &read(
                &OLD.replace("function hwenc_a", "function hwenc_b")
                    .replace("so.0", "so.1")
                    .replace("= 1", "= 2"),
            ),
        )
        .unwrap();
    }

    #[test]
    fn what_is_new_has_a_number() {
        let old = read(OLD);
        let more = format!("{OLD}function hwenc_b = int (void)\n");
        let error = judge("0.1.0", &old, &read(&more)).unwrap_err().to_string();
        assert!(error.contains("HWENC_ABI_VERSION"), "{error}");
        judge("0.1.0", &old, &read(&more.replace("= 1", "= 2"))).unwrap();
    }

    #[test]
    fn versions_are_numbers() {
        assert!(numbers("0.10.0") > numbers("0.9.1"));
        assert!(numbers("0.2.0") > numbers("0.1.3-rc"));
    }
}
