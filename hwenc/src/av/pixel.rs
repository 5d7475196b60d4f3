//! [`PixelFormat`]: libav's pixel formats under their own names.

use std::ffi::{CStr, CString};
use std::fmt;

use ff::AVPixelFormat as P;
use ffmpeg_sys_next as ff;
use serde::{Deserialize, Serialize};

/// A pixel format of the libavutil in this process, known by its name (`nv12`, `yuv420p10le`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat(i32);

impl PixelFormat {
    /// 8 bit 4:2:0, Y plane and interleaved CbCr plane.
    pub const NV12: Self = Self(P::AV_PIX_FMT_NV12 as i32);
    /// 8 bit 4:2:0, three planes.
    pub const I420: Self = Self(P::AV_PIX_FMT_YUV420P as i32);
    /// 10 bit 4:2:0 in the high bits of 16, Y plane and interleaved CbCr plane, little endian.
    pub const P010: Self = Self(P::AV_PIX_FMT_P010LE as i32);
    /// 10 bit 4:2:0 in the low bits of 16, three planes, little endian.
    pub const I010: Self = Self(P::AV_PIX_FMT_YUV420P10LE as i32);
    /// 8 bit 4:4:4, three planes.
    pub const I444: Self = Self(P::AV_PIX_FMT_YUV444P as i32);
    /// 10 bit 4:4:4 in the low bits of 16, three planes, little endian.
    pub const I410: Self = Self(P::AV_PIX_FMT_YUV444P10LE as i32);
    /// 8 bit per channel, bytes B, G, R, A. Alpha is ignored by encoders.
    pub const BGRA: Self = Self(P::AV_PIX_FMT_BGRA as i32);
    /// 8 bit per channel, bytes R, G, B, A. Alpha is ignored by encoders.
    pub const RGBA: Self = Self(P::AV_PIX_FMT_RGBA as i32);
    /// 8 bit per channel, bytes B, G, R and one without meaning (DRM's XRGB8888).
    pub const BGRX: Self = Self(P::AV_PIX_FMT_BGR0 as i32);
    /// 8 bit per channel, bytes R, G, B.
    pub const RGB24: Self = Self(P::AV_PIX_FMT_RGB24 as i32);
    /// 8 bit per channel, bytes B, G, R.
    pub const BGR24: Self = Self(P::AV_PIX_FMT_BGR24 as i32);
    /// 8 bit grey.
    pub const GRAY8: Self = Self(P::AV_PIX_FMT_GRAY8 as i32);
    /// Pictures that live on a VA-API device.
    pub const VAAPI: Self = Self(P::AV_PIX_FMT_VAAPI as i32);
    /// Pictures that live on a CUDA device.
    pub const CUDA: Self = Self(P::AV_PIX_FMT_CUDA as i32);
    /// Pictures that are DMA-BUFs.
    pub const DRM_PRIME: Self = Self(P::AV_PIX_FMT_DRM_PRIME as i32);
    pub(crate) const NONE: Self = Self(-1);

    /// The format of this name, as `ffmpeg -pix_fmts` lists them.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = CString::new(name).ok()?;
        // SAFETY: a terminated string; the function only reads it.
        let format = unsafe { ff::av_get_pix_fmt(name.as_ptr()) } as i32;
        (format >= 0).then_some(Self(format))
    }

    /// libav's name.
    pub fn name(self) -> &'static str {
        self.descriptor().map_or("none", |d| {
            // SAFETY: descriptors are static tables of libavutil with terminated names.
            unsafe { CStr::from_ptr(d.name) }.to_str().unwrap_or("none")
        })
    }

    /// Bits of the first component (8, 10, …); 0 for what has none.
    pub fn bit_depth(self) -> u8 {
        self.descriptor().map_or(0, |d| d.comp[0].depth as u8)
    }

    /// RGB of any layout.
    pub fn is_rgb(self) -> bool {
        self.has_flag(ff::AV_PIX_FMT_FLAG_RGB as u64)
    }

    /// Lives on a device; its planes cannot be read by the CPU.
    pub fn is_hardware(self) -> bool {
        self.has_flag(ff::AV_PIX_FMT_FLAG_HWACCEL as u64)
    }

    /// Horizontal and vertical chroma subsampling as powers of two: (1, 1) for 4:2:0, (0, 0) for 4:4:4.
    pub fn chroma_shift(self) -> (u8, u8) {
        self.descriptor().map_or((0, 0), |d| (d.log2_chroma_w, d.log2_chroma_h))
    }

    /// Number of planes in memory; 0 for what lives on a device.
    pub fn planes(self) -> usize {
        if self.is_hardware() {
            return 0;
        }
        self.descriptor().map_or(0, |d| {
            let used = &d.comp[..usize::from(d.nb_components)];
            used.iter().map(|c| c.plane as usize + 1).max().unwrap_or(0)
        })
    }

    /// Bytes in one row of `plane` for a picture `width` pixels wide, without padding; 0 for a plane that the format lacks.
    pub fn row_bytes(self, plane: usize, width: u32) -> usize {
        let Ok(width) = i32::try_from(width) else { return 0 };
        // SAFETY: a pure function of its arguments.
        let bytes = unsafe { ff::av_image_get_linesize(self.to_av(), width, plane as i32) };
        usize::try_from(bytes).unwrap_or(0)
    }

    /// Rows of `plane` for a picture `height` pixels high.
    pub fn rows(self, plane: usize, height: u32) -> usize {
        let shift = if plane == 1 || plane == 2 { self.chroma_shift().1 } else { 0 };
        (height as usize + (1 << shift) - 1) >> shift
    }

    fn has_flag(self, flag: u64) -> bool {
        self.descriptor().is_some_and(|d| d.flags & flag != 0)
    }

    fn descriptor(self) -> Option<&'static ff::AVPixFmtDescriptor> {
        if self.0 < 0 {
            return None;
        }
        // SAFETY: returns null or a pointer into a static table.
        unsafe { ff::av_pix_fmt_desc_get(self.to_av()).as_ref() }
    }

    pub(crate) const fn raw(self) -> i32 {
        self.0
    }

    pub(crate) const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    pub(crate) fn to_av(self) -> ff::AVPixelFormat {
        // SAFETY: AVPixelFormat is a C enum of i32; every value in here came from libavutil or its headers.
        unsafe { std::mem::transmute::<i32, ff::AVPixelFormat>(self.0) }
    }
}

impl fmt::Debug for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for PixelFormat {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for PixelFormat {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        PixelFormat::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("this libavutil has no pixel format `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_libavs() {
        assert_eq!(PixelFormat::from_name("nv12"), Some(PixelFormat::NV12));
        assert_eq!(PixelFormat::from_name("no such format"), None);
        assert_eq!(
            (PixelFormat::NV12.planes(), PixelFormat::I420.planes(), PixelFormat::BGRA.planes()),
            (2, 3, 1)
        );
        assert_eq!(PixelFormat::P010.bit_depth(), 10);
        assert_eq!(PixelFormat::I420.row_bytes(1, 641), 321);
        assert_eq!(PixelFormat::I420.rows(1, 271), 136);
        assert_eq!(PixelFormat::NV12.row_bytes(1, 640), 640);
        assert!(
            PixelFormat::BGRX.is_rgb() && !PixelFormat::NV12.is_rgb() && PixelFormat::VAAPI.is_hardware()
        );
    }
}
