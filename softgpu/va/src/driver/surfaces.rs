//! Surfaces.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::pointer::{List, Out};
use super::{Call, configs, share};
use crate::failure::{Failure, Outcome};
use crate::layout::{self, Layout};
use crate::memory::Memory;
use crate::misuse;
use crate::plane::{Format, Planes, PlanesMut};
use crate::sys::{self, VASurfaceAttrib};

/// A surface.
#[derive(Debug)]
pub(crate) struct Surface {
    pub(crate) layout: Layout,
    pub(crate) objects: Vec<Arc<Memory>>,
    /// Held while the driver reads or writes the pixels.
    lock: RwLock<()>,
    /// Pictures under way on it, from `vaBeginPicture` on.
    pub(crate) pictures: AtomicU32,
    /// Operations that the driver works on.
    pub(crate) busy: AtomicU32,
    /// Contexts that it was given to.
    pub(crate) contexts: AtomicU32,
}

impl Surface {
    pub(super) fn new(layout: Layout, objects: Vec<Arc<Memory>>) -> Self {
        Self {
            layout,
            objects,
            lock: RwLock::new(()),
            pictures: AtomicU32::new(0),
            busy: AtomicU32::new(0),
            contexts: AtomicU32::new(0),
        }
    }

    /// Where each plane's memory ends: where the next one in the same object begins.
    fn end(&self, plane: usize) -> usize {
        let own = self.layout.places[plane];
        let others = self.layout.planes().map(|(place, _)| place);
        others
            .filter(|place| place.object == own.object && place.offset > own.offset)
            .map(|place| place.offset)
            .min()
            .unwrap_or_else(|| self.objects[own.object].len())
    }

    /// Whether the memory, with the rows that pad it, has room for a picture.
    pub(crate) fn holds(&self, (width, height): (u32, u32)) -> bool {
        if width <= self.layout.width && height <= self.layout.height {
            return true;
        }
        self.layout.planes().enumerate().all(|(plane, (place, unit))| {
            let (bytes, rows) = (unit.row_bytes(width), unit.rows(height));
            bytes <= place.pitch && place.pitch * (rows - 1) + bytes <= self.end(plane) - place.offset
        })
    }

    /// Has the pixels read, linear.
    pub(crate) fn read<R>(&self, work: impl FnOnce(Planes<'_>) -> R) -> R {
        let _lock = self.lock.read().unwrap_or_else(PoisonError::into_inner);
        let mut data: [&[u8]; 3] = [&[]; 3];
        let mut strides = [0; 3];
        for (plane, (place, _)) in self.layout.planes().enumerate() {
            // SAFETY: the driver's writers are kept away by the lock.
            data[plane] = unsafe { &self.objects[place.object].bytes()[place.offset..self.end(plane)] };
            strides[plane] = place.pitch;
        }
        let Layout { format, width, height, modifier, .. } = self.layout;
        if modifier != layout::TILED {
            return work(Planes { format, width, height, data, strides });
        }
        let linear = [0, 1, 2].map(|plane| {
            let mut linear = vec![0; data[plane].len()];
            if !linear.is_empty() {
                layout::untile(data[plane], &mut linear, strides[plane]);
            }
            linear
        });
        let data = [&linear[0][..], &linear[1], &linear[2]];
        work(Planes { format, width, height, data, strides })
    }

    /// Has the pixels written, linear.
    pub(crate) fn write<R>(&self, work: impl FnOnce(&mut PlanesMut<'_>) -> R) -> Outcome<R> {
        let _lock = self.lock.write().unwrap_or_else(PoisonError::into_inner);
        let mut data: [&mut [u8]; 3] = [&mut [], &mut [], &mut []];
        let mut strides = [0; 3];
        for (plane, (place, _)) in self.layout.planes().enumerate() {
            let object = &self.objects[place.object];
            if !object.is_writable() {
                let why = "the surface's memory is read-only";
                return Err(Failure::new(sys::VA_STATUS_ERROR_OPERATION_FAILED, why));
            }
            let len = self.end(plane) - place.offset;
            // SAFETY: the driver's other users are kept away by the lock; `place` was checked to lie within the object
            // when the surface was made, and planes end where the next begins, so that no two slices overlap.
            data[plane] = unsafe { std::slice::from_raw_parts_mut(object.address().add(place.offset), len) };
            strides[plane] = place.pitch;
        }
        let Layout { format, width, height, modifier, .. } = self.layout;
        if modifier != layout::TILED {
            return Ok(work(&mut PlanesMut { format, width, height, data, strides }));
        }
        let mut linear = [0, 1, 2].map(|plane| {
            let mut linear = vec![0; data[plane].len()];
            if !linear.is_empty() {
                layout::untile(data[plane], &mut linear, strides[plane]);
            }
            linear
        });
        let [a, b, c] = &mut linear;
        let result = work(&mut PlanesMut { format, width, height, data: [a, b, c], strides });
        for plane in 0..3 {
            if !linear[plane].is_empty() {
                layout::tile(&linear[plane], data[plane], strides[plane]);
            }
        }
        Ok(result)
    }
}

/// What the client asks of new surfaces.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) fourcc: Option<u32>,
    pub(super) memory: u32,
    pub(super) descriptor: Option<*mut std::ffi::c_void>,
    pub(super) modifiers: Option<Vec<u64>>,
}

impl Wish {
    fn read(attributes: &List<'_, VASurfaceAttrib>) -> Self {
        let mut wish = Self::default();
        // va.h: attributes that are not marked settable are not the client's wish.
        for attribute in attributes.iter().filter(|one| one.flags & sys::VA_SURFACE_ATTRIB_SETTABLE != 0) {
            // SAFETY: every pattern of bits is a number and a pointer.
            let (number, pointer) =
                unsafe { (attribute.value.value.i.cast_unsigned(), attribute.value.value.p) };
            match attribute.type_ {
                sys::VASurfaceAttribPixelFormat => wish.fourcc = Some(number),
                sys::VASurfaceAttribMemoryType => wish.memory = number,
                sys::VASurfaceAttribExternalBufferDescriptor => wish.descriptor = Some(pointer),
                sys::VASurfaceAttribDRMFormatModifiers => {
                    // SAFETY: va_drmcommon.h: the pointer is to such a list.
                    let list = unsafe { Out::new(pointer.cast::<sys::VADRMFormatModifierList>()) };
                    let values = list.get().map(|list| {
                        // SAFETY: the list says how many there are.
                        unsafe { List::new(list.modifiers, list.num_modifiers) }.iter().collect()
                    });
                    wish.modifiers = Some(values.unwrap_or_default());
                }
                _ => {}
            }
        }
        wish
    }
}

impl Call<'_> {
    pub(super) fn create_surfaces(
        &self,
        rt_format: u32,
        (width, height): (u32, u32),
        ids: &List<'_, u32>,
        attributes: &List<'_, VASurfaceAttrib>,
    ) -> Outcome {
        let wish = Wish::read(attributes);
        let max = self.driver.profile.surface.max;
        if width == 0 || height == 0 || ids.len() == 0 {
            return Err(Failure::parameter(format!("{} surfaces of {width}x{height}", ids.len())));
        }
        if width > max[0] || height > max[1] {
            let why = format!("{width}x{height}, at most {}x{}", max[0], max[1]);
            return Err(Failure::new(sys::VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED, why));
        }
        let format = self.surface_format(rt_format, wish.fourcc)?;
        let mut made = Vec::with_capacity(ids.len());
        for index in 0..ids.len() {
            let made_one = self.make_surface(format, (width, height), &wish, index).and_then(|surface| {
                let id = self.add(&self.driver.surfaces, Arc::new(surface))?;
                made.push(id);
                ids.put(index, id)
            });
            if let Err(failure) = made_one {
                for id in made {
                    let _ = self.driver.surfaces.remove(id);
                }
                return Err(failure);
            }
        }
        Ok(())
    }

