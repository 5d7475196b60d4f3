//! [`Nvml`]: what NVIDIA's management library says.

use std::ffi::OsStr;

use nvml_wrapper::enum_wrappers::device::EncoderType;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, cuda_driver_version_major, cuda_driver_version_minor};
use serde::{Deserialize, Serialize};

/// NVIDIA's name for it; it comes with the driver.
const LIBRARY: &str = "libnvidia-ml.so.1";

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
    /// Why it did not answer at all; `None` when it did.
    pub error: Option<String>,
    /// Its model, such as `Tesla T4`.
    pub name: String,
    /// Its PCI address, such as `0000:01:00.0`.
    pub pci_address: Option<String>,
    /// The number of its node, `/dev/nvidia<N>`.
    pub minor: Option<u32>,
    /// Whether it has an encoder: NVML gives a capacity of 0, or none, to those without (nvml.h,
    /// `nvmlDeviceGetEncoderCapacity`). `None` where it would not say. It is NVML's word alone, which is less than a trial's.
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

impl Nvml {
    /// Asks; never fails, as a library that is not there or does not start is an answer, too. It stays loaded.
    pub(super) fn ask() -> Self {
        // What `dlerror` says is better than what the wrapper makes of it.
        match hwenc_sys::can_load(LIBRARY) {
            Ok(()) => Self::ask_of(LIBRARY.as_ref()),
            Err(error) => Nvml { error: Some(error), ..Nvml::default() },
        }
    }

    /// The same of another file.
    fn ask_of(library: &OsStr) -> Self {
        let nvml = match nvml_wrapper::Nvml::builder().lib_path(library).init() {
            Ok(nvml) => nvml,
            Err(error) => return Nvml { error: Some(words("nvmlInit_v2", &error)), ..Nvml::default() },
        };
        let cuda = nvml.sys_cuda_driver_version().ok();
        let count = nvml.device_count();
        let gpu = |index| match nvml.device_by_index(index) {
            Ok(device) => NvmlGpu::of(index, &device),
            // One that is lost, or given to somebody else; the others still answer.
            Err(error) => NvmlGpu {
                index,
                error: Some(words("nvmlDeviceGetHandleByIndex_v2", &error)),
                ..NvmlGpu::default()
            },
        };
        Nvml {
            error: count.as_ref().err().map(|error| words("nvmlDeviceGetCount_v2", error)),
            driver_version: nvml.sys_driver_version().ok(),
            cuda_version: cuda
                .map(|v| format!("{}.{}", cuda_driver_version_major(v), cuda_driver_version_minor(v))),
            gpus: (0..count.unwrap_or(0)).map(gpu).collect(),
        }
    }
}

impl NvmlGpu {
    fn of(index: u32, device: &Device<'_>) -> Self {
        let sessions = device.encoder_stats().ok().map(|stats| stats.session_count);
        let busy = device.encoder_utilization().ok().map(|busy| busy.utilization);
        let capacities = [EncoderType::H264, EncoderType::HEVC].map(|codec| device.encoder_capacity(codec));
        let used = sessions.is_some_and(|n| n > 0) || busy.is_some_and(|percent| percent > 0);
        NvmlGpu {
            index,
            error: None,
            name: device.name().unwrap_or_default(),
            pci_address: device.pci_info().ok().map(|info| address(&info.bus_id)),
            minor: device.minor_number().ok(),
            has_encoder: if used { Some(true) } else { has_encoder(&capacities) },
            encoder_sessions: sessions,
            encoder_percent: busy,
            decoder_percent: device.decoder_utilization().ok().map(|busy| busy.utilization),
            gpu_percent: device.utilization_rates().ok().map(|rates| rates.gpu),
            memory: device.memory_info().ok().map(|memory| (memory.used, memory.total)),
        }
    }
}

/// Capacity is what is left, in per cent, so that an encoder in full use has none as well: its sessions show that.
fn has_encoder(capacities: &[Result<u32, NvmlError>]) -> Option<bool> {
    let said = capacities.iter().filter_map(|capacity| match capacity {
        Ok(percent) => Some(*percent > 0),
        Err(NvmlError::NotSupported) => Some(false),
        Err(_) => None,
    });
    said.reduce(|a, b| a || b)
}

/// As the kernel writes it: NVML has eight digits of the domain, and capitals (nvml.h, `nvmlPciInfo_t`).
fn address(bus_id: &str) -> String {
    let lower = bus_id.to_ascii_lowercase();
    let Some((domain, rest)) = lower.split_once(':') else { return lower };
    u32::from_str_radix(domain, 16).map_or(lower.clone(), |domain| format!("{domain:04x}:{rest}"))
}

/// What failed, with NVIDIA's words for it (`nvmlErrorString`, as nvidia-smi prints it), which people search for.
fn words(what: &str, error: &NvmlError) -> String {
    let words = match error {
        NvmlError::LibRmVersionMismatch => "Driver/library version mismatch",
        NvmlError::DriverNotLoaded => "Driver Not Loaded",
        NvmlError::NoPermission => "Insufficient Permissions",
        NvmlError::LibraryNotFound => "NVML Shared Library Not Found",
        NvmlError::OperatingSystem => "GPU access blocked by the operating system",
        NvmlError::GpuLost => "GPU is lost",
        NvmlError::Unknown => "Unknown Error",
        other => return format!("{what}: {other}"),
    };
    format!("{what}: {words}")
}

#[cfg(test)]
mod tests;
