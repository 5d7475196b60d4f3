//! [`Packet`]: coded data, reference-counted, seen as bytes.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use ffmpeg_sys_next as ff;

use super::{Rational, error, timestamp};
use crate::error::{Code, Result};

/// An AVPacket: one coded picture or block of sound. Dereferences to its bytes without a copy.
pub struct Packet {
    inner: NonNull<ff::AVPacket>,
    time_base: Rational,
}

// SAFETY: the data is counted atomically; a shared Packet gives read access only.
unsafe impl Send for Packet {}
// SAFETY: as above.
unsafe impl Sync for Packet {}

impl Packet {
    /// A packet without content, to be filled.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn empty() -> Result<Self> {
        // SAFETY: no arguments; null means no memory.
        let inner = error::alloc(unsafe { ff::av_packet_alloc() }, "a packet")?;
        Ok(Packet { inner, time_base: Rational::new(0, 1) })
    }

    /// Another reference to the same bytes, to keep a packet that is only lent.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn try_clone(&self) -> Result<Self> {
        // SAFETY: a live packet; the clone holds a reference of its own.
        let inner = error::alloc(unsafe { ff::av_packet_clone(self.inner.as_ptr()) }, "a packet")?;
        Ok(Packet { inner, time_base: self.time_base })
    }

    /// Parameter sets that a bitstream filter put beside the packet.
    pub(super) fn new_extradata(&self) -> &[u8] {
        let mut len = 0;
        let kind = ff::AVPacketSideDataType::AV_PKT_DATA_NEW_EXTRADATA;
        // SAFETY: a live packet; the data lives as long as it.
        unsafe {
            let data = ff::av_packet_get_side_data(self.inner.as_ptr(), kind, &mut len);
            if data.is_null() { &[] } else { std::slice::from_raw_parts(data, len) }
        }
    }

    /// Takes the content of `from`, which is left empty. No allocation.
    pub(crate) fn take_from(&mut self, from: &mut Packet) {
        // SAFETY: both are live; ours is released first, as av_packet_move_ref does not.
        unsafe {
            ff::av_packet_unref(self.inner.as_ptr());
            ff::av_packet_move_ref(self.inner.as_ptr(), from.inner.as_ptr());
        }
        self.time_base = from.time_base;
    }

    pub(crate) fn release(&mut self) {
        // SAFETY: ours.
        unsafe { ff::av_packet_unref(self.inner.as_ptr()) };
    }

    /// Presentation time in [`Packet::time_base`].
    pub fn pts(&self) -> Option<i64> {
        timestamp(self.get().pts)
    }

    /// Decoding time in [`Packet::time_base`]: packets come in this order.
    pub fn dts(&self) -> Option<i64> {
        timestamp(self.get().dts)
    }

    /// Duration in [`Packet::time_base`]; 0 where unknown.
    pub fn duration(&self) -> i64 {
        self.get().duration
    }

    /// Seconds that one tick of the timestamps counts.
    pub fn time_base(&self) -> Rational {
        self.time_base
    }

    /// Decoding can begin here: an IDR picture, a key frame.
    pub fn is_key(&self) -> bool {
        self.get().flags & ff::AV_PKT_FLAG_KEY as i32 != 0
    }

    /// The demuxer saw that the data is damaged or cut.
    pub fn is_corrupt(&self) -> bool {
        self.get().flags & ff::AV_PKT_FLAG_CORRUPT as i32 != 0
    }

    /// What it becomes is not to be shown: an edit list cuts it off.
    pub(crate) fn is_discarded(&self) -> bool {
        self.get().flags & ff::AV_PKT_FLAG_DISCARD as i32 != 0
    }

    /// The stream of the file that it belongs to.
    pub fn stream(&self) -> usize {
        self.get().stream_index.max(0) as usize
    }

    pub(crate) fn set_stream(&mut self, stream: usize) {
        self.get_mut().stream_index = stream as i32;
    }

    #[cfg(test)]
    pub(crate) fn set_times(&mut self, at: i64, duration: i64) {
        let p = self.get_mut();
        (p.pts, p.dts, p.duration) = (at, at, duration);
    }

    pub(crate) fn set_time_base(&mut self, time_base: Rational) {
        self.time_base = time_base;
    }

    pub(crate) fn set_duration(&mut self, duration: i64) {
        self.get_mut().duration = duration;
    }

    /// Moves both timestamps by `ticks` of the packet's time base.
    pub(crate) fn shift(&mut self, ticks: i64) {
        let p = self.get_mut();
        for t in [&mut p.pts, &mut p.dts] {
            if *t != super::NO_PTS {
                *t = t.saturating_add(ticks);
            }
        }
    }

    /// Moves the decoding time to `least`, and the presentation time with it where it would come before.
    pub(crate) fn delay_to(&mut self, least: i64) {
        let p = self.get_mut();
        p.dts = least;
        if p.pts != super::NO_PTS {
            p.pts = p.pts.max(least);
        }
    }

    /// Counts the timestamps in another time base.
    pub(crate) fn rescale(&mut self, to: Rational) {
        if self.time_base.is_positive() && to.is_positive() && self.time_base != to {
            // SAFETY: a live packet and two positive fractions.
            unsafe { ff::av_packet_rescale_ts(self.inner.as_ptr(), self.time_base.to_av(), to.to_av()) };
            self.time_base = to;
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut ff::AVPacket {
        self.inner.as_ptr()
    }

    fn get(&self) -> &ff::AVPacket {
        // SAFETY: alive as long as self.
        unsafe { self.inner.as_ref() }
    }

    fn get_mut(&mut self) -> &mut ff::AVPacket {
        // SAFETY: alive as long as self, and borrowed exclusively.
        unsafe { self.inner.as_mut() }
    }

    /// A packet over a copy of `bytes`; for tests and for data that comes from elsewhere.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn copy_of(bytes: &[u8]) -> Result<Self> {
        let packet = Packet::empty()?;
        let size = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        // SAFETY: a blank packet; new_packet allocates `size` bytes plus padding.
        let ret = unsafe { ff::av_new_packet(packet.inner.as_ptr(), size) };
        error::check(ret, Code::OutOfMemory, "no memory for a packet")?;
        // SAFETY: just allocated with room for all of them.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), packet.get().data, bytes.len()) };
        Ok(packet)
    }
}

impl Deref for Packet {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let p = self.get();
        if p.data.is_null() || p.size <= 0 {
            return &[];
        }
        // SAFETY: libav keeps `size` readable bytes at `data` while the reference is held.
        unsafe { std::slice::from_raw_parts(p.data, p.size as usize) }
    }
}

impl AsRef<[u8]> for Packet {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        let mut packet = self.inner.as_ptr();
        // SAFETY: ours.
        unsafe { ff::av_packet_free(&mut packet) };
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({} bytes, pts {:?}, dts {:?}", self.len(), self.pts(), self.dts())?;
        f.write_str(if self.is_key() { ", key)" } else { ")" })
    }
}
