//! Pictures in memory: formats, and linear planes of a surface.

use softgpu_core::codec;

use crate::sys;

/// A surface's or image's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    Nv12,
    P010,
    I420,
    Yv12,
    Yuy2,
    Uyvy,
    Y800,
    I444,
    Bgra,
    Bgrx,
    Rgba,
    Rgbx,
    Argb,
    Abgr,
}

use Format::{Abgr, Argb, Bgra, Bgrx, I420, I444, Nv12, P010, Rgba, Rgbx, Uyvy, Y800, Yuy2, Yv12};

/// All formats, with VA's fourcc and the name that device profiles use.
pub(crate) const FORMATS: &[(Format, u32, &str)] = &[
    (Nv12, sys::VA_FOURCC_NV12, "NV12"),
    (P010, sys::VA_FOURCC_P010, "P010"),
    (I420, sys::VA_FOURCC_I420, "I420"),
    (Yv12, sys::VA_FOURCC_YV12, "YV12"),
    (Yuy2, sys::VA_FOURCC_YUY2, "YUY2"),
    (Uyvy, sys::VA_FOURCC_UYVY, "UYVY"),
    (Y800, sys::VA_FOURCC_Y800, "Y800"),
    (I444, sys::VA_FOURCC_444P, "444P"),
    (Bgra, sys::VA_FOURCC_BGRA, "BGRA"),
    (Bgrx, sys::VA_FOURCC_BGRX, "BGRX"),
    (Rgba, sys::VA_FOURCC_RGBA, "RGBA"),
    (Rgbx, sys::VA_FOURCC_RGBX, "RGBX"),
    (Argb, sys::VA_FOURCC_ARGB, "ARGB"),
    (Abgr, sys::VA_FOURCC_ABGR, "ABGR"),
];

/// How one plane lies: bytes of one unit, and how many pixels a unit covers across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) bytes: u32,
    pub(crate) across: u32,
    pub(crate) down: u32,
}

const fn unit(bytes: u32, across: u32, down: u32) -> Unit {
    Unit { bytes, across, down }
}

impl Unit {
    /// Bytes of a row of a picture so wide.
    pub(crate) fn row_bytes(self, width: u32) -> usize {
        (width.div_ceil(self.across) * self.bytes) as usize
    }

    /// Rows of a picture so high.
    pub(crate) fn rows(self, height: u32) -> usize {
        height.div_ceil(self.down) as usize
    }
}

impl Format {
    pub(crate) fn of_fourcc(fourcc: u32) -> Option<Self> {
        // IYUV is I420 under another name (va.h).
        let fourcc = if fourcc == sys::VA_FOURCC_IYUV { sys::VA_FOURCC_I420 } else { fourcc };
        FORMATS.iter().find(|(_, known, _)| *known == fourcc).map(|(format, ..)| *format)
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        FORMATS.iter().find(|(.., known)| *known == name).map(|(format, ..)| *format)
    }

    pub(crate) fn fourcc(self) -> u32 {
        FORMATS.iter().find(|(format, ..)| *format == self).map_or(0, |(_, fourcc, _)| *fourcc)
    }

    /// The render target format that surfaces of this format are of.
    pub(crate) fn rt_format(self) -> u32 {
        match self {
            Nv12 | I420 | Yv12 => sys::VA_RT_FORMAT_YUV420,
            P010 => sys::VA_RT_FORMAT_YUV420_10,
            Yuy2 | Uyvy => sys::VA_RT_FORMAT_YUV422,
            I444 => sys::VA_RT_FORMAT_YUV444,
            Y800 => sys::VA_RT_FORMAT_YUV400,
            Bgra | Bgrx | Rgba | Rgbx | Argb | Abgr => sys::VA_RT_FORMAT_RGB32,
        }
    }

