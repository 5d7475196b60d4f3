//! GEM handles of DMA-BUFs that were imported: numbers that belong to one opening of a node.

use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

use crate::real;

/// `struct drm_prime_handle`.
#[repr(C)]
pub(super) struct Handle {
    handle: u32,
    flags: u32,
    fd: i32,
}

/// `struct drm_gem_close`.
#[repr(C)]
pub(super) struct GemClose {
    handle: u32,
    pad: u32,
}

/// A buffer that is kept by a handle.
struct Kept {
    opening: i64,
    handle: u32,
    /// Our own file of the buffer.
    fd: c_int,
    /// Device and inode: an opening has one handle for a buffer, however often it is imported.
    buffer: (u64, u64),
}

static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// Finds or makes the handle of a buffer.
pub(super) fn fd_to_handle(opening: i64, argument: &mut Handle) -> Result<(), c_int> {
    let status = real::status_of(argument.fd).ok_or(libc::EBADF)?;
    // A DMA-BUF is an ordinary file without a name, a memfd in its place likewise.
    if status.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Err(libc::EINVAL);
    }
    let buffer = (status.st_dev, status.st_ino);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.iter().find(|kept| kept.opening == opening && kept.buffer == buffer) {
        argument.handle = known.handle;
        return Ok(());
    }
    let fd = duplicate(argument.fd, libc::O_CLOEXEC)?;
    let used = |handle| kept.iter().any(|kept| kept.opening == opening && kept.handle == handle);
    let handle = (1..).find(|handle| !used(*handle)).ok_or(libc::ENOSPC)?;
    kept.push(Kept { opening, handle, fd, buffer });
    argument.handle = handle;
    Ok(())
}

/// A file for the buffer of a handle.
pub(super) fn handle_to_fd(opening: i64, argument: &mut Handle) -> Result<(), c_int> {
    // DRM_CLOEXEC and DRM_RDWR are O_CLOEXEC and O_RDWR (drm_prime_handle_to_fd_ioctl).
    let flags = argument.flags.cast_signed();
    if flags & !(libc::O_CLOEXEC | libc::O_RDWR) != 0 {
        return Err(libc::EINVAL);
    }
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept.iter().find(|kept| kept.opening == opening && kept.handle == argument.handle);
    argument.fd = duplicate(known.ok_or(libc::ENOENT)?.fd, flags)?;
    Ok(())
}

/// Lets go of a handle.
pub(super) fn close(opening: i64, argument: &GemClose) -> Result<(), c_int> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept.iter().position(|kept| kept.opening == opening && kept.handle == argument.handle);
    let gone = kept.swap_remove(known.ok_or(libc::EINVAL)?);
    // SAFETY: our own file, which nobody else knows.
    unsafe { libc::close(gone.fd) };
    Ok(())
}

fn duplicate(fd: c_int, flags: c_int) -> Result<c_int, c_int> {
    let command = if flags & libc::O_CLOEXEC != 0 { libc::F_DUPFD_CLOEXEC } else { libc::F_DUPFD };
    // SAFETY: plain system call.
    match unsafe { libc::fcntl(fd, command, 0) } {
        -1 => Err(real::errno()),
        fd => Ok(fd),
    }
}
