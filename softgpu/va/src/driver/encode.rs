//! Coding a picture: parameters of rate control, the coded buffer, the engine.

use std::sync::Arc;

use super::Call;
use super::buffers::{Buffer, Busy, Store};
use super::contexts::Context;
use super::picture::{Picture, Target};
use crate::engine::{EncodeJob, Encoder, RateSettings};
use crate::failure::{Failure, Outcome};
use crate::misuse;
use crate::plane::Planes;
use crate::process;
use crate::sys;

/// The type comes before the parameter's own structure (va.h, `VAEncMiscParameterBuffer`).
const MISC_HEADER: usize = 4;

impl Call<'_> {
    pub(super) fn take_misc(
        &self,
        context: &Context,
        rate: &mut RateSettings,
        id: u32,
        bytes: &[u8],
    ) -> Outcome {
        let kind: u32 = self.structure(id, bytes)?;
        let body = &bytes[MISC_HEADER..];
        let before = rate.clone();
        match kind {
            sys::VAEncMiscParameterTypeRateControl => {
                let own: sys::VAEncMiscParameterRateControl = self.structure(id, body)?;
                rate.bits_per_second = own.bits_per_second;
                rate.target_percentage = own.target_percentage;
                rate.window_ms = own.window_size;
                rate.initial_qp = own.initial_qp;
                rate.min_qp = own.min_qp;
                rate.max_qp = own.max_qp;
                rate.icq_quality = own.ICQ_quality_factor;
                rate.quality_factor = own.quality_factor;
            }
            sys::VAEncMiscParameterTypeFrameRate => {
                let own: sys::VAEncMiscParameterFrameRate = self.structure(id, body)?;
                rate.framerate = (own.framerate & 0xffff, (own.framerate >> 16).max(1));
            }
            sys::VAEncMiscParameterTypeHRD => {
                let own: sys::VAEncMiscParameterHRD = self.structure(id, body)?;
                rate.hrd_bits = own.buffer_size;
                rate.hrd_initial_bits = own.initial_buffer_fullness;
            }
            sys::VAEncMiscParameterTypeQualityLevel => {
                let own: sys::VAEncMiscParameterBufferQualityLevel = self.structure(id, body)?;
                let range = context.config.cap.attribute(sys::VAConfigAttribEncQualityRange).unwrap_or(0);
                if own.quality_level > range.max(1) {
                    self.misuse(&misuse::QUALITY_LEVEL, || format!("{} of {range}", own.quality_level));
                }
                rate.quality_level = own.quality_level;
            }
            sys::VAEncMiscParameterTypeMaxFrameSize => {
                let own: sys::VAEncMiscParameterBufferMaxFrameSize = self.structure(id, body)?;
                rate.max_frame_bits = own.max_frame_size;
            }
            sys::VAEncMiscParameterTypeMaxSliceSize => {
                let own: sys::VAEncMiscParameterMaxSliceSize = self.structure(id, body)?;
                rate.max_slice_bytes = own.max_slice_size;
            }
            // Hints that no engine here needs.
            _ => {}
        }
        if *rate != before {
            rate.generation += 1;
        }
        Ok(())
    }

    /// The buffer that the picture's parameters name.
    fn coded_buffer(&self, profile: i32, parameters: &[u8]) -> Outcome<Arc<Buffer>> {
        let id = match profile {
            sys::VAProfileH264ConstrainedBaseline | sys::VAProfileH264Main | sys::VAProfileH264High => {
                sys::read::<sys::VAEncPictureParameterBufferH264>(parameters).map(|own| own.coded_buf)
            }
            sys::VAProfileHEVCMain | sys::VAProfileHEVCMain10 => {
                sys::read::<sys::VAEncPictureParameterBufferHEVC>(parameters).map(|own| own.coded_buf)
            }
            sys::VAProfileAV1Profile0 | sys::VAProfileAV1Profile1 => {
                sys::read::<sys::VAEncPictureParameterBufferAV1>(parameters).map(|own| own.coded_buf)
            }
            sys::VAProfileVP9Profile0..=sys::VAProfileVP9Profile3 => {
                sys::read::<sys::VAEncPictureParameterBufferVP9>(parameters).map(|own| own.coded_buf)
            }
            sys::VAProfileJPEGBaseline => {
                sys::read::<sys::VAEncPictureParameterBufferJPEG>(parameters).map(|own| own.coded_buf)
            }
            other => {
                let why = format!("profile {other} is not encoded");
                return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE, why));
            }
        };
        let Some(id) = id else {
            self.misuse(&misuse::SHORT_BUFFER, || {
                format!("picture parameters of {} bytes", parameters.len())
            });
            return Err(Failure::parameter("the picture parameters are too short"));
        };
        let missing = |why: String| {
            self.misuse(&misuse::CODED_MISSING, || why.clone());
            Failure::new(sys::VA_STATUS_ERROR_INVALID_BUFFER, why)
        };
        let buffer =
            self.driver.buffers.get(id).map_err(|_| missing(format!("coded_buf {id:#x} is no buffer")))?;
        if buffer.kind != sys::VAEncCodedBufferType {
            return Err(missing(format!("coded_buf {id:#x} is of type {}", buffer.kind)));
        }
        Ok(buffer)
    }

    pub(super) fn encode(
        &self,
        context: &Context,
        encoder: &mut dyn Encoder,
        picture: &Picture,
        target: &Target,
    ) -> Outcome {
        let profile = context.config.cap.profile;
        if picture.parameters.is_empty() {
            self.misuse(&misuse::PICTURE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no picture parameters"));
        }
        // JPEG has no sequence; VP9 and AV1 keep slices (tile groups) to themselves where there is one.
        if picture.sequence.is_empty() && profile != sys::VAProfileJPEGBaseline {
            self.misuse(&misuse::SEQUENCE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no sequence parameters"));
        }
        let slices_needed = !(sys::VAProfileVP9Profile0..=sys::VAProfileVP9Profile3).contains(&profile);
        if picture.slices.as_slice().is_empty() && slices_needed {
            self.misuse(&misuse::SLICE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no slices"));
        }
        let buffer = self.coded_buffer(profile, &picture.parameters)?;
        let _working = (Busy::new(self, &target.surface.busy), Busy::new(self, &buffer.busy));
        let mut state = buffer.state();
        if state.mapped > 0 {
            self.misuse(&misuse::STILL_MAPPED, || "the coded buffer".to_owned());
            return Err(Failure::new(sys::VA_STATUS_ERROR_SURFACE_BUSY, "the coded buffer is mapped"));
        }
        let Store::Coded(store) = &mut state.store else {
            return Err(Failure::parameter("the coded buffer is none"));
        };
        store.coded.data.clear();
        store.coded.average_qp = 0;
        store.status = 0;
        let capacity = store.capacity;
        let quirks = self.quirks.get();
        let mut code = |source: Planes<'_>| {
            let job = EncodeJob {
                source,
                sequence: &picture.sequence,
                sequence_is_new: picture.sequence_is_new,
                picture: &picture.parameters,
                slices: picture.slices.as_slice(),
                packed: picture.packed.as_slice(),
                matrix: &picture.matrix,
                huffman: &picture.huffman,
                rate: &picture.rate,
                capacity,
                index: picture.index,
            };
            encoder.encode(&job, &mut store.coded)
        };
        target
            .surface
            .read(|source| if quirks.wrong { with_another(&source, code) } else { code(source) })?;
        let data = &mut store.coded.data;
        if data.len() > capacity {
            self.misuse(&misuse::CODED_TOO_SMALL, || format!("{} bytes for {}", capacity, data.len()));
            store.status |= sys::VA_CODED_BUF_STATUS_SLICE_OVERFLOW_MASK;
            data.truncate(capacity);
        }
        if quirks.truncate {
            data.truncate(data.len() / 2);
        }
        process::one(&self.process.counters.encodes);
        Ok(())
    }
}

/// Has another picture worked on than the one that is there: its negative, upside down in value.
fn with_another<R>(source: &Planes<'_>, work: impl FnOnce(Planes<'_>) -> R) -> R {
    let other = source.data.map(|plane| plane.iter().map(|byte| !byte).collect::<Vec<u8>>());
    work(Planes { data: [&other[0], &other[1], &other[2]], ..*source })
}
