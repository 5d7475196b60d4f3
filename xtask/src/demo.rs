//! `cargo xtask demo`: from a bare machine to an encoded film.

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::packages::Stage;
use crate::project::Project;
use crate::{quality, say, setup, summary};

const FILM: &str = "examples/media/big_buck_bunny_720p.mp4";
/// `hwenc select` ends with this where no encoder satisfies the request.
const NO_ENCODER: i32 = 3;

/// The command.
pub(crate) fn run(project: &Project, no_setup: bool) -> Result<()> {
    let sh = &project.sh;
    if !no_setup {
        say::step("system packages");
        setup::install(project, Stage::Build..=Stage::Demo)?;
    }

    say::step("build");
    cmd!(sh, "cargo build --release --locked -p hwenc-cli").run()?;
    let target = project.target()?;
    let hwenc = target.join("release/hwenc");

    say::step("which hardware encoders work on this machine, and why the others do not");
    let select = cmd!(sh, "{hwenc} select --codec h264 --size 1280x720");
    let status = std::process::Command::from(select).status().context("hwenc does not start")?;
    match status.code() {
        Some(0) => {}
        Some(NO_ENCODER) => say::note("none does; software, which is allowed below, works everywhere"),
        _ => anyhow::bail!("hwenc select ended with {status}"),
    }

    say::step("encode the film, on the CPU if it must be");
    let place = sh.create_dir(target.join("demo"))?;
    let (film, report) = (place.join("big_buck_bunny_h264.mp4"), place.join("report.json"));
    let allowed = ["--fallback", "software", "--overwrite"];
    cmd!(sh, "{hwenc} transcode {FILM} {film} {allowed...} --report {report}").quiet().run()?;

    say::step("compare it with its source, decoded by ffmpeg");
    let quality = quality::measure(sh, &film, FILM.as_ref())?;
    let report = serde_json::from_str(&sh.read_file(&report)?).context("the report is not JSON")?;
    print!("\n{}", summary::text(&report, &quality)?);
    println!("  {:9}{}", "film", project.short(&film));
    ensure!(report["frames_in"] == report["frames_out"], "frames were lost");
    Ok(())
}
