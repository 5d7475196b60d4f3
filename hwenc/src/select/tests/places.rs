//! What stands in the way of each place where a backend could run.

use nix::libc::{EACCES, ENXIO, EPERM};

use super::*;
use crate::device::{Access, Directory, NvidiaNode, OsError, RenderNode};

#[test]
fn a_container_without_the_group_is_told_its_number() {
    let candidates = all(&one_node_of_two());
    let vaapi: Vec<_> = candidates.iter().filter(|c| c.encoder == "h264_vaapi").collect();
    let [hidden, shut] = vaapi[..] else { panic!("{vaapi:?}") };

    assert_eq!(shut.device.as_deref(), Some("/dev/dri/renderD129"));
    assert_eq!(shut.reason.code, Code::DevicePermission);
    assert!(shut.reason.evidence[0].contains("EACCES"), "{shut}");
    assert!(shut.reason.evidence[0].contains("GID 109"), "{shut}");
    assert!(shut.reason.evidence[0].contains("0660"), "{shut}");
    assert!(shut.reason.remedy.contains("docker run --device /dev/dri --group-add 109"), "{shut}");

    assert_eq!(hidden.device.as_deref(), Some(RENDER_128));
    assert_eq!(hidden.reason.code, Code::DeviceMissing);
    assert!(hidden.reason.remedy.contains("docker run --device /dev/dri"), "{hidden}");
    assert!(!hidden.reason.remedy.contains("group-add"), "{hidden}");

    // Quick Sync looks for Intel's alone.
    assert_eq!(of(&candidates, "h264_qsv").device.as_deref(), Some(RENDER_128));
}

#[test]
fn a_node_that_opens_is_taken_or_waits_for_a_backend_only() {
    let candidates = all(&gpu(host(), vendor::INTEL, open_node()));
    for (encoder, code) in [("h264_vaapi", Code::Chosen), ("h264_qsv", Code::BackendNotDriven)] {
        let candidate = of(&candidates, encoder);
        assert_eq!(candidate.reason.code, code, "{candidate}");
        assert_eq!(candidate.device.as_deref(), Some(RENDER_128));
    }
    assert_eq!(of(&candidates, "h264_nvenc").reason.code, Code::DeviceMissing);
    // Nobody tried the libraries: that is no reason against it.
    let untried = with(gpu(host(), vendor::INTEL, open_node()), |r| r.libraries.clear());
    assert_eq!(of(&all(&untried), "h264_vaapi").reason.code, Code::Chosen);
}

#[test]
fn quick_sync_is_for_intel_alone() {
    let candidates = all(&gpu(host(), vendor::AMD, open_node()));
    assert_eq!(of(&candidates, "h264_vaapi").reason.code, Code::Chosen);
    let qsv = of(&candidates, "h264_qsv");
    assert_eq!(qsv.reason.code, Code::DeviceMissing);
    assert!(qsv.reason.evidence[0].contains("renderD128 (AMD 1002:1234)"), "{qsv}");
    assert!(qsv.reason.remedy.contains("another backend"), "{qsv}");
}

#[test]
fn nvidia_needs_no_drm() {
    let candidates = all(&nvidia(host(), ALL_NVIDIA));
    let nvenc = of(&candidates, "h264_nvenc");
    assert_eq!(nvenc.reason.code, Code::BackendNotDriven, "{nvenc}");
    assert_eq!(nvenc.device.as_deref(), Some("/dev/nvidia0"));
    let vaapi = of(&candidates, "h264_vaapi");
    assert_eq!(vaapi.reason.code, Code::DeviceMissing);
    assert_eq!(vaapi.reason.evidence, ["/dev/dri does not exist"]);
    // The render node of NVIDIA's own driver is none for VA-API.
    let drm = with(gpu(host(), vendor::NVIDIA, open_node()), |report| {
        let hardware = report.machine.drm.render_nodes[0].hardware.as_mut().unwrap();
        hardware.driver = Some("nvidia".into());
    });
    assert_eq!(of(&all(&drm), "h264_vaapi").reason.code, Code::DeviceMissing);
}

