//! [`HwDevice`] and [`HwFrames`]: libavutil's hardware contexts.

use std::ffi::{CStr, CString, c_int};
use std::fmt;
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Frame, Options, PixelFormat, buffer, error, log};
use crate::error::{Code, Error, Result};

/// A kind of device that libavutil drives, known by its name (`vaapi`, `cuda`, `qsv`, `vulkan`, `drm`, `opencl`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceKind(ff::AVHWDeviceType);

impl DeviceKind {
    /// VA-API.
    pub const VAAPI: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_VAAPI);
    /// Intel Quick Sync Video.
    pub const QSV: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_QSV);
    /// NVIDIA CUDA.
    pub const CUDA: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_CUDA);
    /// Vulkan.
    pub const VULKAN: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_VULKAN);
    /// DMA-BUFs.
    pub const DRM: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_DRM);
    /// OpenCL.
    pub const OPENCL: Self = Self(ff::AVHWDeviceType::AV_HWDEVICE_TYPE_OPENCL);

    /// The format of pictures that live on it; `None` for kinds without any.
    pub fn format(self) -> Option<PixelFormat> {
        match self {
            Self::VAAPI => Some(PixelFormat::VAAPI),
            Self::CUDA => Some(PixelFormat::CUDA),
            Self::DRM => Some(PixelFormat::DRM_PRIME),
            _ => PixelFormat::from_name(self.name()).filter(|format| format.is_hardware()),
        }
    }

    /// libavutil's name.
    pub fn name(self) -> &'static str {
        // SAFETY: static strings, null for what this libavutil does not know.
        let name = unsafe { ff::av_hwdevice_get_type_name(self.0) };
        if name.is_null() {
            return "none";
        }
        // SAFETY: as above.
        unsafe { CStr::from_ptr(name) }.to_str().unwrap_or("none")
    }
}

impl fmt::Debug for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An open device, counted: frames contexts and codecs made on it keep it open.
pub struct HwDevice {
    device: NonNull<ff::AVBufferRef>,
    kind: DeviceKind,
}

// SAFETY: hardware contexts are counted atomically and locked by libavutil or the driver where they must be.
unsafe impl Send for HwDevice {}

impl HwDevice {
    /// Opens a device: a node (`/dev/dri/renderD128`), an index, or whatever the kind takes; `None` for its default.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`], with the driver's own lines where the log is installed.
    pub fn create(kind: DeviceKind, device: Option<&str>, mut options: Options) -> Result<Self> {
        let nul = |_| Error::new(Code::DeviceFailed, "a device name holds a NUL byte");
        let name = device.map(CString::new).transpose().map_err(nul)?;
        let mut new = ptr::null_mut();
        let mark = log::mark();
        // SAFETY: a terminated string or null; the dictionary is only read.
        let ret = unsafe {
            let name = name.as_ref().map_or(ptr::null(), |n| n.as_ptr());
            ff::av_hwdevice_ctx_create(&mut new, kind.0, name, *options.as_mut(), 0)
        };
        Self::made(new, kind, ret, mark, || {
            format!("the {} device {} does not open", kind.name(), device.unwrap_or("(default)"))
        })
    }

    /// The device of another kind that is the same hardware: VA-API into QSV, DRM into VA-API.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`].
    pub fn derive(&self, kind: DeviceKind) -> Result<Self> {
        let mut new = ptr::null_mut();
        let mark = log::mark();
        // SAFETY: a live device; the new one keeps it alive.
        let ret = unsafe { ff::av_hwdevice_ctx_create_derived(&mut new, kind.0, self.device.as_ptr(), 0) };
        Self::made(new, kind, ret, mark, || {
            format!("no {} device can be derived from {}", kind.name(), self.kind.name())
        })
    }

    fn made(
        new: *mut ff::AVBufferRef,
        kind: DeviceKind,
        ret: c_int,
        mark: log::Mark,
        what: impl FnOnce() -> String,
    ) -> Result<Self> {
        match NonNull::new(new) {
            Some(device) if ret >= 0 => Ok(HwDevice { device, kind }),
            _ => {
                let mut error = error::from_av(Code::DeviceFailed, what(), ret);
                for line in log::since(mark, ptr::null()) {
                    error = error.with_evidence(line);
                }
                Err(error)
            }
        }
    }

    /// What kind it is.
    pub fn kind(&self) -> DeviceKind {
        self.kind
    }

    /// Another handle of the same device.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn try_clone(&self) -> Result<Self> {
        let device = error::alloc(self.reference()?, "a device")?;
        Ok(HwDevice { device, kind: self.kind })
    }

    /// A new reference, which the receiver owns.
    pub(super) fn reference(&self) -> Result<*mut ff::AVBufferRef> {
        // SAFETY: a live reference.
        unsafe { buffer::reference(self.device.as_ptr()) }
    }
}

