//! Machines that are more than devices: virtual ones, boards, processors, distributions; recorded, or changed from there.

use serde_json::{Value, json};

use super::nodes::in_docker;
use crate::report::{library, set};
use crate::row::{Row, made, recorded};

/// The machine on which the report without a GPU was made, without its container and its hypervisor.
fn bare() -> Value {
    let mut report = crate::report::recorded("none-in-docker");
    report["schema"] = json!(hwenc::probe::SCHEMA);
    let whole = hwenc::probe::Report::from_json(&report.to_string()).unwrap();
    let mut report = serde_json::to_value(whole).unwrap();
    let nothing = json!({"kind": null, "hints": [], "device_rules": null, "memory_limit": null});
    set(&mut report, "/machine/container", nothing);
    set(&mut report, "/machine/system/virtual_machine", json!(false));
    report
}

/// A GPU on PCI whose driver this is.
fn display(report: &mut Value, vendor: &str, device: &str, driver: Option<&str>) {
    let hardware = json!({"bus": "pci", "pci_address": "0000:00:02.0", "vendor": vendor, "device": device,
        "subsystem_vendor": null, "subsystem_device": null, "vendor_name": "Intel", "compatible": [], "driver": driver});
    let display = json!({"address": "0000:00:02.0", "class": "030000", "hardware": hardware, "drm": []});
    set(report, "/machine/displays", json!([display]));
}