    fn surface_format(&self, rt_format: u32, fourcc: Option<u32>) -> Outcome<Format> {
        let caps = &self.driver.caps;
        match fourcc {
            Some(fourcc) => {
                Format::of_fourcc(fourcc)
                    .filter(|format| caps.formats(u32::MAX).any(|known| known == *format))
                    .ok_or_else(|| {
                        // iHD and Mesa answer so to pixel formats that they do not have.
                        let why = format!("surfaces of {:?}", fourcc.to_le_bytes().map(char::from));
                        Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT, why)
                    })
            }
            None => caps.formats(rt_format).next().ok_or_else(|| {
                let why = format!("surfaces of RT format {rt_format:#x}");
                Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT, why)
            }),
        }
    }

    fn make_surface(&self, format: Format, size: (u32, u32), wish: &Wish, index: usize) -> Outcome<Surface> {
        match wish.memory {
            0 | sys::VA_SURFACE_ATTRIB_MEM_TYPE_VA => {}
            sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME | sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2 => {
                return share::import(self, format, size, wish, index);
            }
            other => {
                let why = format!("memory type {other:#x}");
                return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE, why));
            }
        }
        let modifier = match &wish.modifiers {
            None => layout::LINEAR,
            Some(list) => {
                let known = list.iter().copied().filter(|modifier| configs::knows_modifier(self, *modifier));
                // The tiled one is the best, as with real devices.
                known.max_by_key(|modifier| *modifier == layout::TILED).ok_or_else(|| {
                    Failure::new(
                        sys::VA_STATUS_ERROR_ATTR_NOT_SUPPORTED,
                        format!("none of the modifiers {list:x?}"),
                    )
                })?
            }
        };
        let modifier = if modifier == layout::INVALID { layout::LINEAR } else { modifier };
        let surface = &self.driver.profile.surface;
        let layout = Layout::new(format, size, (surface.pitch_align, surface.height_align), modifier);
        let memory = Memory::new(layout.size)
            .map_err(|error| Failure::new(sys::VA_STATUS_ERROR_ALLOCATION_FAILED, error.to_string()))?;
        Ok(Surface::new(layout, vec![Arc::new(memory)]))
    }

    pub(super) fn destroy_surfaces(&self, ids: &List<'_, u32>) -> Outcome {
        let mut result = Ok(());
        for id in ids.iter() {
            let surface = match self.surface(id) {
                Ok(surface) => surface,
                Err(failure) => {
                    result = Err(failure);
                    continue;
                }
            };
            if surface.pictures.load(Ordering::Relaxed) > 0 {
                self.misuse(&misuse::SURFACE_IN_USE, || format!("surface {id:#x}"));
            }
            if surface.contexts.load(Ordering::Relaxed) > 0 {
                self.misuse(&misuse::SURFACE_OF_CONTEXT, || format!("surface {id:#x}"));
            }
            // What is under way keeps its memory.
            let _ = self.driver.surfaces.remove(id);
        }
        result
    }
}
