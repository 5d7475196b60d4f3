//! Opening an encoder that hwenc does not drive, as the `ffmpeg` command would, for the words of those who refuse.

use crate::av::{DeviceKind, Encoder, EncoderSettings, HwDevice, HwFrames, Options, PixelFormat, Rational};
use crate::backend;
use crate::error::{Reason, Result};

use super::words;

/// The size that every device which encodes at all takes.
const SIZE: (u32, u32) = (1280, 720);
/// Pictures in a pool that does not grow, as QSV's before FFmpeg 7.
const POOL: u32 = 4;

/// Opens the encoder on the device, and closes it again: why it does not open, or nothing.
pub(super) fn open(encoder: &str, device: Option<&str>) -> Option<Reason> {
    attempt(encoder, device).err().map(words::explain)
}

fn attempt(encoder: &str, device: Option<&str>) -> Result<()> {
    let (width, height) = SIZE;
    let rate = Rational::new(30, 1);
    let mut settings = EncoderSettings::new(encoder, width, height, PixelFormat::NV12, rate);
    settings.bit_rate = Some(2_000_000);
    let backend = backend::of_encoder(encoder).map_or("", |(backend, _)| backend.name);
    if let Some(device) = hardware(backend, device)? {
        let kind = device.kind();
        let format = kind.format().unwrap_or(PixelFormat::NV12);
        let pool = if kind == DeviceKind::QSV { POOL } else { 0 };
        let frames = HwFrames::new(&device, format, PixelFormat::NV12, width, height, pool)?;
        settings.format = format;
        settings.hw_frames = Some(frames);
    }
    Encoder::open(settings).map(drop)
}

/// The device that pictures of a backend live on; V4L2 and Jetson's take them in memory.
fn hardware(backend: &str, device: Option<&str>) -> Result<Option<HwDevice>> {
    Ok(Some(match backend {
        // The runtime stands on the VA-API driver of the node (libavutil/hwcontext_qsv.c).
        "qsv" => {
            let mut options = Options::new();
            options.set("child_device_type", "vaapi")?;
            if let Some(node) = device {
                options.set("child_device", node)?;
            }
            HwDevice::create(DeviceKind::QSV, Some("hw"), options)?
        }
        // CUDA counts GPUs; a node's number is the same where every GPU is shown.
        "cuda" => {
            let number = device.and_then(|node| node.strip_prefix("/dev/nvidia")).or(device);
            HwDevice::create(DeviceKind::CUDA, number, Options::new())?
        }
        // Vulkan knows nodes by deriving from DRM alone.
        "vulkan" => match device {
            Some(node) => {
                HwDevice::create(DeviceKind::DRM, Some(node), Options::new())?.derive(DeviceKind::VULKAN)?
            }
            None => HwDevice::create(DeviceKind::VULKAN, None, Options::new())?,
        },
        "vaapi" => HwDevice::create(DeviceKind::VAAPI, device, Options::new())?,
        _ => return Ok(None),
    }))
}
