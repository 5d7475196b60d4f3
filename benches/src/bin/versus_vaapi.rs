//! What a session on a VA-API device costs per picture, beside a bare libavcodec loop, the `ffmpeg` command and
//! GStreamer's va plugin, all on softgpu's driver with the engine that codes nothing: what is left is everything but
//! the encoder.
//!
//! Asked, at the upper end of the intervals: at most 1 µs over the bare loop, 2 % over the bare upload, 1.3 of libyuv into
//! the surface for BGRA; ahead of both peers; first packet within 1.5 of a bare program. Build the driver and the
//! command first: `cargo build --release`.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hwenc::av::{DeviceKind, Frame, HwDevice, HwFrames, Options};
use hwenc::{Codec, Latency, Output, Picture, PixelFormat, RateControl, Request, Session};
use hwenc_benches::ffi::child;
use hwenc_benches::ffi::libyuv::Libyuv;
use hwenc_benches::ffi::vaapi::{BareVaapi, Pixels, Surfaces};
use hwenc_benches::paired::{Pair, alternate, report};
use hwenc_benches::stats;

const SIZE: (u32, u32) = (1920, 1080);
const NODE: &str = "/dev/dri/renderD128";
const GOP: u32 = 120;
/// Blocks of each per round, and pictures per block.
const BLOCKS: (usize, i64) = (6, GOP as i64);

