//! The `stat` family: what stands for a node is shown as the node.

use std::ffi::{c_char, c_int, c_uint};

use libc::{AT_FDCWD, stat as Stat, statx as Statx};

use super::{hook, with_path};
use crate::node;

/// Corrects the status that a successful call wrote.
///
/// # Safety
/// `status` is what the C library has just written to, if `result` is 0.
unsafe fn show(result: c_int, status: *mut Stat) -> c_int {
    if result == 0 && !status.is_null() {
        // SAFETY: the caller's promise.
        node::show(unsafe { &mut *status });
    }
    result
}

macro_rules! by_path {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(path: *const c_char, status: *mut Stat) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(AT_FDCWD, path, |path, _| show(real(path, status), status)) }
            }
        }
    )* };
}
by_path! { stat stat64 lstat lstat64 }

macro_rules! by_file {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(fd: c_int, status: *mut Stat) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { show(real(fd, status), status) }
            }
        }
    )* };
}
by_file! { fstat fstat64 }

macro_rules! by_directory {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(dirfd: c_int, path: *const c_char, status: *mut Stat, flags: c_int) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(dirfd, path, |path, _| show(real(dirfd, path, status, flags), status)) }
            }
        }
    )* };
}
by_directory! { fstatat fstatat64 }

// What programs call that were built with a C library before 2.33; the first argument is a version of the structure.
macro_rules! old_by_path {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(version: c_int, path: *const c_char, status: *mut Stat) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(AT_FDCWD, path, |path, _| show(real(version, path, status), status)) }
            }
        }
    )* };
}
old_by_path! { __xstat __xstat64 __lxstat __lxstat64 }

macro_rules! old_by_file {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(version: c_int, fd: c_int, status: *mut Stat) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { show(real(version, fd, status), status) }
            }
        }
    )* };
}
old_by_file! { __fxstat __fxstat64 }

macro_rules! old_by_directory {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(
                version: c_int, dirfd: c_int, path: *const c_char, status: *mut Stat, flags: c_int,
            ) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { with_path(dirfd, path, |path, _| show(real(version, dirfd, path, status, flags), status)) }
            }
        }
    )* };
}
old_by_directory! { __fxstatat __fxstatat64 }

hook! {
    fn statx(
        dirfd: c_int, path: *const c_char, flags: c_int, mask: c_uint, status: *mut Statx,
    ) -> c_int, real, -1, {
        // SAFETY: the caller's arguments go on; what a successful call wrote may be read and corrected.
        unsafe {
            with_path(dirfd, path, |path, _| {
                let result = real(dirfd, path, flags, mask, status);
                if result == 0 && !status.is_null() {
                    node::show_extended(&mut *status);
                }
                result
            })
        }
    }
}
