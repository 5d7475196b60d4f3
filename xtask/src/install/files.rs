//! The tree that files are installed into.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::say;

use super::Install;

/// Paths as programs will see them, and where they are now.
pub(super) struct Tree {
    /// The prefix: absolute.
    pub(super) prefix: PathBuf,
    /// Where libraries lie: absolute.
    pub(super) libdir: PathBuf,
    destdir: Option<PathBuf>,
}

impl Tree {
    pub(super) fn new(install: &Install) -> Result<Self> {
        let here = std::env::current_dir().context("there is no working directory")?;
        let prefix = plain(&here.join(&install.prefix));
        let libdir = plain(&prefix.join(&install.libdir));
        let destdir = install.destdir.as_ref().map(|destdir| plain(&here.join(destdir)));
        super::utf8(&prefix)?;
        super::utf8(&libdir)?;
        Ok(Self { prefix, libdir, destdir })
    }

    /// Where a path is now.
    pub(super) fn real(&self, path: &Path) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// Fails where nothing can be written, before minutes are spent on building.
    pub(super) fn check(&self) -> Result<()> {
        for directory in [self.prefix.join("bin"), self.prefix.join("include"), self.libdir.join("pkgconfig")]
        {
            let directory = self.directory(&directory)?;
            let probe = directory.join(format!(".hwenc.{}", std::process::id()));
            fs::write(&probe, "")
                .and_then(|()| fs::remove_file(&probe))
                .with_context(|| refused(&directory))?;
        }
        Ok(())
    }

    fn directory(&self, path: &Path) -> Result<PathBuf> {
        let real = self.real(path);
        fs::create_dir_all(&real).with_context(|| refused(&real))?;
        Ok(real)
    }

    pub(super) fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<PathBuf> {
        self.replace(to, |part| {
            fs::copy(from, part)?;
            fs::set_permissions(part, Permissions::from_mode(mode))
        })
        .with_context(|| format!("{} could not be installed", from.display()))
    }

    pub(super) fn write(&self, text: &str, to: &Path) -> Result<PathBuf> {
        self.replace(to, |part| {
            fs::write(part, text)?;
            fs::set_permissions(part, Permissions::from_mode(0o644))
        })
    }

    pub(super) fn link(&self, target: &str, to: &Path) -> Result<PathBuf> {
        self.replace(to, |part| symlink(target, part))
    }

    /// Makes a file beside its name, and renames it.
    fn replace(&self, to: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<PathBuf> {
        let directory = self.directory(to.parent().context("a file has a directory")?)?;
        let real = self.real(to);
        let name = to.file_name().context("a file has a name")?.to_string_lossy();
        let part = directory.join(format!(".{name}.{}", std::process::id()));
        let made = make(&part).and_then(|()| fs::rename(&part, &real));
        if made.is_err() {
            let _ = fs::remove_file(&part);
        }
        made.with_context(|| refused(&real))?;
        Ok(real)
    }

    /// Names of the files in a directory; none where it is not there.
    pub(super) fn names_in(&self, path: &Path) -> Result<Vec<String>> {
        let real = self.real(path);
        match fs::read_dir(&real) {
            Ok(entries) => entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<_>>()
                .with_context(|| format!("{} cannot be read", real.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", real.display())),
        }
    }

    pub(super) fn is_library(&self, path: &Path) -> bool {
        path.parent() == Some(&self.libdir)
    }

    /// Removes files; directories stay, since others may have them in use.
    pub(super) fn remove(&self, paths: &[PathBuf]) -> Result<()> {
        ensure!(
            !paths.is_empty(),
            "nothing of hwenc is installed below {}",
            self.real(&self.prefix).display()
        );
        self.remove_silently(paths)?;
        paths.iter().for_each(|path| say::note(&format!("removed {}", self.real(path).display())));
        Ok(())
    }

    pub(super) fn remove_silently(&self, paths: &[PathBuf]) -> Result<()> {
        paths.iter().try_for_each(|path| {
            let real = self.real(path);
            fs::remove_file(&real).with_context(|| format!("{} cannot be removed", real.display()))
        })
    }
}

fn refused(path: &Path) -> String {
    let by_hand = "name another place with --prefix or --destdir, or run this with the rights that it takes";
    format!("{} cannot be written; {by_hand}", path.display())
}

/// A path without `.` and `..`, as it is written: links are the user's own business.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        assert_eq!(plain(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(plain(Path::new("/../a")), Path::new("/a"));
    }

    #[test]
    fn a_destdir_goes_before_absolute_paths() {
        let tree = Tree { prefix: "/usr".into(), libdir: "/usr/lib".into(), destdir: Some("/tmp/p".into()) };
        assert_eq!(tree.real(Path::new("/usr/lib/x")), Path::new("/tmp/p/usr/lib/x"));
    }
}
