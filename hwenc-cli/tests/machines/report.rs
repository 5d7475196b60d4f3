//! Reports: recorded ones, and what is changed in those of this machine.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// A report of hwenc/tests/reports.
pub(crate) fn recorded(name: &str) -> Value {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hwenc/tests/reports");
    let text = fs::read_to_string(directory.join(name).with_extension("json"));
    serde_json::from_str(&text.unwrap_or_else(|e| panic!("{name}: {e}"))).unwrap()
}

/// Puts a value where another was, or was not yet.
pub(crate) fn set(report: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = report.pointer_mut(parent).unwrap_or_else(|| panic!("{place} is nowhere"));
    match parent {
        Value::Array(all) => all[name.parse::<usize>().unwrap()] = value,
        _ => parent[name] = value,
    }
}

/// Takes a library away, or gives it.
pub(crate) fn library(report: &mut Value, name: &str, loads: bool) {
    let error = if loads { Value::Null } else { json!(format!("{name}: cannot open shared object file")) };
    let libraries = report["libraries"].as_array_mut().unwrap();
    libraries.retain(|library| library["name"] != name);
    libraries.push(json!({"name": name, "error": error}));
}

/// The group `render`: a number that nobody's group has.
pub(crate) const RENDER: u32 = 40993;

/// Libraries of vendors: FFmpeg's packages bring some of them along, and others none.
const LIBRARIES: [(&str, bool); 6] = [
    ("libcuda.so.1", false),
    ("libnvidia-encode.so.1", false),
    ("libvpl.so.2", true),
    ("libmfx.so.1", true),
    ("libmfx-gen.so.1.2", true),
    ("libmfxhw64.so.1", true),
];

/// Everything in the report of a machine with softgpu's devices that is of the machine below, and not softgpu's, becomes the
/// same everywhere: a PC with Debian and an ordinary user in no group, no NVIDIA, every runtime of Quick Sync, and no word of
/// theirs; except for the libraries that a row brings along.
pub(crate) fn neutral<'a>(report: &mut Value, own: impl Iterator<Item = &'a str>) {
    let user = json!({"uid": 1000, "gid": 1000, "effective_uid": 1000, "effective_gid": 1000,
        "groups": [1000], "user_namespace": false});
    let nothing = json!({"driver_version": null, "version_text": null, "gpus": [], "nodes": [],
        "control": null, "uvm": null});
    for (place, value) in [
        ("/machine/process", user),
        ("/machine/groups", json!([{"name": "render", "gid": RENDER}, {"name": "video", "gid": 44}])),
        (
            "/machine/container",
            json!({"kind": null, "hints": [], "device_rules": null, "memory_limit": null}),
        ),
        ("/machine/nvidia", nothing),
        ("/machine/video", json!([])),
        ("/machine/system/cpu", json!("AMD Ryzen 9 5950X 16-Core Processor")),
        ("/machine/system/virtual_machine", json!(false)),
        ("/machine/system/hypervisor", Value::Null),
        ("/machine/system/kernel", json!("6.12.9-amd64")),
        ("/machine/system/iommu_groups", Value::Null),
        ("/machine/system/kernel_parameters", json!([])),
        ("/machine/system/modules", json!([])),
        ("/machine/system/firmware", json!([])),
        ("/machine/system/nomodeset", json!(false)),
        ("/machine/system/distributions", json!(["debian"])),
        ("/v4l2", json!([])),
        ("/nvml", Value::Null),
        ("/bare", json!([])),
    ] {
        set(report, place, value);
    }
    let own: Vec<&str> = own.collect();
    for (name, loads) in LIBRARIES.into_iter().filter(|(name, _)| !own.contains(name)) {
        library(report, name, loads);
    }
    // Names of groups are the machine's, numbers the row's.
    for node in report["machine"]["drm"]["render_nodes"].as_array_mut().unwrap() {
        let file = &mut node["file"];
        if file.is_object() {
            file["group"] = if file["gid"] == RENDER { json!("render") } else { Value::Null };
        }
    }
}
