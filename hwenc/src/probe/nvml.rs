//! [`Nvml`]: what NVIDIA's management library says.

use serde::{Deserialize, Serialize};

/// The answers of `libnvidia-ml.so.1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Nvml {
    /// Why it did not answer, in its own words; `None` when it did.
    pub error: Option<String>,
    /// Version of the driver's user part, such as `535.183.01`.
    pub driver_version: Option<String>,
    /// The newest CUDA that the driver takes, such as `12.2`.
    pub cuda_version: Option<String>,
    /// The GPUs, in NVML's order.
    pub gpus: Vec<NvmlGpu>,
}

/// A GPU as NVML sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct NvmlGpu {
    /// NVML's index.
    pub index: u32,
    /// Its model, such as `Tesla T4`.
    pub name: String,
    /// Its PCI address, such as `0000:01:00.0`.
    pub pci_address: Option<String>,
    /// The number of its node, `/dev/nvidia<N>`.
    pub minor: Option<u32>,
    /// Whether it has an encoder, by codec (`h264`, `hevc`): NVML gives a capacity of 0 to those without
    /// (nvml.h, `nvmlDeviceGetEncoderCapacity`). `None` where it would not say.
    pub has_encoder: Option<bool>,
    /// Encoding sessions in use, of all processes.
    pub encoder_sessions: Option<u32>,
    /// How busy the encoder was, in per cent.
    pub encoder_percent: Option<u32>,
    /// How busy the decoder was, in per cent.
    pub decoder_percent: Option<u32>,
    /// How busy the shaders were, in per cent.
    pub gpu_percent: Option<u32>,
    /// Memory in use, and all of it, in bytes.
    pub memory: Option<(u64, u64)>,
}
