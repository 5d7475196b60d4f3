//! Real drivers' faults: libva and a driver of softgpu in a worker. Each case is a host of its own under `softgpu run`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::common::softgpu;
use super::kit::{CASE, PATIENCE, Test, all, but, code, evidence, helper, loss, soon, task};

pub(crate) const TESTS: &[Test] = &[
    ("a_driver_is_asked_and_ends_as_drivers_do", a_driver_is_asked_and_ends_as_drivers_do),
    ("a_driver_that_crashes_costs_its_task", a_driver_that_crashes_costs_its_task),
    ("a_driver_that_hangs_costs_its_device", a_driver_that_hangs_costs_its_device),
];

const NODES: [&str; 2] = ["/dev/dri/renderD128", "/dev/dri/renderD129"];

/// Asks the driver of each node, and opens the node after that; tells what came of it.
pub(crate) fn ask() {
    let mut door = helper();
    for (id, node) in (0..).zip(NODES) {
        let va = but(task(id, node, Value::Null), "job", json!({"va": {"node": node, "driver": null}}));
        // A deadline only for who hangs.
        door.submit(if std::env::var_os("HWENC_TEST_SOON").is_some() { soon(va) } else { va });
        door.submit(but(task(id + 10, node, Value::Null), "job", json!({"open": {"path": node}})));
    }
    let (dones, _) = all(&mut door);
    drop(door);
    println!("{}", json!(dones));
}

/// What a host told, and softgpu's report.
fn on_two_devices(fault: Option<&str>) -> (Value, Value) {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report.json");
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &PATIENCE.as_secs().to_string()]).arg(softgpu::program());
    command.args(["run", "--device", "intel-arc,amd-rdna3", "--report"]).arg(&report);
    if let Some(rule) = fault {
        command.args(["--fault", rule]);
    }
    if fault.is_some_and(|rule| rule.contains("hang")) {
        command.env("HWENC_TEST_SOON", "1");
    }
    command.arg("--").arg(std::env::current_exe().unwrap()).env(CASE, "asks").stdin(Stdio::null());
    let output = command.output().expect("timeout of coreutils runs");
    assert!(output.status.success(), "{output:?}");
    let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let report = std::fs::read_to_string(&report).ok().and_then(|text| serde_json::from_str(&text).ok());
    (told, report.unwrap_or_default())
}

/// softgpu writes its report when a process ends by itself: a worker's did.
fn a_driver_is_asked_and_ends_as_drivers_do() {
    let (told, report) = on_two_devices(None);
    for (id, vendor) in [("0", "Intel"), ("1", "Mesa")] {
        let driver = &told[id]["result"]["Ok"]["va"];
        assert!(driver["vendor"].as_str().is_some_and(|words| words.contains(vendor)), "{told}");
        assert!(!driver["entries"].as_array().unwrap().is_empty());
    }
    assert_eq!(report["processes"], 2, "{report}");
    assert_eq!(report["misuse"], json!([]));
    for opened in ["10", "11"] {
        assert_eq!(told[opened]["result"]["Ok"]["open"]["state"], "open", "{told}");
    }
}

fn a_driver_that_crashes_costs_its_task() {
    for (fault, name) in [("va.Initialize=segv", "SIGSEGV"), ("va.Initialize=abort", "SIGABRT")] {
        let (told, _) = on_two_devices(Some(fault));
        for asked in ["0", "1"] {
            assert_eq!(code(&told[asked]), "driver.crashed", "{told}");
            assert!(evidence(&told[asked]).contains(name), "{told}");
        }
        for opened in ["10", "11"] {
            assert_eq!(told[opened]["result"]["Ok"]["open"]["state"], "open", "{told}");
        }
    }
}

fn a_driver_that_hangs_costs_its_device() {
    let (told, _) = on_two_devices(Some("va.Initialize=hang"));
    for (asked, opened) in [("0", "10"), ("1", "11")] {
        assert!(loss(&told[asked])["hung"].is_object(), "{told}");
        assert_eq!(loss(&told[opened]), "skipped");
    }
}
