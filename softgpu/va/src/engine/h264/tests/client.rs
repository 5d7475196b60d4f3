//! A client of the engines: structures and packed headers as a program fills them, and an independent decoder.

use std::io::Write as _;
use std::process::{Command, Stdio};

use softgpu_core::setup::Engine;

use super::super::slice::{SliceHeader, SliceKind};
use super::super::syntax::{Pps, Sps, Vui};
use crate::bits::{self, BitWriter};
use crate::engine::{Coded, EncodeJob, Open, Packed, RateSettings};
use crate::failure::Outcome;
use crate::plane::{Format, Planes};
use crate::sys;

/// How headers are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    /// With emulation prevention.
    Emulated,
    /// Without.
    Plain,
    /// Without, and the sequence parameter set alone.
    Sequence,
}

/// A picture in coding order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) kind: SliceKind,
    pub(super) idr: bool,
    /// Position in display order since the start.
    pub(super) shown: usize,
    pub(super) reference: bool,
    /// Position in display order of the picture that list 0 begins with.
    pub(super) refers_to: usize,
}

/// An NV12 picture without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bytes: Vec<u8>,
}

impl Picture {
    /// Noise in which zeros, and so bytes that look like start codes, are frequent.
    pub(super) fn noise(width: usize, height: usize, seed: usize) -> Self {
        let mut state = (seed as u32).wrapping_mul(2_654_435_761) + 1;
        let bytes = (0..width * height * 3 / 2)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = (state >> 24) as u8;
                if value < 180 { value & 3 } else { value }
            })
            .collect();
        Self { width, height, bytes }
    }

    /// Waves that move with `time`.
    pub(super) fn waves(width: usize, height: usize, time: usize) -> Self {
        let luma = (0..width * height).map(|at| {
            let (x, y) = (at % width, at / width);
            let wave = ((x + 3 * time) as f32 / 9.0).sin() + ((y + time) as f32 / 13.0).cos();
            let grain = (x * 7919 + y * 104_729) % 13;
            (90.0 + 35.0 * wave) as u8 + grain as u8
        });
        let chroma =
            (0..width * height / 2).map(|at| if at % 2 == 0 { 90 + (at / 2 + time) % 60 } else { 140 } as u8);
        Self { width, height, bytes: luma.chain(chroma).collect() }
    }

    fn planes(&self) -> Planes<'_> {
        let (luma, chroma) = self.bytes.split_at(self.width * self.height);
        Planes {
            format: Format::Nv12,
            width: self.width as u32,
            height: self.height as u32,
            data: [luma, chroma, &[]],
            strides: [self.width, self.width, 0],
        }
    }

    /// dB, of all samples.
    pub(super) fn psnr(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let squares: f64 = self
            .bytes
            .iter()
            .zip(&other.bytes)
            .map(|(&one, &two)| (f64::from(one) - f64::from(two)).powi(2))
            .sum();
        10.0 * (255.0 * 255.0 * self.bytes.len() as f64 / squares.max(1e-9)).log10()
    }
}

/// A stream to code.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) engine: Engine,
    pub(super) sps: Sps,
    pub(super) pps: Pps,
    pub(super) packing: Packing,
    pub(super) slices: u32,
    pub(super) qp: i32,
    pub(super) init_idc: u32,
    pub(super) rate: RateSettings,
}

/// A picture's surface: nothing but its position in display order.
fn surface(shown: usize) -> u32 {
    0x100 + shown as u32
}

impl Client {
    pub(super) fn new(engine: Engine, width: usize, height: usize) -> Self {
        let (width_mbs, height_mbs) = (width.div_ceil(16), height.div_ceil(16));
        let crop = [0, (16 * width_mbs - width) as u32 / 2, 0, (16 * height_mbs - height) as u32 / 2];
        Self {
            engine,
            sps: Sps {
                profile_idc: 100,
                level_idc: 40,
                chroma_format_idc: 1,
                bit_depth_luma: 8,
                bit_depth_chroma: 8,
                log2_max_frame_num: 4,
                log2_max_poc_lsb: 8,
                max_num_ref_frames: 2,
                width_mbs: width_mbs as u32,
                height_map_units: height_mbs as u32,
                frame_mbs_only: true,
                direct_8x8_inference: true,
                crop: (crop != [0; 4]).then_some(crop),
                vui: Some(Vui {
                    timing: Some((1, 60, true)),
                    max_reorder: 1,
                    max_buffering: 2,
                    aspect: None,
                }),
                ..Sps::default()
            },
            pps: Pps {
                cabac: true,
                slice_groups: 1,
                num_refs: [1, 1],
                init_qp: 26,
                deblocking_control: true,
                ..Pps::default()
            },
            packing: Packing::Emulated,
            slices: 1,
            qp: 20,
            init_idc: 0,
            rate: RateSettings { mode: sys::VA_RC_CQP, ..RateSettings::default() },
        }
    }

