//! `cargo xtask install`: hwenc as a library of C, and its programs, where other programs look for them.
//!
//! Every file is written beside its name and renamed, so that a second installation over the first is safe, also while
//! programs run on it.

mod archive;
mod files;
mod pc;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use xshell::cmd;

use crate::project::Project;
use crate::say;

use files::Tree;

/// Where to, and what.
#[derive(Args)]
pub(crate) struct Install {
    /// The directory to install below, as programs will see it
    #[arg(long, value_name = "DIR", default_value = "/usr/local")]
    pub(crate) prefix: PathBuf,
    /// Where libraries go: a path below the prefix, or an absolute one, such as lib/x86_64-linux-gnu
    #[arg(long, value_name = "DIR", default_value = "lib")]
    pub(crate) libdir: PathBuf,
    /// Put all files below this directory instead of /, for who makes packages
    #[arg(long, value_name = "DIR")]
    pub(crate) destdir: Option<PathBuf>,
    /// One kind of library only
    #[arg(long, value_name = "KIND")]
    pub(crate) only: Option<Kind>,
    /// Without optimisation, and built sooner
    #[arg(long)]
    pub(crate) debug: bool,
    /// Remove what an installation with the same options put there
    #[arg(long)]
    pub(crate) uninstall: bool,
}

impl Install {
    /// One kind of library, or both, below a directory; of a debug build.
    pub(crate) fn below(prefix: &Path, only: Option<Kind>) -> Self {
        let (libdir, destdir) = ("lib".into(), None);
        Install { prefix: prefix.to_owned(), libdir, destdir, only, debug: true, uninstall: false }
    }
}

/// A kind of library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// libhwenc.so, which programs load
    Shared,
    /// libhwenc.a, which becomes part of a program
    Static,
}

/// The header, below the prefix and in the checkout.
pub(crate) const HEADER: &str = "include/hwenc.h";
/// The command is the library's helper, which looks for it in `../bin`; `hwenc transcode` is a program of its own.
const PROGRAMS: [&str; 2] = ["hwenc", "hwenc-transcode"];

/// The command.
pub(crate) fn run(project: &Project, install: &Install) -> Result<()> {
    let tree = Tree::new(install)?;
    if install.uninstall {
        return tree.remove(&named(&tree)?);
    }
    tree.check()?;
    let library = Library::build(project, install.debug)?;
    for path in put(project, install, &tree, &library)? {
        say::note(&path.display().to_string());
    }
    Ok(())
}

/// The same without a word: the files are the tests' own.
pub(crate) fn quietly(project: &Project, install: &Install, library: &Library) -> Result<()> {
    let tree = Tree::new(install)?;
    tree.check()?;
    put(project, install, &tree, library).map(|_| ())
}

/// What cargo built.
pub(crate) struct Library {
    /// Cargo's directory with what it built.
    built: PathBuf,
    /// The shared library.
    pub(crate) shared: PathBuf,
    /// Its name as programs record it, `libhwenc.so.0`.
    pub(crate) soname: String,
    /// What it exports.
    pub(crate) symbols: Vec<String>,
    version: String,
}

impl Library {
    /// Builds the library and the programs.
    pub(crate) fn build(project: &Project, debug: bool) -> Result<Self> {
        let sh = &project.sh;
        let profile = if debug { "dev" } else { "release" };
        let packages = ["-p", "hwenc-capi", "-p", "hwenc-cli"];
        cmd!(sh, "cargo build --locked --profile {profile} {packages...}").run()?;
        let built = project.target()?.join(if debug { "debug" } else { "release" });
        let shared = built.join("libhwenc_capi.so");
        let dynamic = cmd!(sh, "readelf --dynamic --wide {shared}").quiet().read()?;
        let soname =
            dynamic.lines().find_map(|line| line.split_once("Library soname: [")?.1.strip_suffix(']'));
        let symbols = cmd!(sh, "nm --dynamic --defined-only --format=posix {shared}").quiet().read()?;
        let symbols = symbols.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
        Ok(Self {
            soname: soname.context("the shared library has no soname; see hwenc-capi/build.rs")?.to_owned(),
            symbols,
            version: version(project)?,
            built,
            shared,
        })
    }

