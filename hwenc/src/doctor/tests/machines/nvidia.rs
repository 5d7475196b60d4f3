//! NVIDIA's driver, nodes, libraries and GPUs.

use super::*;

fn too_old(report: Report) -> Report {
    let words = "Driver does not support the required nvenc API version. Required: 12.1 Found: 11.1";
    bare(report, "h264_nvenc", "/dev/nvidia0", Code::DriverTooOld, words)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("all well with NVIDIA and no DRM", nvidia(host(), ALL_NVIDIA), "none was tried", &[]),
        case(
            "nouveau",
            with(display(host(), vendor::NVIDIA, Some("nouveau")), |r| {
                r.machine.drm.directory = Directory::Missing;
            }),
            "the NVIDIA GPU runs on nouveau, which cannot encode",
            &[("device.nvidia", Problem, &["nouveau", "apt install nvidia-driver"])],
        ),
        case(
            "NVIDIA's driver without nodes",
            nvidia(host(), &[]),
            "NVIDIA's driver lacks some of its nodes",
            &[(
                "device.nvidia",
                Problem,
                &["nvidiactl, nvidia0, nvidia-uvm", "sudo nvidia-modprobe -u -c 0 -c 255"],
            )],
        ),
        case(
            "nvidiactl alone is missing",
            nvidia(host(), &["nvidia0", "nvidia-uvm"]),
            "NVIDIA's driver lacks some of its nodes",
            &[("device.nvidia", Problem, &["and nvidiactl is missing"])],
        ),
        case(
            "NVIDIA's driver without nodes in a container",
            nvidia(container(host(), "docker"), &[]),
            "this container was not given the whole NVIDIA GPU",
            &[(
                "device.nvidia",
                Problem,
                &["docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"],
            )],
        ),
        case(
            "NVIDIA's nodes are missing beside a working Intel GPU",
            nvidia(intel(), &[]),
            "none was tried",
            &[("device.nvidia", Warning, &[])],
        ),
        case(
            "NVIDIA's nodes are for root alone",
            nvidia_refuses(nvidia(host(), ALL_NVIDIA), 0o600, EACCES),
            "this user may not use the GPU (nvidia0)",
            &[("device.permission", Problem, &["nvidia0 may not be opened", "NVreg_DeviceFileMode=0666"])],
        ),
        case(
            "a container's device list lacks NVIDIA's node",
            nvidia_refuses(nvidia(container(host(), "docker"), ALL_NVIDIA), 0o666, EPERM),
            "this container may not use the GPU (nvidia0)",
            &[("device.permission", Problem, &["list of allowed devices", "docker run --gpus all"])],
        ),
        case(
            "an NVIDIA node without a GPU behind it",
            nvidia_refuses(nvidia(host(), ALL_NVIDIA), 0o666, ENXIO),
            "the GPU's node (nvidia0) leads nowhere",
            &[("device.node", Problem, &["nvidia0 does not open: ENXIO", "grep -iE 'nvrm'"])],
        ),
        case(
            "NVIDIA's nodes without its driver",
            with(nvidia(host(), ALL_NVIDIA), |r| {
                r.machine.nvidia.driver_version = None;
                r.machine.nvidia.gpus.clear();
                r.machine.displays.clear();
            }),
            "NVIDIA's driver is not loaded",
            &[("device.nvidia", Problem, &["sudo modprobe nvidia"])],
        ),
        case(
            "no libnvidia-encode in a container",
            with(without(nvidia(container(host(), "docker"), ALL_NVIDIA), "libnvidia-encode.so.1"), |r| {
                r.machine
                    .system
                    .variables
                    .insert("NVIDIA_DRIVER_CAPABILITIES".into(), "compute,utility".into());
            }),
            "this container was given the NVIDIA GPU without its encoding library",
            &[
                (
                    "nvenc.capability",
                    Problem,
                    &[
                        "driver capability `video`",
                        "-e NVIDIA_DRIVER_CAPABILITIES=compute,video,utility",
                        "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                    ],
                ),
                (
                    "library.nvidia_encode",
                    Problem,
                    &[
                        "libnvidia-encode.so.1 does not load",
                        "driver capability `video`",
                        "see nvenc.capability",
                    ],
                ),
            ],
        ),
        case(
            "no libnvidia-encode on a host",
            without(nvidia(host(), ALL_NVIDIA), "libnvidia-encode.so.1"),
            "a library that the encoders need is missing (libnvidia-encode.so.1)",
            &[("library.nvidia_encode", Problem, &["apt install libnvidia-encode1"])],
        ),
        case(
            "no libcuda on Ubuntu",
            with(without(nvidia(host(), ALL_NVIDIA), "libcuda.so.1"), |r| {
                r.machine.system.distributions = vec!["ubuntu".into(), "debian".into()];
            }),
            "a library that the encoders need is missing (libcuda.so.1)",
            &[("library.cuda", Problem, &["sudo ubuntu-drivers install"])],
        ),
        case(
            "no libcuda on a system that is not listed, beside a working Intel GPU",
            with(without(nvidia(intel(), ALL_NVIDIA), "libcuda.so.1"), |r| {
                r.machine.system.distributions = vec!["slackware".into()]
            }),
            "none was tried",
            &[("library.cuda", Warning, &["install the user part of NVIDIA's driver"])],
        ),
        case(
            "a data-centre GPU, by NVML's word",
            nvml(nvidia(host(), ALL_NVIDIA), &[("NVIDIA A100-SXM4-40GB", Some(false))]),
            "the GPU of this machine has no video encoder",
            &[("device.no_encoder", Problem, &["A100", "no driver or setting changes that"])],
        ),
        case(
            "a data-centre GPU, by its name",
            with(nvidia(host(), ALL_NVIDIA), |r| {
                r.machine.nvidia.gpus[0].model = Some("NVIDIA H100 PCIe".into());
            }),
            "the GPU of this machine has no video encoder",
            &[("device.no_encoder", Problem, &["H100"])],
        ),
        case(
            "a data-centre GPU beside an Intel one",
            nvml(nvidia(intel(), ALL_NVIDIA), &[("NVIDIA H100", Some(false))]),
            "none was tried",
            &[("device.no_encoder", Warning, &["H100"])],
        ),
        case(
            "a data-centre GPU beside one with an encoder",
            nvml(nvidia(host(), ALL_NVIDIA), &[("NVIDIA A100", Some(false)), ("NVIDIA L4", Some(true))]),
            "none was tried",
            &[("device.no_encoder", Warning, &["A100"])],
        ),
        case(
            "a GPU that refuses as one without an encoder",
            bare(
                nvidia(host(), ALL_NVIDIA),
                "h264_nvenc",
                "/dev/nvidia0",
                Code::DeviceNoEncoder,
                "OpenEncodeSessionEx failed: unsupported device (2)",
            ),
            "the GPU of this machine has no video encoder",
            &[("device.no_encoder", Problem, &["/dev/nvidia0", "unsupported device"])],
        ),
        case(
            "a driver that is older than FFmpeg's NVENC",
            nvml(too_old(nvidia(host(), ALL_NVIDIA)), &[("Tesla T4", Some(true))]),
            "NVIDIA's driver is older than this FFmpeg needs",
            &[(
                "nvenc.driver_too_old",
                Problem,
                &[
                    "older than what this FFmpeg was built for",
                    "apt install nvidia-driver",
                    "driver 470.256.02",
                ],
            )],
        ),
        case(
            "a driver that is older than FFmpeg's NVENC in a container",
            too_old(nvidia(container(host(), "docker"), ALL_NVIDIA)),
            "NVIDIA's driver is older than this FFmpeg needs",
            &[("nvenc.driver_too_old", Problem, &["the driver is the host's"])],
        ),
        case(
            "a driver that is older than FFmpeg's NVENC beside an Intel GPU",
            too_old(nvidia(intel(), ALL_NVIDIA)),
            "none was tried",
            &[("nvenc.driver_too_old", Warning, &[])],
        ),
        case(
            "the capability is given, and the library is not there",
            with(without(nvidia(container(host(), "docker"), ALL_NVIDIA), "libnvidia-encode.so.1"), |r| {
                r.machine.system.variables.insert("NVIDIA_DRIVER_CAPABILITIES".into(), "all".into());
            }),
            "this container was given the NVIDIA GPU without its encoding library",
            &[
                ("nvenc.capability", Problem, &["is asked for", "on the host"]),
                ("library.nvidia_encode", Problem, &["see nvenc.capability"]),
            ],
        ),
    ]
}
