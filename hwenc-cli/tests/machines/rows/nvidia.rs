//! NVIDIA, as recorded in a container with a Tesla T4 and changed from there: softgpu does not have it.

use serde_json::{Value, json};

use super::nodes::in_docker;
use crate::report::{library, set};
use crate::row::{Row, recorded};

fn t4(name: &'static str) -> Row {
    recorded(name, "nvidia-t4-in-docker").edit(|report| library(report, "libnvidia-encode.so.1", true))
}

/// Its encoder refused, with these words of FFmpeg's.
fn refused(report: &mut Value, code: &str, words: &str) {
    let reason =
        json!({"code": code, "message": "h264_nvenc did not open", "evidence": [words], "remedy": ""});
    report["bare"] = json!([{"encoder": "h264_nvenc", "device": "/dev/nvidia0", "refused": reason}]);
}

/// No container.
fn on_a_host(report: &mut Value) {
    set(report, "/machine/container", json!({"kind": null, "hints": []}));
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        t4("nvidia_without_a_drm_node")
            .shows("NVIDIA without a DRM node")
            .refuses(&["h264_nvenc backend.not_driven", "h264_vaapi device.missing"]),
        recorded("nvidia_without_the_video_capability", "nvidia-t4-in-docker")
            .shows("NVENC library missing in a container without the video capability")
            .finds(&["✗ nvenc.capability", "✗ library.nvidia_encode"])
            .says(&["NVIDIA_DRIVER_CAPABILITIES=compute,video,utility"])
            .refuses(&["h264_nvenc library.missing"]),
        t4("nvenc_is_newer_than_the_driver")
            .shows("NVENC API newer than the driver")
            .edit(|report| {
                let words =
                    "Driver does not support the required nvenc API version. Required: 12.1 Found: 11.1";
                refused(report, "driver.too_old", words);
            })
            .finds(&["✗ nvenc.driver_too_old"])
            .refuses(&["h264_nvenc driver.too_old"]),
        t4("every_session_is_in_use")
            .shows("session limit")
            .edit(|report| {
                refused(report, "device.session_limit", "OpenEncodeSessionEx failed: out of memory (10)");
            })
            .finds(&["✗ device.session_limit"])
            .says(&["nvidia-smi encodersessions"])
            .refuses(&["h264_nvenc device.session_limit"]),
        t4("a_data_centre_gpu")
            .shows("data-centre GPU without an encoder")
            .edit(|report| {
                set(report, "/machine/nvidia/gpus/0/model", json!("NVIDIA A100-SXM4-40GB"));
                refused(report, "device.no_encoder", "OpenEncodeSessionEx failed: unsupported device (2)");
            })
            .finds(&["✗ device.no_encoder"])
            .says(&["NVIDIA A100-SXM4-40GB"])
            .refuses(&["h264_nvenc device.no_encoder"]),
        t4("nvidia_without_cuda_on_a_host")
            .edit(on_a_host)
            .edit(|report| library(report, "libcuda.so.1", false))
            .finds(&["✗ library.cuda"])
            .refuses(&["h264_nvenc library.missing"]),
        t4("nvidia_without_its_nodes")
            .edit(|report| {
                for name in ["control", "uvm"] {
                    set(report, &format!("/machine/nvidia/{name}"), Value::Null);
                }
                set(report, "/machine/nvidia/nodes", json!([]));
            })
            .finds(&["✗ device.nvidia"])
            .refuses(&["h264_nvenc device.missing"]),
        t4("nvidia_driven_by_nouveau")
            .edit(on_a_host)
            .edit(|report| {
                let nothing = json!({"driver_version": null, "version_text": null, "gpus": [], "nodes": [],
                    "control": null, "uvm": null});
                set(report, "/machine/nvidia", nothing);
                set(report, "/machine/displays/0/hardware/driver", json!("nouveau"));
            })
            .finds(&["✗ device.nvidia"])
            .says(&["nouveau cannot encode"])
            .refuses(&["h264_nvenc device.missing"]),
        t4("nvidia_may_not_be_opened")
            .edit(in_docker)
            .edit(|report| {
                set(report, "/machine/process/effective_uid", json!(1000));
                let refused = json!({"state": "refused", "errno": 13, "name": "EACCES"});
                set(report, "/machine/nvidia/nodes/0/file/access", refused);
                set(report, "/machine/nvidia/nodes/0/file/mode", json!("0600"));
            })
            .finds(&["✗ device.permission"])
            .refuses(&["h264_nvenc device.permission_denied"]),
    ]
}
