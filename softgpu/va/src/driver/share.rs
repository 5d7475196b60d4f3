//! Surfaces in memory of others, and in memory that others may have.

use std::os::fd::{BorrowedFd, IntoRawFd};
use std::sync::Arc;

use super::pointer::{List, Out};
use super::surfaces::{Surface, Wish};
use super::{Call, configs};
use crate::failure::{Failure, Outcome};
use crate::layout::{self, Layout, Place};
use crate::memory::Memory;
use crate::misuse;
use crate::plane::Format;
use crate::process;
use crate::sys::{self, VADRMPRIMESurfaceDescriptor};

const fn fourcc(name: &[u8; 4]) -> u32 {
    u32::from_le_bytes(*name)
}

/// DRM's format of the whole picture, and of each plane alone (drm_fourcc.h). VA names the bytes in memory order, DRM the
/// bits of a little-endian word.
fn drm_formats(format: Format) -> (u32, &'static [u32]) {
    const R8: u32 = fourcc(b"R8  ");
    const R16: u32 = fourcc(b"R16 ");
    const GR88: u32 = fourcc(b"GR88");
    const GR1616: u32 = fourcc(b"GR32");
    match format {
        Format::Nv12 => (fourcc(b"NV12"), &[R8, GR88]),
        Format::P010 => (fourcc(b"P010"), &[R16, GR1616]),
        Format::I420 => (fourcc(b"YU12"), &[R8, R8, R8]),
        Format::Yv12 => (fourcc(b"YV12"), &[R8, R8, R8]),
        Format::I444 => (fourcc(b"YU24"), &[R8, R8, R8]),
        Format::Y800 => (R8, &[R8]),
        Format::Yuy2 => (fourcc(b"YUYV"), const { &[fourcc(b"YUYV")] }),
        Format::Uyvy => (fourcc(b"UYVY"), const { &[fourcc(b"UYVY")] }),
        Format::Bgra => (fourcc(b"AR24"), const { &[fourcc(b"AR24")] }),
        Format::Bgrx => (fourcc(b"XR24"), const { &[fourcc(b"XR24")] }),
        Format::Rgba => (fourcc(b"AB24"), const { &[fourcc(b"AB24")] }),
        Format::Rgbx => (fourcc(b"XB24"), const { &[fourcc(b"XB24")] }),
        Format::Argb => (fourcc(b"BA24"), const { &[fourcc(b"BA24")] }),
        Format::Abgr => (fourcc(b"RA24"), const { &[fourcc(b"RA24")] }),
    }
}

/// What a client says about memory of its own.
struct Described {
    format: Format,
    size: (u32, u32),
    modifier: u64,
    fds: Vec<i32>,
    places: Vec<Place>,
}

/// A surface in a client's memory.
pub(super) fn import(
    call: &Call<'_>,
    format: Format,
    size: (u32, u32),
    wish: &Wish,
    index: usize,
) -> Outcome<Surface> {
    let Some(pointer) = wish.descriptor.filter(|pointer| !pointer.is_null()) else {
        return Err(Failure::parameter("the external buffer descriptor is missing"));
    };
    let described = if wish.memory == sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2 {
        // SAFETY: va_drmcommon.h: the pointer is to an array with a descriptor for each surface.
        let descriptor = unsafe { Out::new(pointer.cast::<VADRMPRIMESurfaceDescriptor>().add(index)) };
        describe_prime_2(&descriptor.get()?)?
    } else {
        // SAFETY: va.h: the pointer is to one descriptor for all surfaces.
        let descriptor = unsafe { Out::new(pointer.cast::<sys::VASurfaceAttribExternalBuffers>()) };
        describe_prime(&descriptor.get()?, index)?
    };
    if wish.fourcc.is_some() && described.format != format {
        let why = format!("the surface shall be {format:?}, the memory is {:?}", described.format);
        return Err(Failure::parameter(why));
    }
    if described.size.0 < size.0 || described.size.1 < size.1 {
        return Err(Failure::parameter(format!(
            "the surface shall be {size:?}, the memory is {:?}",
            described.size
        )));
    }
    if !configs::knows_modifier(call, described.modifier) {
        let why = format!("modifier {:#x}", described.modifier);
        return Err(Failure::parameter(why));
    }
    let mut layout = Layout {
        format: described.format,
        width: size.0,
        height: size.1,
        modifier: if described.modifier == layout::INVALID { layout::LINEAR } else { described.modifier },
        places: [Place::default(); 3],
        size: 0,
    };
    if described.places.len() < described.format.units().len() {
        return Err(Failure::parameter(format!(
            "{} planes for {:?}",
            described.places.len(),
            described.format
        )));
    }
    for (to, from) in layout.places.iter_mut().zip(&described.places) {
        *to = *from;
    }
    let mut objects = Vec::new();
    for (object, fd) in described.fds.iter().enumerate() {
        let needed =
            layout.needed(object).ok_or_else(|| Failure::parameter("a pitch is smaller than a row"))?;
        if *fd < 0 {
            return Err(Failure::parameter(format!("descriptor {fd}")));
        }
        // SAFETY: the client says that it is one; if it is not, the kernel says so.
        let fd = unsafe { BorrowedFd::borrow_raw(*fd) };
        let memory = Memory::import(fd, needed).map_err(|error| {
            if error.kind() == std::io::ErrorKind::InvalidInput {
                call.misuse(&misuse::IMPORT_BOUNDS, || error.to_string());
            }
            Failure::parameter(format!("the memory cannot be mapped: {error}"))
        })?;
        layout.size = layout.size.max(memory.len());
        objects.push(Arc::new(memory));
    }
    check_planes(&layout, &objects)?;
    process::one(&call.process.counters.imports);
    Ok(Surface::new(layout, objects))
}

