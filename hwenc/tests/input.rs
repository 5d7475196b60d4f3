//! Pictures go in from any memory: lent or handed over, padded or not, in every format; the same pictures become the
//! same stream, and what was copied on the way is counted to the byte.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::pixels::{Memory, Yuv, rgb};
use common::{CODECS, finish, judge, open, request};
use hwenc::av::Frame;
use hwenc::{Chroma, Code, Codec, Input, Picture, PixelFormat, Request, Session, ZeroCopy};

const SIZE: (u32, u32) = (98, 66);
const COUNT: i64 = 3;

/// Bytes of an 8 bit 4:2:0 picture, and of an RGB one.
const YUV: u64 = 98 * 66 * 3 / 2;

fn tight(format: PixelFormat, n: i64) -> Memory {
    let (w, h) = SIZE;
    let pixels = if format.is_rgb() {
        rgb(format, w, h, |x, y| [(x * 2) as u8, (y * 3) as u8, (x + y + 9 * n as u32) as u8])
    } else {
        // The same pictures at both depths.
        let mut picture = Yuv::moving(w, h, 8, n);
        if format.bit_depth() == 10 {
            picture.depth = 10;
            picture.planes.iter_mut().flatten().for_each(|sample| *sample *= 4);
        }
        picture.bytes(format)
    };
    Memory::tight(format, w, h, &pixels)
}

fn padded(format: PixelFormat, n: i64, padding: usize, after: usize) -> Memory {
    Memory::padded(format, SIZE.0, SIZE.1, &tight(format, n).bytes, padding, after)
}

fn named(name: &str) -> PixelFormat {
    PixelFormat::from_name(name).unwrap()
}

/// A frame of libav, as a decoder gives it.
fn frame(format: PixelFormat, n: i64) -> Frame {
    let memory = tight(format, n);
    let mut frame = Frame::picture(format, SIZE.0, SIZE.1).unwrap();
    let mut rest = memory.bytes.as_slice();
    for (plane, (row, rows)) in common::pixels::shape(format, SIZE.0, SIZE.1).into_iter().enumerate() {
        let stride = frame.stride(plane) as usize;
        for to in frame.plane_mut(plane).unwrap().chunks_mut(stride).take(rows) {
            let (from, others) = rest.split_at(row);
            to[..row].copy_from_slice(from);
            rest = others;
        }
    }
    frame.set_pts(Some(n));
    frame
}

/// One way of handing over picture `n` of a film.
type Way = fn(&mut Session, PixelFormat, i64) -> hwenc::Result<()>;

const LENT: [(&str, Way); 5] = [
    ("packed", |s, f, n| s.send(&Picture::packed(f, SIZE.0, SIZE.1, &tight(f, n).bytes)?)),
    ("lent", |s, f, n| s.send(&tight(f, n).borrowed())),
    ("lent, padded to 64", |s, f, n| s.send(&padded(f, n, 64, 64).borrowed())),
    ("lent, odd padding, short last row", |s, f, n| s.send(&padded(f, n, 17, 0).borrowed())),
    ("lent, longer than it has to be", |s, f, n| s.send(&padded(f, n, 3, 500).borrowed())),
];

const OWNED: [(&str, Way); 3] = [
    ("owned", |s, f, n| s.send(&tight(f, n).owned())),
    ("owned, padded", |s, f, n| s.send(&padded(f, n, 18, 18).owned())),
    ("owned by several", |s, f, n| {
        let memory = padded(f, n, 8, 8);
        let bytes: Arc<[u8]> = memory.bytes.into();
        s.send(&Picture::owned(f, SIZE.0, SIZE.1, bytes.clone(), &memory.planes)?)
    }),
];

const FRAME: [(&str, Way); 2] = [
    ("a frame", |s, f, n| s.send(&frame(f, n))),
    ("a frame that may be stamped", |s, f, n| {
        let mut frame = frame(f, n);
        s.send(&mut frame)?;
        assert_eq!((frame.format(), frame.pts()), (f, Some(n)), "it is still the caller's");
        Ok(())
    }),
];

