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
        let nodes = places::render_nodes(report, "GPU with a render node", places::any_but_nvidia);
        let install = "install libva2 and libva-drm2 (Debian, Ubuntu), or libva (Fedora, Arch)";
        places::block(nodes, places::libraries(report, &["libva.so.2", "libva-drm.so.2"], install))
    },
);
