//! The sources that are built into the wheel: which, from where, and that they are these very ones.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::chroot::MIRROR;
use crate::say;

/// A release, as Debian keeps it.
pub(crate) struct Source {
    /// What it is.
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// Where its archive lies in Debian's pool.
    pub(crate) pool: &'static str,
    /// What the archive is, whoever it came from.
    pub(crate) sha256: &'static str,
    /// The directory in it.
    pub(crate) directory: &'static str,
}

/// FFmpeg, of the series that Debian 13 keeps for years.
pub(crate) const FFMPEG: Source = Source {
    name: "ffmpeg",
    version: "7.1.5",
    pool: "f/ffmpeg/ffmpeg_7.1.5.orig.tar.xz",
    sha256: "de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f",
    directory: "ffmpeg-7.1.5",
};
/// libva.
pub(crate) const LIBVA: Source = Source {
    name: "libva",
    version: "2.22.0",
    pool: "libv/libva/libva_2.22.0.orig.tar.xz",
    sha256: "efd30e3581bc09383a02a2943a83c216c94fc8027ed299be49d29e6f71d96ce8",
    directory: "libva-2.22.0",
};
/// The headers of NVENC, NVDEC and CUDA; the libraries come with NVIDIA's driver.
pub(crate) const NVENC: Source = Source {
    name: "nv-codec-headers",
    version: "12.1.14.0",
    pool: "n/nv-codec-headers/nv-codec-headers_12.1.14.0.orig.tar.xz",
    sha256: "0ca1a0c85b149646fa6ce4d600584507fdccf5a23d58e668d8701e89cee0c3fb",
    directory: "nv-codec-headers-n12.1.14.0",
};
/// All of them.
pub(crate) const SOURCES: [&Source; 3] = [&FFMPEG, &LIBVA, &NVENC];

impl Source {
    /// Its archive in the cache, fetched where it is not there, and verified in either case.
    pub(crate) fn archive(&self, sh: &Shell, cache: &Path) -> Result<PathBuf> {
        let directory = sh.create_dir(cache.join("sources"))?;
        let file = self.pool.rsplit('/').next().context("a path in the pool ends with a file")?;
        let path = directory.join(file);
        if !path.exists() {
            self.fetch(sh, &path)?;
        }
        let sum = cmd!(sh, "sha256sum {path}").quiet().read()?;
        ensure!(sum.starts_with(self.sha256), "{} is not {} {}", path.display(), self.name, self.version);
        Ok(path)
    }

    /// With what apt itself fetches with, and so through the proxy that the machine has for apt. The file appears whole.
    fn fetch(&self, sh: &Shell, path: &Path) -> Result<()> {
        say::note(&format!("fetching {} {}", self.name, self.version));
        let url = format!("{MIRROR}/pool/main/{}", self.pool);
        let partial = path.with_extension("partial");
        let sum = format!("SHA256:{}", self.sha256);
        cmd!(sh, "/usr/lib/apt/apt-helper -q -o Acquire::Retries=3 -o APT::Sandbox::User=root download-file {url} {partial} {sum}")
            .quiet()
            .ignore_stdout()
            .run()
            .with_context(|| {
                format!(
                    "{url} cannot be had; a mirror drops releases that Debian has replaced. Put the file with SHA-256 {} to {}",
                    self.sha256,
                    path.display()
                )
            })?;
        Ok(fs::rename(&partial, path)?)
    }

    /// Unpacks it into a directory; the path of what came out.
    pub(crate) fn unpack(&self, sh: &Shell, cache: &Path, into: &Path) -> Result<PathBuf> {
        let archive = self.archive(sh, cache)?;
        cmd!(sh, "tar --extract --no-same-owner --file {archive} --directory {into}").quiet().run()?;
        Ok(into.join(self.directory))
    }
}
