//! Drivers by name on softgpu: this program runs itself again under `softgpu run`, once for each question.

use std::path::Path;
use std::process::Command;

use crate::probe::VaDriver;

#[path = "../../../tests/common/softgpu.rs"]
mod softgpu;

/// Names the driver to ask for; empty: libva's choice.
const DRIVER: &str = "HWENC_TEST_VA_DRIVER";
/// What comes before the answer in the output.
const MARK: &str = "answer: ";
const NODE: &str = "/dev/dri/renderD128";

/// What a driver says of the first node of these devices; `environment` is the name in `LIBVA_DRIVER_NAME`.
fn ask(devices: &str, driver: Option<&str>, environment: Option<&str>) -> VaDriver {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120"]).arg(softgpu::program());
    command.args(["run", "--device", devices, "--"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "av::va::tests::inside", "--nocapture"]);
    command.env(DRIVER, driver.unwrap_or_default()).env_remove("LIBVA_DRIVER_NAME");
    if let Some(name) = environment {
        command.env("LIBVA_DRIVER_NAME", name);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer = text.split(MARK).nth(1).and_then(|text| text.lines().next());
    let answer = answer.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    serde_json::from_str(answer).unwrap()
}

/// The part of a test that is in the run; alone it asks a node that is not there.
#[test]
fn inside() {
    let driver = std::env::var(DRIVER).ok().filter(|name| !name.is_empty());
    let node = if std::env::var_os(DRIVER).is_some() { NODE } else { "/nonexistent/renderD128" };
    let answer = super::ask(Path::new(node), driver.as_deref());
    println!("{MARK}{}", serde_json::to_string(&answer).unwrap());
    if node != NODE {
        assert!(answer.error.unwrap().contains("does not open"));
    }
}

/// Whether it started, and says the same as `own` but for the name.
fn same(answer: &VaDriver, own: &VaDriver) -> bool {
    answer.error.is_none() && *answer == VaDriver { name: answer.name.clone(), ..own.clone() }
}

/// A driver of softgpu's says what belongs to the node under any name; which was opened shows where one of the two is missing.
#[test]
fn the_driver_that_is_asked_for_answers() {
    let (i965, both) = ("intel-haswell", "intel-haswell,intel-arc");
    let own = ask(i965, None, None);
    assert_eq!((own.name.as_deref(), own.error.as_deref()), (None, None));
    assert!(own.vendor.is_some() && !own.entries.is_empty());
    let by_name = ask(i965, Some("i965"), None);
    assert!(same(&by_name, &own) && by_name.name.as_deref() == Some("i965"), "{by_name:?}");
    assert!(ask(i965, Some("iHD"), None).error.is_some(), "not installed there");
    let other = ask(both, Some("iHD"), None);
    assert!(same(&other, &own) && other.name.as_deref() == Some("iHD"), "{other:?}");
    // The variable chooses for libva, and not for whoever has a name.
    assert!(ask(i965, None, Some("iHD")).error.is_some());
    assert!(same(&ask(i965, Some("i965"), Some("iHD")), &own));
    assert!(ask(i965, Some("iHD"), Some("i965")).error.is_some());
}

#[test]
fn a_driver_that_is_not_there_is_an_answer() {
    let answer = ask("intel-arc", Some("radeonsi"), None);
    assert_eq!(answer.name.as_deref(), Some("radeonsi"));
    assert!(answer.error.as_deref().unwrap().starts_with("vaInitialize: "), "{:?}", answer.error);
    for wrong in ["", "../radeonsi", "a\0b"] {
        assert!(super::name(wrong).unwrap_err().contains("not the name of a driver"), "{wrong:?}");
    }
    let path = ask("intel-arc", Some("../drivers/iHD"), None);
    assert!(path.error.unwrap().contains("not the name of a driver"));
    let long = ask("intel-arc", Some(&"x".repeat(300)), None);
    assert!(long.error.as_deref().unwrap().starts_with("vaSetDriverName: "), "{:?}", long.error);
}
