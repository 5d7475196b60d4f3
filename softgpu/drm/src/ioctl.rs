//! What a node answers to `ioctl`: the requests of `include/uapi/drm/drm.h` that clients of a video driver make. What a
//! request is allowed on, and what it fails with, is taken from `drivers/gpu/drm/drm_ioctl.c`.

use std::ffi::{c_char, c_int, c_ulong, c_void};
use std::mem::size_of;

use crate::node::identity;
use crate::table::Node;

mod prime;

/// `struct drm_version`.
#[repr(C)]
struct Version {
    major: c_int,
    minor: c_int,
    patch: c_int,
    name_len: usize,
    name: *mut c_char,
    date_len: usize,
    date: *mut c_char,
    desc_len: usize,
    desc: *mut c_char,
}

/// `struct drm_unique`.
#[repr(C)]
struct Unique {
    len: usize,
    unique: *mut c_char,
}

/// `struct drm_get_cap`, `struct drm_set_client_cap`.
#[repr(C)]
struct Cap {
    capability: u64,
    value: u64,
}

/// `struct drm_set_version`.
#[repr(C)]
struct SetVersion {
    interface_major: c_int,
    interface_minor: c_int,
    driver_major: c_int,
    driver_minor: c_int,
}

/// `DRM_IOCTL_BASE`: the type of all requests of DRM.
const BASE: c_ulong = b'd' as c_ulong;
const MODES: std::ops::RangeInclusive<c_ulong> = 0xa0..=0xcf;

/// The number of a request, where it is one of DRM with an argument of this size (asm-generic/ioctl.h: number, type, size
/// and direction in 8, 8, 14 and 2 bits).
const fn size(request: c_ulong) -> usize {
    (request as usize >> 16) & 0x3fff
}

/// Whether a request is one of DRM.
pub(crate) fn is_drm(request: c_ulong) -> bool {
    (request >> 8) & 0xff == BASE
}

/// Answers a request of DRM: 0, or the error number.
///
/// # Safety
/// `argument` is what the caller of `ioctl` passed: a pointer to the structure that the request names, or anything where
/// the request has none.
pub(crate) unsafe fn answer(
    node: &Node,
    fd: c_int,
    request: c_ulong,
    argument: *mut c_void,
) -> Result<(), c_int> {
    let number = request & 0xff;
    if size(request) > 0 && argument.is_null() {
        return Err(libc::EFAULT);
    }
    // Requests that name another size are other requests; the kernel takes them by zero-filling, which clients of these few
    // do not need.
    let fits = |expected: usize| if size(request) == expected { Ok(()) } else { Err(libc::EINVAL) };
    let card_only = || if node.render { Err(libc::EACCES) } else { Ok(()) };
    match number {
        // DRM_IOCTL_VERSION
        0x00 => {
            fits(size_of::<Version>())?;
            // SAFETY: the request's size says that a `Version` is there, whose pointers are the caller's promise.
            unsafe {
                edit(argument, |to| {
                    version(node, to);
                    Ok(())
                })?;
            }
        }
        // DRM_IOCTL_GET_UNIQUE
        0x01 => {
            fits(size_of::<Unique>())?;
            card_only()?;
            // SAFETY: likewise.
            unsafe {
                edit(argument, |to: &mut Unique| {
                    // drm_pci_set_busid
                    copy_out(&format!("pci:{}", node.address), to.unique, &mut to.len);
                    Ok(())
                })?;
            }
        }
        // DRM_IOCTL_GET_MAGIC; the magic of a client is a small number
        0x02 => {
            fits(size_of::<u32>())?;
            card_only()?;
            // SAFETY: likewise.
            unsafe { argument.cast::<u32>().write_unaligned(1) };
        }
        // DRM_IOCTL_SET_VERSION
        0x07 => {
            fits(size_of::<SetVersion>())?;
            card_only()?;
            // SAFETY: likewise.
            unsafe {
                edit(argument, |versions: &mut SetVersion| {
                    (versions.interface_major, versions.interface_minor) = (1, 4);
                    (versions.driver_major, versions.driver_minor) = numbers(&node.driver);
                    Ok(())
                })?;
            }
        }
        // DRM_IOCTL_GEM_CLOSE
        0x09 => {
            fits(size_of::<prime::GemClose>())?;
            // SAFETY: likewise.
            unsafe { edit(argument, |gone| prime::close(identity(fd), gone))? };
        }
        // DRM_IOCTL_GET_CAP
        0x0c => {
            fits(size_of::<Cap>())?;
            // SAFETY: likewise.
            unsafe {
                edit(argument, |cap: &mut Cap| {
                    cap.value = capability(cap.capability)?;
                    Ok(())
                })?;
            }
        }
        // DRM_IOCTL_SET_CLIENT_CAP: all of them are about modes
        0x0d => {
            card_only()?;
            return Err(libc::EOPNOTSUPP);
        }
        // DRM_IOCTL_AUTH_MAGIC, DRM_IOCTL_SET_MASTER, DRM_IOCTL_DROP_MASTER: the only client there is gets what it asks for
        0x11 | 0x1e | 0x1f => card_only()?,
        // DRM_IOCTL_PRIME_HANDLE_TO_FD
        0x2d => {
            fits(size_of::<prime::Handle>())?;
            // SAFETY: likewise.
            unsafe { edit(argument, |handle| prime::handle_to_fd(identity(fd), handle))? };
        }
        // DRM_IOCTL_PRIME_FD_TO_HANDLE
        0x2e => {
            fits(size_of::<prime::Handle>())?;
            // SAFETY: likewise.
            unsafe { edit(argument, |handle| prime::fd_to_handle(identity(fd), handle))? };
        }
        // DRM_IOCTL_MODE_*: this device has no display
        number if MODES.contains(&number) => {
            card_only()?;
            return Err(libc::EOPNOTSUPP);
        }
        // A driver's own requests, and all others.
        _ => return Err(libc::EINVAL),
    }
    Ok(())
}

