//! Streams as a client asks for them, decoded by FFmpeg.

use super::*;
use crate::engine::Packed;
use crate::engine::testing::{Buffers, Picture, code, decode, psnr, raw};

/// A client that sends the headers that FFmpeg's av1_vaapi sends (libavcodec/vaapi_encode_av1.c), or none.
struct Client {
    encoder: Box<dyn Encoder>,
    width: usize,
    height: usize,
    depth: u32,
    packs: bool,
    /// Tools of the sequence: CDEF, restoration and warped motion, which frames turn off; the intra tools, which they cannot.
    tools: bool,
    q_idx: u8,
    index: u64,
    stream: Vec<u8>,
    shown: Vec<(u32, Picture)>,
}

impl Client {
    fn new(engine: Engine, width: usize, height: usize, depth: u32) -> Self {
        let open = Open {
            engine,
            profile: sys::VAProfileAV1Profile0,
            entrypoint: sys::VAEntrypointEncSlice.cast_signed(),
            rt_format: if depth == 8 { sys::VA_RT_FORMAT_YUV420 } else { sys::VA_RT_FORMAT_YUV420_10 },
            rate_control: sys::VA_RC_CQP,
            packed_headers: 0,
            width: width as u32,
            height: height as u32,
        };
        Self {
            encoder: super::open(&open).unwrap(),
            width,
            height,
            depth,
            packs: true,
            tools: false,
            q_idx: 60,
            index: 0,
            stream: Vec::new(),
            shown: Vec::new(),
        }
    }

    fn sequence(&self) -> Vec<u8> {
        let mut out = BitWriter::new();
        out.bits(0, 3 + 2 + 1 + 1 + 5 + 12);
        out.bits(8, 5); // level 4.0
        out.bit(false);
        for size in [self.width, self.height] {
            out.bits(size.ilog2(), 4);
        }
        for size in [self.width, self.height] {
            out.bits(size as u32 - 1, size.ilog2() + 1);
        }
        out.bits(0, 2);
        out.bits(if self.tools { 0b11 } else { 0 }, 2); // filter_intra, intra_edge_filter
        out.bits(0, 2); // interintra, masked
        out.bit(self.tools); // warped
        out.bit(false); // dual filter
        out.bit(true);
        out.bits(if self.tools { 0b01 } else { 0 }, 2); // jnt_comp, ref_frame_mvs
        out.bits(0, 2); // screen content: never
        out.bits(7, 3);
        out.bit(false);
        out.bits(if self.tools { 0b11 } else { 0 }, 2); // cdef, restoration
        out.bit(self.depth > 8);
        out.bits(0, 1 + 1 + 1 + 2 + 1);
        out.bit(false);
        out.trailing();
        out.as_bytes().to_vec()
    }

    /// A frame header as far as the sizes, which is all that the engine takes of it.
    fn frame(&self, frame_type: FrameType, show: bool, hint: u32, refresh: u8, slot: u32) -> Vec<u8> {
        let mut out = BitWriter::new();
        out.bit(false);
        out.bits(frame_type as u32, 2);
        out.bit(show);
        if !show {
            out.bit(true);
        }
        if frame_type != FrameType::Key {
            out.bit(false);
        }
        out.bits(0, 2);
        out.bits(hint, 8);
        if frame_type == FrameType::Inter {
            out.bits(slot, 3);
        }
        if frame_type != FrameType::Key {
            out.bits(refresh.into(), 8);
        }
        if frame_type == FrameType::Inter {
            out.bit(false);
            (0..7).for_each(|_| out.bits(slot, 3));
        }
        out.bit(false);
        out.bits(0xff, 8); // the rest is left to the driver
        out.align(false);
        out.as_bytes().to_vec()
    }

    /// Sends the picture shown at `at` after the last key frame's.
    fn send(&mut self, frame_type: FrameType, at: u32, show: bool, refresh: u8, slot: u32) -> usize {
        let mut picture = sys::VAEncPictureParameterBufferAV1 {
            frame_width_minus_1: self.width as u16 - 1,
            frame_height_minus_1: self.height as u16 - 1,
            base_qindex: self.q_idx,
            ..Default::default()
        };
        // SAFETY: both members of the union are numbers.
        unsafe { &mut picture.picture_flags.bits }.set_frame_type(frame_type as u32);
        let mut buffers = Buffers { picture: raw(&picture), ..Buffers::default() };
        if self.packs {
            let mut pack = |kind, obu_type, payload: Vec<u8>| {
                let mut bytes = Vec::new();
                put_obu(obu_type, &[&payload], &mut bytes);
                let bits = 8 * bytes.len() as u32;
                buffers.packed.push(Packed { kind, bits, has_emulation_bytes: true, before_slice: 0, bytes });
            };
            if frame_type == FrameType::Key {
                pack(sys::VAEncPackedHeaderSequence, obu::SEQUENCE_HEADER, self.sequence());
            }
            let frame = self.frame(frame_type, show, at, refresh, slot);
            pack(sys::VAEncPackedHeaderPicture, obu::FRAME_HEADER, frame);
        }
        let source = Picture::new(self.width, self.height, self.depth, at as usize);
        let bits = code(&mut *self.encoder, &buffers, &source, self.index);
        self.index += 1;
        if self.packs && (show || self.stream.is_empty()) {
            // The client's temporal delimiter, before what belongs to the next shown frame.
            self.stream.extend_from_slice(&[0x12, 0]);
        }
        self.stream.extend_from_slice(&bits);
        self.shown.push((at, source));
        bits.len()
    }

