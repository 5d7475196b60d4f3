//! The arithmetic coder of H.264 (9.3.4) and HEVC (9.3.4.3), the encoder's side of it.

use crate::bits::BitWriter;

/// rangeTabLPS: H.264 table 9-44, HEVC table 9-46.
const RANGE_LPS: [[u8; 4]; 64] = [
    [128, 176, 208, 240],
    [128, 167, 197, 227],
    [128, 158, 187, 216],
    [123, 150, 178, 205],
    [116, 142, 169, 195],
    [111, 135, 160, 185],
    [105, 128, 152, 175],
    [100, 122, 144, 166],
    [95, 116, 137, 158],
    [90, 110, 130, 150],
    [85, 104, 123, 142],
    [81, 99, 117, 135],
    [77, 94, 111, 128],
    [73, 89, 105, 122],
    [69, 85, 100, 116],
    [66, 80, 95, 110],
    [62, 76, 90, 104],
    [59, 72, 86, 99],
    [56, 69, 81, 94],
    [53, 65, 77, 89],
    [51, 62, 73, 85],
    [48, 59, 69, 80],
    [46, 56, 66, 76],
    [43, 53, 63, 72],
    [41, 50, 59, 69],
    [39, 48, 56, 65],
    [37, 45, 54, 62],
    [35, 43, 51, 59],
    [33, 41, 48, 56],
    [32, 39, 46, 53],
    [30, 37, 43, 50],
    [29, 35, 41, 48],
    [27, 33, 39, 45],
    [26, 31, 37, 43],
    [24, 30, 35, 41],
    [23, 28, 33, 39],
    [22, 27, 32, 37],
    [21, 26, 30, 35],
    [20, 24, 29, 33],
    [19, 23, 27, 31],
    [18, 22, 26, 30],
    [17, 21, 25, 28],
    [16, 20, 23, 27],
    [15, 19, 22, 25],
    [14, 18, 21, 24],
    [14, 17, 20, 23],
    [13, 16, 19, 22],
    [12, 15, 18, 21],
    [12, 14, 17, 20],
    [11, 14, 16, 19],
    [11, 13, 15, 18],
    [10, 12, 15, 17],
    [10, 12, 14, 16],
    [9, 11, 13, 15],
    [9, 11, 12, 14],
    [8, 10, 12, 14],
    [8, 9, 11, 13],
    [7, 9, 11, 12],
    [7, 9, 10, 12],
    [7, 8, 10, 11],
    [6, 8, 9, 11],
    [6, 7, 9, 10],
    [6, 7, 8, 9],
    [2, 2, 2, 2],
];

/// transIdxLPS: H.264 table 9-45, HEVC table 9-47.
const NEXT_LPS: [u8; 64] = [
    0, 0, 1, 2, 2, 4, 4, 5, 6, 7, 8, 9, 9, 11, 11, 12, 13, 13, 15, 15, 16, 16, 18, 18, 19, 19, 21, 21, 22,
    22, 23, 24, 24, 25, 26, 26, 27, 27, 28, 29, 29, 30, 30, 30, 31, 32, 32, 33, 33, 33, 34, 34, 35, 35, 35,
    36, 36, 36, 37, 37, 37, 38, 38, 63,
];

/// The state of one context variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    state: u8,
    likely: bool,
}

impl Context {
    /// From preCtxState (H.264 9.3.1.1, HEVC 9.3.2.2), which is `((slope · quantiser) >> 4) + offset` before clipping.
    pub(crate) fn from_pre_state(pre: i32) -> Self {
        let pre = pre.clamp(1, 126) as u8;
        if pre <= 63 {
            Self { state: 63 - pre, likely: false }
        } else {
            Self { state: pre - 64, likely: true }
        }
    }
}

/// The arithmetic encoder. Bits go to the writer that each call names.
#[derive(Clone, Debug)]
pub(crate) struct Coder {
    low: u32,
    range: u32,
    outstanding: u32,
    first: bool,
}

impl Coder {
    /// As at the start of a slice's data, and after PCM samples.
    pub(crate) fn new() -> Self {
        Self { low: 0, range: 510, outstanding: 0, first: true }
    }

    pub(crate) fn decision(&mut self, out: &mut BitWriter, context: &mut Context, bin: bool) {
        let least = u32::from(RANGE_LPS[usize::from(context.state)][(self.range >> 6 & 3) as usize]);
        self.range -= least;
        if bin == context.likely {
            context.state = (context.state + 1).min(62);
        } else {
            self.low += self.range;
            self.range = least;
            if context.state == 0 {
                context.likely = !context.likely;
            }
            context.state = NEXT_LPS[usize::from(context.state)];
        }
        self.renormalise(out);
    }

