//! NVENC, through CUDA. Detected; not driven yet.

use super::{Backend, places};
use crate::select::Codec;

pub(crate) static BACKEND: Backend = places::detected(
    "cuda",
    &[(Codec::H264, "h264_nvenc"), (Codec::Hevc, "hevc_nvenc"), (Codec::Av1, "av1_nvenc")],
    |report| {
        let libraries = places::libraries(report, &["libcuda.so.1", "libnvidia-encode.so.1"]);
        places::block(places::nvidia(report), libraries)
    },
);
