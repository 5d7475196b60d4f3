//! Real drivers' faults: libva and a driver of softgpu in a worker. Each case is a host of its own under `softgpu run`.

use std::process::{Command, Stdio};

use hwenc::probe::{self, VaDriver};
use hwenc::{Codec, Request};
use serde_json::{Value, json};

use super::common::softgpu;
use super::kit::{CASE, PATIENCE, Test, all, but, code, evidence, helper, loss, soon, task};

pub(crate) const TESTS: &[Test] = &[
    ("a_driver_is_asked_and_ends_as_drivers_do", a_driver_is_asked_and_ends_as_drivers_do),
    ("a_driver_that_crashes_costs_its_task", a_driver_that_crashes_costs_its_task),
    ("a_driver_that_hangs_costs_its_device", a_driver_that_hangs_costs_its_device),
    ("one_of_four_devices_hangs_in_a_trial", one_of_four_devices_hangs_in_a_trial),
    ("one_of_four_devices_crashes_in_a_trial", one_of_four_devices_crashes_in_a_trial),
    ("trials_that_eat_memory_are_ended", trials_that_eat_memory_are_ended),
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

/// Asks the drivers of all nodes, and tries H.264 on each.
pub(crate) fn attempt() {
    let mut door = helper();
    let nodes: Vec<String> = (128..132).map(|minor| format!("/dev/dri/renderD{minor}")).collect();
    for (id, node) in (0..).zip(&nodes) {
        door.submit(but(task(id, node, Value::Null), "job", json!({"va": {"node": node, "driver": null}})));
    }
    let (drivers, _) = all(&mut door);
    let request = Request::new(Codec::H264, 320, 192);
    let limit: u64 = std::env::var("HWENC_TEST_MEMORY").map_or(1 << 30, |bytes| bytes.parse().unwrap());
    for (id, node) in (0..).zip(&nodes) {
        let driver: VaDriver = serde_json::from_value(drivers[&id]["result"]["Ok"]["va"].clone()).unwrap();
        let entry = driver.entries.into_iter().find(|entry| entry.profile == "H264High" && entry.encodes());
        let trial = probe::Trial::new("h264_vaapi", Some(node), entry, &request);
        let tried = but(task(id as u32, node, Value::Null), "job", json!({"trial": trial}));
        let tried = but(tried, "memory", json!(limit));
        // Long enough for a busy machine; who hangs waits so long.
        door.submit(but(tried, "deadline", json!({"secs": 15, "nanos": 0})));
        door.submit(task(id as u32 + 10, node, json!("answer")));
    }
    let (dones, _) = all(&mut door);
    drop(door);
    println!("{}", json!(dones));
}

fn verified(done: &Value) -> bool {
    done["result"]["Ok"]["trial"]["verified"].is_object()
}

/// The last of four devices does this in its first encoding; the others must not notice.
fn beside(liar: &str) -> Value {
    let devices = format!("intel-arc,amd-rdna3,intel-haswell,{liar}");
    let (told, _) = host(&devices, "attempts", &[], &[]);
    for healthy in ["0", "1", "2"] {
        assert!(verified(&told[healthy]), "{}", told[healthy]);
    }
    for after in ["10", "11", "12"] {
        super::kit::pid(&told[after]);
    }
    told
}

fn one_of_four_devices_hangs_in_a_trial() {
    let told = beside("liar-hang");
    assert_eq!(code(&told["3"]), "device.hung", "{}", told["3"]);
    assert_eq!(loss(&told["13"]), "skipped");
}

fn one_of_four_devices_crashes_in_a_trial() {
    let told = beside("liar-crash");
    assert_eq!(code(&told["3"]), "driver.crashed", "{}", told["3"]);
    super::kit::pid(&told["13"]);
}

fn trials_that_eat_memory_are_ended() {
    let limit = ("HWENC_TEST_MEMORY", "150000000");
    let devices = "intel-arc,amd-rdna3,intel-haswell,intel-gen9";
    let (told, _) = host(devices, "attempts", &["va.EndPicture=eat", "va.SyncBuffer=slow:100"], &[limit]);
    for asked in ["0", "1", "2", "3"] {
        assert_eq!(code(&told[asked]), "driver.memory_exhausted", "{}", told[asked]);
    }
    for after in ["10", "11", "12", "13"] {
        super::kit::pid(&told[after]);
    }
}

fn on_two_devices(fault: Option<&str>) -> (Value, Value) {
    let soon = fault.is_some_and(|rule| rule.contains("hang")).then_some(("HWENC_TEST_SOON", "1"));
    host("intel-arc,amd-rdna3", "asks", fault.as_slice(), soon.as_slice())
}

/// What a host told, and softgpu's report.
fn host(devices: &str, case: &str, faults: &[&str], variables: &[(&str, &str)]) -> (Value, Value) {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report.json");
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &PATIENCE.as_secs().to_string()]).arg(softgpu::program());
    command.args(["run", "--device", devices, "--report"]).arg(&report);
    for rule in faults {
        command.args(["--fault", rule]);
    }
    command.arg("--").arg(std::env::current_exe().unwrap());
    command.env(CASE, case).envs(variables.iter().copied()).stdin(Stdio::null());
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
