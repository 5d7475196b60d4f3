//! [`V4l2Device`]: what a V4L2 node says of itself.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hwenc_sys::v4l2::{
    self as sys, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, V4L2_BUF_TYPE_VIDEO_OUTPUT,
    V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
};
use nix::libc::{O_NOCTTY, O_NONBLOCK};
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
    /// Fourccs that it takes, by the driver's order: of an encoder pictures, of a decoder streams.
    pub takes: Vec<String>,
    /// Fourccs that it gives.
    pub gives: Vec<String>,
}

impl V4l2Device {
    /// Asks the driver of a node; never fails, as a node that does not answer is an answer, too.
    pub(super) fn ask(node: &Path) -> Self {
        let device = V4l2Device { node: node.to_owned(), ..V4l2Device::default() };
        let open = File::options().read(true).write(true).custom_flags(O_NONBLOCK | O_NOCTTY).open(node);
        let answer = match open {
            Ok(file) => device.clone().fill(&file).map_err(|(what, error)| format!("{what}: {error}")),
            Err(error) => Err(format!("{} does not open: {error}", node.display())),
        };
        answer.unwrap_or_else(|error| V4l2Device { error: Some(error), ..device })
    }

    fn fill(mut self, file: &File) -> Result<Self, (&'static str, io::Error)> {
        let capability = sys::capability(file.as_fd()).map_err(|error| ("VIDIOC_QUERYCAP", error))?;
        self.driver = text(&capability.driver);
        self.card = text(&capability.card);
        self.memory_to_memory = memory_to_memory(&capability);
        let formats = |queues: [u32; 2]| {
            let mut names: Vec<String> = Vec::new();
            for queue in queues {
                let listed = sys::formats(file.as_fd(), queue).map_err(|error| ("VIDIOC_ENUM_FMT", error))?;
                for name in listed.iter().map(|format| fourcc(format.pixelformat)) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            Ok(names)
        };
        self.takes = formats([V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_BUF_TYPE_VIDEO_OUTPUT])?;
        self.gives = formats([V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, V4L2_BUF_TYPE_VIDEO_CAPTURE])?;
        Ok(self)
    }
}

/// By its own bits, or, as drivers did before there were any, by having both queues (vidioc-querycap.rst). `capabilities` is
/// that of all nodes of the driver together, `device_caps` that of this one.
fn memory_to_memory(capability: &sys::v4l2_capability) -> bool {
    let all = capability.capabilities;
    let own = if all & sys::V4L2_CAP_DEVICE_CAPS != 0 { capability.device_caps } else { all };
    let both = |give: u32, take: u32| own & give != 0 && own & take != 0;
    own & (sys::V4L2_CAP_VIDEO_M2M | sys::V4L2_CAP_VIDEO_M2M_MPLANE) != 0
        || both(sys::V4L2_CAP_VIDEO_CAPTURE, sys::V4L2_CAP_VIDEO_OUTPUT)
        || both(sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE, sys::V4L2_CAP_VIDEO_OUTPUT_MPLANE)
}

/// The text of a field, which a driver may fill to its end.
fn text(field: &[u8]) -> String {
    let text = CStr::from_bytes_until_nul(field).map_or(field, CStr::to_bytes);
    String::from_utf8_lossy(text).trim().to_owned()
}

/// Four characters, the first in the lowest byte; big-endian ones are marked as the kernel prints them (`%p4cc`).
fn fourcc(format: u32) -> String {
    let bytes = (format & !sys::V4L2_FOURCC_BE).to_le_bytes();
    let name: String =
        bytes.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { ' ' }).collect();
    let end = if format & sys::V4L2_FOURCC_BE != 0 { "-BE" } else { "" };
    format!("{}{end}", name.trim_end())
}

#[cfg(test)]
mod tests;
