//! Drivers and libraries as files: missing, broken, or doing their worst when they are loaded.

use crate::row::{Row, devices};
use crate::standin::{StandIn, file, library};

const DRIVER: &str = "iHD_drv_video.so";
/// Where libva looks for drivers.
const PATH: (&str, &str) = ("LIBVA_DRIVERS_PATH", "{here}");

/// A device whose driver this is.
fn driver(name: &'static str, source: &'static str) -> Row {
    with(name, library(DRIVER, source))
}

fn with(name: &'static str, driver: StandIn) -> Row {
    devices(name, "intel-arc").variable(PATH.0, PATH.1).has(driver)
}

fn loads(name: &'static str, device: &'static str, library: StandIn) -> Row {
    devices(name, device).variable("LD_LIBRARY_PATH", "{here}").has(library)
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        devices("no_driver_is_installed", "intel-arc")
            .shows("driver package missing")
            .variable(PATH.0, PATH.1)
            .finds(&["✗ vaapi.driver"])
            .says(&["apt install intel-media-va-driver"])
            .refuses(&["h264_vaapi device.failed"]),
        with("a_driver_that_is_no_library", file(DRIVER, "not a library"))
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        driver("a_driver_without_a_beginning", "int nothing;")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        driver(
            "a_driver_that_lacks_a_library",
            "extern int nobody_has_this(void); int __vaDriverInit_1_0(void *x) { return nobody_has_this(); }",
        )
        .finds(&["✗ vaapi.driver"])
        .refuses(&["h264_vaapi device.failed"]),
        driver("a_driver_that_has_none_of_its_functions", "int __vaDriverInit_1_0(void *x) { return 0; }")
            .finds(&["✗ vaapi.driver"])
            .refuses(&["h264_vaapi device.failed"]),
        driver(
            "a_driver_that_hangs_and_blocks_signals",
            "#include <signal.h>
             #include <unistd.h>
             int __vaDriverInit_1_0(void *x) {
                 sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0);
                 for (;;) pause();
             }",
        )
        .hangs()
        .finds(&["✗ device.hung"])
        .refuses(&["h264_vaapi device.hung"]),
        driver(
            "a_driver_that_runs_in_circles",
            "int __vaDriverInit_1_0(void *x) { volatile int i = 0; for (;;) i++; }",
        )
        .hangs()
        .finds(&["✗ device.hung"])
        .refuses(&["h264_vaapi device.hung"]),
        driver(
            "a_driver_that_crashes_when_it_is_loaded",
            "__attribute__((constructor)) static void begin(void) { __builtin_trap(); }",
        )
        .finds(&["✗ driver.crashed"])
        .refuses(&["h264_vaapi driver.crashed"]),
        driver(
            "a_driver_that_ends_its_process",
            "#include <stdlib.h>
             int __vaDriverInit_1_0(void *x) { exit(0); }",
        )
        .finds(&["✗ driver.crashed"])
        .refuses(&["h264_vaapi driver.crashed"]),
        driver(
            "a_driver_that_talks",
            "#include <stdio.h>
             int __vaDriverInit_1_0(void *x) {
                 for (int i = 0; i < 20000; i++) puts(\"{\\\"id\\\":0,\\\"result\\\":{}}\");
                 fflush(stdout);
                 return 1;
             }",
        )
        .finds(&["✗ vaapi.driver"])
        .refuses(&["h264_vaapi device.failed"]),
        driver(
            "a_driver_that_leaves_a_process_behind",
            "#include <signal.h>
             #include <unistd.h>
             int __vaDriverInit_1_0(void *x) {
                 if (fork() == 0) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }
                 return 1;
             }",
        )
        .finds(&["✗ vaapi.driver"])
        .refuses(&["h264_vaapi device.failed"]),
        driver(
            "a_driver_that_eats_memory",
            "#include <stdlib.h>
             #include <string.h>
             #include <unistd.h>
             int __vaDriverInit_1_0(void *x) {
                 for (;;) { char *p = malloc(16 << 20); if (p) memset(p, 1, 16 << 20); usleep(2000); }
             }",
        )
        .shows("eats memory")
        .finds(&["✗ driver.memory_exhausted"])
        .refuses(&["h264_vaapi driver.memory_exhausted"]),
        loads("a_runtime_of_quick_sync_that_is_no_library", "intel-arc", file("libmfx-gen.so.1.2", ""))
            .finds(&["! library.vpl"])
            .says(&["MFX error -9"])
            .takes("h264_vaapi", "renderD128"),
        loads("the_older_runtime_does_not_matter_there", "intel-arc", file("libmfxhw64.so.1", ""))
            .takes("h264_vaapi", "renderD128"),
        loads("the_older_runtime_that_is_no_library", "intel-gen9", file("libmfxhw64.so.1", ""))
            .finds(&["! library.vpl"])
            .takes("h264_vaapi", "renderD128"),
        loads(
            "a_runtime_of_quick_sync_of_a_stranger",
            "intel-arc",
            library("libmfx-gen.so.1.2", "int nothing;"),
        )
        .takes("h264_vaapi", "renderD128"),
        loads(
            "a_library_that_crashes_costs_no_other",
            "intel-arc",
            library(
                "libmfx-gen.so.1.2",
                "__attribute__((constructor)) static void begin(void) { __builtin_trap(); }",
            ),
        )
        .finds(&["! library.vpl"])
        .takes("h264_vaapi", "renderD128"),
        loads(
            "a_library_that_hangs_costs_no_other",
            "amd-rdna3",
            library(
                "libvulkan.so.1",
                "#include <unistd.h>
                 __attribute__((constructor)) static void begin(void) { for (;;) pause(); }",
            ),
        )
        .deadline(5)
        .takes("h264_vaapi", "renderD128"),
    ]
}
