//! What `vaEndPicture` does: code, decode or process.

use std::sync::Arc;

use super::Call;
use super::buffers::Busy;
use super::contexts::{Context, Inner, Worker};
use super::picture::{Picture, Target};
use super::pointer::{List, Out};
use super::surfaces::Surface;
use crate::decode::{DecodeJob, DecodeSlice, Decoder};
use crate::failure::{Failure, Outcome};
use crate::misuse;
use crate::plane::PlanesMut;
use crate::process;
use crate::sys;
use crate::vpp;

/// An operation of the video processor, with all that its pointers led to.
#[derive(Debug)]
pub(crate) struct Processing {
    pipeline: sys::VAProcPipelineParameterBuffer,
    source: Arc<Surface>,
    source_region: Option<sys::VARectangle>,
    target_region: Option<sys::VARectangle>,
    filters: Vec<Vec<u8>>,
}

// SAFETY: the pointers in `pipeline` are the client's and are not followed after `processing`.
unsafe impl Send for Processing {}

impl Call<'_> {
    /// Follows the pointers of a pipeline's parameters, as long as the client keeps them good: in `vaRenderPicture`.
    pub(super) fn processing(&self, pipeline: &sys::VAProcPipelineParameterBuffer) -> Outcome<Processing> {
        let region = |pointer: *const sys::VARectangle| {
            // SAFETY: va_vpp.h: null, or a rectangle.
            unsafe { Out::new(pointer.cast_mut()) }.get().ok()
        };
        // SAFETY: va_vpp.h: as many buffers as it says.
        let filters = unsafe { List::new(pipeline.filters, pipeline.num_filters) };
        let filters =
            filters.iter().map(|id| Ok(self.buffer(id)?.state().bytes().to_vec())).collect::<Outcome<_>>()?;
        Ok(Processing {
            pipeline: *pipeline,
            source: self.surface(pipeline.surface)?,
            source_region: region(pipeline.surface_region),
            target_region: region(pipeline.output_region),
            filters,
        })
    }

    pub(super) fn work(&self, context: &Context, inner: &mut Inner, target: &Target) -> Outcome {
        let Inner { worker, picture } = inner;
        match worker {
            Worker::Encode(encoder) => self.encode(context, &mut **encoder, picture, target),
            Worker::Decode(decoder) => self.decode(&mut **decoder, picture, target),
            Worker::Process => self.process_all(picture, target),
        }
    }

    fn decode(&self, decoder: &mut dyn Decoder, picture: &Picture, target: &Target) -> Outcome {
        if picture.parameters.is_empty() {
            self.misuse(&misuse::PICTURE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no picture parameters"));
        }
        let parameters = picture.slices.as_slice();
        if parameters.is_empty() {
            self.misuse(&misuse::SLICE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no slices"));
        }
        if picture.slice_data.len() < parameters.len() {
            self.misuse(&misuse::SLICE_UNPAIRED, || {
                format!("surface {:#x}: parameters without data", target.id)
            });
            return Err(Failure::parameter("there are slices without data"));
        }
        let data = picture.data.as_slice();
        let slices: Vec<DecodeSlice<'_>> = parameters
            .iter()
            .zip(&picture.slice_data)
            .map(|(parameters, at)| DecodeSlice { parameters, buffer: &data[*at] })
            .collect();
        let job = DecodeJob {
            target: target.id,
            picture: &picture.parameters,
            matrix: &picture.matrix,
            huffman: &picture.huffman,
            probability: &picture.probability,
            slices: &slices,
            index: picture.index,
        };
        let _working = Busy::new(self, &target.surface.busy);
        let wrong = self.quirks.get().wrong;
        target.surface.write(|planes| {
            decoder.decode(&job, planes)?;
            if wrong {
                invert(planes);
            }
            Ok(())
        })??;
        process::one(&self.process.counters.decodes);
        Ok(())
    }

    fn process_all(&self, picture: &Picture, target: &Target) -> Outcome {
        if picture.processing.is_empty() {
            self.misuse(&misuse::PICTURE_MISSING, || format!("surface {:#x}", target.id));
            return Err(Failure::parameter("there are no pipeline parameters"));
        }
        for (index, one) in picture.processing.iter().enumerate() {
            self.process_one(one, index == 0, target)?;
        }
        Ok(())
    }

    fn process_one(&self, one: &Processing, first: bool, target: &Target) -> Outcome {
        if Arc::ptr_eq(&one.source, &target.surface) {
            self.misuse(&misuse::SOURCE_IS_TARGET, || format!("surface {:#x}", target.id));
            return Err(Failure::new(sys::VA_STATUS_ERROR_INVALID_SURFACE, "the source is the target"));
        }
        let whole = |surface: &Surface| sys::VARectangle {
            x: 0,
            y: 0,
            width: surface.layout.width as u16,
            height: surface.layout.height as u16,
        };
        let _working = (Busy::new(self, &one.source.busy), Busy::new(self, &target.surface.busy));
        let wrong = self.quirks.get().wrong;
        let (source_region, target_region) = (
            one.source_region.unwrap_or_else(|| whole(&one.source)),
            one.target_region.unwrap_or_else(|| whole(&target.surface)),
        );
        let source_first = Arc::as_ptr(&one.source) < Arc::as_ptr(&target.surface);
        let work = |source: crate::plane::Planes<'_>, planes: &mut PlanesMut<'_>| {
            let job = vpp::Job {
                pipeline: one.pipeline,
                source,
                source_region,
                target_region,
                filters: &one.filters,
                first,
            };
            vpp::process(&job, planes)?;
            if wrong {
                invert(planes);
            }
            Ok(())
        };
        // Both are locked in the order of their addresses, so that two threads that process A into B and B into A do not
        // wait for each other.
        if source_first {
            one.source.read(|source| target.surface.write(|planes| work(source, planes)))??;
        } else {
            target.surface.write(|planes| one.source.read(|source| work(source, planes)))??;
        }
        process::one(&self.process.counters.vpp_ops);
        Ok(())
    }
}

/// Makes another picture of it.
fn invert(planes: &mut PlanesMut<'_>) {
    for plane in &mut planes.data {
        for byte in plane.iter_mut() {
            *byte = !*byte;
        }
    }
}
