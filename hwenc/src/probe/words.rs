//! What FFmpeg, libva, NVENC, CUDA and VPL say when they refuse, as codes.
//!
//! The lines are those of FFmpeg 5.1 to 9: libavcodec/nvenc.c, vaapi_encode.c, qsv.c, qsvenc.c, v4l2_m2m_enc.c,
//! vulkan_encode.c, libavutil/hwcontext_cuda.c, hwcontext_vaapi.c, hwcontext_qsv.c, hwcontext_vulkan.c, and the loader of
//! ffnvcodec (dynlink_loader.h). Which of them the `ffmpeg` command was seen to say, the tests of docs/codes.md hold it to.

use crate::error::{Code, Error, Reason};

/// Words that one line holds, and what they mean.
struct Words {
    /// All of them stand in the line.
    says: &'static [&'static str],
    code: Code,
    message: &'static str,
    /// Empty: what goes with the code.
    remedy: &'static str,
}

const fn words(
    says: &'static [&'static str],
    code: Code,
    message: &'static str,
    remedy: &'static str,
) -> Words {
    Words { says, code, message, remedy }
}

const NVIDIA_LIBRARY: &str = "install the NVIDIA driver's libraries of the version that the kernel module has; in a container \
                              start it with the NVIDIA runtime and NVIDIA_DRIVER_CAPABILITIES=compute,video,utility";
const NVIDIA_MATCH: &str = "restart the machine, or load the kernel module of the installed driver; in a container let the \
                            NVIDIA runtime provide the libraries";
const VPL: &str = "install Intel's VPL runtime (libmfx-gen1.2) for new GPUs or the Media SDK runtime (libmfx1) for older ones, and \
                   the iHD VA-API driver; or use vaapi";
const SESSIONS: &str = "close other encoders on this GPU, or use another device";
const OTHER: &str = "ask for something else, or for another encoder";

