//! Clients that break a rule of the API, and ones that break none.

use crate::{Run, assert_clean, compile, text};

/// The client's cases that break a rule bear its name.
const RULES: &[&str] = &[
    "id.destroyed",
    "id.unknown",
    "picture.not_begun",
    "picture.not_ended",
    "render.buffer_type",
    "buffer.mapped_twice",
    "buffer.not_mapped",
    "buffer.still_mapped",
    "buffer.of_image",
    "coded.missing",
    "coded.too_small",
    "encode.no_sequence",
    "picture.no_parameters",
    "picture.no_slices",
    "packed.unpaired",
    "surface.of_context",
    "surface.format",
    "rectangle.outside",
    "import.out_of_bounds",
    "context.in_picture",
];

fn client(place: &std::path::Path) -> String {
    compile(place, "client", &["libva", "libva-drm"])
}

#[test]
fn each_broken_rule_is_told_by_its_name_and_source() {
    let place = tempfile::tempdir().expect("a directory");
    let client = client(place.path());
    for rule in RULES {
        let run = Run::new(&["--device", "intel-arc", "--engine", "lossless"]);
        let output = run.run(&[&client, rule]);
        assert!(output.status.success(), "{rule}: {}{}", text(&output.stdout), text(&output.stderr));
        let report = run.report();
        let seen: Vec<&str> = report.misuse.iter().map(|misuse| misuse.rule.as_str()).collect();
        assert_eq!(seen, [*rule]);
        assert!(report.misuse.iter().all(|misuse| misuse.source.contains(".h") && !misuse.seen.is_empty()));
        assert!(report.alive.values().all(|alive| *alive == 0), "{rule}: {:?}", report.alive);
    }
}

#[test]
fn a_client_that_breaks_no_rule_is_not_blamed() {
    let place = tempfile::tempdir().expect("a directory");
    let client = client(place.path());
    for engine in ["lossless", "x264", "null"] {
        let run = Run::new(&["--device", "intel-arc", "--engine", engine]);
        let output = run.run(&[&client, "none"]);
        assert!(output.status.success(), "{engine}: {}{}", text(&output.stdout), text(&output.stderr));
        let report = run.report();
        assert_clean(&report);
        assert_eq!((report.encodes, report.processes), (2, 1), "{engine}");
    }
}

#[test]
fn tiled_surfaces_are_tiled_outside_and_linear_inside() {
    let place = tempfile::tempdir().expect("a directory");
    let run = Run::new(&["--device", "intel-arc"]);
    let output = run.run(&[&client(place.path()), "tiled"]);
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stdout));
    assert_clean(&run.report());
}

#[test]
fn threads_share_a_display() {
    let place = tempfile::tempdir().expect("a directory");
    let run = Run::new(&["--device", "intel-arc", "--engine", "null"]);
    let output = run.run(&["timeout", "--signal=KILL", "120", &client(place.path()), "threads"]);
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stdout));
    let report = run.report();
    assert_clean(&report);
    assert_eq!((report.encodes, report.put_images, report.get_images), (50, 1600, 1600));
}
