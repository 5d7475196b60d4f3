//! Reports that earlier versions wrote, in tests/reports: the three of Intel, AMD and no GPU were recorded, the others put
//! together in the same layout. They are read and asked like those of today.

use std::fs;
use std::path::Path;

use hwenc::doctor::{self, Level};
use hwenc::probe::{Isolation, Report, SCHEMA};
use hwenc::{Code, Codec, Fallback, Request, Selection};

struct Old {
    name: &'static str,
    /// Nodes and their vendors.
    nodes: &'static [(&'static str, &'static str)],
    /// A check, and what it must say.
    check: (&'static str, Level),
}

const REPORTS: [Old; 6] = [
    Old { name: "intel-gen9", nodes: &[("renderD128", "Intel")], check: ("vaapi.driver", Level::Ok) },
    Old {
        name: "intel-arc-amd-rdna3",
        nodes: &[("renderD128", "Intel"), ("renderD129", "AMD")],
        check: ("vaapi.driver", Level::Ok),
    },
    Old { name: "none-in-docker", nodes: &[], check: ("device.dri_missing", Level::Problem) },
    Old { name: "nvidia-t4-in-docker", nodes: &[], check: ("library.nvidia_encode", Level::Problem) },
    Old { name: "jetson-orin", nodes: &[("renderD128", "NVIDIA")], check: ("vaapi.driver", Level::Problem) },
    Old { name: "raspberry-pi-4", nodes: &[("renderD128", "Broadcom")], check: ("vaapi.driver", Level::Ok) },
];

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name).with_extension("json");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn read(name: &str) -> Report {
    Report::from_json(&text(name)).unwrap_or_else(|e| panic!("{name}: {e:?}"))
}

#[test]
fn the_table_has_every_report() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports");
    let mut there: Vec<String> =
        fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    let mut named = REPORTS.map(|old| format!("{}.json", old.name));
    named.sort();
    assert_eq!(there, named);
}

#[test]
fn what_they_knew_is_kept_and_the_rest_is_empty() {
    for Old { name, nodes, .. } in REPORTS {
        let report = read(name);
        assert!(report.schema < SCHEMA, "{name} is no older report");
        let found = report.machine.drm.render_nodes.iter();
        let found: Vec<_> = found
            .map(|node| {
                let vendor = node.hardware.as_ref().and_then(|hardware| hardware.vendor_name.as_deref());
                (node.name.as_str(), vendor.unwrap())
            })
            .collect();
        assert_eq!(found, nodes, "{name}");
        assert_eq!(report.ffmpeg.release(), Some((5, 1)), "{name}");
        assert!(report.encoders.len() > 20 && report.libraries.len() == 9, "{name}");
        assert!(report.trials.is_empty() && report.bare.is_empty() && report.nvml.is_none(), "{name}");
        assert_eq!(report.isolation, Isolation::None);
    }
    let report = read("intel-gen9");
    let driver = report.va_driver("/dev/dri/renderD128".as_ref()).unwrap();
    assert!(driver.entries.iter().any(|entry| entry.profile == "HEVCMain10" && entry.encodes()));
    let video = read("raspberry-pi-4").machine.video;
    assert!(video.iter().any(|node| node.label.as_deref() == Some("bcm2835-codec-encode")));
    assert_eq!(read("nvidia-t4-in-docker").machine.nvidia.gpus[0].model.as_deref(), Some("Tesla T4"));
}

#[test]
fn the_doctor_judges_them() {
    for Old { name, check: (id, level), .. } in REPORTS {
        let diagnosis = doctor::run_all(&read(name), None).unwrap();
        let outcome = diagnosis.checks.iter().find(|outcome| outcome.id == id).unwrap();
        assert_eq!(outcome.finding.level, level, "{name}: {outcome:?}");
    }
}

/// Layout 1 held no trial, so that nothing may be chosen before somebody tries it there.
#[test]
fn they_say_that_nothing_was_tried() {
    let request = Request::new(Codec::H264, 1280, 720).fallback(Fallback::Software);
    for Old { name, .. } in REPORTS {
        let Selection::NeedsTrials(trials) = read(name).select(&request).unwrap() else { panic!("{name}") };
        assert!(!trials.is_empty(), "{name}");
        let error = read(name).select(&request).and_then(Selection::decided).unwrap_err();
        assert_eq!(error.code(), Code::NeedsTrials, "{name}");
    }
}

#[test]
fn written_again_they_say_the_same() {
    for Old { name, .. } in REPORTS {
        let report = read(name);
        assert_eq!(Report::from_json(&report.to_json()).unwrap(), report, "{name}");
    }
}

#[test]
fn a_newer_layout_is_refused() {
    let newer = text("intel-gen9").replacen("\"schema\": 1", &format!("\"schema\": {}", SCHEMA + 1), 1);
    assert_eq!(Report::from_json(&newer).unwrap_err().code(), Code::ReportInvalid);
}
