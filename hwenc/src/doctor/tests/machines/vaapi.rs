//! VA-API drivers and Quick Sync.

use super::*;
use crate::device::DriverFile;

const NODE: &str = "/dev/dri/renderD128";

fn installed(report: &mut Report, names: &[&str]) {
    for name in names {
        let mut file = DriverFile::default();
        (file.name, file.path) =
            ((*name).into(), format!("/usr/lib/x86_64-linux-gnu/dri/{name}_drv_video.so").into());
        report.machine.system.va_drivers.push(file);
    }
}

/// The same with a driver of the first node that does not start for this reason, or offers these entrypoints.
fn asked(report: Report, error: Option<&str>, entrypoints: &[&str]) -> Report {
    with(report, |report| {
        let mut driver = VaDriver::new(NODE, error.map(str::to_owned));
        for entrypoint in entrypoints {
            let (profile, entrypoint) = ("H264High".into(), (*entrypoint).into());
            driver.entries.push(VaEntry { profile, entrypoint, ..VaEntry::default() });
        }
        report.va.push(driver);
    })
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "a VA-API driver that starts and encodes",
            asked(intel(), None, &["VLD", "EncSliceLP"]),
            "none was tried",
            &[],
        ),
        case(
            "no VA-API driver starts",
            asked(intel(), Some("vaInitialize: unknown libva error (-1)"), &[]),
            "the GPU's video driver, which is a package of its own, is missing or does not start",
            &[(
                "vaapi.driver",
                Problem,
                &["no VA-API driver starts on the Intel", "unknown libva error", "va-driver"],
            )],
        ),
        case(
            "a VA-API driver that the environment chose",
            with(asked(intel(), Some("va_openDriver() returns -1"), &[]), |r| {
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "i965".into());
            }),
            "the GPU's video driver, which is a package of its own, is missing or does not start",
            &[("vaapi.driver", Problem, &["LIBVA_DRIVER_NAME is set"])],
        ),
        case(
            "a Mesa that was built without encoders",
            asked(gpu(host(), vendor::AMD, open_node()), None, &["VLD"]),
            "the GPU, as its video driver says, cannot encode",
            &[("vaapi.encoders", Problem, &["decodes only", "mesa-va-drivers"])],
        ),
        case(
            "a dead VA-API driver beside one that encodes",
            asked(asked(intel(), Some("gone"), &[]), None, &["EncSlice"]),
            "none was tried",
            &[("vaapi.driver", Warning, &[])],
        ),
        case(
            "i965 on a GPU that needs iHD",
            with(model(intel(), 0x46d1), |r| {
                r.va.push(dead_driver(NODE));
                installed(r, &["i965"]);
            }),
            "the GPU is driven by the wrong video driver",
            &[
                (
                    "vaapi.wrong_driver",
                    Problem,
                    &[
                        "libva takes i965",
                        "needs iHD",
                        "apt install intel-media-va-driver",
                        "LIBVA_DRIVER_NAME=iHD",
                    ],
                ),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
        case(
            "the environment chooses i965 on a GPU that needs iHD",
            with(model(intel(), 0x9a49), |r| {
                r.va.push(dead_driver(NODE));
                r.va_others
                    .push(named(va_driver(NODE, "Intel iHD driver - 25.2.3", &["H264High EncSlice"]), "iHD"));
                installed(r, &["iHD", "i965"]);
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "i965".into());
            }),
            "the GPU is driven by the wrong video driver",
            &[
                (
                    "vaapi.wrong_driver",
                    Problem,
                    &["libva takes i965", "$ unset LIBVA_DRIVER_NAME", "the container"],
                ),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
        case(
            "iHD on a GPU that needs i965",
            with(model(intel(), 0x0412), |r| {
                r.va.push(dead_driver(NODE));
                installed(r, &["iHD"]);
            }),
            "the GPU is driven by the wrong video driver",
            &[
                ("vaapi.wrong_driver", Problem, &["takes iHD", "needs i965", "apt install i965-va-driver"]),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
        case(
            "i965 on a GPU on which iHD encodes more",
            with(model(intel(), 0x3e92), |r| {
                r.va.push(va_driver(
                    NODE,
                    "Intel i965 driver for Intel(R) Coffee Lake - 2.4.1",
                    &["H264High EncSlice"],
                ));
                let both = &["H264High EncSlice", "HEVCMain EncSlice"];
                r.va_others.push(named(va_driver(NODE, "Intel iHD driver - 25.2.3", both), "iHD"));
                installed(r, &["iHD", "i965"]);
            }),
            "none was tried",
            &[(
                "vaapi.wrong_driver",
                Warning,
                &["takes i965", "encodes more", "export LIBVA_DRIVER_NAME=iHD"],
            )],
        ),
        case(
            "i965 on a GPU on which it is as good",
            with(model(intel(), 0x3e92), |r| {
                r.va.push(va_driver(
                    NODE,
                    "Intel i965 driver for Intel(R) Coffee Lake - 2.4.1",
                    &["H264High EncSlice"],
                ));
                installed(r, &["i965"]);
            }),
            "none was tried",
            &[],
        ),
        case(
            "the environment chooses a driver of another vendor",
            with(amd(), |r| {
                r.va.push(dead_driver(NODE));
                r.va_others
                    .push(named(va_driver(NODE, "Mesa Gallium driver", &["H264High EncSlice"]), "radeonsi"));
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "iHD".into());
            }),
            "the GPU is driven by the wrong video driver",
            &[
                (
                    "vaapi.wrong_driver",
                    Problem,
                    &["libva takes iHD", "needs radeonsi", "unset LIBVA_DRIVER_NAME"],
                ),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
        case(
            "no driver is installed, on a GPU that needs i965",
            with(model(intel(), 0x0412), |r| r.va.push(dead_driver(NODE))),
            "the GPU's video driver, which is a package of its own, is missing or does not start",
            &[("vaapi.driver", Problem, &["apt install i965-va-driver"])],
        ),
        case(
            "no driver is installed on openSUSE",
            with(intel(), |r| {
                r.va.push(dead_driver(NODE));
                r.machine.system.distributions =
                    vec!["opensuse-tumbleweed".into(), "opensuse".into(), "suse".into()];
            }),
            "the GPU's video driver, which is a package of its own, is missing or does not start",
            &[("vaapi.driver", Problem, &["sudo zypper install intel-media-driver"])],
        ),
        case(
            "Fedora's Mesa, which has lost H.264 and HEVC",
            with(amd(), |r| {
                r.va.push(va_driver(
                    NODE,
                    "Mesa Gallium driver 25.0.7 for AMD",
                    &["VP9Profile0 VLD", "AV1Profile0 EncSlice"],
                ));
                r.machine.system.distributions = vec!["fedora".into()];
            }),
            "none was tried",
            &[(
                "vaapi.codecs",
                Warning,
                &[
                    "neither H.264 nor HEVC",
                    "dnf swap mesa-va-drivers mesa-va-drivers-freeworld",
                    "RPM Fusion",
                ],
            )],
        ),
        case(
            "an iHD that was left with JPEG",
            with(intel(), |r| {
                r.va.push(va_driver(
                    NODE,
                    "Intel iHD driver - 25.2.3",
                    &["H264High VLD", "JPEGBaseline EncPicture"],
                ));
            }),
            "the GPU's video driver was built without H.264 and HEVC",
            &[(
                "vaapi.codecs",
                Problem,
                &["apt install intel-media-va-driver-non-free", "component non-free"],
            )],
        ),
        case(
            "the free build of iHD on Broadwell",
            with(model(intel(), 0x1616), |r| {
                r.va.push(va_driver(NODE, "Intel iHD driver - 25.2.3", &["H264High VLD"]));
            }),
            "the GPU, as its video driver says, cannot encode",
            &[(
                "vaapi.encoders",
                Problem,
                &["decodes only", "the free build of iHD", "apt install intel-media-va-driver-non-free"],
            )],
        ),
        case(
            "a radeonsi that decodes only",
            with(amd(), |r| {
                r.va.push(va_driver(
                    NODE,
                    "Mesa Gallium driver 25.0.7 for AMD",
                    &["H264High VLD", "HEVCMain VLD"],
                ));
            }),
            "the GPU, as its video driver says, cannot encode",
            &[("vaapi.encoders", Problem, &["decodes only", "has no encoder"])],
        ),
        case(
            "MFX error -9: no runtime",
            bare(
                without(without(intel(), "libmfx-gen.so.1.2"), "libmfxhw64.so.1"),
                "h264_qsv",
                NODE,
                Code::RuntimeFailed,
                "Error creating a MFX session: -9.",
            ),
            "none was tried",
            &[
                ("library.vpl", Warning, &["apt install libmfx-gen1.2"]),
                ("qsv.session", Warning, &["MFX error -9", "no runtime", "apt install libmfx-gen1.2"]),
            ],
        ),
        case(
            "MFX error -9 on an older GPU",
            bare(
                model(without(intel(), "libmfxhw64.so.1"), 0x3e92),
                "h264_qsv",
                NODE,
                Code::RuntimeFailed,
                "Error creating a MFX session: -9.",
            ),
            "none was tried",
            &[
                ("library.vpl", Warning, &["apt install libmfx1"]),
                ("qsv.session", Warning, &["apt install libmfx1", "VA-API"]),
            ],
        ),
        case(
            "MFX error -3, and VA-API does not encode either",
            bare(
                with(intel(), |r| r.va.push(va_driver(NODE, "Intel iHD driver - 25.2.3", &["H264High VLD"]))),
                "h264_qsv",
                NODE,
                Code::RuntimeFailed,
                "Error initializing an MFX session: unsupported (-3)",
            ),
            "the GPU, as its video driver says, cannot encode",
            &[
                ("vaapi.encoders", Problem, &[]),
                (
                    "qsv.session",
                    Problem,
                    &["MFX error -3", "does not drive this GPU", "intel-media-va-driver"],
                ),
            ],
        ),
        case(
            "the environment chooses Intel's driver for an AMD GPU, and nobody asked another",
            with(amd(), |r| {
                r.va.push(dead_driver(NODE));
                installed(r, &["radeonsi"]);
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "iHD".into());
            }),
            "the GPU is driven by the wrong video driver",
            &[
                ("vaapi.wrong_driver", Problem, &["of another maker", "$ unset LIBVA_DRIVER_NAME"]),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
        case(
            "the environment chooses Mesa's driver for an Intel GPU",
            with(model(intel(), 0x3e92), |r| {
                r.va.push(dead_driver(NODE));
                installed(r, &["iHD", "radeonsi"]);
                r.machine.system.variables.insert("LIBVA_DRIVER_NAME".into(), "radeonsi".into());
            }),
            "the GPU is driven by the wrong video driver",
            &[
                ("vaapi.wrong_driver", Problem, &["takes radeonsi", "needs iHD"]),
                ("vaapi.driver", Problem, &["see vaapi.wrong_driver"]),
            ],
        ),
    ]
}
