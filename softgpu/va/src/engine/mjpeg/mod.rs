//! JPEG: a baseline scan behind the client's header, with the tables that are in it.
//!
//! Samples are transformed and quantised, so there is no `lossless` here: that engine does what the others do.

mod header;
mod scan;
#[cfg(test)]
mod tests;

use softgpu_core::setup::Engine;

use self::header::Header;
use super::{Coded, EncodeJob, Encoder, Open};
use crate::failure::{Failure, Outcome};
use crate::sys;

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    Ok(Box::new(Jpeg { engine: open.engine, grey: None }))
}

struct Jpeg {
    engine: Engine,
    /// The `null` engine's scan, and the header that it is for.
    grey: Option<(Vec<u8>, Vec<u8>)>,
}

/// Pictures that the `null` engine codes truly.
const TRUE_PICTURES: u64 = 8;

impl Encoder for Jpeg {
    fn encode(&mut self, job: &EncodeJob<'_>, coded: &mut Coded) -> Outcome {
        for packed in job.packed {
            coded
                .data
                .extend_from_slice(&packed.bytes[..packed.bytes.len().min(packed.bits.div_ceil(8) as usize)]);
        }
        if coded.data.is_empty() {
            coded.data = own_header(job)?;
        }
        if self.engine == Engine::Null && job.index >= TRUE_PICTURES {
            if self.grey.as_ref().is_none_or(|(header, _)| *header != coded.data) {
                let mut scan = Vec::new();
                scan::code(&read(&coded.data)?, None, &mut scan)?;
                self.grey = Some((coded.data.clone(), scan));
            }
            if let Some((_, scan)) = &self.grey {
                coded.data.extend_from_slice(scan);
            }
            return Ok(());
        }
        let header = read(&coded.data)?;
        let source = job
            .source
            .resized(header.width as u32, header.height as u32)
            .ok_or_else(|| Failure::parameter("the surface is smaller than the JPEG picture"))?;
        let sampling = scan::sampling(source.format)
            .ok_or_else(|| Failure::parameter(format!("{:?} is not coded as JPEG", source.format)))?;
        let first = header.components.first().map(|component| component.sampling);
        if header.components.len() > 1 && first != Some((sampling.0.into(), sampling.1.into())) {
            return Err(Failure::parameter(format!("a header of {first:?} for {:?}", source.format)));
        }
        scan::code(&header, Some(&source), &mut coded.data)
    }
}

fn read(bytes: &[u8]) -> Outcome<Header> {
    Header::parse(bytes)
        .ok_or_else(|| Failure::parameter("the JPEG header cannot be read, or is not baseline"))
}

/// The header for a client that packs none.
fn own_header(job: &EncodeJob<'_>) -> Outcome<Vec<u8>> {
    let missing = |what| Failure::parameter(format!("neither a packed header nor {what}"));
    let picture: sys::VAEncPictureParameterBufferJPEG =
        job.picture().ok_or_else(|| missing("picture parameters"))?;
    let slice: sys::VAEncSliceParameterBufferJPEG =
        job.slices().next().ok_or_else(|| missing("slice parameters"))?;
    let matrix: sys::VAQMatrixBufferJPEG =
        sys::read(job.matrix).ok_or_else(|| missing("quantisation tables"))?;
    let huffman: sys::VAHuffmanTableBufferJPEGBaseline =
        sys::read(job.huffman).ok_or_else(|| missing("Huffman tables"))?;
    let sampling = scan::sampling(job.source.format).unwrap_or((1, 1));
    Ok(header::write(&picture, &slice, &matrix, &huffman, sampling))
}
