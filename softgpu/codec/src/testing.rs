//! Pictures that move, and an independent decoder, for the tests of the encoders.

use std::io::Write as _;
use std::process::{Command, Stdio};

use softgpu_core::codec::{Format, Image};

/// A picture in memory of its own.
pub(crate) struct Picture {
    width: usize,
    height: usize,
    wide: bool,
    bytes: Vec<u8>,
}

impl Picture {
    /// Waves and a square, both moving with `time`.
    pub(crate) fn new(width: usize, height: usize, wide: bool, time: usize) -> Self {
        let mut bytes = Vec::new();
        let mut put = |value: usize| {
            if wide {
                // All ten bits matter.
                bytes.extend_from_slice(&((value as u16 & 1023) << 6).to_le_bytes());
            } else {
                bytes.push((value / 4) as u8);
            }
        };
        for y in 0..height {
            for x in 0..width {
                let wave = ((x + 3 * time) as f32 / 19.0).sin() + ((y + time) as f32 / 23.0).cos();
                let (dx, dy) = (x.abs_diff(40 + 5 * time), y.abs_diff(60 + 2 * time));
                let square = if dx < 24 && dy < 24 { 150 } else { 0 };
                put((400.0 + 150.0 * wave) as usize + square);
            }
        }
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                put(400 + (x + time) % 200);
                put(600 - (y + 2 * time) % 150);
            }
        }
        Self { width, height, wide, bytes }
    }

    pub(crate) fn image(&mut self) -> Image {
        let stride = self.width * if self.wide { 2 } else { 1 };
        let (luma, chroma) = self.bytes.split_at_mut(stride * self.height);
        Image {
            format: if self.wide { Format::P010 } else { Format::Nv12 },
            width: self.width as u32,
            height: self.height as u32,
            planes: [luma.as_mut_ptr(), chroma.as_mut_ptr(), std::ptr::null_mut()],
            strides: [stride, stride, 0],
        }
    }
}

/// Decodes `stream` with the ffmpeg command and compares: the lowest PSNR of any picture, in dB. As many must come out as
/// went in.
pub(crate) fn psnr(demuxer: &str, stream: &[u8], sent: &[Picture]) -> f64 {
    let format = if sent[0].wide { "p010le" } else { "nv12" };
    let mut child = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            demuxer,
            "-i",
            "-",
            "-f",
            "rawvideo",
            "-pix_fmt",
            format,
            "-fps_mode",
            "passthrough",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the ffmpeg command is there");
    let mut input = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(stream).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), sent.iter().map(|picture| picture.bytes.len()).sum::<usize>());
    let pictures = output.stdout.chunks_exact(sent[0].bytes.len()).zip(sent);
    pictures.map(|(got, sent)| one_psnr(got, sent)).fold(f64::INFINITY, f64::min)
}

fn one_psnr(got: &[u8], sent: &Picture) -> f64 {
    let (peak, squares): (f64, f64) = if sent.wide {
        let value = |pair: &[u8; 2]| f64::from(u16::from_le_bytes(*pair) >> 6);
        let pairs = got.as_chunks::<2>().0.iter().zip(sent.bytes.as_chunks::<2>().0);
        (1023.0, pairs.map(|(got, sent)| (value(got) - value(sent)).powi(2)).sum())
    } else {
        let bytes = got.iter().zip(&sent.bytes);
        (255.0, bytes.map(|(&got, &sent)| (f64::from(got) - f64::from(sent)).powi(2)).sum())
    };
    let samples = got.len() as f64 / if sent.wide { 2.0 } else { 1.0 };
    10.0 * (peak * peak * samples / squares.max(1e-9)).log10()
}

/// An IVF file (wiki.multimedia.cx, "Duck IVF"), since VP9 has no byte stream of its own.
pub(crate) fn ivf(fourcc: [u8; 4], width: u32, height: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [&b"DKIF"[..], &[0, 0, 32, 0], &fourcc].concat();
    file.extend_from_slice(&(width as u16).to_le_bytes());
    file.extend_from_slice(&(height as u16).to_le_bytes());
    for number in [30, 1, frames.len() as u32, 0] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    for (time, frame) in frames.iter().enumerate() {
        file.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        file.extend_from_slice(&(time as u64).to_le_bytes());
        file.extend_from_slice(frame);
    }
    file
}
