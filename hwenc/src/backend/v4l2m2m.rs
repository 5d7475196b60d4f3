//! V4L2 memory-to-memory encoders: Raspberry Pi and other boards. Detected; not driven yet.

use super::{Backend, Place, places};
use crate::error::{Code, Reason};
use crate::select::Codec;

pub(crate) static BACKEND: Backend = places::detected(
    "v4l2m2m",
    &[(Codec::H264, "h264_v4l2m2m"), (Codec::Hevc, "hevc_v4l2m2m"), (Codec::Vp9, "vp9_v4l2m2m")],
    |report| {
        if report.machine.video.is_empty() {
            let reason = Reason::new(Code::DeviceMissing, "no V4L2 encoder was found")
                .evidence("there is no /dev/video node")
                .remedy(
                    "on a board that has one, load its kernel module, and hand the node to the container; \
                     elsewhere let another backend do it",
                );
            return vec![Place::blocked(None, reason)];
        }
        places::video(report)
    },
);
