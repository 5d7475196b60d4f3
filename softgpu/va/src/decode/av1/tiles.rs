//! Tiles: how a frame is cut into them (5.9.15), and their data (5.11.1).

use crate::bits::BitWriter;
use crate::decode::DecodeJob;
use crate::failure::{Failure, Outcome};
use crate::sys;

/// TileSizeBytes of what is written here.
const SIZE_BYTES: u32 = 4;

/// tile_group_obu() with all tiles.
pub(super) fn group(picture: &sys::VADecPictureParameterBufferAV1, job: &DecodeJob<'_>) -> Outcome<Vec<u8>> {
    let (columns, rows) = (usize::from(picture.tile_cols), usize::from(picture.tile_rows));
    let mut tiles: Vec<Option<&[u8]>> = vec![None; columns * rows];
    for slice in job.slices {
        let parameters: sys::VASliceParameterBufferAV1 =
            slice.parameters().ok_or_else(|| Failure::parameter("a tile's parameters are too short"))?;
        let data = slice.bits().ok_or_else(|| Failure::parameter("a tile's data is not in its buffer"))?;
        let (row, column) = (usize::from(parameters.tile_row), usize::from(parameters.tile_column));
        if row >= rows || column >= columns {
            return Err(Failure::parameter(format!("there is no tile {column}, {row}")));
        }
        tiles[row * columns + column] = Some(data).filter(|data| !data.is_empty());
    }
    let tiles: Vec<&[u8]> =
        tiles.into_iter().collect::<Option<_>>().ok_or_else(|| Failure::parameter("a tile is missing"))?;
    let mut group = Vec::with_capacity(tiles.iter().map(|tile| tile.len() + 4).sum());
    if tiles.len() > 1 {
        group.push(0); // tile_start_and_end_present_flag
    }
    let Some((last, others)) = tiles.split_last() else {
        return Err(Failure::parameter("there are no tiles"));
    };
    for tile in others {
        group.extend_from_slice(&(tile.len() as u32 - 1).to_le_bytes());
        group.extend_from_slice(tile);
    }
    group.extend_from_slice(last);
    Ok(group)
}

/// tile_log2(), 5.9.16.
fn log2(block: u32, target: u32) -> u32 {
    (0..32).find(|&k| u64::from(block) << k >= u64::from(target)).unwrap_or(31)
}

/// tile_info().
pub(super) fn write_info(
    bits: &mut BitWriter,
    picture: &sys::VADecPictureParameterBufferAV1,
    width: u32,
    height: u32,
) {
    // SAFETY: every pattern of bits is a value of both members.
    let (sequence, fields) = unsafe { (picture.seq_info_fields.fields, picture.pic_info_fields.bits) };
    let shift = if sequence.use_128x128_superblock() != 0 { 5 } else { 4 };
    let blocks = |size: u32| (2 * size.div_ceil(8)).div_ceil(1 << shift);
    let (block_columns, block_rows) = (blocks(width), blocks(height));
    let (columns, rows) = (u32::from(picture.tile_cols), u32::from(picture.tile_rows));
    // MAX_TILE_WIDTH, MAX_TILE_AREA, MAX_TILE_COLS and MAX_TILE_ROWS, in superblocks.
    let most_wide = 4096 >> (shift + 2);
    let most_area = (4096 * 2304) >> (2 * (shift + 2));
    let least_columns = log2(most_wide, block_columns);
    let least = least_columns.max(log2(most_area, block_columns * block_rows));
    let uniform = fields.uniform_tile_spacing_flag() != 0;
    bits.bit(uniform);
    let (columns_log2, rows_log2);
    if uniform {
        let write = |bits: &mut BitWriter, blocks: u32, wanted: u32, least: u32| {
            let most = log2(1, blocks.min(64));
            let mut k = least;
            let count = |k: u32| blocks.div_ceil(blocks.div_ceil(1 << k).max(1));
            while k < most {
                let more = count(k) < wanted;
                bits.bit(more);
                if !more {
                    break;
                }
                k += 1;
            }
            k
        };
        columns_log2 = write(bits, block_columns, columns, least_columns);
        rows_log2 = write(bits, block_rows, rows, least.saturating_sub(columns_log2));
    } else {
        let mut widest = 1;
        let mut at = 0;
        for &size in picture.width_in_sbs_minus_1.iter().take(columns as usize) {
            let most = block_columns.saturating_sub(at).min(most_wide).max(1);
            let size = u32::from(size).min(most - 1);
            non_symmetric(bits, size, most);
            widest = widest.max(size + 1);
            at += size + 1;
        }
        columns_log2 = log2(1, columns);
        let area = block_columns * block_rows;
        let area = if least > 0 { area >> (least + 1) } else { area };
        let highest = (area / widest).max(1);
        at = 0;
        for &size in picture.height_in_sbs_minus_1.iter().take(rows as usize) {
            let most = block_rows.saturating_sub(at).min(highest).max(1);
            let size = u32::from(size).min(most - 1);
            non_symmetric(bits, size, most);
            at += size + 1;
        }
        rows_log2 = log2(1, rows);
    }
    if columns_log2 > 0 || rows_log2 > 0 {
        bits.bits(picture.context_update_tile_id.into(), columns_log2 + rows_log2);
        bits.bits(SIZE_BYTES - 1, 2);
    }
}

/// ns(n), 4.10.7.
pub(super) fn non_symmetric(bits: &mut BitWriter, value: u32, count: u32) {
    let width = u32::BITS - count.leading_zeros();
    let short = (1u32 << width) - count;
    if value < short {
        bits.bits(value, width - 1);
    } else {
        let value = value + short;
        bits.bits(value >> 1, width - 1);
        bits.bits(value & 1, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_table() {
        // The example of 4.10.7 for n = 5.
        for (value, code, length) in [(0, 0b00, 2), (1, 0b01, 2), (2, 0b10, 2), (3, 0b110, 3), (4, 0b111, 3)]
        {
            let mut bits = BitWriter::new();
            non_symmetric(&mut bits, value, 5);
            assert_eq!(bits.len(), length);
            let (bytes, _) = bits.into_bits();
            assert_eq!(u32::from(bytes[0]) >> (8 - length), code);
        }
    }

    #[test]
    fn uniform_tiles_are_counted_up() {
        let mut picture =
            sys::VADecPictureParameterBufferAV1 { tile_cols: 4, tile_rows: 2, ..Default::default() };
        picture.pic_info_fields.value = 1 << 14;
        let mut bits = BitWriter::new();
        // 30 x 17 superblocks of 64.
        write_info(&mut bits, &picture, 1920, 1080);
        let (bytes, length) = bits.into_bits();
        // uniform; 1 1 0 for four columns, 1 0 for two rows; context_update_tile_id; four bytes.
        assert_eq!((bytes, length), (vec![0b1110_1000, 0b0110_0000], 11));
    }
}
