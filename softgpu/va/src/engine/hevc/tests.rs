//! Streams as a client asks for them, decoded by FFmpeg.

use super::*;
use crate::engine::testing::{Buffers, Picture, code, decode, psnr, raw};

/// A client that sends what FFmpeg's does; headers packed or not.
struct Client {
    encoder: Box<dyn Encoder>,
    sequence: sys::VAEncSequenceParameterBufferHEVC,
    depth: u32,
    packs: bool,
    cu_qp_delta: bool,
    transform_skip: bool,
    qp: i8,
    index: u64,
    stream: Vec<u8>,
    shown: Vec<(i32, Picture)>,
    idr_at: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Idr,
    P,
    /// A P picture that is called B and has the same reference in both lists.
    Gpb,
    B,
}

impl Client {
    fn new(engine: Engine, width: u16, height: u16, depth: u32) -> Self {
        let open = Open {
            engine,
            profile: if depth == 8 { sys::VAProfileHEVCMain } else { sys::VAProfileHEVCMain10 },
            entrypoint: sys::VAEntrypointEncSlice.cast_signed(),
            rt_format: if depth == 8 { sys::VA_RT_FORMAT_YUV420 } else { sys::VA_RT_FORMAT_YUV420_10 },
            rate_control: sys::VA_RC_CQP,
            packed_headers: 0,
            width: width.into(),
            height: height.into(),
        };
        let mut sequence = sys::VAEncSequenceParameterBufferHEVC {
            general_profile_idc: if depth == 8 { 1 } else { 2 },
            general_level_idc: 120,
            ip_period: 3,
            pic_width_in_luma_samples: width,
            pic_height_in_luma_samples: height,
            log2_diff_max_min_luma_coding_block_size: 2,
            log2_diff_max_min_transform_block_size: 3,
            max_transform_hierarchy_depth_inter: 3,
            max_transform_hierarchy_depth_intra: 3,
            ..Default::default()
        };
        // SAFETY: both members of the union are numbers.
        let fields = unsafe { &mut sequence.seq_fields.bits };
        fields.set_chroma_format_idc(1);
        fields.set_bit_depth_luma_minus8(depth - 8);
        fields.set_bit_depth_chroma_minus8(depth - 8);
        fields.set_amp_enabled_flag(1);
        Self {
            encoder: super::open(&open).unwrap(),
            sequence,
            depth,
            packs: false,
            cu_qp_delta: false,
            transform_skip: false,
            qp: 20,
            index: 0,
            stream: Vec::new(),
            shown: Vec::new(),
            idr_at: 0,
        }
    }

    /// SAO and temporal vectors, which slice headers turn off, and tools that x265 has to follow.
    fn with_tools(mut self) -> Self {
        // SAFETY: both members of the union are numbers.
        let fields = unsafe { &mut self.sequence.seq_fields.bits };
        fields.set_sample_adaptive_offset_enabled_flag(1);
        fields.set_sps_temporal_mvp_enabled_flag(1);
        fields.set_strong_intra_smoothing_enabled_flag(1);
        fields.set_amp_enabled_flag(0);
        self.sequence.max_transform_hierarchy_depth_inter = 2;
        self.cu_qp_delta = true;
        self
    }

