//! Images: pictures that the client reads and writes.

use std::sync::{Arc, Mutex, PoisonError};

use super::buffers::Buffer;
use super::display;
use super::pointer::Out;
use super::surfaces::Surface;
use super::{Call, IMAGE};
use crate::failure::{Failure, Outcome};
use crate::layout::{self, Layout};
use crate::library;
use crate::memory::Memory;
use crate::misuse;
use crate::plane::{Format, Planes, PlanesMut};
use crate::process;
use crate::sys;

/// An image: its memory seen as a surface, so that both are read and written alike.
#[derive(Debug)]
pub(crate) struct Image {
    pixels: Arc<Surface>,
    memory: Arc<Memory>,
    buffer: u32,
    derived: bool,
}

/// Memory of destroyed images: a client that makes one per picture shall not pay for fresh pages each time.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Arc<Memory>>>);

impl Spare {
    const MOST: usize = 8;

    fn take(&self, len: usize) -> Option<Arc<Memory>> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = spare.iter().position(|memory| memory.len() >= len && memory.len() < len + (64 << 10))?;
        Some(spare.swap_remove(at))
    }

    fn give(&self, memory: Arc<Memory>) {
        if memory.is_shared() || Arc::strong_count(&memory) > 1 {
            return;
        }
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() == Self::MOST {
            spare.remove(0);
        }
        spare.push(memory);
    }
}

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    /// As unsigned numbers, when it lies within a picture.
    fn within(self, width: u32, height: u32) -> Option<[u32; 4]> {
        let (x, y) = (u32::try_from(self.x).ok()?, u32::try_from(self.y).ok()?);
        let fits = x.checked_add(self.width)? <= width && y.checked_add(self.height)? <= height;
        fits.then_some([x, y, self.width, self.height])
    }
}