impl Drop for HwDevice {
    fn drop(&mut self) {
        let mut device = self.device.as_ptr();
        // SAFETY: ours; the device closes with the last reference.
        unsafe { ff::av_buffer_unref(&mut device) };
    }
}

/// How a mapping may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Read,
    /// Write; the former content is lost.
    Overwrite,
    /// Both.
    ReadWrite,
}

/// A pool of pictures on a device, counted.
pub struct HwFrames(NonNull<ff::AVBufferRef>);

// SAFETY: as HwDevice.
unsafe impl Send for HwFrames {}

impl HwFrames {
    /// A pool of pictures in the device's `format`, whose pixels are `software`. `pool` is the number made at once;
    /// 0 lets the pool grow where the device allows that.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`].
    pub fn new(
        device: &HwDevice,
        format: PixelFormat,
        software: PixelFormat,
        width: u32,
        height: u32,
        pool: u32,
    ) -> Result<Self> {
        let (w, h) = buffer::size(width, height)?;
        // SAFETY: a live device; the context keeps a reference.
        let frames =
            error::alloc(unsafe { ff::av_hwframe_ctx_alloc(device.device.as_ptr()) }, "a pool of pictures")?;
        let frames = HwFrames(frames);
        let mark = log::mark();
        // SAFETY: a frames context before init is ours to fill (libavutil/hwcontext.h).
        let ret = unsafe {
            let c = (*frames.0.as_ptr()).data.cast::<ff::AVHWFramesContext>();
            (*c).format = format.to_av();
            (*c).sw_format = software.to_av();
            (*c).width = w;
            (*c).height = h;
            (*c).initial_pool_size = pool as c_int;
            ff::av_hwframe_ctx_init(frames.0.as_ptr())
        };
        if ret < 0 {
            let what =
                format!("the {} device makes no {width}x{height} {software} pictures", device.kind.name());
            let mut error = error::from_av(Code::DeviceFailed, what, ret);
            for line in log::since(mark, ptr::null()) {
                error = error.with_evidence(line);
            }
            return Err(error);
        }
        Ok(frames)
    }

    /// Another handle of the same pool.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn try_clone(&self) -> Result<Self> {
        error::alloc(self.reference()?, "a pool of pictures").map(HwFrames)
    }

    /// The format of its pictures, such as [`PixelFormat::VAAPI`].
    pub fn format(&self) -> PixelFormat {
        PixelFormat::from_raw(self.context().format as i32)
    }

    /// The pixels of its pictures.
    pub fn software_format(&self) -> PixelFormat {
        PixelFormat::from_raw(self.context().sw_format as i32)
    }

    /// Width and height of its pictures in pixels.
    pub fn size(&self) -> (u32, u32) {
        let c = self.context();
        (c.width.max(0) as u32, c.height.max(0) as u32)
    }

    /// The picture lives on the same device, and its pixels are the same.
    pub fn takes(&self, picture: &Frame) -> bool {
        picture.pool().is_some_and(|b| {
            let a = self.context();
            a.device_ctx == b.device_ctx && a.sw_format as i32 == b.sw_format as i32
        })
    }

    fn context(&self) -> &ff::AVHWFramesContext {
        // SAFETY: a live reference to an initialised frames context, which nobody changes any more.
        unsafe { &*(*self.0.as_ptr()).data.cast::<ff::AVHWFramesContext>() }
    }

    /// A picture of the pool, content undefined.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`] when the pool is used up.
    pub fn picture(&self) -> Result<Frame> {
        let mut frame = Frame::empty()?;
        self.fill(&mut frame)?;
        Ok(frame)
    }

    /// Makes `frame` a picture of the pool, content undefined; what it held is released. No allocation but libav's
    /// references.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`] when the pool is used up.
    pub fn fill(&self, frame: &mut Frame) -> Result<()> {
        frame.release();
        // SAFETY: an initialised pool and a blank frame.
        let ret = unsafe { ff::av_hwframe_get_buffer(self.0.as_ptr(), frame.as_ptr(), 0) };
        error::check(ret, Code::DeviceFailed, "no picture can be had from the device's pool").map(drop)
    }

    /// Copies a picture from memory to a new one on the device.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`].
    pub fn upload(&self, frame: &Frame) -> Result<Frame> {
        if frame.is_hardware() || !frame.has_content() {
            return Err(Error::new(
                Code::DeviceFailed,
                "only a picture in memory can be copied to the device",
            ));
        }
        let new = self.picture()?;
        // SAFETY: two live frames.
        let ret = unsafe { ff::av_hwframe_transfer_data(new.as_ptr(), frame.as_ptr(), 0) };
        error::check(ret, Code::DeviceFailed, "the picture cannot be copied to the device")?;
        copy_properties(&new, frame)?;
        Ok(new)
    }

    pub(super) fn reference(&self) -> Result<*mut ff::AVBufferRef> {
        // SAFETY: a live reference.
        unsafe { buffer::reference(self.0.as_ptr()) }
    }
}

