//! H.264: the byte stream that a VA-API client took apart, put together again.
//!
//! A client parses the stream and passes on what a device needs, picture by picture: no parameter sets, but structures made
//! from them, and the slices' NAL units as they were. The parameter sets written here say the same as those structures, and
//! leave out what does not change samples (levels, cropping, colours, timing).

mod parameters;
mod slice;

use softgpu_core::codec::Codec;

use super::{DecodeJob, Decoder, Lazy};
use crate::bits;
use crate::failure::{Failure, Outcome};
use crate::plane::PlanesMut;
use crate::sys;

/// nal_unit_type of an IDR picture's slices, table 7-1.
const IDR: u8 = 5;

/// A recovery point SEI message with recovery_frame_cnt 0, D.1.8: decoding may begin at the picture that follows.
const RECOVERY_POINT: [u8; 5] = [6, 6, 1, 0xc4, 0x80];

/// Decodes H.264.
#[derive(Debug, Default)]
pub(super) struct H264 {
    library: Lazy,
    /// The access unit.
    unit: Vec<u8>,
    /// The parameter sets that the decoder has, as written.
    sequence: Vec<u8>,
    pictures: Vec<(u32, Vec<u8>)>,
    /// The surface of a first field, until its second one came.
    field: Option<sys::VASurfaceID>,
}

impl Decoder for H264 {
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome {
        let picture: sys::VAPictureParameterBufferH264 =
            job.picture().ok_or_else(|| Failure::parameter("there are no picture parameters"))?;
        let matrix = sys::read(job.matrix);
        let anew = self.put(&picture, matrix.as_ref(), job)?;
        let library = self.library.get(Codec::H264)?;
        if anew {
            library.flush();
        }
        match library.picture(&self.unit, target)? {
            true => Ok(()),
            false => Err(Failure::decoding("no picture came out of the slices")),
        }
    }
}

impl H264 {
    /// Puts the access unit together. Whether decoding begins anew with it.
    fn put(
        &mut self,
        picture: &sys::VAPictureParameterBufferH264,
        matrix: Option<&sys::VAIQMatrixBufferH264>,
        job: &DecodeJob<'_>,
    ) -> Outcome<bool> {
        let units: Vec<(&[u8], Option<sys::VASliceParameterBufferH264>)> = job
            .slices
            .iter()
            .map(|slice| {
                let data = slice.bits()?;
                let unit = &data[bits::start_code(data)..];
                (!unit.is_empty()).then(|| (unit, slice.parameters()))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| Failure::parameter("a slice's data is not in its buffer"))?;
        let Some(&(first, _)) = units.first() else { return Err(Failure::parameter("there are no slices")) };

        // The client begins anew where it holds no reference and the picture is no IDR, as after a seek; its numbers of frames
        // and orders say nothing about earlier pictures then.
        // SAFETY: every pattern of bits is a value of both members.
        let fields = unsafe { picture.pic_fields.bits };
        let field = fields.field_pic_flag() != 0;
        let second = field && self.field == Some(job.target);
        let alone = picture.ReferenceFrames.iter().all(|reference| {
            reference.flags & sys::VA_PICTURE_H264_INVALID != 0
                || reference.picture_id == sys::VA_INVALID_SURFACE
        });
        let anew = alone && first[0] & 31 != IDR && !second;
        self.field = (field && !second).then_some(job.target);

        self.unit.clear();
        let headers: Vec<Option<slice::Header>> =
            units.iter().map(|(unit, _)| slice::Header::parse(unit, picture)).collect();
        let sequence = parameters::sequence(picture);
        if sequence != self.sequence {
            bits::put_unit(3, &sequence, &mut self.unit);
            self.sequence = sequence;
            self.pictures.clear();
        }
        // Slices of a picture may name several picture parameter sets; what they differ in is not in the structures.
        let mut ids: Vec<u32> = headers.iter().flatten().map(|header| header.parameter_set).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let defaults = slice::default_references(&headers, &units, id);
            let set = parameters::picture(id, picture, matrix, defaults);
            match self.pictures.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) if *known == set => continue,
                Some((_, known)) => known.clone_from(&set),
                None => self.pictures.push((id, set.clone())),
            }
            bits::put_unit(3, &set, &mut self.unit);
        }
        if anew {
            self.unit.extend_from_slice(&[0, 0, 1]);
            self.unit.extend_from_slice(&RECOVERY_POINT);
        }
        for (unit, _) in units {
            self.unit.extend_from_slice(&[0, 0, 1]);
            self.unit.extend_from_slice(unit);
        }
        Ok(anew)
    }
}