impl Call<'_> {
    pub(super) fn create_image(
        &self,
        format: &Out<'_, sys::VAImageFormat>,
        width: i32,
        height: i32,
        out: &Out<'_, sys::VAImage>,
    ) -> Outcome {
        let wanted = format.get()?;
        let known = Format::of_fourcc(wanted.fourcc).ok_or_else(|| {
            Failure::new(sys::VA_STATUS_ERROR_INVALID_IMAGE_FORMAT, format!("fourcc {:#x}", wanted.fourcc))
        })?;
        let side = |side: i32| u32::try_from(side).ok().filter(|side| (1..=0xffff).contains(side));
        let (Some(width), Some(height)) = (side(width), side(height)) else {
            return Err(Failure::parameter(format!("an image of {width}x{height}")));
        };
        let align = self.driver.profile.surface.pitch_align;
        let layout = Layout::new(known, (width, height), (align, 2), layout::LINEAR);
        let memory =
            match self.driver.spare.take(layout.size) {
                Some(memory) => memory,
                None => Arc::new(Memory::new(layout.size).map_err(|error| {
                    Failure::new(sys::VA_STATUS_ERROR_ALLOCATION_FAILED, error.to_string())
                })?),
            };
        let pixels = Arc::new(Surface::new(layout, vec![memory.clone()]));
        self.add_image(Image { pixels, memory, buffer: 0, derived: false }, out)
    }

    pub(super) fn derive_image(&self, id: u32, out: &Out<'_, sys::VAImage>) -> Outcome {
        let surface = self.surface(id)?;
        let refused = |why: &str| Err(Failure::new(sys::VA_STATUS_ERROR_OPERATION_FAILED, why));
        if surface.layout.modifier != layout::LINEAR {
            return refused("the surface is tiled: its memory is no image");
        }
        let [memory] = &surface.objects[..] else {
            return refused("the surface lies in more than one object");
        };
        let memory = memory.clone();
        process::one(&self.process.counters.derived_images);
        self.add_image(Image { pixels: surface, memory, buffer: 0, derived: true }, out)
    }

    fn add_image(&self, mut image: Image, out: &Out<'_, sys::VAImage>) -> Outcome {
        if out.is_null() {
            return Err(Failure::parameter("there is no place for the image"));
        }
        let layout = image.pixels.layout;
        let buffer = Arc::new(Buffer::of_image(image.memory.clone()));
        image.buffer = self.add(&self.driver.image_buffers, buffer)?;
        let mut described = sys::VAImage {
            buf: image.buffer,
            format: display::image_format(layout.format),
            width: layout.width as u16,
            height: layout.height as u16,
            data_size: image.memory.len() as u32,
            num_planes: layout.format.units().len() as u32,
            ..sys::VAImage::default()
        };
        for (at, (place, _)) in layout.planes().enumerate() {
            described.pitches[at] = place.pitch as u32;
            described.offsets[at] = place.offset as u32;
        }
        described.image_id = self.add(&self.driver.images, Arc::new(image))?;
        debug_assert_eq!(described.image_id >> 28, IMAGE);
        out.set(described)
    }

    pub(super) fn destroy_image(&self, id: u32) -> Outcome {
        let image = self.image(id)?;
        if let Ok(buffer) = self.driver.image_buffers.get(image.buffer)
            && buffer.state().mapped > 0
        {
            self.misuse(&misuse::STILL_MAPPED, || format!("image {id:#x} destroyed"));
        }
        let _ = self.driver.image_buffers.remove(image.buffer);
        let _ = self.driver.images.remove(id);
        if let Ok(image) = Arc::try_unwrap(image)
            && !image.derived
        {
            drop(image.pixels);
            self.driver.spare.give(image.memory);
        }
        Ok(())
    }

    pub(super) fn get_image(&self, surface: u32, area: Area, image: u32) -> Outcome {
        let (surface, image) = (self.surface(surface)?, self.image(image)?);
        self.driver.idle.wait(&surface.busy, u64::MAX)?;
        let whole = Area { x: 0, y: 0, ..area };
        let bytes = self.copy(&surface, area, &image.pixels, whole)?;
        process::one(&self.process.counters.get_images);
        self.count_bytes(bytes);
        Ok(())
    }

    pub(super) fn put_image(&self, surface: u32, image: u32, from: Area, to: Area) -> Outcome {
        let (surface, image) = (self.surface(surface)?, self.image(image)?);
        self.driver.idle.wait(&surface.busy, u64::MAX)?;
        let bytes = self.copy(&image.pixels, from, &surface, to)?;
        process::one(&self.process.counters.put_images);
        self.count_bytes(bytes);
        Ok(())
    }

    fn count_bytes(&self, bytes: u64) {
        self.process.counters.cpu_bytes.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    }

    /// Copies a part of a picture; converts whole ones.
    pub(super) fn copy(
        &self,
        source: &Arc<Surface>,
        from: Area,
        target: &Arc<Surface>,
        to: Area,
    ) -> Outcome<u64> {
        if Arc::ptr_eq(source, target) {
            return Err(Failure::parameter("the image is the surface's own memory"));
        }
        let inside = |area: Area, surface: &Surface| {
            area.within(surface.layout.width, surface.layout.height).ok_or_else(|| {
                self.misuse(&misuse::RECTANGLE, || format!("{area:?}"));
                Failure::parameter(format!("{area:?} is not inside"))
            })
        };
        let (from, to) = (inside(from, source)?, inside(to, target)?);
        let same_format = source.layout.format == target.layout.format;
        if from[2..] != to[2..] && same_format {
            // Mesa's image.c has no scaling either.
            return Err(Failure::parameter("images are not scaled"));
        }
        source.read(|source| {
            target.write(|target| {
                if same_format {
                    return copy_area(
                        &source,
                        [from[0], from[1]],
                        target,
                        [to[0], to[1]],
                        [from[2], from[3]],
                    );
                }
                let whole =
                    [source.width, source.height] == from[2..] && [target.width, target.height] == to[2..];
                if !whole {
                    return Err(Failure::parameter("parts of pictures are not converted"));
                }
                library::scale(&source, (1, false), target, (1, false))?;
                Ok(u64::from(target.width) * u64::from(target.height) * 3 / 2)
            })
        })?
    }
}

/// Copies a part of a picture to one of the same format. Bytes copied.
fn copy_area(
    source: &Planes<'_>,
    from: [u32; 2],
    target: &mut PlanesMut<'_>,
    to: [u32; 2],
    size: [u32; 2],
) -> Outcome<u64> {
    let outside = || Failure::parameter("the memory ends before the picture does");
    let mut copied = 0;
    for (plane, unit) in source.format.units().iter().enumerate() {
        let bytes = unit.row_bytes(size[0]);
        let column = |x: u32| (x / unit.across * unit.bytes) as usize;
        for y in 0..unit.rows(size[1]) {
            let source_at = ((from[1] / unit.down) as usize + y) * source.strides[plane] + column(from[0]);
            let target_at = ((to[1] / unit.down) as usize + y) * target.strides[plane] + column(to[0]);
            let row = source.data[plane].get(source_at..source_at + bytes).ok_or_else(outside)?;
            let place = target.data[plane].get_mut(target_at..target_at + bytes).ok_or_else(outside)?;
            place.copy_from_slice(row);
            copied += bytes as u64;
        }
    }
    Ok(copied)
}
