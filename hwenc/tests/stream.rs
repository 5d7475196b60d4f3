//! What comes out of a session is the stream that was asked for: an independent decoder returns the pictures that
//! went in, and the bitstream says what it is.

mod common;

use common::judge;
use common::pixels::Yuv;
use common::{CODECS, encode, release, request};
use hwenc::{Codec, Packet, ParameterSets, Picture, PixelFormat, Request};

fn format(depth: u8) -> PixelFormat {
    if depth == 8 { PixelFormat::I420 } else { PixelFormat::I010 }
}

fn film(width: u32, height: u32, depth: u8, count: i64) -> Vec<Yuv> {
    (0..count).map(|n| Yuv::moving(width, height, depth, n)).collect()
}

fn pictures(film: &[Yuv]) -> impl Iterator<Item = Picture<'static>> {
    film.iter().map(|p| p.picture(format(p.depth)))
}

fn same(decoded: &[Yuv], sent: &[Yuv], least_psnr: f64, what: &str) {
    assert_eq!(decoded.len(), sent.len(), "{what}: pictures out and in");
    for (n, (out, sent)) in decoded.iter().zip(sent).enumerate() {
        let psnr = out.psnr(sent);
        assert!(psnr > least_psnr, "{what}: picture {n} has {psnr:.1} dB");
    }
}

#[test]
fn every_picture_comes_back_from_every_encoder_at_both_depths() {
    // What each reaches at quality 70, less 1.5 dB for other versions of the encoders.
    let table = [
        (Codec::H264, 8, 38.5, "Constrained Baseline", "yuv420p"),
        (Codec::H264, 10, 38.5, "High 10", "yuv420p10le"),
        (Codec::Hevc, 8, 38.0, "Main", "yuv420p"),
        (Codec::Hevc, 10, 38.0, "Main 10", "yuv420p10le"),
        (Codec::Av1, 8, 38.0, "Main", "yuv420p"),
        (Codec::Av1, 10, 38.0, "Main", "yuv420p10le"),
    ];
    for (codec, depth, psnr, profile, pix_fmt) in table {
        let what = format!("{codec} at {depth} bit");
        let film = film(320, 240, depth, 30);
        let want = request(codec, 320, 240).bit_depth(depth).input(format(depth)).quality(70);
        let (session, packets) = encode(&want, pictures(&film));

        assert_eq!((packets.len(), session.stats().packets_out), (30, 30), "{what}");
        let bytes: usize = packets.iter().map(|p| p.len()).sum();
        assert_eq!(session.stats().bytes_out, bytes as u64, "{what}");
        assert!(packets[0].is_key() && judge::is_idr(codec, &packets[0]), "{what}");
        for packet in &packets {
            assert_eq!(packet.is_key(), judge::is_idr(codec, packet), "{what}: {packet:?}");
        }
        same(&judge::decode(codec, &packets, (320, 240), depth), &film, psnr, &what);

        let stream = judge::stream(codec, &packets);
        assert_eq!((&stream["profile"], &stream["pix_fmt"]), (&profile.into(), &pix_fmt.into()), "{what}");
        let parameters = session.parameters().unwrap();
        assert_eq!(parameters.codec(), codec.name());
        assert_eq!((parameters.width(), parameters.height()), (320, 240));
    }
}

#[test]
fn sizes_that_fill_no_block_are_cropped_in_the_stream() {
    for codec in CODECS {
        for (width, height) in [(638, 358), (642, 272), (1920, 1080), (66, 64)] {
            let what = format!("{codec} at {width}x{height}");
            let film = film(width, height, 8, 2);
            let (_, packets) =
                encode(&request(codec, width, height).input(PixelFormat::I420), pictures(&film));
            let stream = judge::stream(codec, &packets);
            assert_eq!((&stream["width"], &stream["height"]), (&width.into(), &height.into()), "{what}");
            same(&judge::decode(codec, &packets, (width, height), 8), &film, 34.0, &what);
        }
    }
}

