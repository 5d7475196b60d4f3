//! Whether decoding can begin at a packet, by the bitstream itself: what libavcodec says of a packet comes from the driver.

use crate::select::Codec;

/// The packet's first picture is an IDR picture, or a key frame that is shown. Bytes that do not parse are none.
pub(super) fn begins(codec: Codec, packet: &[u8]) -> bool {
    match codec {
        // ITU-T H.264, table 7-1: slices of pictures are 1 to 5, those of an IDR picture 5.
        Codec::H264 => {
            nal_headers(packet).map(|header| header & 31).find(|kind| (1..=5).contains(kind)) == Some(5)
        }
        // ITU-T H.265, table 7-1: slices are 0 to 31, those of an IDR picture 19 and 20.
        Codec::Hevc => {
            let first = nal_headers(packet).map(|header| header >> 1 & 63).find(|kind| *kind < 32);
            matches!(first, Some(19 | 20))
        }
        // AV1, 5.9.2: not shown again, KEY_FRAME (0), shown.
        Codec::Av1 => av1_frame_header(packet).is_some_and(|header| header & 0b1111_0000 == 0b0001_0000),
        Codec::Vp9 => vp9_begins(packet),
        // Every picture stands alone; ITU-T T.81, B.1.1.3: it begins with SOI.
        Codec::Mjpeg => packet.starts_with(&[0xFF, 0xD8]),
    }
}

/// The first byte of every NAL unit (annex B of both specifications).
fn nal_headers(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3])
}

/// The first byte of the first frame header in a temporal unit (AV1, 5.3 and 5.9.2).
fn av1_frame_header(mut bytes: &[u8]) -> Option<u8> {
    loop {
        let (header, rest) = bytes.split_first()?;
        let (kind, extended, sized) = (header >> 3 & 15, header >> 2 & 1, header >> 1 & 1);
        bytes = rest.get(usize::from(extended)..)?;
        let mut size = bytes.len();
        if sized == 1 {
            size = 0;
            for shift in (0..56).step_by(7) {
                let (byte, rest) = bytes.split_first()?;
                bytes = rest;
                size |= usize::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
        }
        // OBU_FRAME_HEADER and OBU_FRAME.
        if matches!(kind, 3 | 6) {
            return bytes.first().copied();
        }
        bytes = bytes.get(size..)?;
    }
}

/// VP9, 6.2: the frame marker (2 bits), the profile (2, and one more bit where it is 3), not shown again, a key frame (0), shown.
fn vp9_begins(bytes: &[u8]) -> bool {
    let Some(&first) = bytes.first() else { return false };
    let bits = if first & 0b0011_0000 == 0b0011_0000 { first << 1 } else { first };
    first >> 6 == 0b10 && bits & 0b0000_1110 == 0b0000_0010
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_picture_counts_and_not_what_comes_before_it() {
        let h264 = |slice: u8| [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x06, 3, 0, 0, 1, slice, 9];
        assert!(begins(Codec::H264, &h264(0x65)));
        assert!(!begins(Codec::H264, &h264(0x41)), "a P picture");
        assert!(!begins(Codec::H264, &h264(0x61)), "an I picture that is no IDR");
        assert!(!begins(Codec::H264, &[0, 0, 1, 0x41, 1, 0, 0, 1, 0x65, 1]), "an IDR only behind a P");
        let hevc = |kind: u8| [0, 0, 1, 32 << 1, 1, 0, 0, 1, kind << 1, 1, 0xAF];
        assert!(begins(Codec::Hevc, &hevc(19)) && begins(Codec::Hevc, &hevc(20)));
        assert!(!begins(Codec::Hevc, &hevc(1)) && !begins(Codec::Hevc, &hevc(21)));
    }

    #[test]
    fn key_frames_of_av1_and_vp9_are_read_from_their_headers() {
        let av1 = |header: u8| [0x12, 0, 0x0A, 2, 9, 9, 0x32, 2, header, 0];
        assert!(begins(Codec::Av1, &av1(0b0001_0000)));
        assert!(!begins(Codec::Av1, &av1(0b0011_0000)), "an inter frame");
        assert!(!begins(Codec::Av1, &av1(0b0000_0000)), "a key frame that is not shown");
        assert!(!begins(Codec::Av1, &av1(0b1001_0000)), "one that is shown again");
        assert!(begins(Codec::Vp9, &[0b1000_0010]) && begins(Codec::Vp9, &[0b1001_0010]));
        assert!(begins(Codec::Vp9, &[0b1011_0001]), "profile 3 has one bit more");
        assert!(!begins(Codec::Vp9, &[0b1000_0110]) && !begins(Codec::Vp9, &[0b1000_0000]));
        assert!(begins(Codec::Mjpeg, &[0xFF, 0xD8, 0xFF]));
    }

    #[test]
    fn damage_is_no_beginning() {
        for &codec in Codec::ALL {
            assert!(!begins(codec, &[]), "{codec}");
            for length in 1..40 {
                for byte in [0, 1, 0x0A, 0x12, 0x7F, 0xFF] {
                    begins(codec, &vec![byte; length]); // it may say what it likes, and must come back
                }
            }
        }
    }
}
