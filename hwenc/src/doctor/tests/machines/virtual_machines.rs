//! Virtual machines, and hosts that keep GPUs for them.

use super::*;

fn guest() -> Report {
    with(host(), |r| {
        r.machine.system.virtual_machine = true;
        r.machine.system.hypervisor = Some("KVM".into());
    })
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "a virtual machine with a virtual display",
            with(display(guest(), PciId(0x1234), Some("bochs-drm")), |r| {
                r.machine.drm.directory = Directory::Present;
                r.machine.drm.entries = vec!["card0".into()];
            }),
            "there is no GPU in this virtual machine",
            &[
                ("vm.passthrough", Problem, &["(KVM)", "Proxmox", "IOMMU"]),
                ("device.dri_empty", Problem, &["no render node"]),
            ],
        ),
        case(
            "a guest of VMware",
            with(guest(), |r| r.machine.system.hypervisor = Some("VMware".into())),
            "there is no GPU in this virtual machine",
            &[
                ("vm.passthrough", Problem, &["(VMware)", "in a cloud"]),
                ("device.dri_missing", Problem, &["see vm.passthrough"]),
            ],
        ),
        case(
            "a virtual machine that was given a GPU",
            with(intel(), |r| r.machine.system.virtual_machine = true),
            "none was tried",
            &[],
        ),
        case(
            "a virtual machine that was given a GPU, without its driver",
            with(display(guest(), vendor::INTEL, None), |r| r.machine.process.effective_uid = 0),
            "the driver of the GPU (Intel 8086:1234) is not loaded",
            &[
                ("module.missing", Problem, &["$ modprobe i915"]),
                ("device.dri_missing", Problem, &["module.missing"]),
            ],
        ),
        case(
            "a container in a virtual machine without a GPU",
            container(guest(), "docker"),
            "there is no GPU in this virtual machine",
            &[
                ("vm.passthrough", Problem, &["from the host"]),
                ("device.dri_missing", Problem, &["in this container", "see vm.passthrough"]),
            ],
        ),
        case(
            "virtio-gpu, whose driver decodes only",
            with(gpu(guest(), vendor::VIRTIO, open_node()), |r| {
                r.va.push(va_driver(
                    "/dev/dri/renderD128",
                    "Mesa Gallium driver 25.0.7 for virgl",
                    &["H264High VLD"],
                ));
            }),
            "there is no GPU in this virtual machine",
            &[
                ("vm.passthrough", Problem, &["no GPU in this virtual machine"]),
                ("vaapi.encoders", Problem, &["decodes only", "virtual machines among them"]),
            ],
        ),
        case(
            "a host whose GPU is kept for guests, without an IOMMU",
            with(display(host(), vendor::INTEL, Some("vfio-pci")), |r| {
                r.machine.system.iommu_groups = Some(0)
            }),
            "the GPU is kept for virtual machines",
            &[
                ("vm.iommu", Warning, &["intel_iommu=on"]),
                ("module.missing", Problem, &["held for virtual machines"]),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
        case(
            "a host that keeps one GPU for guests and works with another",
            with(display(intel(), vendor::AMD, Some("vfio-pci")), |r| {
                r.machine.system.iommu_groups = Some(14)
            }),
            "none was tried",
            &[],
        ),
        case(
            "virtio-gpu, which encodes on its host",
            with(gpu(guest(), vendor::VIRTIO, open_node()), |r| {
                r.va.push(va_driver(
                    "/dev/dri/renderD128",
                    "Mesa Gallium driver 25.0.7 for virgl",
                    &["H264High EncSlice"],
                ));
            }),
            "none was tried",
            &[("vm.passthrough", Warning, &["no GPU in this virtual machine"])],
        ),
    ]
}
