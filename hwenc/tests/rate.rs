//! Rate control does what was asked for: quality and quantiser move the size the right way, bit rates are met.

mod common;

use common::pixels::Yuv;
use common::{CODECS, encode, judge, request};
use hwenc::{Codec, PixelFormat, RateControl, Request};

const SIZE: (u32, u32) = (160, 96);

/// SVT-AV1's quicker presets throw away most of such noise, whatever they are asked for.
fn noisy(codec: Codec) -> Request {
    let want = request(codec, SIZE.0, SIZE.1);
    if codec == Codec::Av1 { want.preset("8") } else { want }
}

/// Bytes of a film coded as asked, and its mean PSNR.
fn coded(codec: Codec, control: RateControl) -> (usize, f64) {
    let film: Vec<Yuv> = (0..12).map(|n| Yuv::noise(SIZE.0, SIZE.1, n)).collect();
    let want = noisy(codec).input(PixelFormat::I420).rate_control(control);
    let (_, packets) = encode(&want, film.iter().map(|p| p.picture(PixelFormat::I420)));
    let decoded = judge::decode(codec, &packets, SIZE, 8);
    let psnr = decoded.iter().zip(&film).map(|(out, sent)| out.psnr(sent)).sum::<f64>() / 12.0;
    (packets.iter().map(|p| p.len()).sum(), psnr)
}

#[test]
fn more_quality_takes_more_bytes_and_gives_more() {
    type Control = fn(u32) -> RateControl;
    let table: [(&str, Control, [u32; 3]); 2] = [
        ("quality", |q| RateControl::Quality(q as u8), [30, 60, 90]),
        ("quantiser", RateControl::Cqp, [45, 30, 15]),
    ];
    for codec in CODECS {
        for (name, control, values) in &table {
            let [worst, middle, best] = values.map(|value| coded(codec, control(value)));
            let what = format!("{codec} by {name}: {worst:?} {middle:?} {best:?}");
            assert!(worst.0 < middle.0 && middle.0 < best.0, "{what}");
            assert!(worst.1 + 1.0 < middle.1 && middle.1 + 1.0 < best.1, "{what}");
        }
    }
}

/// Bits per second over half a minute of noise: what a one-pass encoder takes too much at first it has then saved
/// again.
fn rate(want: &Request) -> f64 {
    // Fifty pictures back and forth: making noise is slower than coding it.
    let film: Vec<Yuv> = (0..50).map(|n| Yuv::noise(want.width, want.height, n)).collect();
    let picture = |n: usize| film[(n % 98).min(98 - n % 98)].picture(PixelFormat::NV12);
    let (_, packets) = encode(want, (0..750).map(picture));
    packets.iter().map(|p| p.len()).sum::<usize>() as f64 * 8.0 / 30.0
}

#[test]
fn bit_rates_are_met() {
    let wanted = 600_000;
    for codec in CODECS {
        for (control, tolerance) in [(RateControl::Vbr(wanted), 0.1), (RateControl::Cbr(wanted), 0.05)] {
            let want = noisy(codec).fps(25).gop(50).rate_control(control);
            let got = rate(&want) / wanted as f64;
            assert!((got - 1.0).abs() < tolerance, "{codec} with {control:?}: {got:.3} of it");
        }
    }
}
