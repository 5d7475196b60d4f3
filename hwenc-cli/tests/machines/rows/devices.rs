//! Devices as they are, and those that lie.

use crate::row::{Row, devices};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        devices("an_arc_at_its_best", "intel-arc").takes("h264_vaapi", "renderD128"),
        devices("an_arc_at_720p", "intel-arc").size("1280x720").takes("h264_vaapi", "renderD128"),
        devices("a_skylake", "intel-gen9").takes("h264_vaapi", "renderD128"),
        devices("a_haswell", "intel-haswell").takes("h264_vaapi", "renderD128"),
        devices("a_haswell_is_asked_for_hevc", "intel-haswell")
            .codec("hevc", 8)
            .refuses(&["hevc_vaapi encoder.unsupported"]),
        devices("an_amd_of_2020", "amd-rdna2").takes("h264_vaapi", "renderD128"),
        devices("an_amd_of_2022_at_10_bit", "amd-rdna3").codec("hevc", 10).takes("hevc_vaapi", "renderD128"),
        devices("a_virtual_gpu_that_only_decodes", "virtio")
            .finds(&["✗ vaapi.encoders"])
            .says(&["decodes only"])
            .refuses(&["h264_vaapi device.no_encoder"]),
        devices("a_virtual_gpu_that_only_decodes_and_software_may_help", "virtio")
            .fallback("software")
            .finds(&["✗ vaapi.encoders"])
            .takes_software("libx264"),
        devices("no_h264_but_another_is_named", "virtio")
            .fallback("h264_nvenc,libx264")
            .finds(&["✗ vaapi.encoders"])
            .refuses(&["h264_nvenc device.missing", "h264_vaapi device.no_encoder"])
            .takes_software("libx264"),
        devices("two_gpus_of_different_vendors", "intel-arc,amd-rdna3")
            .shows("two GPUs of different vendors")
            .takes("h264_vaapi", "renderD128"),
        devices("the_wrong_gpu_comes_first", "virtio,intel-arc")
            .shows("several GPUs and the wrong one first")
            .finds(&["! device.order", "! vaapi.encoders"])
            .says(&["-vaapi_device /dev/dri/renderD129"])
            .refuses(&["h264_vaapi@renderD128 device.no_encoder"])
            .takes("h264_vaapi", "renderD129"),
        devices("the_older_gpu_comes_first_and_lacks_the_codec", "intel-haswell,amd-rdna2")
            .codec("hevc", 8)
            .refuses(&["hevc_vaapi@renderD128 encoder.unsupported"])
            .takes("hevc_vaapi", "renderD129"),
        devices("two_gpus_of_one_kind", "intel-arc,intel-arc").takes("h264_vaapi", "renderD128"),
        devices("an_encoder_that_does_not_open", "liar-h264-open")
            .finds(&["✗ trial.failed"])
            .refuses(&["h264_vaapi encoder.open_failed"]),
        devices("a_driver_that_lies_about_hevc", "liar-hevc")
            .codec("hevc", 8)
            .finds(&["✗ trial.failed"])
            .refuses(&["hevc_vaapi encoder.failed"]),
        devices("what_it_does_not_lie_about_works", "liar-hevc").takes("h264_vaapi", "renderD128"),
        devices("a_driver_that_lies_about_10_bit", "liar-10bit")
            .shows("lies about 10 bit")
            .codec("hevc", 10)
            .finds(&["✗ trial.failed"])
            .says(&["at 10 bit"])
            .refuses(&["hevc_vaapi encoder.failed"]),
        devices("the_same_at_8_bit", "liar-10bit").codec("hevc", 8).takes("hevc_vaapi", "renderD128"),
        devices("a_driver_that_encodes_other_pictures", "liar-wrong")
            .finds(&["✗ trial.failed"])
            .refuses(&["h264_vaapi trial.wrong_picture"]),
        devices("a_driver_that_encodes_green", "liar-green")
            .shows("encodes green")
            .finds(&["✗ trial.failed"])
            .says(&["other pictures than it is given"])
            .refuses(&["h264_vaapi trial.wrong_picture"]),
        devices("a_driver_that_encodes_green_beside_a_sound_one", "liar-green,amd-rdna3")
            .finds(&["! device.order", "! trial.failed"])
            .refuses(&["h264_vaapi@renderD128 trial.wrong_picture"])
            .takes("h264_vaapi", "renderD129"),
        devices("a_driver_that_encodes_green_and_software_may_help", "liar-green")
            .fallback("software")
            .finds(&["✗ trial.failed"])
            .takes_software("libx264"),
        devices("a_driver_that_returns_p_first", "liar-p-first")
            .shows("returns P first")
            .finds(&["✗ trial.failed"])
            .refuses(&["h264_vaapi trial.no_idr"]),
        devices("a_driver_that_does_not_start", "liar-init")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
    ]
}