/// The first whose words stand in any line counts: what is exact comes before what is general.
static WORDS: &[Words] = &[
    // NVIDIA's libraries, as the loader of ffnvcodec looks for them.
    words(
        &["Cannot load libcuda.so"],
        Code::LibraryMissing,
        "NVIDIA's library libcuda.so.1 does not load",
        NVIDIA_LIBRARY,
    ),
    words(
        &["Cannot load libnvidia-encode.so"],
        Code::LibraryMissing,
        "NVIDIA's library libnvidia-encode.so.1 does not load",
        NVIDIA_LIBRARY,
    ),
    words(
        &["Cannot load libnvcuvid.so"],
        Code::LibraryMissing,
        "NVIDIA's library libnvcuvid.so.1 does not load",
        NVIDIA_LIBRARY,
    ),
    words(&["Cannot load cu"], Code::LibrarySymbol, "NVIDIA's library libcuda.so.1 lacks a function", ""),
    words(
        &["Cannot load NvEncodeAPI"],
        Code::LibrarySymbol,
        "NVIDIA's library libnvidia-encode.so.1 lacks a function",
        "",
    ),
    // CUDA.
    words(&["CUDA_ERROR_NO_DEVICE"], Code::DeviceMissing, "CUDA finds no GPU", NVIDIA_LIBRARY),
    words(&["CUDA_ERROR_INVALID_DEVICE"], Code::DeviceMissing, "CUDA has no GPU of this number", ""),
    words(
        &["CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"],
        Code::DeviceFailed,
        "NVIDIA's libraries and its kernel module are of different versions",
        NVIDIA_MATCH,
    ),
    words(
        &["CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE"],
        Code::DeviceFailed,
        "NVIDIA's compatibility libraries do not work on this GPU",
        NVIDIA_MATCH,
    ),
    words(
        &["CUDA_ERROR_OUT_OF_MEMORY"],
        Code::OutOfMemory,
        "the GPU has no memory left",
        "close other programs on this GPU",
    ),
    words(&["CUDA_ERROR_NOT_PERMITTED"], Code::DevicePermission, "CUDA may not use the GPU", ""),
    words(&["CUDA_ERROR_"], Code::DeviceFailed, "CUDA does not start on the GPU", NVIDIA_MATCH),
    // NVENC.
    words(
        &["Driver does not support the required nvenc API version"],
        Code::DriverTooOld,
        "the NVIDIA driver is older than this FFmpeg needs",
        "install the NVIDIA driver that the evidence names, or an FFmpeg built for an older one",
    ),
    words(
        &["OpenEncodeSessionEx failed", "invalid version (15)"],
        Code::DriverTooOld,
        "the NVIDIA driver is older than this FFmpeg needs",
        "",
    ),
    words(
        &["OpenEncodeSessionEx failed", "out of memory (10)"],
        Code::SessionLimit,
        "every encoding session of the GPU is in use",
        SESSIONS,
    ),
    words(
        &["OpenEncodeSessionEx failed", "incompatible client key (21)"],
        Code::SessionLimit,
        "every encoding session of the GPU is in use",
        SESSIONS,
    ),
    words(
        &["OpenEncodeSessionEx failed", "unsupported device (2)"],
        Code::DeviceNoEncoder,
        "the GPU has no encoder",
        "",
    ),
    words(
        &["OpenEncodeSessionEx failed", "no encode device (1)"],
        Code::DeviceNoEncoder,
        "the GPU has no encoder",
        "",
    ),
    words(&["Codec not supported"], Code::EncoderUnsupported, "the GPU does not encode this codec", OTHER),
    words(
        &["10 bit encode not supported"],
        Code::EncoderUnsupported,
        "the GPU does not encode 10 bit",
        OTHER,
    ),
    words(&["YUV444P not supported"], Code::EncoderUnsupported, "the GPU does not encode 4:4:4", OTHER),
    words(
        &["Width ", " exceeds "],
        Code::EncoderUnsupported,
        "the GPU does not encode pictures of this width",
        OTHER,
    ),
    words(
        &["Height ", " exceeds "],
        Code::EncoderUnsupported,
        "the GPU does not encode pictures of this height",
        OTHER,
    ),
    words(
        &["Max B-frames ", " exceed "],
        Code::EncoderUnsupported,
        "the GPU does not code so many B pictures",
        "ask for fewer B pictures",
    ),
    words(&["No capable devices found"], Code::DeviceNoEncoder, "no GPU here encodes this", ""),
    words(&["device does not exist (5)"], Code::DeviceFailed, "the GPU went away", ""),
    // VPL and Media SDK.
    words(
        &["Error creating a MFX session", "-9"],
        Code::RuntimeFailed,
        "there is no VPL runtime for this GPU",
        VPL,
    ),
    words(
        &["Error creating a MFX session"],
        Code::RuntimeFailed,
        "the VPL runtime does not start on this GPU",
        VPL,
    ),
    words(
        &["Error initializing an internal MFX session"],
        Code::RuntimeFailed,
        "the VPL runtime does not start on this GPU",
        VPL,
    ),
    words(
        &["Error initializing a MFX session"],
        Code::RuntimeFailed,
        "the VPL runtime does not start on this GPU",
        VPL,
    ),
    words(
        &["Error initializing an MFX session"],
        Code::RuntimeFailed,
        "the VPL runtime does not start on this GPU",
        VPL,
    ),
    words(&["Error creating a MFX loader"], Code::RuntimeFailed, "the VPL dispatcher does not start", VPL),
    words(
        &["Current codec type is unsupported"],
        Code::EncoderUnsupported,
        "the GPU does not encode this codec",
        OTHER,
    ),
    words(
        &["Current profile is unsupported"],
        Code::EncoderUnsupported,
        "the GPU does not encode this profile",
        OTHER,
    ),
    words(
        &["Current pixel format is unsupported"],
        Code::EncoderUnsupported,
        "the GPU does not encode this format",
        OTHER,
    ),
    words(
        &["Current resolution is unsupported"],
        Code::EncoderUnsupported,
        "the GPU does not encode pictures of this size",
        OTHER,
    ),
    words(
        &["ratecontrol mode is unsupported"],
        Code::EncoderUnsupported,
        "the GPU does not have this rate control",
        OTHER,
    ),
    words(&["device lost"], Code::DeviceFailed, "the GPU was lost", ""),
    words(&["GPU Hang"], Code::DeviceFailed, "the GPU hung", ""),
    words(&["GPU hang"], Code::DeviceFailed, "the GPU hung", ""),
    // VA-API.
    words(
        &["No usable encoding entrypoint found"],
        Code::EncoderUnsupported,
        "the driver does not encode this profile",
        OTHER,
    ),
    words(
        &["No usable encoding profile found"],
        Code::EncoderUnsupported,
        "the driver has no profile for this",
        OTHER,
    ),
    words(
        &["Driver does not support", "RC mode"],
        Code::EncoderUnsupported,
        "the driver does not have this rate control",
        OTHER,
    ),
    words(
        &["Hardware does not support encoding at size"],
        Code::EncoderUnsupported,
        "the GPU does not encode pictures of this size",
        OTHER,
    ),
    words(&["No VA display found for device"], Code::DeviceFailed, "libva finds no driver for this node", ""),
    words(
        &["Failed to initialise VAAPI connection"],
        Code::DeviceFailed,
        "the VA-API driver does not start",
        "",
    ),
    words(&["va_openDriver() returns"], Code::DeviceFailed, "the VA-API driver does not start", ""),
    words(
        &["Failed to create a VAAPI device"],
        Code::RuntimeFailed,
        "the VPL runtime does not start on this GPU",
        VPL,
    ),
    // Vulkan.
    words(
        &["Unable to open the libvulkan library"],
        Code::LibraryMissing,
        "the Vulkan loader (libvulkan.so.1) does not load",
        "install libvulkan1",
    ),
    words(
        &["VK_ERROR_INCOMPATIBLE_DRIVER"],
        Code::DeviceFailed,
        "no Vulkan driver starts",
        "install the Vulkan driver of the GPU (mesa-vulkan-drivers, or NVIDIA's), or use another backend",
    ),
    words(
        &["VK_ERROR_OUT_OF_DEVICE_MEMORY"],
        Code::OutOfMemory,
        "the GPU has no memory left",
        "close other programs on this GPU",
    ),
    words(&["VK_ERROR_DEVICE_LOST"], Code::DeviceFailed, "the GPU was lost", ""),
    words(&["VK_KHR_video_encode"], Code::DeviceNoEncoder, "the Vulkan driver does not encode", OTHER),
    // V4L2 M2M.
    words(
        &["Could not find a valid device"],
        Code::DeviceMissing,
        "no V4L2 device encodes this",
        "show the encoder's node to this process (a container needs it by name), or use another backend",
    ),
];

