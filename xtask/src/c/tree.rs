//! An installed tree with one kind of library, programs built with what its pkg-config file says, and their runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Cmd, cmd};

use crate::install::{self, Install, Kind, Library};
use crate::project::Project;

/// Where a program runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Machine {
    /// On this one.
    Here,
    /// With softgpu's device, and no other.
    Device(&'static str),
}

/// The tree.
pub(super) struct Tree<'a> {
    pub(super) project: &'a Project,
    pub(super) kind: Kind,
    prefix: PathBuf,
    /// Where programs are built and write.
    pub(super) work: PathBuf,
}

/// Nothing here takes so long; what hangs shall not hang the tests.
const LIMIT: [&str; 3] = ["timeout", "--kill-after=5", "300"];
const WARNINGS: [&str; 6] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-g"];

impl<'a> Tree<'a> {
    /// Installs, and moves what was installed: nothing in it may say where it was.
    pub(super) fn new(project: &'a Project, library: &Library, kind: Kind) -> Result<Self> {
        let all = project.target()?.join("c");
        let name = match kind {
            Kind::Shared => "shared",
            Kind::Static => "static",
        };
        let (made, prefix, work) = (all.join("made"), all.join(name), all.join(format!("{name}-work")));
        for old in [&made, &prefix, &work] {
            if old.exists() {
                fs::remove_dir_all(old).with_context(|| format!("{} cannot be removed", old.display()))?;
            }
        }
        fs::create_dir_all(&work)?;
        install::quietly(project, &Install::below(&made, Some(kind)), library)?;
        fs::rename(&made, &prefix)?;
        Ok(Self { project, kind, prefix, work })
    }

    /// An installed library.
    pub(super) fn library(&self, name: &str) -> PathBuf {
        self.prefix.join("lib").join(name)
    }

    /// What pkg-config says, and nothing else.
    fn flags(&self) -> Result<Vec<String>> {
        let flags = cmd!(self.project.sh, "pkg-config --cflags --libs hwenc")
            .env("PKG_CONFIG_PATH", self.pkg_config());
        Ok(flags.quiet().read()?.split_whitespace().map(str::to_owned).collect())
    }

    /// Where pkg-config looks.
    fn pkg_config(&self) -> String {
        let others = std::env::var("PKG_CONFIG_PATH").unwrap_or_default();
        format!("{}:{others}", self.prefix.join("lib/pkgconfig").display())
    }

    /// Builds a program as a person would, by a line for a shell. What it makes goes where programs write.
    pub(super) fn build_by_line(&self, sources: &Path, line: &str) -> Result<()> {
        let copies = self.work.join("sources");
        fs::create_dir_all(&copies)?;
        let name =
            line.split_whitespace().find(|word| word.ends_with(".c")).context("the line names no source")?;
        fs::copy(sources.join(name), copies.join(name))?;
        let line = format!("cd '{}' && {line} && mv {} ..", copies.display(), name.trim_end_matches(".c"));
        Ok(cmd!(self.project.sh, "sh -c {line}").env("PKG_CONFIG_PATH", self.pkg_config()).quiet().run()?)
    }

    /// Builds a program.
    pub(super) fn build(
        &self,
        compiler: &[&str],
        source: &Path,
        name: &str,
        more: &[&str],
    ) -> Result<PathBuf> {
        let (program, flags) = (self.work.join(name), self.flags()?);
        let (compiler, words) = compiler.split_first().context("no compiler")?;
        cmd!(
            self.project.sh,
            "{compiler} {words...} {WARNINGS...} {source} {more...} {flags...} -o {program}"
        )
        .quiet()
        .run()
        .with_context(|| format!("{} does not build with {:?} library", source.display(), self.kind))?;
        Ok(program)
    }

