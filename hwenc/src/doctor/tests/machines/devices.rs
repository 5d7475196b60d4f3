//! Devices: none, dead ones, and those without an encoder.

use super::*;
use crate::device::Firmware;
use crate::probe::VaRateControl;

/// An Intel GPU that encodes in low power alone, with these ways of giving out bits.
fn low_power(guc: i32, modes: &[VaRateControl]) -> Report {
    with(model(intel(), 0x9a49), |r| {
        let mut driver =
            va_driver("/dev/dri/renderD128", "Intel iHD driver - 25.2.3", &["H264High EncSliceLP"]);
        driver.entries[0].rate_control = modes.to_vec();
        r.va.push(driver);
        let firmware = Firmware { card: "card0".into(), enable_guc: Some(guc), ..Firmware::default() };
        r.machine.system.firmware.push(firmware);
    })
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("all well with Intel", intel(), "none was tried", &[]),
        case(
            "no GPU at all",
            host(),
            "this machine has no GPU",
            &[("device.dri_missing", Problem, &["no GPU on PCI", "--fallback software"])],
        ),
        case(
            "a virtual machine without a GPU",
            with(host(), |r| r.machine.system.virtual_machine = true),
            "there is no GPU in this virtual machine",
            &[
                ("vm.passthrough", Problem, &["virtual machine", "pass a GPU", "--fallback software"]),
                ("device.dri_missing", Problem, &["virtual machine", "see vm.passthrough"]),
            ],
        ),
        case(
            "a board that encodes through V4L2",
            with(host(), |r| r.machine.video.push(video("video11", "bcm2835-codec-encode"))),
            "A V4L2 encoder is here",
            &[("device.dri_missing", Warning, &[])],
        ),
        case(
            "a camera is no encoder",
            with(host(), |r| r.machine.video.push(video("video0", "UVC Camera"))),
            "this machine has no GPU",
            &[("device.dri_missing", Problem, &[])],
        ),
        case(
            "an empty directory",
            with(host(), |r| r.machine.drm.directory = Directory::Empty),
            "the only GPU here drives a display and cannot encode",
            &[("device.dri_empty", Problem, &["no render node", "module.missing"])],
        ),
        case(
            "only a card node, as on a server board",
            with(display(host(), PciId(0x1a03), Some("ast")), |r| {
                r.machine.drm.directory = Directory::Present;
                r.machine.drm.entries = vec!["card0".into()];
            }),
            "the only GPU here drives a display and cannot encode",
            &[("device.dri_empty", Problem, &["server boards", "in the directory: card0"])],
        ),
        case(
            "the kernel knows a node that udev did not make",
            with(gpu(host(), vendor::INTEL, None), |r| r.machine.drm.directory = Directory::Empty),
            "the kernel has a render node that is not in /dev/dri",
            &[("device.dri_empty", Problem, &["udevadm trigger", "renderD128"])],
        ),
        case(
            "a node without a driver behind it",
            gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(ENXIO))),
            "the GPU's node (renderD128) leads nowhere",
            &[(
                "device.node",
                Problem,
                &["renderD128 (Intel 8086:1234) does not open: ENXIO", "udevadm trigger"],
            )],
        ),
        case(
            "no driver for the Intel GPU",
            display(host(), vendor::INTEL, None),
            "the driver of the GPU (Intel 8086:1234) is not loaded",
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
            "the driver of the GPU (AMD 1002:1234) is not loaded",
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
            "a cloud kernel",
            with(display(host(), vendor::INTEL, None), |r| {
                r.machine.system.kernel = Some("6.1.0-18-cloud-amd64".into())
            }),
            "the driver of the GPU (Intel 8086:1234) is not loaded",
            &[("module.missing", Problem, &["cloud kernels"]), ("device.dri_missing", Problem, &[])],
        ),
        case(
            "the GPU is passed through to a guest",
            display(host(), vendor::NVIDIA, Some("vfio-pci")),
            "the GPU is kept for virtual machines",
            &[
                ("module.missing", Problem, &["held for virtual machines"]),
                ("device.dri_missing", Problem, &[]),
            ],
        ),
        case(
            "a server board's display controller is no GPU",
            display(nvidia(host(), ALL_NVIDIA), PciId(0x1a03), None),
            "none was tried",
            &[],
        ),
        case(
            "an Intel processor without its GPU",
            with(host(), |r| r.machine.system.cpu = Some("12th Gen Intel(R) Core(TM) i5-12400F".into())),
            "this machine has no GPU",
            &[
                ("device.dri_missing", Problem, &["no GPU on PCI"]),
                ("device.no_encoder", Problem, &["i5-12400F", "end in F"]),
            ],
        ),
        case(
            "an Intel processor without its GPU, beside a card",
            with(amd(), |r| r.machine.system.cpu = Some("Intel(R) Core(TM) i9-9900KF CPU @ 3.60GHz".into())),
            "none was tried",
            &[],
        ),
        case(
            "an AMD GPU that only decodes",
            model(amd(), 0x743f),
            "the GPU of this machine has no video encoder",
            &[("device.no_encoder", Problem, &["the AMD GPU of /dev/dri/renderD128"])],
        ),
        case(
            "HuC is off, and low power has constant quantisers only",
            low_power(0, &[VaRateControl::Cqp]),
            "the firmware that the Intel GPU encodes with is switched off",
            &[(
                "firmware.huc",
                Problem,
                &["HuC", "options i915 enable_guc=2", "update-initramfs -u", "enable_guc 0"],
            )],
        ),
        case(
            "HuC is off, and another encoder is there",
            with(low_power(1, &[VaRateControl::Cqp]), |r| {
                let normal = va_driver("/dev/dri/renderD128", "", &["H264High EncSlice"]).entries.remove(0);
                r.va[0].entries.push(normal);
            }),
            "none was tried",
            &[("firmware.huc", Warning, &["enable_guc 1"])],
        ),
        case(
            "HuC is off, and nothing suffers from it",
            low_power(0, &[VaRateControl::Cqp, VaRateControl::Cbr]),
            "none was tried",
            &[],
        ),
        case("HuC is in use", low_power(3, &[VaRateControl::Cqp]), "none was tried", &[]),
        case(
            "HuC did not load, by its own word, in a container",
            with(container(low_power(-1, &[VaRateControl::Cqp]), "docker"), |r| {
                r.machine.system.firmware[0].huc = Some("HuC firmware: FAIL".into());
            }),
            "the firmware that the Intel GPU encodes with is switched off",
            &[("firmware.huc", Problem, &["on the host: put"])],
        ),
    ]
}
