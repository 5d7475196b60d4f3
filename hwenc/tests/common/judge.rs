//! FFmpeg's commands as a decoder that is not ours, and a reader of the bitstreams' own marks.

use std::io::Write;
use std::process::{Command, Stdio};

use hwenc::{Codec, Packet};
use serde_json::Value;

use super::pixels::Yuv;

/// Packets as a file: Annex B, JPEG pictures, or IVF for AV1 and VP9.
pub(crate) fn file<'a>(codec: Codec, packets: impl IntoIterator<Item = &'a Packet>) -> Vec<u8> {
    let ivf = demuxer(codec) == "ivf";
    let mut bytes = match codec {
        Codec::Av1 => b"DKIF\0\0\x20\0AV01\x40\0\x40\0\x1e\0\0\0\x01\0\0\0".to_vec(),
        Codec::Vp9 => b"DKIF\0\0\x20\0VP90\x40\0\x40\0\x1e\0\0\0\x01\0\0\0".to_vec(),
        _ => Vec::new(),
    };
    bytes.resize(if ivf { 32 } else { 0 }, 0);
    for (n, packet) in packets.into_iter().enumerate() {
        if ivf {
            bytes.extend((packet.len() as u32).to_le_bytes());
            bytes.extend((n as u64).to_le_bytes());
        }
        bytes.extend_from_slice(packet);
    }
    bytes
}

fn demuxer(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "h264",
        Codec::Hevc => "hevc",
        Codec::Av1 | Codec::Vp9 => "ivf",
        Codec::Mjpeg => "mjpeg",
        other => panic!("no demuxer for {other}"),
    }
}

/// Runs a command on `input`; whatever it says on standard error is a failure.
fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    attempt(command, input).unwrap_or_else(|said| panic!("{command:?}: {said}"))
}

fn attempt(command: &mut Command, input: &[u8]) -> Result<Vec<u8>, String> {
    command.env_remove("LD_PRELOAD"); // the judge sees no simulated device
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // It may have seen enough before the end; its output tells.
            let _ = stdin.write_all(input);
        });
        child.wait_with_output().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && said.is_empty() {
        return Ok(output.stdout);
    }
    Err(format!("{}\n{said}", output.status))
}

/// Decodes packets, in the stream's own format, without any complaint.
pub(crate) fn decode<'a>(
    codec: Codec,
    packets: impl IntoIterator<Item = &'a Packet>,
    (width, height): (u32, u32),
    depth: u8,
) -> Vec<Yuv> {
    Yuv::read(&run(&mut decoder(codec), &file(codec, packets)), width, height, depth)
}

/// The same; `None` when the decoder complains.
pub(crate) fn try_decode<'a>(
    codec: Codec,
    packets: impl IntoIterator<Item = &'a Packet>,
    (width, height): (u32, u32),
    depth: u8,
) -> Option<Vec<Yuv>> {
    let bytes = attempt(&mut decoder(codec), &file(codec, packets)).ok()?;
    Some(Yuv::read(&bytes, width, height, depth))
}

fn decoder(codec: Codec) -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", demuxer(codec), "-i", "pipe:0"]);
    ffmpeg.args(["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]);
    ffmpeg
}

/// What ffprobe says of the stream.
pub(crate) fn stream(codec: Codec, packets: &[Packet]) -> Value {
    probe(codec, packets, "-show_streams")["streams"][0].clone()
}

/// What ffprobe says of every picture, in the order in which they are shown.
pub(crate) fn frames(codec: Codec, packets: &[Packet]) -> Vec<Value> {
    probe(codec, packets, "-show_frames")["frames"].as_array().expect("frames").clone()
}

fn probe(codec: Codec, packets: &[Packet], what: &str) -> Value {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-of", "json", what, "-f", demuxer(codec), "-i", "pipe:0"]);
    serde_json::from_slice(&run(&mut ffprobe, &file(codec, packets))).unwrap()
}

/// Whether the bitstream itself says that decoding can begin at this packet: an IDR slice, or a key frame that is
/// shown.
pub(crate) fn is_idr(codec: Codec, packet: &[u8]) -> bool {
    match codec {
        Codec::H264 => nal_headers(packet).any(|header| header & 0x1f == 5),
        Codec::Hevc => nal_headers(packet).any(|header| matches!(header >> 1 & 0x3f, 19 | 20)),
        Codec::Av1 => av1_first_frame(packet) & 0b1111_0000 == 0b0001_0000, // not shown again, KEY_FRAME, shown
        other => panic!("no marks of {other}"),
    }
}

/// The first byte of every NAL unit (ITU-T H.264 and H.265, annex B).
fn nal_headers(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.windows(4).filter(|w| w[..3] == [0, 0, 1]).map(|w| w[3])
}

/// The first byte of the first frame header in a temporal unit (AV1 specification, 5.3 and 5.9.2).
fn av1_first_frame(mut bytes: &[u8]) -> u8 {
    loop {
        let (kind, extended) = (bytes[0] >> 3 & 15, bytes[0] >> 2 & 1);
        assert_eq!(bytes[0] >> 1 & 1, 1, "every OBU of an encoder has its size");
        bytes = &bytes[1 + usize::from(extended)..];
        let mut size = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            bytes = &bytes[1..];
            size |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if matches!(kind, 3 | 6) {
            return bytes[0];
        }
        bytes = &bytes[size..];
    }
}
