//! Clips made by the ffmpeg command, and what it says of them with and without a simulated device.
#![allow(dead_code, unreachable_pub)] // Each test program uses a part.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The source of most clips: moving patterns and text, 50 pictures.
pub const SOURCE: &[&str] = &["-f", "lavfi", "-i", "testsrc2=size=320x192:rate=25:duration=2"];

/// A directory of a test's own.
pub struct Scene {
    directory: tempfile::TempDir,
}

/// What came of a run on a device.
pub struct Run {
    /// One line per picture.
    pub pictures: Vec<String>,
    /// What softgpu counted.
    pub report: Value,
    /// What the command had to say.
    pub said: String,
    /// Whether it was content.
    pub success: bool,
}

impl Scene {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Codes the usual source.
    pub fn clip(&self, name: &str, encoder: &[&str]) -> PathBuf {
        self.make(name, &[SOURCE, encoder].concat())
    }

    /// Runs the ffmpeg command to make a file.
    pub fn make(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let output = ffmpeg().args(arguments).arg("-y").arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        path
    }

    /// Runs the ffmpeg command on a device.
    pub fn on_device(&self, device: &str, engine: &str, arguments: &[&str]) -> Run {
        let report = self.path("report.json");
        // The report would add to an earlier one.
        let _ = std::fs::remove_file(&report);
        let mut command = Command::new(env!("CARGO_BIN_EXE_softgpu"));
        command.args(["run", "--device", device, "--engine", engine, "--report"]).arg(&report);
        command.args(["--", "ffmpeg", "-nostdin", "-v", "error", "-y"]).args(arguments);
        let output = command.output().unwrap();
        Run {
            pictures: sums(&output),
            report: serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        }
    }

    /// Decodes on a device; `decoder` goes before the input.
    pub fn decode(&self, device: &str, decoder: &[&str], clip: &Path, filters: &str) -> Run {
        let filters = format!("hwdownload,{filters}");
        let before = ["-hwaccel", "vaapi", "-hwaccel_output_format", "vaapi"];
        let after = ["-i", clip.to_str().unwrap(), "-an", "-vf", &filters, "-f", "framemd5", "-"];
        self.on_device(device, "null", &[&before, decoder, &after].concat())
    }
}

impl Run {
    /// A count of the report, by its name.
    pub fn count(&self, name: &str) -> u64 {
        self.report[name].as_u64().unwrap_or_else(|| panic!("{name} in {}", self.report))
    }

    pub fn assert_clean(&self) {
        assert!(self.success, "{}", self.said);
        // FFmpeg's filters destroy the surfaces of their target before the context; nothing else is known to be wrong.
        let misuse = self.report["misuse"].as_array().unwrap();
        let known = |one: &Value| one["rule"] == "surface.of_context";
        assert!(misuse.iter().all(known), "the client, or its reading, is wrong: {misuse:?}");
    }
}

/// Checksums of what libavcodec decodes itself.
pub fn in_software(before: &[&str], clip: &Path, filters: &str) -> Vec<String> {
    let output = ffmpeg()
        .args(before)
        .arg("-i")
        .arg(clip)
        .args(["-an", "-vf", filters, "-f", "framemd5", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sums(&output)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    command
}

/// The sums in framemd5's lines; the columns before may differ with the frame rate that is guessed.
fn sums(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit(',').next())
        .map(|sum| sum.trim().to_owned())
        .collect()
}

/// The average of the psnr filter over two inputs of the command, in dB.
pub fn psnr(arguments: &[&str]) -> f64 {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "info", "-nostats"])
        .args(arguments)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (_, value) = said.rsplit_once(" average:").unwrap_or_else(|| panic!("{said}"));
    match value.split_whitespace().next().unwrap() {
        "inf" => f64::INFINITY,
        number => number.parse().unwrap(),
    }
}