/// The stream of a film that is handed over this way.
fn stream(want: &Request, format: PixelFormat, way: Way) -> (Session, Vec<u8>) {
    let (mut session, mut packets) = (open(want), Vec::new());
    for n in 0..COUNT {
        way(&mut session, format, n).unwrap();
    }
    finish(&mut session, &mut packets);
    assert_eq!(packets.len(), COUNT as usize);
    let bytes = judge::file(want.codec, &packets);
    (session, bytes)
}

#[test]
fn the_same_pictures_become_the_same_stream_however_they_come() {
    use PixelFormat as P;
    let mut last: Option<(Codec, u8, bool, Vec<u8>)> = None;
    // Codec, depth, input; bytes that are written for a picture that is lent, handed over, and a frame.
    let table = [
        (Codec::H264, 8, P::I420, [YUV, 0, 0]),
        (Codec::H264, 8, P::NV12, [YUV, 0, 0]),
        (Codec::H264, 10, P::I010, [2 * YUV, 0, 0]),
        (Codec::H264, 10, P::P010, [2 * YUV; 3]),
        (Codec::H264, 8, P::BGRA, [YUV; 3]),
        (Codec::H264, 8, P::RGBA, [YUV; 3]),
        (Codec::H264, 8, P::BGRX, [YUV; 3]),
        (Codec::H264, 8, P::RGB24, [YUV; 3]),
        (Codec::H264, 8, P::BGR24, [YUV; 3]),
        (Codec::H264, 8, named("rgb0"), [YUV; 3]),
        (Codec::H264, 8, named("argb"), [YUV; 3]),
        (Codec::H264, 8, named("0rgb"), [YUV; 3]),
        (Codec::H264, 8, named("abgr"), [YUV; 3]),
        (Codec::H264, 8, named("0bgr"), [YUV; 3]),
        (Codec::H264, 10, P::BGRA, [2 * YUV; 3]),
        (Codec::H264, 10, P::RGBA, [2 * YUV; 3]),
        (Codec::H264, 10, P::RGB24, [2 * YUV; 3]),
        (Codec::H264, 10, P::BGR24, [2 * YUV; 3]),
        (Codec::H264, 10, named("rgb0"), [2 * YUV; 3]),
        (Codec::H264, 10, named("argb"), [2 * YUV; 3]),
        (Codec::H264, 10, named("0bgr"), [2 * YUV; 3]),
        (Codec::Hevc, 8, P::I420, [YUV, 0, 0]),
        (Codec::Hevc, 8, P::NV12, [YUV; 3]),
        (Codec::Hevc, 10, P::I010, [2 * YUV, 0, 0]),
        (Codec::Hevc, 10, P::P010, [2 * YUV; 3]),
        // swscale, which needs memory of libav's making first.
        (Codec::Hevc, 10, P::NV12, [3 * YUV, 3 * YUV, 2 * YUV]),
        (Codec::Av1, 8, P::I420, [YUV, 0, 0]),
        (Codec::Av1, 8, P::NV12, [YUV; 3]),
        (Codec::Av1, 10, P::I010, [2 * YUV, 0, 0]),
        (Codec::Av1, 10, P::P010, [2 * YUV; 3]),
    ];
    for (codec, depth, format, written) in table {
        let want = request(codec, SIZE.0, SIZE.1).bit_depth(depth).input(format);
        let ways = [(&LENT[..], written[0]), (&OWNED[..], written[1]), (&FRAME[..], written[2])];
        for (ways, written) in ways {
            for (name, way) in ways {
                let what = format!("{codec} at {depth} bit from {format}, {name}");
                let (session, bytes) = stream(&want, format, *way);
                let stats = session.stats();
                let copies = if written > 0 { COUNT as u64 } else { 0 };
                assert_eq!(
                    (stats.copied_bytes, stats.copied_frames),
                    (COUNT as u64 * written, copies),
                    "{what}: copies"
                );
                let key = (codec, depth, format.is_rgb());
                match &last {
                    Some((c, d, rgb, first)) if (*c, *d, *rgb) == key => {
                        assert!(*first == bytes, "{what}: another stream");
                    }
                    _ => last = Some((key.0, key.1, key.2, bytes)),
                }
            }
        }
    }
}

