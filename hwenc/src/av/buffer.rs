//! Memory for pictures: a pool of libav buffers, and buffers around memory that the caller owns.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::frame::Frame;
use super::{PixelFormat, error};
use crate::error::{Code, Error, Result};

/// Row alignment in bytes: a cache line, and the widest vector that libav and the `yuv` crate use.
const ALIGN: i32 = 64;

/// Pictures of one format and size, recycled when the last reference to each is gone.
pub(crate) struct FramePool {
    pool: NonNull<ff::AVBufferPool>,
    format: PixelFormat,
    width: i32,
    height: i32,
    strides: [c_int; 4],
    offsets: [usize; 4],
}

// SAFETY: AVBufferPool is thread-safe by its documentation (libavutil/buffer.h).
unsafe impl Send for FramePool {}

impl FramePool {
    pub(crate) fn new(format: PixelFormat, width: u32, height: u32) -> Result<Self> {
        let (w, h) = size(width, height)?;
        let (mut strides, mut offsets, mut total) = ([0; 4], [0; 4], 0usize);
        for plane in 0..format.planes() {
            let row = format.row_bytes(plane, width) as i32;
            strides[plane] = (row + ALIGN - 1) / ALIGN * ALIGN;
            offsets[plane] = total;
            // One row more than needed: SIMD loops of libav may read past the last one.
            total += strides[plane] as usize * (format.rows(plane, height) + 1);
        }
        if total == 0 {
            return Err(Error::new(Code::PictureInvalid, format!("{format} has no planes in memory")));
        }
        // SAFETY: no custom allocator; the pool is freed in Drop, its buffers outlive it as they must.
        let pool = unsafe { ff::av_buffer_pool_init(total + ALIGN as usize, None) };
        let pool = error::alloc(pool, "a pool of pictures")?;
        Ok(FramePool { pool, format, width: w, height: h, strides, offsets })
    }

    /// Makes `frame` an unshared picture from the pool; what it held is released.
    pub(crate) fn fill(&self, frame: &mut Frame) -> Result<()> {
        frame.release();
        // SAFETY: the pool lives; null means no memory.
        let buffer = unsafe { ff::av_buffer_pool_get(self.pool.as_ptr()) };
        let buffer = error::alloc(buffer, "a picture")?;
        // SAFETY: the frame is blank and ours; the buffer is as large as the layout computed in `new`, its data
        // aligned to at least 16 by av_malloc; the frame takes over the reference.
        unsafe {
            let f = &mut *frame.as_ptr();
            let data = (*buffer.as_ptr()).data;
            f.buf[0] = buffer.as_ptr();
            f.format = self.format.raw();
            f.width = self.width;
            f.height = self.height;
            for plane in 0..self.format.planes() {
                f.data[plane] = data.add(self.offsets[plane]);
                f.linesize[plane] = self.strides[plane];
            }
            f.extended_data = f.data.as_mut_ptr();
        }
        Ok(())
    }
}

impl Drop for FramePool {
    fn drop(&mut self) {
        let mut pool = self.pool.as_ptr();
        // SAFETY: ours; buffers still out keep the memory alive (libavutil/buffer.h).
        unsafe { ff::av_buffer_pool_uninit(&mut pool) };
    }
}

/// Width and height as libav wants them.
pub(crate) fn size(width: u32, height: u32) -> Result<(i32, i32)> {
    match (i32::try_from(width), i32::try_from(height)) {
        (Ok(w), Ok(h)) if w > 0 && h > 0 => Ok((w, h)),
        _ => Err(Error::invalid("the picture size", format!("{width}x{height}"), "at least 1x1")),
    }
}

/// A read-only libav buffer over `data`, which `owner` keeps alive and unchanged until the last reference is gone.
///
/// # Safety
/// `data..data + len` must be readable, and stay so and unchanged for as long as `owner` lives.
pub(crate) unsafe fn wrap(
    data: *const u8,
    len: usize,
    owner: Box<dyn Any + Send>,
) -> Result<NonNull<ff::AVBufferRef>> {
    unsafe extern "C" fn release(opaque: *mut c_void, _data: *mut u8) {
        // SAFETY: `opaque` is the Box made below, and libav calls this once.
        let owner = unsafe { Box::from_raw(opaque.cast::<Box<dyn Any + Send>>()) };
        // A panic must not cross into C.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(owner)));
    }
    let opaque = Box::into_raw(Box::new(owner));
    // SAFETY: the caller vouches for the memory; READONLY keeps libav from writing to it.
    let buffer = unsafe {
        ff::av_buffer_create(
            data.cast_mut(),
            len,
            Some(release),
            opaque.cast(),
            ff::AV_BUFFER_FLAG_READONLY as i32,
        )
    };
    if buffer.is_null() {
        // SAFETY: libav did not take it.
        drop(unsafe { Box::from_raw(opaque) });
    }
    error::alloc(buffer, "a buffer")
}

/// A new reference to a buffer, or null for null.
///
/// # Safety
/// `buffer` must be null or a live reference.
pub(crate) unsafe fn reference(buffer: *mut ff::AVBufferRef) -> Result<*mut ff::AVBufferRef> {
    if buffer.is_null() {
        return Ok(ptr::null_mut());
    }
    // SAFETY: live by the caller's word.
    error::alloc(unsafe { ff::av_buffer_ref(buffer) }, "a reference").map(NonNull::as_ptr)
}
