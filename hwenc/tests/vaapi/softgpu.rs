//! Runs a case of this program under `softgpu run`.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::common::softgpu;

/// Names the case that a child is to run.
pub(crate) const CASE: &str = "HWENC_CASE";
/// Long enough for any machine; only what hangs waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A run of one case.
pub(crate) struct Run {
    device: &'static str,
    engine: Option<&'static str>,
    faults: Vec<String>,
}

/// What became of it.
pub(crate) struct Ran {
    pub(crate) output: Output,
    /// softgpu's report, `Null` where it could not be written.
    pub(crate) report: Value,
}

impl Run {
    pub(crate) fn on(device: &'static str) -> Self {
        Run { device, engine: None, faults: Vec::new() }
    }

    pub(crate) fn engine(mut self, engine: &'static str) -> Self {
        self.engine = Some(engine);
        self
    }

    pub(crate) fn fault(mut self, rule: impl Into<String>) -> Self {
        self.faults.push(rule.into());
        self
    }

    /// Runs a case to its end, killing it when it takes longer than `patience`.
    pub(crate) fn case(&self, case: &str, patience: Duration) -> Ran {
        let dir = tempfile::tempdir().expect("a directory");
        let report = dir.path().join("report.json");
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", &patience.as_secs().to_string()]);
        command.arg(softgpu::program()).args(["run", "--device", self.device, "--report"]).arg(&report);
        if let Some(engine) = self.engine {
            command.args(["--engine", engine]);
        }
        for rule in &self.faults {
            command.args(["--fault", rule]);
        }
        command.arg("--").arg(std::env::current_exe().expect("this program has a path"));
        command.env(CASE, case).stdin(Stdio::null());
        let output = command.output().expect("timeout of coreutils runs");
        let report = std::fs::read_to_string(&report).ok().and_then(|text| serde_json::from_str(&text).ok());
        Ran { output, report: report.unwrap_or(Value::Null) }
    }
}

impl Ran {
    /// Expects that the case held, and that nothing was left alive or misused.
    pub(crate) fn held(self) -> Result<Self, String> {
        if !self.output.status.success() {
            return Err(format!("{}\n{}", self.output.status, self.said()));
        }
        self.clean()?;
        Ok(self)
    }

    /// Expects an empty census.
    pub(crate) fn empty(&self) -> Result<(), String> {
        let alive = self.report["alive"].as_object();
        let alive = alive.ok_or_else(|| format!("there is no report\n{}", self.said()))?;
        // libavcodec 7 keeps the surfaces that it reconstructs into, whoever uses it; 5.1 and 9 do not.
        let kept = super::common::release().0 == 7;
        let left = alive.iter().filter(|(_, count)| count.as_u64() != Some(0));
        let left: Vec<_> = left.filter(|(kind, _)| !(kept && *kind == "surfaces")).collect();
        if !left.is_empty() {
            return Err(format!("left alive: {left:?}\n{}", self.said()));
        }
        Ok(())
    }

    /// Expects an empty census and no misuse.
    pub(crate) fn clean(&self) -> Result<(), String> {
        self.empty()?;
        match self.report["misuse"].as_array() {
            Some(misuse) if misuse.is_empty() => Ok(()),
            misuse => Err(format!("misuse: {misuse:?}\n{}", self.said())),
        }
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        self.report[name].as_u64().unwrap_or_else(|| panic!("no count {name} in {}", self.report))
    }

    /// The signal that ended it, directly or as a shell tells it.
    pub(crate) fn signal(&self) -> Option<i32> {
        let status = self.output.status;
        status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128))
    }

    pub(crate) fn said(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{}{}", text(&self.output.stdout), text(&self.output.stderr))
    }
}