/// Planes must be in objects that are there, and not in each other.
fn check_planes(layout: &Layout, objects: &[Arc<Memory>]) -> Outcome {
    for (at, (place, unit)) in layout.planes().enumerate() {
        if place.object >= objects.len() {
            return Err(Failure::parameter(format!("plane {at} is in object {}", place.object)));
        }
        let rows = unit.rows(layout.height);
        let end = place.offset + place.pitch * rows.saturating_sub(1) + unit.row_bytes(layout.width);
        let inside =
            |other: Place| other.object == place.object && (place.offset..end).contains(&other.offset);
        if layout.planes().enumerate().any(|(other_at, (other, _))| other_at != at && inside(other)) {
            return Err(Failure::parameter(format!("a plane begins within plane {at}")));
        }
    }
    Ok(())
}

fn describe_prime_2(descriptor: &VADRMPRIMESurfaceDescriptor) -> Outcome<Described> {
    let format = Format::of_fourcc(descriptor.fourcc)
        .ok_or_else(|| Failure::parameter(format!("fourcc {:#x}", descriptor.fourcc)))?;
    let (objects, layers) = (descriptor.num_objects as usize, descriptor.num_layers as usize);
    if !(1..=4).contains(&objects) || !(1..=4).contains(&layers) {
        return Err(Failure::parameter(format!("{objects} objects, {layers} layers")));
    }
    let mut places = Vec::new();
    for layer in &descriptor.layers[..layers] {
        for plane in 0..(layer.num_planes as usize).min(4) {
            places.push(Place {
                object: layer.object_index[plane] as usize,
                offset: layer.offset[plane] as usize,
                pitch: layer.pitch[plane] as usize,
            });
        }
    }
    let objects = &descriptor.objects[..objects];
    if objects.iter().any(|object| object.drm_format_modifier != objects[0].drm_format_modifier) {
        return Err(Failure::parameter("the objects have different modifiers"));
    }
    Ok(Described {
        format,
        size: (descriptor.width, descriptor.height),
        modifier: objects[0].drm_format_modifier,
        fds: objects.iter().map(|object| object.fd).collect(),
        places,
    })
}

fn describe_prime(descriptor: &sys::VASurfaceAttribExternalBuffers, index: usize) -> Outcome<Described> {
    let format = Format::of_fourcc(descriptor.pixel_format)
        .ok_or_else(|| Failure::parameter(format!("fourcc {:#x}", descriptor.pixel_format)))?;
    // SAFETY: the descriptor says how many there are.
    let buffers = unsafe { List::new(descriptor.buffers, descriptor.num_buffers) };
    let fd = buffers.iter().nth(index).ok_or_else(|| Failure::parameter("too few external buffers"))?;
    let planes = (descriptor.num_planes as usize).min(4);
    let place = |plane: usize| Place {
        object: 0,
        offset: descriptor.offsets[plane] as usize,
        pitch: descriptor.pitches[plane] as usize,
    };
    Ok(Described {
        format,
        size: (descriptor.width, descriptor.height),
        modifier: layout::LINEAR,
        fds: vec![i32::try_from(fd).map_err(|_| Failure::parameter("a descriptor is a small number"))?],
        places: (0..planes).map(place).collect(),
    })
}

impl Call<'_> {
    pub(super) fn export_surface(
        &self,
        id: u32,
        memory: u32,
        flags: u32,
        out: &Out<'_, VADRMPRIMESurfaceDescriptor>,
    ) -> Outcome {
        let surface = self.surface(id)?;
        if memory != sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2 {
            let why = format!("memory type {memory:#x}");
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE, why));
        }
        if out.is_null() {
            return Err(Failure::parameter("there is no place for the descriptor"));
        }
        let layout = surface.layout;
        let mut descriptor = VADRMPRIMESurfaceDescriptor {
            fourcc: layout.format.fourcc(),
            width: layout.width,
            height: layout.height,
            num_objects: surface.objects.len() as u32,
            ..VADRMPRIMESurfaceDescriptor::default()
        };
        let mut fds = Vec::new();
        for memory in &surface.objects {
            let failed = |error: std::io::Error| {
                Failure::new(sys::VA_STATUS_ERROR_OPERATION_FAILED, format!("export: {error}"))
            };
            fds.push(memory.export().map_err(failed)?);
        }
        for ((object, memory), fd) in descriptor.objects.iter_mut().zip(&surface.objects).zip(fds) {
            object.fd = fd.into_raw_fd();
            object.size = memory.len() as u32;
            object.drm_format_modifier = layout.modifier;
        }
        let (whole, parts) = drm_formats(layout.format);
        let separate = flags & sys::VA_EXPORT_SURFACE_SEPARATE_LAYERS != 0;
        descriptor.num_layers = if separate { parts.len() as u32 } else { 1 };
        for (at, (place, _)) in layout.planes().enumerate() {
            let (layer, plane) = if separate { (at, 0) } else { (0, at) };
            let layer = &mut descriptor.layers[layer];
            layer.drm_format = if separate { parts[at] } else { whole };
            layer.num_planes = plane as u32 + 1;
            layer.object_index[plane] = place.object as u32;
            layer.offset[plane] = place.offset as u32;
            layer.pitch[plane] = place.pitch as u32;
        }
        process::one(&self.process.counters.exports);
        out.set(descriptor)
    }
}
