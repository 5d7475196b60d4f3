//! VA-API as a careful C program would drive it: a device, a pool of surfaces, an encoder, and the two usual ways of
//! getting pixels into a surface.

use std::ffi::{CString, c_int};
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::libyuv::Libyuv;

/// A pool of NV12 surfaces on a device.
pub struct Surfaces {
    frames: *mut ff::AVBufferRef,
    size: (u32, u32),
}

impl Surfaces {
    /// Opens a render node and a pool that grows.
    ///
    /// # Panics
    /// When libavutil refuses anything.
    pub fn open(node: &str, (width, height): (u32, u32)) -> Self {
        let node = CString::new(node).expect("no NUL");
        // SAFETY: terminated strings; references are ours and checked; the pool holds one of the device.
        unsafe {
            let mut device = ptr::null_mut();
            let kind = ff::AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI;
            let made = ff::av_hwdevice_ctx_create(&mut device, kind, node.as_ptr(), ptr::null_mut(), 0);
            assert!(made >= 0, "{node:?} opens: {made}");
            let frames = ff::av_hwframe_ctx_alloc(device);
            assert!(!frames.is_null(), "memory");
            let c = &mut *(*frames).data.cast::<ff::AVHWFramesContext>();
            c.format = ff::AVPixelFormat::AV_PIX_FMT_VAAPI;
            c.sw_format = ff::AVPixelFormat::AV_PIX_FMT_NV12;
            c.width = width as c_int;
            c.height = height as c_int;
            assert!(ff::av_hwframe_ctx_init(frames) >= 0, "a pool");
            ff::av_buffer_unref(&mut device);
            Surfaces { frames, size: (width, height) }
        }
    }
}

impl Drop for Surfaces {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ff::av_buffer_unref(&mut self.frames) };
    }
}

/// An encoder on a pool, and the shells that it uses again and again.
pub struct BareVaapi {
    context: NonNull<ff::AVCodecContext>,
    packet: NonNull<ff::AVPacket>,
    surface: NonNull<ff::AVFrame>,
    mapped: NonNull<ff::AVFrame>,
    source: NonNull<ff::AVFrame>,
    surfaces: Surfaces,
}

/// Where the pixels of a picture come from.
pub enum Pixels<'a> {
    /// Nowhere: the surface as the pool gives it.
    None,
    /// Unpadded NV12, uploaded with `av_hwframe_transfer_data`.
    Nv12(&'a [u8]),
    /// Unpadded BGRA, converted by libyuv into the mapped surface.
    Bgra(&'a [u8], &'a Libyuv),
}

impl BareVaapi {
    /// Opens an encoder.
    ///
    /// # Panics
    /// When libavcodec refuses anything.
    pub fn open(name: &str, surfaces: Surfaces, fps: i32, gop: i32, options: &[(&str, &str)]) -> Self {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: terminated strings, a context of our own until it is opened; everything is checked.
        unsafe {
            let codec = ff::avcodec_find_encoder_by_name(name.as_ptr());
            assert!(!codec.is_null(), "{name:?} is compiled in");
            let context = NonNull::new(ff::avcodec_alloc_context3(codec)).expect("memory");
            let c = &mut *context.as_ptr();
            c.width = surfaces.size.0 as c_int;
            c.height = surfaces.size.1 as c_int;
            c.pix_fmt = ff::AVPixelFormat::AV_PIX_FMT_VAAPI;
            c.time_base = ff::AVRational { num: 1, den: fps };
            c.framerate = ff::AVRational { num: fps, den: 1 };
            c.sample_aspect_ratio = ff::AVRational { num: 1, den: 1 };
            c.gop_size = gop;
            c.max_b_frames = 0;
            c.hw_frames_ctx = ff::av_buffer_ref(surfaces.frames);
            for (key, value) in options {
                let (k, v) = (CString::new(*key).expect("no NUL"), CString::new(*value).expect("no NUL"));
                let flags = ff::AV_OPT_SEARCH_CHILDREN as c_int;
                let set = ff::av_opt_set(context.as_ptr().cast(), k.as_ptr(), v.as_ptr(), flags);
                assert!(set >= 0, "option {key}={value} is taken");
            }
            let opened = ff::avcodec_open2(context.as_ptr(), codec, ptr::null_mut());
            assert!(opened >= 0, "{name:?} opens: {opened}");
            let frame = || NonNull::new(ff::av_frame_alloc()).expect("memory");
            let packet = NonNull::new(ff::av_packet_alloc()).expect("memory");
            BareVaapi { context, packet, surface: frame(), mapped: frame(), source: frame(), surfaces }
        }
    }

