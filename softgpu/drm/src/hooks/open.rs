//! Opening: a node asks its permissions, all else is passed on.

use std::ffi::{c_char, c_int};

use libc::{AT_FDCWD, FILE, mode_t};

use super::{hook, with_path};
use crate::{node, real, table};

/// Looks at what was opened; gives the same descriptor, or -1 when it is a node that does not open.
fn opened(fd: c_int, flags: c_int) -> c_int {
    // A handle of the name alone asks nothing of the file.
    if fd < 0 || flags & libc::O_PATH != 0 {
        return fd;
    }
    let Some(node) = table::node_of(fd) else { return fd };
    if let Some(errno) = node::refuse(node, flags) {
        // SAFETY: opened just now, and the caller never learns of it.
        unsafe { libc::close(fd) };
        return real::fail(errno);
    }
    node::identify(fd);
    fd
}

/// Whether a path leads on from a directory. From one that is shown it may lead to a node without being replaced.
///
/// # Safety
/// `path` is null or a C string.
pub(super) unsafe fn relative(path: *const c_char) -> bool {
    // SAFETY: the caller's promise; the first byte of a C string can always be read.
    !path.is_null() && unsafe { *path.cast::<u8>() } != b'/'
}

/// # Safety
/// As for the C library's function.
unsafe fn any_open(
    dirfd: c_int,
    path: *const c_char,
    flags: c_int,
    call: impl FnOnce(*const c_char) -> c_int,
) -> c_int {
    // SAFETY: `path` is what the caller of the hook passed.
    unsafe {
        with_path(dirfd, path, |target, replaced| {
            let fd = call(target);
            if replaced || relative(path) { opened(fd, flags) } else { fd }
        })
    }
}

macro_rules! opens {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on, `mode` whether or not there is one: the C library looks at it
                // only where the flags ask for it.
                unsafe { any_open(AT_FDCWD, path, flags, |path| real(path, flags, mode)) }
            }
        }
    )* };
}
opens! { open open64 }

macro_rules! open_ats {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(dirfd: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, real, -1, {
                // SAFETY: as for `open`.
                unsafe { any_open(dirfd, path, flags, |path| real(dirfd, path, flags, mode)) }
            }
        }
    )* };
}
open_ats! { openat openat64 }

macro_rules! fortified_opens {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, flags: c_int) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { any_open(AT_FDCWD, path, flags, |path| real(path, flags)) }
            }
        }
    )* };
}
fortified_opens! { __open_2 __open64_2 }

macro_rules! fortified_open_ats {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(dirfd: c_int, path: *const c_char, flags: c_int) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { any_open(dirfd, path, flags, |path| real(dirfd, path, flags)) }
            }
        }
    )* };
}
fortified_open_ats! { __openat_2 __openat64_2 }

macro_rules! creates {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, mode: mode_t) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { any_open(AT_FDCWD, path, libc::O_WRONLY, |path| real(path, mode)) }
            }
        }
    )* };
}
creates! { creat creat64 }

macro_rules! streams {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, mode: *const c_char) -> *mut FILE, real, std::ptr::null_mut(), {
                // SAFETY: the caller's arguments go on; both are C strings.
                unsafe {
                    with_path(AT_FDCWD, path, |target, replaced| {
                        let file = real(target, mode);
                        if file.is_null() || !(replaced || relative(path)) {
                            return file;
                        }
                        stream_opened(file, flags(mode))
                    })
                }
            }
        }
    )* };
}
streams! { fopen fopen64 }

/// The flags of `open` that `fopen` makes of its mode.
///
/// # Safety
/// `mode` is a C string.
unsafe fn flags(mode: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let mode = unsafe { std::ffi::CStr::from_ptr(mode) }.to_bytes();
    match (mode.contains(&b'+'), mode.first()) {
        (true, _) => libc::O_RDWR,
        (false, Some(b'r')) => libc::O_RDONLY,
        (false, _) => libc::O_WRONLY,
    }
}

/// As [`opened`], for a stream.
///
/// # Safety
/// `file` is a stream that was opened just now.
unsafe fn stream_opened(file: *mut FILE, flags: c_int) -> *mut FILE {
    // SAFETY: the caller's promise.
    let fd = unsafe { libc::fileno(file) };
    let Some(errno) = table::node_of(fd).and_then(|node| node::refuse(node, flags)) else { return file };
    // SAFETY: the caller never learns of it.
    unsafe { libc::fclose(file) };
    real::set_errno(errno);
    std::ptr::null_mut()
}