    fn quality(mut self) -> Vec<f64> {
        self.shown.sort_by_key(|picture| picture.0);
        let got = decode("obu", &self.stream, self.width, self.height, self.depth);
        assert_eq!(got.len(), self.shown.len());
        got.iter().zip(&self.shown).map(|(got, sent)| psnr(got, &sent.1)).collect()
    }
}

use FrameType::{Inter, Key};

fn lowest(quality: &[f64]) -> f64 {
    quality.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn a_hundred_pictures_do_not_drift() {
    let quality = |depth: u32, packs: bool, tools: bool| {
        let mut client = Client::new(Engine::X264, 318, 182, depth);
        (client.packs, client.tools) = (packs, tools);
        client.send(Key, 0, true, 0xff, 0);
        for at in 1..110 {
            client.send(Inter, at, true, 1 << (at % 2), (at + 1) % 2);
        }
        client.quality()
    };
    for depth in [8, 10] {
        // Behind the client's headers and its own the same blocks give the same pictures.
        let own = quality(depth, false, false);
        assert_eq!(quality(depth, true, false), own);
        let tools = quality(depth, true, true);
        let low = (lowest(&own), lowest(&tools));
        assert!(low.0 > 41.0 && low.1 > 41.0, "{depth}: {low:?}");
    }
}

#[test]
fn pictures_between_others_are_coded_without_breaking_the_chain() {
    for depth in [8, 10] {
        let mut client = Client::new(Engine::X264, 320, 184, depth);
        client.send(Key, 0, true, 0xff, 0);
        for (turn, anchor) in (3..30).step_by(3).enumerate() {
            let slot = turn as u32 % 2;
            client.send(Inter, anchor, false, 2 >> slot, slot);
            // The one refers to the anchor, the other does not.
            client.send(Inter, anchor - 2, true, 0, 1 - slot);
            client.send(Inter, anchor - 1, true, 0, slot);
            // show_existing_frame of the anchor
            client.stream.extend_from_slice(&[0x12, 0]);
            let mut shows = BitWriter::new();
            shows.bit(true);
            shows.bits(1 - slot, 3);
            shows.trailing();
            put_obu(obu::FRAME_HEADER, &[shows.as_bytes()], &mut client.stream);
        }
        let quality = client.quality();
        assert!(lowest(&quality) > 41.0, "{quality:?}");
    }
}

#[test]
fn a_reference_further_back_is_coded_without_it() {
    let mut client = Client::new(Engine::X264, 320, 184, 8);
    client.send(Key, 0, true, 0xff, 0);
    let near = client.send(Inter, 1, true, 1, 0);
    let far = client.send(Inter, 2, true, 1, 1);
    let again = client.send(Inter, 3, true, 2, 0);
    assert!(far > 2 * near && again < far, "{near} {far} {again}");
    assert!(lowest(&client.quality()) > 41.0);
}

#[test]
fn lossless_is_lossless() {
    for depth in [8, 10] {
        let mut client = Client::new(Engine::Lossless, 320, 184, depth);
        client.tools = true;
        client.send(Key, 0, true, 0xff, 0);
        for at in 1..6 {
            client.send(Inter, at, true, 1 << (at % 2), (at + 1) % 2);
        }
        assert!(lowest(&client.quality()) > 100.0);
    }
}

#[test]
fn null_codes_eight_pictures_and_then_repeats_one() {
    for depth in [8, 10] {
        let mut client = Client::new(Engine::Null, 638, 358, depth);
        client.send(Key, 0, true, 0xff, 0);
        let send = |client: &mut Client, at| client.send(Inter, at, true, 1 << (at % 2), (at + 1) % 2);
        let mut sizes: Vec<usize> = (1..20).map(|at| send(&mut client, at)).collect();
        client.send(Key, 20, true, 0xff, 0);
        sizes.extend((21..24).map(|at| send(&mut client, at)));
        assert!(sizes[7..].iter().all(|&size| size < 120), "{sizes:?}");
        let quality = client.quality();
        assert!(lowest(&quality[..8]) > 41.0 && quality[8] < 40.0, "{quality:?}");
    }
}