/// Quick Sync refused, with this number.
fn mfx(report: &mut Value, number: i32) {
    let words = format!("Error creating a MFX session: {number}.");
    let reason = json!({"code": "runtime.failed", "message": "h264_qsv did not open", "evidence": [words], "remedy": ""});
    report["bare"] = json!([{"encoder": "h264_qsv", "device": "/dev/dri/renderD128", "refused": reason}]);
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        recorded("a_virtual_machine_without_a_gpu", "none-in-docker")
            .edit(|report| set(report, "/machine/container", json!({"kind": null, "hints": []})))
            .shows("no passthrough in a VM")
            .finds(&["✗ vm.passthrough", "✗ device.dri_missing"])
            .says(&["IOMMU (VT-d or AMD-Vi in the firmware)"])
            .refuses(&["h264_vaapi device.missing"]),
        recorded("docker_in_a_virtual_machine_without_a_gpu", "none-in-docker")
            .finds(&["✗ vm.passthrough", "✗ device.dri_missing"])
            .refuses(&["h264_vaapi device.missing"]),
        made("a_host_that_keeps_a_gpu_for_guests_and_has_the_iommu_off", bare)
            .shows("IOMMU off")
            .edit(|report| {
                display(report, "8086", "56a0", Some("vfio-pci"));
                set(report, "/machine/system/iommu_groups", json!(0));
            })
            .finds(&["! vm.iommu", "✗ module.missing", "✗ device.dri_missing"])
            .says(&["intel_iommu=on iommu=pt"])
            .refuses(&["h264_vaapi device.missing"]),
        made("the_kernel_module_is_not_loaded", bare)
            .shows("kernel module missing")
            .edit(|report| display(report, "8086", "56a0", None))
            .finds(&["✗ module.missing", "✗ device.dri_missing"])
            .says(&["modprobe i915"])
            .refuses(&["h264_vaapi device.missing"]),
        made("a_processor_without_a_gpu", bare)
            .shows("processor without a GPU")
            .edit(|report| set(report, "/machine/system/cpu", json!("12th Gen Intel(R) Core(TM) i5-12400F")))
            .finds(&["✗ device.dri_missing", "✗ device.no_encoder"])
            .says(&["i5-12400F"])
            .refuses(&["h264_vaapi device.missing"]),
        made("dev_dri_may_not_be_listed", bare)
            .edit(|report| {
                let unreadable = json!({"state": "unreadable", "errno": 13, "name": "EACCES"});
                set(report, "/machine/drm/directory", unreadable);
            })
            .finds(&["✗ device.dri_missing"])
            .says(&["chmod 755 /dev/dri"])
            .refuses(&["h264_vaapi device.missing"]),
        made("an_ffmpeg_without_hardware", bare)
            .edit(|report| {
                let encoders = report["ffmpeg"]["encoders"].as_array_mut().unwrap();
                encoders.retain(|name| ["libx264", "libx265", "libsvtav1"].contains(&name.as_str().unwrap()));
            })
            .finds(&["✗ ffmpeg.encoders", "✗ device.dri_missing"])
            .refuses(&["h264_vaapi encoder.not_compiled"]),
        made("an_ffmpeg_that_is_too_old", bare)
            .edit(|report| set(report, "/ffmpeg/version", json!("4.4.2-0ubuntu0.22.04.1")))
            .finds(&["✗ ffmpeg.version", "✗ device.dri_missing"])
            .refuses(&["h264_vaapi device.missing"]),
        recorded("quick_sync_finds_no_runtime", "intel-gen9")
            .shows("MFX session -9")
            .edit(|report| mfx(report, -9))
            .edit(|report| library(report, "libmfxhw64.so.1", false))
            .finds(&["! library.vpl", "! qsv.session"])
            .says(&["MFX error -9"])
            .untried(),
        recorded("quick_sync_does_not_take_the_gpu", "intel-gen9")
            .shows("MFX session -3")
            .edit(|report| mfx(report, -3))
            .finds(&["! qsv.session"])
            .says(&["MFX error -3"])
            .untried(),
        recorded("a_mesa_without_h264_and_hevc", "intel-arc-amd-rdna3")
            .shows("distribution build without the encoder")
            .edit(|report| {
                let entries = report["va"][1]["entries"].as_array_mut().unwrap();
                entries.retain(|entry| entry["profile"].as_str().unwrap().starts_with("AV1"));
            })
            .finds(&["! library.vpl", "! vaapi.codecs"])
            .says(&["neither H.264 nor HEVC"])
            .untried(),
        recorded("huc_is_off_and_low_power_has_no_bit_rates", "intel-arc-amd-rdna3")
            .shows("HuC off for low power")
            .edit(|report| {
                report["va"].as_array_mut().unwrap().truncate(1);
                for entry in report["va"][0]["entries"].as_array_mut().unwrap() {
                    entry["rate_control"] = json!(["cqp"]);
                }
                let firmware = json!([{"device": "0000:03:00.0", "enable_guc": 0, "guc": "disabled", "huc": "disabled"}]);
                set(report, "/machine/system/firmware", firmware);
            })
            .finds(&["✗ firmware.huc", "! library.vpl"])
            .says(&["options i915 enable_guc=2"])
            .untried(),
        recorded("a_container_that_is_short_of_memory", "intel-gen9")
            .edit(in_docker)
            .edit(|report| set(report, "/machine/container/memory_limit", json!(128_u64 << 20)))
            .finds(&["! container.memory"])
            .untried(),
        recorded("a_list_of_devices_without_the_node", "intel-gen9")
            .edit(in_docker)
            .edit(|report| {
                set(report, "/machine/container/device_rules", json!(["c 1:3 rwm"]));
                let refused = json!({"state": "refused", "errno": 1, "name": "EPERM"});
                set(report, "/machine/drm/render_nodes/0/file/access", refused);
            })
            .finds(&["✗ device.permission", "✗ container.device_rules"])
            .says(&["c 226:128 rwm"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        recorded("a_jetson", "jetson-orin")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed", "h264_nvmpi backend.not_driven"]),
        recorded("a_raspberry_pi", "raspberry-pi-4").refuses(&["h264_v4l2m2m backend.not_driven"]),
        recorded("two_gpus_of_which_nothing_was_tried", "intel-arc-amd-rdna3")
            .finds(&["! library.vpl"])
            .untried(),
    ]
}
