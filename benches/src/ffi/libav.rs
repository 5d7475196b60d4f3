//! The bare libavcodec loop: what a careful C program would write, and no more.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

/// An encoder opened with these options, and the one packet that it fills again and again.
pub struct BareEncoder {
    context: NonNull<ff::AVCodecContext>,
    packet: NonNull<ff::AVPacket>,
}

impl BareEncoder {
    /// Opens an encoder for I420 pictures.
    ///
    /// # Panics
    /// When libavcodec refuses anything; a benchmark has no use for less than it asked for.
    pub fn open(
        name: &str,
        (width, height): (u32, u32),
        fps: i32,
        gop: i32,
        options: &[(&str, &str)],
    ) -> Self {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: terminated strings, a context of our own until it is opened; everything is checked.
        unsafe {
            let codec = ff::avcodec_find_encoder_by_name(name.as_ptr());
            assert!(!codec.is_null(), "{name:?} is compiled in");
            let context = NonNull::new(ff::avcodec_alloc_context3(codec)).expect("memory");
            let c = &mut *context.as_ptr();
            c.width = width as c_int;
            c.height = height as c_int;
            c.pix_fmt = ff::AVPixelFormat::AV_PIX_FMT_YUV420P;
            c.time_base = ff::AVRational { num: 1, den: fps };
            c.framerate = ff::AVRational { num: fps, den: 1 };
            c.sample_aspect_ratio = ff::AVRational { num: 1, den: 1 };
            c.gop_size = gop;
            c.thread_count = 1;
            for (key, value) in options {
                let (k, v) = (CString::new(*key).expect("no NUL"), CString::new(*value).expect("no NUL"));
                let flags = ff::AV_OPT_SEARCH_CHILDREN as c_int;
                let set = ff::av_opt_set(context.as_ptr().cast(), k.as_ptr(), v.as_ptr(), flags);
                assert!(set >= 0, "option {key}={value} is taken");
            }
            let opened = ff::avcodec_open2(context.as_ptr(), codec, ptr::null_mut());
            assert!(opened >= 0, "{name:?} opens: {opened}");
            let packet = NonNull::new(ff::av_packet_alloc()).expect("memory");
            BareEncoder { context, packet }
        }
    }

    /// Sends a picture and hands every packet that is there to `sink`.
    ///
    /// # Panics
    /// When the encoder fails.
    pub fn encode(&mut self, frame: &mut BareFrame, pts: i64, mut sink: impl FnMut(&[u8])) {
        let (context, packet) = (self.context.as_ptr(), self.packet.as_ptr());
        // SAFETY: an open encoder, a live frame and packet; a packet's data is read before it is released.
        unsafe {
            (*frame.0.as_ptr()).pts = pts;
            let sent = ff::avcodec_send_frame(context, frame.0.as_ptr());
            assert!(sent >= 0, "the encoder takes a picture: {sent}");
            while ff::avcodec_receive_packet(context, packet) >= 0 {
                let p = packet.as_ref().expect("not null");
                sink(std::slice::from_raw_parts(p.data, p.size as usize));
                ff::av_packet_unref(packet);
            }
        }
    }
}

impl Drop for BareEncoder {
    fn drop(&mut self) {
        let (mut context, mut packet) = (self.context.as_ptr(), self.packet.as_ptr());
        // SAFETY: ours.
        unsafe {
            ff::av_packet_free(&mut packet);
            ff::avcodec_free_context(&mut context);
        }
    }
}

/// An I420 picture.
pub struct BareFrame(NonNull<ff::AVFrame>);

impl BareFrame {
    /// A picture with memory of its own, planes filled by `pixel(plane, x, y)`.
    ///
    /// # Panics
    /// Without memory.
    pub fn new(width: u32, height: u32, pixel: impl Fn(usize, usize, usize) -> u8) -> Self {
        let frame = Self::blank();
        // SAFETY: a blank frame of our own; its planes are written within stride and rows.
        unsafe {
            let f = &mut *frame.0.as_ptr();
            f.format = ff::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int;
            f.width = width as c_int;
            f.height = height as c_int;
            assert!(ff::av_frame_get_buffer(f, 0) >= 0, "memory");
            for plane in 0..3 {
                let shift = usize::from(plane > 0);
                for y in 0..height as usize >> shift {
                    for x in 0..width as usize >> shift {
                        *f.data[plane].add(y * f.linesize[plane] as usize + x) = pixel(plane, x, y);
                    }
                }
            }
        }
        frame
    }

    /// A shell without content.
    ///
    /// # Panics
    /// Without memory.
    pub fn blank() -> Self {
        // SAFETY: no arguments.
        BareFrame(NonNull::new(unsafe { ff::av_frame_alloc() }).expect("memory"))
    }

    /// Fills this shell with a picture from `pool`, copied from `pixels` (planes one after the other, unpadded).
    ///
    /// # Panics
    /// Without memory, or when `pixels` is too short.
    pub fn fill(&mut self, pool: &BarePool, pixels: &[u8]) {
        let (w, h) = (pool.width as usize, pool.height as usize);
        assert!(pixels.len() >= w * h * 3 / 2);
        // SAFETY: what the frame held is released first; the pool's buffers hold one unpadded picture each.
        unsafe {
            let f = self.0.as_ptr();
            ff::av_frame_unref(f);
            let buffer = ff::av_buffer_pool_get(pool.pool.as_ptr());
            assert!(!buffer.is_null(), "memory");
            let data = (*buffer).data;
            ptr::copy_nonoverlapping(pixels.as_ptr(), data, w * h * 3 / 2);
            let f = &mut *f;
            f.buf[0] = buffer;
            f.format = ff::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int;
            f.width = pool.width as c_int;
            f.height = pool.height as c_int;
            (f.data[0], f.data[1], f.data[2]) = (data, data.add(w * h), data.add(w * h * 5 / 4));
            (f.linesize[0], f.linesize[1], f.linesize[2]) = (w as c_int, w as c_int / 2, w as c_int / 2);
            f.extended_data = f.data.as_mut_ptr();
        }
    }

    /// Releases the content.
    pub fn release(&mut self) {
        // SAFETY: ours.
        unsafe { ff::av_frame_unref(self.0.as_ptr()) };
    }
}

impl Drop for BareFrame {
    fn drop(&mut self) {
        let mut frame = self.0.as_ptr();
        // SAFETY: ours.
        unsafe { ff::av_frame_free(&mut frame) };
    }
}

/// Memory for I420 pictures, recycled.
pub struct BarePool {
    pool: NonNull<ff::AVBufferPool>,
    width: u32,
    height: u32,
}

impl BarePool {
    /// A pool for pictures of this size.
    ///
    /// # Panics
    /// Without memory.
    pub fn new(width: u32, height: u32) -> Self {
        // SAFETY: no custom allocator; 64 bytes more than a picture for loops that read past its end.
        let pool = unsafe { ff::av_buffer_pool_init((width * height * 3 / 2 + 64) as usize, None) };
        BarePool { pool: NonNull::new(pool).expect("memory"), width, height }
    }
}

impl Drop for BarePool {
    fn drop(&mut self) {
        let mut pool = self.pool.as_ptr();
        // SAFETY: ours; buffers that are still out keep the memory alive.
        unsafe { ff::av_buffer_pool_uninit(&mut pool) };
    }
}
