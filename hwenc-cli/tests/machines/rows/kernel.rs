//! softgpu's devices on a kernel of their own: it is the kernel that lets a user in, or not. There is no PCI in it, and so
//! nobody knows whose GPU it is.

use crate::row::{Machine, Row, row};

/// The user and the group that hwenc runs as there.
pub(crate) const USER: &str = "65534";

fn kernel(name: &'static str, device: &'static str) -> Row {
    row(name, Machine::Kernel(device))
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        kernel("a_kernel_shuts_a_user_outside_the_group_out", "intel-arc:gid=4242")
            .finds(&["✗ device.permission"])
            .says(&["EACCES", "GID 4242", "groupadd --gid 4242"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        kernel("a_kernel_lets_a_user_in_the_group_in", "intel-arc:gid=65534")
            .takes("h264_vaapi", "renderD128"),
        kernel("a_kernel_lets_everybody_in", "amd-rdna3:gid=4242:mode=0666")
            .takes("h264_vaapi", "renderD128"),
        kernel("a_kernel_lets_the_owner_in_alone", "intel-arc:gid=65534:mode=0600")
            .edit(|report| crate::report::set(report, "/machine/process/groups", serde_json::json!([65534])))
            .finds(&["✗ device.permission"])
            .says(&["its mode lets no group in"])
            .refuses(&["h264_vaapi device.permission_denied"]),
        kernel("a_kernel_that_has_a_driver_which_encodes_green", "liar-green:mode=0666")
            .finds(&["✗ trial.failed"])
            .refuses(&["h264_vaapi trial.wrong_picture"]),
        kernel("a_kernel_that_has_a_driver_which_crashes", "intel-gen9:mode=0666")
            .fault("va.EndPicture=segv@2")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        kernel("a_kernel_that_has_a_driver_which_hangs", "liar-hang:mode=0666")
            .deadline(10) // everything is slower there
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
    ]
}
