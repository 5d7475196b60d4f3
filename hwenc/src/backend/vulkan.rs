//! Vulkan Video. Detected; not driven yet.

use super::{Backend, places};
use crate::select::Codec;

pub(crate) static BACKEND: Backend = places::detected(
    "vulkan",
    &[(Codec::H264, "h264_vulkan"), (Codec::Hevc, "hevc_vulkan"), (Codec::Av1, "av1_vulkan")],
    |report| {
        let nodes = places::render_nodes(report, "GPU with a render node", |_| true);
        places::block(nodes, places::libraries(report, &["libvulkan.so.1"]))
    },
);