    /// Codes a picture and hands every packet that is there to `sink`.
    ///
    /// # Panics
    /// When the encoder fails.
    pub fn encode(&mut self, pixels: &Pixels<'_>, pts: i64, mut sink: impl FnMut(&[u8])) {
        let (context, packet, surface) = (self.context.as_ptr(), self.packet.as_ptr(), self.surface.as_ptr());
        // SAFETY: an open encoder and live shells; a packet's data is read before it is released.
        unsafe {
            let got = ff::av_hwframe_get_buffer(self.surfaces.frames, surface, 0);
            assert!(got >= 0, "a surface: {got}");
            match pixels {
                Pixels::None => {}
                Pixels::Nv12(bytes) => self.upload(bytes),
                Pixels::Bgra(bytes, libyuv) => self.convert(bytes, libyuv),
            }
            (*surface).pts = pts;
            let sent = ff::avcodec_send_frame(context, surface);
            assert!(sent >= 0, "the encoder takes a picture: {sent}");
            ff::av_frame_unref(surface);
            while ff::avcodec_receive_packet(context, packet) >= 0 {
                let p = packet.as_ref().expect("not null");
                sink(std::slice::from_raw_parts(p.data, p.size as usize));
                ff::av_packet_unref(packet);
            }
        }
    }

    fn upload(&mut self, bytes: &[u8]) {
        let (w, h) = (self.surfaces.size.0 as usize, self.surfaces.size.1 as usize);
        assert!(bytes.len() >= w * h * 3 / 2);
        // SAFETY: the source's planes lie in `bytes`, which the call only reads.
        unsafe {
            let f = &mut *self.source.as_ptr();
            f.format = ff::AVPixelFormat::AV_PIX_FMT_NV12 as c_int;
            (f.width, f.height) = (w as c_int, h as c_int);
            f.data[0] = bytes.as_ptr().cast_mut();
            f.data[1] = bytes.as_ptr().add(w * h).cast_mut();
            (f.linesize[0], f.linesize[1]) = (w as c_int, w as c_int);
            let ret = ff::av_hwframe_transfer_data(self.surface.as_ptr(), f, 0);
            assert!(ret >= 0, "an upload: {ret}");
        }
    }

    fn convert(&mut self, bytes: &[u8], libyuv: &Libyuv) {
        let (w, h) = (self.surfaces.size.0 as usize, self.surfaces.size.1 as usize);
        // SAFETY: a live surface; the mapping's planes have `linesize` bytes in each row and are unmapped at the end.
        unsafe {
            let m = self.mapped.as_ptr();
            (*m).format = ff::AVPixelFormat::AV_PIX_FMT_NV12 as c_int;
            let flags = ff::AV_HWFRAME_MAP_WRITE as c_int | ff::AV_HWFRAME_MAP_OVERWRITE as c_int;
            let ret = ff::av_hwframe_map(m, self.surface.as_ptr(), flags);
            assert!(ret >= 0, "a mapping: {ret}");
            let strides = [(*m).linesize[0] as usize, (*m).linesize[1] as usize];
            let y = std::slice::from_raw_parts_mut((*m).data[0], strides[0] * h);
            let uv = std::slice::from_raw_parts_mut((*m).data[1], strides[1] * h / 2);
            libyuv.run_into((w, h), bytes, (y, strides[0]), (uv, strides[1]));
            ff::av_frame_unref(m);
        }
    }
}

impl Drop for BareVaapi {
    fn drop(&mut self) {
        let (mut context, mut packet) = (self.context.as_ptr(), self.packet.as_ptr());
        // SAFETY: ours.
        unsafe {
            for frame in [self.surface, self.mapped, self.source] {
                ff::av_frame_free(&mut frame.as_ptr());
            }
            ff::av_packet_free(&mut packet);
            ff::avcodec_free_context(&mut context);
        }
    }
}
