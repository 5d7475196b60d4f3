//! Sequence and frame headers (AV1 specification, 5.5 and 5.9).

use std::ops::Range;

use crate::bits::BitReader;

/// What a sequence header says (5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) profile: u32,
    /// frame_width_bits_minus_1 + 1 and the same of the height.
    size_bits: [u32; 2],
    pub(super) size: [u32; 2],
    pub(super) superblock_128: bool,
    pub(super) filter_intra: bool,
    pub(super) intra_edge: bool,
    pub(super) interintra: bool,
    pub(super) warped_motion: bool,
    pub(super) dual_filter: bool,
    /// OrderHintBits; 0 without order hints.
    order_hint_bits: u32,
    pub(super) ref_frame_mvs: bool,
    /// seq_force_screen_content_tools; 2: each frame says.
    screen_content: u32,
    /// seq_force_integer_mv; 2: each frame says.
    integer_mv: u32,
    superres: bool,
    pub(super) cdef: bool,
    pub(super) restoration: bool,
    pub(super) bit_depth: u32,
    monochrome: bool,
    pub(super) film_grain: bool,
}

impl Sequence {
    /// One without any tools.
    pub(super) fn plain(bit_depth: u32) -> Self {
        Self { bit_depth, ..Self::default() }
    }

    /// From an OBU's payload. `None` as well for what no frame is coded for: reduced still pictures, decoder models, frame
    /// ids, other profiles than 0.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let mut reader = BitReader::new(payload);
        let mut sequence = Self { profile: reader.bits(3)?, ..Self::default() };
        reader.skip(1)?; // still_picture
        if sequence.profile != 0 || reader.bit()? {
            return None;
        }
        if reader.bit()? {
            reader.skip(64)?; // timing_info()
            if reader.bit()? {
                uvlc(&mut reader)?;
            }
            if reader.bit()? {
                return None; // decoder_model_info_present_flag
            }
        }
        let delays = reader.bit()?;
        for _ in 0..=reader.bits(5)? {
            reader.skip(12)?;
            if reader.bits(5)? > 7 {
                reader.skip(1)?; // seq_tier
            }
            if delays && reader.bit()? {
                reader.skip(4)?;
            }
        }
        sequence.size_bits = [reader.bits(4)? + 1, reader.bits(4)? + 1];
        sequence.size = [reader.bits(sequence.size_bits[0])? + 1, reader.bits(sequence.size_bits[1])? + 1];
        if reader.bit()? {
            return None; // frame_id_numbers_present_flag
        }
        sequence.superblock_128 = reader.bit()?;
        sequence.filter_intra = reader.bit()?;
        sequence.intra_edge = reader.bit()?;
        sequence.interintra = reader.bit()?;
        reader.skip(1)?; // enable_masked_compound: no frame has compound prediction
        sequence.warped_motion = reader.bit()?;
        sequence.dual_filter = reader.bit()?;
        let order_hint = reader.bit()?;
        if order_hint {
            reader.skip(1)?; // enable_jnt_comp
            sequence.ref_frame_mvs = reader.bit()?;
        }
        sequence.screen_content = if reader.bit()? { 2 } else { reader.bits(1)? };
        sequence.integer_mv = 2;
        if sequence.screen_content > 0 && !reader.bit()? {
            sequence.integer_mv = reader.bits(1)?;
        }
        if order_hint {
            sequence.order_hint_bits = reader.bits(3)? + 1;
        }
        sequence.superres = reader.bit()?;
        sequence.cdef = reader.bit()?;
        sequence.restoration = reader.bit()?;
        // color_config(), 5.5.2, in profile 0
        sequence.bit_depth = if reader.bit()? { 10 } else { 8 };
        sequence.monochrome = reader.bit()?;
        if reader.bit()? {
            let (primaries, transfer, matrix) = (reader.bits(8)?, reader.bits(8)?, reader.bits(8)?);
            if (primaries, transfer, matrix) == (1, 13, 0) {
                return None; // 4:4:4
            }
        }
        reader.skip(1)?; // color_range
        if sequence.monochrome {
            return None;
        }
        reader.skip(2)?; // chroma_sample_position
        if reader.bit()? {
            return None; // separate_uv_delta_q
        }
        sequence.film_grain = reader.bit()?;
        Some(sequence)
    }
}

