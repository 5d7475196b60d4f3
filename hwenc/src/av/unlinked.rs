//! libavformat and libavfilter without a reference to them. With what they need in turn they are two thirds of what a
//! program of FFmpeg loads when it starts, and choosing an encoder or encoding needs neither: a program that does no
//! more is linked without them, and is asked here about those that it has all the same.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;

use ffmpeg_sys_next as ff;
use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use nix::libc::RTLD_NOLOAD;

use super::version::text;

/// A library of the FFmpeg that hwenc was built with.
#[derive(Clone, Copy)]
pub(super) struct Unlinked {
    /// `libavfilter`.
    pub(super) name: &'static str,
    version: &'static str,
    major: c_int,
}

/// libavformat.
pub(super) const FORMAT: Unlinked =
    Unlinked { name: "libavformat", version: "avformat_version", major: ff::LIBAVFORMAT_VERSION_MAJOR };
/// libavfilter.
pub(super) const FILTER: Unlinked =
    Unlinked { name: "libavfilter", version: "avfilter_version", major: ff::LIBAVFILTER_VERSION_MAJOR };

impl Unlinked {
    /// Its version as libav counts it, where it is in this process.
    pub(super) fn version(self) -> Option<u32> {
        self.version_in(&self.find()?)
    }

    /// It, where it is in this process: linked to us, or loaded by whomever.
    fn find(self) -> Option<Library> {
        let ours = hwenc_sys::own();
        if self.version_in(&ours).is_some() {
            return Some(ours);
        }
        self.open(RTLD_NOLOAD)
    }

    /// It, loaded where it was not. It stays loaded.
    fn load(self) -> Option<Library> {
        self.find().or_else(|| {
            let library = self.open(0)?;
            std::mem::forget(self.open(RTLD_NOLOAD)); // one reference that is never given back
            Some(library)
        })
    }

    /// By the name that a link to it would record, so that the same file is found.
    fn open(self, flags: c_int) -> Option<Library> {
        let name = format!("{}.so.{}", self.name, self.major);
        // SAFETY: a plain name is resolved in the loader's search path, whose libraries are trusted as much as those
        // that the program is linked to; FFmpeg's initialisers and what it needs are what a link would bring.
        let library = unsafe { Library::open(Some(name), RTLD_LAZY | RTLD_LOCAL | flags) }.ok()?;
        self.version_in(&library).map(|_| library)
    }

    /// Its version there, if it is there, and of the major version that hwenc was built with.
    fn version_in(self, library: &Library) -> Option<u32> {
        // SAFETY: the type that FFmpeg's headers give this function.
        let version = unsafe { library.get::<unsafe extern "C" fn() -> c_uint>(self.version).ok()? };
        // SAFETY: a function without arguments.
        let version = unsafe { version() };
        (version >> 16 == self.major as u32).then_some(version)
    }
}

/// The filters of libavfilter, sorted; it is loaded for that, and stays. None where there is no libavfilter.
pub(crate) fn filters() -> Vec<String> {
    type Iterate = unsafe extern "C" fn(*mut *mut c_void) -> *const ff::AVFilter;
    let mut names = Vec::new();
    let Some(library) = FILTER.load() else { return names };
    // SAFETY: the type that FFmpeg's headers give this function; the major version was compared.
    let Ok(next) = (unsafe { library.get::<Iterate>("av_filter_iterate") }) else { return names };
    let mut state: *mut c_void = ptr::null_mut();
    loop {
        // SAFETY: the iterator of libavfilter, with its own state.
        let filter = unsafe { next(&mut state) };
        if filter.is_null() {
            break;
        }
        // SAFETY: descriptions are static, and the library stays loaded.
        names.push(unsafe { text((*filter).name) });
    }
    names.sort();
    names
}
