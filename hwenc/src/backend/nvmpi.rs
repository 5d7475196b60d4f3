//! NVIDIA Jetson, by an FFmpeg with the nvmpi patch. Detected; not driven yet.

use super::{Backend, Place, places};
use crate::error::{Code, Reason};
use crate::select::Codec;

pub(crate) static BACKEND: Backend =
    places::detected("nvmpi", &[(Codec::H264, "h264_nvmpi"), (Codec::Hevc, "hevc_nvmpi")], |report| {
        let jetson = |h: &crate::device::Hardware| h.compatible.iter().any(|c| c.starts_with("nvidia,tegra"));
        if report.machine.hardware().any(jetson) {
            return vec![Place { device: None, obstacle: None }];
        }
        let reason = Reason::new(Code::DeviceMissing, "this is no NVIDIA Jetson")
            .evidence("no device of the device tree is `nvidia,tegra…`")
            .remedy("let another backend do it: this one is for Jetson boards");
        vec![Place::blocked(None, reason)]
    });
