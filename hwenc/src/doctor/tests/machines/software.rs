//! FFmpeg and libraries.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "NVIDIA's libraries do not matter without NVIDIA",
            without(intel(), "libcuda.so.1"),
            "none was tried",
            &[],
        ),
        case(
            "no libva-drm",
            without(intel(), "libva-drm.so.2"),
            "a library that the encoders need is missing (libva-drm.so.2)",
            &[(
                "library.libva",
                Problem,
                &["libva-drm.so.2 does not load", "apt install libva2 libva-drm2", "libva.so.2: loads"],
            )],
        ),
        case(
            "libraries that nobody tried",
            with(intel(), |r| r.libraries.clear()),
            "none was tried",
            &[
                ("library.libva", Warning, &["does not tell", "was not tried"]),
                ("library.vpl", Warning, &["was not tried"]),
            ],
        ),
        case(
            "libva does not matter without a device for it",
            without(nvidia(host(), ALL_NVIDIA), "libva.so.2"),
            "none was tried",
            &[],
        ),
        case(
            "one runtime of Quick Sync is enough",
            without(intel(), "libmfx-gen.so.1.2"),
            "none was tried",
            &[],
        ),
        case(
            "no runtime of Quick Sync",
            without(without(intel(), "libmfx-gen.so.1.2"), "libmfxhw64.so.1"),
            "none was tried",
            &[("library.vpl", Warning, &["MFX error -9", "apt install libmfx-gen1.2"])],
        ),
        case(
            "no runtime of Quick Sync, and an FFmpeg without it",
            with(without(without(intel(), "libmfx-gen.so.1.2"), "libmfxhw64.so.1"), |r| {
                r.ffmpeg.encoders.retain(|name| name != "h264_qsv");
            }),
            "none was tried",
            &[],
        ),
        case(
            "FFmpeg is too old",
            with(intel(), |r| r.ffmpeg.version = "4.4.2-0ubuntu0.22.04.1".into()),
            "the FFmpeg on this machine is too old",
            &[("ffmpeg.version", Problem, &["FFmpeg 4.4 is too old", "apt install ffmpeg"])],
        ),
        case(
            "FFmpeg is newer",
            with(intel(), |r| r.ffmpeg.version = "10.0".into()),
            "none was tried",
            &[("ffmpeg.version", Warning, &["FFmpeg 10.0 is newer"])],
        ),
        case(
            "FFmpeg is a development build",
            with(intel(), |r| r.ffmpeg.version = "N-118000-g1234567".into()),
            "none was tried",
            &[("ffmpeg.version", Warning, &["development build", "N-118000-g1234567"])],
        ),
        case(
            "FFmpeg has no hardware encoder",
            with(intel(), |r| r.ffmpeg.encoders = vec!["libx264".into()]),
            "the FFmpeg on this machine was built without hardware encoders",
            &[("ffmpeg.encoders", Problem, &["no hardware encoder is compiled"])],
        ),
        case(
            "Fedora's FFmpeg without H.264",
            with(intel(), |r| {
                r.ffmpeg.encoders = vec!["av1_vaapi".into(), "libsvtav1".into()];
                r.machine.system.distributions = vec!["fedora".into()];
            }),
            "none was tried",
            &[("ffmpeg.encoders", Warning, &["H.264", "sudo dnf swap ffmpeg-free ffmpeg --allowerasing"])],
        ),
        case(
            "FFmpeg reaches another vendor's GPU only",
            with(intel(), |r| r.ffmpeg.encoders = vec!["h264_nvenc".into(), "libx264".into()]),
            "the FFmpeg on this machine was built without an encoder for its Intel GPU",
            &[("ffmpeg.encoders", Problem, &["no encoder for the Intel GPU", "NVENC"])],
        ),
        case(
            "FFmpeg reaches one of two GPUs",
            with(nvidia(intel(), ALL_NVIDIA), |r| {
                r.ffmpeg.encoders = vec!["h264_vaapi".into(), "libx264".into()]
            }),
            "none was tried",
            &[("ffmpeg.encoders", Warning, &["no encoder for the NVIDIA GPU"])],
        ),
        case(
            "FFmpeg has no software encoder",
            with(intel(), |r| r.ffmpeg.encoders.retain(|name| !name.starts_with("lib"))),
            "none was tried",
            &[("ffmpeg.encoders", Warning, &["nothing to fall back to"])],
        ),
        case(
            "a report without anything",
            Report::default(),
            "this machine has no GPU",
            &[
                ("ffmpeg.version", Warning, &["not known"]),
                ("ffmpeg.encoders", Problem, &[]),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
    ]
}