    /// Coding order of `pictures` with a B picture between each two others and an IDR picture every `gop`.
    pub(super) fn turns(pictures: usize, gop: usize, b_frames: bool) -> Vec<Turn> {
        let mut turns = Vec::new();
        let mut shown = 0;
        let mut last = 0;
        while shown < pictures {
            let anchor = |shown: usize, last| Turn {
                kind: if shown.is_multiple_of(gop) { SliceKind::I } else { SliceKind::P },
                idr: shown.is_multiple_of(gop),
                shown,
                reference: true,
                refers_to: last,
            };
            let next = shown + 1;
            if b_frames && !shown.is_multiple_of(gop) && next < pictures && !next.is_multiple_of(gop) {
                turns.push(anchor(next, last));
                let b = Turn { kind: SliceKind::B, idr: false, shown, reference: false, refers_to: last };
                turns.push(b);
                (last, shown) = (next, next + 1);
            } else {
                turns.push(anchor(shown, last));
                (last, shown) = (shown, shown + 1);
            }
        }
        turns
    }

    /// Codes the pictures (in display order) as `turns` say and returns each access unit.
    pub(super) fn code(&self, turns: &[Turn], pictures: &[Picture]) -> Vec<Vec<u8>> {
        let units = self.code_damaged(turns, pictures, |_, _| ());
        units.into_iter().map(Result::unwrap).collect()
    }

    /// Likewise, with packed headers that `damage` changes.
    pub(super) fn code_damaged(
        &self,
        turns: &[Turn],
        pictures: &[Picture],
        mut damage: impl FnMut(usize, &mut Packed),
    ) -> Vec<Outcome<Vec<u8>>> {
        let mut encoder = super::super::open(&Open {
            engine: self.engine,
            profile: sys::VAProfileH264High,
            entrypoint: sys::VAEntrypointEncSlice as _,
            rt_format: sys::VA_RT_FORMAT_YUV420,
            rate_control: self.rate.mode,
            packed_headers: 0,
            width: 16 * self.sps.width_mbs,
            height: 16 * self.sps.height_map_units,
        })
        .unwrap();
        let (mut frame_num, mut idrs, mut start) = (0, 0, 0);
        let mut references: Vec<(usize, u32)> = Vec::new();
        let mut units = Vec::new();
        for (index, turn) in turns.iter().enumerate() {
            if turn.idr {
                (frame_num, start) = (0, turn.shown);
                idrs += 1;
                references.clear();
            }
            let (sequence, picture, slices) = self.structures(turn, frame_num, idrs, start, &references);
            let mut packed = self.packed(turn, frame_num, idrs, start, &references);
            packed.iter_mut().for_each(|packed| damage(index, packed));
            let job = EncodeJob {
                source: pictures[turn.shown].planes(),
                sequence: &sequence,
                sequence_is_new: turn.idr,
                picture: &picture,
                slices: &slices,
                packed: &packed,
                matrix: &[],
                huffman: &[],
                rate: &self.rate,
                capacity: usize::MAX,
                index: index as u64,
            };
            let mut coded = Coded::default();
            units.push(encoder.encode(&job, &mut coded).map(|()| coded.data));
            if turn.reference {
                references.insert(0, (turn.shown, frame_num));
                references.truncate(self.sps.max_num_ref_frames as usize);
                frame_num = (frame_num + 1) % 16;
            }
        }
        units
    }