/// Decoding from each packet that claims to be a start gives the same pictures as decoding all.
fn every_key_is_a_start(codec: Codec, packets: &[Packet], what: &str) {
    let all = judge::decode(codec, packets, (160, 96), 8);
    let keys: Vec<usize> = (0..packets.len()).filter(|&i| packets[i].is_key()).collect();
    for &key in &keys[1..] {
        let rest = judge::decode(codec, &packets[key..], (160, 96), 8);
        assert_eq!(rest.len(), packets.len() - key, "{what}: pictures from packet {key} on");
        assert!(rest == all[key..], "{what}: decoding from packet {key} on gives other pictures");
    }
}

/// Presentation times of the key frames.
fn keys(packets: &[Packet]) -> Vec<i64> {
    packets.iter().filter(|p| p.is_key()).map(|p| p.pts().unwrap()).collect()
}

#[test]
fn decoding_can_begin_at_every_key_frame() {
    for codec in CODECS {
        let film = film(160, 96, 8, 30);
        let want = request(codec, 160, 96).input(PixelFormat::I420).gop(10);
        // A preset with B pictures and open GOPs, where it is left to itself.
        let want = if codec == Codec::Av1 { want } else { want.preset("veryfast") };
        let (_, packets) = encode(&want, pictures(&film));
        assert_eq!(keys(&packets), [0, 10, 20], "{codec}");
        every_key_is_a_start(codec, &packets, codec.name());
    }
}

#[test]
fn an_idr_that_is_asked_for_comes_at_that_picture() {
    type Change = fn(Request) -> Request;
    let variants: [(&str, Change); 4] = [
        ("quality", |r| r),
        ("low latency", |r| r.latency(hwenc::Latency::Low)),
        ("variable bit rate", |r| r.bitrate(300_000)),
        ("constant bit rate", |r| r.rate_control(hwenc::RateControl::Cbr(300_000))),
    ];
    for codec in CODECS {
        for (name, variant) in variants {
            let what = format!("{codec}, {name}");
            let film = film(160, 96, 8, 24);
            let want = variant(request(codec, 160, 96).input(PixelFormat::I420));
            let want = if codec == Codec::Av1 { want } else { want.preset("veryfast") };
            let asked = pictures(&film).enumerate().map(|(n, p)| if n == 11 { p.idr() } else { p });
            let (session, packets) = encode(&want, asked);
            assert_eq!(keys(&packets), [0, 11], "{what}");
            let forced = packets.iter().find(|p| p.pts() == Some(11)).unwrap();
            assert!(judge::is_idr(codec, forced), "{what}");
            assert_eq!((packets.len(), session.stats().forced_idr), (24, 1), "{what}");
            // SVT-AV1 1.4, of FFmpeg 5.1's time, takes none but with constant quality and B pictures.
            let reopens = codec == Codec::Av1 && name != "quality" && release() < (7, 1);
            assert_eq!(session.stats().reopened, u64::from(reopens), "{what}");
            every_key_is_a_start(codec, &packets, &what);
        }
    }
}

#[test]
fn parameter_sets_go_where_they_are_wanted() {
    for codec in CODECS {
        let film = film(160, 96, 8, 12);
        let want = request(codec, 160, 96).input(PixelFormat::I420).gop(6);
        let (inside, with) = encode(&want, pictures(&film));
        assert!(inside.extradata().is_empty(), "{codec}");
        let (beside, without) = encode(&want.parameter_sets(ParameterSets::Global), pictures(&film));
        assert!(!beside.extradata().is_empty(), "{codec}");
        assert_eq!(beside.parameters().unwrap().extradata(), beside.extradata());
        assert!(with[0].len() > without[0].len() || codec == Codec::Av1, "{codec}: they stand in one place");
        assert_eq!(keys(&with), keys(&without), "{codec}");
    }
}
