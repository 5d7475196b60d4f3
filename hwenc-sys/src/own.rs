//! The library or program that this code is part of, and what it is linked to.
//!
//! A plain name, given to the loader, finds what the system has. A Python wheel brings FFmpeg and libva under names of its
//! own, private to it, and the system's may lie beside them in the same process: what belongs to *our* FFmpeg is found by
//! its symbols instead, in the order in which the loader itself resolves ours.

use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;

use libloading::os::unix::{Library, RTLD_LAZY};

/// The library that this code is in, or the whole program where it is part of that. Looking for a symbol in it looks
/// through everything that it is linked to, in turn.
pub fn own() -> Library {
    let here = own as *const c_void;
    file_of(here).and_then(|file| loaded(&file)).unwrap_or_else(Library::this)
}

/// The file of the library that defines this symbol for us. `None` where nothing that we are linked to has it, or where
/// the program itself does.
pub(crate) fn provider(symbol: &str) -> Option<String> {
    let own = own();
    // SAFETY: only the address is used, as an address.
    let address = unsafe { own.get::<*const c_void>(symbol) }.ok()?;
    let file = file_of(*address)?;
    loaded(&file).map(|_| file)
}

/// What is loaded from this file; the program itself does not count.
fn loaded(file: &str) -> Option<Library> {
    // SAFETY: with this flag nothing is loaded, so that no initialiser runs.
    unsafe { Library::open(Some(file), RTLD_LAZY | libc::RTLD_NOLOAD) }.ok()
}

/// The file that has this address, as the loader calls it.
fn file_of(address: *const c_void) -> Option<String> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: takes any address, and writes all fields where it returns other than zero.
    let found = unsafe { libc::dladdr(address, info.as_mut_ptr()) } != 0;
    // SAFETY: written, see above.
    let name = found.then(|| unsafe { info.assume_init() }.dli_fname)?;
    // SAFETY: the loader's own string, which lives as long as the library: it holds the code whose address this is.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })?;
    name.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls libavutil: a program that does not is linked without it.
    fn use_ffmpeg() {
        // SAFETY: a function without arguments.
        assert_ne!(unsafe { ffmpeg_sys_next::avutil_version() }, 0);
    }

    #[test]
    fn what_we_are_linked_to_is_found_by_its_symbols() {
        use_ffmpeg();
        let file = provider("avutil_version").expect("a test program is linked to FFmpeg");
        assert!(file.contains("libavutil"), "{file}");
        assert_eq!(provider("avutil_nothing_of_the_kind"), None);
    }

    #[test]
    fn what_a_linked_library_needs_is_found_too() {
        use_ffmpeg();
        let file = provider("vaInitialize").expect("FFmpeg is linked to libva");
        assert!(file.contains("libva"), "{file}");
    }

    #[test]
    fn the_program_itself_is_no_library() {
        assert_eq!(provider("main"), None);
    }
}
