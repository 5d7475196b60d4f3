//! Video processing: scale, crop, convert, turn, take one field.
//!
//! | module | what |
//! |---|---|
//! | `colour` | matrices and ranges, from what the client says and what it leaves out |
//! | `orient` | rotation and mirroring |
//! | `region` | parts of pictures, fields, backgrounds |
//!
//! There is no blending and no filter but the simplest deinterlacing; both are refused, as the queries announce.

mod colour;
mod orient;
mod region;

use crate::failure::{Failure, Outcome};
use crate::library;
use crate::plane::{Planes, PlanesMut};
use crate::sys;

/// One operation of a `vaRenderPicture`.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// The client's parameters; its pointers are not to be followed, what they point to is in the other fields.
    pub(crate) pipeline: sys::VAProcPipelineParameterBuffer,
    /// The picture to read.
    pub(crate) source: Planes<'a>,
    /// The part of it; whole when the client named none.
    pub(crate) source_region: sys::VARectangle,
    /// The part of the target.
    pub(crate) target_region: sys::VARectangle,
    /// `VAProcFilterParameterBuffer*`, raw, in the order of the chain.
    pub(crate) filters: &'a [Vec<u8>],
    /// Whether it is the first into its target. What comes later lies on top: FFmpeg's overlay_vaapi asks for a black
    /// background each time, and means that of the first.
    pub(crate) first: bool,
}

/// Does it.
pub(crate) fn process(job: &Job<'_>, target: &mut PlanesMut<'_>) -> Outcome {
    let pipeline = &job.pipeline;
    if !pipeline.blend_state.is_null() {
        return Err(Failure::unimplemented("VAProcPipelineCaps::blend_flags says that nothing is blended"));
    }
    if pipeline.num_additional_outputs != 0 {
        return Err(Failure::parameter("VAProcPipelineCaps::num_additional_outputs is 0"));
    }
    let outside = |what| Failure::parameter(format!("the {what} region is not within its surface"));
    let mut source = region::part(&job.source, &job.source_region).ok_or_else(|| outside("surface"))?;
    let (whole_format, whole_height) = (target.format, target.height);
    let (from, to) = colour::pair(pipeline, source.format, (whole_format, whole_height));
    for filter in job.filters {
        source = deinterlace(&source, filter)?;
    }
    let turned;
    if (pipeline.rotation_state, pipeline.mirror_state) != (sys::VA_ROTATION_NONE, sys::VA_MIRROR_NONE) {
        turned = orient::turn(&source, pipeline.rotation_state, pipeline.mirror_state)?;
        source = turned.as_planes();
    }
    let background = job.first && pipeline.output_background_color >> 24 != 0;
    if background && !region::is_whole(target, &job.target_region) {
        region::fill(target, colour::samples(pipeline.output_background_color, to))?;
    }
    let mut target = region::part_mut(target, &job.target_region).ok_or_else(|| outside("output"))?;
    library::scale(&source, from, &mut target, to)
}

/// The one filter: every other line, scaled to the whole height.
fn deinterlace<'a>(source: &Planes<'a>, filter: &[u8]) -> Outcome<Planes<'a>> {
    let unsupported = |what: String| Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_FILTER, what);
    let base: sys::VAProcFilterParameterBufferBase =
        sys::read(filter).ok_or_else(|| Failure::parameter("a filter's parameters are too short"))?;
    if base.type_ != sys::VAProcFilterDeinterlacing {
        return Err(unsupported(format!("filter {} is not in vaQueryVideoProcFilters", base.type_)));
    }
    let parameters: sys::VAProcFilterParameterBufferDeinterlacing =
        sys::read(filter).ok_or_else(|| Failure::parameter("a filter's parameters are too short"))?;
    if parameters.algorithm != sys::VAProcDeinterlacingBob {
        return Err(unsupported(format!(
            "deinterlacing algorithm {} is not among its caps",
            parameters.algorithm
        )));
    }
    let bottom = parameters.flags & sys::VA_DEINTERLACING_BOTTOM_FIELD != 0;
    region::field(source, bottom).ok_or_else(|| Failure::parameter("the picture has no two fields"))
}

/// The filters there are (`vaQueryVideoProcFilters`).
pub(crate) fn filters() -> &'static [sys::VAProcFilterType] {
    &[sys::VAProcFilterDeinterlacing]
}

/// What a filter can do (`vaQueryVideoProcFilterCaps`): the capability structures one after the other, raw, and their
/// number.
pub(crate) fn filter_caps(filter: sys::VAProcFilterType) -> Outcome<(Vec<u8>, u32)> {
    if filter != sys::VAProcFilterDeinterlacing {
        return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_FILTER, "there is no such filter"));
    }
    // VAProcFilterCapDeinterlacing: the algorithm's number, and padding that must be zero.
    let mut caps = vec![0; size_of::<sys::VAProcFilterCapDeinterlacing>()];
    caps[..4].copy_from_slice(&sys::VAProcDeinterlacingBob.to_ne_bytes());
    Ok((caps, 1))
}

/// What the pipeline can do (`vaQueryVideoProcPipelineCaps`).
pub(crate) fn pipeline_caps(caps: &mut sys::VAProcPipelineCaps) {
    // One bit for each VA_ROTATION_*.
    caps.rotation_flags = 1 << sys::VA_ROTATION_NONE
        | 1 << sys::VA_ROTATION_90
        | 1 << sys::VA_ROTATION_180
        | 1 << sys::VA_ROTATION_270;
    caps.mirror_flags = sys::VA_MIRROR_HORIZONTAL | sys::VA_MIRROR_VERTICAL;
    // Clients only read the list, which va_vpp.h gives them without const.
    caps.input_color_standards = colour::STANDARDS.as_ptr().cast_mut();
    caps.num_input_color_standards = colour::STANDARDS.len() as u32;
    caps.output_color_standards = colour::STANDARDS.as_ptr().cast_mut();
    caps.num_output_color_standards = colour::STANDARDS.len() as u32;
}
