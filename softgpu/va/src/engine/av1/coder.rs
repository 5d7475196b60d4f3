//! Coded frames from libaom, by way of the codec library.

use softgpu_core::codec::{Codec, EncoderConfig, Kind, av1};

use super::obu::{self, obus};
use super::syntax::{FrameType, Front, NO_PRIMARY, Rest, Sequence};
use crate::bits::BitReader;
use crate::failure::{Failure, Outcome};
use crate::library::LibEncoder;
use crate::plane::Planes;

/// One libaom encoder, and what its decoder would know.
pub(super) struct Coder {
    encoder: LibEncoder,
    sequence: Option<Sequence>,
    /// Which frame each of the eight slots holds.
    slots: [u64; 8],
    /// Frames so far.
    count: u64,
}

/// A frame of libaom's.
pub(super) struct Frame {
    /// Its header and tiles; the OBU's payload.
    bytes: Vec<u8>,
    pub(super) rest: Rest,
    /// Where its tiles begin.
    tiles: usize,
    /// Whether its probabilities go on from the frame before.
    pub(super) primary: bool,
}

impl Frame {
    /// The bits that `rest` is about.
    pub(super) fn header(&self) -> &[u8] {
        &self.bytes[..self.tiles]
    }

    /// tile_group_obu().
    pub(super) fn tiles(&self) -> &[u8] {
        &self.bytes[self.tiles..]
    }
}

/// What libaom is opened with for frames of a client's sequence.
pub(super) fn config(sequence: &Sequence, width: u32, height: u32) -> EncoderConfig {
    let mut flags = 0;
    for (set, flag) in [
        (sequence.filter_intra, av1::FILTER_INTRA),
        (sequence.intra_edge, av1::INTRA_EDGE),
        (sequence.interintra, av1::INTERINTRA),
        (sequence.dual_filter, av1::DUAL_FILTER),
        (sequence.superblock_128, av1::SUPERBLOCK_128),
    ] {
        flags |= if set { flag } else { 0 };
    }
    EncoderConfig {
        codec: Codec::Av1,
        width,
        height,
        bit_depth: sequence.bit_depth,
        fps_num: 30,
        fps_den: 1,
        slices: 1,
        flags,
        numbers: [0; 8],
    }
}

impl Coder {
    pub(super) fn open(config: &EncoderConfig) -> Outcome<Self> {
        Ok(Self { encoder: LibEncoder::open(config)?, sequence: None, slots: [0; 8], count: 0 })
    }

    pub(super) fn begun(&self) -> bool {
        self.count > 0
    }

    /// A temporal unit with libaom's own headers.
    pub(super) fn unit(&mut self, source: &Planes<'_>, kind: Kind, qp: u32) -> Outcome<&[u8]> {
        self.count += 1;
        self.encoder.picture(source, kind, qp)
    }

    /// A frame for the headers of `client`.
    pub(super) fn frame(
        &mut self,
        source: &Planes<'_>,
        kind: Kind,
        qp: u32,
        client: &Sequence,
    ) -> Outcome<Frame> {
        let kind = if self.begun() { kind } else { Kind::Idr };
        let last = self.count;
        self.count += u64::from(kind != Kind::Aside);
        let failed = |what: &str| Failure::encoding(format!("libaom wrote {what}"));
        let unit = self.encoder.picture(source, kind, qp)?;
        let mut frame = None;
        for (kind, range) in obus(unit).ok_or_else(|| failed("broken OBUs"))? {
            match kind {
                obu::SEQUENCE_HEADER => {
                    let own = Sequence::parse(&unit[range]).ok_or_else(|| failed("a strange sequence"))?;
                    if let Some(what) = difference(&own, client) {
                        return Err(failed(&format!("frames for another sequence: {what}")));
                    }
                    self.sequence = Some(own);
                }
                obu::FRAME if frame.is_some() => return Err(failed("two frames")),
                obu::FRAME => frame = Some(unit[range].to_vec()),
                obu::FRAME_HEADER | obu::TILE_GROUP => return Err(failed("a frame in parts")),
                _ => {}
            }
        }
        let bytes = frame.ok_or_else(|| failed("no frame"))?;
        let sequence = self.sequence.as_ref().ok_or_else(|| failed("no sequence header"))?;
        let mut reader = BitReader::new(&bytes);
        let front = Front::parse(&mut reader, sequence).ok_or_else(|| failed("a strange frame"))?;
        let rest = Rest::parse(&mut reader, &front, sequence)
            .ok_or_else(|| failed("a frame header with unwanted tools"))?;
        let tiles = reader.position().div_ceil(8);
        let primary = front.primary != NO_PRIMARY;
        if front.frame_type == FrameType::Inter {
            // LAST_FRAME alone is referred to, and it has to be the one before; so have the probabilities.
            let holds_last = |reference: u32| self.slots[front.refs[reference as usize]] == last;
            if !holds_last(0) || primary && !holds_last(front.primary) {
                return Err(failed("a frame that refers to an older one"));
            }
        }
        for (slot, holds) in self.slots.iter_mut().enumerate() {
            if front.refresh >> slot & 1 == 1 {
                *holds = self.count;
            }
        }
        Ok(Frame { rest, tiles, primary, bytes })
    }
}

/// In what the coding of blocks differs between two sequences.
fn difference(own: &Sequence, client: &Sequence) -> Option<&'static str> {
    let checks = [
        (own.superblock_128 == client.superblock_128, "superblocks"),
        (own.filter_intra == client.filter_intra, "filtered intra prediction"),
        (own.intra_edge == client.intra_edge, "intra edge filter"),
        (own.interintra == client.interintra, "inter-intra prediction"),
        (own.dual_filter == client.dual_filter, "dual filters"),
        (own.bit_depth == client.bit_depth, "bit depth"),
    ];
    checks.into_iter().find(|check| !check.0).map(|check| check.1)
}
