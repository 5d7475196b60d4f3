//! Odd processes, and devices beside one that hangs.

use super::{Case, outcome, pictures, report, script, unclean};
use crate::place::Place;

pub(super) const CASES: &[Case] = &[
    ("three_of_four_devices_are_verified_beside_one_that_hangs", three_of_four),
    ("odd_processes_find_what_others_find", odd_processes_find_what_others_find),
    ("a_helper_that_is_none_is_an_error", a_helper_that_is_none_is_an_error),
];

fn three_of_four() {
    let place = Place::new();
    let devices = "intel-arc,liar-hang,amd-rdna3,intel-haswell";
    script(&place, &["--device", devices], "DEADLINE=5 probe > 1.json");
    let found = report(&place, "1.json");
    for node in ["renderD128", "renderD130", "renderD131"] {
        assert!(outcome(&found, "h264_vaapi", node)["verified"].is_object(), "{node}: {found:#}");
    }
    assert_eq!(outcome(&found, "h264_vaapi", "renderD129")["failed"]["code"], "device.hung");
}

fn odd_processes_find_what_others_find() {
    for how in [
        "probe > 1.json <&-",
        "probe > 1.json 2>&-",
        "probe > 1.json <&- 2>&-",
        "probe > 1.json < /dev/full",
        "unset HOME; probe > 1.json",
        "PATH= probe > 1.json",
        "TMPDIR=/nonexistent probe > 1.json",
        "ulimit -n 48; probe > 1.json",
        "ulimit -c unlimited; probe > 1.json",
        "trap '' HUP INT TERM CHLD PIPE; probe > 1.json",
        "out=\"$PWD/1.json\"; mkdir gone; cd gone; rmdir ../gone; probe > \"$out\"",
        "umask 777; probe > 1.json; chmod 600 1.json",
    ] {
        let place = Place::new();
        script(&place, &["--device", "intel-arc"], how);
        let found = report(&place, "1.json");
        pictures(&found, "h264_vaapi");
        assert_eq!(found["isolation"], "process", "{how}");
    }
}

/// What a user names is used or refused, and not passed over.
fn a_helper_that_is_none_is_an_error() {
    let place = Place::new();
    for (helper, code) in [
        ("/nonexistent", "helper.missing"),
        ("/etc/passwd", "helper.missing"),
        ("/bin/true", "helper.failed"),
        ("/bin/cat", "helper.failed"),
    ] {
        let ran =
            unclean(&place, &["--device", "intel-arc"], &format!("export HWENC_HELPER={helper}; probe"));
        ran.error(1, code);
        place.is_left_clean();
    }
}
