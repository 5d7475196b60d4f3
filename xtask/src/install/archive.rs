//! `libhwenc.a`: one object whose only global symbols are those of the header.
//!
//! What cargo makes has Rust's own runtime in it, under names that every Rust library has (`rust_eh_personality`), of which a linker
//! takes the first that it meets. Linked to one object, with everything that nothing refers to left out, the archive is also two
//! thirds as large, and programs are as large as before.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// Makes the archive, unless it is younger than cargo's.
pub(super) fn refresh(sh: &Shell, cargos: &Path, symbols: &[String], archive: &Path) -> Result<()> {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let made_of = changed(cargos).with_context(|| format!("cargo made no {}", cargos.display()))?;
    if changed(archive).is_ok_and(|made| made >= made_of) {
        return Ok(());
    }
    make(sh, cargos, symbols, archive)
}

fn make(sh: &Shell, cargos: &Path, symbols: &[String], archive: &Path) -> Result<()> {
    let directory = archive.parent().context("an archive has a directory")?;
    let (linked, object) = (directory.join("hwenc-linked.o"), directory.join("hwenc.o"));
    let roots = symbols.iter().map(|symbol| format!("--undefined={symbol}"));
    cmd!(sh, "ld --relocatable --gc-sections {roots...} {cargos} -o {linked}").quiet().run()?;
    // Rust's library comes with LLVM's bitcode, which binutils' plugin cannot read once several are in one section.
    let drop = ["--remove-section=.llvmbc", "--remove-section=.llvmcmd"];
    let keep = ["--wildcard", "--keep-global-symbol=hwenc_*"];
    cmd!(sh, "objcopy {drop...} {keep...} {linked} {object}").quiet().run()?;
    let _ = fs::remove_file(archive); // `ar` would add to it
    cmd!(sh, "ar rcs {archive} {object}").quiet().run()?;
    for done in [linked, object] {
        fs::remove_file(&done).with_context(|| format!("{} cannot be removed", done.display()))?;
    }
    Ok(())
}
