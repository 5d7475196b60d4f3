//! What is asked about a path without opening it, and paths that come back.

use std::ffi::{CStr, c_char, c_int, c_void};

use libc::{AT_FDCWD, size_t, ssize_t, statfs as FileSystem, statvfs as VirtualFileSystem};

use super::open::relative;
use super::{hook, with_path};
use crate::node::{Caller, permits};
use crate::{real, table};

/// Answers `access` for a node; all else goes on.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn access_to(
    dirfd: c_int,
    path: *const c_char,
    mode: c_int,
    effective: bool,
    call: impl FnOnce(*const c_char) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise, and `with_path` gives a C string again.
    unsafe {
        with_path(dirfd, path, |target, replaced| {
            let near = replaced || relative(path);
            let status = if near { real::status_at(dirfd, CStr::from_ptr(target), 0) } else { None };
            let Some(node) = status.as_ref().and_then(table::node) else { return call(target) };
            let caller = if effective { Caller::effective() } else { Caller::real() };
            if permits(node, &caller, (mode & 7).cast_unsigned()) { 0 } else { real::fail(libc::EACCES) }
        })
    }
}

hook! {
    fn access(path: *const c_char, mode: c_int) -> c_int, real, -1, {
        // SAFETY: the caller's arguments go on.
        unsafe { access_to(AT_FDCWD, path, mode, false, |path| real(path, mode)) }
    }
}

macro_rules! effective {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, mode: c_int) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { access_to(AT_FDCWD, path, mode, true, |path| real(path, mode)) }
            }
        }
    )* };
}
effective! { euidaccess eaccess }

hook! {
    fn faccessat(dirfd: c_int, path: *const c_char, mode: c_int, flags: c_int) -> c_int, real, -1, {
        let effective = flags & libc::AT_EACCESS != 0;
        // SAFETY: the caller's arguments go on.
        unsafe { access_to(dirfd, path, mode, effective, |path| real(dirfd, path, mode, flags)) }
    }
}

hook! {
    fn readlink(path: *const c_char, to: *mut c_char, size: size_t) -> ssize_t, real, -1, {
        // SAFETY: the caller's arguments go on.
        unsafe { with_path(AT_FDCWD, path, |path, _| real(path, to, size)) }
    }
}

hook! {
    fn readlinkat(dirfd: c_int, path: *const c_char, to: *mut c_char, size: size_t) -> ssize_t, real, -1, {
        // SAFETY: the caller's arguments go on.
        unsafe { with_path(dirfd, path, |path, _| real(dirfd, path, to, size)) }
    }
}

hook! {
    fn __readlink_chk(path: *const c_char, to: *mut c_char, size: size_t, room: size_t) -> ssize_t, real, -1, {
        // SAFETY: the caller's arguments go on.
        unsafe { with_path(AT_FDCWD, path, |path, _| real(path, to, size, room)) }
    }
}

hook! {
    fn __readlinkat_chk(
        dirfd: c_int, path: *const c_char, to: *mut c_char, size: size_t, room: size_t,
    ) -> ssize_t, real, -1, {
        // SAFETY: the caller's arguments go on.
        unsafe { with_path(dirfd, path, |path, _| real(dirfd, path, to, size, room)) }
    }
}

/// Turns a path inside of the run's directory back, in place: what is shown is never longer.
///
/// # Safety
/// `found` is null or a C string that may be written to.
unsafe fn turn_back(found: *mut c_char) -> *mut c_char {
    if found.is_null() {
        return found;
    }
    // SAFETY: the caller's promise; the tail of the string, with its final zero, moves towards its beginning.
    unsafe {
        let bytes = CStr::from_ptr(found).to_bytes();
        // A process may have been started inside. So does the launcher name its directories.
        let inside = bytes.windows(9).any(|part| part == b"/softgpu-");
        let Some(table) = (if inside { table::get() } else { None }) else { return found };
        if let Some(shown) = table.rules.shown(bytes) {
            let skipped = bytes.len() - shown.len();
            let length = shown.len() + 1;
            std::ptr::copy(found.add(skipped), found, length);
        }
    }
    found
}

hook! {
    fn realpath(path: *const c_char, to: *mut c_char) -> *mut c_char, real, std::ptr::null_mut(), {
        // SAFETY: the caller's arguments go on; the result is the caller's to write to.
        unsafe { with_path(AT_FDCWD, path, |path, _| turn_back(real(path, to))) }
    }
}

hook! {
    fn __realpath_chk(path: *const c_char, to: *mut c_char, room: size_t) -> *mut c_char, real, std::ptr::null_mut(), {
        // SAFETY: as above.
        unsafe { with_path(AT_FDCWD, path, |path, _| turn_back(real(path, to, room))) }
    }
}

hook! {
    fn canonicalize_file_name(path: *const c_char) -> *mut c_char, real, std::ptr::null_mut(), {
        // SAFETY: as above.
        unsafe { with_path(AT_FDCWD, path, |path, _| turn_back(real(path))) }
    }
}

hook! {
    fn chdir(path: *const c_char) -> c_int, real, -1, {
        // SAFETY: the caller's argument goes on.
        unsafe { with_path(AT_FDCWD, path, |path, _| real(path)) }
    }
}

hook! {
    fn getcwd(to: *mut c_char, size: size_t) -> *mut c_char, real, std::ptr::null_mut(), {
        // SAFETY: the caller's arguments go on; the result is the caller's to write to.
        unsafe { turn_back(real(to, size)) }
    }
}

macro_rules! attributes {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, name: *const c_char, to: *mut c_void, size: size_t) -> ssize_t, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(AT_FDCWD, path, |path, _| real(path, name, to, size)) }
            }
        }
    )* };
}
attributes! { getxattr lgetxattr }

macro_rules! attribute_lists {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, to: *mut c_char, size: size_t) -> ssize_t, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(AT_FDCWD, path, |path, _| real(path, to, size)) }
            }
        }
    )* };
}
attribute_lists! { listxattr llistxattr }

macro_rules! file_systems {
    ($($name:ident: $type:ty,)*) => { $(
        hook! {
            fn $name(path: *const c_char, status: *mut $type) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(AT_FDCWD, path, |path, _| real(path, status)) }
            }
        }
    )* };
}
file_systems! { statfs: FileSystem, statfs64: FileSystem, statvfs: VirtualFileSystem, statvfs64: VirtualFileSystem, }