    /// One whose files have next to nothing in them, in a directory: for tests of the installation itself.
    pub(crate) fn hollow(&self, built: &Path) -> Result<Self> {
        std::fs::create_dir_all(built)?;
        // The archive last: it is made anew where it is older.
        for name in PROGRAMS.into_iter().chain(["libhwenc_capi.so", "libhwenc_capi.a", "libhwenc.a"]) {
            std::fs::write(built.join(name), name)?;
        }
        let (soname, symbols, version) = (self.soname.clone(), self.symbols.clone(), self.version.clone());
        Ok(Self { built: built.to_owned(), shared: built.join("libhwenc_capi.so"), soname, symbols, version })
    }

    /// The shared library's own name, `libhwenc.so.0.1.0`: its soname, and the release of that ABI.
    fn file_name(&self) -> String {
        let release = self.version.split_once('.').map_or("0", |(_, release)| release);
        format!("{}.{release}", self.soname)
    }
}

/// The version of the library.
pub(crate) fn version(project: &Project) -> Result<String> {
    let metadata = project.metadata()?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` names no packages")?;
    let package = packages.iter().find(|package| package["name"] == "hwenc-capi");
    let version = package.and_then(|package| package["version"].as_str());
    Ok(version.context("`cargo metadata` does not know hwenc-capi")?.to_owned())
}

/// Puts everything in its place, and says where it is.
fn put(project: &Project, install: &Install, tree: &Tree, library: &Library) -> Result<Vec<PathBuf>> {
    // What an earlier installation left of the other kind would be linked to all the same.
    let stale: Vec<_> = named(tree)?.into_iter().filter(|path| tree.is_library(path)).collect();
    tree.remove_silently(&stale)?;
    let mut done = Vec::new();
    for program in PROGRAMS {
        done.push(tree.copy(&library.built.join(program), &tree.prefix.join("bin").join(program), 0o755)?);
    }
    done.push(tree.copy(&project.root().join(HEADER), &tree.prefix.join(HEADER), 0o644)?);
    if install.only != Some(Kind::Static) {
        let file = library.file_name();
        done.push(tree.copy(&library.shared, &tree.libdir.join(&file), 0o755)?);
        done.push(tree.link(&file, &tree.libdir.join(&library.soname))?);
        done.push(tree.link(&library.soname, &tree.libdir.join("libhwenc.so"))?);
    }
    if install.only != Some(Kind::Shared) {
        let archive = library.built.join("libhwenc.a");
        archive::refresh(&project.sh, &library.built.join("libhwenc_capi.a"), &library.symbols, &archive)?;
        done.push(tree.copy(&archive, &tree.libdir.join("libhwenc.a"), 0o644)?);
    }
    let text = pc::text(&project.sh, tree, &library.version, install.only)?;
    done.push(tree.write(&text, &tree.libdir.join("pkgconfig/hwenc.pc"))?);
    Ok(done)
}

/// The files of hwenc that are there, of whatever version.
fn named(tree: &Tree) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = PROGRAMS.iter().map(|program| tree.prefix.join("bin").join(program)).collect();
    paths.extend([tree.prefix.join(HEADER), tree.libdir.join("pkgconfig/hwenc.pc")]);
    let ours = |name: &str| name == "libhwenc.a" || name == "libhwenc.so" || name.starts_with("libhwenc.so.");
    paths.extend(
        tree.names_in(&tree.libdir)?.iter().filter(|name| ours(name)).map(|name| tree.libdir.join(name)),
    );
    paths.retain(|path| tree.real(path).symlink_metadata().is_ok());
    Ok(paths)
}

/// A path that is written into files and handed to other programs.
fn utf8(path: &Path) -> Result<&str> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    // pkg-config splits at blanks, and its variables begin with a dollar.
    let plain = !text.contains(|c: char| c.is_whitespace() || "$\"'\\#".contains(c));
    ensure!(plain, "pkg-config could not pass on the path {text:?}: it has blanks or quotes");
    Ok(text)
}
