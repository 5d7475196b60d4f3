//! BGRA to NV12 at 1080p on one core: hwenc's way beside its peers, and what it costs inside a session.
//!
//! The first part times the calls alone, on memory that is used again as a pool's is: the `yuv` crate as
//! `hwenc/src/encode/convert.rs` calls it, swscale and libyuv. The second part codes the same still picture with two
//! sessions, which get it as BGRA and as NV12; what the first takes longer is the conversion and all around it.
//!
//! Asked: below 0.7 ms, with a matrix that can be chosen (libyuv has BT.601 alone).
//! `cargo bench -p hwenc-benches --bench convert`

use std::time::Duration;

use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use hwenc::av::Frame;
use hwenc::{Codec, Color, Latency, Output, Picture, PixelFormat, RateControl, Request, Session};
use hwenc_benches::accuracy::{self, Distance};
use hwenc_benches::ffi::libyuv::Libyuv;
use hwenc_benches::ffi::swscale::{self, BgraToNv12};
use hwenc_benches::paired::{Pair, alternate, cpu_ns, report};
use yuv::{BufferStoreMut, YuvBiPlanarImageMut, YuvConversionMode, YuvRange, YuvStandardMatrix};

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;

fn main() -> hwenc::Result<()> {
    hwenc::log::install(); // or libx264 writes its statistics between the figures
    let measures = std::env::args().any(|arg| arg == "--bench");
    let criterion = Criterion::default().with_measurement(ThreadTime);
    let mut criterion = criterion.measurement_time(Duration::from_secs(5)).configure_from_args();
    accuracies();
    speeds(&mut criterion);
    criterion.final_summary();
    report("BGRA to NV12 in a session", if measures { 12 } else { 1 }, in_a_session)
}

const SIZE: (usize, usize) = (WIDTH, HEIGHT);
/// The mode that hwenc uses, and the one below.
const MODES: [(&str, YuvConversionMode); 2] =
    [("hwenc", YuvConversionMode::Balanced), ("yuv_exact", YuvConversionMode::Professional)];

/// Prints how far the results are from exact ones. swscale's chroma is not comparable: it is not the mean of four
/// pixels but a sharper filter's.
fn accuracies() {
    let bgra = accuracy::noise(WIDTH * HEIGHT * 4);
    let (mut y, mut uv) = (vec![0u8; WIDTH * HEIGHT], vec![0u8; WIDTH * HEIGHT / 2]);
    let print = |name: &str, distances: [Distance; 2]| {
        for (plane, d) in ["luma", "chroma"].iter().zip(distances) {
            let missed = d.missed * 100.0;
            println!(
                "{name}, {plane}: at most {} off, {missed:.2} % not the nearest, bias {:+.3}",
                d.most, d.bias
            );
        }
    };
    for (name, mode) in MODES {
        by_yuv(&bgra, &mut y, &mut uv, mode);
        print(name, accuracy::judge(&bgra, SIZE, &y, &uv, accuracy::BT709));
    }
    match Libyuv::load() {
        Some(libyuv) => {
            libyuv.run(SIZE, &bgra, &mut y, &mut uv);
            print("libyuv", accuracy::judge(&bgra, SIZE, &y, &uv, accuracy::BT601));
        }
        None => println!("libyuv is not installed (Debian: libyuv0): not measured"),
    }
}

fn speeds(criterion: &mut Criterion<ThreadTime>) {
    let bgra = accuracy::noise(WIDTH * HEIGHT * 4);
    let (mut y, mut uv) = (vec![0u8; WIDTH * HEIGHT], vec![0u8; WIDTH * HEIGHT / 2]);
    let mut group = criterion.benchmark_group("bgra_to_nv12_1080p");
    for (name, mode) in MODES {
        group.bench_function(name, |b| b.iter(|| by_yuv(&bgra, &mut y, &mut uv, mode)));
    }
    if let Some(libyuv) = Libyuv::load() {
        group.bench_function("libyuv", |b| b.iter(|| libyuv.run(SIZE, &bgra, &mut y, &mut uv)));
    }
    for (name, flags) in
        [("swscale_bicubic", swscale::BICUBIC), ("swscale_fast_bilinear", swscale::FAST_BILINEAR)]
    {
        let mut scaler = BgraToNv12::new(WIDTH, HEIGHT, flags);
        group.bench_function(name, |b| b.iter(|| scaler.run(&bgra, &mut y, &mut uv)));
    }
    group.finish();
}

fn by_yuv(bgra: &[u8], y: &mut [u8], uv: &mut [u8], mode: YuvConversionMode) {
    let mut image = YuvBiPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: WIDTH as u32,
        uv_plane: BufferStoreMut::Borrowed(uv),
        uv_stride: WIDTH as u32,
        width: WIDTH as u32,
        height: HEIGHT as u32,
    };
    let (range, matrix) = (YuvRange::Limited, YuvStandardMatrix::Bt709);
    yuv::bgra_to_yuv_nv12(&mut image, bgra, WIDTH as u32 * 4, range, matrix, mode).expect("sizes fit");
}

/// A grey picture: skipped macroblocks are the least that libx264 can do with one.
fn in_a_session(_: usize) -> hwenc::Result<Pair> {
    let open = || {
        let request = Request::new(Codec::H264, WIDTH as u32, HEIGHT as u32)
            .input(PixelFormat::NV12)
            .color(Color::BT709)
            .encoder("libx264")
            .preset("ultrafast")
            .latency(Latency::Low)
            .rate_control(RateControl::Cqp(40))
            .gop(100_000)
            .threads(1);
        hwenc::choose(&request)?.open()
    };
    let (mut plain, mut converting) = (open()?, open()?);
    let mut frame = Frame::picture(PixelFormat::NV12, WIDTH as u32, HEIGHT as u32)?;
    frame.plane_mut(0)?.fill(126);
    frame.plane_mut(1)?.fill(128);
    let bgra = vec![128u8; WIDTH * HEIGHT * 4];
    let picture = Picture::borrowed(PixelFormat::BGRA, WIDTH as u32, HEIGHT as u32, &[(&bgra, WIDTH * 4)])?;
    let code = |session: &mut Session, sent: hwenc::Result<()>| {
        sent.expect("a picture is taken");
        while let Output::Packet(packet) = session.receive().expect("a picture is coded") {
            std::hint::black_box(&packet[..]);
        }
    };
    let pair = alternate(
        (12, 20),
        |_| {
            let sent = plain.send(&frame);
            code(&mut plain, sent);
        },
        |_| {
            let sent = converting.send(&picture);
            code(&mut converting, sent);
        },
    );
    assert!(plain.stats().copied_frames == 0 && converting.stats().copied_frames > 0);
    Ok(pair)
}

/// CPU time of this thread, as the rest of this crate measures it: all of these run on the caller's thread, and "on one
/// core" must not mean "on what others leave of it".
struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = f64;
    type Value = f64;

    fn start(&self) -> f64 {
        cpu_ns()
    }

    fn end(&self, start: f64) -> f64 {
        cpu_ns() - start
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter() // nanoseconds as well
    }
}