#[test]
fn what_comes_may_differ_from_what_was_announced() {
    let want = request(Codec::H264, SIZE.0, SIZE.1).input(PixelFormat::I420);
    let (_, planar) = stream(&want, PixelFormat::I420, OWNED[0].1);
    let (session, mixed) = stream(&want, PixelFormat::NV12, |s, f, n| {
        s.send(&tight(if n == 1 { PixelFormat::I420 } else { f }, n).owned())
    });
    assert!(planar == mixed, "the same pictures as NV12, I420, NV12");
    assert_eq!(session.stats().copied_frames, 2);
    assert_eq!(session.stats().copied_bytes, 2 * YUV);

    // The other way round, where the encoder takes NV12, and at 10 bit.
    let want = request(Codec::H264, SIZE.0, SIZE.1).input(PixelFormat::NV12);
    for (name, way) in LENT {
        let (session, joined) = stream(&want, PixelFormat::I420, way);
        assert!(joined == planar, "I420 for NV12, {name}");
        assert_eq!(session.stats().copied_bytes, COUNT as u64 * YUV, "{name}");
    }
}

/// Grey pictures: luma as it is or in the session's range, and no colour.
#[test]
fn grey_is_written_once() {
    use PixelFormat as P;
    type Luma = fn(u8) -> u16;
    const FULL: hwenc::Color = hwenc::Color { range: hwenc::Range::FULL, ..hwenc::Color::BT601 };
    let (w, h) = SIZE;
    let gray: Vec<u8> = (0..h).flat_map(|y| (0..w).map(move |x| (2 * x + y) as u8)).collect();
    let limited: Luma = |v| (16.0 + f64::from(v) * 219.0 / 255.0).round() as u16;
    // Input that is announced and decides what the encoder takes, depth, what the session is, what the picture says; luma.
    let said = |range| hwenc::Color { range, ..hwenc::Color::default() };
    let unsaid = hwenc::Color::default();
    let table: [(P, u8, hwenc::Color, hwenc::Color, Luma); 6] = [
        (P::NV12, 8, unsaid, unsaid, limited),
        (P::I420, 8, unsaid, unsaid, limited),
        (P::I420, 8, FULL, unsaid, u16::from),
        (P::NV12, 8, unsaid, said(hwenc::Range::LIMITED), u16::from),
        (P::GRAY8, 8, hwenc::Color::BT709, said(hwenc::Range::FULL), limited),
        (P::P010, 10, unsaid, unsaid, |v| (64.0 + f64::from(v) * 876.0 / 255.0).round() as u16),
    ];
    for (announced, depth, session_color, said, luma) in table {
        for (padding, after) in [(0, 0), (17, 17), (17, 0)] {
            let what =
                format!("{announced} at {depth} bit, {session_color:?}, padded by {padding} and {after}");
            let want = request(Codec::H264, w, h).bit_depth(depth).input(announced).color(session_color);
            let mut session = open(&want.rate_control(hwenc::RateControl::Cqp(0)));
            let memory = Memory::padded(P::GRAY8, w, h, &gray, padding, after);
            session.send(&memory.borrowed().color(said)).unwrap();
            let mut packets = Vec::new();
            finish(&mut session, &mut packets);
            assert_eq!(session.stats().copied_bytes, YUV * if depth == 8 { 1 } else { 2 }, "{what}");
            let out = &judge::decode(Codec::H264, &packets, SIZE, depth)[0];
            let wanted = Yuv::new(w, h, depth, |plane, x, y| match plane {
                0 => luma(gray[(y * w + x) as usize]),
                _ => 128 << (depth - 8),
            });
            // At 10 bit x264's quantiser 0 is not quite lossless.
            let most = if depth == 8 { 0 } else { 3 };
            for plane in 0..3 {
                assert!(out.distance(&wanted, plane) <= most, "{what}: plane {plane}");
            }
        }
    }
}

