//! The kernel's binary: built once from the distribution's source, then taken from the cache.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// The options; everything else is off.
const CONFIG: &str = include_str!("../../kernel/config");
/// What later kernels do without being asked, and no longer have as an option.
const NO_LONGER_ASKED: [&str; 1] = ["CONFIG_RANDOM_TRUST_BOOTLOADER=y"];
/// Where the package `linux-source` puts the source.
const SOURCES: &str = "/usr/src";
/// What the build calls, and the Debian package that has it.
const TOOLS: [(&str, &str); 6] =
    [("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("tar", "tar")];
/// Half of the unpacked source, and none of it is needed: not even its Kconfig files.
const LEFT_OUT: [&str; 5] = [
    "*/Documentation/*/*",
    "*/drivers/gpu/drm/amd/include/*",
    "*/tools/testing/*",
    "*/arch/*/boot/dts/*",
    "*/sound/*.[ch]",
];

/// The binary, built first where no cache has it. Says what it does while it builds.
pub fn ensure() -> Result<PathBuf> {
    if let Some(named) = env::var_os("SOFTGPU_KERNEL").filter(|name| !name.is_empty()) {
        return Ok(named.into());
    }
    if !cfg!(target_arch = "x86_64") {
        bail!("user-mode Linux, which --kernel needs, is for x86_64 alone");
    }
    let cache = cache()?.join("kernel");
    let config = format!("{:016x}", fnv(CONFIG.as_bytes()));
    let source = Source::newest(Path::new(SOURCES))?;
    let ready = match &source {
        Some(source) => Some(cache.join(format!("{}-{config}", source.id))),
        // A cache outlives the package that filled it.
        None => any_of(&cache, &config),
    };
    if let Some(binary) = ready.map(|home| home.join("linux")).filter(|binary| binary.exists()) {
        return Ok(binary);
    }
    let missing = missing(source.as_ref());
    if !missing.is_empty() {
        let packages = missing.join(" ");
        bail!(
            "the kernel cannot be built here yet. Install what it needs:\n\n    \
             sudo apt-get install -y --no-install-recommends {packages}\n"
        );
    }
    let source = source.context("the source is there")?;
    let home = cache.join(format!("{}-{config}", source.id));
    fs::create_dir_all(&cache).with_context(|| format!("{} cannot be made", cache.display()))?;
    // Two runs at once must not build twice; the second one finds the first one's work.
    let lock = File::create(cache.join("lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("softgpu: another process is building the kernel; waiting for it");
        lock.lock().context("the lock of the cache cannot be taken")?;
    }
    let binary = home.join("linux");
    if !binary.exists() {
        build(&source, &cache, &home)?;
    }
    Ok(binary)
}

/// Unpacks, builds, keeps the binary, removes the rest.
fn build(source: &Source, cache: &Path, home: &Path) -> Result<()> {
    let begun = Instant::now();
    let archive = source.archive.display();
    eprintln!("softgpu: building the kernel from {archive}, once, two to four minutes");
    // Whoever was killed here left a gigabyte behind; this process holds the lock, so nobody works in it.
    for left in fs::read_dir(cache)?.flatten() {
        if left.file_name().to_string_lossy().starts_with("build.") {
            fs::remove_dir_all(left.path())?;
        }
    }
    let place = tempfile::Builder::new().prefix("build.").tempdir_in(cache)?;
    let tree = place.path().join("linux");
    let log = place.path().join("log");
    fs::create_dir(&tree)?;
    let step = |what: &str, command: &mut Command| -> Result<()> {
        let output = File::create(&log)?;
        // Variables such as ARCH, MAKEFLAGS or KCONFIG_CONFIG of the caller must not change what is built.
        let command =
            command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C");
        let command = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let status = command.status().with_context(|| format!("{what}: the command does not start"))?;
        if !status.success() {
            let text = fs::read(&log).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<_> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(20)..].join("\n");
            bail!("{what} failed ({status}):\n{tail}");
        }
        eprintln!("softgpu: {what}: done after {} s", begun.elapsed().as_secs());
        Ok(())
    };
    let excluded = LEFT_OUT.map(|pattern| format!("--exclude={pattern}"));
    let strip = "--strip-components=1";
    step(
        "unpacking",
        Command::new("tar").arg("-xf").arg(&source.archive).arg("-C").arg(&tree).arg(strip).args(excluded),
    )?;
    let config = place.path().join("config");
    fs::write(&config, CONFIG)?;
    let mut all = std::ffi::OsString::from("KCONFIG_ALLCONFIG=");
    all.push(&config);
    step(
        "configuring",
        Command::new("make").args([
            "-C".as_ref(),
            tree.as_os_str(),
            "ARCH=um".as_ref(),
            &all,
            "allnoconfig".as_ref(),
        ]),
    )?;
    check(&fs::read_to_string(tree.join(".config"))?)?;
    let jobs = std::thread::available_parallelism().map_or(1, |count| count.get());
    let jobs = format!("-j{jobs}");
    step("compiling", Command::new("make").arg("-C").arg(&tree).args(["ARCH=um", &jobs, "linux"]))?;

    let made = place.path().join("made");
    fs::create_dir(&made)?;
    fs::rename(tree.join("linux"), made.join("linux")).context("the build left no binary")?;
    fs::write(made.join("config"), CONFIG)?;
    // The binary appears whole or not at all; the lock keeps others from putting theirs there meanwhile.
    fs::rename(&made, home).with_context(|| format!("{} cannot be put in place", home.display()))?;
    place.close().context("the unpacked source cannot be removed")?;
    eprintln!("softgpu: the kernel is in {}, built in {} s", home.display(), begun.elapsed().as_secs());
    Ok(())
}

/// Whether every option that was asked for is on.
fn check(configured: &str) -> Result<()> {
    let on =
        |option: &&str| NO_LONGER_ASKED.contains(option) || configured.lines().any(|line| line == *option);
    let asked = CONFIG.lines().filter(|line| line.ends_with("=y"));
    let refused: Vec<_> = asked.filter(|option| !on(option)).collect();
    ensure!(refused.is_empty(), "this kernel source does not take {}", refused.join(", "));
    Ok(())
}

/// An archive of the kernel's source.
struct Source {
    archive: PathBuf,
    version: Vec<u32>,
    /// Tells two sources apart, also two updates of one version.
    id: String,
}

impl Source {
    /// `linux-source-6.1.tar.xz` of Debian or `linux-source-6.8.0.tar.bz2` of Ubuntu; the newest one of several.
    fn newest(directory: &Path) -> Result<Option<Self>> {
        let Ok(entries) = fs::read_dir(directory) else { return Ok(None) };
        let mut sources = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(version) = version(&name) else { continue };
            let status = fs::metadata(entry.path())?;
            let id = format!("{}-{:x}-{:x}", dotted(&version), status.len(), status.mtime());
            sources.push(Self { archive: entry.path(), version, id });
        }
        Ok(sources.into_iter().max_by(|one, other| one.version.cmp(&other.version)))
    }
}

fn version(name: &OsStr) -> Option<Vec<u32>> {
    let archive = name.to_str()?.strip_prefix("linux-source-")?;
    let version = archive.strip_suffix(".tar.xz").or_else(|| archive.strip_suffix(".tar.bz2"))?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

fn dotted(version: &[u32]) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// A kernel of these options in the cache, whatever it was built from.
fn any_of(cache: &Path, config: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(cache).ok()?.flatten();
    let fitting =
        entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(&format!("-{config}")));
    fitting.map(|entry| entry.path()).max()
}

/// The packages of what is not there.
fn missing(source: Option<&Source>) -> Vec<&'static str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let there = |tool: &str| env::split_paths(&path).any(|directory| directory.join(tool).exists());
    let unpacker = match source.and_then(|source| source.archive.extension()) {
        Some(extension) if extension == "bz2" => ("bzip2", "bzip2"),
        _ => ("xz", "xz-utils"),
    };
    let tools = TOOLS.iter().chain([&unpacker]).filter(|(tool, _)| !there(tool));
    let source = source.is_none().then_some("linux-source");
    tools.map(|(_, package)| *package).chain(source).collect()
}

