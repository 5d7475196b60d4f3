//! Faults while a driver is asked or encodes.

use crate::row::{Row, devices};

fn arc(name: &'static str, rule: &'static str) -> Row {
    devices(name, "intel-arc").fault(rule)
}

/// The trial fails, and this is its code.
fn fails(name: &'static str, rule: &'static str, refuses: &'static [&'static str]) -> Row {
    arc(name, rule).finds(&["✗ trial.failed"]).refuses(refuses)
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        arc("starting_fails", "va.Initialize=OPERATION_FAILED")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        arc("starting_crashes", "va.Initialize=segv")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("starting_aborts", "va.Initialize=abort")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("starting_hangs", "va.Initialize=hang")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        arc("starting_takes_its_time", "va.Initialize=slow:300").takes("h264_vaapi", "renderD128"),
        arc("profiles_are_not_told", "va.QueryConfigProfiles=OPERATION_FAILED")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        arc("asking_for_profiles_crashes", "va.QueryConfigProfiles=segv")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("asking_for_attributes_hangs", "va.GetConfigAttributes=hang")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        fails("no_context", "va.CreateContext=ALLOCATION_FAILED", &["h264_vaapi encoder.open_failed"]),
        fails("no_surfaces", "va.CreateSurfaces2=ALLOCATION_FAILED", &["h264_vaapi memory.exhausted"]),
        fails("no_buffers", "va.CreateBuffer=ALLOCATION_FAILED", &["h264_vaapi memory.exhausted"]),
        fails("the_first_picture_fails", "va.EndPicture=ENCODING_ERROR@1", &["h264_vaapi encoder.failed"]),
        fails("a_later_picture_fails", "va.EndPicture=ENCODING_ERROR@3", &["h264_vaapi encoder.failed"]),
        fails("the_device_is_lost", "va.EndPicture=lost@2", &["h264_vaapi encoder.failed"]),
        fails("waiting_fails", "va.SyncBuffer=OPERATION_FAILED", &["h264_vaapi encoder.failed"]),
        fails("half_pictures", "va.EndPicture=truncate", &["h264_vaapi trial.undecodable"]),
        fails("the_third_picture_is_another", "va.EndPicture=wrong@3", &["h264_vaapi trial.wrong_picture"]),
        devices("encoding_hangs", "liar-hang")
            .shows("hangs ignoring SIGTERM")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        arc("waiting_hangs", "va.SyncBuffer=hang")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        devices("encoding_crashes", "liar-crash")
            .shows("segfaults")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("a_later_picture_aborts", "va.EndPicture=abort@3")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("ending_a_context_crashes", "va.DestroyContext=segv")
            .finds(&["✗ driver.crashed"])
            .refuses(&["h264_vaapi driver.crashed"]),
        arc("encoding_takes_its_time", "va.EndPicture=slow:50").takes("h264_vaapi", "renderD128"),
        arc("the_driver_hangs_when_it_ends", "va.Terminate=hang")
            .hangs()
            .finds(&["✗ device.hung"])
            .refuses(&["h264_vaapi device.hung"]),
        devices("one_of_two_crashes", "liar-crash,amd-rdna3")
            .finds(&["! device.order", "! driver.crashed"])
            .refuses(&["h264_vaapi@renderD128 driver.crashed"])
            .takes("h264_vaapi", "renderD129"),
        devices("one_of_four_hangs", "intel-arc,amd-rdna3,intel-haswell,liar-hang")
            .deadline(5)
            .finds(&["! device.hung"])
            .refuses(&["h264_vaapi@renderD131 device.hung"])
            .takes("h264_vaapi", "renderD128"),
        devices("the_first_of_four_hangs", "liar-hang,intel-arc,amd-rdna3,intel-haswell")
            .deadline(5)
            .finds(&["! device.hung", "! device.order"])
            .refuses(&["h264_vaapi@renderD128 device.hung"])
            .takes("h264_vaapi", "renderD129"),
        devices("a_device_hangs_and_software_may_help", "liar-hang")
            .deadline(5)
            .fallback("software")
            .finds(&["✗ device.hung"])
            .takes_software("libx264"),
    ]
}
