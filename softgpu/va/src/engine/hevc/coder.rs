//! Slice data from x265, by way of the codec library.

use softgpu_core::codec::{Codec, EncoderConfig, Kind, hevc};

use super::sets::{Pps, Sps, nal};
use super::slice::{Front, Rest};
use crate::bits::{BitReader, strip_emulation, units};
use crate::failure::{Failure, Outcome};
use crate::library::LibEncoder;
use crate::plane::Planes;

/// One x265 encoder, and the parameter sets that it writes itself.
pub(super) struct Coder {
    encoder: LibEncoder,
    sets: Option<(Sps, Pps)>,
    /// Whether a picture was coded, so that the next can refer to it.
    begun: bool,
}

/// A slice of x265's.
pub(super) struct Slice {
    /// The unit without emulation prevention.
    rbsp: Vec<u8>,
    /// Where its data begin.
    from: usize,
    /// MaxNumMergeCand.
    pub(super) merge: u32,
    pub(super) qp: i32,
}

impl Slice {
    /// From slice_segment_data() on, trailing bits and all.
    pub(super) fn data(&self) -> &[u8] {
        &self.rbsp[self.from..]
    }
}

/// What x265 is opened with for a client's parameter sets.
pub(super) fn config(sps: &Sps, pps: &Pps) -> EncoderConfig {
    let blocks = sps.blocks;
    let mut flags = 0;
    for (set, flag) in [
        (sps.amp, hevc::AMP),
        (sps.strong_intra, hevc::STRONG_INTRA),
        (pps.sign_hiding, hevc::SIGN_HIDING),
        (pps.transform_skip, hevc::TRANSFORM_SKIP),
        (pps.constrained_intra, hevc::CONSTRAINED_INTRA),
        (pps.cu_qp_delta.is_some(), hevc::CU_QP_DELTA),
        (pps.deblocking.disabled, hevc::NO_DEBLOCKING),
    ] {
        flags |= if set { flag } else { 0 };
    }
    flags |= u64::from(pps.cu_qp_delta.unwrap_or(0) & 3) << hevc::QG_DEPTH;
    flags |= hevc::from_offset(pps.chroma_offsets[0], hevc::CB);
    flags |= hevc::from_offset(pps.chroma_offsets[1], hevc::CR);
    flags |= hevc::from_offset(pps.deblocking.offsets[0], hevc::BETA);
    flags |= hevc::from_offset(pps.deblocking.offsets[1], hevc::TC);
    EncoderConfig {
        codec: Codec::Hevc,
        width: sps.width,
        height: sps.height,
        bit_depth: sps.bit_depths[0],
        fps_num: 30,
        fps_den: 1,
        slices: 1,
        flags,
        numbers: [
            blocks.ctb,
            blocks.min_cb,
            blocks.max_tb,
            blocks.min_tb,
            blocks.depth_inter,
            blocks.depth_intra,
            0,
            0,
        ],
    }
}

impl Coder {
    pub(super) fn open(config: &EncoderConfig) -> Outcome<Self> {
        Ok(Self { encoder: LibEncoder::open(config)?, sets: None, begun: false })
    }

    /// Whether a picture may be predicted from the last one.
    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// Codes a picture; `sps` and `pps` are those that a decoder will have.
    pub(super) fn picture(
        &mut self,
        source: &Planes<'_>,
        kind: Kind,
        qp: u32,
        sps: &Sps,
        pps: &Pps,
    ) -> Outcome<Slice> {
        let kind = if self.begun { kind } else { Kind::Idr };
        let stream = self.encoder.picture(source, kind, qp)?;
        let failed = |what: &str| Failure::encoding(format!("x265 wrote {what}"));
        let (mut own_sps, mut own_pps, mut slice) = (None, None, None);
        for range in units(stream) {
            let unit = &stream[range];
            match unit.first().map(|byte| u32::from(byte >> 1 & 63)) {
                Some(nal::SPS) => own_sps = Sps::parse(&mut BitReader::new(&strip_emulation(unit))),
                Some(nal::PPS) => own_pps = Pps::parse(&mut BitReader::new(&strip_emulation(unit))),
                Some(0..=31) if slice.is_some() => return Err(failed("two slices")),
                Some(0..=31) => slice = Some(strip_emulation(unit)),
                _ => {}
            }
        }
        if let (Some(own_sps), Some(own_pps)) = (own_sps, own_pps) {
            if let Some(what) = difference((&own_sps, &own_pps), (sps, pps)) {
                return Err(failed(&format!("slices for other parameter sets: {what}")));
            }
            self.sets = Some((own_sps, own_pps));
        }
        let (own_sps, own_pps) = self.sets.as_ref().ok_or_else(|| failed("no parameter sets"))?;
        let rbsp = slice.ok_or_else(|| failed("no slice"))?;
        let mut reader = BitReader::new(&rbsp);
        let front =
            Front::parse(&mut reader, own_sps, own_pps).ok_or_else(|| failed("a strange slice header"))?;
        let rest = Rest::parse(&mut reader, &front, own_sps, own_pps)
            .ok_or_else(|| failed("a slice header with unwanted tools"))?;
        let from = reader.position() / 8;
        self.begun = true;
        Ok(Slice { from, merge: rest.merge, qp: own_pps.init_qp + rest.qp_delta, rbsp })
    }
}

/// In what the coding of slices differs between x265's parameter sets and the client's.
fn difference(own: (&Sps, &Pps), client: (&Sps, &Pps)) -> Option<String> {
    let of = |(sps, pps): (&Sps, &Pps)| {
        [
            ("size", format!("{}x{} {:?}", sps.width, sps.height, sps.bit_depths)),
            ("blocks", format!("{:?}", sps.blocks)),
            ("AMP", sps.amp.to_string()),
            ("strong intra smoothing", sps.strong_intra.to_string()),
            ("sign hiding", pps.sign_hiding.to_string()),
            ("transform skip", pps.transform_skip.to_string()),
            ("constrained intra prediction", pps.constrained_intra.to_string()),
            ("quantiser differences", format!("{:?}", pps.cu_qp_delta)),
            ("chroma quantisers", format!("{:?}", pps.chroma_offsets)),
            ("deblocking", format!("{} {:?}", pps.deblocking.disabled, pps.deblocking.offsets)),
            ("transquant bypass", pps.transquant_bypass.to_string()),
        ]
    };
    let (own, client) = (of(own), of(client));
    let (own, client) = own.iter().zip(&client).find(|(own, client)| own != client)?;
    Some(format!("{} {} instead of {}", own.0, own.1, client.1))
}
