//! [`Frame`]: a picture or a block of sound, reference-counted.

use std::any::Any;
use std::fmt;
use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Color, Matrix, PixelFormat, Primaries, Range, Transfer, buffer, error, timestamp};
use crate::error::{Code, Error, Result};

/// An AVFrame. Cloning with [`Frame::try_clone`] shares the pixels; writing needs the only reference.
pub struct Frame(NonNull<ff::AVFrame>);

// SAFETY: buffers are counted atomically, and a shared Frame gives read access only: every mutation needs `&mut`,
// and pixels are written only while no other reference exists (`plane_mut`).
unsafe impl Send for Frame {}
// SAFETY: as above.
unsafe impl Sync for Frame {}

impl Frame {
    /// A frame without content, for [`Decoder::receive`](super::Decoder::receive) and its like to fill.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn empty() -> Result<Self> {
        // SAFETY: no arguments; null means no memory.
        error::alloc(unsafe { ff::av_frame_alloc() }, "a frame").map(Frame)
    }

    /// A picture with memory of its own, content undefined.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for an empty size, [`Code::OutOfMemory`].
    pub fn picture(format: PixelFormat, width: u32, height: u32) -> Result<Self> {
        let (w, h) = buffer::size(width, height)?;
        let frame = Frame::empty()?;
        // SAFETY: the frame is blank and ours; get_buffer reads the three fields and allocates to match.
        let ret = unsafe {
            let f = frame.0.as_ptr();
            (*f).format = format.raw();
            (*f).width = w;
            (*f).height = h;
            ff::av_frame_get_buffer(f, 0)
        };
        error::check(ret, Code::OutOfMemory, &format!("no memory for a {width}x{height} {format} picture"))?;
        Ok(frame)
    }

    /// A picture over memory that `owner` keeps alive: no byte is copied. `planes` gives, for each plane, its bytes
    /// and its stride in bytes; they must lie inside what `owner` holds.
    ///
    /// # Safety
    /// Every plane must stay readable and unchanged until `owner` is dropped, which happens on any thread when the
    /// last reference to the picture is gone.
    pub(crate) unsafe fn from_memory(
        format: PixelFormat,
        width: u32,
        height: u32,
        planes: &[(*const u8, usize, usize)],
        owner: Box<dyn Any + Send>,
    ) -> Result<Self> {
        let (w, h) = buffer::size(width, height)?;
        let frame = Frame::empty()?;
        let (first, len, _) = planes[0];
        // SAFETY: the caller's word for the memory; the frame takes over the buffer reference.
        unsafe {
            let f = &mut *frame.0.as_ptr();
            f.buf[0] = buffer::wrap(first, len, owner)?.as_ptr();
            f.format = format.raw();
            f.width = w;
            f.height = h;
            for (i, (data, _, stride)) in planes.iter().enumerate() {
                f.data[i] = data.cast_mut();
                f.linesize[i] = *stride as i32;
            }
            f.extended_data = f.data.as_mut_ptr();
        }
        Ok(frame)
    }

    /// A picture over pixels that it owns from now on: no byte is copied, none is ever written. `planes` gives where
    /// each plane begins in `owner` and its stride in bytes; the caller has checked that they lie inside.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] when a plane begins outside, [`Code::OutOfMemory`].
    pub(crate) fn from_owned<T: AsRef<[u8]> + Send + 'static>(
        format: PixelFormat,
        width: u32,
        height: u32,
        owner: Box<T>,
        planes: &[(usize, usize)],
    ) -> Result<Self> {
        let bytes = (*owner).as_ref();
        let mut pointers = Vec::with_capacity(planes.len());
        for (plane, &(offset, stride)) in planes.iter().enumerate() {
            let rows = format.rows(plane, height);
            let needed =
                stride.checked_mul(rows.saturating_sub(1)).map(|n| n + format.row_bytes(plane, width));
            match bytes.get(offset..).zip(needed) {
                Some((rest, needed)) if rest.len() >= needed => {
                    pointers.push((rest.as_ptr(), rest.len(), stride))
                }
                _ => {
                    return Err(Error::new(
                        Code::PictureInvalid,
                        format!("plane {plane} lies outside the pixels"),
                    ));
                }
            }
        }
        // SAFETY: the slice was lent by the boxed owner, which nobody else can reach any more and which moves no
        // more; every plane was checked to lie inside.
        unsafe { Self::from_memory(format, width, height, &pointers, owner) }
    }

    /// [`Frame::from_owned`] for planes that lie apart, each with an owner of its own; the caller has checked that each holds
    /// what the format and size ask for.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] when one does not, [`Code::OutOfMemory`].
    pub(crate) fn from_owned_planes<T: AsRef<[u8]> + Send + 'static>(
        format: PixelFormat,
        width: u32,
        height: u32,
        planes: Vec<(Box<T>, usize)>,
    ) -> Result<Self> {
        let (w, h) = buffer::size(width, height)?;
        let frame = Frame::empty()?;
        // SAFETY: the frame is blank and ours.
        unsafe {
            let f = &mut *frame.0.as_ptr();
            f.format = format.raw();
            f.width = w;
            f.height = h;
            f.extended_data = f.data.as_mut_ptr();
        }
        for (plane, (owner, stride)) in planes.into_iter().enumerate().take(format.planes()) {
            let bytes = (*owner).as_ref();
            let rows = format.rows(plane, height).saturating_sub(1);
            let needed = stride.checked_mul(rows).map(|n| n + format.row_bytes(plane, width));
            if needed.is_none_or(|needed| bytes.len() < needed) || i32::try_from(stride).is_err() {
                return Err(Error::new(Code::PictureInvalid, format!("plane {plane} is too short")));
            }
            let (data, len) = (bytes.as_ptr(), bytes.len());
            // SAFETY: the slice was lent by the boxed owner, which nobody else can reach any more and which moves no more; it
            // was checked to hold the plane. The frame takes over the reference, and releases it when it is dropped.
            unsafe {
                let f = &mut *frame.0.as_ptr();
                f.buf[plane] = buffer::wrap(data, len, owner)?.as_ptr();
                f.data[plane] = data.cast_mut();
                f.linesize[plane] = stride as i32;
            }
        }
        Ok(frame)
    }

    /// The pixels lie as encoders read them: whole rows to the last one (SVT-AV1 1.4 copies all of it, padding too),
    /// and samples of two bytes at even addresses. Memory of callers need not.
    pub(crate) fn suits_encoders(&self) -> bool {
        let (f, format) = (self.get(), self.format());
        let sample = usize::from(format.bit_depth()).div_ceil(8).max(1);
        (0..format.planes()).all(|plane| {
            let (start, stride) = (f.data[plane] as usize, f.linesize[plane]);
            if stride < 0 {
                return true; // bottom-up: libav's own making
            }
            let end = start + stride as usize * format.rows(plane, self.height());
            let holds = |buffer: &*mut ff::AVBufferRef| {
                // SAFETY: null or a live reference.
                unsafe { buffer.as_ref() }.is_some_and(|b| {
                    (b.data as usize..=b.data as usize + b.size).contains(&end) && b.data as usize <= start
                })
            };
            (start | stride as usize).is_multiple_of(sample) && f.buf.iter().any(holds)
        })
    }

    /// Another reference to the same pixels.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn try_clone(&self) -> Result<Self> {
        // SAFETY: a live frame; the clone holds references of its own.
        error::alloc(unsafe { ff::av_frame_clone(self.0.as_ptr()) }, "a frame").map(Frame)
    }

    /// Makes this frame refer to what `other` refers to, in the same shell: no allocation but libav's references.
    pub(crate) fn refer_to(&mut self, other: &Frame) -> Result<()> {
        self.release();
        // SAFETY: ours is blank, `other` is alive.
        let ret = unsafe { ff::av_frame_ref(self.0.as_ptr(), other.0.as_ptr()) };
        error::check(ret, Code::OutOfMemory, "no memory for a reference to a picture").map(drop)
    }

    /// Releases the content; the shell can be filled again.
    pub(crate) fn release(&mut self) {
        // SAFETY: ours.
        unsafe { ff::av_frame_unref(self.0.as_ptr()) };
    }

    /// Pixel format; meaningless for sound.
    pub fn format(&self) -> PixelFormat {
        PixelFormat::from_raw(self.get().format)
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.get().width.max(0) as u32
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.get().height.max(0) as u32
    }

    /// Presentation time in the time base of whoever made the frame.
    pub fn pts(&self) -> Option<i64> {
        timestamp(self.get().pts)
    }

    /// Sets the presentation time.
    pub fn set_pts(&mut self, pts: Option<i64>) {
        self.get_mut().pts = pts.unwrap_or(super::NO_PTS);
    }

    /// The decoder's best guess of the presentation time, where the container gave none.
    pub(crate) fn best_pts(&self) -> Option<i64> {
        timestamp(self.get().best_effort_timestamp).or(self.pts())
    }

    /// Duration in the same time base; 0 where unknown.
    pub fn duration(&self) -> i64 {
        #[cfg(ffmpeg_6_0)]
        return self.get().duration;
        #[cfg(not(ffmpeg_6_0))]
        return self.get().pkt_duration;
    }

    /// Sets the duration; 0 for unknown.
    pub fn set_duration(&mut self, duration: i64) {
        #[cfg(ffmpeg_6_0)]
        {
            self.get_mut().duration = duration;
        }
        #[cfg(not(ffmpeg_6_0))]
        {
            self.get_mut().pkt_duration = duration;
        }
    }

    /// Samples per channel, for sound.
    pub fn samples(&self) -> u32 {
        self.get().nb_samples.max(0) as u32
    }

    /// The frame holds something.
    pub fn has_content(&self) -> bool {
        let f = self.get();
        !f.data[0].is_null() || !f.buf[0].is_null()
    }

    /// Lives on a device.
    pub fn is_hardware(&self) -> bool {
        !self.get().hw_frames_ctx.is_null()
    }

    /// The decoder marked the picture as damaged, or concealed an error in it.
    pub fn is_corrupt(&self) -> bool {
        let f = self.get();
        f.flags & ff::AV_FRAME_FLAG_CORRUPT as i32 != 0 || f.decode_error_flags != 0
    }

    /// The shape of a pixel, 1:1 for square ones; 0 numerator where unknown.
    pub fn sample_aspect_ratio(&self) -> super::Rational {
        super::Rational::from_av(self.get().sample_aspect_ratio)
    }

    /// Range, primaries, transfer, matrix.
    pub fn color(&self) -> Color {
        let f = self.0.as_ptr();
        // SAFETY: the fields are C enums of 32 bits; read as numbers, so that a value unknown to the bindings is
        // no undefined behaviour.
        unsafe {
            Color {
                range: Range(read_enum(&raw const (*f).color_range)),
                primaries: Primaries(read_enum(&raw const (*f).color_primaries)),
                transfer: Transfer(read_enum(&raw const (*f).color_trc)),
                matrix: Matrix(read_enum(&raw const (*f).colorspace)),
            }
        }
    }

    /// Sets range, primaries, transfer, matrix. No pixel changes.
    pub fn set_color(&mut self, color: Color) {
        let f = self.0.as_ptr();
        // SAFETY: as in `color`.
        unsafe {
            write_enum(&raw mut (*f).color_range, color.range.0);
            write_enum(&raw mut (*f).color_primaries, color.primaries.0);
            write_enum(&raw mut (*f).color_trc, color.transfer.0);
            write_enum(&raw mut (*f).colorspace, color.matrix.0);
        }
    }

    /// Where chroma samples lie, as `AVChromaLocation` numbers it.
    pub(crate) fn chroma_location(&self) -> u8 {
        let f = self.0.as_ptr();
        // SAFETY: as in `color`.
        unsafe { read_enum(&raw const (*f).chroma_location) }
    }

    /// Asks the encoder for an IDR at this picture, or leaves the choice to it.
    pub(crate) fn set_force_key(&mut self, force: bool) {
        self.get_mut().pict_type = if force {
            ff::AVPictureType::AV_PICTURE_TYPE_I
        } else {
            ff::AVPictureType::AV_PICTURE_TYPE_NONE
        };
    }

    /// Bytes between the starts of two rows of a plane; negative for bottom-up pictures.
    pub fn stride(&self, plane: usize) -> isize {
        self.get().linesize.get(plane).map_or(0, |&s| s as isize)
    }

    /// The bytes of a plane, rows `stride` apart; `None` for device frames, bottom-up pictures and planes that the
    /// format does not have. The last row ends with its last pixel.
    pub fn plane(&self, plane: usize) -> Option<&[u8]> {
        let (data, len) = self.plane_raw(plane)?;
        // SAFETY: libav's buffers hold `stride` bytes for every row but the last, which has at least the row's own.
        Some(unsafe { std::slice::from_raw_parts(data, len) })
    }

    /// The bytes of a plane, for writing.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] when the pixels are shared or read-only (call [`Frame::make_writable`] first), on a
    /// device, or the plane does not exist.
    pub fn plane_mut(&mut self, plane: usize) -> Result<&mut [u8]> {
        if !self.is_writable() {
            return Err(Error::new(Code::PictureInvalid, "the picture is shared and cannot be written")
                .with_remedy("call make_writable() first; it copies when it must"));
        }
        let (data, len) = self.plane_raw(plane).ok_or_else(|| {
            Error::new(Code::PictureInvalid, format!("{} has no plane {plane} in memory", self.format()))
        })?;
        // SAFETY: as in `plane`, and `is_writable` says that this is the only reference.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, len) })
    }

    /// The first `N` planes for writing at once, each with its last row whole: memory that libav allocated has it.
    pub(crate) fn planes_mut<const N: usize>(&mut self) -> Result<[&mut [u8]; N]> {
        if !self.is_writable() || self.format().planes() < N {
            return Err(Error::new(Code::Internal, "the picture has no such planes to write"));
        }
        let (format, height) = (self.format(), self.height());
        let f = self.get_mut();
        // SAFETY: this is the only reference to memory that libav or our pool allocated (memory of callers is
        // read-only), where planes do not overlap and every row has `linesize` bytes.
        Ok(std::array::from_fn(|plane| unsafe {
            let len = f.linesize[plane] as usize * format.rows(plane, height);
            std::slice::from_raw_parts_mut(f.data[plane], len)
        }))
    }

    /// The same of samples of two bytes.
    pub(crate) fn planes_mut_16<const N: usize>(&mut self) -> Result<[&mut [u16]; N]> {
        let mut aligned = true;
        let planes = self.planes_mut::<N>()?.map(|bytes| {
            // SAFETY: any two bytes are a u16.
            let (before, samples, after) = unsafe { bytes.align_to_mut::<u16>() };
            aligned &= before.is_empty() && after.is_empty();
            samples
        });
        match aligned {
            true => Ok(planes),
            false => Err(Error::new(Code::Internal, "samples of two bytes lie at odd addresses")),
        }
    }

    /// Calls the same pixels by another name.
    pub(crate) fn set_format(&mut self, format: PixelFormat) {
        self.get_mut().format = format.raw();
    }

    /// This is the only reference to the pixels, and they are not read-only.
    pub fn is_writable(&self) -> bool {
        // SAFETY: a live frame, only read despite the signature.
        unsafe { ff::av_frame_is_writable(self.0.as_ptr()) > 0 }
    }

    /// Copies the pixels where they are shared or read-only, so that they can be written. Says whether it copied.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`]; [`Code::PictureInvalid`] for frames without content.
    pub fn make_writable(&mut self) -> Result<bool> {
        let copies = !self.is_writable();
        // SAFETY: ours.
        let ret = unsafe { ff::av_frame_make_writable(self.0.as_ptr()) };
        error::check(ret, Code::PictureInvalid, "the picture cannot be made writable")?;
        Ok(copies)
    }

    /// Bytes that the pixels take without padding.
    pub fn byte_len(&self) -> usize {
        let format = self.format();
        (0..format.planes()).map(|p| format.row_bytes(p, self.width()) * format.rows(p, self.height())).sum()
    }

    fn plane_raw(&self, plane: usize) -> Option<(*mut u8, usize)> {
        let format = self.format();
        if plane >= format.planes() {
            return None;
        }
        let f = self.get();
        let stride = usize::try_from(f.linesize[plane]).ok()?;
        let rows = format.rows(plane, self.height());
        let row = format.row_bytes(plane, self.width());
        let data = f.data[plane];
        (!data.is_null() && rows > 0).then(|| (data, stride * (rows - 1) + row))
    }

    pub(crate) fn as_ptr(&self) -> *mut ff::AVFrame {
        self.0.as_ptr()
    }

    pub(crate) fn get(&self) -> &ff::AVFrame {
        // SAFETY: alive as long as self.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn get_mut(&mut self) -> &mut ff::AVFrame {
        // SAFETY: alive as long as self, and borrowed exclusively.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut frame = self.0.as_ptr();
        // SAFETY: ours; frees the shell and drops our references.
        unsafe { ff::av_frame_free(&mut frame) };
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{} {} pts {:?})", self.width(), self.height(), self.format(), self.pts())
    }
}