/// HWENC_CACHE, or `hwenc` in the user's cache: the place that this project's tools use too.
fn cache() -> Result<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = named("HWENC_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|caches| caches.join("hwenc")))
        .or_else(|| named("HOME").map(|home| home.join(".cache/hwenc")))
        .context("neither HWENC_CACHE nor HOME is set: name a directory for the cache with HWENC_CACHE")?;
    std::path::absolute(cache).context("the current directory is gone")
}

/// FNV-1a: the same everywhere and for ever, which the standard library's hasher does not promise.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_source_is_by_number() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in [
            "linux-source-6.1.tar.xz",
            "linux-source-6.12.tar.xz",
            "linux-source-6.9.tar.xz",
            "linux-source-x.tar.xz",
        ] {
            fs::write(directory.path().join(name), name).expect("a file");
        }
        let newest = Source::newest(directory.path()).expect("readable").expect("there are some");
        assert_eq!(newest.archive.file_name().and_then(OsStr::to_str), Some("linux-source-6.12.tar.xz"));
        assert!(newest.id.starts_with("6.12-"), "{}", newest.id);
        assert!(Source::newest(&directory.path().join("none")).expect("no error").is_none());
    }

    #[test]
    fn an_option_that_is_not_taken_is_named() {
        let all: String =
            CONFIG.lines().filter(|line| line.ends_with("=y")).map(|line| format!("{line}\n")).collect();
        check(&all).expect("all are on");
        let error = check(&all.replace("CONFIG_DRM=y\n", "")).expect_err("one is off");
        assert!(error.to_string().ends_with("CONFIG_DRM=y"), "{error}");
    }
}
