//! Slice data without an encoder: macroblocks that hold their samples as they are, that repeat the reference, or that are
//! flat (7.3.4, 7.3.5, 9.3.2.5).

use super::contexts::Contexts;
use super::slice::SliceKind;
use crate::bits::BitWriter;
use crate::engine::cabac::Coder;

/// Samples of a macroblock: 256 of luma, 64 of Cb, 64 of Cr.
pub(super) type Samples = [u8; 384];

/// What the coding of a slice's macroblocks depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) kind: SliceKind,
    pub(super) cabac: bool,
    pub(super) init_idc: u32,
    /// SliceQPY.
    pub(super) qp: i32,
    pub(super) first_mb: u32,
    pub(super) count: u32,
    /// Macroblocks of a row of the picture.
    pub(super) width: u32,
}

impl Slice {
    /// How many of the neighbours A (left) and B (above) of a macroblock are in this slice (6.4.9).
    fn neighbours(&self, address: u32) -> (bool, bool) {
        let left = !address.is_multiple_of(self.width) && address > self.first_mb;
        let above = address >= self.first_mb + self.width;
        (left, above)
    }

    fn addresses(&self) -> std::ops::Range<u32> {
        self.first_mb..self.first_mb + self.count
    }

    fn contexts(&self) -> Contexts {
        Contexts::new(self.kind, self.init_idc, self.qp)
    }

    /// The slice's macroblocks as I_PCM; `samples` gives those of an address. Ends with the RBSP's trailing bits.
    pub(super) fn pcm(&self, out: &mut BitWriter, mut samples: impl FnMut(u32, &mut Samples)) {
        let mut macroblock = [0; 384];
        if !self.cabac {
            for address in self.addresses() {
                // I_PCM is 25 in table 7-11; in P slices 5 come before it (table 7-13), in B slices 23 (table 7-14).
                let offset = match self.kind {
                    SliceKind::I => 0,
                    SliceKind::P => 5,
                    SliceKind::B => 23,
                };
                if self.kind != SliceKind::I {
                    out.ue(0); // mb_skip_run
                }
                out.ue(25 + offset);
                out.align(false);
                samples(address, &mut macroblock);
                out.bytes(&macroblock);
            }
            return out.trailing();
        }
        let mut contexts = self.contexts();
        out.align(true); // cabac_alignment_one_bit
        let mut coder = Coder::new();
        let last = self.first_mb + self.count - 1;
        for address in self.addresses() {
            self.pcm_type(out, &mut coder, &mut contexts, address);
            out.align(false);
            samples(address, &mut macroblock);
            out.bytes(&macroblock);
            coder = Coder::new();
            coder.terminate(out, address == last); // end_of_slice_flag
        }
        out.align(false);
    }

    /// mb_skip_flag and mb_type of an I_PCM macroblock among its like.
    fn pcm_type(&self, out: &mut BitWriter, coder: &mut Coder, contexts: &mut Contexts, address: u32) {
        let (left, above) = self.neighbours(address);
        // None of the neighbours is skipped, direct or I_NxN, so that every one that is there counts (9.3.3.1.1.1 and .3).
        let count = usize::from(left) + usize::from(above);
        let types = &mut contexts.mb_type;
        let before: &[(usize, bool)] = match self.kind {
            SliceKind::I => &[],
            // "An intra type follows" (tables 9-37 and 9-39): 1 in P slices, 111101 in B slices.
            SliceKind::P => &[(0, true)],
            SliceKind::B => &[(count, true), (3, true), (4, true), (5, true), (5, false), (5, true)],
        };
        if self.kind != SliceKind::I {
            coder.decision(out, &mut contexts.skip[count], false);
        }
        for &(context, bin) in before {
            coder.decision(out, &mut types[context], bin);
        }
        // Not I_NxN, and I_PCM.
        let first = match self.kind {
            SliceKind::I => count,
            SliceKind::P => 3,
            SliceKind::B => 5,
        };
        coder.decision(out, &mut types[first], true);
        coder.terminate(out, true);
    }

    /// A picture without content: all skipped in P and B slices, in I slices Intra_16x16 with DC prediction and no
    /// residual, which is grey. Ends with the RBSP's trailing bits.
    pub(super) fn flat(&self, out: &mut BitWriter) {
        match (self.cabac, self.kind) {
            (false, SliceKind::I) => {
                for _ in self.addresses() {
                    // mb_type 3 (00100), intra_chroma_pred_mode 0, mb_qp_delta 0, coeff_token of an empty block: 1 each.
                    out.bits(0b0010_0111, 8);
                }
                out.trailing();
            }
            (false, _) => {
                out.ue(self.count); // mb_skip_run
                out.trailing();
            }
            (true, _) => self.flat_cabac(out),
        }
    }

    fn flat_cabac(&self, out: &mut BitWriter) {
        let mut contexts = self.contexts();
        out.align(true);
        let mut coder = Coder::new();
        let last = self.first_mb + self.count - 1;
        for address in self.addresses() {
            if self.kind == SliceKind::I {
                self.grey(out, &mut coder, &mut contexts, address);
            } else {
                // All neighbours are skipped too, so that ctxIdxInc is always 0.
                coder.decision(out, &mut contexts.skip[0], true);
            }
            coder.terminate(out, address == last);
        }
        out.align(false);
    }

    /// mb_type 3: Intra_16x16 with DC prediction and neither luma nor chroma coefficients.
    fn grey(&self, out: &mut BitWriter, coder: &mut Coder, contexts: &mut Contexts, address: u32) {
        let (left, above) = self.neighbours(address);
        let types = &mut contexts.mb_type;
        coder.decision(out, &mut types[usize::from(left) + usize::from(above)], true);
        coder.terminate(out, false); // not I_PCM
        for (context, bin) in [(3, false), (4, false), (6, true), (7, false)] {
            coder.decision(out, &mut types[context], bin);
        }
        coder.decision(out, &mut contexts.chroma_mode, false);
        coder.decision(out, &mut contexts.qp_delta, false);
        // coded_block_flag: a neighbour that is not there counts as coded (9.3.3.1.1.9).
        let coded = usize::from(!left) + 2 * usize::from(!above);
        coder.decision(out, &mut contexts.coded_block[coded], false);
    }
}