/// uvlc(), 4.10.3.
fn uvlc(reader: &mut BitReader<'_>) -> Option<()> {
    let mut zeros = 0;
    while !reader.bit()? {
        zeros += 1;
    }
    reader.skip(zeros)
}

/// frame_type, 6.8.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameType {
    Key = 0,
    Inter = 1,
    IntraOnly = 2,
}

/// The part of a frame header that says which frame this is, where it is kept and what it may refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) frame_type: FrameType,
    pub(super) show: bool,
    pub(super) showable: bool,
    pub(super) error_resilient: bool,
    pub(super) disable_cdf_update: bool,
    screen_content: bool,
    size_override: bool,
    pub(super) order_hint: u32,
    /// primary_ref_frame; 7: none.
    pub(super) primary: u32,
    /// refresh_frame_flags.
    pub(super) refresh: u8,
    /// ref_frame_idx.
    pub(super) refs: [usize; 7],
    /// The bits of frame_size() and render_size().
    size: Range<usize>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// PRIMARY_REF_NONE.
pub(super) const NO_PRIMARY: u32 = 7;

impl Front {
    pub(super) fn is_intra(&self) -> bool {
        self.frame_type != FrameType::Inter
    }

    /// uncompressed_header(), 5.9.2, as far as frame and references are described. `None` as well for what is not coded:
    /// frames that only show another, switch frames, short signalling of references, frames smaller than the sequence.
    pub(super) fn parse(reader: &mut BitReader<'_>, sequence: &Sequence) -> Option<Self> {
        if reader.bit()? {
            return None;
        }
        let frame_type = match reader.bits(2)? {
            0 => FrameType::Key,
            1 => FrameType::Inter,
            2 => FrameType::IntraOnly,
            _ => return None,
        };
        let show = reader.bit()?;
        let showable = if show { frame_type != FrameType::Key } else { reader.bit()? };
        let error_resilient = (frame_type == FrameType::Key && show) || reader.bit()?;
        let disable_cdf_update = reader.bit()?;
        let screen_content = match sequence.screen_content {
            2 => reader.bit()?,
            forced => forced == 1,
        };
        if screen_content {
            return None;
        }
        let size_override = reader.bit()?;
        let order_hint = reader.bits(sequence.order_hint_bits)?;
        let intra = frame_type != FrameType::Inter;
        let primary = if intra || error_resilient { NO_PRIMARY } else { reader.bits(3)? };
        let refresh = if frame_type == FrameType::Key && show { 0xff } else { reader.bits(8)? as u8 };
        if (!intra || refresh != 0xff) && error_resilient && sequence.order_hint_bits != 0 {
            reader.skip(8 * sequence.order_hint_bits as usize)?; // ref_order_hint
        }
        let mut refs = [0; 7];
        if !intra {
            if sequence.order_hint_bits != 0 && reader.bit()? {
                return None; // frame_refs_short_signaling
            }
            for reference in &mut refs {
                *reference = reader.bits(3)? as usize;
            }
            if size_override && !error_resilient {
                return None; // frame_size_with_refs()
            }
        }
        let from = reader.position();
        let [mut width, mut height] = sequence.size;
        if size_override {
            width = reader.bits(sequence.size_bits[0])? + 1;
            height = reader.bits(sequence.size_bits[1])? + 1;
        }
        if sequence.superres && reader.bit()? {
            return None;
        }
        if reader.bit()? {
            reader.skip(32)?; // render_size()
        }
        let size = from..reader.position();
        Some(Self {
            frame_type,
            show,
            showable,
            error_resilient,
            disable_cdf_update,
            screen_content,
            size_override,
            order_hint,
            primary,
            refresh,
            refs,
            size,
            width,
            height,
        })
    }
}

