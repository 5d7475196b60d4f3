//! What is handed on, and that shells and people can read it.

use std::process::Command;

use super::*;
use crate::device::vendor;
use crate::doctor::snippet;
use crate::error::Code;
use crate::probe::machines::*;

fn text(report: &Report, kind: Snippet) -> String {
    snippet(report, kind).unwrap_or_else(|e| panic!("{kind}: {e}"))
}

fn intel() -> Report {
    gpu(host(), vendor::INTEL, open_node())
}

#[test]
fn names_are_read_back_and_unknown_ones_say_which_there_are() {
    for kind in Snippet::ALL {
        assert_eq!(kind.name().parse::<Snippet>().unwrap(), *kind);
    }
    let error = "lxc".parse::<Snippet>().unwrap_err();
    assert_eq!(error.code(), Code::RequestInvalid);
    assert!(error.legal().unwrap().contains("proxmox-lxc"));
}

#[test]
fn docker_gets_nodes_and_groups_by_number() {
    let text = text(&gpu(intel(), vendor::AMD, node(109, 0o660, refused(13))), Snippet::Docker);
    assert_eq!(
        text.lines().skip(1).collect::<Vec<_>>(),
        [
            "docker run --rm \\",
            "  --device /dev/dri/renderD128 \\",
            "  --device /dev/dri/renderD129 \\",
            "  --group-add 109 \\",
            "  --group-add 993 \\",
            "  IMAGE hwenc doctor"
        ]
    );
}

#[test]
fn where_trials_worked_only_those_devices_are_handed_on() {
    let report = gpu(intel(), vendor::AMD, open_node());
    let report = tried(report, "h264_vaapi", "/dev/dri/renderD129", None);
    let text = text(&report, Snippet::Compose);
    assert!(text.contains("renderD129") && !text.contains("renderD128"), "{text}");
}

#[test]
fn compose_is_a_whole_service() {
    assert_eq!(
        text(&intel(), Snippet::Compose),
        "# compose.yaml. In place of IMAGE: an image that has hwenc and the drivers of the GPU.\n\
         services:\n  encoder:\n    image: IMAGE\n    command: [\"hwenc\", \"doctor\"]\n    devices:\n\
         \x20     - \"/dev/dri/renderD128:/dev/dri/renderD128\"\n\
         \x20   group_add: # by number: the names are not the same in the image\n      - \"993\"\n"
    );
    let nvidia = text(&nvidia(host(), ALL_NVIDIA), Snippet::Compose);
    assert!(nvidia.contains("NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"), "{nvidia}");
    assert!(nvidia.contains("driver: nvidia") && !nvidia.contains("devices:\n      - \"/dev"), "{nvidia}");
}

#[test]
fn a_pod_asks_for_the_resource_of_its_kernel_driver() {
    let intel_pod = text(&intel(), Snippet::Kubernetes);
    assert!(intel_pod.contains("supplementalGroups: [993]"), "{intel_pod}");
    assert!(intel_pod.contains("          gpu.intel.com/i915: 1\n"), "{intel_pod}");
    let xe = with(intel(), |r| {
        r.machine.drm.render_nodes[0].hardware.as_mut().unwrap().driver = Some("xe".into());
    });
    assert!(text(&xe, Snippet::Kubernetes).contains("          gpu.intel.com/xe: 1\n"));
    let amd = text(&gpu(host(), vendor::AMD, open_node()), Snippet::Kubernetes);
    assert!(amd.contains("          amd.com/gpu: 1\n"), "{amd}");
    let nvidia = text(&nvidia(host(), ALL_NVIDIA), Snippet::Kubernetes);
    for line in ["runtimeClassName: nvidia", "nvidia.com/gpu: 1", "value: \"compute,video,utility\""] {
        assert!(nvidia.contains(line), "{nvidia}");
    }
}

#[test]
fn an_lxc_container_gets_the_node_under_its_own_group() {
    let host_text = text(&intel(), Snippet::ProxmoxLxc);
    for line in [
        "pct set CTID --dev0 /dev/dri/renderD128,gid=993\n",
        "lxc.cgroup2.devices.allow: c 226:128 rwm\n",
        "lxc.mount.entry: /dev/dri/renderD128 dev/dri/renderD128 none bind,optional,create=file\n",
        "lxc.idmap: g 0 100000 993\n",
        "lxc.idmap: g 993 993 1\n",
        "lxc.idmap: g 994 100994 64542\n",
        "echo root:993:1 >>/etc/subgid\n",
    ] {
        assert!(host_text.contains(line), "{line} is not in\n{host_text}");
    }
    // From inside, where `render` has another number.
    let inside = with(gpu(container(host(), "lxc"), vendor::INTEL, None), |r| {
        r.machine.groups = vec![crate::device::Group::new("render", 104)];
    });
    assert!(text(&inside, Snippet::ProxmoxLxc).contains("--dev0 /dev/dri/renderD128,gid=104\n"));
    let nvidia = text(&nvidia(host(), ALL_NVIDIA), Snippet::ProxmoxLxc);
    assert!(nvidia.contains("pct set CTID --dev2 /dev/nvidia-uvm\n"), "{nvidia}");
}

#[test]
fn a_virtual_machine_gets_the_gpu_by_its_address() {
    let on_host = text(&intel(), Snippet::ProxmoxVm);
    for words in ["ids=8086:1234", "softdep i915 pre: vfio-pci", "--hostpci0 0000:86:00.0,pcie=1"] {
        assert!(on_host.contains(words), "{words} is not in\n{on_host}");
    }
    let off = with(intel(), |r| r.machine.system.iommu_groups = Some(0));
    assert!(text(&off, Snippet::ProxmoxVm).starts_with("# The IOMMU of this host is off"));
    let guest = text(&with(host(), |r| r.machine.system.virtual_machine = true), Snippet::ProxmoxVm);
    assert!(guest.contains("lspci -Dnn") && guest.contains("--hostpci0 0000:BB:DD.F"), "{guest}");
}

#[test]
fn where_there_is_nothing_to_hand_on_the_error_says_where_to_look() {
    for kind in Snippet::ALL {
        let error = snippet(&host(), *kind).unwrap_err();
        assert_eq!(error.code(), Code::DeviceMissing);
        assert!(error.reason().remedy.contains("on the host"), "{error:?}");
    }
}

#[test]
fn a_shell_takes_every_command_and_no_container_is_privileged() {
    let machines = [
        intel(),
        nvidia(host(), ALL_NVIDIA),
        nvidia(intel(), ALL_NVIDIA),
        gpu(container(host(), "docker"), vendor::INTEL, None),
        with(host(), |r| r.machine.video.push(video("video11", "bcm2835-codec-encode"))),
    ];
    for report in &machines {
        for kind in Snippet::ALL {
            let Ok(text) = snippet(report, *kind) else { continue };
            assert!(!text.contains("privileged: true") && !text.contains("--privileged"), "{text}");
            if matches!(kind, Snippet::Docker | Snippet::ProxmoxLxc | Snippet::ProxmoxVm) {
                let parsed = Command::new("sh").args(["-n", "-c", &text]).output().unwrap();
                assert!(parsed.status.success(), "{text}: {}", String::from_utf8_lossy(&parsed.stderr));
            }
        }
    }
}
