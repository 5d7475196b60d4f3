//! HEVC: the byte stream that a VA-API client took apart, put together again.
//!
//! As for H.264, parameter sets are written from the structures. The sequence's table of reference picture sets is not in
//! them, so slice headers that refer to it are written anew, with the set spelled out; see [`slice`].

mod parameters;
mod references;
mod slice;

use softgpu_core::codec::Codec;

use super::{DecodeJob, Decoder, Lazy};
use crate::bits;
use crate::failure::{Failure, Outcome};
use crate::plane::PlanesMut;
use crate::sys;

use references::References;

/// nal_unit_type, table 7-1.
const RADL_N: u8 = 6;
const RASL_R: u8 = 9;
const RSV_VCL_R15: u8 = 15;
const BLA_W_LP: u8 = 16;
const IDR_W_RADL: u8 = 19;
const IDR_N_LP: u8 = 20;
const CRA: u8 = 21;
const RSV_IRAP_VCL23: u8 = 23;

/// nal_unit_type of a unit that begins with these bytes, 7.3.1.2.
fn unit_type(unit: &[u8]) -> u8 {
    unit[0] >> 1 & 63
}

/// Decodes HEVC.
#[derive(Debug, Default)]
pub(super) struct Hevc {
    library: Lazy,
    /// The access unit.
    unit: Vec<u8>,
    /// The parameter sets that the decoder has, as written.
    sets: Vec<u8>,
    /// PicOrderCntVal of prevTid0Pic, 8.3.1.
    previous: Option<i32>,
}

impl Decoder for Hevc {
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome {
        let picture: sys::VAPictureParameterBufferHEVC =
            job.picture().ok_or_else(|| Failure::parameter("there are no picture parameters"))?;
        let anew = self.put(&picture, job)?;
        let library = self.library.get(Codec::Hevc)?;
        if anew {
            library.flush();
        }
        match library.picture(&self.unit, target)? {
            true => Ok(()),
            false => Err(Failure::decoding("no picture came out of the slices")),
        }
    }
}

impl Hevc {
    /// Puts the access unit together. Whether decoding begins anew with it.
    fn put(&mut self, picture: &sys::VAPictureParameterBufferHEVC, job: &DecodeJob<'_>) -> Outcome<bool> {
        let missing = || Failure::parameter("a slice's data is not in its buffer");
        self.unit.clear();
        let mut anew = false;
        for (index, slice) in job.slices.iter().enumerate() {
            let parameters: sys::VASliceParameterBufferHEVC = slice.parameters().ok_or_else(missing)?;
            let data = slice.bits().ok_or_else(missing)?;
            let unit = &data[bits::start_code(data)..];
            if unit.len() < 3 {
                return Err(missing());
            }
            if index == 0 {
                anew = self.begins_anew(unit, picture.CurrPic.pic_order_cnt);
                self.put_sets(picture, job, unit)?;
            }
            let references = References::new(picture, &parameters);
            slice::put(unit, picture, &parameters, &references, &mut self.unit)
                .ok_or_else(|| Failure::decoding("a slice header cannot be read"))?;
        }
        if job.slices.is_empty() {
            return Err(Failure::parameter("there are no slices"));
        }
        Ok(anew)
    }

    fn put_sets(
        &mut self,
        picture: &sys::VAPictureParameterBufferHEVC,
        job: &DecodeJob<'_>,
        first: &[u8],
    ) -> Outcome {
        let id =
            slice::parameter_set(first).ok_or_else(|| Failure::decoding("a slice header cannot be read"))?;
        let matrix = sys::read(job.matrix);
        let mut sets = Vec::new();
        for set in [
            parameters::video(),
            parameters::sequence(picture),
            parameters::picture(id, picture, matrix.as_ref()),
        ] {
            bits::put_unit(3, &set, &mut sets);
        }
        if sets != self.sets {
            self.unit.extend_from_slice(&sets);
            self.sets = sets;
        }
        Ok(())
    }

    /// After a seek or the end of a sequence the client counts orders anew at a CRA picture, which takes its order for the
    /// whole (8.1.3, NoRaslOutputFlag 1); so must the decoder, which saw neither.
    fn begins_anew(&mut self, unit: &[u8], order: i32) -> bool {
        let unit_type = unit_type(unit);
        // A CRA picture comes after all that were decoded before it, in the order of display too.
        let anew = unit_type == CRA
            && self.previous.is_some_and(|previous| order <= previous || order.abs_diff(previous) > 1 << 15);
        let temporal_id = unit[1] & 7;
        let leading_or_unused = (RADL_N..=RASL_R).contains(&unit_type)
            || (unit_type < RSV_VCL_R15 && unit_type.is_multiple_of(2));
        if temporal_id == 1 && !leading_or_unused {
            self.previous = Some(order);
        }
        anew
    }
}
