//! Slice headers, 7.3.3: read, changed where the coded macroblocks ask for it, and written.

use super::syntax::{NAL_IDR, Pps, Sps};
use crate::bits::{BitReader, BitWriter};

/// slice_type modulo 5, table 7-6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SliceKind {
    P,
    B,
    #[default]
    I,
}

/// memory_management_control_operation and its numbers, 7.3.3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marking {
    pub(crate) operation: u32,
    pub(crate) numbers: [u32; 2],
}

/// How many numbers follow a memory_management_control_operation.
fn marking_numbers(operation: u32) -> Option<usize> {
    match operation {
        5 => Some(0),
        1 | 2 | 4 | 6 => Some(1),
        3 => Some(2),
        _ => None,
    }
}

/// A slice header of a frame, with its NAL unit header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SliceHeader {
    pub(crate) ref_idc: u32,
    pub(crate) idr: bool,
    pub(crate) first_mb: u32,
    pub(crate) kind: SliceKind,
    /// slice_type 5 to 9: all slices of the picture are of this kind.
    pub(crate) all_alike: bool,
    pub(crate) pps_id: u32,
    pub(crate) frame_num: u32,
    pub(crate) idr_pic_id: u32,
    pub(crate) poc_lsb: u32,
    pub(crate) delta_poc_bottom: i32,
    pub(crate) delta_poc: [i32; 2],
    pub(crate) redundant_pic_cnt: u32,
    pub(crate) direct_spatial: bool,
    pub(crate) override_refs: bool,
    pub(crate) num_refs: [u32; 2],
    /// modification_of_pic_nums_idc and its number, without the 3 at the end; `None` without the flag.
    pub(crate) modifications: [Option<Vec<(u32, u32)>>; 2],
    pub(crate) no_output_of_prior_pics: bool,
    pub(crate) long_term_reference: bool,
    /// `None` without adaptive_ref_pic_marking_mode_flag.
    pub(crate) markings: Option<Vec<Marking>>,
    pub(crate) cabac_init_idc: u32,
    pub(crate) qp_delta: i32,
    /// disable_deblocking_filter_idc, slice_alpha_c0_offset_div2, slice_beta_offset_div2.
    pub(crate) deblocking: (u32, i32, i32),
}

impl SliceHeader {
    /// From a NAL unit, header included. `None` for what is no slice of a frame, or ends early.
    pub(crate) fn parse(reader: &mut BitReader<'_>, sps: &Sps, pps: &Pps) -> Option<Self> {
        reader.bit()?; // forbidden_zero_bit
        let ref_idc = reader.bits(2)?;
        let unit_type = reader.bits(5)?;
        if !matches!(unit_type, 1 | NAL_IDR) {
            return None;
        }
        let first_mb = reader.ue()?;
        let slice_type = reader.ue()?;
        let mut slice = Self {
            ref_idc,
            idr: unit_type == NAL_IDR,
            first_mb,
            kind: match slice_type % 5 {
                0 => SliceKind::P,
                1 => SliceKind::B,
                2 => SliceKind::I,
                _ => return None,
            },
            all_alike: slice_type >= 5,
            pps_id: reader.ue()?,
            num_refs: pps.num_refs,
            ..Self::default()
        };
        slice.frame_num = reader.bits(sps.log2_max_frame_num)?;
        if !sps.frame_mbs_only && reader.bit()? {
            return None; // a field
        }
        if slice.idr {
            slice.idr_pic_id = reader.ue()?;
        }
        if sps.poc_type == 0 {
            slice.poc_lsb = reader.bits(sps.log2_max_poc_lsb)?;
            if pps.pic_order_present {
                slice.delta_poc_bottom = reader.se()?;
            }
        }
        if sps.poc_type == 1 && !sps.delta_pic_order_always_zero {
            slice.delta_poc[0] = reader.se()?;
            if pps.pic_order_present {
                slice.delta_poc[1] = reader.se()?;
            }
        }
        if pps.redundant_pic_cnt {
            slice.redundant_pic_cnt = reader.ue()?;
        }
        slice.parse_references(reader, sps, pps)?;
        if slice.ref_idc != 0 {
            slice.parse_marking(reader)?;
        }
        if pps.cabac && slice.kind != SliceKind::I {
            slice.cabac_init_idc = reader.ue().filter(|&idc| idc <= 2)?;
        }
        slice.qp_delta = reader.se()?;
        if pps.deblocking_control {
            slice.deblocking.0 = reader.ue()?;
            if slice.deblocking.0 != 1 {
                slice.deblocking.1 = reader.se()?;
                slice.deblocking.2 = reader.se()?;
            }
        }
        Some(slice)
    }

