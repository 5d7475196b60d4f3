//! OBUs (AV1 specification, 5.3): their types, where they are, how they are written.

use std::ops::Range;

// obu_type, 6.2.2.
pub(super) const SEQUENCE_HEADER: u32 = 1;
pub(super) const FRAME_HEADER: u32 = 3;
pub(super) const TILE_GROUP: u32 = 4;
pub(super) const FRAME: u32 = 6;

/// The OBUs of a temporal unit: type, and where the payload is.
pub(super) fn obus(bytes: &[u8]) -> Option<Vec<(u32, Range<usize>)>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let header = bytes[at];
        at += if header & 4 != 0 { 2 } else { 1 };
        let len = if header & 2 != 0 { leb128(bytes, &mut at)? } else { bytes.len().checked_sub(at)? };
        let end = at.checked_add(len).filter(|&end| end <= bytes.len())?;
        found.push((u32::from(header >> 3 & 15), at..end));
        at = end;
    }
    Some(found)
}

/// leb128(), 4.10.5.
fn leb128(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0;
    for byte in 0..8 {
        let next = *bytes.get(*at)?;
        *at += 1;
        value |= usize::from(next & 127) << (7 * byte);
        if next & 128 == 0 {
            return Some(value);
        }
    }
    None
}

/// Appends an OBU with its size.
pub(super) fn put_obu(kind: u32, payload: &[&[u8]], out: &mut Vec<u8>) {
    out.push((kind << 3) as u8 | 2);
    let mut len = payload.iter().map(|part| part.len()).sum::<usize>();
    while len > 127 {
        out.push((len & 127) as u8 | 128);
        len >>= 7;
    }
    out.push(len as u8);
    payload.iter().for_each(|part| out.extend_from_slice(part));
}
