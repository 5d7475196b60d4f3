//! For the engines' tests: pictures that move, jobs without a driver, and an independent decoder.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Coded, EncodeJob, Encoder, Packed, RateSettings};
use crate::plane::{Format, Planes};

/// A picture in memory of its own.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    wide: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Picture {
    /// Waves and a square, both moving with `time`.
    pub(crate) fn new(width: usize, height: usize, depth: u32, time: usize) -> Self {
        let wide = depth > 8;
        let mut bytes = Vec::new();
        let mut put = |value: usize| {
            if wide {
                bytes.extend_from_slice(&((value as u16 & 1023) << 6).to_le_bytes());
            } else {
                bytes.push((value / 4) as u8);
            }
        };
        for y in 0..height {
            for x in 0..width {
                let wave = ((x + 3 * time) as f32 / 19.0).sin() + ((y + time) as f32 / 23.0).cos();
                let (dx, dy) = (x.abs_diff(40 + 5 * time % width), y.abs_diff(60 + 2 * time % height));
                let square = if dx < 24 && dy < 24 { 150 } else { 0 };
                put((400.0 + 150.0 * wave) as usize + square);
            }
        }
        for y in 0..height.div_ceil(2) {
            for x in 0..width.div_ceil(2) {
                put(400 + (x + time) % 200);
                put(600 - (y + 2 * time) % 150);
            }
        }
        Self { width, height, wide, bytes }
    }

    pub(crate) fn planes(&self) -> Planes<'_> {
        let stride = self.width * if self.wide { 2 } else { 1 };
        let (luma, chroma) = self.bytes.split_at(stride * self.height);
        Planes {
            format: if self.wide { Format::P010 } else { Format::Nv12 },
            width: self.width as u32,
            height: self.height as u32,
            data: [luma, chroma, &[]],
            strides: [stride, self.width.div_ceil(2) * 2 * stride / self.width, 0],
        }
    }
}

/// The bytes of a structure of libva's.
pub(crate) fn raw<T: crate::sys::Plain>(value: &T) -> Vec<u8> {
    // SAFETY: plain numbers, of which every byte may be read; padding among them comes from zeroed structures.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

/// The buffers of one picture.
#[derive(Default)]
pub(crate) struct Buffers {
    pub(crate) sequence: Vec<u8>,
    pub(crate) picture: Vec<u8>,
    pub(crate) slices: Vec<Vec<u8>>,
    pub(crate) packed: Vec<Packed>,
    pub(crate) matrix: Vec<u8>,
    pub(crate) huffman: Vec<u8>,
    pub(crate) rate: RateSettings,
}

impl Buffers {
    pub(crate) fn job<'a>(&'a self, source: &'a Picture, index: u64) -> EncodeJob<'a> {
        EncodeJob {
            source: source.planes(),
            sequence: &self.sequence,
            sequence_is_new: index == 0,
            picture: &self.picture,
            slices: &self.slices,
            packed: &self.packed,
            matrix: &self.matrix,
            huffman: &self.huffman,
            rate: &self.rate,
            capacity: usize::MAX,
            index,
        }
    }
}

/// Codes a picture; the bits.
pub(crate) fn code(encoder: &mut dyn Encoder, buffers: &Buffers, source: &Picture, index: u64) -> Vec<u8> {
    let mut coded = Coded::default();
    encoder.encode(&buffers.job(source, index), &mut coded).unwrap();
    coded.data
}

/// Decodes `stream` with the ffmpeg command, in the order in which it is shown.
pub(crate) fn decode(demuxer: &str, stream: &[u8], width: usize, height: usize, depth: u32) -> Vec<Picture> {
    let format = if depth > 8 { "p010le" } else { "nv12" };
    let mut child = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-f", demuxer, "-i", "-", "-f", "rawvideo", "-pix_fmt", format])
        // JPEG's full range stays as it is.
        .args(if demuxer == "mjpeg" { &["-vf", "scale=out_range=full"][..] } else { &[] })
        .args(["-fps_mode", "passthrough", "-"])
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
    let wide = depth > 8;
    let size = (width * height + 2 * width.div_ceil(2) * height.div_ceil(2)) * if wide { 2 } else { 1 };
    assert_eq!(output.stdout.len() % size, 0);
    let pictures = output.stdout.chunks_exact(size);
    pictures.map(|bytes| Picture { width, height, wide, bytes: bytes.to_vec() }).collect()
}

/// How alike two pictures are, over all planes, in dB.
pub(crate) fn psnr(got: &Picture, sent: &Picture) -> f64 {
    assert_eq!((got.wide, got.bytes.len()), (sent.wide, sent.bytes.len()));
    let (peak, squares): (f64, f64) = if sent.wide {
        let value = |pair: &[u8; 2]| f64::from(u16::from_le_bytes(*pair) >> 6);
        let pairs = got.bytes.as_chunks::<2>().0.iter().zip(sent.bytes.as_chunks::<2>().0);
        (1023.0, pairs.map(|(got, sent)| (value(got) - value(sent)).powi(2)).sum())
    } else {
        let bytes = got.bytes.iter().zip(&sent.bytes);
        (255.0, bytes.map(|(&got, &sent)| (f64::from(got) - f64::from(sent)).powi(2)).sum())
    };
    let samples = sent.bytes.len() as f64 / if sent.wide { 2.0 } else { 1.0 };
    10.0 * (peak * peak * samples / squares.max(1e-9)).log10()
}

/// An IVF file (wiki.multimedia.cx, "Duck IVF"), since VP9 has no byte stream of its own.
pub(crate) fn ivf(fourcc: [u8; 4], width: usize, height: usize, frames: &[Vec<u8>]) -> Vec<u8> {
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
