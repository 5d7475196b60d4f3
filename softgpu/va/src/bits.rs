//! Bits as H.264 and HEVC write them: fixed lengths, Exp-Golomb codes, NAL units and their emulation prevention.
//!
//! Sections cited are those of ITU-T H.264 (H.265 has the same rules under 7.2, 7.3.1 and 9.2).

/// Writes an RBSP, most significant bit first.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits not yet in `bytes`, right-aligned; fewer than 8 between calls.
    pending: u64,
    count: u32,
}

impl BitWriter {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Forgets what was written and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.pending = 0;
        self.count = 0;
    }

    /// Makes room, so that a large picture does not grow by doubling.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    pub(crate) fn bit(&mut self, bit: bool) {
        self.bits(u32::from(bit), 1);
    }

    /// The `count` lowest bits of `value`, at most 32.
    pub(crate) fn bits(&mut self, value: u32, count: u32) {
        debug_assert!(count <= 32);
        let value = u64::from(value) & ((1 << count) - 1);
        self.pending = (self.pending << count) | value;
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
        self.pending &= (1 << self.count) - 1;
    }

    /// ue(v), 9.1.
    pub(crate) fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = 64 - code.leading_zeros();
        self.bits(0, length - 1);
        if length > 32 {
            self.bits(1, 1);
            self.bits(code as u32, 32);
        } else {
            self.bits(code as u32, length);
        }
    }

    /// se(v), 9.1.1.
    pub(crate) fn se(&mut self, value: i32) {
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 { 2 * magnitude - 1 } else { 2 * magnitude });
    }

    /// Fills up the current byte with copies of `bit`.
    pub(crate) fn align(&mut self, bit: bool) {
        while self.count != 0 {
            self.bit(bit);
        }
    }

    /// rbsp_trailing_bits(), 7.3.2.11.
    pub(crate) fn trailing(&mut self) {
        self.bit(true);
        self.align(false);
    }

    /// Whole bytes; at once where the position is aligned.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if self.count == 0 {
            self.bytes.extend_from_slice(bytes);
        } else {
            for &byte in bytes {
                self.bits(u32::from(byte), 8);
            }
        }
    }

    /// Bits `range` of `source`, as they are.
    pub(crate) fn copy(&mut self, source: &[u8], range: std::ops::Range<usize>) {
        let mut at = range.start;
        while at < range.end && !at.is_multiple_of(8) {
            self.bit(bit_of(source, at));
            at += 1;
        }
        let whole = range.end.saturating_sub(at) / 8;
        self.bytes(&source[at / 8..at / 8 + whole]);
        for at in at + 8 * whole..range.end {
            self.bit(bit_of(source, at));
        }
    }

    /// Bits written.
    pub(crate) fn len(&self) -> usize {
        8 * self.bytes.len() + self.count as usize
    }

    pub(crate) fn is_aligned(&self) -> bool {
        self.count == 0
    }

    /// What was written; call [`trailing`](Self::trailing) or [`align`](Self::align) before, or the last bits are missing.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        debug_assert!(self.is_aligned());
        &self.bytes
    }

    /// What was written and the number of bits in it; the last byte is filled up with zeros.
    pub(crate) fn into_bits(mut self) -> (Vec<u8>, usize) {
        let bits = self.len();
        self.align(false);
        (self.bytes, bits)
    }
}

fn bit_of(bytes: &[u8], at: usize) -> bool {
    bytes[at / 8] >> (7 - at % 8) & 1 == 1
}

