//! Intel Quick Sync Video, through oneVPL or the older Media SDK. Detected; not driven yet.

use super::{Backend, places};
use crate::select::Codec;

pub(crate) static BACKEND: Backend = places::detected(
    "qsv",
    &[
        (Codec::H264, "h264_qsv"),
        (Codec::Hevc, "hevc_qsv"),
        (Codec::Av1, "av1_qsv"),
        (Codec::Vp9, "vp9_qsv"),
        (Codec::Mjpeg, "mjpeg_qsv"),
    ],
    |report| places::render_nodes(report, "Intel GPU", places::intel),
);