#[test]
fn every_second_row_and_pixel_of_a_4_4_4_picture_counts() {
    // Odd on both sides, so that the last row stands alone.
    let (w, h) = (65, 33);
    let pixels = rgb(PixelFormat::BGRA, w, h, |x, y| [(3 * x) as u8, (7 * y) as u8, (x * y) as u8]);
    for (depth, written, format) in [(8, 3, "yuv444p"), (10, 6, "yuv444p10le")] {
        let want =
            request(Codec::H264, w, h).bit_depth(depth).chroma(Chroma::Yuv444).input(PixelFormat::BGRA);
        let of = |padding, after| {
            let memory = Memory::padded(PixelFormat::BGRA, w, h, &pixels, padding, after);
            let (mut session, mut packets) = (open(&want), Vec::new());
            session.send(&memory.borrowed()).unwrap();
            finish(&mut session, &mut packets);
            assert_eq!(session.stats().copied_bytes, u64::from(written * w * h));
            packets
        };
        let (whole, short) = (of(12, 12), of(12, 0));
        assert!(judge::file(Codec::H264, &whole) == judge::file(Codec::H264, &short));
        let stream = judge::stream(Codec::H264, &whole);
        assert_eq!((&stream["width"], &stream["height"]), (&w.into(), &h.into()));
        assert_eq!(stream["pix_fmt"], format);
    }
}

/// Encoders read whole rows, and 16-bit numbers: what does not lie so is copied.
#[test]
fn memory_that_encoders_would_misread_is_copied() {
    let ways: [(&str, Way, u8); 3] = [
        ("last row short", |s, f, n| s.send(&padded(f, n, 18, 0).owned()), 8),
        ("odd strides", |s, f, n| s.send(&padded(f, n, 17, 17).owned()), 10),
        (
            "odd addresses",
            |s, f, n| {
                let Memory { mut bytes, planes, .. } = tight(f, n);
                bytes.insert(0, 0);
                let planes: Vec<_> = planes.iter().map(|p| (p.0 + 1, p.1)).collect();
                s.send(&Picture::owned(f, SIZE.0, SIZE.1, bytes, &planes)?)
            },
            10,
        ),
    ];
    for codec in CODECS {
        for (name, way, least_depth) in ways {
            for (depth, format) in [(8, PixelFormat::I420), (10, PixelFormat::I010)] {
                let want = request(codec, SIZE.0, SIZE.1).bit_depth(depth).input(format);
                let (_, straight) = stream(&want, format, OWNED[0].1);
                let (session, askew) = stream(&want, format, way);
                assert!(askew == straight, "{codec}, {format}, {name}");
                let bytes = if depth == 8 { YUV } else { 2 * YUV };
                let copied = if depth >= least_depth { bytes } else { 0 };
                assert_eq!(session.stats().copied_bytes, COUNT as u64 * copied, "{codec}, {format}, {name}");
            }
        }
    }
}

