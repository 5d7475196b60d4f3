//! Decoding on the device of the encoder: whether, and on which.

use super::{DecodeOn, Transcode};
use crate::av::{Demuxer, DeviceKind, HwDevice, Options, StreamInfo};
use crate::backend;
use crate::error::{Code, Error, Reason, Result};
use crate::probe::{Prober, VaDriver};
use crate::select::Codec;

/// libva's profiles by libavcodec's names of codecs: how those begin that the decoder may use.
const PROFILES: [(&str, &str); 8] = [
    ("h264", "H264"),
    ("hevc", "HEVC"),
    ("vp8", "VP8"),
    ("vp9", "VP9"),
    ("av1", "AV1"),
    ("mpeg2video", "MPEG2"),
    ("vc1", "VC1"),
    ("mjpeg", "JPEG"),
];

/// The device to decode on; `None` for the CPU.
///
/// # Errors
/// [`Code::DeviceFailed`] where the job demands a device, and none does.
pub(super) fn to_decode_on(
    job: &Transcode,
    prober: &mut Prober,
    codec: Codec,
    demuxer: &Demuxer,
) -> Result<Option<HwDevice>> {
    if job.decode_on == DecodeOn::Cpu {
        return Ok(None);
    }
    let Some(stream) = demuxer.best_video() else { return Ok(None) };
    match find(job, prober, codec, stream) {
        Ok((kind, node)) => match HwDevice::create(kind, Some(&node), Options::new()) {
            Ok(device) => Ok(Some(device)),
            Err(error) if job.decode_on == DecodeOn::Device => Err(error),
            Err(error) => {
                tracing::warn!(%error, "decoding on the CPU");
                Ok(None)
            }
        },
        Err(why) if job.decode_on == DecodeOn::Device => {
            Err(Error::new(Code::DeviceFailed, format!("the pictures cannot be decoded on a device: {why}"))
                .with_remedy("leave `--decode` at auto, or name a hardware encoder and its device"))
        }
        Err(why) => {
            tracing::debug!(%why, "decoding on the CPU");
            Ok(None)
        }
    }
}

/// The device that will encode, if its driver decodes the stream and scales where that is needed.
fn find(
    job: &Transcode,
    prober: &mut Prober,
    codec: Codec,
    stream: &StreamInfo,
) -> Result<(DeviceKind, String), String> {
    let p = &stream.parameters;
    let (width, height) = job.size.unwrap_or((p.width(), p.height()));
    let deep = p.format().is_some_and(|format| format.bit_depth() > 8);
    let depth = job.bit_depth.unwrap_or(if deep { 10 } else { 8 });
    let request = job.request(codec, width, height).bit_depth(depth);
    let decision = prober.ensure(&request).map_err(|error| error.to_string())?;
    let report = prober.report().map_err(|error| error.to_string())?;
    let chosen = decision.chosen();
    let kind = backend::surfaces(&chosen.encoder);
    let Some((kind, node)) = kind.zip(chosen.device.clone()) else {
        return Err(format!("{} works in memory", chosen.encoder));
    };
    let Some(driver) = report.va_driver(node.as_ref()) else { return Err(format!("{node} was not asked")) };
    if !decodes(driver, p.codec()) {
        return Err(format!("{node} does not decode {}", p.codec()));
    }
    let scales = job.size.is_some() || job.bit_depth.is_some();
    if scales && !driver.entries.iter().any(|entry| entry.entrypoint == "VideoProc") {
        return Err(format!("{node} does not scale"));
    }
    Ok((kind, node))
}

fn decodes(driver: &VaDriver, codec: &str) -> bool {
    let prefix = PROFILES.iter().find(|(name, _)| *name == codec).map(|(_, prefix)| *prefix);
    let fits = |prefix: &str| driver.entries.iter().any(|e| e.decodes() && e.profile.starts_with(prefix));
    prefix.is_some_and(fits)
}

/// Pictures that came from a device although the encoder that was chosen for them works elsewhere.
pub(super) fn mismatch(device: Option<&str>, encoder: &str) -> Error {
    let reason = Reason::new(
        Code::DeviceFailed,
        format!(
            "the pictures are decoded on {}, and {encoder} cannot take them",
            device.unwrap_or("a device")
        ),
    );
    Error::from(reason.remedy("decode on the CPU with `--decode cpu`"))
}