    fn header(
        &self,
        turn: &Turn,
        at: u32,
        frame_num: u32,
        idrs: u32,
        start: usize,
        references: &[(usize, u32)],
    ) -> SliceHeader {
        let nearest = references.first().map(|(shown, _)| *shown);
        let swap = turn.kind == SliceKind::P && nearest != Some(turn.refers_to);
        let wanted = references.iter().find(|(shown, _)| *shown == turn.refers_to);
        SliceHeader {
            ref_idc: if turn.reference { 1 } else { 0 },
            idr: turn.idr,
            first_mb: self.first_mb(at),
            kind: turn.kind,
            all_alike: true,
            frame_num,
            idr_pic_id: idrs % 2,
            poc_lsb: 2 * (turn.shown - start) as u32 % 256,
            direct_spatial: true,
            num_refs: [1, 1],
            modifications: [swap.then(|| vec![(0, (frame_num + 16 - wanted.unwrap().1) % 16 - 1)]), None],
            cabac_init_idc: self.init_idc,
            qp_delta: self.qp - self.pps.init_qp,
            ..SliceHeader::default()
        }
    }

    /// Slices of different lengths that begin anywhere in a row.
    fn first_mb(&self, slice: u32) -> u32 {
        self.sps.width_mbs * self.sps.height_map_units * slice / self.slices
    }

    fn packed(
        &self,
        turn: &Turn,
        frame_num: u32,
        idrs: u32,
        start: usize,
        references: &[(usize, u32)],
    ) -> Vec<Packed> {
        let mut packed = Vec::new();
        if self.packing == Packing::None {
            return packed;
        }
        let emulated = self.packing == Packing::Emulated;
        let pack = |kind: u32, units: &[(Vec<u8>, usize)], before_slice: usize| {
            let (mut bytes, mut bits) = (Vec::new(), 0);
            for (rbsp, rbsp_bits) in units {
                bytes.extend_from_slice(&[0, 0, 0, 1]);
                if emulated {
                    bits::add_emulation(rbsp, &mut bytes);
                } else {
                    bytes.extend_from_slice(rbsp);
                }
                bits = 8 * bytes.len() - (8 * rbsp.len() - rbsp_bits);
            }
            Packed { kind, bits: bits as u32, has_emulation_bytes: emulated, before_slice, bytes }
        };
        if turn.idr {
            let sets = [self.sps.write().into_bits(), self.pps.write().into_bits()];
            if emulated {
                // FFmpeg packs both into one.
                packed.push(pack(sys::VAEncPackedHeaderSequence, &sets, 0));
            } else {
                packed.push(pack(sys::VAEncPackedHeaderSequence, &sets[..1], 0));
                if self.packing == Packing::Plain {
                    packed.push(pack(sys::VAEncPackedHeaderPicture, &sets[1..], 0));
                }
            }
        }
        if self.packing == Packing::Sequence {
            return packed;
        }
        for slice in 0..self.slices {
            let mut out = BitWriter::new();
            self.header(turn, slice, frame_num, idrs, start, references)
                .write(&mut out, &self.sps, &self.pps);
            // FFmpeg puts the delimiter of pictures that are not IDR before the header of their first slice.
            let units = [(vec![0x09, 0xf0], 16), out.into_bits()];
            let units = if slice == 0 && !turn.idr { &units[..] } else { &units[1..] };
            packed.push(pack(sys::VAEncPackedHeaderSlice, units, slice as usize));
        }
        packed
    }

