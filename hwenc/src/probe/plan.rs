//! What a probe tries.

use super::{Report, Trial};
use crate::select::{self, Codec, Fallback, Request};

/// The size of a plain probe: above every encoder's smallest picture, below every one's largest, and no multiple of 16 in height
/// for 64-pixel blocks, so that cropping shows.
const SIZE: (u32, u32) = (1280, 720);

/// The requests of a plain probe.
pub(super) fn requests() -> Vec<Request> {
    let both = |codec: &Codec| [8, 10].map(|depth| Request::new(*codec, SIZE.0, SIZE.1).bit_depth(depth));
    Codec::ALL.iter().flat_map(both).collect()
}

/// Every candidate of a request that nobody tried, software too.
pub(super) fn untried(report: &Report, request: &Request) -> Vec<Trial> {
    let mut request = request.clone();
    if request.fallback == Fallback::Deny {
        request.fallback = Fallback::Software;
    }
    select::untried(report, &request)
}

/// Where a trial stands in a report.
pub(super) fn place(trial: &Trial) -> (Option<String>, String, String) {
    let Trial { encoder, device, request, .. } = trial;
    let what = format!(
        "{:?} {:05}x{:05} {:02} {request:?}",
        request.codec, request.width, request.height, request.bit_depth
    );
    (device.clone(), encoder.clone(), what)
}
