//! [`VaDriver`]: what the VA-API driver of a render node says it can do.
//!
//! What a driver says is not what works: that only a trial shows.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Reason;

/// How bits can be given out, named as in `va.h` (`VA_RC_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VaRateControl {
    /// Constant bit rate.
    Cbr,
    /// Variable bit rate.
    Vbr,
    /// A quantiser for each kind of picture.
    Cqp,
    /// Intelligent constant quality.
    Icq,
    /// Variable bit rate with a quality that is not exceeded.
    Qvbr,
    /// Average variable bit rate.
    Avbr,
}

/// A profile through an entrypoint, with its attributes. What a driver does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct VaEntry {
    /// libva's name without its prefix, such as `H264High`, `HEVCMain10`.
    pub profile: String,
    /// Likewise: `VLD` decodes; `EncSlice`, `EncSliceLP` (low power) and `EncPicture` encode; `VideoProc` scales.
    pub entrypoint: String,
    /// Ways of giving out bits, for encoding.
    pub rate_control: Vec<VaRateControl>,
    /// Takes 8 bit 4:2:0 (`VA_RT_FORMAT_YUV420`).
    pub yuv420: bool,
    /// Takes 10 bit 4:2:0 (`VA_RT_FORMAT_YUV420_10`).
    pub yuv420_10: bool,
    /// Takes 8 bit 4:4:4 (`VA_RT_FORMAT_YUV444`).
    pub yuv444: bool,
    /// Takes 10 bit 4:4:4 (`VA_RT_FORMAT_YUV444_10`).
    pub yuv444_10: bool,
    /// Smallest picture in pixels, width and height.
    pub least: Option<(u32, u32)>,
    /// Largest picture in pixels, width and height.
    pub most: Option<(u32, u32)>,
    /// Reference pictures for P pictures, and the further ones of B pictures; 0 of the latter: no B pictures.
    pub references: Option<(u32, u32)>,
    /// Headers that the client may write itself, as bits of `VA_ENC_PACKED_HEADER_*`; 0 for none.
    pub packed_headers: Option<u32>,
    /// Steps between best and quickest (`VAConfigAttribEncQualityRange`).
    pub quality_steps: Option<u32>,
    /// Regions of interest (`VAConfigAttribEncROI`).
    pub regions: Option<u32>,
    /// Slices of a picture at most.
    pub slices: Option<u32>,
    /// What width and height of coded surfaces must be multiples of (`VASurfaceAttribAlignmentSize`).
    pub alignment: Option<(u32, u32)>,
}

impl VaEntry {
    /// It encodes.
    pub fn encodes(&self) -> bool {
        self.entrypoint.starts_with("Enc")
    }

    /// It decodes.
    pub fn decodes(&self) -> bool {
        self.entrypoint == "VLD"
    }

    /// It encodes with the fixed-function unit of low power.
    pub fn is_low_power(&self) -> bool {
        self.entrypoint == "EncSliceLP"
    }
}

/// What a node's driver says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct VaDriver {
    /// The render node.
    pub node: PathBuf,
    /// The driver that was asked for by name, such as `i965`; `None` where libva chose.
    #[serde(default)]
    pub name: Option<String>,
    /// Its words for itself; none where it did not start.
    #[serde(default)]
    pub vendor: Option<String>,
    /// Version of VA-API that libva and driver agreed on.
    #[serde(default)]
    pub version: Option<(u32, u32)>,
    /// Why it did not start; `None` when it did.
    #[serde(default)]
    pub error: Option<String>,
    /// It took the process down that asked it, or never came back; `None` when it did.
    #[serde(default)]
    pub lost: Option<Reason>,
    /// Everything that it offers.
    #[serde(default)]
    pub entries: Vec<VaEntry>,
}

impl VaDriver {
    /// A driver that started, or not for this reason.
    pub fn new(node: impl Into<PathBuf>, error: Option<String>) -> Self {
        VaDriver {
            node: node.into(),
            name: None,
            vendor: None,
            version: None,
            error,
            lost: None,
            entries: Vec::new(),
        }
    }
}
