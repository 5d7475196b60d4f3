//! A cold, isolated probe beside the script that everyone writes (`vainfo`, `ffmpeg -encoders`, one trial by the `ffmpeg`
//! command for each candidate), whole processes on one healthy device of softgpu with the engine that codes nothing; and
//! how long an answer takes that is cached.
//!
//! The script tries what hwenc's own report says was verified, as many pictures of the same size with the same preset, one
//! after the other as shells do; it judges nothing. Asked: the script takes at least 3 times as long; a cached answer
//! comes within 2 ms after `main` starts. Build the commands first: `cargo build --release --workspace`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hwenc::av::Rational;
use hwenc::probe::{Report, Tried};
use hwenc_benches::ffi::child::{self, Usage};
use hwenc_benches::stats;

#[derive(Parser)]
#[command(about = "Compares a probe with the script that does the same by vainfo and ffmpeg")]
struct Arguments {
    /// Rounds; each runs the script, a cold probe and a cached answer.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// The device of softgpu.
    #[arg(long, default_value = "intel-gen9")]
    device: String,
    /// Only this codec. Default: every codec, at 8 and 10 bit.
    #[arg(long)]
    codec: Option<String>,
    /// The `hwenc` command. Default: the one beside this program.
    #[arg(long)]
    hwenc: Option<PathBuf>,
    /// The `softgpu` command. Default: the one beside this program.
    #[arg(long)]
    softgpu: Option<PathBuf>,
    /// Prints the script, and ends.
    #[arg(long)]
    script: bool,
    /// This is the child that measures, under softgpu.
    #[arg(long, hide = true)]
    inside: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let own = std::env::current_exe()?;
    let beside = |given: &Option<PathBuf>, name| given.clone().unwrap_or_else(|| own.with_file_name(name));
    if arguments.inside {
        measure(&arguments, &beside(&arguments.hwenc, "hwenc"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let softgpu = beside(&arguments.softgpu, "softgpu");
    ensure!(softgpu.exists(), "{} is missing: `cargo build --release`", softgpu.display());
    let mut command = Command::new(softgpu);
    command.args(["run", "--device", &arguments.device, "--engine", "null", "--"]).arg(&own);
    command.arg("--inside").args(std::env::args_os().skip(1)).stdin(Stdio::null());
    let status = command.status().context("softgpu starts")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Wall-clock time and CPU of all processes, in milliseconds.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Times {
    fn add(&mut self, usage: Usage) {
        self.wall.push(usage.wall_s * 1e3);
        self.cpu.push(usage.cpu_s * 1e3);
    }
}

fn measure(arguments: &Arguments, hwenc: &Path) -> Result<()> {
    let probing = || {
        let mut command = quiet(hwenc);
        command.args(["probe", "--json"]).args(arguments.codec.iter().flat_map(|codec| ["--codec", codec]));
        command
    };
    let report = probe(&mut probing())?;
    let failed: Vec<_> = report.trials.iter().filter(|tried| tried.outcome.proof().is_none()).collect();
    ensure!(failed.is_empty(), "on a healthy device every candidate is verified: {failed:#?}");
    let script = script(&report);
    if arguments.script {
        print!("{script}");
        return Ok(());
    }
    let cache = tempfile::tempdir()?;
    let codec = report.trials.first().context("something was tried")?.trial.request.codec.to_string();
    let answer = || {
        let mut command = quiet(hwenc);
        command.args(["select", "--codec", &codec, "--size", "1280x720", "--fallback", "software"]);
        command.env("HWENC_CACHE_DIR", cache.path()).env_remove("HWENC_LOG");
        command
    };
    child::run(&mut answer()).context("the answer that is cached")?;

    let [mut scripts, mut probes, mut cached, mut nothing] = <[Times; 4]>::default();
    let mut answers = Vec::new();
    let (mut devices, mut software) = (Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        // Each comes first as often as second.
        for who in [round % 2, 1 - round % 2] {
            if who == 0 {
                scripts.add(child::run(quiet(Path::new("sh")).args(["-e", "-c", &script]))?);
                continue;
            }
            let cold = tempfile::tempdir()?;
            probes.add(child::run(probing().env("HWENC_CACHE_DIR", cold.path()))?);
        }
        let report = probe(&mut probing())?;
        devices.push(spent(&report, |tried| tried.trial.device.is_some()));
        software.push(spent(&report, |tried| tried.trial.device.is_none()));
        cached.add(child::run(&mut answer())?);
        answers.push(from_main(&mut answer())?);
        nothing.add(child::run(quiet(hwenc).arg("--version"))?);
        eprint!("\r{} of {} rounds", round + 1, arguments.rounds);
    }
    eprintln!("\r{} candidates, {} rounds", report.trials.len(), arguments.rounds);
    println!("| | median | quartiles |");
    println!("|---|---|---|");
    let whole = |what: &str, times: &Times| {
        row(what, "ms", &times.wall);
        row(&format!("{what}, CPU"), "ms", &times.cpu);
    };
    whole("the script", &scripts);
    whole("a cold probe", &probes);
    row("of it: trials on the device", "ms", &devices);
    row("of it: trials of software, meanwhile", "ms", &software);
    row("a cached answer, from the beginning of main", "µs", &answers);
    row("a cached answer, whole process", "ms", &cached.wall);
    row("`hwenc --version`, whole process", "ms", &nothing.wall);
    for (what, theirs, ours) in
        [("wall clock", &scripts.wall, &probes.wall), ("CPU", &scripts.cpu, &probes.cpu)]
    {
        if let Some(e) = stats::ratio(theirs, ours) {
            println!("script / probe, {what}: {:.2} [{:.2}, {:.2}]", e.value, e.low, e.high);
        }
    }
    Ok(())
}

fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// What a cold probe reports.
fn probe(command: &mut Command) -> Result<Report> {
    let cold = tempfile::tempdir()?;
    let output = command
        .env("HWENC_CACHE_DIR", cold.path())
        .stdout(Stdio::piped())
        .output()
        .context("hwenc starts")?;
    ensure!(output.status.success(), "the probe ended with {}", output.status);
    Ok(Report::from_json(&String::from_utf8(output.stdout)?)?)
}

/// Milliseconds that these trials took together.
fn spent(report: &Report, which: impl Fn(&&Tried) -> bool) -> f64 {
    report.trials.iter().filter(which).map(|tried| tried.wall_ms).sum()
}

/// Microseconds that the command tells of itself, from the beginning of `main`. Writing its one line is in them.
fn from_main(command: &mut Command) -> Result<f64> {
    let output = command.env("HWENC_LOG", "hwenc_cli=debug").stderr(Stdio::piped()).output()?;
    ensure!(output.status.success(), "the answer ended with {}", output.status);
    let text = String::from_utf8_lossy(&output.stderr);
    let number = text.split("microseconds=").nth(1).context("the command tells its time")?;
    Ok(number.trim().parse()?)
}

/// What everyone writes, over the candidates of this report.
fn script(report: &Report) -> String {
    let mut lines =
        vec!["vainfo >/dev/null 2>&1".to_owned(), "ffmpeg -hide_banner -encoders >/dev/null".into()];
    for Tried { trial, outcome, .. } in &report.trials {
        let Some(proof) = outcome.proof() else { continue };
        let request = &trial.request;
        let deep = request.bit_depth > 8;
        let Rational { num, den } = request.frame_rate;
        let mut line = String::from("ffmpeg -nostdin -hide_banner -loglevel error");
        if let Some(device) = &trial.device {
            line += &format!(" -vaapi_device {device}");
        }
        line += &format!(" -f lavfi -i testsrc2=size={}x{}", request.width, request.height);
        line += &format!(":rate={num}/{den} -frames:v {}", proof.frames);
        if trial.device.is_some() {
            line += &format!(" -vf format={},hwupload", if deep { "p010" } else { "nv12" });
        } else {
            line += &format!(" -pix_fmt {}", if deep { "yuv420p10le" } else { "yuv420p" });
        }
        line += &format!(" -c:v {}", trial.encoder);
        if trial.va.as_ref().is_some_and(|entry| entry.is_low_power()) {
            line += " -low_power 1";
        }
        if let Some(preset) = &request.preset {
            line += &format!(" -preset {preset}");
        }
        match trial.encoder.as_str() {
            "libx265" => line += " -x265-params log-level=error",
            "libsvtav1" => line += " -svtav1-params lp=1",
            _ => {}
        }
        lines.push(line + " -f null - 2>/dev/null");
    }
    lines.join("\n") + "\n"
}

fn row(what: &str, unit: &str, values: &[f64]) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| sorted.get((part * (sorted.len().max(1) - 1) as f64).round() as usize);
    if let (Some(low), Some(middle), Some(high)) = (at(0.25), at(0.5), at(0.75)) {
        println!("| {what} | {middle:.1} {unit} | {low:.1} to {high:.1} |");
    }
}
