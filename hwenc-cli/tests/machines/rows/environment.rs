//! Variables, and other ways in which a user makes it hard.

use crate::row::{Row, devices};

const NAME: &str = "LIBVA_DRIVER_NAME";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        devices("i965_is_chosen_for_an_arc", "intel-arc")
            .shows("i965 picked where iHD is needed")
            .variable(NAME, "i965")
            .finds(&["✗ vaapi.wrong_driver", "✗ vaapi.driver"])
            .says(&["libva takes i965", "unset LIBVA_DRIVER_NAME"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("ihd_is_chosen_for_a_haswell", "intel-haswell")
            .shows("iHD picked where i965 is needed")
            .variable(NAME, "iHD")
            .finds(&["✗ vaapi.wrong_driver", "✗ vaapi.driver"])
            .says(&["which needs i965"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("a_driver_of_another_maker_is_chosen", "intel-arc")
            .variable(NAME, "radeonsi")
            .finds(&["✗ vaapi.wrong_driver", "✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("the_right_driver_is_chosen", "intel-arc")
            .variable(NAME, "iHD")
            .takes("h264_vaapi", "renderD128"),
        devices("a_driver_that_nobody_has_is_chosen", "amd-rdna3")
            .variable(NAME, "nosuch")
            .finds(&["✗ vaapi.wrong_driver", "✗ vaapi.driver"])
            .says(&["libva takes nosuch", "needs radeonsi"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("the_drivers_are_looked_for_nowhere", "amd-rdna2")
            .variable("LIBVA_DRIVERS_PATH", "/nonexistent")
            .finds(&["✗ vaapi.driver"])
            .says(&["LIBVA_DRIVERS_PATH is set"])
            .refuses(&["h264_vaapi device.failed"]),
        devices("one_driver_for_two_makers", "intel-arc,amd-rdna3")
            .variable(NAME, "iHD")
            .finds(&["! vaapi.wrong_driver"])
            .takes("h264_vaapi", "renderD128"),
        devices("drivers_are_asked_without_isolation", "intel-arc")
            .options("--no-isolation")
            .finds(&["! helper.missing"])
            .says(&["the caller's own process"])
            .takes("h264_vaapi", "renderD128"),
        devices("libva_talks", "intel-arc")
            .variable("LIBVA_MESSAGING_LEVEL", "2")
            .variable("LIBVA_TRACE", "{here}/trace")
            .takes("h264_vaapi", "renderD128"),
        devices("everything_is_in_another_language", "intel-arc")
            .variable("LC_ALL", "de_DE.UTF-8")
            .variable("LANGUAGE", "de")
            .takes("h264_vaapi", "renderD128"),
    ]
}
