//! A CPython without the global lock. Debian has none, so that one is built, once, into the cache.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::interpreters::Interpreter;
use crate::project::Project;
use crate::say;
use crate::wheel::Source;

/// The first that pyo3 supports without the lock is 3.14. Debian has its source in sid alone, whose releases do not stay.
const CPYTHON: Source = Source {
    name: "python3.14",
    version: "3.14.7",
    pool: "p/python3.14/python3.14_3.14.7.orig.tar.xz",
    sha256: "3b48dac8fb59f62eaa67ac83c1eb12bda1b7a08406dd286e252c11a66be27f81",
    directory: "Python-3.14.7",
};
const MINOR: u32 = 14;
/// Built as quickly as it goes: it runs tests.
const RECIPE: &str = "cd \"$1\"; ./configure --quiet --prefix=\"$2\" --disable-gil --disable-test-modules \
                      --with-ensurepip=install; make -j\"$(nproc)\" >/dev/null; make install >/dev/null";

/// Whether it can be had: it was built before, or its source is there.
pub(crate) fn available(project: &Project) -> Result<()> {
    let cache = project.cache()?;
    if prefix(&cache).join("complete").exists() {
        Ok(())
    } else {
        CPYTHON.archive(&project.sh, &cache).map(drop)
    }
}

fn prefix(cache: &Path) -> PathBuf {
    cache.join("python").join(format!("free-threaded-{}", CPYTHON.version.replace('.', "-")))
}

/// The interpreter, built where the cache lacks it.
pub(crate) fn get(project: &Project) -> Result<Interpreter> {
    let (sh, cache) = (&project.sh, project.cache()?);
    let home = sh.create_dir(cache.join("python"))?;
    let prefix = prefix(&cache);
    let lock = File::create(home.join("lock"))?;
    lock.lock().context("the lock of the cache cannot be taken")?;
    let complete = prefix.join("complete");
    if !complete.exists() {
        let log = prefix.with_extension("log");
        say::note(&format!("building CPython {} without its lock, once, four minutes", CPYTHON.version));
        say::note(&format!("its log is {}", log.display()));
        let work = prefix.with_extension("work");
        for rest in [&prefix, &work] {
            sh.remove_path(rest)?;
        }
        sh.create_dir(&work)?;
        let unpacked = CPYTHON.unpack(sh, &cache, &work)?;
        let (script, file) = (RECIPE, File::create(&log)?);
        let build = std::process::Command::from(cmd!(sh, "sh -euc {script} recipe {unpacked} {prefix}"))
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()?;
        ensure!(build.success(), "CPython could not be built: see the end of {}", log.display());
        sh.remove_path(&work)?;
        sh.write_file(&complete, CPYTHON.sha256)?;
    }
    Ok(Interpreter { minor: MINOR, free_threaded: true, program: prefix.join("bin/python3.14t") })
}
