//! Nodes: which there are, and whom they let in.

use serde_json::json;

use crate::report::set;
use crate::row::{Row, devices};

pub(crate) fn rows() -> Vec<Row> {
    let shut = "intel-arc:mode=0660:uid=1:gid=40993";
    vec![
        devices("no_dev_dri", "none")
            .shows("no /dev/dri")
            .finds(&["✗ device.dri_missing"])
            .refuses(&["h264_vaapi device.missing"]),
        devices("no_dev_dri_in_docker", "none")
            .edit(in_docker)
            .finds(&["✗ device.dri_missing"])
            .says(&["docker run --device /dev/dri"])
            .refuses(&["h264_vaapi device.missing"]),
        devices("an_empty_dev_dri", "empty")
            .finds(&["✗ device.dri_empty"])
            .refuses(&["h264_vaapi device.missing"]),
        devices("a_card_without_a_render_node", "intel-arc:node=none")
            .finds(&["✗ device.dri_empty"])
            .refuses(&["h264_vaapi device.missing"]),
        devices("a_container_that_shows_only_render_d129", "intel-arc:node=129:card=none")
            .shows("only renderD129")
            .edit(in_docker)
            .says(&["that the numbers do not begin with 128 is no fault"])
            .takes("h264_vaapi", "renderD129"),
        devices("the_last_node_there_can_be", "amd-rdna2:node=191").takes("h264_vaapi", "renderD191"),
        devices("a_user_outside_the_group", shut)
            .shows("EACCES with the group and GID that is missing")
            .finds(&["✗ device.permission"])
            .says(&["EACCES", "group render (GID 40993)", "usermod -aG render"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        devices("a_container_outside_the_group", shut)
            .shows("render GID differs between host and container")
            .edit(in_docker)
            .edit(|report| {
                set(report, "/machine/groups", json!([{"name": "render", "gid": 106}]));
                set(report, "/machine/drm/render_nodes/0/file/group", json!(null));
            })
            .finds(&["✗ device.permission", "✗ container.render_gid"])
            .says(&[
                "docker run --device /dev/dri --group-add 40993",
                "`render` is GID 106 in this container",
            ])
            .refuses(&["h264_vaapi device.permission_denied"]),
        devices("a_node_for_its_owner_alone", "intel-arc:mode=0600:uid=1:gid=40993")
            .finds(&["✗ device.permission"])
            .says(&["its mode lets no group in", "70-hwenc.rules"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        devices("a_node_for_everybody", "intel-arc:mode=0666:uid=1:gid=4242")
            .takes("h264_vaapi", "renderD128"),
        devices("a_node_that_may_only_be_read", "intel-arc:mode=0444:uid=1:gid=4242")
            .finds(&["✗ device.permission"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        devices("one_of_two_is_shut", "intel-arc:mode=0600:uid=1:gid=40993,amd-rdna3")
            .finds(&["! device.permission"])
            .refuses(&["h264_vaapi@renderD128 device.permission_denied"])
            .takes("h264_vaapi", "renderD129"),
        devices("a_list_of_devices_that_lacks_it", "intel-arc:errno=EPERM")
            .edit(in_docker)
            .finds(&["✗ device.permission"])
            .says(&["list of allowed devices"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        devices("a_node_without_a_driver", "intel-arc:errno=ENODEV")
            .finds(&["✗ device.node"])
            .says(&["no driver is behind it"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("a_node_that_leads_nowhere", "intel-arc:errno=ENXIO")
            .finds(&["✗ device.node"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("a_node_that_is_busy", "intel-arc:errno=EBUSY")
            .finds(&["✗ device.node"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("a_dead_node_before_a_sound_one", "intel-arc:errno=EIO,amd-rdna2")
            .finds(&["! device.node"])
            .refuses(&["h264_vaapi@renderD128 device.failed"])
            .takes("h264_vaapi", "renderD129"),
        devices("opening_the_node_hangs", "intel-arc")
            .fault("drm.open=hang")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        devices("the_kernel_driver_fails", "intel-arc")
            .fault("drm.ioctl=EIO")
            .finds(&["✗ vaapi.wrong_driver", "✗ vaapi.driver"])
            .says(&["libva does not take iHD", "export LIBVA_DRIVER_NAME=iHD"])
            .refuses(&["h264_vaapi device.failed"]),
    ]
}

pub(crate) fn in_docker(report: &mut serde_json::Value) {
    let container =
        json!({"kind": "docker", "hints": ["/.dockerenv"], "device_rules": null, "memory_limit": null});
    set(report, "/machine/container", container);
}
