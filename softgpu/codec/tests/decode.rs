//! Pictures come at once and in decoding order, equal to what the ffmpeg command decodes, whatever the order of display.
#![allow(missing_docs)]

use std::collections::HashSet;
use std::ffi::c_void;
use std::path::Path;
use std::process::Command;

use softgpu_core::codec::{Codec, Format, Image, Table};

const WIDTH: usize = 352;
const HEIGHT: usize = 208;

fn table() -> Table {
    // SAFETY: a table in static memory.
    unsafe { *softgpu_codec::softgpu_codec() }
}

fn ffmpeg(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(arguments)
        .output()
        .expect("the ffmpeg command is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A clip that [`units`] can take apart: IVF, or NAL units with access unit delimiters.
fn clip(directory: &Path, codec: Codec, encoder: &[&str]) -> String {
    let name = match codec {
        Codec::H264 => "clip.h264",
        Codec::Hevc => "clip.hevc",
        _ => "clip.ivf",
    };
    let path = directory.join(name).to_str().unwrap().to_owned();
    let source = format!("testsrc2=size={WIDTH}x{HEIGHT}:rate=25:duration=1.2");
    let mut arguments = vec!["-f", "lavfi", "-i", &source];
    arguments.extend(encoder);
    arguments.push(&path);
    ffmpeg(&arguments);
    path
}

/// The access or temporal units, as ranges.
fn units(codec: Codec, data: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut units = Vec::new();
    // nal_unit_type 9 of H.264, 35 of HEVC.
    let delimiter: &[u8] = match codec {
        Codec::H264 => &[0, 0, 0, 1, 9],
        Codec::Hevc => &[0, 0, 0, 1, 70],
        _ => {
            let mut at = 32;
            while at + 12 <= data.len() {
                let len = u32::from_le_bytes(data[at..at + 4].try_into().unwrap()) as usize;
                units.push(at + 12..at + 12 + len);
                at += 12 + len;
            }
            return units;
        }
    };
    let starts = (0..data.len()).filter(|&at| data[at..].starts_with(delimiter));
    let mut bounds: Vec<usize> = starts.collect();
    bounds.push(data.len());
    units.extend(bounds.windows(2).map(|pair| pair[0]..pair[1]));
    units
}

struct Decoder(*mut c_void);

impl Decoder {
    fn new(codec: Codec) -> Self {
        // SAFETY: any codec may be asked for.
        Self(unsafe { (table().decoder_open)(codec) })
    }

    fn decode(&self, data: &[u8], format: Format) -> (i32, Vec<u8>) {
        let wide = if format == Format::P010 { 2 } else { 1 };
        let mut pixels = vec![0x55u8; WIDTH * HEIGHT * 3 / 2 * wide];
        let planes = pixels.as_mut_ptr();
        let image = Image {
            format,
            width: WIDTH as u32,
            height: HEIGHT as u32,
            // SAFETY: the second plane begins within the vector.
            planes: [planes, unsafe { planes.add(WIDTH * HEIGHT * wide) }, std::ptr::null_mut()],
            strides: [WIDTH * wide, WIDTH * wide, 0],
        };
        // SAFETY: an open decoder; data and image are as large as they say.
        let result = unsafe { (table().decoder_picture)(self.0, data.as_ptr(), data.len(), &image) };
        (result, pixels)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: open, and closed once.
        unsafe { (table().decoder_close)(self.0) };
    }
}

fn check(codec: Codec, encoder: &[&str], format: Format, pixels: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = clip(directory.path(), codec, encoder);
    let wanted = ffmpeg(&["-i", &path, "-f", "rawvideo", "-pix_fmt", pixels, "-"]);
    let size = WIDTH * HEIGHT * 3 / 2 * if format == Format::P010 { 2 } else { 1 };
    let wanted: HashSet<&[u8]> = wanted.chunks_exact(size).collect();
    assert_eq!(wanted.len(), 30, "the clip's pictures differ from each other");

    let data = std::fs::read(path).unwrap();
    let decoder = Decoder::new(codec);
    let mut found: HashSet<&[u8]> = HashSet::new();
    for unit in units(codec, &data) {
        let (result, picture) = decoder.decode(&data[unit], format);
        assert_eq!(result, 1, "every unit has a picture, at once");
        found.extend(wanted.get(picture.as_slice()));
    }
    assert_eq!(found.len(), wanted.len());
}

#[test]
fn h264_with_b_pictures() {
    check(
        Codec::H264,
        &["-c:v", "libx264", "-bf", "3", "-x264-params", "b-adapt=0:aud=1"],
        Format::Nv12,
        "nv12",
    );
}

#[test]
fn hevc_8_bit() {
    check(Codec::Hevc, &["-c:v", "libx265", "-x265-params", "log-level=error:aud=1"], Format::Nv12, "nv12");
}

#[test]
fn hevc_10_bit() {
    let encoder = ["-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=error:aud=1"];
    check(Codec::Hevc, &encoder, Format::P010, "p010le");
}

#[test]
fn vp9_in_real_time() {
    check(
        Codec::Vp9,
        &["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
        Format::Nv12,
        "nv12",
    );
}

#[test]
fn av1_8_and_10_bit() {
    let encoder = ["-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "pred-struct=1"];
    check(Codec::Av1, &encoder, Format::Nv12, "nv12");
    let encoder =
        ["-pix_fmt", "yuv420p10le", "-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "pred-struct=1"];
    check(Codec::Av1, &encoder, Format::P010, "p010le");
}

#[test]
fn damaged_data_is_survived_and_told() {
    for (codec, encoder) in [
        (Codec::H264, ["-c:v", "libx264", "-aud", "1"]),
        (Codec::Hevc, ["-c:v", "libx265", "-x265-params", "log-level=error:aud=1"]),
        (Codec::Vp9, ["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut data = std::fs::read(clip(directory.path(), codec, &encoder)).unwrap();
        let units = units(codec, &data);
        let mut state = 7u32;
        for byte in data.iter_mut().skip(2000) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 24 == 0 {
                *byte ^= (state >> 16) as u8 | 1;
            }
        }
        let decoder = Decoder::new(codec);
        let results: Vec<i32> =
            units.into_iter().map(|unit| decoder.decode(&data[unit], Format::Nv12).0).collect();
        // Nothing in HEVC's arithmetic code is illegal, so that damage is not always seen.
        assert!(codec == Codec::Hevc || results.iter().any(|&result| result != 1), "{encoder:?}");
        let (result, _) = decoder.decode(&[], Format::Nv12);
        assert_eq!(result, 0, "a flush shows nothing");
    }
}

#[test]
fn a_format_that_does_not_fit_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = clip(directory.path(), Codec::H264, &["-c:v", "libx264", "-aud", "1"]);
    let data = std::fs::read(path).unwrap();
    let decoder = Decoder::new(Codec::H264);
    assert!(decoder.decode(&data[units(Codec::H264, &data)[0].clone()], Format::P010).0 < 0);
}

fn scaled(source: (&mut [u8], Image), target: (&mut [u8], Image), to: i32) -> i32 {
    // SAFETY: both images were made over the vectors that come with them.
    unsafe { (table().scale)(&source.1, 5, 0, &target.1, to, 0) }
}

fn nv12(pixels: &mut [u8], width: usize, height: usize) -> Image {
    assert_eq!(pixels.len(), width * height * 3 / 2);
    let (luma, chroma) = pixels.split_at_mut(width * height);
    Image {
        format: Format::Nv12,
        width: width as u32,
        height: height as u32,
        planes: [luma.as_mut_ptr(), chroma.as_mut_ptr(), std::ptr::null_mut()],
        strides: [width, width, 0],
    }
}

#[test]
fn nv12_keeps_its_chroma() {
    for (width, height, to) in [(64, 48, 5), (64, 48, 1), (32, 24, 5), (130, 98, 5)] {
        let mut source = vec![100u8; 64 * 48 * 3 / 2];
        for pair in source[64 * 48..].chunks_exact_mut(2) {
            pair.copy_from_slice(&[90, 200]);
        }
        let mut target = vec![0u8; width * height * 3 / 2];
        let from = nv12(&mut source, 64, 48);
        let image = nv12(&mut target, width, height);
        assert_eq!(scaled((&mut source, from), (&mut target, image), to), 0);
        let near = |value: u8, wanted: u8| value.abs_diff(wanted) <= if to == 5 { 1 } else { 20 };
        assert!(target[..width * height].iter().all(|&luma| near(luma, 100)), "{width}x{height} {to}");
        assert!(target[width * height..].chunks_exact(2).all(|pair| near(pair[0], 90) && near(pair[1], 200)));
        assert_eq!(target == source, to == 5 && width == 64, "the same format and size is a copy");
    }
}

#[test]
fn colours_follow_the_matrix() {
    // Pure red in limited range: BT.601 says Y 81, Cb 90, Cr 240; BT.709 says 63, 102, 240 (BT.709-6, 3.4 and 3.5).
    for (matrix, wanted) in [(5, [81u8, 90, 240]), (1, [63, 102, 240])] {
        let mut red = [0u8, 0, 255, 255].repeat(64 * 48);
        let image = Image {
            format: Format::Bgra,
            width: 64,
            height: 48,
            planes: [red.as_mut_ptr(), std::ptr::null_mut(), std::ptr::null_mut()],
            strides: [256, 0, 0],
        };
        let mut target = vec![0u8; 64 * 48 * 3 / 2];
        let to = nv12(&mut target, 64, 48);
        assert_eq!(scaled((&mut red, image), (&mut target, to), matrix), 0);
        let got = [target[0], target[64 * 48], target[64 * 48 + 1]];
        assert!(got.iter().zip(wanted).all(|(got, wanted)| got.abs_diff(wanted) <= 1), "{got:?} {wanted:?}");
    }
}