#[test]
fn missing_nvidia_nodes_are_made_or_handed_over() {
    let nvenc = |report: Report| {
        let candidates = all(&report);
        let nvenc = of(&candidates, "h264_nvenc").clone();
        assert_eq!((nvenc.reason.code, &nvenc.device), (Code::DeviceMissing, &None), "{nvenc}");
        format!("{nvenc:#}")
    };
    let has =
        |text: &str, words: &[&str]| words.iter().for_each(|w| assert!(text.contains(w), "{w} in {text}"));
    has(&nvenc(host()), &["no NVIDIA GPU was found", "another backend"]);
    has(&nvenc(nvidia(host(), &[])), &["has no node here", "nvidia0", "sudo nvidia-modprobe"]);
    has(&nvenc(nvidia(container(host(), "docker"), &[])), &["docker run --gpus all"]);
    has(&nvenc(container(host(), "podman")), &["podman run --device nvidia.com/gpu=all"]);
    has(&nvenc(display(host(), vendor::NVIDIA, Some("nouveau"))), &["nouveau", "apt install nvidia-driver"]);
    has(&nvenc(display(host(), vendor::NVIDIA, None)), &["no NVIDIA driver", "apt install nvidia-driver"]);
    // Intel's GPU is all that this container's host has.
    let intel = nvenc(gpu(container(host(), "docker"), vendor::INTEL, open_node()));
    has(&intel, &["no NVIDIA GPU was found", "another backend"]);
}

#[test]
fn nvidia_nodes_that_refuse_say_whether_rights_would_help() {
    let report = |file: NodeFile| {
        with(nvidia(host(), &["nvidiactl", "nvidia-uvm"]), |report| {
            report.machine.nvidia.nodes.push(NvidiaNode::new("nvidia0", file));
        })
    };
    let nvenc = |report: &Report| of(&all(report), "h264_nvenc").reason.clone();

    let by_group = nvenc(&report(NodeFile::new(44, 0o660, refused(EACCES))));
    assert_eq!(by_group.code, Code::DevicePermission);
    assert!(by_group.evidence[0].contains("GID 44"), "{by_group:?}");
    assert!(by_group.remedy.contains("usermod -aG video44"), "{by_group:?}");
    // A rule for udev would not reach NVIDIA's nodes.
    let by_mode = nvenc(&report(NodeFile::new(0, 0o600, refused(EACCES))));
    assert!(by_mode.remedy.contains("NVreg_DeviceFileMode"), "{by_mode:?}");
    assert!(!by_mode.remedy.contains("udev"), "{by_mode:?}");
    // Everybody may, and yet it is refused.
    let by_module = nvenc(&report(NodeFile::new(0, 0o666, refused(EACCES))));
    assert!(by_module.evidence[1].contains("security module"), "{by_module:?}");
    let by_list = nvenc(&report(NodeFile::new(0, 0o666, refused(EPERM))));
    assert_eq!(by_list.code, Code::DevicePermission);
    assert!(by_list.remedy.contains("DeviceAllow=char-nvidia* rw"), "{by_list:?}");
    let dead = nvenc(&report(NodeFile::new(0, 0o666, refused(ENXIO))));
    assert_eq!(dead.code, Code::DeviceFailed);
    assert!(dead.remedy.contains("dmesg") && !dead.remedy.contains("udev"), "{dead:?}");

    // The node that all GPUs share.
    let control = with(nvidia(host(), ALL_NVIDIA), |report| {
        let file = NodeFile::new(44, 0o660, refused(EACCES));
        report.machine.nvidia.control = Some(NvidiaNode::new("nvidiactl", file));
    });
    let reason = nvenc(&control);
    assert_eq!(reason.code, Code::DevicePermission);
    assert!(reason.message.contains("/dev/nvidiactl"), "{reason:?}");
    let inside = with(control, |report| report.machine.container.kind = Some("docker".into()));
    assert!(nvenc(&inside).remedy.contains("docker run --gpus all --group-add 44"), "{inside:?}");
}

