//! The engines `lossless` and `null`: the client's headers, and macroblocks that need no encoder.

use super::frame::{Frame, FrameSlice, Headers};
use super::layer::Slice;
use super::slice::SliceKind;
use super::source::Source;
use crate::bits::{self, BitWriter};
use crate::failure::{Failure, Outcome};
use crate::plane::{Format, Planes};

/// What is kept from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Raw {
    writer: BitWriter,
    /// Slice data of flat slices in CABAC, which begin at a whole byte and so are the same behind any header.
    flat: Vec<(Slice, Vec<u8>)>,
}

/// Flat slices remembered; quantisers that differ from picture to picture would otherwise fill the memory.
const FLAT_MAX: usize = 64;

impl Raw {
    /// The picture as it is.
    pub(super) fn pcm(
        &mut self,
        frame: &Frame,
        headers: &Headers,
        source: &Planes<'_>,
        out: &mut Vec<u8>,
    ) -> Outcome {
        let source = source_of(headers, source)?;
        for slice in &frame.slices {
            self.header(slice, headers);
            self.writer.reserve(400 * slice.count as usize);
            layer(slice, headers).pcm(&mut self.writer, |address, samples| source.samples(address, samples));
            put(slice, &self.writer, out);
        }
        Ok(())
    }

    /// A picture without content.
    pub(super) fn flat(&mut self, frame: &Frame, headers: &Headers, out: &mut Vec<u8>) {
        for slice in &frame.slices {
            self.header(slice, headers);
            let layer = layer(slice, headers);
            if layer.cabac {
                self.writer.align(true);
                let known = self.flat.iter().position(|(known, _)| *known == layer);
                let known = known.unwrap_or_else(|| {
                    let mut writer = BitWriter::new();
                    layer.flat(&mut writer);
                    if self.flat.len() == FLAT_MAX {
                        self.flat.clear();
                    }
                    self.flat.push((layer, writer.as_bytes().to_vec()));
                    self.flat.len() - 1
                });
                self.writer.bytes(&self.flat[known].1);
            } else {
                layer.flat(&mut self.writer);
            }
            put(slice, &self.writer, out);
        }
    }

    fn header(&mut self, slice: &FrameSlice, headers: &Headers) {
        self.writer.clear();
        match &slice.packed {
            Some(unit) => self.writer.copy(&unit.rbsp, 0..unit.bits),
            None => slice.header.write(&mut self.writer, &headers.sps, &headers.pps),
        }
    }
}

fn layer(slice: &FrameSlice, headers: &Headers) -> Slice {
    let header = &slice.header;
    Slice {
        kind: header.kind,
        cabac: headers.pps.cabac,
        init_idc: if header.kind == SliceKind::I { 0 } else { header.cabac_init_idc },
        qp: header.qp(&headers.pps),
        first_mb: header.first_mb,
        count: slice.count,
        width: headers.sps.width_mbs,
    }
}

fn put(slice: &FrameSlice, writer: &BitWriter, out: &mut Vec<u8>) {
    bits::put_unit(slice.packed.as_ref().map_or(3, |unit| unit.zeros), writer.as_bytes(), out);
}

/// The source as far as it counts.
fn source_of<'a>(headers: &Headers, planes: &Planes<'a>) -> Outcome<Source<'a>> {
    let planes = used_part(headers, planes)?;
    Source::new(
        [planes.data[0], planes.data[1]],
        [planes.strides[0], planes.strides[1]],
        planes.width as usize,
        planes.height as usize,
        headers.sps.width_mbs as usize,
    )
    .ok_or_else(|| Failure::encoding("the surface does not hold the picture"))
}

/// The part of the surface that is coded: all but what is cropped, where the surface has it.
pub(super) fn used_part<'a>(headers: &Headers, planes: &Planes<'a>) -> Outcome<Planes<'a>> {
    if planes.format != Format::Nv12 {
        return Err(Failure::encoding(format!("{:?} is not coded, only NV12", planes.format)));
    }
    let (width, height) = headers.used();
    planes
        .resized(width, height)
        .or_else(|| planes.resized(width.min(planes.width) & !1, height.min(planes.height) & !1))
        .ok_or_else(|| Failure::encoding("the surface does not hold the picture"))
}
