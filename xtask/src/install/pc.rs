//! `hwenc.pc`, for pkg-config.

use std::path::Path;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::files::Tree;
use super::{Kind, utf8};

/// FFmpeg's libraries that hwenc is linked to. libva and NVML are loaded at run time.
const FFMPEG: [&str; 6] =
    ["libavcodec", "libavfilter", "libavformat", "libavutil", "libswresample", "libswscale"];

/// Prefixes whose headers a compiler finds unasked. pkg-config leaves out their directories, and knows them by the letter.
const SYSTEM: [&str; 2] = ["/usr", "/usr/local"];

/// The file's text.
pub(super) fn text(sh: &Shell, tree: &Tree, version: &str, only: Option<Kind>) -> Result<String> {
    let (prefix, libdir) = places(&tree.prefix, &tree.libdir)?;
    let head = format!(
        "prefix={prefix}\nlibdir={libdir}\nincludedir=${{prefix}}/include\n\n\
         Name: hwenc\nDescription: Finds, chooses and uses hardware video encoders on Linux\n\
         URL: https://github.com/hwenc/hwenc\nVersion: {version}\nCflags: -I${{includedir}}\n\
         Libs: -L${{libdir}} -lhwenc"
    );
    Ok(match only {
        // The shared library names what it needs itself. A program needs none of FFmpeg's headers.
        Some(Kind::Shared) => format!("{head}\n"),
        // `pkg-config --libs hwenc` has to be enough. Another major version of FFmpeg has other structs.
        Some(Kind::Static) => format!("{head} {}\nRequires: {}\n", system(sh)?, ffmpeg(sh)?),
        // Not `Requires.private`, for which programs that link the shared library would need FFmpeg's headers too.
        None => {
            let ffmpeg = cmd!(sh, "pkg-config --libs {FFMPEG...}").quiet().read()?;
            format!("{head}\nLibs.private: {ffmpeg} {}\n", system(sh)?)
        }
    })
}

/// The prefix, from the file itself where the tree may be moved, and the libraries' directory.
fn places(prefix: &Path, libdir: &Path) -> Result<(String, String)> {
    let Ok(below) = libdir.strip_prefix(prefix) else {
        return Ok((utf8(prefix)?.to_owned(), utf8(libdir)?.to_owned()));
    };
    let up = if SYSTEM.iter().any(|system| prefix == Path::new(system)) {
        utf8(prefix)?.to_owned()
    } else {
        format!("${{pcfiledir}}/..{}", "/..".repeat(below.components().count()))
    };
    Ok((up, format!("${{prefix}}/{}", utf8(below)?)))
}

/// FFmpeg as hwenc was built with it.
fn ffmpeg(sh: &Shell) -> Result<String> {
    let one = |name: &str| -> Result<String> {
        let version = cmd!(sh, "pkg-config --modversion {name}").quiet().read()?;
        let major: u32 =
            version.split('.').next().and_then(|major| major.parse().ok()).context("no version")?;
        Ok(format!("{name} >= {version}, {name} < {}", major + 1))
    };
    Ok(FFMPEG.iter().map(|name| one(name)).collect::<Result<Vec<_>>>()?.join(", "))
}

/// What Rust's own library needs of the system, in rustc's words.
fn system(sh: &Shell) -> Result<String> {
    let flags = ["--crate-type=staticlib", "--crate-name=empty", "--print=native-static-libs"];
    // Into a place of its own: rustc renames what it made, and for root that would put a file where /dev/null was.
    let place = sh.create_temp_dir()?;
    let out = place.path().join("libempty.a");
    let words = cmd!(sh, "rustc {flags...} -o {out} -").quiet().stdin("").read_stderr()?;
    let line = words.lines().find_map(|line| line.split_once("native-static-libs:"));
    Ok(line.context("rustc does not name the system's libraries")?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_its_own_can_be_moved() {
        let of = |prefix: &str, libdir: &str| places(Path::new(prefix), Path::new(libdir)).unwrap();
        assert_eq!(of("/opt/h", "/opt/h/lib"), ("${pcfiledir}/../..".into(), "${prefix}/lib".into()));
        let triplet = of("/opt/h", "/opt/h/lib/x86_64-linux-gnu");
        assert_eq!(triplet, ("${pcfiledir}/../../..".into(), "${prefix}/lib/x86_64-linux-gnu".into()));
        assert_eq!(of("/usr", "/usr/lib64"), ("/usr".into(), "${prefix}/lib64".into()));
        assert_eq!(of("/opt/h", "/lib64"), ("/opt/h".into(), "/lib64".into()));
    }
}
