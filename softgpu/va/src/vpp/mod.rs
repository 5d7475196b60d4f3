//! Video processing: scale, crop, convert.

use crate::failure::{Failure, Outcome};
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
}

/// Does it.
pub(crate) fn process(_job: &Job<'_>, _target: &mut PlanesMut<'_>) -> Outcome {
    Err(Failure::unimplemented("pictures are not processed yet"))
}

/// The filters there are (`vaQueryVideoProcFilters`).
pub(crate) fn filters() -> &'static [sys::VAProcFilterType] {
    &[]
}

/// What a filter can do (`vaQueryVideoProcFilterCaps`): the capability structures one after the other, raw, and their
/// number.
pub(crate) fn filter_caps(_filter: sys::VAProcFilterType) -> Outcome<(Vec<u8>, u32)> {
    Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_FILTER, "there is no such filter"))
}

/// What the pipeline can do (`vaQueryVideoProcPipelineCaps`).
pub(crate) fn pipeline_caps(_caps: &mut sys::VAProcPipelineCaps) {}
