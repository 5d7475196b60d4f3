//! How a picture lies in memory: pitches, offsets, tiles.

use crate::plane::{Format, Unit};

/// `DRM_FORMAT_MOD_LINEAR` of the kernel's drm_fourcc.h.
pub(crate) const LINEAR: u64 = 0;
/// `DRM_FORMAT_MOD_INVALID`: whatever both sides agree on without words; linear here.
pub(crate) const INVALID: u64 = 0x00ff_ffff_ffff_ffff;
/// softgpu's own tiles, under a vendor number that nobody has (0x53, "S"): 64 bytes by 16 rows, rows in a tile one after
/// the other, tiles in rows. It shows who forgets to look at modifiers.
pub(crate) const TILED: u64 = 0x5300_0000_0000_0001;

const TILE_BYTES: usize = 64;
const TILE_ROWS: usize = 16;

/// One plane: which memory it is in, where it begins, bytes from row to row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) object: usize,
    pub(crate) offset: usize,
    pub(crate) pitch: usize,
}

/// A picture's planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) modifier: u64,
    pub(crate) places: [Place; 3],
    /// Bytes of the first object.
    pub(crate) size: usize,
}

impl Layout {
    /// A layout for new memory.
    pub(crate) fn new(
        format: Format,
        (width, height): (u32, u32),
        (pitch_align, height_align): (u32, u32),
        modifier: u64,
    ) -> Self {
        let (pitch_align, height_align) = match modifier {
            TILED => (pitch_align.max(TILE_BYTES as u32 * 2), height_align.max(TILE_ROWS as u32 * 2)),
            _ => (pitch_align, height_align),
        };
        let rows = height.next_multiple_of(height_align);
        let units = format.units();
        let pitch = units[0].row_bytes(width).next_multiple_of(pitch_align as usize);
        let mut layout = Self { format, width, height, modifier, places: Default::default(), size: 0 };
        for (place, unit) in layout.places.iter_mut().zip(units) {
            // Planes of half the bytes a row have half the pitch, so that three planes lie as clients expect.
            let pitch = pitch * unit.row_bytes(1 << 10) / units[0].row_bytes(1 << 10);
            *place = Place { object: 0, offset: layout.size, pitch };
            layout.size += pitch * unit.rows(rows);
        }
        layout
    }

    /// The planes that there are.
    pub(crate) fn planes(&self) -> impl Iterator<Item = (Place, Unit)> + '_ {
        self.places.iter().copied().zip(self.format.units().iter().copied())
    }

    /// Bytes that an object must have for the picture to lie in it.
    pub(crate) fn needed(&self, object: usize) -> Option<usize> {
        let mut needed = 0;
        for (place, unit) in self.planes().filter(|(place, _)| place.object == object) {
            let bytes = unit.row_bytes(self.width);
            if bytes > place.pitch {
                return None;
            }
            let mut rows = unit.rows(self.height);
            let mut last = bytes;
            if self.modifier == TILED {
                if place.pitch % TILE_BYTES != 0 {
                    return None;
                }
                rows = rows.next_multiple_of(TILE_ROWS);
                last = place.pitch;
            }
            let end = place
                .pitch
                .checked_mul(rows.saturating_sub(1))?
                .checked_add(last)?
                .checked_add(place.offset)?;
            needed = needed.max(end);
        }
        Some(needed)
    }
}

/// Copies a tiled plane into linear memory of the same pitch.
pub(crate) fn untile(tiled: &[u8], linear: &mut [u8], pitch: usize) {
    each_piece(tiled.len().min(linear.len()), pitch, |linear_at, tiled_at| {
        linear[linear_at..linear_at + TILE_BYTES].copy_from_slice(&tiled[tiled_at..tiled_at + TILE_BYTES]);
    });
}

/// Copies a linear plane into tiled memory of the same pitch.
pub(crate) fn tile(linear: &[u8], tiled: &mut [u8], pitch: usize) {
    each_piece(tiled.len().min(linear.len()), pitch, |linear_at, tiled_at| {
        tiled[tiled_at..tiled_at + TILE_BYTES].copy_from_slice(&linear[linear_at..linear_at + TILE_BYTES]);
    });
}

fn each_piece(len: usize, pitch: usize, mut copy: impl FnMut(usize, usize)) {
    let rows = len / pitch / TILE_ROWS * TILE_ROWS;
    for y in 0..rows {
        for across in 0..pitch / TILE_BYTES {
            let tile = y / TILE_ROWS * (pitch / TILE_BYTES) + across;
            copy(y * pitch + across * TILE_BYTES, (tile * TILE_ROWS + y % TILE_ROWS) * TILE_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nv12_is_two_planes_of_one_pitch() {
        let layout = Layout::new(Format::Nv12, (1920, 1080), (64, 32), LINEAR);
        assert_eq!(layout.places[0], Place { object: 0, offset: 0, pitch: 1920 });
        assert_eq!(layout.places[1], Place { object: 0, offset: 1920 * 1088, pitch: 1920 });
        assert_eq!(layout.size, 1920 * 1088 * 3 / 2);
        assert_eq!(layout.needed(0), Some(1920 * 1088 + 540 * 1920));
    }

    #[test]
    fn the_third_plane_of_i420_lies_behind_the_second() {
        let layout = Layout::new(Format::I420, (638, 358), (64, 2), LINEAR);
        let pitches = layout.places.map(|place| place.pitch);
        assert_eq!(pitches, [640, 320, 320]);
        assert_eq!(layout.places[2].offset, 640 * 358 + 320 * 179);
    }

    #[test]
    fn rgb_and_ten_bit_have_wider_rows() {
        assert_eq!(Layout::new(Format::Bgra, (100, 10), (64, 1), LINEAR).places[0].pitch, 448);
        let ten = Layout::new(Format::P010, (100, 10), (64, 2), LINEAR);
        assert_eq!([ten.places[0].pitch, ten.places[1].pitch], [256, 256]);
    }

    #[test]
    fn a_pitch_below_the_width_holds_nothing() {
        let mut layout = Layout::new(Format::Nv12, (64, 64), (64, 1), LINEAR);
        layout.places[1].pitch = 63;
        assert_eq!(layout.needed(0), None);
    }

    #[test]
    fn tiles_go_there_and_back() {
        let linear: Vec<u8> = (0..128 * 32).map(|n| (n * 7 / 5) as u8).collect();
        let (mut tiled, mut back) = (vec![0; linear.len()], vec![0; linear.len()]);
        tile(&linear, &mut tiled, 128);
        assert_ne!(tiled, linear);
        // The second row of a tile follows the first.
        assert_eq!(tiled[64..128], linear[128..192]);
        untile(&tiled, &mut back, 128);
        assert_eq!(back, linear);
    }
}
