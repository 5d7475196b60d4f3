//! Generated BGRA pictures become an H.264 stream: `frames_to_packets OUTPUT.h264`.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Write;

use hwenc::{Codec, Fallback, Output, Picture, PixelFormat, Request};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 360;
const FRAMES: u32 = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: frames_to_packets OUTPUT.h264")?;
    let mut sink = File::create(path)?;

    let want = Request::new(Codec::H264, WIDTH, HEIGHT)
        .fps(25)
        .input(PixelFormat::BGRA)
        .quality(70)
        .fallback(Fallback::Software);
    let mut session = hwenc::choose(&want)?.open()?;

    let mut pixels = vec![0u8; (WIDTH * HEIGHT * 4) as usize];
    for n in 0..FRAMES {
        draw(&mut pixels, n);
        session.send(&Picture::packed(PixelFormat::BGRA, WIDTH, HEIGHT, &pixels)?)?;
        while let Output::Packet(packet) = session.receive()? {
            sink.write_all(packet)?;
        }
    }
    session.finish()?;
    while let Output::Packet(packet) = session.receive()? {
        sink.write_all(packet)?;
    }
    println!("{} packets by {}", session.stats().packets_out, session.encoder());
    Ok(())
}

/// A gradient that moves.
fn draw(pixels: &mut [u8], n: u32) {
    for (i, pixel) in pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i as u32 % WIDTH, i as u32 / WIDTH);
        pixel.copy_from_slice(&[(x + n * 4) as u8, (y + n * 2) as u8, (x + y) as u8, 255]);
    }
}
