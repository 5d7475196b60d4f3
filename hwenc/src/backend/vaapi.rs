//! VA-API: Intel, AMD and others through libva. Detected; not driven yet.

use super::{Backend, places};
use crate::select::Codec;

pub(crate) static BACKEND: Backend = places::detected(
    "vaapi",
    &[
        (Codec::H264, "h264_vaapi"),
        (Codec::Hevc, "hevc_vaapi"),
        (Codec::Av1, "av1_vaapi"),
        (Codec::Vp9, "vp9_vaapi"),
        (Codec::Mjpeg, "mjpeg_vaapi"),
    ],
    |report| {
        let nodes = places::render_nodes(report, "GPU that VA-API could drive", places::any_but_nvidia);
        places::block(nodes, places::libraries(report, &["libva.so.2", "libva-drm.so.2"]))
    },
);
