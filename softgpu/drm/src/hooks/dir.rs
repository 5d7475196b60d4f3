//! Listing directories.

use std::ffi::{c_char, c_int};

use libc::{AT_FDCWD, DIR, dirent};

use super::{hook, proc_link, with_path};
use crate::{path, real, table};

hook! {
    fn opendir(path: *const c_char) -> *mut DIR, real, std::ptr::null_mut(), {
        // SAFETY: the caller's argument goes on.
        unsafe { with_path(AT_FDCWD, path, |path, _| real(path)) }
    }
}

/// Shows the file that stands for a node as a device.
///
/// # Safety
/// `entry` is null or what `readdir` returned for `directory`.
unsafe fn show(directory: *mut DIR, entry: *mut dirent) -> *mut dirent {
    let Some(table) = table::known() else { return entry };
    // SAFETY: the caller's promise: the entry may be read and written until the next call on this directory.
    let Some(found) = (unsafe { entry.as_mut() }) else { return entry };
    if found.d_type != libc::DT_REG {
        return entry;
    }
    // An entry does not tell its device: a file elsewhere may have the inode of a node.
    if let Some(node) = table.nodes.iter().find(|node| node.file.1 == found.d_ino)
        // SAFETY: an open directory.
        && real::status_of(unsafe { libc::dirfd(directory) }).is_some_and(|status| status.st_dev == node.file.0)
    {
        found.d_type = libc::DT_CHR;
    }
    entry
}

// `struct dirent` and `struct dirent64` are the same on 64-bit machines.
macro_rules! reads {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(directory: *mut DIR) -> *mut dirent, real, std::ptr::null_mut(), {
                // SAFETY: the caller's argument goes on.
                unsafe { show(directory, real(directory)) }
            }
        }
    )* };
}
reads! { readdir readdir64 }

type Filter = Option<unsafe extern "C" fn(*const dirent) -> c_int>;
type Compare = Option<unsafe extern "C" fn(*mut *const dirent, *mut *const dirent) -> c_int>;

macro_rules! scans {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(
                path: *const c_char, list: *mut *mut *mut dirent, filter: Filter, compare: Compare,
            ) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on. The list that comes back is the caller's, and so are its entries;
                // they were read by the C library itself, without `readdir` above.
                unsafe {
                    with_path(AT_FDCWD, path, |target, replaced| {
                        let count = real(target, list, filter, compare);
                        if let (true, Ok(count @ 1..)) = (replaced, usize::try_from(count)) {
                            scanned(std::slice::from_raw_parts(*list, count));
                        }
                        count
                    })
                }
            }
        }
    )* };
}
scans! { scandir scandir64 }

/// As [`show`], for the entries of a directory that was replaced.
///
/// # Safety
/// All of them may be written to.
unsafe fn scanned(entries: &[*mut dirent]) {
    let Some(table) = table::known() else { return };
    for entry in entries {
        // SAFETY: the caller's promise.
        let entry = unsafe { &mut **entry };
        if entry.d_type == libc::DT_REG && table.nodes.iter().any(|node| node.file.1 == entry.d_ino) {
            entry.d_type = libc::DT_CHR;
        }
    }
}

/// Says that what is shown as `/sys` is sysfs: libudev asks before it believes what it reads there.
///
/// # Safety
/// `status` is what the C library has just written to, if `result` is 0.
unsafe fn kind(fd: c_int, result: c_int, status: *mut libc::statfs) -> c_int {
    let Some(table) = (if result == 0 { table::known() } else { None }) else { return result };
    let mut buffer = [0; path::MOST];
    let inside =
        proc_link(fd).and_then(|link| real::link(&link, &mut buffer)).and_then(|at| table.rules.shown(at));
    if inside.is_some_and(|at| at.starts_with(b"/sys")) {
        // SAFETY: the caller's promise.
        unsafe { (*status).f_type = libc::SYSFS_MAGIC };
    }
    result
}

macro_rules! kinds {
    ($($name:ident)*) => { $(
        hook! {
            fn $name(fd: c_int, status: *mut libc::statfs) -> c_int, real, -1, {
                // SAFETY: the caller's arguments go on.
                unsafe { kind(fd, real(fd, status), status) }
            }
        }
    )* };
}
kinds! { fstatfs fstatfs64 }