/// Reads an RBSP. Past its end every read is `None`.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, end: 8 * bytes.len() }
    }

    /// Only the first `bits` of `bytes` count.
    pub(crate) fn with_bits(bytes: &'a [u8], bits: usize) -> Self {
        Self { bytes, at: 0, end: bits.min(8 * bytes.len()) }
    }

    /// Bits read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Bits not read yet.
    pub(crate) fn left(&self) -> usize {
        self.end - self.at
    }

    pub(crate) fn bit(&mut self) -> Option<bool> {
        if self.at >= self.end {
            return None;
        }
        self.at += 1;
        Some(bit_of(self.bytes, self.at - 1))
    }

    /// `count` bits, at most 32.
    pub(crate) fn bits(&mut self, count: u32) -> Option<u32> {
        if self.left() < count as usize {
            return None;
        }
        let mut value = 0u64;
        for _ in 0..count {
            value = value << 1 | u64::from(self.bit()?);
        }
        Some(value as u32)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        if self.left() < count {
            return None;
        }
        self.at += count;
        Some(())
    }

    /// ue(v), 9.1.
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 32 {
                return None;
            }
        }
        let rest = u64::from(self.bits(zeros)?);
        u32::try_from((1u64 << zeros) - 1 + rest).ok()
    }

    /// se(v), 9.1.1.
    pub(crate) fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 }).ok()
    }

    /// more_rbsp_data(), 7.2: something is left before the stop bit, which is the last one that is set.
    pub(crate) fn more_data(&self) -> bool {
        (self.at..self.end).rev().find(|&at| bit_of(self.bytes, at)).is_some_and(|stop| stop > self.at)
    }
}

/// Appends a NAL unit's bytes with emulation_prevention_three_byte where they are needed, 7.4.1. The unit's own header may
/// be among them: none begins with a zero byte.
pub(crate) fn add_emulation(rbsp: &[u8], out: &mut Vec<u8>) {
    out.reserve(rbsp.len() + 8);
    let (mut from, mut at) = (0, 2);
    while at < rbsp.len() {
        if rbsp[at] <= 3 && rbsp[at - 1] == 0 && rbsp[at - 2] == 0 {
            out.extend_from_slice(&rbsp[from..at]);
            out.push(3);
            from = at;
            at += 2;
        } else if rbsp[at] == 0 {
            at += 1;
        } else {
            // A byte that is not zero is in none of the next two patterns.
            at += 3;
        }
    }
    out.extend_from_slice(&rbsp[from..]);
    // After cabac_zero_words alone, 7.4.2.10.
    if rbsp.last() == Some(&0) {
        out.push(3);
    }
}

/// The reverse of [`add_emulation`].
pub(crate) fn strip_emulation(unit: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(unit.len());
    let (mut from, mut at) = (0, 2);
    while at < unit.len() {
        if unit[at] == 3 && unit[at - 1] == 0 && unit[at - 2] == 0 {
            rbsp.extend_from_slice(&unit[from..at]);
            from = at + 1;
            at += 3;
        } else if unit[at] > 3 {
            at += 3;
        } else {
            at += 1;
        }
    }
    rbsp.extend_from_slice(&unit[from.min(unit.len())..]);
    rbsp
}

/// Length of the start code at the beginning of `bytes`, with all zeros before it; 0 where there is none.
pub(crate) fn start_code(bytes: &[u8]) -> usize {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    if zeros >= 2 && bytes.get(zeros) == Some(&1) { zeros + 1 } else { 0 }
}

/// The NAL units of a byte stream (Annex B), as ranges of `bytes` without their start codes and trailing zeros.
pub(crate) fn units(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    while at + 3 <= bytes.len() {
        if bytes[at + 2] > 1 {
            at += 3;
        } else if bytes[at..at + 3] == [0, 0, 1] {
            if let Some(last) = found.last_mut() {
                last.end = at;
            }
            found.push(at + 3..bytes.len());
            at += 3;
        } else {
            at += 1;
        }
    }
    for unit in &mut found {
        while unit.end > unit.start && bytes[unit.end - 1] == 0 {
            unit.end -= 1;
        }
    }
    found
}