#[test]
fn a_library_that_does_not_load_is_named_with_what_brings_it() {
    let nvenc = |report: &Report| of(&all(report), "h264_nvenc").clone();
    let missing = nvenc(&without(nvidia(host(), ALL_NVIDIA), "libcuda.so.1"));
    assert_eq!(missing.reason.code, Code::LibraryMissing);
    assert_eq!(missing.device.as_deref(), Some("/dev/nvidia0"));
    assert!(missing.reason.message.contains("libcuda.so.1"), "{missing}");
    assert!(missing.reason.evidence[0].contains("cannot open shared object"), "{missing}");
    assert!(missing.reason.remedy.contains("apt install libcuda1"), "{missing}");

    let inside = nvenc(&without(nvidia(container(host(), "docker"), ALL_NVIDIA), "libnvidia-encode.so.1"));
    assert_eq!(inside.reason.code, Code::LibraryMissing);
    assert!(inside.reason.remedy.contains("NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"), "{inside}");

    let vaapi = without(gpu(host(), vendor::INTEL, open_node()), "libva-drm.so.2");
    let vaapi = of(&all(&vaapi), "h264_vaapi").clone();
    assert_eq!(vaapi.reason.code, Code::LibraryMissing);
    assert!(vaapi.reason.remedy.contains("apt install libva2 libva-drm2"), "{vaapi}");
    // What is wrong with the node comes first.
    let both = without(gpu(host(), vendor::INTEL, shut(RENDER, EACCES)), "libva.so.2");
    assert_eq!(of(&all(&both), "h264_vaapi").reason.code, Code::DevicePermission);
}

#[test]
fn a_refused_render_node_gets_the_remedy_that_fits() {
    let vaapi = |report: Report| of(&all(&report), "h264_vaapi").reason.clone();
    let host_node = |file| gpu(host(), vendor::INTEL, file);
    let inside = |kind, file| gpu(container(host(), kind), vendor::INTEL, file);
    let root = |report| {
        with(report, |report: &mut Report| {
            report.machine.process.uid = 0;
            report.machine.process.effective_uid = 0;
        })
    };
    // A node that belongs to root of another user namespace.
    let foreign = |mut file: Option<NodeFile>| {
        file.as_mut().unwrap().uid = 65534;
        file
    };
    let cases: &[(&str, Report, Code, &[&str])] = &[
        (
            "not in the group",
            host_node(shut(RENDER, EACCES)),
            Code::DevicePermission,
            &["GID 993", "`sudo usermod -aG render \"$USER\"`", "log in again"],
        ),
        (
            "the group has no name",
            host_node(shut(109, EACCES)),
            Code::DevicePermission,
            &["GID 109", "groupadd --gid 109 render109"],
        ),
        (
            "root, whose rights stop short of the node",
            root(host_node(foreign(shut(RENDER, EACCES)))),
            Code::DevicePermission,
            &["root counts as any other user here", "`usermod -aG render"],
        ),
        (
            "root, whom the mode lets in",
            root(host_node(shut(RENDER, EACCES))),
            Code::DevicePermission,
            &["security module", "`ausearch"],
        ),
        (
            "for root alone",
            host_node(node(0, 0o600, refused(EACCES))),
            Code::DevicePermission,
            &["lets no group in", "70-hwenc.rules"],
        ),
        (
            "for root's group",
            host_node(node(0, 0o660, refused(EACCES))),
            Code::DevicePermission,
            &["root's group alone", "70-hwenc.rules"],
        ),
        (
            "a service's list of devices",
            host_node(node(RENDER, 0o666, refused(EPERM))),
            Code::DevicePermission,
            &["the service's list", "DeviceAllow=char-drm rw"],
        ),
        (
            "a container's list of devices",
            inside("podman", node(RENDER, 0o666, refused(EPERM))),
            Code::DevicePermission,
            &["the container's list", "`podman run --device /dev/dri …`"],
        ),
        (
            "a pod",
            inside("kubernetes", shut(109, EACCES)),
            Code::DevicePermission,
            &["supplementalGroups: [109]"],
        ),
        (
            "LXC",
            inside("lxc", shut(109, EACCES)),
            Code::DevicePermission,
            &["pct set CONTAINER --dev0 /dev/dri/renderD128,gid=N"],
        ),
        (
            "no driver behind the node",
            host_node(shut(RENDER, ENXIO)),
            Code::DeviceFailed,
            &["does not open", "no driver is behind it", "udevadm trigger"],
        ),
        (
            "not made by udev",
            with(host_node(None), |report| report.machine.drm.directory = Directory::Empty),
            Code::DeviceMissing,
            &["renderD128 is not in /dev/dri", "udevadm trigger"],
        ),
        (
            "a directory that cannot be listed",
            with(host_node(None), |report| {
                report.machine.drm.directory = Directory::Unreadable(OsError::new(EACCES));
            }),
            Code::DeviceMissing,
            &["cannot be listed: EACCES", "chmod 755 /dev/dri"],
        ),
    ];
    for (name, report, code, words) in cases {
        let reason = vaapi(report.clone());
        assert_eq!(reason.code, *code, "{name}: {reason:?}");
        let text = [&[reason.message, reason.remedy], &reason.evidence[..]].concat().join("\n");
        for word in *words {
            assert!(text.contains(word), "{name}: {word:?} is not in\n{text}");
        }
    }
}