    /// Sends the picture shown at `at`, which refers to those shown at `refs`; returns what it became.
    fn send(&mut self, picture_type: Type, at: i32, refs: &[i32]) -> usize {
        if picture_type == Type::Idr {
            self.idr_at = at;
        }
        let frame = |at: i32, flags: u32| sys::VAPictureHEVC {
            picture_id: 100 + at as u32,
            pic_order_cnt: at - self.idr_at,
            flags,
            ..Default::default()
        };
        let none = sys::VAPictureHEVC { flags: sys::VA_PICTURE_HEVC_INVALID, ..Default::default() };
        let mut picture = sys::VAEncPictureParameterBufferHEVC {
            decoded_curr_pic: frame(at, 0),
            reference_frames: [none; 15],
            pic_init_qp: 30,
            nal_unit_type: match picture_type {
                Type::Idr => nal::IDR_W_RADL as u8,
                Type::P | Type::Gpb => 1,
                Type::B => 0,
            },
            ..Default::default()
        };
        for (into, &reference) in picture.reference_frames.iter_mut().zip(refs) {
            let before = reference < at;
            *into = frame(
                reference,
                if before {
                    sys::VA_PICTURE_HEVC_RPS_ST_CURR_BEFORE
                } else {
                    sys::VA_PICTURE_HEVC_RPS_ST_CURR_AFTER
                },
            );
        }
        // SAFETY: both members of the union are numbers.
        let fields = unsafe { &mut picture.pic_fields.bits };
        fields.set_cu_qp_delta_enabled_flag(self.cu_qp_delta.into());
        fields.set_transform_skip_enabled_flag(self.transform_skip.into());
        let slice = sys::VAEncSliceParameterBufferHEVC {
            slice_type: match picture_type {
                Type::Idr => 2,
                Type::P => 1,
                Type::Gpb | Type::B => 0,
            },
            slice_qp_delta: self.qp - 30,
            max_num_merge_cand: 5,
            ..Default::default()
        };
        let mut buffers = Buffers {
            sequence: raw(&self.sequence),
            picture: raw(&picture),
            slices: vec![raw(&slice)],
            ..Buffers::default()
        };
        if self.packs {
            let sets = own::parameter_sets(&self.sequence, &picture);
            let sps = Sps::parse(&mut crate::bits::BitReader::new(&sets[1])).unwrap();
            let mut bytes = Vec::new();
            sets.iter().for_each(|set| put_unit(3, set, &mut bytes));
            let packed = |kind, bytes: Vec<u8>, bits: usize| Packed {
                kind,
                bits: bits as u32,
                has_emulation_bytes: true,
                before_slice: 0,
                bytes,
            };
            if picture_type == Type::Idr {
                let bits = 8 * bytes.len();
                buffers.packed.push(packed(sys::VAEncPackedHeaderSequence, bytes, bits));
            }
            let (rbsp, bits) = own::slice_header(&picture, &slice, &sps);
            let mut bytes = Vec::new();
            put_unit(2, &rbsp, &mut bytes);
            let bits = 8 * bytes.len() - (8 * rbsp.len() - bits);
            buffers.packed.push(packed(sys::VAEncPackedHeaderSlice, bytes, bits));
        }
        let (width, height) =
            (self.sequence.pic_width_in_luma_samples, self.sequence.pic_height_in_luma_samples);
        let source = Picture::new(width.into(), height.into(), self.depth, at as usize);
        let bits = code(&mut *self.encoder, &buffers, &source, self.index);
        self.index += 1;
        self.stream.extend_from_slice(&bits);
        self.shown.push((at, source));
        bits.len()
    }

    /// What a decoder makes of the stream, in dB, picture by picture.
    fn quality(mut self) -> Vec<f64> {
        self.shown.sort_by_key(|picture| picture.0);
        let (width, height) = (self.shown[0].1.width, self.shown[0].1.height);
        let got = decode("hevc", &self.stream, width, height, self.depth);
        assert_eq!(got.len(), self.shown.len());
        got.iter().zip(&self.shown).map(|(got, sent)| psnr(got, &sent.1)).collect()
    }
}

