//! [`V4l2Device`]: what a V4L2 node says of itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The answers of a V4L2 node (linux/videodev2.h: `VIDIOC_QUERYCAP`, `VIDIOC_ENUM_FMT`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct V4l2Device {
    /// The node, such as `/dev/video11`.
    pub node: PathBuf,
    /// Why it did not answer; `None` when it did.
    pub error: Option<String>,
    /// The driver's name, such as `bcm2835-codec`.
    pub driver: String,
    /// What the driver calls the device.
    pub card: String,
    /// It takes pictures and gives pictures back (`V4L2_CAP_VIDEO_M2M…`): no camera.
    pub memory_to_memory: bool,
    /// Fourccs that it takes.
    pub takes: Vec<String>,
    /// Fourccs that it gives.
    pub gives: Vec<String>,
}
