//! [`Load`]: how busy a device is.

use serde::{Deserialize, Serialize};

/// How busy one engine of a device was while it was looked at, by the kernel's count of each client
/// (Documentation/gpu/drm-usage-stats.rst) or by NVML.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Load {
    /// The device's PCI address, else its node.
    pub device: String,
    /// The engine by its driver's name: `video`, `enc`, `render`, …
    pub engine: String,
    /// Share of the time that it was busy, in per cent.
    pub percent: f64,
    /// Clients that have the device open, as far as this process may see them.
    pub clients: u32,
}
