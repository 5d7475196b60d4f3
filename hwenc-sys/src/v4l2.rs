//! The questions of V4L2 that tell what a node is: `VIDIOC_QUERYCAP` and `VIDIOC_ENUM_FMT`. Nothing that streams.
//!
//! Names and numbers are those of `linux/videodev2.h`, the kernel's own interface; its documentation is in
//! `Documentation/userspace-api/media/v4l`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Video capture on one plane.
pub const V4L2_CAP_VIDEO_CAPTURE: u32 = 0x0000_0001;
/// Video output on one plane.
pub const V4L2_CAP_VIDEO_OUTPUT: u32 = 0x0000_0002;
/// Video capture on several planes.
pub const V4L2_CAP_VIDEO_CAPTURE_MPLANE: u32 = 0x0000_1000;
/// Video output on several planes.
pub const V4L2_CAP_VIDEO_OUTPUT_MPLANE: u32 = 0x0000_2000;
/// Memory to memory on several planes.
pub const V4L2_CAP_VIDEO_M2M_MPLANE: u32 = 0x0000_4000;
/// Memory to memory on one plane.
pub const V4L2_CAP_VIDEO_M2M: u32 = 0x0000_8000;
/// `device_caps` is filled.
pub const V4L2_CAP_DEVICE_CAPS: u32 = 0x8000_0000;

/// What the device gives, one plane.
pub const V4L2_BUF_TYPE_VIDEO_CAPTURE: u32 = 1;
/// What the device takes, one plane.
pub const V4L2_BUF_TYPE_VIDEO_OUTPUT: u32 = 2;
/// What the device gives, several planes.
pub const V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE: u32 = 9;
/// What the device takes, several planes.
pub const V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE: u32 = 10;

/// The bit of a pixel format that is big-endian (`v4l2_fourcc_be`).
pub const V4L2_FOURCC_BE: u32 = 1 << 31;

/// `struct v4l2_capability`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // the kernel's
pub struct v4l2_capability {
    pub driver: [u8; 16],
    pub card: [u8; 32],
    pub bus_info: [u8; 32],
    pub version: u32,
    pub capabilities: u32,
    pub device_caps: u32,
    pub reserved: [u32; 3],
}

/// `struct v4l2_fmtdesc`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // the kernel's
pub struct v4l2_fmtdesc {
    pub index: u32,
    pub type_: u32,
    pub flags: u32,
    pub description: [u8; 32],
    pub pixelformat: u32,
    pub mbus_code: u32,
    pub reserved: [u32; 3],
}

/// Asks what the device can do.
pub const VIDIOC_QUERYCAP: u32 = request::<v4l2_capability>(READ, 0);
/// Asks for a format by its index.
pub const VIDIOC_ENUM_FMT: u32 = request::<v4l2_fmtdesc>(READ | WRITE, 2);

const WRITE: u32 = 1;
const READ: u32 = 2;

/// `_IOC` of asm-generic/ioctl.h, which x86 and Arm use as it is.
const fn request<T>(direction: u32, number: u32) -> u32 {
    direction << 30 | (size_of::<T>() as u32) << 16 | (b'V' as u32) << 8 | number
}

/// More formats than any driver has: one that never says that there are no more is not believed.
const MOST: u32 = 512;

/// What the device is.
///
/// # Errors
/// `ENOTTY` for what is no V4L2 node; whatever the driver says.
pub fn capability(node: BorrowedFd<'_>) -> io::Result<v4l2_capability> {
    let mut answer = v4l2_capability::default();
    // SAFETY: the request belongs to this type, which is large enough and of plain numbers, and is written to during the call
    // alone; another kind of node that knew the number would know it for this size.
    let status = unsafe { libc::ioctl(node.as_raw_fd(), VIDIOC_QUERYCAP.into(), &raw mut answer) };
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// The formats of a queue (`V4L2_BUF_TYPE_…`), in the driver's order; none of one that the device has not.
///
/// # Errors
/// Whatever the driver says before the end of the list.
pub fn formats(node: BorrowedFd<'_>, queue: u32) -> io::Result<Vec<v4l2_fmtdesc>> {
    let mut formats = Vec::new();
    for index in 0..MOST {
        let mut answer = v4l2_fmtdesc { index, type_: queue, ..v4l2_fmtdesc::default() };
        // SAFETY: as in `capability`.
        let status = unsafe { libc::ioctl(node.as_raw_fd(), VIDIOC_ENUM_FMT.into(), &raw mut answer) };
        if status >= 0 {
            formats.push(answer);
            continue;
        }
        let error = io::Error::last_os_error();
        // The end of the list, no such queue, or no formats to be told (vidioc-enum-fmt.rst).
        return match error.raw_os_error() {
            Some(libc::EINVAL | libc::ENOTTY | libc::ENODATA) => Ok(formats),
            _ => Err(error),
        };
    }
    Ok(formats)
}