#[derive(Parser)]
#[command(about = "Compares what coding on a VA-API device costs beside the encoder itself")]
struct Arguments {
    /// Rounds of what is measured within one process.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Rounds of whole processes.
    #[arg(long, default_value_t = 8)]
    processes: usize,
    /// The `softgpu` command. Default: the one beside this program.
    #[arg(long)]
    softgpu: Option<PathBuf>,
    /// What a child of this program does, under softgpu.
    #[arg(long, hide = true)]
    inside: Option<String>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.inside.as_deref() {
        Some("pairs") => pairs(arguments.rounds)?,
        Some("first") => first_packet()?,
        Some("first-bare") => first_packet_bare(),
        Some(other) => anyhow::bail!("there is no part `{other}`"),
        None => outside(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts every part under softgpu.
fn outside(arguments: &Arguments) -> Result<()> {
    let own = std::env::current_exe()?;
    let softgpu = arguments.softgpu.clone().unwrap_or_else(|| own.with_file_name("softgpu"));
    ensure!(softgpu.exists(), "{} is missing: `cargo build --release`", softgpu.display());
    let under = |program: &str| {
        let mut command = Command::new(&softgpu);
        command.args(["run", "--device", "intel-gen9", "--engine", "null", "--", program]);
        command.stdin(Stdio::null());
        command
    };
    let own = own.to_str().context("the path of this program is text")?;
    let status = under(own)
        .args(["--inside", "pairs", "--rounds", &arguments.rounds.to_string()])
        .status()
        .context("softgpu starts")?;
    ensure!(status.success(), "the pairs ended with {status}");

    // What costs less takes more pictures to be seen beside the start of a process.
    for (what, format, many) in [("NV12", "nv12", 3000), ("BGRA", "bgra", 400)] {
        let costs = slope(arguments.processes, many, |pictures| {
            let mut command = under("ffmpeg");
            let source = format!("color=c=gray:size={}x{}:rate=30,format={format}", SIZE.0, SIZE.1);
            let mut filter = String::from("hwupload");
            if format != "nv12" {
                filter = "format=nv12,hwupload".into();
            }
            command.args([
                "-nostdin",
                "-loglevel",
                "error",
                "-vaapi_device",
                NODE,
                "-f",
                "lavfi",
                "-i",
                &source,
            ]);
            command.args([
                "-vf",
                &filter,
                "-c:v",
                "h264_vaapi",
                "-bf",
                "0",
                "-frames:v",
                &pictures.to_string(),
            ]);
            command.args(["-f", "null", "-"]);
            command
        })?;
        print_cost(&format!("ffmpeg command, {what}"), &costs);
        let costs = slope(arguments.processes, many, |pictures| {
            let mut command = under("gst-launch-1.0");
            // New buffers without work in them: of one that comes again, the plugin keeps the surface.
            let bytes = SIZE.0 * SIZE.1 * if what == "NV12" { 3 } else { 8 } / 2;
            command.args([
                "-q",
                "fakesrc",
                "sizetype=fixed",
                &format!("sizemax={bytes}"),
                "filltype=nothing",
            ]);
            command.args([
                &format!("num-buffers={pictures}"),
                "!",
                "rawvideoparse",
                &format!("format={format}"),
            ]);
            command.args([
                &format!("width={}", SIZE.0),
                &format!("height={}", SIZE.1),
                "framerate=30/1",
                "!",
            ]);
            if what == "BGRA" {
                command.args(["videoconvert", "!", "video/x-raw,format=NV12", "!"]);
            }
            command.args(["vah264enc", "!", "fakesink"]);
            command.stdout(Stdio::null());
            command
        });
        match costs {
            Ok(costs) => print_cost(&format!("GStreamer va, {what}"), &costs),
            Err(error) => println!("GStreamer va, {what}: not measured: {error:#}"),
        }
    }

    let start = |part: &str| {
        let mut command = under(own);
        command.args(["--inside", part]);
        command
    };
    let ffmpeg = || {
        let mut command = under("ffmpeg");
        let source = format!("color=c=gray:size={}x{}:rate=30,format=nv12", SIZE.0, SIZE.1);
        command.args(["-nostdin", "-loglevel", "error", "-vaapi_device", NODE, "-f", "lavfi", "-i", &source]);
        command.args([
            "-vf",
            "hwupload",
            "-c:v",
            "h264_vaapi",
            "-bf",
            "0",
            "-frames:v",
            "1",
            "-f",
            "null",
            "-",
        ]);
        command
    };
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..arguments.processes.max(6) * 3 {
        // The first packet's time is printed by the process itself; what softgpu takes to start is in none of them.
        times[0].push(told(&mut start("first"))?);
        times[1].push(told(&mut start("first-bare"))?);
        times[2].push(child::run(&mut ffmpeg())?.wall_s * 1e3);
        times[3].push(child::run(&mut under("true"))?.wall_s * 1e3);
        times[4].push(told(&mut start("first"))?);
    }
    let [ours, bare, ffmpeg, nothing, again] = &times;
    for (name, values) in [("hwenc", ours), ("bare program", bare)] {
        if let Some(e) = stats::median(values) {
            println!("first packet, {name}: {:.1} ms [{:.1}, {:.1}]", e.value, e.low, e.high);
        }
    }
    let whole: Vec<f64> = ffmpeg.iter().zip(nothing).map(|(f, n)| f - n).collect();
    if let Some(e) = stats::median(&whole) {
        println!(
            "one picture, ffmpeg command (start to end): {:.1} ms [{:.1}, {:.1}]",
            e.value, e.low, e.high
        );
    }
    for (name, a, b) in [("hwenc / bare program", ours, bare), ("control (hwenc / hwenc)", again, ours)] {
        if let Some(e) = stats::ratio(a, b) {
            println!("first packet, {name}: {:.3} [{:.3}, {:.3}]", e.value, e.low, e.high);
        }
    }
    Ok(())
}

/// CPU per picture in µs: what more pictures cost more.
fn slope(rounds: usize, many: u32, command: impl Fn(u32) -> Command) -> Result<Vec<f64>> {
    const FEW: u32 = 60;
    let mut costs = Vec::new();
    for _ in 0..rounds.max(6) {
        let few = child::run(&mut command(FEW))?.cpu_s;
        let more = child::run(&mut command(many))?.cpu_s;
        costs.push((more - few) * 1e6 / f64::from(many - FEW));
    }
    Ok(costs)
}

fn print_cost(what: &str, costs: &[f64]) {
    if let Some(e) = stats::median(costs) {
        println!("{what}: {:.0} µs of CPU per picture [{:.0}, {:.0}]", e.value, e.low, e.high);
    }
}

/// Milliseconds that a child prints of itself.
fn told(command: &mut Command) -> Result<f64> {
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

fn pairs(rounds: usize) -> Result<()> {
    hwenc::log::install();
    report("a picture of the device, over the bare loop", rounds, on_device)?;
    report("NV12, over the bare upload", rounds, nv12)?;
    report("BGRA, over libyuv into the surface", rounds, bgra)?;
    report("control: the bare loop beside itself", rounds, |_| control(&Pixels::None))?;
    let nv12 = pixels(3, 2);
    let uploads = move |_| control(&Pixels::Nv12(&nv12));
    report("control: the bare upload beside itself", rounds, uploads)?;
    Ok(())
}

fn pixels(numerator: u32, denominator: u32) -> Vec<u8> {
    (0..SIZE.0 * SIZE.1 * numerator / denominator).map(|i| (i / 7 + i / 1920) as u8).collect()
}

fn bare() -> BareVaapi {
    let options = [("rc_mode", "CQP"), ("global_quality", "30"), ("async_depth", "1"), ("low_power", "0")];
    BareVaapi::open("h264_vaapi", Surfaces::open(NODE, SIZE), 30, GOP as i32, &options)
}

fn request(input: PixelFormat) -> Request {
    Request::new(Codec::H264, SIZE.0, SIZE.1)
        .gop(GOP)
        .input(input)
        .encoder("h264_vaapi")
        .latency(Latency::Low)
        .rate_control(RateControl::Cqp(30))
}

fn discard(packet: &[u8]) {
    std::hint::black_box(packet);
}

fn drain(session: &mut Session) {
    while let Output::Packet(packet) = session.receive().expect("a packet, or none") {
        std::hint::black_box(&packet[..]);
    }
}

fn on_device(_: usize) -> hwenc::Result<Pair> {
    let mut encoder = bare();
    let device = HwDevice::create(DeviceKind::VAAPI, Some(NODE), Options::new())?;
    let pool = HwFrames::new(&device, PixelFormat::VAAPI, PixelFormat::NV12, SIZE.0, SIZE.1, 0)?;
    let mut session = hwenc::choose(&request(PixelFormat::VAAPI))?.open_for(&pool.picture()?)?;
    let mut frame = Frame::empty()?;
    let ours = |pts| {
        pool.fill(&mut frame).expect("a surface");
        frame.set_pts(Some(pts));
        session.send(&mut frame).expect("a picture is taken");
        drain(&mut session);
    };
    Ok(alternate(BLOCKS, |pts| encoder.encode(&Pixels::None, pts, discard), ours))
}

fn nv12(_: usize) -> hwenc::Result<Pair> {
    let bytes = pixels(3, 2);
    let mut encoder = bare();
    let mut session = hwenc::choose(&request(PixelFormat::NV12))?.open()?;
    let ours = |pts| {
        let picture = Picture::packed(PixelFormat::NV12, SIZE.0, SIZE.1, &bytes).expect("a picture").pts(pts);
        session.send(&picture).expect("a picture is taken");
        drain(&mut session);
    };
    let base = |pts| encoder.encode(&Pixels::Nv12(&bytes), pts, discard);
    Ok(alternate(BLOCKS, base, ours))
}

fn bgra(_: usize) -> hwenc::Result<Pair> {
    let libyuv = Libyuv::load().expect("libyuv.so.0 (Debian: libyuv0)");
    let bytes = pixels(4, 1);
    let mut encoder = bare();
    let mut session = hwenc::choose(&request(PixelFormat::BGRA))?.open()?;
    let ours = |pts| {
        let picture = Picture::packed(PixelFormat::BGRA, SIZE.0, SIZE.1, &bytes).expect("a picture").pts(pts);
        session.send(&picture).expect("a picture is taken");
        drain(&mut session);
    };
    let base = |pts| encoder.encode(&Pixels::Bgra(&bytes, &libyuv), pts, discard);
    Ok(alternate(BLOCKS, base, ours))
}

fn control(pixels: &Pixels<'_>) -> hwenc::Result<Pair> {
    let (mut a, mut b) = (bare(), bare());
    let base = |pts| a.encode(pixels, pts, discard);
    Ok(alternate(BLOCKS, base, |pts| b.encode(pixels, pts, discard)))
}

/// Milliseconds from the start of this process to its first packet.
fn first_packet() -> Result<()> {
    let bytes = pixels(3, 2);
    let begun = Instant::now();
    let mut session = hwenc::choose(&request(PixelFormat::NV12))?.open()?;
    session.send(&Picture::packed(PixelFormat::NV12, SIZE.0, SIZE.1, &bytes)?)?;
    ensure!(matches!(session.receive()?, Output::Packet(_)), "one in, one out");
    println!("{}", since_start(begun));
    Ok(())
}

fn first_packet_bare() {
    let bytes = pixels(3, 2);
    let begun = Instant::now();
    let mut packets = 0;
    bare().encode(&Pixels::Nv12(&bytes), 0, |_| packets += 1);
    assert_eq!(packets, 1, "one in, one out");
    println!("{}", since_start(begun));
}

/// What the kernel took to load libraries is the same for both, and is counted by neither.
fn since_start(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}
