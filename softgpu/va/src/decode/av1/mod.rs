//! AV1: the byte stream that a VA-API client took apart, put together again.
//!
//! Sections cited are those of the AV1 specification. Clients pass on tiles and what the headers said, but for one thing:
//! refresh_frame_flags. Which slots a frame went to shows in the next frame's `ref_frame_map` only. So each frame is decoded
//! into no slot first, which gives its picture and changes nothing; and once more before the next one, into the slots that it
//! turned out to be for.

mod header;
mod motion;
mod tiles;

use softgpu_core::codec::Codec;

use super::{DecodeJob, Decoder, Lazy};
use crate::bits::BitWriter;
use crate::failure::{Failure, Outcome};
use crate::plane::PlanesMut;
use crate::sys;

/// obu_type, 6.2.2.
const SEQUENCE_HEADER: u32 = 1;
const TEMPORAL_DELIMITER: u32 = 2;
const FRAME_HEADER: u32 = 3;
const FRAME: u32 = 6;

/// frame_type, 6.8.2.
const KEY: u32 = 0;
const INTRA_ONLY: u32 = 2;
const SWITCH: u32 = 3;

/// What is known of a slot's frame.
#[derive(Clone, Copy, Debug)]
struct Slot {
    surface: sys::VASurfaceID,
    order_hint: u8,
    /// gm_params.
    motion: motion::Params,
}

impl Default for Slot {
    fn default() -> Self {
        Self { surface: sys::VA_INVALID_SURFACE, order_hint: 0, motion: motion::IDENTITY }
    }
}

/// A frame that may have to go to slots.
struct Pending {
    picture: sys::VADecPictureParameterBufferAV1,
    surface: sys::VASurfaceID,
    tiles: Vec<u8>,
}

/// Decodes AV1.
#[derive(Default)]
pub(super) struct Av1 {
    library: Lazy,
    /// The temporal unit.
    unit: Vec<u8>,
    /// The sequence header that the decoder has.
    sequence: Vec<u8>,
    slots: [Slot; 8],
    pending: Option<Pending>,
}

// SAFETY: the structure's one pointer, `anchor_frames_list`, is never followed.
unsafe impl Send for Pending {}

impl Decoder for Av1 {
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome {
        let picture: sys::VADecPictureParameterBufferAV1 =
            job.picture().ok_or_else(|| Failure::parameter("there are no picture parameters"))?;
        // SAFETY: every pattern of bits is a value of both members.
        let (fields, grain) =
            unsafe { (picture.pic_info_fields.bits, picture.film_grain_info.film_grain_info_fields.bits) };
        if grain.apply_grain() != 0 {
            return Err(Failure::unimplemented("film grain is not applied"));
        }
        if fields.large_scale_tile() != 0 {
            return Err(Failure::unimplemented("large scale tiles are not decoded"));
        }
        let tiles = tiles::group(&picture, job)?;
        self.unit.clear();
        put(TEMPORAL_DELIMITER, &[], &mut self.unit);
        let sequence = header::sequence(&picture);
        if sequence != self.sequence {
            put(SEQUENCE_HEADER, &sequence, &mut self.unit);
            self.sequence = sequence;
            // Another sequence begins with a key frame.
            (self.slots, self.pending) = ([Slot::default(); 8], None);
        }
        let key = fields.frame_type() == KEY && fields.show_frame() != 0;
        if !key {
            self.settle(&picture);
        }
        self.put_frame(&picture, header::Pass::Show, &tiles);
        let pending = Pending { picture, surface: job.target, tiles };
        if key {
            // It went to all slots at once.
            self.slots = [slot_of(&pending); 8];
            self.pending = None;
        } else {
            self.pending = Some(pending);
        }
        match self.library.get(Codec::Av1)?.picture(&self.unit, target)? {
            true => Ok(()),
            false => Err(Failure::decoding("no picture came out of the tiles")),
        }
    }
}

impl Av1 {
    /// Brings the slots to what the picture's map says.
    fn settle(&mut self, picture: &sys::VADecPictureParameterBufferAV1) {
        let map = &picture.ref_frame_map;
        if let Some(pending) = self.pending.take() {
            let flags =
                (0..8).filter(|&slot| map[slot] == pending.surface).fold(0, |flags, slot| flags | 1 << slot);
            if flags != 0 {
                self.put_frame(&pending.picture, header::Pass::Keep(flags), &pending.tiles);
                for slot in (0..8).filter(|slot| flags >> slot & 1 != 0) {
                    self.slots[slot] = slot_of(&pending);
                }
            }
        }
        // A key frame that is shown again goes to all slots, 7.21.
        let again = map[0];
        if again != sys::VA_INVALID_SURFACE
            && map.iter().all(|&surface| surface == again)
            && self.slots.iter().any(|slot| slot.surface != again)
            && let Some(slot) = self.slots.iter().position(|slot| slot.surface == again)
        {
            // show_existing_frame, frame_to_show_map_idx.
            let mut bits = BitWriter::new();
            bits.bit(true);
            bits.bits(slot as u32, 3);
            bits.trailing();
            put(FRAME_HEADER, bits.as_bytes(), &mut self.unit);
            self.slots = [self.slots[slot]; 8];
        }
    }

    fn put_frame(&mut self, picture: &sys::VADecPictureParameterBufferAV1, pass: header::Pass, tiles: &[u8]) {
        let mut frame = header::frame(picture, pass, &self.slots);
        frame.extend_from_slice(tiles);
        put(FRAME, &frame, &mut self.unit);
    }
}

fn slot_of(frame: &Pending) -> Slot {
    Slot {
        surface: frame.surface,
        order_hint: frame.picture.order_hint,
        motion: motion::params(&frame.picture),
    }
}

/// Appends an OBU with its size, 5.3.
fn put(obu_type: u32, payload: &[u8], out: &mut Vec<u8>) {
    out.push((obu_type << 3 | 2) as u8);
    // leb128(), 4.10.5.
    let mut size = payload.len();
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_carry_their_size() {
        let mut out = Vec::new();
        put(TEMPORAL_DELIMITER, &[], &mut out);
        put(FRAME, &[7; 300], &mut out);
        assert_eq!(out[..5], [0x12, 0, 0x32, 0xac, 2]);
        assert_eq!(out.len(), 305);
    }
}
