//! The functions of the C library behind ours, and system calls that no hook sees.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_char, stat};

/// The next definition of a symbol after ours, looked up once.
pub(crate) struct Symbol {
    name: &'static CStr,
    address: AtomicPtr<c_void>,
}

impl Symbol {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Symbol { name, address: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Null where this C library has no such function.
    pub(crate) fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: `name` is a C string; any thread may call dlsym at any time.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

/// Sets `errno` and returns -1.
pub(crate) fn fail(errno: c_int) -> c_int {
    set_errno(errno);
    -1
}

pub(crate) fn set_errno(errno: c_int) {
    // SAFETY: the C library's own variable of this thread.
    unsafe { *libc::__errno_location() = errno };
}

pub(crate) fn errno() -> c_int {
    // SAFETY: as in `set_errno`.
    unsafe { *libc::__errno_location() }
}

/// Runs something that may change `errno`, and puts it back.
pub(crate) fn keep_errno<T>(work: impl FnOnce() -> T) -> T {
    let before = errno();
    let result = work();
    set_errno(before);
    result
}

/// The status of a file as the kernel knows it; by system call, so that no hook is in the way.
pub(crate) fn status_at(dirfd: c_int, path: &CStr, flags: c_int) -> Option<stat> {
    let mut status = MaybeUninit::<stat>::zeroed();
    keep_errno(|| {
        // SAFETY: `path` ends in a zero byte; `status` has the layout of the kernel's structure, which is `struct stat` on
        // the 64-bit machines that this is built for.
        let result =
            unsafe { libc::syscall(libc::SYS_newfstatat, dirfd, path.as_ptr(), status.as_mut_ptr(), flags) };
        // SAFETY: all bytes were zero to begin with, which is a valid `stat`.
        (result == 0).then(|| unsafe { status.assume_init() })
    })
}

/// The status of an open file.
pub(crate) fn status_of(fd: c_int) -> Option<stat> {
    status_at(fd, c"", libc::AT_EMPTY_PATH)
}

/// What a symbolic link holds.
pub(crate) fn link<'b>(path: &CStr, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = keep_errno(|| {
        // SAFETY: `path` ends in a zero byte and `buffer` is writable for the length given.
        unsafe {
            libc::syscall(
                libc::SYS_readlinkat,
                libc::AT_FDCWD,
                path.as_ptr(),
                buffer.as_mut_ptr().cast::<c_char>(),
                buffer.len(),
            )
        }
    });
    buffer.get(..usize::try_from(length).ok()?)
}

/// Reads a whole file.
pub(crate) fn read(path: &CStr) -> Option<Vec<u8>> {
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: `path` ends in a zero byte.
    let opened = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags) };
    let fd = c_int::try_from(opened).ok().filter(|fd| *fd >= 0)?;
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 4096];
    let complete = loop {
        // SAFETY: `chunk` is writable for its length.
        match unsafe { libc::read(fd, chunk.as_mut_ptr().cast(), chunk.len()) } {
            0 => break true,
            count @ 1.. => bytes.extend_from_slice(&chunk[..count.unsigned_abs()]),
            _ if errno() == libc::EINTR => {}
            _ => break false,
        }
    };
    // SAFETY: opened above, and nobody else knows it.
    unsafe { libc::close(fd) };
    complete.then_some(bytes)
}