#[test]
fn a_machine_without_render_nodes_is_told_how_it_gets_one() {
    let vaapi = |report: Report| of(&all(&report), "h264_vaapi").reason.remedy.clone();
    let virtual_machine = with(host(), |report| report.machine.system.virtual_machine = true);
    assert_eq!(vaapi(host()), "add a GPU that can encode");
    assert_eq!(vaapi(container(host(), "docker")), "`docker run --device /dev/dri …`");
    assert!(vaapi(virtual_machine).contains("pass a GPU"));
    assert!(vaapi(display(host(), vendor::INTEL, None)).contains("sudo modprobe i915"));
}

#[test]
fn v4l2_nodes_are_told_apart_by_why_they_refuse() {
    let report = |access: Access| {
        with(host(), |report| {
            report.ffmpeg.encoders.push("h264_v4l2m2m".into());
            let mut node = video("video11", "bcm2835-codec-encode");
            node.file = NodeFile::new(44, 0o660, access);
            node.file.group = Some("video".into());
            report.machine.video.push(node);
        })
    };
    let of = |report: &Report| of(&all(report), "h264_v4l2m2m").clone();
    let free = of(&report(Access::Open));
    assert_eq!(free.reason.code, Code::BackendNotDriven);
    assert_eq!(free.device.as_deref(), Some("/dev/video11"));
    let closed = of(&report(refused(EACCES)));
    assert_eq!(closed.reason.code, Code::DevicePermission);
    assert!(closed.reason.remedy.contains("usermod -aG video"), "{closed}");
    assert_eq!(of(&report(refused(ENXIO))).reason.code, Code::DeviceFailed);
    let inside = of(&container(report(refused(EACCES)), "docker"));
    assert!(inside.reason.remedy.contains("docker run --device /dev/video11 --group-add 44"), "{inside}");
}

#[test]
fn a_node_that_sysfs_does_not_know_is_a_candidate() {
    let report = with(host(), |report| {
        report.machine.drm.directory = Directory::Present;
        report.machine.drm.render_nodes.push(RenderNode {
            name: "renderD128".into(),
            path: RENDER_128.into(),
            minor: 128,
            file: open_node(),
            ..RenderNode::default()
        });
    });
    let candidates = all(&report);
    assert_eq!(of(&candidates, "h264_vaapi").reason.code, Code::Chosen);
    // Whether it is Intel's is not known.
    assert_eq!(of(&candidates, "h264_qsv").reason.code, Code::DeviceMissing);
}