/// The part of a frame header that the coded blocks depend on, as bits of the header that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    /// From allow_high_precision_mv to is_motion_mode_switchable; empty in intra frames.
    motion: Range<usize>,
    /// From disable_frame_end_update_cdf to the loop filter.
    middle: Range<usize>,
    disable_cdf_update: bool,
    pub(super) base_q_idx: u32,
    lossless: bool,
    tx_mode_select: bool,
    reduced_tx_set: bool,
}

impl Rest {
    /// From the reader that [`Front::parse`] left, for headers of an encoder that has nothing which [`write`] does not write.
    /// The reader is then at the end of the header.
    pub(super) fn parse(reader: &mut BitReader<'_>, front: &Front, sequence: &Sequence) -> Option<Self> {
        let unwanted = sequence.cdef || sequence.restoration || sequence.film_grain;
        if unwanted || sequence.warped_motion {
            return None;
        }
        let from = reader.position();
        if !front.is_intra() {
            if sequence.integer_mv != 2 {
                return None;
            }
            reader.skip(1)?; // allow_high_precision_mv
            if !reader.bit()? {
                reader.skip(2)?; // interpolation_filter
            }
            reader.skip(1)?; // is_motion_mode_switchable
        }
        let motion = from..reader.position();
        if !front.is_intra() && sequence.ref_frame_mvs && !front.error_resilient && reader.bit()? {
            return None;
        }
        let from = reader.position();
        if !front.disable_cdf_update {
            reader.skip(1)?; // disable_frame_end_update_cdf
        }
        tile_info(reader, front, sequence)?;
        // quantization_params(), 5.9.12
        let base_q_idx = reader.bits(8)?;
        let mut deltas = false;
        for _ in 0..3 {
            if reader.bit()? {
                deltas |= reader.bits(7)? != 0;
            }
        }
        if reader.bit()? {
            return None; // using_qmatrix
        }
        if reader.bit()? {
            return None; // segmentation_enabled
        }
        if base_q_idx > 0 && reader.bit()? {
            reader.skip(2)?; // delta_q_res
            if reader.bit()? {
                reader.skip(3)?; // delta_lf_res, delta_lf_multi
            }
        }
        let lossless = base_q_idx == 0 && !deltas;
        if !lossless {
            loop_filter(reader)?;
        }
        let middle = from..reader.position();
        let tx_mode_select = !lossless && reader.bit()?;
        if !front.is_intra() && reader.bit()? {
            return None; // reference_select
        }
        let reduced_tx_set = reader.bit()?;
        if !front.is_intra() && reader.bits(7)? != 0 {
            return None; // global_motion_params(): is_global
        }
        let disable_cdf_update = front.disable_cdf_update;
        Some(Self {
            motion,
            middle,
            disable_cdf_update,
            base_q_idx,
            lossless,
            tx_mode_select,
            reduced_tx_set,
        })
    }
}

/// tile_info(), 5.9.15, where the tiles are spaced uniformly.
fn tile_info(reader: &mut BitReader<'_>, front: &Front, sequence: &Sequence) -> Option<()> {
    let log2 = |block: u32, target: u32| (0..).find(|&k| block << k >= target).unwrap_or(0);
    let shift = if sequence.superblock_128 { 7 } else { 6 };
    // MiCols counts in units of 4 and is even.
    let blocks = |size: u32| size.next_multiple_of(8).div_ceil(1 << shift);
    let (columns, rows) = (blocks(front.width), blocks(front.height));
    let widest = 4096 >> shift;
    let largest = (4096 * 2304) >> (2 * shift);
    let min_columns = log2(widest, columns);
    let max_columns = log2(1, columns.min(64));
    let max_rows = log2(1, rows.min(64));
    let min_tiles = min_columns.max(log2(largest, rows * columns));
    if !reader.bit()? {
        return None;
    }
    let mut increase = |from: u32, to: u32| {
        let mut at = from;
        while at < to && reader.bit()? {
            at += 1;
        }
        Some(at)
    };
    let columns_log2 = increase(min_columns, max_columns)?;
    let rows_log2 = increase(min_tiles.saturating_sub(columns_log2), max_rows)?;
    if columns_log2 + rows_log2 > 0 {
        reader.skip((columns_log2 + rows_log2) as usize + 2)?; // context_update_tile_id, tile_size_bytes_minus_1
    }
    Some(())
}