/// Where the first NAL unit of a byte stream begins, start code and all, whose first byte is such a one.
pub(crate) fn unit_start(bytes: &[u8], is: impl Fn(u8) -> bool) -> Option<usize> {
    let unit = units(bytes).into_iter().find(|unit| bytes.get(unit.start).is_some_and(|&byte| is(byte)))?;
    let zeros = bytes[..unit.start - 1].iter().rev().take_while(|&&byte| byte == 0).count();
    Some(unit.start - 1 - zeros)
}

/// A NAL unit that a client packed, without start code and emulation prevention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Zeros before the start code's 1: 2 or more, or 0 where the client wrote none.
    pub(crate) zeros: usize,
    /// The unit's header and payload; the last byte may be begun only.
    pub(crate) rbsp: Vec<u8>,
    /// Bits of `rbsp` that count.
    pub(crate) bits: usize,
}

impl Unit {
    /// From a packed header buffer of `bits` bits that holds one NAL unit. `emulated` is the buffer's has_emulation_bytes
    /// (libva, va.h, VAEncPackedHeaderParameterBuffer).
    pub(crate) fn unpack(bytes: &[u8], bits: usize, emulated: bool) -> Self {
        let bits = bits.min(8 * bytes.len());
        let bytes = &bytes[..bits.div_ceil(8)];
        let code = start_code(bytes);
        let body = &bytes[code..];
        let rbsp = if emulated { strip_emulation(body) } else { body.to_vec() };
        let removed = bytes.len() - rbsp.len();
        Self { zeros: code.saturating_sub(1), bits: bits - (8 * removed).min(bits), rbsp }
    }

    /// A reader over the bits that count.
    pub(crate) fn reader(&self) -> BitReader<'_> {
        BitReader::with_bits(&self.rbsp, self.bits)
    }
}

