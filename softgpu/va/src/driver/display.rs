//! What a display has: image formats, attributes.

use super::Call;
use super::pointer::{List, Out};
use crate::failure::Outcome;
use crate::plane::{FORMATS, Format};
use crate::sys;

/// As many as there are formats.
pub(super) const MAX_IMAGE_FORMATS: usize = FORMATS.len();

/// A format as images have it (va.h: depth and masks are for RGB alone).
pub(super) fn image_format(format: Format) -> sys::VAImageFormat {
    let bits = match format {
        Format::Nv12 | Format::I420 | Format::Yv12 => 12,
        Format::P010 | Format::I444 => 24,
        Format::Yuy2 | Format::Uyvy => 16,
        Format::Y800 => 8,
        Format::Bgra | Format::Bgrx | Format::Rgba | Format::Rgbx | Format::Argb | Format::Abgr => 32,
    };
    let (depth, [red, green, blue, alpha]) = match format {
        Format::Bgra => (32, [0x00ff_0000, 0xff00, 0xff, 0xff00_0000]),
        Format::Bgrx => (24, [0x00ff_0000, 0xff00, 0xff, 0]),
        Format::Rgba => (32, [0xff, 0xff00, 0x00ff_0000, 0xff00_0000]),
        Format::Rgbx => (24, [0xff, 0xff00, 0x00ff_0000, 0]),
        Format::Argb => (32, [0xff00, 0x00ff_0000, 0xff00_0000, 0xff]),
        Format::Abgr => (32, [0xff00_0000, 0x00ff_0000, 0xff00, 0xff]),
        _ => (0, [0; 4]),
    };
    sys::VAImageFormat {
        fourcc: format.fourcc(),
        byte_order: sys::VA_LSB_FIRST,
        bits_per_pixel: bits,
        depth,
        red_mask: red,
        green_mask: green,
        blue_mask: blue,
        alpha_mask: alpha,
        ..sys::VAImageFormat::default()
    }
}

impl Call<'_> {
    pub(super) fn query_image_formats(&self, list: *mut sys::VAImageFormat, count: &Out<'_, i32>) -> Outcome {
        let formats: Vec<Format> = self.driver.caps.formats(u32::MAX).collect();
        // SAFETY: va.h: the list has room for vaMaxNumImageFormats entries.
        let list = unsafe { List::new(list, MAX_IMAGE_FORMATS) };
        for (at, format) in formats.iter().enumerate() {
            list.put(at, image_format(*format))?;
        }
        count.set(formats.len() as i32)
    }

    /// The one attribute there is: the device's ids on PCI.
    fn pci(&self) -> Option<sys::VADisplayAttribute> {
        let pci = self.driver.profile.drm.pci?;
        let value = (u32::from(pci.vendor) << 16 | u32::from(pci.device)).cast_signed();
        Some(sys::VADisplayAttribute {
            type_: sys::VADisplayPCIID,
            min_value: value,
            max_value: value,
            value,
            flags: sys::VA_DISPLAY_ATTRIB_GETTABLE,
            ..sys::VADisplayAttribute::default()
        })
    }

    pub(super) fn query_display_attributes(
        &self,
        list: *mut sys::VADisplayAttribute,
        count: &Out<'_, i32>,
    ) -> Outcome {
        // SAFETY: va.h: the list has room for vaMaxNumDisplayAttributes entries.
        let list = unsafe { List::new(list, 1) };
        let pci = self.pci();
        if let Some(pci) = pci
            && !list.is_null()
        {
            list.put(0, pci)?;
        }
        count.set(pci.is_some().into())
    }

    pub(super) fn get_display_attributes(&self, list: &List<'_, sys::VADisplayAttribute>) -> Outcome {
        let pci = self.pci();
        for (at, mut attribute) in list.iter().enumerate() {
            match pci {
                Some(pci) if pci.type_ == attribute.type_ => attribute = pci,
                _ => attribute.flags = sys::VA_DISPLAY_ATTRIB_NOT_SUPPORTED,
            }
            list.put(at, attribute)?;
        }
        Ok(())
    }
}
