//! Where a helper could be.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{getegid, geteuid, getgid, getuid};

use crate::av::build;

/// Names the helper: the path of a program, started with the argument `helper`.
pub(super) const NAMED: &str = "HWENC_HELPER";
/// Tells a program that it was started as helper, by the process of this number.
pub(super) const SERVE: &str = "HWENC_HELPER_SERVE";
const COMMAND: &str = "hwenc";

/// A program that may serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The user named it: it, or none.
    Named(OsString),
    /// This program, which calls [`super::helper`].
    Own,
    /// The host named it by [`super::set_helper`]: a program and its arguments.
    Host(Vec<OsString>),
    /// The `hwenc` command.
    Found(PathBuf),
}

impl Place {
    /// In words for a person, without a path.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Place::Named(_) => "the helper that HWENC_HELPER names",
            Place::Own => "this program as its own helper",
            Place::Host(_) => "the helper of this program",
            Place::Found(_) => "the hwenc command as helper",
        }
    }

    pub(super) fn command(&self) -> Command {
        let mut command = match self {
            Place::Named(program) => Command::new(program),
            // The running program, also when its file was replaced meanwhile.
            Place::Own => Command::new("/proc/self/exe"),
            Place::Host(words) => Command::new(&words[0]),
            Place::Found(path) => Command::new(path),
        };
        match self {
            Place::Own => {}
            Place::Host(words) => _ = command.args(&words[1..]),
            Place::Named(_) | Place::Found(_) => _ = command.arg("helper"),
        }
        command.env(SERVE, std::process::id().to_string());
        command
    }
}

/// The places to try, in order. `own`: this program can serve; `host`: the helper that it named.
pub(super) fn places(own: bool, host: Option<Vec<OsString>>) -> Vec<Place> {
    // A program with more rights than its caller starts nothing that the caller names.
    let trusted = getuid() == geteuid() && getgid() == getegid();
    if let Some(named) = env::var_os(NAMED).filter(|name| trusted && !name.is_empty()) {
        return vec![Place::Named(named)];
    }
    let mut places = Vec::new();
    if own {
        places.push(Place::Own);
    }
    places.extend(host.map(Place::Host));
    let mut directories = Vec::new();
    if let Some(directory) = env::current_exe().ok().as_deref().and_then(Path::parent) {
        directories.push(directory.to_owned());
    }
    if let Some(directory) = library_directory() {
        // /opt/it/lib/libhwenc.so and /opt/it/bin/hwenc
        directories.push(directory.join("../bin"));
        directories.push(directory);
    }
    directories.extend(search_path(env::var_os("PATH").filter(|_| trusted).as_deref()));
    for directory in directories {
        let found = Place::Found(directory.join(COMMAND));
        if !places.contains(&found) && is_program(&directory.join(COMMAND)) {
            places.push(found);
        }
    }
    places
}

/// Where the library lies that this code is in, such as a module of Python; the program's own directory else.
fn library_directory() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let (path, _) = build::mapping(&maps, library_directory as *const () as usize)?;
    Path::new(&path).parent().map(Path::to_owned)
}

/// Relative directories are left out: what is found must not depend on where the program was started.
fn search_path(path: Option<&OsStr>) -> Vec<PathBuf> {
    let directories = path.map(env::split_paths).into_iter().flatten();
    directories.filter(|directory| directory.is_absolute()).collect()
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_directories_of_the_search_path_are_left_out() {
        let found = search_path(Some(OsStr::new("/a:.:b/c::/d")));
        assert_eq!(found, [Path::new("/a"), Path::new("/d")]);
        assert!(search_path(None).is_empty());
    }

    #[test]
    fn a_program_is_a_file_that_may_be_executed() {
        assert!(is_program(&env::current_exe().unwrap()));
        assert!(!is_program(Path::new("/")));
        assert!(!is_program(Path::new("/proc/self/maps")));
        assert!(!is_program(Path::new("/nowhere/hwenc")));
    }

    #[test]
    fn this_code_lies_in_the_program_of_the_test() {
        let exe = env::current_exe().unwrap();
        assert_eq!(library_directory().as_deref(), exe.parent());
    }
}