/// Reads a 32-bit C enum as a small number; what does not fit is 0, which no field uses for a real meaning.
///
/// # Safety
/// `field` must point to a readable C enum of 32 bits.
pub(super) unsafe fn read_enum<T>(field: *const T) -> u8 {
    const { assert!(size_of::<T>() == 4) };
    // SAFETY: the caller's word, and the size is checked above.
    u8::try_from(unsafe { ptr::read(field.cast::<u32>()) }).unwrap_or(0)
}

/// Writes a 32-bit C enum as a number.
///
/// # Safety
/// `field` must point to a writable C enum of 32 bits, which nobody reads as a Rust enum before C has checked it.
pub(super) unsafe fn write_enum<T>(field: *mut T, value: u8) {
    const { assert!(size_of::<T>() == 4) };
    // SAFETY: the caller's word, and the size is checked above.
    unsafe { ptr::write(field.cast::<u32>(), u32::from(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_needs_the_only_reference() {
        let mut a = Frame::picture(PixelFormat::NV12, 64, 32).unwrap();
        a.plane_mut(0).unwrap().fill(7);
        let b = a.try_clone().unwrap();
        assert_eq!(a.plane_mut(0).unwrap_err().code(), Code::PictureInvalid);
        assert!(a.make_writable().unwrap());
        a.plane_mut(0).unwrap()[0] = 9;
        assert_eq!((a.plane(0).unwrap()[0], b.plane(0).unwrap()[0]), (9, 7));
        assert!(!a.make_writable().unwrap());
    }

    #[test]
    fn memory_of_the_caller_is_released_once_and_never_written() {
        struct Owner(Vec<u8>, std::sync::Arc<std::sync::atomic::AtomicUsize>);
        impl Drop for Owner {
            fn drop(&mut self) {
                self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let drops = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let owner = Owner(vec![5; 64 * 32 * 4], drops.clone());
        let data = owner.0.as_ptr();
        // SAFETY: the Vec's memory does not move when the Owner does, and lives as long.
        let frame = unsafe {
            Frame::from_memory(PixelFormat::BGRA, 64, 32, &[(data, 64 * 32 * 4, 256)], Box::new(owner))
                .unwrap()
        };
        assert!(!frame.is_writable());
        let mut other = frame.try_clone().unwrap();
        drop(frame);
        assert_eq!(drops.load(std::sync::atomic::Ordering::SeqCst), 0);
        assert!(other.make_writable().unwrap());
        assert_eq!(drops.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert_eq!(other.plane(0).unwrap()[0], 5);
    }

    #[test]
    fn pools_give_unshared_pictures_and_take_them_back() {
        let pool = buffer::FramePool::new(PixelFormat::I420, 641, 271).unwrap();
        let (mut a, mut b) = (Frame::empty().unwrap(), Frame::empty().unwrap());
        pool.fill(&mut a).unwrap();
        pool.fill(&mut b).unwrap();
        let first = a.plane(0).unwrap().as_ptr();
        assert_ne!(first, b.plane(0).unwrap().as_ptr());
        assert_eq!(a.plane(1).unwrap().len(), a.stride(1) as usize * 135 + 321);
        pool.fill(&mut a).unwrap();
        assert_eq!(a.plane(0).unwrap().as_ptr(), first);
        drop(pool);
        b.plane_mut(2).unwrap().fill(1);
    }
}