    /// The planes, in the order in which they lie in memory.
    pub(crate) fn units(self) -> &'static [Unit] {
        match self {
            Nv12 => const { &[unit(1, 1, 1), unit(2, 2, 2)] },
            P010 => const { &[unit(2, 1, 1), unit(4, 2, 2)] },
            I420 | Yv12 => const { &[unit(1, 1, 1), unit(1, 2, 2), unit(1, 2, 2)] },
            Yuy2 | Uyvy => const { &[unit(4, 2, 1)] },
            Y800 => const { &[unit(1, 1, 1)] },
            I444 => const { &[unit(1, 1, 1), unit(1, 1, 1), unit(1, 1, 1)] },
            Bgra | Bgrx | Rgba | Rgbx | Argb | Abgr => const { &[unit(4, 1, 1)] },
        }
    }

    /// The codec library's name for it, where it has one.
    pub(crate) fn codec_format(self) -> Option<codec::Format> {
        Some(match self {
            Nv12 => codec::Format::Nv12,
            P010 => codec::Format::P010,
            I420 | Yv12 => codec::Format::I420,
            Bgra | Bgrx => codec::Format::Bgra,
            Rgba | Rgbx => codec::Format::Rgba,
            Yuy2 => codec::Format::Yuy2,
            I444 => codec::Format::I444,
            Y800 => codec::Format::Y800,
            Uyvy | Argb | Abgr => return None,
        })
    }
}

/// A picture to read: planes in linear memory, whatever the surface's tiling is.
///
/// Each plane's slice reaches to the end of its memory, so that more rows than `height` can be there (see `rows`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planes<'a> {
    pub(crate) format: Format,
    /// As the client created the surface.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: [&'a [u8]; 3],
    /// Bytes from one row to the next.
    pub(crate) strides: [usize; 3],
}

/// A picture to write, likewise.
#[derive(Debug)]
pub(crate) struct PlanesMut<'a> {
    pub(crate) format: Format,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: [&'a mut [u8]; 3],
    pub(crate) strides: [usize; 3],
}

impl<'a> Planes<'a> {
    /// A row of a plane, as wide as the picture; `None` past the memory.
    pub(crate) fn row(&self, plane: usize, y: usize) -> Option<&'a [u8]> {
        let bytes = self.format.units().get(plane)?.row_bytes(self.width);
        let start = y.checked_mul(self.strides[plane])?;
        self.data[plane].get(start..start.checked_add(bytes)?)
    }

    /// The same memory seen as a picture of another size; `None` where the memory does not hold one.
    pub(crate) fn resized(mut self, width: u32, height: u32) -> Option<Self> {
        for (plane, unit) in self.format.units().iter().enumerate() {
            let (bytes, rows) = (unit.row_bytes(width), unit.rows(height));
            let needed = rows.checked_sub(1)? * self.strides[plane] + bytes;
            if bytes > self.strides[plane] || needed > self.data[plane].len() {
                return None;
            }
        }
        (self.width, self.height) = (width, height);
        Some(self)
    }

    /// For the codec library, which reads only.
    pub(crate) fn image(&self) -> Option<codec::Image> {
        let mut planes = [std::ptr::null_mut(); 3];
        for (plane, data) in planes.iter_mut().zip(self.data) {
            if !data.is_empty() {
                *plane = data.as_ptr().cast_mut();
            }
        }
        image(self.format, self.width, self.height, planes, self.strides)
    }
}

impl PlanesMut<'_> {
    /// A row of a plane, as wide as the picture; `None` past the memory.
    pub(crate) fn row_mut(&mut self, plane: usize, y: usize) -> Option<&mut [u8]> {
        let bytes = self.format.units().get(plane)?.row_bytes(self.width);
        let start = y.checked_mul(self.strides[plane])?;
        self.data[plane].get_mut(start..start.checked_add(bytes)?)
    }

    /// For the codec library.
    pub(crate) fn image(&mut self) -> Option<codec::Image> {
        let mut planes = [std::ptr::null_mut(); 3];
        for (plane, data) in planes.iter_mut().zip(&mut self.data) {
            if !data.is_empty() {
                *plane = data.as_mut_ptr();
            }
        }
        image(self.format, self.width, self.height, planes, self.strides)
    }
}

fn image(
    format: Format,
    width: u32,
    height: u32,
    mut planes: [*mut u8; 3],
    mut strides: [usize; 3],
) -> Option<codec::Image> {
    if format == Yv12 {
        planes.swap(1, 2);
        strides.swap(1, 2);
    }
    Some(codec::Image { format: format.codec_format()?, width, height, planes, strides })
}