/// loop_filter_params(), 5.9.11.
fn loop_filter(reader: &mut BitReader<'_>) -> Option<()> {
    if reader.bits(12)? != 0 {
        reader.skip(12)?; // loop_filter_level[2] and [3]
    }
    reader.skip(3)?; // loop_filter_sharpness
    if reader.bit()? && reader.bit()? {
        for _ in 0..8 + 2 {
            if reader.bit()? {
                reader.skip(7)?;
            }
        }
    }
    Some(())
}

/// A frame header: who the frame is by the client's, how it is coded by the encoder's.
pub(super) struct Merge<'a> {
    pub(super) sequence: &'a Sequence,
    /// The client's, and the bits that it was read from.
    pub(super) front: &'a Front,
    pub(super) client: &'a [u8],
    /// The encoder's, likewise.
    pub(super) rest: &'a Rest,
    pub(super) coded: &'a [u8],
    /// What the frame is coded as.
    pub(super) frame_type: FrameType,
    /// The slot that an inter frame refers to.
    pub(super) reference: usize,
    /// Whether probabilities go on from that reference.
    pub(super) primary: bool,
}

impl Merge<'_> {
    /// Writes uncompressed_header() without what ends the OBU.
    pub(super) fn write(&self, out: &mut crate::bits::BitWriter) {
        let Self { sequence, front, rest, frame_type, .. } = self;
        let intra = *frame_type != FrameType::Inter;
        out.bit(false); // show_existing_frame
        out.bits(*frame_type as u32, 2);
        out.bit(front.show);
        if !front.show {
            out.bit(front.showable);
        }
        let whole = *frame_type == FrameType::Key && front.show;
        if !whole {
            out.bit(false); // error_resilient_mode
        }
        out.bit(rest.disable_cdf_update);
        if sequence.screen_content == 2 {
            out.bit(front.screen_content);
        }
        out.bit(front.size_override);
        out.bits(front.order_hint, sequence.order_hint_bits);
        if !intra {
            out.bits(if self.primary { 0 } else { NO_PRIMARY }, 3);
        }
        if !whole {
            out.bits(front.refresh.into(), 8);
        }
        if !intra {
            if sequence.order_hint_bits != 0 {
                out.bit(false); // frame_refs_short_signaling
            }
            (0..7).for_each(|_| out.bits(self.reference as u32, 3));
            if front.size_override {
                out.bits(0, 7); // found_ref
            }
        }
        out.copy(self.client, front.size.clone());
        out.copy(self.coded, rest.motion.clone());
        if !intra && sequence.ref_frame_mvs {
            out.bit(false);
        }
        out.copy(self.coded, rest.middle.clone());
        if !rest.lossless {
            if sequence.cdef {
                // cdef_damping, cdef_bits 0, and no strength at all
                out.bits(0, 2 + 2 + 6 + 6);
            }
            if sequence.restoration {
                out.bits(0, 3 * 2); // lr_type
            }
            out.bit(rest.tx_mode_select);
        }
        if !intra {
            out.bit(false); // reference_select
            if sequence.warped_motion {
                out.bit(false);
            }
        }
        out.bit(rest.reduced_tx_set);
        if !intra {
            out.bits(0, 7); // is_global
        }
        if sequence.film_grain && (front.show || front.showable) {
            out.bit(false); // apply_grain
        }
    }
}