    fn parse_references(&mut self, reader: &mut BitReader<'_>, sps: &Sps, pps: &Pps) -> Option<()> {
        if self.kind == SliceKind::B {
            self.direct_spatial = reader.bit()?;
        }
        if self.lists() > 0 {
            self.override_refs = reader.bit()?;
            if self.override_refs {
                for list in 0..self.lists() {
                    self.num_refs[list] = reader.ue()?.checked_add(1).filter(|&refs| refs <= 32)?;
                }
            }
        }
        for list in 0..self.lists() {
            if reader.bit()? {
                let mut commands = Vec::new();
                loop {
                    match reader.ue()? {
                        3 => break,
                        command @ 0..=2 if commands.len() < 66 => commands.push((command, reader.ue()?)),
                        _ => return None,
                    }
                }
                self.modifications[list] = Some(commands);
            }
        }
        if self.is_weighted(pps) {
            self.skip_weights(reader, sps)?;
        }
        Some(())
    }

    /// pred_weight_table(), 7.3.3.2. Nothing that is coded here is predicted with weights.
    fn skip_weights(&self, reader: &mut BitReader<'_>, sps: &Sps) -> Option<()> {
        reader.ue()?;
        if sps.chroma_format_idc != 0 {
            reader.ue()?;
        }
        for list in 0..self.lists() {
            for _ in 0..self.num_refs[list] {
                if reader.bit()? {
                    reader.se()?;
                    reader.se()?;
                }
                if sps.chroma_format_idc != 0 && reader.bit()? {
                    for _ in 0..4 {
                        reader.se()?;
                    }
                }
            }
        }
        Some(())
    }

    fn parse_marking(&mut self, reader: &mut BitReader<'_>) -> Option<()> {
        if self.idr {
            self.no_output_of_prior_pics = reader.bit()?;
            self.long_term_reference = reader.bit()?;
        } else if reader.bit()? {
            let mut markings = Vec::new();
            loop {
                let operation = reader.ue()?;
                if operation == 0 {
                    break;
                }
                let mut marking = Marking { operation, numbers: [0; 2] };
                for number in &mut marking.numbers[..marking_numbers(operation)?] {
                    *number = reader.ue()?;
                }
                if markings.len() >= 66 {
                    return None;
                }
                markings.push(marking);
            }
            self.markings = Some(markings);
        }
        Some(())
    }

    /// The header with its NAL unit's; the slice's data follows at once.
    pub(crate) fn write(&self, out: &mut BitWriter, sps: &Sps, pps: &Pps) {
        out.bits(self.ref_idc << 5 | if self.idr { NAL_IDR } else { 1 }, 8);
        out.ue(self.first_mb);
        out.ue(self.kind as u32 + if self.all_alike { 5 } else { 0 });
        out.ue(self.pps_id);
        out.bits(self.frame_num, sps.log2_max_frame_num);
        if !sps.frame_mbs_only {
            out.bit(false);
        }
        if self.idr {
            out.ue(self.idr_pic_id);
        }
        if sps.poc_type == 0 {
            out.bits(self.poc_lsb, sps.log2_max_poc_lsb);
            if pps.pic_order_present {
                out.se(self.delta_poc_bottom);
            }
        }
        if sps.poc_type == 1 && !sps.delta_pic_order_always_zero {
            out.se(self.delta_poc[0]);
            if pps.pic_order_present {
                out.se(self.delta_poc[1]);
            }
        }
        if pps.redundant_pic_cnt {
            out.ue(self.redundant_pic_cnt);
        }
        self.write_references(out, pps);
        if self.ref_idc != 0 {
            self.write_marking(out);
        }
        if pps.cabac && self.kind != SliceKind::I {
            out.ue(self.cabac_init_idc);
        }
        out.se(self.qp_delta);
        if pps.deblocking_control {
            out.ue(self.deblocking.0);
            if self.deblocking.0 != 1 {
                out.se(self.deblocking.1);
                out.se(self.deblocking.2);
            }
        }
    }

