//! VA-API drivers as files, found where libva would find them.

use std::path::{Path, PathBuf};

use nix::unistd;
use serde::{Deserialize, Serialize};

use super::roots::Reader;

/// A VA-API driver as a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct DriverFile {
    /// Its name, such as `iHD` of `iHD_drv_video.so`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Directories of libraries, in the order of distributions' loaders.
const LIBRARIES: &[&str] = &[
    "/usr/local/lib/x86_64-linux-gnu",
    "/usr/local/lib/aarch64-linux-gnu",
    "/usr/local/lib64",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
];

/// Directories of drivers, where libva itself cannot be asked for its own: those of Debian, Fedora with RPM Fusion, Arch, NixOS,
/// and of libva built by hand.
const DRIVERS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/dri",
    "/usr/lib/aarch64-linux-gnu/dri",
    "/usr/lib64/dri-nonfree",
    "/usr/lib64/dri-freeworld",
    "/usr/lib64/dri",
    "/usr/lib/dri",
    "/run/opengl-driver/lib/dri",
    "/usr/local/lib/x86_64-linux-gnu/dri",
    "/usr/local/lib/aarch64-linux-gnu/dri",
    "/usr/local/lib64/dri",
    "/usr/local/lib/dri",
];

/// What follows a driver's name (libva's va.c, DRIVER_EXTENSION).
const EXTENSION: &str = "_drv_video.so";

/// The variables that decide.
#[derive(Default)]
pub(super) struct Paths {
    /// `LIBVA_DRIVERS_PATH`, instead of libva's own.
    pub(super) drivers: Option<String>,
    /// `LD_LIBRARY_PATH`, where the loader looks for libva first.
    pub(super) libraries: Option<String>,
}

impl Paths {
    pub(super) fn of_process() -> Self {
        // libva and the loader pass over them where rights were gained (va.c; ld.so(8), secure-execution mode).
        if unistd::geteuid() != unistd::getuid() {
            return Paths::default();
        }
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Paths { drivers: variable("LIBVA_DRIVERS_PATH"), libraries: variable("LD_LIBRARY_PATH") }
    }
}

/// Every driver in those directories. Of two with the same name libva takes the first that loads.
pub(super) fn read(reader: &mut Reader<'_>, paths: &Paths) -> Vec<DriverFile> {
    let own = paths.drivers.clone().or_else(|| compiled_in(reader, paths));
    let directories: Vec<String> = match own {
        Some(list) => list.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        None => DRIVERS.iter().map(|directory| (*directory).to_owned()).collect(),
    };
    let mut drivers = Vec::new();
    for directory in directories {
        let directory = under(reader, &directory);
        for file in reader.names(&directory) {
            let Some(name) = file.to_str().and_then(|name| name.strip_suffix(EXTENSION)) else { continue };
            drivers.push(DriverFile { name: name.to_owned(), path: directory.join(&file) });
        }
    }
    drivers
}

/// The list that was compiled into the libva which is loaded, or would be: it stands in the file as it was given to the build
/// (libva's meson_options.txt, `driverdir`).
pub(super) fn compiled_in(reader: &mut Reader<'_>, paths: &Paths) -> Option<String> {
    let library = library(reader, paths)?;
    let bytes = reader.bytes(&library)?;
    let strings = bytes.split(|byte| *byte == 0).filter(|text| text.first() == Some(&b'/'));
    let strings = strings.filter_map(|text| std::str::from_utf8(text).ok());
    let mut lists = strings.filter(|text| {
        let mut parts = text.split(':').map(Path::new);
        let driver = |part: &Path| {
            part.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name == "dri" || name.starts_with("dri-"))
        };
        text.chars().all(|c| c.is_ascii_graphic())
            && parts.clone().all(|part| part.is_absolute())
            && parts.any(driver)
    });
    lists.next().map(str::to_owned)
}

/// The file of `libva.so.2`: the one in this process, else where the loader looks.
fn library(reader: &mut Reader<'_>, paths: &Paths) -> Option<PathBuf> {
    // Lines end in the mapped file (proc_pid_maps(5)).
    let maps = reader.text(&reader.roots.proc.join("self/maps")).unwrap_or_default();
    let files = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    let mut loaded =
        files.filter(|file| file.rsplit('/').next().is_some_and(|n| n.starts_with("libva.so.2")));
    if let Some(file) = loaded.next() {
        return Some(under(reader, file));
    }
    let first = paths.libraries.iter().flat_map(|list| list.split([':', ';']));
    let places = first.filter(|place| place.starts_with('/')).chain(LIBRARIES.iter().copied());
    let mut files = places.map(|place| under(reader, place).join("libva.so.2"));
    files.find(|file| file.exists())
}

/// An absolute path, in the tree that is looked at.
fn under(reader: &Reader<'_>, path: &str) -> PathBuf {
    reader.roots.top.join(path.trim_start_matches('/'))
}