    #[allow(clippy::type_complexity, reason = "the three kinds of buffers, once")]
    fn structures(
        &self,
        turn: &Turn,
        frame_num: u32,
        idrs: u32,
        start: usize,
        references: &[(usize, u32)],
    ) -> (Vec<u8>, Vec<u8>, Vec<Vec<u8>>) {
        let mut seq = sys::VAEncSequenceParameterBufferH264 {
            level_idc: 40,
            intra_period: 60,
            ip_period: 2,
            bits_per_second: 0,
            max_num_ref_frames: self.sps.max_num_ref_frames,
            picture_width_in_mbs: self.sps.width_mbs as u16,
            picture_height_in_mbs: self.sps.height_map_units as u16,
            frame_cropping_flag: u8::from(self.sps.crop.is_some()),
            vui_parameters_present_flag: 1,
            num_units_in_tick: 1,
            time_scale: 60,
            ..Default::default()
        };
        [_, seq.frame_crop_right_offset, _, seq.frame_crop_bottom_offset] = self.sps.crop.unwrap_or_default();
        // SAFETY: all views of the unions are plain bits.
        unsafe {
            seq.seq_fields.bits.set_chroma_format_idc(1);
            seq.seq_fields.bits.set_frame_mbs_only_flag(1);
            seq.seq_fields.bits.set_direct_8x8_inference_flag(1);
            seq.seq_fields.bits.set_log2_max_pic_order_cnt_lsb_minus4(4);
            seq.vui_fields.bits.set_timing_info_present_flag(1);
        }
        let none = sys::VAPictureH264 {
            picture_id: sys::VA_INVALID_SURFACE,
            flags: sys::VA_PICTURE_H264_INVALID,
            ..Default::default()
        };
        let named = |&(shown, frame_idx): &(usize, u32)| sys::VAPictureH264 {
            picture_id: surface(shown),
            frame_idx,
            flags: sys::VA_PICTURE_H264_SHORT_TERM_REFERENCE,
            ..Default::default()
        };
        let mut pic = sys::VAEncPictureParameterBufferH264 {
            frame_num: frame_num as u16,
            pic_init_qp: self.pps.init_qp as u8,
            ReferenceFrames: [none; 16],
            ..Default::default()
        };
        pic.CurrPic.picture_id = surface(turn.shown);
        for (into, reference) in pic.ReferenceFrames.iter_mut().zip(references) {
            *into = named(reference);
        }
        // SAFETY: as above.
        unsafe {
            let fields = &mut pic.pic_fields.bits;
            fields.set_idr_pic_flag(turn.idr.into());
            fields.set_reference_pic_flag(turn.reference.into());
            fields.set_entropy_coding_mode_flag(self.pps.cabac.into());
            fields.set_transform_8x8_mode_flag(self.pps.transform_8x8.into());
            fields.set_deblocking_filter_control_present_flag(self.pps.deblocking_control.into());
            fields.set_constrained_intra_pred_flag(self.pps.constrained_intra.into());
        }
        let slices = (0..self.slices).map(|at| {
            let header = self.header(turn, at, frame_num, idrs, start, references);
            let mut slice = sys::VAEncSliceParameterBufferH264 {
                macroblock_address: header.first_mb,
                num_macroblocks: self.first_mb(at + 1) - header.first_mb,
                slice_type: header.kind as u8,
                idr_pic_id: header.idr_pic_id as u16,
                pic_order_cnt_lsb: header.poc_lsb as u16,
                direct_spatial_mv_pred_flag: 1,
                RefPicList0: [none; 32],
                RefPicList1: [none; 32],
                cabac_init_idc: self.init_idc as u8,
                slice_qp_delta: header.qp_delta as i8,
                ..Default::default()
            };
            if turn.kind != SliceKind::I {
                let wanted = references.iter().find(|(shown, _)| *shown == turn.refers_to).unwrap();
                slice.RefPicList0[0] = named(wanted);
                for (into, reference) in slice.RefPicList1.iter_mut().zip(references) {
                    *into = named(reference);
                }
            }
            raw(&slice)
        });
        (raw(&seq), raw(&pic), slices.collect())
    }
}

fn raw<T: sys::Plain>(value: &T) -> Vec<u8> {
    // SAFETY: the structure is plain and was made with all of its bytes zero or set.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

/// Decodes a byte stream with the ffmpeg command. It must not complain.
pub(super) fn decode(stream: &[u8], width: usize, height: usize) -> Vec<Picture> {
    let mut child = Command::new("ffmpeg")
        .args("-v warning -f h264 -i - -f rawvideo -pix_fmt nv12 -fps_mode passthrough -".split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the ffmpeg command is there");
    let mut input = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(stream).unwrap());
        child.wait_with_output().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let size = width * height * 3 / 2;
    assert_eq!(output.stdout.len() % size, 0);
    output.stdout.chunks_exact(size).map(|bytes| Picture { width, height, bytes: bytes.to_vec() }).collect()
}
