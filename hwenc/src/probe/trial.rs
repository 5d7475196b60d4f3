//! [`Trial`]: an encoder on a device with a request, and what came of trying it.

use serde::{Deserialize, Serialize};

use crate::av::{Color, PixelFormat, Rational};
use crate::backend;
use crate::error::Reason;
use crate::select::{Fallback, ParameterSets, Request, ZeroCopy};

use super::VaEntry;

/// The size at which software encoders are tried: they work at any size or at none.
const SOFTWARE_SIZE: (u32, u32) = (320, 180);

/// What is tried: the session that a user would open, and nothing that does not change whether it works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Trial {
    /// libavcodec's name.
    pub encoder: String,
    /// Node or index; `None` for the CPU.
    pub device: Option<String>,
    /// What the VA-API driver offers for it; `None` elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub va: Option<VaEntry>,
    /// What is asked for, without policy.
    pub request: Request,
}

impl Trial {
    /// The trial that answers for this request on this candidate.
    pub fn new(encoder: &str, device: Option<&str>, va: Option<VaEntry>, request: &Request) -> Self {
        let mut request = request.clone();
        request.encoder = None;
        request.device = None;
        request.input_device = None;
        request.fallback = Fallback::Deny;
        request.zero_copy = ZeroCopy::Allow;
        request.threads = 0;
        request.time_base = None;
        request.sample_aspect_ratio = Rational::new(1, 1);
        request.parameter_sets = ParameterSets::default();
        request.chroma_location = 0;
        // Of memory it is hwenc that makes what the encoder takes, the same way everywhere.
        if !request.input.is_hardware() && !request.input.is_rgb() {
            request.input = if request.bit_depth > 8 { PixelFormat::P010 } else { PixelFormat::NV12 };
        }
        let hardware = backend::of_encoder(encoder).is_none_or(|(backend, _)| backend.hardware);
        if !hardware {
            let Request { codec, bit_depth, chroma, .. } = request;
            request =
                Request::new(codec, SOFTWARE_SIZE.0, SOFTWARE_SIZE.1).bit_depth(bit_depth).chroma(chroma);
            request.threads = 1;
            request.preset = backend::software::quickest(encoder).map(str::to_owned);
            if bit_depth > 8 {
                request.input = PixelFormat::P010;
            }
        }
        Trial { encoder: encoder.to_owned(), device: device.map(str::to_owned), va, request }
    }
}

/// How trials are kept from taking the caller down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Isolation {
    /// They run in a helper process with a deadline and a limit of memory.
    Process,
    /// They run in the caller's process: a driver that hangs or crashes takes it along.
    #[default]
    None,
}

/// A trial, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tried {
    /// What was tried.
    #[serde(flatten)]
    pub trial: Trial,
    /// What came of it.
    pub outcome: Outcome,
    /// From its beginning to its end, in milliseconds.
    pub wall_ms: f64,
}

impl Tried {
    /// A trial that ended so.
    pub fn new(trial: Trial, outcome: Outcome, wall_ms: f64) -> Self {
        Tried { trial, outcome, wall_ms }
    }
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The stream is what was asked for, and decodes to the pictures that were sent.
    Verified(Proof),
    /// It is not, or there is none.
    Failed(Reason),
}

impl Outcome {
    /// What was measured, where it worked.
    pub fn proof(&self) -> Option<&Proof> {
        match self {
            Outcome::Verified(proof) => Some(proof),
            Outcome::Failed(_) => None,
        }
    }
}

/// What was measured on a trial that worked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Proof {
    /// Pictures sent, and decoded again.
    pub frames: u32,
    /// Bytes of the stream.
    pub bytes: u64,
    /// The worst picture's luma PSNR against what was sent, in dB; 100 where they are equal.
    pub psnr_luma_db: f64,
    /// Likewise of the worse chroma plane.
    pub psnr_chroma_db: f64,
    /// The profile that the stream names, as libavcodec calls it.
    pub profile: String,
    /// Bits per sample that the stream names.
    pub bit_depth: u8,
    /// The colours that the stream names.
    pub color: Color,
    /// From the beginning to an open session, in milliseconds.
    pub open_ms: f64,
    /// From the first picture sent to the first packet, in milliseconds.
    pub first_packet_ms: f64,
    /// Pictures that were sent before the first packet came.
    pub delay_frames: u32,
}
