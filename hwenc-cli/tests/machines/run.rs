//! Making a machine's report, and asking it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{HWENC, Ran, run};
use crate::place::Place;
use crate::row::{Machine, Row};
use crate::{expect, report, schema, softgpu};

/// No command of a row takes so long, on any machine.
const LIMIT: &str = "240";

/// Runs a row.
pub(crate) fn check(row: &Row) {
    let place = Place::new();
    let mut report = match &row.machine {
        Machine::Devices(devices) => probed(row, &place, &["--device", devices], Path::new(HWENC)),
        #[cfg(feature = "kernel-tests")]
        Machine::Kernel(device) => {
            use crate::rows::kernel::USER;
            let hwenc = place.path().join("hwenc");
            open_to_others(&place);
            let writable = place.path().to_str().unwrap();
            let options =
                ["--kernel", "--uid", USER, "--gid", USER, "--writable", writable, "--device", device];
            probed(row, &place, &options, &hwenc)
        }
        Machine::Recorded(name) => report::recorded(name),
        Machine::Made(make) => make(),
    };
    row.edits.iter().for_each(|change| change(&mut report));
    let text = serde_json::to_string_pretty(&report).unwrap();
    if !matches!(row.machine, Machine::Recorded(_)) {
        schema::check_json(&text); // recorded ones are of older layouts
    }
    fs::write(place.path().join("report.json"), text).unwrap();
    expect::doctor(row, &place);
    expect::decision(row, &place);
}

/// What `hwenc probe --json` says with these options of softgpu, as anywhere else; nothing is left of it.
fn probed(row: &Row, place: &Place, options: &[&str], hwenc: &Path) -> Value {
    let libraries = place.path().join("lib");
    row.stand_ins.iter().for_each(|library| library.make(&libraries));
    let faults = row.faults.iter().flat_map(|rule| ["--fault", rule]);
    let mut command = under(place, &options.iter().copied().chain(faults).collect::<Vec<_>>());
    // Behind softgpu, which has its own mind about some of them.
    let value = |text: &str| text.replace("{here}", libraries.to_str().unwrap());
    if matches!(options, ["--kernel", ..]) {
        // Files that another user makes on the host are not the user's own there; the machine has memory for files.
        let note = r#""$@" && test ! -s $HWENC_CACHE_DIR/journal"#;
        command.env("HWENC_CACHE_DIR", "/dev/shm/hwenc").args(["sh", "-c", note, "sh"]);
    }
    command.arg("env").args(row.variables.iter().map(|(name, text)| format!("{name}={}", value(text))));
    command.arg(hwenc).args(["probe", "--json", "--codec", row.codec, "--size", row.size]);
    command.args(["--bit-depth", &row.bit_depth.to_string(), "--deadline", &row.deadline.to_string()]);
    let text = run(command.args(row.options.split_whitespace())).ok().stdout;
    place.is_left_clean();
    schema::check_json(&text);
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report::neutral(&mut report, row.stand_ins.iter().map(|library| library.name));
    report
}

/// `softgpu run … --`, for `hwenc` with a cache of its own.
pub(crate) fn under(place: &Place, softgpu: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT]).arg(softgpu::program()).args(["run", "--engine", "null"]);
    command.args(softgpu).arg("--");
    command.current_dir(place.path()).stdin(Stdio::null()).env("HWENC_CACHE_DIR", place.cache());
    clean(&mut command);
    let libraries = place.path().join("softgpu");
    if libraries.exists() {
        command.env("SOFTGPU_LIB_DIR", libraries);
    }
    command
}

/// Puts the programs where every user may go, which where the checkout lies not every one may.
#[cfg(feature = "kernel-tests")]
fn open_to_others(place: &Place) {
    let softgpu = softgpu::program().parent().unwrap();
    let to = place.path().join("softgpu");
    fs::create_dir(&to).unwrap();
    fs::copy(HWENC, place.path().join("hwenc")).unwrap();
    for name in ["va", "codec", "drm"].map(|name| format!("libsoftgpu_{name}.so")) {
        fs::copy(softgpu.join(&name), to.join(&name)).unwrap();
    }
}

/// Nothing of the caller's environment decides.
fn clean(command: &mut Command) {
    for name in ["HWENC_LOG", "HWENC_HELPER", "LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH", "SOFTGPU_REPORT"] {
        command.env_remove(name);
    }
}

/// `hwenc` on the report of a row, with no device.
pub(crate) fn offline(place: &Place, words: &[&str]) -> Ran {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", LIMIT, HWENC]).args(words).args(["--input", "report.json"]);
    command.current_dir(place.path()).stdin(Stdio::null()).env("HWENC_CACHE_DIR", nowhere(place));
    clean(&mut command);
    run(&mut command)
}

/// Asking a report keeps nothing.
fn nowhere(place: &Place) -> PathBuf {
    place.path().join("not-made")
}