struct Counted(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn memory_that_was_handed_over_is_given_back_once() {
    for codec in CODECS {
        for ends in [true, false] {
            let dropped = Arc::new(AtomicUsize::new(0));
            let mut session = open(&request(codec, SIZE.0, SIZE.1).input(PixelFormat::I420));
            for n in 0..20 {
                let memory = tight(PixelFormat::I420, n);
                let owner = Counted(memory.bytes, dropped.clone());
                session
                    .send(&Picture::owned(memory.format, SIZE.0, SIZE.1, owner, &memory.planes).unwrap())
                    .unwrap();
            }
            let mut packets = Vec::new();
            if ends {
                finish(&mut session, &mut packets);
            }
            drop(session);
            assert_eq!(dropped.load(Ordering::SeqCst), 20, "{codec}, finished: {ends}");
            // Packets outlive their session.
            assert_eq!(packets.iter().filter(|p| !p.is_empty()).count(), if ends { 20 } else { 0 });
        }
    }
}

#[test]
fn a_caller_can_forbid_copies() {
    use PixelFormat as P;
    let table = [
        (Codec::H264, P::I420, P::I420, true),
        (Codec::H264, P::NV12, P::NV12, true),
        (Codec::H264, P::I420, P::NV12, false),
        (Codec::H264, P::BGRA, P::BGRA, false),
        (Codec::Hevc, P::NV12, P::NV12, false),
        (Codec::Av1, P::I420, P::I420, true),
    ];
    for (codec, announced, format, passes) in table {
        let want = request(codec, SIZE.0, SIZE.1).input(announced).zero_copy(ZeroCopy::Require);
        let mut session = open(&want);
        for (name, way) in [OWNED[0], FRAME[0], FRAME[1]] {
            let what = format!("{codec} from {format}, {name}");
            let n = session.stats().frames_in as i64;
            match way(&mut session, format, n) {
                Ok(()) => assert!(passes, "{what}: passed on"),
                Err(e) => assert_eq!((e.code(), passes), (Code::CopyRequired, false), "{what}: {e:?}"),
            }
        }
        // Lent memory cannot be kept, so it would be copied in any case.
        let lent = LENT[0].1(&mut session, format, 9).unwrap_err();
        assert_eq!(lent.code(), Code::CopyRequired, "{codec} from {format}");
        assert!(!lent.reason().remedy.is_empty());
        assert_eq!(session.stats().copied_bytes, 0);
    }
}

#[test]
fn a_wrong_picture_is_refused_and_the_session_goes_on() {
    let mut session = open(&request(Codec::H264, SIZE.0, SIZE.1).input(PixelFormat::I420));
    let good = |n| tight(PixelFormat::I420, n).owned();
    session.send(&good(0)).unwrap();

    let small = Yuv::moving(96, 66, 8, 0).picture(PixelFormat::I420);
    let error = session.send(&small).unwrap_err();
    assert_eq!(error.code(), Code::PictureInvalid);
    assert_eq!((error.value(), error.legal()), (Some("96x66"), Some("98x66")));
    assert!(!error.reason().remedy.is_empty());
    let empty = Frame::empty().unwrap();
    assert_eq!(session.send(Input::Frame(&empty)).unwrap_err().code(), Code::PictureInvalid);

    session.send(&good(1)).unwrap();
    let mut packets = Vec::new();
    finish(&mut session, &mut packets);
    assert_eq!((packets.len(), session.stats().frames_in), (2, 2));
    let sent: Vec<Yuv> = (0..2).map(|n| Yuv::moving(SIZE.0, SIZE.1, 8, n)).collect();
    for (out, sent) in judge::decode(Codec::H264, &packets, SIZE, 8).iter().zip(&sent) {
        assert!(out.psnr(sent) > 34.0);
    }
}

#[test]
fn a_full_range_frame_by_its_old_name_is_passed_on() {
    let old = PixelFormat::from_name("yuvj420p").unwrap();
    let full = hwenc::Color { range: hwenc::Range::FULL, ..hwenc::Color::BT601 };
    let want = request(Codec::H264, SIZE.0, SIZE.1).input(PixelFormat::I420).color(full);
    let mut frame = Frame::picture(old, SIZE.0, SIZE.1).unwrap();
    for plane in 0..3 {
        frame.plane_mut(plane).unwrap().fill(77);
    }
    let (mut session, mut packets) = (open(&want), Vec::new());
    session.send(&frame).unwrap();
    finish(&mut session, &mut packets);
    assert_eq!(session.stats().copied_bytes, 0);
    let decoded = judge::decode(Codec::H264, &packets, SIZE, 8);
    assert!(decoded[0].planes.iter().flatten().all(|s| s.abs_diff(77) <= 1));
}
