//! Which machine has to get which findings.

use nix::libc::{EACCES, ENXIO, EPERM};

use crate::device::{Access, Directory, Group, OsError, PciId, vendor};
use crate::doctor::Level::{self, Problem, Warning};
use crate::probe::machines::*;
use crate::probe::{Report, VaDriver, VaEntry};

/// A machine, the checks that are not in order, and words that have to stand in what they say.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) report: Report,
    pub(super) expected: &'static [(&'static str, Level, &'static [&'static str])],
}

/// The same with a driver of the first node that does not start for this reason, or offers these entrypoints.
fn asked(report: Report, error: Option<&str>, entrypoints: &[&str]) -> Report {
    with(report, |report| {
        let mut driver = VaDriver::new("/dev/dri/renderD128", error.map(str::to_owned));
        for entrypoint in entrypoints {
            driver.entries.push(VaEntry { entrypoint: (*entrypoint).into(), ..VaEntry::default() });
        }
        report.va.push(driver);
    })
}

pub(super) fn cases() -> Vec<Case> {
    let intel = || gpu(host(), vendor::INTEL, open_node());
    let case = |name, report, expected| Case { name, report, expected };
    vec![
        case("all well with Intel", intel(), &[]),
        case("all well with NVIDIA and no DRM", nvidia(host(), ALL_NVIDIA), &[]),
        case(
            "no GPU at all",
            host(),
            &[("device.dri_missing", Problem, &["no GPU on PCI", "--fallback software"])],
        ),
        case(
            "a virtual machine without a GPU",
            with(host(), |r| r.machine.system.virtual_machine = true),
            &[("device.dri_missing", Problem, &["virtual machine", "pass a GPU"])],
        ),
        case(
            "a container that was given nothing",
            container(host(), "docker"),
            &[("device.dri_missing", Problem, &["in this container", "docker run --device /dev/dri"])],
        ),
        case(
            "a pod that was given nothing",
            container(host(), "kubernetes"),
            &[("device.dri_missing", Problem, &["gpu.intel.com/i915"])],
        ),
        case(
            "a board that encodes through V4L2",
            with(host(), |r| r.machine.video.push(video("video11", "bcm2835-codec-encode"))),
            &[("device.dri_missing", Warning, &[])],
        ),
        case(
            "a camera is no encoder",
            with(host(), |r| r.machine.video.push(video("video0", "UVC Camera"))),
            &[("device.dri_missing", Problem, &[])],
        ),
        case(
            "an unlistable directory",
            with(host(), |r| r.machine.drm.directory = Directory::Unreadable(OsError::new(EACCES))),
            &[("device.dri_missing", Problem, &["EACCES", "sudo chmod 755 /dev/dri"])],
        ),
        case(
            "an empty directory",
            with(host(), |r| r.machine.drm.directory = Directory::Empty),
            &[("device.dri_empty", Problem, &["no render node", "module.missing"])],
        ),
        case(
            "only a card node, as on a server board",
            with(display(host(), PciId(0x1a03), Some("ast")), |r| {
                r.machine.drm.directory = Directory::Present;
                r.machine.drm.entries = vec!["card0".into()];
            }),
            &[("device.dri_empty", Problem, &["server boards", "in the directory: card0"])],
        ),
        case(
            "the kernel knows a node that udev did not make",
            with(gpu(host(), vendor::INTEL, None), |r| r.machine.drm.directory = Directory::Empty),
            &[("device.dri_empty", Problem, &["udevadm trigger", "renderD128"])],
        ),
        case(
            "a container that sees one node of two",
            gpu(gpu(container(host(), "docker"), vendor::INTEL, None), vendor::AMD, open_node()),
            &[],
        ),
        case(
            "not in the group",
            gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))),
            &[(
                "device.permission",
                Problem,
                &[
                    "renderD128 may not be opened",
                    "group render (GID 993), mode 0660",
                    "not in GID 993",
                    "sudo usermod -aG render \"$USER\"",
                    "log in again",
                    "/dev/dri/renderD128: EACCES (Permission denied), root:render 0660",
                    "uid 1000, groups 27 1000",
                ],
            )],
        ),
        case(
            "one of two GPUs may not be opened",
            gpu(intel(), vendor::AMD, node(RENDER, 0o660, refused(EACCES))),
            &[("device.permission", Warning, &["renderD129"])],
        ),
        case(
            "the group has a number and no name",
            gpu(host(), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            &[(
                "device.permission",
                Problem,
                &["without a name", "groupadd --gid 109 render109", "-aG render109"],
            )],
        ),
        case(
            "a node for root alone",
            gpu(host(), vendor::INTEL, node(0, 0o600, refused(EACCES))),
            &[(
                "device.permission",
                Problem,
                &["lets no group in", "sudo tee /etc/udev/rules.d", "udevadm control"],
            )],
        ),
        case(
            "a security module in the way",
            with(gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))), |r| {
                r.machine.process.groups.push(RENDER);
            }),
            &[("device.permission", Problem, &["security module", "ausearch"])],
        ),
        case(
            "a node for everybody, and a security module in the way",
            gpu(host(), vendor::INTEL, node(0, 0o666, refused(EACCES))),
            &[("device.permission", Problem, &["security module", "ausearch"])],
        ),
        case(
            "root, whose rights stop short of the node",
            with(gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))), |r| {
                r.machine.process.effective_uid = 0;
                // As a user namespace shows the machine's root.
                r.machine.drm.render_nodes[0].file.as_mut().unwrap().uid = 65534;
            }),
            &[(
                "device.permission",
                Problem,
                &["root counts as any other user here", "$ usermod -aG render"],
            )],
        ),
        case(
            "a container without the host's group",
            gpu(container(host(), "docker"), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            &[
                (
                    "device.permission",
                    Problem,
                    &["docker run --device /dev/dri --group-add 109", "group_add: [\"109\"]"],
                ),
                ("container.render_gid", Problem, &["GID 109", "`render` does not exist"]),
            ],
        ),
        case(
            "a container whose render group has another number",
            with(gpu(container(host(), "podman"), vendor::INTEL, node(109, 0o660, refused(EACCES))), |r| {
                r.machine.groups = vec![Group::new("render", 105)];
            }),
            &[
                ("device.permission", Problem, &["podman run --device /dev/dri --group-add 109"]),
                ("container.render_gid", Problem, &["`render` is GID 105"]),
            ],
        ),
        case(
            "a pod without the group",
            gpu(container(host(), "kubernetes"), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            &[
                ("device.permission", Problem, &["supplementalGroups: [109]"]),
                ("container.render_gid", Problem, &["supplementalGroups: [109]"]),
            ],
        ),
        case(
            "a container's root does not mind the number",
            gpu(container(host(), "docker"), vendor::INTEL, node(109, 0o660, Access::Open)),
            &[],
        ),
        case(
            "a rootless container",
            with(gpu(container(host(), "podman"), vendor::INTEL, node(65534, 0o660, refused(EACCES))), |r| {
                r.machine.process.user_namespace = true;
            }),
            &[("device.permission", Problem, &["--group-add keep-groups"])],
        ),
        case(
            "a container's device list lacks the node",
            gpu(container(host(), "docker"), vendor::INTEL, node(RENDER, 0o666, refused(EPERM))),
            &[(
                "device.permission",
                Problem,
                &["EPERM", "list of allowed devices", "docker run --device /dev/dri"],
            )],
        ),
        case(
            "a service's device list lacks the node",
            gpu(host(), vendor::INTEL, node(RENDER, 0o666, refused(EPERM))),
            &[("device.permission", Problem, &["DeviceAllow=char-drm rw"])],
        ),
        case(
            "a node without a driver behind it",
            gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(ENXIO))),
            &[(
                "device.node",
                Problem,
                &["renderD128 (Intel 8086:1234) does not open: ENXIO", "udevadm trigger"],
            )],
        ),
        case(
            "a stale node in a container, beside a good one",
            gpu(
                gpu(container(host(), "docker"), vendor::AMD, open_node()),
                vendor::INTEL,
                node(RENDER, 0o660, refused(ENXIO)),
            ),
            &[("device.node", Warning, &["start the container anew"])],
        ),
        case(
            "no driver for the Intel GPU",
            display(host(), vendor::INTEL, None),
            &[
                (
                    "module.missing",
                    Problem,
                    &["no kernel driver has the Intel 8086:1234", "sudo modprobe i915", "`xe`"],
                ),
                ("device.dri_missing", Problem, &["module.missing"]),
            ],
        ),
        case(
            "no driver for the AMD GPU, started with nomodeset",
            with(display(host(), vendor::AMD, None), |r| r.machine.system.nomodeset = true),
            &[
                (
                    "module.missing",
                    Problem,
                    &["sudo modprobe amdgpu", "`nomodeset`", "apt install firmware-amd-graphics"],
                ),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
        case(
            "no driver for one of two GPUs, as root",
            with(display(intel(), vendor::AMD, None), |r| r.machine.process.effective_uid = 0),
            &[("module.missing", Warning, &["$ modprobe amdgpu", "$ apt install"])],
        ),
        case(
            "a cloud kernel",
            with(display(host(), vendor::INTEL, None), |r| {
                r.machine.system.kernel = Some("6.1.0-18-cloud-amd64".into())
            }),
            &[("module.missing", Problem, &["cloud kernels"]), ("device.dri_missing", Problem, &[])],
        ),
        case(
            "the GPU is passed through to a guest",
            display(host(), vendor::NVIDIA, Some("vfio-pci")),
            &[
                ("module.missing", Problem, &["held for virtual machines"]),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
        case(
            "a server board's display controller is no GPU",
            display(nvidia(host(), ALL_NVIDIA), PciId(0x1a03), None),
            &[],
        ),
        case(
            "nouveau",
            with(display(host(), vendor::NVIDIA, Some("nouveau")), |r| {
                r.machine.drm.directory = Directory::Missing;
            }),
            &[
                ("device.dri_missing", Problem, &[]),
                ("device.nvidia", Problem, &["nouveau", "apt install nvidia-driver"]),
            ],
        ),
        case(
            "NVIDIA's driver without nodes",
            nvidia(host(), &[]),
            &[
                ("device.dri_missing", Problem, &[]),
                (
                    "device.nvidia",
                    Problem,
                    &["nvidiactl, nvidia0, nvidia-uvm", "sudo nvidia-modprobe -u -c 0 -c 255"],
                ),
            ],
        ),
        case(
            "nvidiactl alone is missing",
            nvidia(host(), &["nvidia0", "nvidia-uvm"]),
            &[
                ("device.dri_missing", Problem, &[]),
                ("device.nvidia", Problem, &["and nvidiactl is missing"]),
            ],
        ),
        case(
            "NVIDIA's driver without nodes in a container",
            nvidia(container(host(), "docker"), &[]),
            &[
                ("device.dri_missing", Problem, &[]),
                (
                    "device.nvidia",
                    Problem,
                    &["docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"],
                ),
            ],
        ),
        case(
            "NVIDIA's nodes are missing beside a working Intel GPU",
            nvidia(intel(), &[]),
            &[("device.nvidia", Warning, &[])],
        ),
        case(
            "NVIDIA's nodes are for root alone",
            nvidia_refuses(nvidia(host(), ALL_NVIDIA), 0o600, EACCES),
            &[
                ("device.dri_missing", Problem, &[]),
                ("device.permission", Problem, &["nvidia0 may not be opened", "NVreg_DeviceFileMode=0666"]),
            ],
        ),
        case(
            "a container's device list lacks NVIDIA's node",
            nvidia_refuses(nvidia(container(host(), "docker"), ALL_NVIDIA), 0o666, EPERM),
            &[
                ("device.dri_missing", Problem, &[]),
                ("device.permission", Problem, &["list of allowed devices", "docker run --gpus all"]),
            ],
        ),
        case(
            "an NVIDIA node without a GPU behind it",
            nvidia_refuses(nvidia(host(), ALL_NVIDIA), 0o666, ENXIO),
            &[
                ("device.dri_missing", Problem, &[]),
                ("device.node", Problem, &["nvidia0 does not open: ENXIO", "grep -iE 'nvrm'"]),
            ],
        ),
        case(
            "NVIDIA's nodes without its driver",
            with(nvidia(host(), ALL_NVIDIA), |r| {
                r.machine.nvidia.driver_version = None;
                r.machine.nvidia.gpus.clear();
                r.machine.displays.clear();
            }),
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
            &[(
                "library.nvidia_encode",
                Problem,
                &[
                    "libnvidia-encode.so.1 does not load",
                    "driver capability `video`",
                    "-e NVIDIA_DRIVER_CAPABILITIES=compute,video,utility",
                    "NVIDIA_DRIVER_CAPABILITIES=compute,utility",
                ],
            )],
        ),
        case(
            "no libnvidia-encode on a host",
            without(nvidia(host(), ALL_NVIDIA), "libnvidia-encode.so.1"),
            &[("library.nvidia_encode", Problem, &["apt install libnvidia-encode1"])],
        ),
        case(
            "no libcuda on Ubuntu",
            with(without(nvidia(host(), ALL_NVIDIA), "libcuda.so.1"), |r| {
                r.machine.system.distributions = vec!["ubuntu".into(), "debian".into()];
            }),
            &[("library.cuda", Problem, &["sudo ubuntu-drivers install"])],
        ),
        case(
            "no libcuda on a system that is not listed, beside a working Intel GPU",
            with(without(nvidia(intel(), ALL_NVIDIA), "libcuda.so.1"), |r| {
                r.machine.system.distributions = vec!["slackware".into()]
            }),
            &[("library.cuda", Warning, &["install the user part of NVIDIA's driver"])],
        ),
        case("NVIDIA's libraries do not matter without NVIDIA", without(intel(), "libcuda.so.1"), &[]),
        case(
            "no libva-drm",
            without(intel(), "libva-drm.so.2"),
            &[(
                "library.libva",
                Problem,
                &["libva-drm.so.2 does not load", "apt install libva2 libva-drm2", "libva.so.2: loads"],
            )],
        ),
        case(
            "libraries that nobody tried",
            with(intel(), |r| r.libraries.clear()),
            &[
                ("library.libva", Warning, &["does not tell", "was not tried"]),
                ("library.vpl", Warning, &["was not tried"]),
            ],
        ),
        case(
            "libva does not matter without a device for it",
            without(nvidia(host(), ALL_NVIDIA), "libva.so.2"),
            &[],
        ),
        case("one runtime of Quick Sync is enough", without(intel(), "libmfx-gen.so.1.2"), &[]),
        case(
            "no runtime of Quick Sync",
            without(without(intel(), "libmfx-gen.so.1.2"), "libmfxhw64.so.1"),
            &[("library.vpl", Warning, &["MFX error -9", "apt install libmfx-gen1.2"])],
        ),
        case(
            "no runtime of Quick Sync, and an FFmpeg without it",
            with(without(without(intel(), "libmfx-gen.so.1.2"), "libmfxhw64.so.1"), |r| {
                r.ffmpeg.encoders.retain(|name| name != "h264_qsv");
            }),
            &[],
        ),
        case(
            "FFmpeg is too old",
            with(intel(), |r| r.ffmpeg.version = "4.4.2-0ubuntu0.22.04.1".into()),
            &[("ffmpeg.version", Problem, &["FFmpeg 4.4 is too old", "apt install ffmpeg"])],
        ),
        case(
            "FFmpeg is newer",
            with(intel(), |r| r.ffmpeg.version = "10.0".into()),
            &[("ffmpeg.version", Warning, &["FFmpeg 10.0 is newer"])],
        ),
        case(
            "FFmpeg is a development build",
            with(intel(), |r| r.ffmpeg.version = "N-118000-g1234567".into()),
            &[("ffmpeg.version", Warning, &["development build", "N-118000-g1234567"])],
        ),
        case(
            "FFmpeg has no hardware encoder",
            with(intel(), |r| r.ffmpeg.encoders = vec!["libx264".into()]),
            &[("ffmpeg.encoders", Problem, &["no hardware encoder is compiled"])],
        ),
        case(
            "Fedora's FFmpeg without H.264",
            with(intel(), |r| {
                r.ffmpeg.encoders = vec!["av1_vaapi".into(), "libsvtav1".into()];
                r.machine.system.distributions = vec!["fedora".into()];
            }),
            &[("ffmpeg.encoders", Warning, &["H.264", "sudo dnf swap ffmpeg-free ffmpeg --allowerasing"])],
        ),
        case(
            "FFmpeg reaches another vendor's GPU only",
            with(intel(), |r| r.ffmpeg.encoders = vec!["h264_nvenc".into(), "libx264".into()]),
            &[("ffmpeg.encoders", Problem, &["no encoder for the Intel GPU", "NVENC"])],
        ),
        case(
            "FFmpeg reaches one of two GPUs",
            with(nvidia(intel(), ALL_NVIDIA), |r| {
                r.ffmpeg.encoders = vec!["h264_vaapi".into(), "libx264".into()]
            }),
            &[("ffmpeg.encoders", Warning, &["no encoder for the NVIDIA GPU"])],
        ),
        case(
            "FFmpeg has no software encoder",
            with(intel(), |r| r.ffmpeg.encoders.retain(|name| !name.starts_with("lib"))),
            &[("ffmpeg.encoders", Warning, &["nothing to fall back to"])],
        ),
        case("a VA-API driver that starts and encodes", asked(intel(), None, &["VLD", "EncSliceLP"]), &[]),
        case(
            "no VA-API driver starts",
            asked(intel(), Some("vaInitialize: unknown libva error (-1)"), &[]),
            &[(
                "vaapi.driver",
                Problem,
                &["no VA-API driver starts on the Intel", "unknown libva error", "va-driver"],
            )],
        ),
        case(
            "a VA-API driver that the environment chose",
            with(asked(intel(), Some("va_openDriver() returns -1"), &[]), |r| {
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "i965".into());
            }),
            &[("vaapi.driver", Problem, &["LIBVA_DRIVER_NAME is set"])],
        ),
        case(
            "a Mesa that was built without encoders",
            asked(gpu(host(), vendor::AMD, open_node()), None, &["VLD"]),
            &[("vaapi.encoders", Problem, &["encodes nothing", "mesa-va-drivers"])],
        ),
        case(
            "a dead VA-API driver beside one that encodes",
            asked(asked(intel(), Some("gone"), &[]), None, &["EncSlice"]),
            &[("vaapi.driver", Warning, &[])],
        ),
        case(
            "a report without anything",
            Report::default(),
            &[
                ("ffmpeg.version", Warning, &["not known"]),
                ("ffmpeg.encoders", Problem, &[]),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
    ]
}
