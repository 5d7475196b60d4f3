//! The FFmpeg of the wheel, built once into the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::source::{FFMPEG, LIBVA, NVENC, SOURCES};
use crate::project::Project;
use crate::say;

/// Configures, builds and installs; says what is in it.
const RECIPE: &str = include_str!("ffmpeg.sh");
/// The encoders and decoders that it is linked to come as Debian's packages, whose versions are part of the key.
const PACKAGES: [&str; 6] =
    ["libx264-dev", "libx265-dev", "libsvtav1enc-dev", "libdav1d-dev", "libdrm-dev", "zlib1g-dev"];
/// What is changed in the sources: the file, what stands there once, and what takes its place.
const CHANGES: [(&str, &str, &str); 4] = [
    // A driver exports one function to begin with, named after the VA-API that it was built for, and libva 2.22 looks for those
    // up to its own, 1.22. The tables that libva hands to a driver have the same size in all 1.x and spare room at their ends
    // (va_backend.h), so that a later driver fills in what is never asked of it. So drivers up to 1.40 are taken.
    ("libva-2.22.0/va/va.c", "compatible_versions[VA_MINOR_VERSION + 2]", "compatible_versions[40 + 2]"),
    ("libva-2.22.0/va/va.c", "i <= VA_MINOR_VERSION; i ++", "i <= 40; i ++"),
    ("libva-2.22.0/va/va.c", "minor = VA_MINOR_VERSION - i", "minor = 40 - i"),
    // FFmpeg 7 forgets the pictures that an encoder still refers to when it is closed, and with them surfaces, the pool and the
    // device (docs/evidence.md); 5.1 and 9 do not.
    (
        "ffmpeg-7.1.5/libavcodec/hw_base_encode.c",
        "{\n    av_fifo_freep2(&ctx->encode_fifo);",
        "{\n    for (FFHWBaseEncodePicture *pic = ctx->pic_start, *next; pic; pic = next) {\n        next = pic->next;\n        \
         base_encode_pic_free(pic);\n    }\n    ctx->pic_start = ctx->pic_end = NULL;\n\n    av_fifo_freep2(&ctx->encode_fifo);",
    ),
];

/// Where it lies: `include`, `lib`, and `licences` with a directory for each part.
pub(crate) struct Bundle {
    /// The directory that it was installed into.
    pub(crate) prefix: PathBuf,
}

impl Bundle {
    /// The one of this recipe, built where the cache lacks it. `tools` has meson and ninja.
    pub(crate) fn get(project: &Project, tools: &Path) -> Result<Self> {
        let (sh, cache) = (&project.sh, project.cache()?);
        let home = sh.create_dir(cache.join("ffmpeg"))?;
        let prefix = home.join(key(sh)?);
        // Two runs at once must not build the same one.
        let lock = File::create(home.join("lock"))?;
        lock.lock().context("the lock of the cache cannot be taken")?;
        let bundle = Self { prefix };
        if !bundle.stamp().exists() {
            bundle.build(project, &cache, tools)?;
        }
        Ok(bundle)
    }

    fn stamp(&self) -> PathBuf {
        self.prefix.join("complete")
    }

    fn build(&self, project: &Project, cache: &Path, tools: &Path) -> Result<()> {
        let sh = &project.sh;
        let log = self.prefix.with_extension("log");
        say::note("building FFmpeg for the wheel, once, about five minutes");
        say::note(&format!("its log is {}", log.display()));
        for rest in [&self.prefix, &self.prefix.with_extension("work")] {
            sh.remove_path(rest)?;
        }
        let work = sh.create_dir(self.prefix.with_extension("work"))?;
        for source in SOURCES {
            source.unpack(sh, cache, &work)?;
        }
        for (file, from, to) in CHANGES {
            let path = work.join(file);
            let text = fs::read_to_string(&path)?;
            ensure!(text.matches(from).count() == 1, "{file} has not the one `{from}` that is changed");
            fs::write(&path, text.replace(from, to))?;
        }
        let script = RECIPE;
        let (prefix, file) = (&self.prefix, File::create(&log)?);
        let names = [LIBVA.directory, NVENC.directory, FFMPEG.directory];
        let make = cmd!(sh, "sh -euc {script} recipe {tools} {work} {prefix} {names...}");
        let status = std::process::Command::from(make).stdout(file.try_clone()?).stderr(file).status()?;
        ensure!(status.success(), "FFmpeg could not be built: see the end of {}", log.display());
        self.keep_licences(&work)?;
        sh.write_file(self.stamp(), describe(sh)?)?;
        Ok(sh.remove_path(&work)?)
    }

    fn keep_licences(&self, work: &Path) -> Result<()> {
        let texts = [
            (&FFMPEG, &["LICENSE.md", "COPYING.GPLv2", "COPYING.LGPLv2.1"][..]),
            (&LIBVA, &["COPYING"]),
            // These have their licence at their heads alone.
            (&NVENC, &["include/ffnvcodec/dynlink_loader.h", "include/ffnvcodec/nvEncodeAPI.h"]),
        ];
        for (source, files) in texts {
            let place = self.prefix.join("licences").join(source.name);
            fs::create_dir_all(&place)?;
            for file in files {
                let from = work.join(source.directory).join(file);
                let name = from.file_name().context("a file has a name")?;
                fs::copy(&from, place.join(name))
                    .with_context(|| format!("{} is not there", from.display()))?;
            }
        }
        Ok(())
    }
}

/// Everything that it depends on, in words.
fn describe(sh: &Shell) -> Result<String> {
    let format = "${binary:Package} ${Version} (source: ${source:Package} ${source:Version})\n";
    let packages = PACKAGES;
    let packages = cmd!(sh, "dpkg-query --show --showformat={format} {packages...}").quiet().read()?;
    let sources = SOURCES.map(|source| format!("{} {} {}", source.name, source.version, source.sha256));
    Ok(format!("{}\n{packages}\n", sources.join("\n")))
}

fn key(sh: &Shell) -> Result<String> {
    let everything = format!("{RECIPE}{CHANGES:?}{}{}", describe(sh)?, std::env::consts::ARCH);
    let sum = cmd!(sh, "sha256sum").stdin(everything).quiet().read()?;
    Ok(sum[..16].to_owned())
}
