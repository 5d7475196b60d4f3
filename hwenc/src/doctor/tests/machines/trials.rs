//! Machines on which encoders were tried.

use super::*;
use crate::error::Reason;
use crate::probe::{Bare, Isolation};

const FIRST: &str = "/dev/dri/renderD128";
const SECOND: &str = "/dev/dri/renderD129";

fn failed(code: Code) -> Report {
    tried(intel(), "h264_vaapi", FIRST, Some(code))
}

fn lost(report: Report, code: Code) -> Report {
    with(report, |r| {
        let mut driver = VaDriver::new(FIRST, None);
        driver.lost =
            Some(Reason::new(code, "the driver was lost").evidence("/usr/lib/dri/iHD_drv_video.so"));
        r.va.push(driver);
    })
}

pub(super) fn cases() -> Vec<Case> {
    let works = || tried(intel(), "h264_vaapi", FIRST, None);
    vec![
        case("an encoder was verified", works(), "h264_vaapi works on /dev/dri/renderD128.", &[]),
        case(
            "two encoders were verified",
            tried(works(), "hevc_vaapi", FIRST, None),
            "h264_vaapi and hevc_vaapi work on /dev/dri/renderD128.",
            &[],
        ),
        case(
            "two GPUs were verified",
            tried(gpu(works(), vendor::AMD, open_node()), "h264_vaapi", SECOND, None),
            "h264_vaapi works on /dev/dri/renderD128; h264_vaapi works on /dev/dri/renderD129.",
            &[],
        ),
        case(
            "only the processor was tried",
            tried(host(), "libx264", "", None),
            "this machine has no GPU",
            &[("device.dri_missing", Problem, &["no GPU on PCI"])],
        ),
        case(
            "a driver whose pictures are green",
            tried(failed(Code::TrialPicture), "libx264", "", None),
            "an encoder is there, but it encodes other pictures than it is given",
            &[("trial.failed", Problem, &["other pictures than it is given", "another version"])],
        ),
        case(
            "a driver whose first picture is no key picture",
            failed(Code::TrialNoIdr),
            "an encoder is there, but its stream does not begin with a picture that decoding can start with",
            &[("trial.failed", Problem, &["does not begin with a picture that decoding can start with"])],
        ),
        case(
            "a driver that lies about 10 bit",
            tried_10_bit(works(), "hevc_vaapi", FIRST, Some(Code::TrialStream)),
            "h264_vaapi works on /dev/dri/renderD128. One thing could be better: see the line with ! below.",
            &[("trial.failed", Warning, &["hevc_vaapi on /dev/dri/renderD128 at 10 bit", "bit depth"])],
        ),
        case(
            "a driver that loses pictures, and one whose stream does not decode",
            tried(failed(Code::TrialIncomplete), "hevc_vaapi", FIRST, Some(Code::TrialUndecodable)),
            "an encoder is there, but it loses pictures",
            &[("trial.failed", Problem, &["loses pictures", "1 more failed"])],
        ),
        case(
            "an encoder that does not open",
            failed(Code::EncoderOpenFailed),
            "an encoder is there, but it does not open",
            &[("trial.failed", Problem, &["does not open", "--verbose"])],
        ),
        case(
            "a device that offers nothing of what was asked",
            failed(Code::EncoderUnsupported),
            "an encoder is there, but it cannot do what is asked",
            &[("trial.failed", Problem, &["cannot do what is asked", "another codec"])],
        ),
        case(
            "what a device does not offer is no fault beside what works",
            tried(works(), "av1_vaapi", FIRST, Some(Code::EncoderUnsupported)),
            "h264_vaapi works on /dev/dri/renderD128.",
            &[],
        ),
        case(
            "a device that hangs",
            failed(Code::DeviceHung),
            "the GPU does not answer",
            &[("device.hung", Problem, &["/dev/dri/renderD128 does not answer", "dmesg", "restart"])],
        ),
        case(
            "a device that hangs beside one that works",
            tried(gpu(failed(Code::DeviceHung), vendor::AMD, open_node()), "h264_vaapi", SECOND, None),
            "h264_vaapi works on /dev/dri/renderD129. Some things could be better: see the lines with ! below.",
            &[
                ("device.hung", Warning, &["renderD128 does not answer"]),
                ("device.order", Warning, &["renderD128 comes first and does not encode"]),
            ],
        ),
        case(
            "a node that hangs when it is opened",
            gpu(host(), vendor::INTEL, node(RENDER, 0o660, Access::Hung)),
            "the GPU does not answer",
            &[("device.hung", Problem, &["opening it did not come back"])],
        ),
        case(
            "a driver that hangs when it is asked",
            lost(intel(), Code::DeviceHung),
            "the GPU does not answer",
            &[("device.hung", Problem, &["/dev/dri/renderD128 does not answer"])],
        ),
        case(
            "a driver that crashes when it is asked",
            lost(intel(), Code::DriverCrashed),
            "the driver of the GPU crashes",
            &[("driver.crashed", Problem, &["the VA-API driver on /dev/dri/renderD128 crashed"])],
        ),
        case(
            "an encoder that takes its process down",
            failed(Code::DriverCrashed),
            "the driver of the GPU crashes",
            &[("driver.crashed", Problem, &["h264_vaapi on /dev/dri/renderD128 crashed", "another version"])],
        ),
        case(
            "an encoder that crashes beside one that works",
            tried(works(), "hevc_vaapi", FIRST, Some(Code::DriverCrashed)),
            "h264_vaapi works on /dev/dri/renderD128. One thing could be better: see the line with ! below.",
            &[("driver.crashed", Warning, &["hevc_vaapi"])],
        ),
        case(
            "a driver that eats memory",
            failed(Code::DriverMemory),
            "the driver of the GPU takes all memory",
            &[("driver.memory_exhausted", Problem, &["more memory than a trial may"])],
        ),
        case(
            "an encoder that took the machine down",
            failed(Code::TrialQuarantined),
            "the encoder is left out because its last trial never ended",
            &[("trial.quarantined", Problem, &["hwenc probe --quarantined"])],
        ),
        case(
            "every session is in use",
            nvml(
                bare(
                    nvidia(host(), ALL_NVIDIA),
                    "h264_nvenc",
                    "/dev/nvidia0",
                    Code::SessionLimit,
                    "OpenEncodeSessionEx failed: out of memory (10)",
                ),
                &[("NVIDIA GeForce GTX 1660", Some(true))],
            ),
            "other programs use all encoders that the driver allows",
            &[("device.session_limit", Problem, &["8 are open", "nvidia-smi encodersessions", "not memory"])],
        ),
        case(
            "trials without a helper",
            with(works(), |r| {
                r.isolation = Isolation::None;
                r.isolation_notes = vec![
                    Reason::new(Code::HelperMismatch, "the helper has another FFmpeg")
                        .evidence("/opt/x/hwenc"),
                ];
            }),
            "h264_vaapi works on /dev/dri/renderD128. One thing could be better: see the line with ! below.",
            &[("helper.missing", Warning, &["own process", "HWENC_HELPER", "another FFmpeg"])],
        ),
        case(
            "a helper of another FFmpeg",
            failed(Code::HelperMismatch),
            "the program that tries encoders could not be started",
            &[("helper.missing", Problem, &["HWENC_HELPER"])],
        ),
        case(
            "the wrong GPU first",
            with(gpu(gpu(host(), vendor::NVIDIA, open_node()), vendor::INTEL, open_node()), |r| {
                r.machine.drm.render_nodes[0].hardware.as_mut().unwrap().driver = Some("nouveau".into());
                r.machine.displays[0].hardware.driver = Some("nouveau".into());
                r.va.push(va_driver(FIRST, "Mesa Gallium driver 25.0.7 for NV136", &["H264High VLD"]));
                r.va.push(va_driver(SECOND, "Intel iHD driver - 25.2.3", &["H264High EncSlice"]));
            }),
            "none was tried",
            &[
                ("device.nvidia", Warning, &["nouveau"]),
                ("device.order", Warning, &["ffmpeg -vaapi_device /dev/dri/renderD129"]),
                ("vaapi.encoders", Warning, &["decodes only"]),
            ],
        ),
        case(
            "two GPUs of different vendors that both encode",
            with(gpu(intel(), vendor::AMD, open_node()), |r| {
                r.va.push(va_driver(FIRST, "Intel iHD driver - 25.2.3", &["H264High EncSlice"]));
                r.va.push(va_driver(SECOND, "Mesa Gallium driver 25.0.7", &["H264High EncSlice"]));
            }),
            "none was tried",
            &[],
        ),
        case(
            "an NVIDIA GPU whose encoder opens, which hwenc does not drive yet",
            with(nvidia(host(), ALL_NVIDIA), |r| {
                r.bare.push(Bare::new("h264_nvenc", Some("/dev/nvidia0"), None));
            }),
            "h264_nvenc opens here, but this version of hwenc does not use such encoders yet.",
            &[],
        ),
    ]
}
