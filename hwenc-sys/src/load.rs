//! Loading at run time, with errors that a program can tell apart.

use std::error::Error as _;
use std::fmt;

use libloading::Library;

use crate::va;

/// Why a library, or a function of it, is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The library, or one that it needs, was not found or does not load.
    Library {
        /// The name that was asked for, such as `libva.so.2`.
        name: String,
        /// What `dlerror` said. May hold paths of this machine.
        detail: String,
    },
    /// The library loaded and lacks a function: it is older than what these bindings need.
    Symbol {
        /// The library that was loaded.
        library: String,
        /// The function that it lacks.
        symbol: &'static str,
        /// What `dlerror` said. May hold paths of this machine.
        detail: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Library { name, detail } => write!(f, "{name} does not load: {detail}"),
            LoadError::Symbol { library, symbol, detail } => write!(f, "{library} has no {symbol}: {detail}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// The words of `dlerror`; libloading keeps them in the source of its error.
pub(crate) fn dlerror(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Opens a library by name.
///
/// # Safety
/// The library's initialisers run, and those of what it needs. The caller vouches for them.
pub(crate) unsafe fn open(name: &str) -> Result<Library, LoadError> {
    // SAFETY: the caller vouches for the initialisers.
    unsafe { Library::new(name) }
        .map_err(|e| LoadError::Library { name: name.to_owned(), detail: dlerror(&e) })
}

/// Whether the system's loader finds and loads the library of this name, such as `libcuda.so.1`; if not, what
/// `dlerror` said.
///
/// Only a plain file name is taken, so that it is looked for where this program's own libraries come from; libva is
/// the one that FFmpeg is linked to, wherever that lies. A library that loads stays loaded: vendors' libraries start
/// threads in their initialisers, and do not survive an unload.
pub fn can_load(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains('/') {
        return Err(format!("{name:?} is not the plain name of a library"));
    }
    let file = if [va::LIBVA, va::LIBVA_DRM].contains(&name) { va::file(name) } else { name.to_owned() };
    // SAFETY: without a slash the name is resolved in the loader's search path only, whose libraries are
    // trusted as much as those that the program is linked to. The file of libva is one of these.
    match unsafe { open(&file) } {
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(LoadError::Library { detail, .. } | LoadError::Symbol { detail, .. }) => Err(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_loads() {
        assert_eq!(can_load("libc.so.6"), Ok(()));
    }

    #[test]
    fn a_missing_library_says_which() {
        let detail = can_load("libhwenc-nowhere.so.7").unwrap_err();
        assert!(detail.contains("libhwenc-nowhere.so.7"), "{detail}");
    }

    #[test]
    fn paths_and_nothing_are_refused() {
        for name in ["", "/lib/x86_64-linux-gnu/libc.so.6", "./libc.so.6", "a/b"] {
            assert!(can_load(name).unwrap_err().contains("plain name"), "{name:?} was taken");
        }
    }

    #[test]
    fn a_name_with_a_zero_byte_is_an_error() {
        assert!(can_load("libc.so.6\0x").is_err());
    }
}
