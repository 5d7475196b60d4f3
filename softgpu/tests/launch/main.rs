//! `softgpu run` and `softgpu list`, as any program sees them.

mod clients;
mod list;
mod nodes;
mod process;
mod system;

use std::process::{Command, Output};

/// A command line of softgpu, in an environment without traces of another run.
fn softgpu(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_softgpu"));
    for name in ["LD_PRELOAD", "SOFTGPU_DIR", "SOFTGPU_REPORT", "LIBVA_DRIVERS_PATH", "GST_REGISTRY"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Runs a command among these devices.
fn among(devices: &str, command: &[&str]) -> Output {
    let mut all = vec!["run", "--device", devices, "--"];
    all.extend(command);
    softgpu(&all).output().expect("softgpu starts")
}

/// What a script in Python prints among these devices; it must succeed.
fn python(devices: &str, script: &str) -> String {
    let output = among(devices, &["python3", "-c", script]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}