    fn write_references(&self, out: &mut BitWriter, pps: &Pps) {
        if self.kind == SliceKind::B {
            out.bit(self.direct_spatial);
        }
        let lists = self.lists();
        if lists > 0 {
            out.bit(self.override_refs);
            if self.override_refs {
                self.num_refs[..lists].iter().for_each(|&refs| out.ue(refs.max(1) - 1));
            }
        }
        for modifications in &self.modifications[..lists] {
            out.bit(modifications.is_some());
            if let Some(commands) = modifications {
                for &(command, number) in commands {
                    out.ue(command);
                    out.ue(number);
                }
                out.ue(3);
            }
        }
        if self.is_weighted(pps) {
            // Denominators of 1 and no weight given: each is then 1 (7.4.3.2), which is plain prediction.
            out.ue(0);
            out.ue(0);
            for _ in 0..self.num_refs[..lists].iter().sum::<u32>() {
                out.bits(0, 2);
            }
        }
    }

    fn write_marking(&self, out: &mut BitWriter) {
        if self.idr {
            out.bit(self.no_output_of_prior_pics);
            out.bit(self.long_term_reference);
            return;
        }
        out.bit(self.markings.is_some());
        if let Some(markings) = &self.markings {
            for marking in markings {
                out.ue(marking.operation);
                let numbers = marking_numbers(marking.operation).unwrap_or(0);
                marking.numbers[..numbers].iter().for_each(|&number| out.ue(number));
            }
            out.ue(0);
        }
    }

    /// Reference picture lists of this kind of slice.
    pub(crate) fn lists(&self) -> usize {
        match self.kind {
            SliceKind::I => 0,
            SliceKind::P => 1,
            SliceKind::B => 2,
        }
    }

    fn is_weighted(&self, pps: &Pps) -> bool {
        match self.kind {
            SliceKind::I => false,
            SliceKind::P => pps.weighted_pred,
            SliceKind::B => pps.weighted_bipred_idc == 1,
        }
    }

    /// SliceQPY, 7.4.3.
    pub(crate) fn qp(&self, pps: &Pps) -> i32 {
        pps.init_qp.saturating_add(self.qp_delta).clamp(0, 51)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> (Sps, Pps) {
        let sps = Sps {
            chroma_format_idc: 1,
            log2_max_frame_num: 4,
            log2_max_poc_lsb: 6,
            frame_mbs_only: true,
            ..Sps::default()
        };
        let pps =
            Pps { num_refs: [1, 1], init_qp: 26, cabac: true, deblocking_control: true, ..Pps::default() };
        (sps, pps)
    }

    #[test]
    fn headers_read_back_as_they_were_written() {
        let (sps, pps) = sets();
        let plain =
            SliceHeader { num_refs: [1, 1], frame_num: 9, poc_lsb: 33, qp_delta: -7, ..Default::default() };
        let idr = SliceHeader { idr: true, ref_idc: 3, idr_pic_id: 5, all_alike: true, ..plain.clone() };
        let p = SliceHeader {
            kind: SliceKind::P,
            ref_idc: 2,
            first_mb: 81,
            override_refs: true,
            num_refs: [3, 1],
            modifications: [Some(vec![(0, 2), (2, 0)]), None],
            markings: Some(vec![
                Marking { operation: 1, numbers: [4, 0] },
                Marking { operation: 3, numbers: [1, 2] },
                Marking { operation: 5, numbers: [0, 0] },
            ]),
            cabac_init_idc: 2,
            deblocking: (0, 3, -2),
            ..plain.clone()
        };
        let b = SliceHeader {
            kind: SliceKind::B,
            direct_spatial: true,
            modifications: [None, Some(vec![(1, 0)])],
            deblocking: (1, 0, 0),
            ..plain.clone()
        };
        let weighted = Pps { weighted_pred: true, weighted_bipred_idc: 1, cabac: false, ..pps.clone() };
        let one = Sps { poc_type: 1, frame_mbs_only: false, ..sps.clone() };
        for slice in [plain, idr, p, b] {
            let cavlc = SliceHeader { cabac_init_idc: 0, ..slice.clone() };
            let counted = SliceHeader { poc_lsb: 0, delta_poc: [-3, 0], ..slice.clone() };
            for (slice, sps, pps) in [(slice, &sps, &pps), (cavlc, &sps, &weighted), (counted, &one, &pps)] {
                let mut out = BitWriter::new();
                slice.write(&mut out, sps, pps);
                let (bytes, bits) = out.into_bits();
                let mut reader = BitReader::with_bits(&bytes, bits);
                assert_eq!(SliceHeader::parse(&mut reader, sps, pps), Some(slice.clone()));
                assert_eq!(reader.left(), 0);
                for short in 0..bits {
                    assert_eq!(SliceHeader::parse(&mut BitReader::with_bits(&bytes, short), sps, pps), None);
                }
            }
        }
    }
}