    /// A program's run, in the directory of its files.
    fn command(&self, on: Machine, program: &[&str], arguments: &[&str]) -> Result<Cmd<'a>> {
        let mut words: Vec<String> = LIMIT.map(str::to_owned).to_vec();
        if let Machine::Device(device) = on {
            let softgpu = self.project.target()?.join("debug/softgpu").display().to_string();
            words.extend([softgpu, "run".into(), "--device".into(), device.into(), "--".into()]);
        }
        words.extend(program.iter().chain(arguments).map(|word| (*word).to_owned()));
        let mut command = self.project.sh.cmd(&words[0]).args(&words[1..]).quiet();
        if self.kind == Kind::Shared {
            command = command.env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        }
        Ok(command.env("HWENC_CACHE_DIR", self.work.join("cache")).env_remove("HWENC_HELPER"))
    }

    /// Runs a program that has to succeed, and returns what it printed.
    pub(super) fn run(&self, on: Machine, program: &Path, arguments: &[&str]) -> Result<String> {
        self.run_under(on, &[], &[], program, arguments)
    }

    /// The same by another program, with variables.
    pub(super) fn run_under(
        &self,
        on: Machine,
        by: &[&str],
        variables: &[(&str, &str)],
        program: &Path,
        arguments: &[&str],
    ) -> Result<String> {
        let program = program.to_str().context("the target directory is not UTF-8")?;
        let words: Vec<&str> = by.iter().copied().chain([program]).collect();
        let mut command = self.command(on, &words, arguments)?;
        for (name, value) in variables {
            command = command.env(name, value);
        }
        let line = command.to_string();
        let output = command.ignore_status().output()?;
        let (said, wrote) =
            (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        ensure!(output.status.success(), "{line}\n{}\n{wrote}{said}", output.status);
        Ok(wrote.into_owned())
    }

    /// A file that programs write, as an argument.
    pub(super) fn file(&self, name: &str) -> Result<String> {
        let path = self.work.join(name);
        Ok(path.to_str().context("the target directory is not UTF-8")?.to_owned())
    }
}

/// A second installation replaces the first, also one of another kind, and all of it can be taken away.
pub(super) fn install_again(project: &Project, library: &Library) -> Result<()> {
    let prefix = project.target()?.join("c/again");
    let library = &library.hollow(&project.target()?.join("c/hollow"))?;
    if prefix.exists() {
        fs::remove_dir_all(&prefix)?;
    }
    let mut install = Install::below(&prefix, None);
    install::quietly(project, &install, library)?;
    let both = files(&prefix)?;
    install::quietly(project, &install, library)?;
    ensure!(
        files(&prefix)? == both,
        "the second installation left {:?}, the first {both:?}",
        files(&prefix)?
    );
    install.only = Some(Kind::Static);
    install::quietly(project, &install, library)?;
    let expected: Vec<_> = both.iter().filter(|name| !name.contains(".so")).cloned().collect();
    ensure!(files(&prefix)? == expected, "there is {:?} instead of {expected:?}", files(&prefix)?);
    install.uninstall = true;
    install::run(project, &install)?;
    ensure!(files(&prefix)?.is_empty(), "{:?} stayed", files(&prefix)?);

    // As a package is made: what programs will see is not where the files are now.
    install.uninstall = false;
    (install.prefix, install.libdir, install.destdir) =
        ("/usr".into(), "lib/triplet".into(), Some(prefix.clone()));
    install::quietly(project, &install, library)?;
    let packaged: Vec<_> =
        expected.iter().map(|name| format!("usr/{}", name.replace("lib/", "lib/triplet/"))).collect();
    ensure!(files(&prefix)? == packaged, "there is {:?} instead of {packaged:?}", files(&prefix)?);
    let pc = fs::read_to_string(prefix.join("usr/lib/triplet/pkgconfig/hwenc.pc"))?;
    ensure!(pc.starts_with("prefix=/usr\nlibdir=${prefix}/lib/triplet\n"), "{pc}");

    let nowhere = Install::below(Path::new("/proc/hwenc"), None);
    let refused = install::run(project, &nowhere).err().context("/proc could be written")?;
    ensure!(refused.to_string().contains("--prefix"), "{refused:#}");
    Ok(())
}

/// Files below a directory, sorted.
fn files(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            names.extend(files(&entry.path())?.into_iter().map(|below| format!("{name}/{below}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