/// Works on the structure of a request, which may lie at any address, as it does for the kernel, and writes it back.
///
/// # Safety
/// A `T`, which is plain numbers and pointers, can be read and written there.
unsafe fn edit<T>(
    argument: *mut c_void,
    work: impl FnOnce(&mut T) -> Result<(), c_int>,
) -> Result<(), c_int> {
    let place = argument.cast::<T>();
    // SAFETY: the caller's promise.
    let mut value = unsafe { place.read_unaligned() };
    work(&mut value)?;
    // SAFETY: likewise.
    unsafe { place.write_unaligned(value) };
    Ok(())
}

/// # Safety
/// The pointers of `version` are null or writable for the lengths beside them.
unsafe fn version(node: &Node, version: &mut Version) {
    (version.major, version.minor) = numbers(&node.driver);
    version.patch = 0;
    let (date, description) = words(&node.driver);
    // SAFETY: the caller's promise.
    unsafe {
        copy_out(&node.driver, version.name, &mut version.name_len);
        copy_out(date, version.date, &mut version.date_len);
        copy_out(description, version.desc, &mut version.desc_len);
    }
}

/// Copies as much as fits and tells the whole length, without a final zero (drm_copy_field).
///
/// # Safety
/// `to` is null or writable for `length` bytes.
unsafe fn copy_out(text: &str, to: *mut c_char, length: &mut usize) {
    let count = text.len().min(*length);
    *length = text.len();
    if count > 0 && !to.is_null() {
        // SAFETY: `count` is at most what the caller gave room for.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr().cast(), to, count) };
    }
}

/// The version that a kernel driver gives: i915_drv.h and xe_drv.h, amdgpu_drv.c, virtgpu_drv.h, as of Linux 6.1.
fn numbers(driver: &str) -> (c_int, c_int) {
    match driver {
        "i915" => (1, 6),
        "xe" => (1, 1),
        "amdgpu" => (3, 49),
        "virtio_gpu" => (0, 1),
        _ => (1, 0),
    }
}

/// The date and the description that a kernel driver gives, from the same files.
fn words(driver: &str) -> (&'static str, &'static str) {
    match driver {
        "i915" => ("20201103", "Intel Graphics"),
        "xe" => ("20201103", "Intel Xe Graphics"),
        "amdgpu" => ("20150101", "AMD GPU"),
        "virtio_gpu" => ("0", "virtio GPU"),
        _ => ("0", "softgpu"),
    }
}

/// `DRM_CAP_*`.
fn capability(capability: u64) -> Result<u64, c_int> {
    match capability {
        0x5 => Ok(3),         // PRIME: import and export
        0x6 => Ok(1),         // TIMESTAMP_MONOTONIC
        0x13 | 0x14 => Ok(0), // SYNCOBJ and its timelines
        // The others are about modes.
        _ => Err(libc::EOPNOTSUPP),
    }
}
