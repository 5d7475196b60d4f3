//! A CPython without the global lock. Debian has none, so that one is built, once, into the cache.

use std::fs::File;

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::interpreters::Interpreter;
use crate::project::Project;
use crate::say;
use crate::wheel::Source;

/// The release that Debian 13 keeps for years.
const CPYTHON: Source = Source {
    name: "python3.13",
    version: "3.13.5",
    pool: "p/python3.13/python3.13_3.13.5.orig.tar.xz",
    sha256: "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
    directory: "Python-3.13.5",
};
const MINOR: u32 = 13;
/// Built as quickly as it goes: it runs tests.
const RECIPE: &str = "cd \"$1\"; ./configure --quiet --prefix=\"$2\" --disable-gil --disable-test-modules \
                      --with-ensurepip=install; make -j\"$(nproc)\" >/dev/null; make install >/dev/null";

/// The interpreter, built where the cache lacks it.
pub(crate) fn get(project: &Project) -> Result<Interpreter> {
    let (sh, cache) = (&project.sh, project.cache()?);
    let home = sh.create_dir(cache.join("python"))?;
    let prefix = home.join(format!("free-threaded-{}", CPYTHON.version.replace('.', "-")));
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
    Ok(Interpreter { minor: MINOR, free_threaded: true, program: prefix.join("bin/python3.13t") })
}