impl Drop for HwFrames {
    fn drop(&mut self) {
        let mut frames = self.0.as_ptr();
        // SAFETY: ours; pictures that are still out keep the pool alive.
        unsafe { ff::av_buffer_unref(&mut frames) };
    }
}

impl Frame {
    /// Copies a device picture into memory.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`].
    pub fn download(&self) -> Result<Frame> {
        self.on_device()?;
        let new = Frame::empty()?;
        // SAFETY: two live frames; the new one is blank, so its memory is allocated by the call.
        let ret = unsafe { ff::av_hwframe_transfer_data(new.as_ptr(), self.as_ptr(), 0) };
        error::check(ret, Code::DeviceFailed, "the picture cannot be copied from the device")?;
        copy_properties(&new, self)?;
        Ok(new)
    }

    /// The same pixels in another format without a copy: a device picture seen by the CPU, or as DMA-BUFs. The
    /// mapping keeps this picture alive.
    ///
    /// # Errors
    /// [`Code::DeviceFailed`] where the device cannot.
    pub fn map(&self, format: PixelFormat, access: Access) -> Result<Frame> {
        let mut new = Frame::empty()?;
        self.map_into(&mut new, format, access)?;
        Ok(new)
    }

    /// The pool that a device picture comes from; `None` for pictures in memory.
    pub fn hw_frames(&self) -> Option<HwFrames> {
        let frames = self.get().hw_frames_ctx;
        if frames.is_null() {
            return None;
        }
        // SAFETY: a live reference, held by the frame.
        let reference = unsafe { buffer::reference(frames) }.ok()?;
        NonNull::new(reference).map(HwFrames)
    }

    /// The pixels: of a device picture what it holds there, else [`Frame::format`].
    pub fn software_format(&self) -> PixelFormat {
        self.pool().map_or_else(|| self.format(), |pool| PixelFormat::from_raw(pool.sw_format as i32))
    }

    /// What its pool is, without a reference of its own.
    fn pool(&self) -> Option<&ff::AVHWFramesContext> {
        // SAFETY: null or a live reference to an initialised frames context, which the frame holds as long as it is lent.
        unsafe {
            self.get().hw_frames_ctx.as_ref().map(|frames| &*frames.data.cast::<ff::AVHWFramesContext>())
        }
    }

    /// Maps into a frame that is already there; what it held is released.
    pub(crate) fn map_into(&self, new: &mut Frame, format: PixelFormat, access: Access) -> Result<()> {
        self.on_device()?;
        new.release();
        new.get_mut().format = format.raw();
        let flags = match access {
            Access::Read => ff::AV_HWFRAME_MAP_READ as c_int,
            Access::Overwrite => (ff::AV_HWFRAME_MAP_WRITE as c_int) | ff::AV_HWFRAME_MAP_OVERWRITE as c_int,
            Access::ReadWrite => ff::AV_HWFRAME_MAP_READ as c_int | ff::AV_HWFRAME_MAP_WRITE as c_int,
        };
        // SAFETY: two live frames.
        let ret = unsafe { ff::av_hwframe_map(new.as_ptr(), self.as_ptr(), flags) };
        error::check(ret, Code::DeviceFailed, "the device's picture cannot be mapped").map(drop)
    }
}

impl Frame {
    /// libavutil takes it for granted.
    fn on_device(&self) -> Result<()> {
        if self.is_hardware() {
            return Ok(());
        }
        Err(Error::new(Code::DeviceFailed, "the picture does not live on a device"))
    }
}

fn copy_properties(to: &Frame, from: &Frame) -> Result<()> {
    // SAFETY: two live frames; only metadata is copied.
    let ret = unsafe { ff::av_frame_copy_props(to.as_ptr(), from.as_ptr()) };
    error::check(ret, Code::OutOfMemory, "no memory for a picture's properties").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_an_error_with_words() {
        log::install();
        let error =
            HwDevice::create(DeviceKind::VAAPI, Some("/dev/dri/renderD255"), Options::new()).err().unwrap();
        assert_eq!(error.code(), Code::DeviceFailed);
        assert!(error.av_error().is_some());
        assert!(error.reason().evidence.len() > 1, "{:?}", error.reason().evidence);
    }
}