/// The reason of an error, by the words that came with it; as it is where they say nothing more exact.
pub(super) fn explain(error: Error) -> Reason {
    let reason = error.into_reason();
    let known = WORDS
        .iter()
        .find(|words| reason.evidence.iter().any(|line| words.says.iter().all(|w| line.contains(w))));
    let Some(words) = known else { return reason };
    let mut better = Reason::new(words.code, words.message);
    better.evidence.push(reason.message);
    better.evidence.extend(reason.evidence);
    if !words.remedy.is_empty() {
        better.remedy = words.remedy.into();
    } else if better.remedy.is_empty() {
        better.remedy = reason.remedy;
    }
    better
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: i32, lines: &[&str]) -> Code {
        let mut error = crate::av::error::from_av(Code::EncoderOpenFailed, "it does not open", number);
        for line in lines {
            error = error.with_evidence(*line);
        }
        let reason = explain(error);
        assert!(!reason.message.contains('/'), "a path in a message: {}", reason.message);
        assert!(reason.evidence.len() > lines.len(), "the number stays: {:?}", reason.evidence);
        reason.code
    }

    /// Numbers and lines as FFmpeg 5.1 and 7.1 gave them, with drivers and runtimes that failed on purpose.
    #[test]
    fn what_was_seen_has_its_code() {
        let minimum = "[h264_nvenc] The minimum required Nvidia driver for nvenc is 530.41.03 or newer";
        for (number, lines, expected) in [
            (-1, &["[h264_nvenc] Cannot load libcuda.so.1"][..], Code::LibraryMissing),
            (-1, &["[h264_nvenc] Cannot load libnvidia-encode.so.1", minimum], Code::LibraryMissing),
            (
                -542398533,
                &[
                    "[h264_nvenc] OpenEncodeSessionEx failed: unsupported device (2): (no details)",
                    "[h264_nvenc] No capable devices found",
                ],
                Code::DeviceNoEncoder,
            ),
            (
                -542398533,
                &[
                    "[h264_nvenc] OpenEncodeSessionEx failed: out of memory (10): (no details)",
                    "[h264_nvenc] No capable devices found",
                ],
                Code::SessionLimit,
            ),
            (
                -12,
                &["[h264_nvenc] OpenEncodeSessionEx failed: out of memory (10): (no details)"],
                Code::SessionLimit,
            ),
            (
                -1,
                &["[h264_nvenc] OpenEncodeSessionEx failed: incompatible client key (21): (no details)"],
                Code::SessionLimit,
            ),
            (
                -38,
                &[
                    "[h264_nvenc] Driver does not support the required nvenc API version. Required: 12.1 Found: 11.0",
                    minimum,
                ],
                Code::DriverTooOld,
            ),
            (
                -1,
                &[
                    "[AVHWDeviceContext] cu->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
                ],
                Code::DeviceMissing,
            ),
            (
                -1,
                &[
                    "[AVHWDeviceContext] cu->cuInit(0) failed -> CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has unsupported display driver",
                ],
                Code::DeviceFailed,
            ),
            (
                -5,
                &["[h264_nvenc] EncodePicture failed!: device does not exist (5): (no details)"],
                Code::DeviceFailed,
            ),
            (-542398533, &["Failed to create a VAAPI device."], Code::RuntimeFailed),
            (-1313558101, &["[AVHWDeviceContext] Error creating a MFX session: -9."], Code::RuntimeFailed),
            (-1313558101, &["[AVHWDeviceContext] Error creating a MFX session: -3."], Code::RuntimeFailed),
            (
                -22,
                &["[AVHWDeviceContext] No VA display found for device /dev/dri/renderD129."],
                Code::DeviceFailed,
            ),
            (
                -5,
                &[
                    "libva: va_openDriver() returns -1",
                    "[AVHWDeviceContext] Failed to initialise VAAPI connection: -1 (unknown libva error).",
                ],
                Code::DeviceFailed,
            ),
            (-22, &["[h264_v4l2m2m] Could not find a valid device"], Code::DeviceMissing),
            (
                -542398533,
                &["[AVHWDeviceContext] Instance creation failure: VK_ERROR_INCOMPATIBLE_DRIVER"],
                Code::DeviceFailed,
            ),
            (-12, &[], Code::OutOfMemory),
            (-22, &["[h264_vaapi] A hardware frames reference is required"], Code::EncoderOpenFailed),
        ] {
            assert_eq!(code(number, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn every_row_can_be_reached() {
        for (i, row) in WORDS.iter().enumerate() {
            let line = row.says.join(" … ");
            let first = WORDS.iter().position(|other| other.says.iter().all(|w| line.contains(w)));
            assert_eq!(first, Some(i), "{line} is taken by another row before it");
            assert!(!row.message.contains('/') && !row.message.ends_with('.'), "{}", row.message);
        }
    }
}
