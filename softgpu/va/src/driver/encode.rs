//! Coding a picture: parameters of rate control, the coded buffer, the engine.

use std::sync::Arc;

use super::Call;
use super::buffers::{Buffer, Busy, Store};
use super::contexts::Context;
use super::fault::Quirks;
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
        target.surface.read(|source| match quirks {
            Quirks { green: true, .. } => with_another(&source, |_| 0, code),
            Quirks { wrong: true, .. } => with_another(&source, |byte| !byte, code),
            _ => code(source),
        })?;
        let data = &mut store.coded.data;
        if quirks.p_first {
            no_beginning(profile, data);
        }
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

/// Has another picture worked on than the one that is there.
fn with_another<R>(source: &Planes<'_>, byte: fn(u8) -> u8, work: impl FnOnce(Planes<'_>) -> R) -> R {
    let other = source.data.map(|plane| plane.iter().map(|from| byte(*from)).collect::<Vec<u8>>());
    work(Planes { data: [&other[0], &other[1], &other[2]], ..*source })
}

/// Makes the headers of an IDR picture or key frame those of another picture; what follows them stays.
fn no_beginning(profile: i32, data: &mut [u8]) {
    match profile {
        // The type of every slice (ITU-T H.264, table 7-1): 5 becomes 1.
        sys::VAProfileH264ConstrainedBaseline | sys::VAProfileH264Main | sys::VAProfileH264High => {
            each_nal(data, |header| {
                if *header & 31 == 5 {
                    *header = *header & !31 | 1
                }
            });
        }
        // Likewise (ITU-T H.265, table 7-1): 19 and 20 become 1.
        sys::VAProfileHEVCMain | sys::VAProfileHEVCMain10 => {
            each_nal(data, |header| {
                if matches!(*header >> 1 & 63, 19 | 20) {
                    *header = *header & 0x81 | 1 << 1
                }
            });
        }
        // The second bit behind the headers of OBU_FRAME_HEADER and OBU_FRAME: frame_type (AV1, 5.9.2), 0 becomes 1.
        sys::VAProfileAV1Profile0 => {
            let mut at = 0;
            while let Some(&header) = data.get(at) {
                let mut size = 0;
                at += 1 + usize::from(header >> 2 & 1);
                for shift in (0..56).step_by(7) {
                    let byte = data.get(at).copied().unwrap_or(0);
                    at += 1;
                    size |= usize::from(byte & 0x7f) << shift;
                    if byte & 0x80 == 0 {
                        break;
                    }
                }
                if matches!(header >> 3 & 15, 3 | 6)
                    && let Some(first) = data.get_mut(at)
                {
                    *first |= 0b0010_0000;
                    return;
                }
                at += size;
            }
        }
        // frame_type behind the marker, the profile and show_existing_frame (VP9, 6.2).
        sys::VAProfileVP9Profile0 | sys::VAProfileVP9Profile2 => {
            if let Some(first) = data.first_mut() {
                *first |= 0b0000_0100;
            }
        }
        _ => {}
    }
}

/// Hands out the first byte of every NAL unit.
fn each_nal(data: &mut [u8], work: impl Fn(&mut u8)) {
    for at in 3..data.len() {
        if data[at - 3..at] == [0, 0, 1] {
            work(&mut data[at]);
        }
    }
}