/// Appends a whole NAL unit: start code with `zeros` zeros (at least 2), then `rbsp` with emulation prevention.
pub(crate) fn put_unit(zeros: usize, rbsp: &[u8], out: &mut Vec<u8>) {
    out.resize(out.len() + zeros.max(2), 0);
    out.push(1);
    add_emulation(rbsp, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_are_those_of_table_9_2() {
        for (value, code) in [(0, "1"), (1, "010"), (2, "011"), (3, "00100"), (7, "0001000"), (8, "0001001")]
        {
            let mut writer = BitWriter::new();
            writer.ue(value);
            let (bytes, bits) = writer.into_bits();
            let text: String = (0..bits).map(|at| if bit_of(&bytes, at) { '1' } else { '0' }).collect();
            assert_eq!(text, code);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let unsigned = [0, 1, 2, 3, 62, 63, 64, 65_534, 65_535, u32::MAX / 2, u32::MAX - 1];
        let signed = [0, 1, -1, 2, -2, 26, -26, 32_767, -32_768, i32::MAX, -i32::MAX];
        let mut writer = BitWriter::new();
        writer.bits(5, 3);
        unsigned.iter().for_each(|&value| writer.ue(value));
        signed.iter().for_each(|&value| writer.se(value));
        writer.bits(u32::MAX, 32);
        let (bytes, bits) = writer.into_bits();
        let mut reader = BitReader::with_bits(&bytes, bits);
        assert_eq!(reader.bits(3), Some(5));
        for value in unsigned {
            assert_eq!(reader.ue(), Some(value));
        }
        for value in signed {
            assert_eq!(reader.se(), Some(value));
        }
        assert_eq!(reader.bits(32), Some(u32::MAX));
        assert_eq!((reader.left(), reader.bit(), reader.ue()), (0, None, None));
    }

    #[test]
    fn more_data_looks_for_the_stop_bit() {
        let mut writer = BitWriter::new();
        writer.bits(0b10, 2);
        writer.trailing();
        let bytes = writer.as_bytes().to_vec();
        let mut reader = BitReader::new(&bytes);
        assert!(reader.more_data());
        reader.skip(2).unwrap();
        assert!(!reader.more_data());
    }

    #[test]
    fn copies_at_any_offset_equal_the_source() {
        let source: Vec<u8> = (0..40u32).map(|at| (at * 73 + 19) as u8).collect();
        for (start, from, to) in [(0, 0, 320), (3, 0, 320), (0, 5, 317), (7, 3, 11), (1, 9, 9), (5, 13, 200)]
        {
            let mut writer = BitWriter::new();
            writer.bits(0, start);
            writer.copy(&source, from..to);
            let (bytes, bits) = writer.into_bits();
            assert_eq!(bits, start as usize + to - from);
            assert!((from..to).all(|at| bit_of(&bytes, start as usize + at - from) == bit_of(&source, at)));
        }
    }

    #[test]
    fn emulation_prevention_is_put_where_the_standard_says() {
        for (rbsp, unit) in [
            (&[0x65, 0, 0, 0][..], &[0x65, 0, 0, 3, 0, 3][..]),
            (&[0x65, 0, 0, 1, 9], &[0x65, 0, 0, 3, 1, 9]),
            (&[0x65, 0, 0, 3, 9], &[0x65, 0, 0, 3, 3, 9]),
            (&[0x65, 0, 0, 4, 9], &[0x65, 0, 0, 4, 9]),
            (&[0, 0, 0, 0, 0, 0, 1], &[0, 0, 3, 0, 0, 3, 0, 0, 3, 1]),
            (&[5], &[5]),
            (&[], &[]),
        ] {
            let mut out = Vec::new();
            add_emulation(rbsp, &mut out);
            assert_eq!(out, unit);
        }
    }

    #[test]
    fn emulation_prevention_comes_off_again() {
        // All strings of the bytes that matter, and long ones in which they are frequent.
        let mut state = 1u32;
        let mut cases: Vec<Vec<u8>> = (0..4096u32)
            .map(|case| (0..6).map(|digit| (case >> (2 * digit) & 3) as u8).chain([0x80]).collect())
            .collect();
        cases.extend((0..50).map(|_| {
            let mut bytes: Vec<u8> = (0..999)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 29) as u8
                })
                .collect();
            bytes.push(0x80);
            bytes
        }));
        for rbsp in cases {
            let mut unit = Vec::new();
            add_emulation(&rbsp, &mut unit);
            assert!(!unit.windows(3).any(|bytes| bytes[0] == 0 && bytes[1] == 0 && bytes[2] < 3));
            assert_eq!(strip_emulation(&unit), rbsp);
        }
    }

    #[test]
    fn units_of_a_byte_stream_are_found() {
        let stream = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0x80, 0, 0];
        assert_eq!(units(&stream), [4..7, 10..12, 16..18]);
        assert_eq!(units(&[]), []);
        assert_eq!(unit_start(&stream, |byte| byte == 0x67), Some(0));
        assert_eq!(unit_start(&stream, |byte| byte == 0x68), Some(7));
        assert_eq!(unit_start(&stream, |byte| byte == 0x65), Some(12));
        assert_eq!(unit_start(&stream, |byte| byte == 0x41), None);
    }

    #[test]
    fn a_packed_header_is_unpacked_with_and_without_emulation_bytes() {
        let plain = [0, 0, 0, 1, 0x41, 0x9a, 0, 0, 2, 0xf0];
        let emulated = [0, 0, 0, 1, 0x41, 0x9a, 0, 0, 3, 2, 0xf0];
        let one = Unit::unpack(&plain, 8 * plain.len() - 4, false);
        let two = Unit::unpack(&emulated, 8 * emulated.len() - 4, true);
        assert_eq!(one, two);
        assert_eq!((one.zeros, one.bits, one.rbsp.as_slice()), (3, 44, &[0x41, 0x9a, 0, 0, 2, 0xf0][..]));
        assert_eq!(Unit::unpack(&plain[4..], 44, false), Unit { zeros: 0, ..one });
    }
}
