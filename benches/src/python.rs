//! Python programs that measure: how they are started, and the lines of JSON that they write.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::de::DeserializeOwned;

/// Which interpreter, and where the rest is.
#[derive(Args, Clone, Debug)]
pub struct Python {
    /// The interpreter; it needs `hwenc` and NumPy, and PyAV where that is compared with.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The `softgpu` command. Default: the one beside this program.
    #[arg(long)]
    softgpu: Option<PathBuf>,
}

impl Python {
    /// A program of `benches/python`, on the machine as it is.
    pub fn program(&self, script: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(path(script)).stdin(Stdio::null());
        command
    }

    /// The same on a device of softgpu's whose encoder does nothing.
    ///
    /// # Errors
    /// When the `softgpu` command is not there.
    pub fn under_softgpu(&self, script: &str) -> Result<Command> {
        let softgpu = match &self.softgpu {
            Some(given) => given.clone(),
            None => beside("softgpu")?,
        };
        let mut command = Command::new(softgpu);
        command.args(["run", "--device", "intel-gen9", "--engine", "null", "--"]).arg(&self.python);
        command.arg(path(script)).stdin(Stdio::null());
        Ok(command)
    }
}

/// What was built beside this program.
///
/// # Errors
/// When it was not.
pub fn beside(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    ensure!(path.exists(), "{} is missing: `cargo build --release --workspace`", path.display());
    Ok(path)
}

fn path(script: &str) -> OsString {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script).into()
}

/// Runs a program to its end, and reads what it wrote, line by line.
///
/// # Errors
/// When it does not start, fails, or writes something else.
pub fn lines<T: DeserializeOwned>(command: &mut Command) -> Result<Vec<T>> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
    let output = child.stdout.take().context("it is a pipe")?;
    let mut lines = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        lines.push(serde_json::from_str(&line).with_context(|| format!("a line of JSON: {line}"))?);
        eprint!("\r{} measurements", lines.len());
    }
    eprintln!();
    let status = child.wait()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(lines)
}
