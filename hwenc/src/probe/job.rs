//! [`Job`]: one question to a driver, asked in the helper or, without one, here. Every answer has a form for the case
//! that the process that asked was lost.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::device::Access;
use crate::error::Reason;

use super::drill::Drill;
use super::{Library, Nvml, Outcome, Trial, V4l2Device, VaDriver};

/// What to ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    /// Open a node and close it again.
    Open { path: PathBuf },
    /// Load each of these libraries.
    Libraries { names: Vec<String> },
    /// The filters of this FFmpeg, for which its libavfilter is loaded.
    Filters,
    /// Start the VA-API driver of a node, the one of this name or libva's own choice, and ask what it offers.
    Va { node: PathBuf, driver: Option<String> },
    /// Ask a V4L2 node what it is.
    V4l2 { node: PathBuf },
    /// Ask NVIDIA's management library.
    Nvml,
    /// Open an encoder that hwenc does not drive, for the words of those who refuse.
    Bare { encoder: String, device: Option<String> },
    /// Encode, and judge what comes out.
    Trial(Box<Trial>),
    /// Misbehave as drivers do.
    Drill(Drill),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Open(Access),
    Libraries(Vec<Library>),
    Filters(Vec<String>),
    Va(VaDriver),
    V4l2(V4l2Device),
    Nvml(Nvml),
    Bare(Option<Reason>),
    Trial(Outcome),
    /// The process that answered.
    Drill(u32),
}