fn lowest(quality: &[f64]) -> f64 {
    quality.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn a_hundred_pictures_do_not_drift() {
    for (depth, packs) in [(8, true), (8, false), (10, true)] {
        let mut client = Client::new(Engine::X264, 320, 184, depth);
        client.packs = packs;
        client.send(Type::Idr, 0, &[]);
        for at in 1..110 {
            client.send(if at % 3 == 0 { Type::Gpb } else { Type::P }, at, &[at - 1]);
        }
        let quality = client.quality();
        assert!(lowest(&quality) > 41.0, "{quality:?}");
        assert!(quality[109] > quality[40] - 0.5, "{quality:?}");
    }
}

#[test]
fn pictures_between_others_are_coded_without_breaking_the_chain() {
    for depth in [8, 10] {
        let mut client = Client::new(Engine::X264, 320, 184, depth).with_tools();
        client.packs = true;
        let mut sizes = Vec::new();
        for gop in 0..3 {
            let first = gop * 13;
            client.send(Type::Idr, first, &[]);
            for anchor in (first..first + 12).step_by(3) {
                sizes.push(client.send(Type::P, anchor + 3, &[anchor]));
                client.send(Type::B, anchor + 1, &[anchor, anchor + 3]);
                client.send(Type::B, anchor + 2, &[anchor, anchor + 3]);
            }
        }
        let quality = client.quality();
        assert!(lowest(&quality) > 41.0, "{quality:?}");
    }
}

#[test]
fn blocks_of_64_and_shallow_trees_are_coded() {
    let mut client = Client::new(Engine::X264, 320, 192, 8);
    client.packs = true;
    client.transform_skip = true;
    client.sequence.log2_diff_max_min_luma_coding_block_size = 3;
    client.sequence.max_transform_hierarchy_depth_inter = 0;
    client.sequence.max_transform_hierarchy_depth_intra = 0;
    client.send(Type::Idr, 0, &[]);
    for at in 1..12 {
        client.send(Type::P, at, &[at - 1]);
    }
    assert!(lowest(&client.quality()) > 41.0);
}

#[test]
fn a_reference_further_back_is_coded_without_it() {
    let mut client = Client::new(Engine::X264, 320, 184, 8);
    client.send(Type::Idr, 0, &[]);
    let near = client.send(Type::P, 1, &[0]);
    let far = client.send(Type::P, 2, &[0]);
    let again = client.send(Type::P, 3, &[2]);
    assert!(far > 2 * near && again < far, "{near} {far} {again}");
    assert!(lowest(&client.quality()) > 41.0);
}

#[test]
fn a_coarser_quantiser_takes_fewer_bits() {
    let mut last = 1 << 30;
    for qp in [12, 22, 32, 42] {
        let mut client = Client::new(Engine::X264, 320, 184, 8);
        client.qp = qp;
        let mut size = client.send(Type::Idr, 0, &[]);
        size += (1..6).map(|at| client.send(Type::P, at, &[at - 1])).sum::<usize>();
        assert!(3 * size < 2 * last, "{qp}: {size} after {last}");
        last = size;
    }
}

#[test]
fn lossless_is_as_near_as_x265_comes() {
    for depth in [8, 10] {
        let mut client = Client::new(Engine::Lossless, 320, 184, depth);
        client.send(Type::Idr, 0, &[]);
        for at in 1..6 {
            client.send(Type::P, at, &[at - 1]);
        }
        let quality = client.quality();
        assert!(lowest(&quality) > 58.0, "{quality:?}");
    }
}

#[test]
fn null_codes_eight_pictures_and_then_repeats_one() {
    for depth in [8, 10] {
        for tools in [false, true] {
            let mut client = Client::new(Engine::Null, 640, 368, depth);
            if tools {
                client = client.with_tools();
            }
            client.packs = true;
            client.send(Type::Idr, 0, &[]);
            let mut sizes: Vec<usize> = (1..20).map(|at| client.send(Type::P, at, &[at - 1])).collect();
            client.send(Type::Idr, 20, &[]);
            sizes.push(client.send(Type::P, 23, &[20]));
            sizes.push(client.send(Type::B, 21, &[20, 23]));
            client.send(Type::B, 22, &[20, 23]);
            assert!(sizes[7..].iter().all(|&size| size < 120), "{sizes:?}");
            let quality = client.quality();
            assert!(lowest(&quality[..8]) > 41.0 && quality[8] < 40.0, "{quality:?}");
        }
    }
}

#[test]
fn what_x265_cannot_code_is_refused() {
    let wrong: [fn(&mut sys::VAEncSequenceParameterBufferHEVC); 3] = [
        |sequence| sequence.log2_min_transform_block_size_minus2 = 1,
        |sequence| sequence.pic_width_in_luma_samples = 324,
        // SAFETY: both members of the union are numbers.
        |sequence| unsafe { sequence.seq_fields.bits.set_chroma_format_idc(2) },
    ];
    for wrong in wrong {
        let mut client = Client::new(Engine::X264, 320, 184, 8);
        wrong(&mut client.sequence);
        let slice = sys::VAEncSliceParameterBufferHEVC { slice_type: 2, ..Default::default() };
        let picture = sys::VAEncPictureParameterBufferHEVC {
            nal_unit_type: nal::IDR_W_RADL as u8,
            ..Default::default()
        };
        let buffers = Buffers {
            sequence: raw(&client.sequence),
            picture: raw(&picture),
            slices: vec![raw(&slice)],
            ..Buffers::default()
        };
        let source = Picture::new(320, 184, 8, 0);
        let failure = client.encoder.encode(&buffers.job(&source, 0), &mut Coded::default()).unwrap_err();
        assert_eq!(failure.status, sys::VA_STATUS_ERROR_INVALID_PARAMETER as i32, "{failure}");
    }
}
