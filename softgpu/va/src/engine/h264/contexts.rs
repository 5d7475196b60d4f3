//! The few CABAC context variables that PCM, skipped and flat macroblocks use, by ctxIdx (H.264, tables 9-12 to 9-18).

use super::slice::SliceKind;
use crate::engine::cabac::Context;

/// m and n of ctxIdx 3 to 10, mb_type in I slices: table 9-12.
const MB_TYPE_I: [(i32, i32); 8] =
    [(20, -15), (2, 54), (3, 74), (-28, 127), (-23, 104), (-6, 53), (-1, 54), (7, 51)];

/// m and n of ctxIdx 11 to 17 by cabac_init_idc, mb_skip_flag and mb_type in P slices: table 9-13.
const P: [[(i32, i32); 7]; 3] = [
    [(23, 33), (23, 2), (21, 0), (1, 9), (0, 49), (-37, 118), (5, 57)],
    [(22, 25), (34, 0), (16, 0), (-2, 9), (4, 41), (-29, 118), (2, 65)],
    [(29, 16), (25, 0), (14, 0), (-10, 51), (-3, 62), (-27, 99), (26, 16)],
];

/// m and n of ctxIdx 24 to 32 by cabac_init_idc, mb_skip_flag and mb_type in B slices: table 9-14.
const B: [[(i32, i32); 9]; 3] = [
    [(18, 64), (9, 43), (29, 0), (26, 67), (16, 90), (9, 104), (-46, 127), (-20, 104), (1, 67)],
    [(26, 34), (19, 22), (40, 0), (57, 2), (41, 36), (26, 69), (-45, 127), (-15, 101), (-4, 76)],
    [(20, 40), (20, 10), (29, 0), (54, 0), (37, 42), (12, 97), (-32, 127), (-22, 117), (-2, 74)],
];

/// m and n of ctxIdx 60 (mb_qp_delta) and 64 (intra_chroma_pred_mode): table 9-17. The same in all slices.
const QP_DELTA: (i32, i32) = (0, 41);
const CHROMA_MODE: (i32, i32) = (-9, 83);

/// m and n of ctxIdx 85 to 88, coded_block_flag of Intra16x16DCLevel in I slices: table 9-18.
const CODED_BLOCK_I: [(i32, i32); 4] = [(-17, 123), (-12, 115), (-16, 122), (-11, 115)];

/// The context variables of a slice, in their initial state (9.3.1.1).
pub(super) struct Contexts {
    /// mb_skip_flag, three of them.
    pub(super) skip: [Context; 3],
    /// mb_type as this kind of slice has it: I from ctxIdx 3, P from 14, B from 27.
    pub(super) mb_type: [Context; 8],
    pub(super) qp_delta: Context,
    pub(super) chroma_mode: Context,
    pub(super) coded_block: [Context; 4],
}

impl Contexts {
    pub(super) fn new(kind: SliceKind, init_idc: u32, qp: i32) -> Self {
        let context = |(m, n): (i32, i32)| Context::from_pre_state(((m * qp.clamp(0, 51)) >> 4) + n);
        let take = |pairs: &[(i32, i32)]| {
            let mut contexts = [Context::default(); 8];
            for (into, &pair) in contexts.iter_mut().zip(pairs) {
                *into = context(pair);
            }
            contexts
        };
        let idc = init_idc.min(2) as usize;
        let (skip, mb_type) = match kind {
            SliceKind::I => (&MB_TYPE_I[..0], &MB_TYPE_I[..]),
            SliceKind::P => P[idc].split_at(3),
            SliceKind::B => B[idc].split_at(3),
        };
        let skip = take(skip);
        Self {
            skip: [skip[0], skip[1], skip[2]],
            mb_type: take(mb_type),
            qp_delta: context(QP_DELTA),
            chroma_mode: context(CHROMA_MODE),
            coded_block: CODED_BLOCK_I.map(context),
        }
    }
}