    #[cfg(test)]
    pub(crate) fn bypass(&mut self, out: &mut BitWriter, bin: bool) {
        self.low <<= 1;
        if bin {
            self.low += self.range;
        }
        if self.low >= 1024 {
            self.low -= 1024;
            self.put(out, true);
        } else if self.low < 512 {
            self.put(out, false);
        } else {
            self.low -= 512;
            self.outstanding += 1;
        }
    }

    /// A terminating bin. With `true` the coder is flushed; the last bit then written is a 1, which after a slice's last
    /// bin is the RBSP's stop bit, and a [`new`](Self::new) coder goes on.
    pub(crate) fn terminate(&mut self, out: &mut BitWriter, bin: bool) {
        self.range -= 2;
        if !bin {
            return self.renormalise(out);
        }
        self.low += self.range;
        self.range = 2;
        self.renormalise(out);
        self.put(out, self.low >> 9 & 1 == 1);
        out.bits(self.low >> 7 & 3 | 1, 2);
    }

    fn renormalise(&mut self, out: &mut BitWriter) {
        while self.range < 256 {
            if self.low < 256 {
                self.put(out, false);
            } else if self.low >= 512 {
                self.low -= 512;
                self.put(out, true);
            } else {
                self.low -= 256;
                self.outstanding += 1;
            }
            self.range <<= 1;
            self.low <<= 1;
        }
    }

    fn put(&mut self, out: &mut BitWriter, bit: bool) {
        if self.first {
            self.first = false;
        } else {
            out.bit(bit);
        }
        while self.outstanding > 0 {
            self.outstanding -= 1;
            out.bit(!bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::BitReader;

    /// The decoder of H.264 9.3.3.2, to read back what the encoder wrote.
    struct Decoder<'a> {
        bits: BitReader<'a>,
        range: u32,
        offset: u32,
    }

    impl Decoder<'_> {
        fn new(bytes: &[u8]) -> Decoder<'_> {
            let mut bits = BitReader::new(bytes);
            let offset = bits.bits(9).unwrap();
            Decoder { bits, range: 510, offset }
        }

        fn shift(&mut self) {
            while self.range < 256 {
                self.range <<= 1;
                self.offset = self.offset << 1 | self.bits.bits(1).unwrap();
            }
        }

        fn decision(&mut self, context: &mut Context) -> bool {
            let least = u32::from(RANGE_LPS[usize::from(context.state)][(self.range >> 6 & 3) as usize]);
            self.range -= least;
            let likely = self.offset < self.range;
            let bin = if likely { context.likely } else { !context.likely };
            if likely {
                context.state = (context.state + 1).min(62);
            } else {
                self.offset -= self.range;
                self.range = least;
                context.likely ^= context.state == 0;
                context.state = NEXT_LPS[usize::from(context.state)];
            }
            self.shift();
            bin
        }

        fn bypass(&mut self) -> bool {
            self.offset = self.offset << 1 | self.bits.bits(1).unwrap();
            let bin = self.offset >= self.range;
            if bin {
                self.offset -= self.range;
            }
            bin
        }

        fn terminate(&mut self) -> bool {
            self.range -= 2;
            if self.offset >= self.range {
                return true; // without renormalisation: the last bit was read
            }
            self.shift();
            false
        }
    }

    #[test]
    fn what_is_coded_is_decoded() {
        let mut state = 7u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        for round in 0..200 {
            let bins: Vec<(u32, bool)> =
                (0..round * 5).map(|_| (random() % 6, random() % 7 < random() % 5)).collect();
            let contexts: Vec<Context> = [1, 40, 63, 64, 126].map(Context::from_pre_state).to_vec();
            let (mut out, mut coder, mut states) = (BitWriter::new(), Coder::new(), contexts.clone());
            for &(kind, bin) in &bins {
                match kind {
                    5 => coder.bypass(&mut out, bin),
                    context => coder.decision(&mut out, &mut states[context as usize], bin),
                }
                coder.terminate(&mut out, false);
            }
            coder.terminate(&mut out, true);
            let (bytes, bits) = out.into_bits();
            let (mut decoder, mut states) = (Decoder::new(&bytes), contexts);
            for &(kind, bin) in &bins {
                let decoded = match kind {
                    5 => decoder.bypass(),
                    context => decoder.decision(&mut states[context as usize]),
                };
                assert_eq!((decoded, decoder.terminate()), (bin, false));
            }
            assert!(decoder.terminate());
            // The last bit that the decoder reads is the 1 that ends the RBSP.
            assert_eq!(decoder.bits.position(), bits);
            assert_eq!(bytes[(bits - 1) / 8] >> (7 - (bits - 1) % 8) & 1, 1);
        }
    }
}
