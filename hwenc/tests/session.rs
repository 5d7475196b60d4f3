//! The life of a session: what it takes and gives in which order, timestamps, latency, settings, errors that leave it
//! usable, many at once.

mod common;

use std::collections::BTreeSet;

use common::pixels::Yuv;
use common::{CODECS, decide, encode, finish, judge, open, receive, release, request};
use hwenc::{
    Code, Codec, Error, Latency, Output, Packet, Picture, PixelFormat, RateControl, Rational, Request,
};

const SIZE: (u32, u32) = (128, 96);

fn small(codec: Codec) -> Request {
    request(codec, SIZE.0, SIZE.1).input(PixelFormat::I420)
}

fn picture(n: i64) -> Picture<'static> {
    Yuv::moving(SIZE.0, SIZE.1, 8, n).picture(PixelFormat::I420)
}

fn pts(packets: &[Packet]) -> BTreeSet<i64> {
    packets.iter().map(|p| p.pts().unwrap()).collect()
}

/// Decoding times rise, and no picture is shown before it is decoded.
fn assert_order(packets: &[Packet], what: &str) {
    for packet in packets {
        assert!(packet.dts().unwrap() <= packet.pts().unwrap(), "{what}: {packet:?}");
    }
    for pair in packets.windows(2) {
        assert!(pair[0].dts() < pair[1].dts(), "{what}: {:?} before {:?}", pair[0], pair[1]);
    }
}

fn refused(request: &Request) -> Error {
    match decide(request).and_then(|decision| decision.open()) {
        Ok(session) => panic!("{} opened: {request:?}", session.encoder()),
        Err(error) => error,
    }
}

#[test]
fn output_is_packets_then_hunger_then_the_end() {
    for codec in CODECS {
        let mut session = open(&small(codec));
        assert!(matches!(session.receive().unwrap(), Output::NeedInput), "{codec}: nothing was sent");
        session.send(&picture(0)).unwrap();
        session.finish().unwrap();
        session.finish().unwrap();
        assert!(matches!(session.receive().unwrap(), Output::Packet(_)), "{codec}");
        for _ in 0..3 {
            assert!(matches!(session.receive().unwrap(), Output::Finished), "{codec}: it stays so");
        }
        let late = session.send(&picture(1)).unwrap_err();
        assert_eq!((late.code(), late.code().as_str()), (Code::SessionFinished, "session.finished"));
        assert_eq!((session.stats().frames_in, session.stats().packets_out), (1, 1));
    }
}

#[test]
fn a_session_can_end_without_a_picture() {
    for codec in CODECS {
        let (mut session, mut packets) = (open(&small(codec)), Vec::new());
        finish(&mut session, &mut packets);
        assert!(packets.is_empty(), "{codec}");
        drop(open(&small(codec)));
    }
}

#[test]
fn pictures_can_be_sent_for_long_before_any_packet_is_fetched() {
    for codec in CODECS {
        for latency in [Latency::Normal, Latency::Low] {
            let (mut session, mut packets) = (open(&small(codec).latency(latency)), Vec::new());
            for n in 0..70 {
                session.send(&picture(n)).unwrap();
            }
            finish(&mut session, &mut packets);
            assert_eq!(pts(&packets), (0..70).collect(), "{codec}, {latency:?}");
            assert_order(&packets, codec.name());
        }
    }
}

#[test]
fn without_timestamps_pictures_follow_at_the_frame_rate() {
    for codec in CODECS {
        let table = [
            (Rational::new(30000, 1001), None, 1),
            (Rational::new(25, 1), Some(Rational::new(1, 90_000)), 3600),
            (Rational::new(24, 1), Some(Rational::new(1, 1000)), 42), // 41.67
        ];
        for (rate, time_base, step) in table {
            let mut want = small(codec).fps(rate);
            want.time_base = time_base;
            let (session, packets) = encode(&want, (0..12).map(picture));
            let what = format!("{codec} at {rate}");
            assert_eq!(session.time_base(), time_base.unwrap_or(rate.inverse()), "{what}");
            assert_eq!(pts(&packets), (0..12).map(|n| n * step).collect(), "{what}");
            assert!(
                packets.iter().all(|p| p.duration() == step && p.time_base() == session.time_base()),
                "{what}"
            );
            assert_eq!(session.last_pts(), Some(11 * step));
            assert_order(&packets, &what);
        }
    }
}

#[test]
fn timestamps_and_durations_come_out_as_they_went_in() {
    // Irregular, from below zero, with a long pause; reordered by B pictures where the encoder has them.
    let times: Vec<i64> = (0..40).map(|n: i64| 3000 * n - 6000 + n % 3 * 417 + n / 25 * 900_000).collect();
    for (codec, preset) in [(Codec::H264, "veryfast"), (Codec::Hevc, "veryfast"), (Codec::Av1, "12")] {
        let want = small(codec).preset(preset).time_base((1, 90_000));
        let duration = |pts: i64| if pts % 2 == 0 { 1000 + pts.rem_euclid(999) } else { 0 };
        let timed = times.iter().enumerate().map(|(n, &t)| picture(n as i64).pts(t).duration(duration(t)));
        let (_, packets) = encode(&want, timed);
        assert_eq!(pts(&packets), times.iter().copied().collect(), "{codec}");
        assert_order(&packets, codec.name());
        if codec != Codec::Av1 {
            assert!(packets.iter().any(|p| p.pts() != p.dts()), "{codec}: the preset reorders");
        }
        for packet in &packets {
            let given = duration(packet.pts().unwrap());
            assert_eq!(packet.duration(), if given > 0 { given } else { 3000 }, "{codec}: {packet:?}");
        }
        let sent: Vec<Yuv> = (0..40).map(|n| Yuv::moving(SIZE.0, SIZE.1, 8, n)).collect();
        let decoded = judge::decode(codec, &packets, SIZE, 8);
        assert_eq!(decoded.len(), 40, "{codec}");
        assert!(
            decoded.iter().zip(&sent).all(|(out, sent)| out.psnr(sent) > 30.0),
            "{codec}: the order is right"
        );
    }
}

#[test]
fn time_does_not_go_back() {
    let (mut session, mut packets) = (open(&small(Codec::H264)), Vec::new());
    session.send(&picture(0).pts(10)).unwrap();
    for late in [10, 9, -5, i64::MIN + 1] {
        let error = session.send(&picture(1).pts(late)).unwrap_err();
        assert_eq!(error.code(), Code::PictureInvalid, "{late}");
        assert_eq!((error.value(), error.legal()), (Some(late.to_string().as_str()), Some("above 10")));
    }
    session.send(&picture(1)).unwrap(); // follows by itself
    session.send(&picture(2).pts(20)).unwrap();
    finish(&mut session, &mut packets);
    assert_eq!(pts(&packets), [10, 11, 20].into());
    assert_eq!(session.stats().frames_in, 3, "what was refused is not counted");
}

#[test]
fn an_idr_can_be_asked_for_before_the_picture_is_there() {
    let (mut session, mut packets) = (open(&small(Codec::H264)), Vec::new());
    for n in 0..10 {
        if n == 6 {
            session.force_idr();
            // A picture that is refused does not use it up.
            assert!(session.send(&picture(n).pts(0)).is_err());
        }
        session.send(&picture(n)).unwrap();
    }
    finish(&mut session, &mut packets);
    let keys: Vec<_> = packets.iter().filter(|p| p.is_key()).map(|p| p.pts().unwrap()).collect();
    assert_eq!((keys, session.stats().forced_idr), (vec![0, 6], 1));
}

/// What low latency means, as the guide says: libx264 and libx265 give each packet at once, and so does SVT-AV1 from
/// 2.3 on. 1.4, of FFmpeg 5.1's time, works on pictures in the background and looks one ahead.
#[test]
fn low_latency_gives_each_packet_at_once() {
    for codec in CODECS {
        let (mut session, mut packets) = (open(&small(codec).latency(Latency::Low)), Vec::new());
        let at_once = codec != Codec::Av1 || release() >= (7, 1);
        for n in 0..12 {
            session.send(&picture(n)).unwrap();
            receive(&mut session, &mut packets);
            if at_once {
                assert_eq!(packets.len() as i64, n + 1, "{codec}: packets after picture {n}");
            }
        }
        finish(&mut session, &mut packets);
        let order: Vec<i64> = packets.iter().map(|p| p.pts().unwrap()).collect();
        assert_eq!(order, (0..12).collect::<Vec<_>>(), "{codec}: nothing is reordered");
        assert!(packets.iter().all(|p| p.pts() == p.dts()), "{codec}");
    }
}

#[test]
fn settings_can_be_read_as_asked_for_and_as_applied() {
    type Change = fn(Request) -> Request;
    type Settings = &'static [(&'static str, &'static str)];
    // What is changed, what was asked for, and what the encoder says; nothing for any number.
    let table: [(Codec, Change, Settings, Settings); 8] = [
        (Codec::H264, |r| r.quality(60), &[("quality", "60"), ("size", "128x96")], &[("crf", "")]),
        (Codec::H264, |r| r.rate_control(RateControl::Cqp(23)), &[("qp", "23")], &[("qp", "23")]),
        (
            Codec::H264,
            |r| r.bitrate(500_000).gop(48).b_frames(1),
            &[("bitrate", "500000"), ("gop", "48"), ("b_frames", "1")],
            &[("b", "500000"), ("maxrate", "1000000"), ("g", "48"), ("bf", "1")],
        ),
        (
            Codec::H264,
            |r| r.rate_control(RateControl::Cbr(500_000)).latency(Latency::Low),
            &[("constant_bitrate", "500000")],
            &[("b", "500000"), ("maxrate", "500000"), ("bufsize", "500000"), ("tune", "zerolatency")],
        ),
        (
            Codec::H264,
            |r| r.option("rc-lookahead", "7").threads(1),
            &[("rc-lookahead", "7"), ("threads", "1")],
            &[("rc-lookahead", "7"), ("preset", "ultrafast"), ("threads", "1")],
        ),
        (Codec::Hevc, |r| r.quality(60).gop(30), &[("quality", "60")], &[("crf", ""), ("g", "30")]),
        (
            Codec::Av1,
            |r| r.quality(60),
            &[("quality", "60"), ("preset", "12")],
            &[("crf", ""), ("preset", "12")],
        ),
        (Codec::Av1, |r| r.bitrate(400_000), &[("bitrate", "400000")], &[("b", "400000")]),
    ];
    for (codec, change, requested, applied) in table {
        let session = open(&change(small(codec)));
        let what = format!("{codec}: {} / {}", session.requested(), session.applied());
        for (name, value) in requested {
            assert_eq!(session.requested().get(name), Some(*value), "{what}");
        }
        for (name, value) in applied {
            let said = session.applied().get(name).unwrap_or_else(|| panic!("{what}: no {name}"));
            let same = match (said.parse::<f64>(), value.parse::<f64>()) {
                (Ok(_), _) if value.is_empty() => true,
                (Ok(said), Ok(value)) => said == value,
                _ => said == *value,
            };
            assert!(same, "{name} is {said}, not {value}; {what}");
        }
        let json = serde_json::to_value(session.applied()).unwrap();
        assert_eq!(json.as_object().unwrap().len(), session.applied().iter().count());
    }
}

#[test]
fn options_of_the_encoder_are_taken_or_refused_by_name() {
    for codec in CODECS {
        let unknown = refused(&small(codec).option("no-such-option", "1"));
        assert_eq!(
            (unknown.code().as_str(), unknown.value()),
            ("option.unknown", Some("no-such-option")),
            "{codec}"
        );
        let preset = refused(&small(codec).preset("no-such-preset"));
        let codes = [Code::OptionInvalid, Code::EncoderOpenFailed]; // a number in libsvtav1, a name in the others
        assert!(codes.contains(&preset.code()), "{codec}: {preset:?}");
    }
    let invalid = refused(&small(Codec::H264).option("crf", "plenty"));
    assert_eq!((invalid.code().as_str(), invalid.value()), ("option.invalid_value", Some("plenty")));
    assert!(invalid.legal().is_some() && !invalid.reason().remedy.is_empty());
    // What is set last counts, also over what hwenc sets.
    let session = open(&small(Codec::H264).option("crf", "31"));
    assert_eq!(session.applied().get("crf").unwrap().parse::<f64>().unwrap(), 31.0);
    // The encoder's own list is passed on beside hwenc's entries in it.
    let (_, packets) =
        encode(&small(Codec::Hevc).option("x265-params", "keyint=5:min-keyint=5"), (0..11).map(picture));
    assert_eq!(packets.iter().filter(|p| p.is_key()).count(), 3);
}

#[test]
fn what_an_encoder_cannot_do_is_said_before_it_is_opened() {
    type Change = fn(Request) -> Request;
    let table: [(Codec, Change); 5] = [
        (Codec::Av1, |r| r.chroma(hwenc::Chroma::Yuv444)),
        (Codec::Av1, |r| r.bitrate(100_000).latency(Latency::Low)),
        (Codec::Av1, |r| r.rate_control(RateControl::Cqp(0))),
        (Codec::Av1, |mut r| {
            r.width = 32;
            r
        }),
        (Codec::Hevc, |mut r| {
            r.height = 16;
            r
        }),
    ];
    for (codec, change) in table {
        let want = change(small(codec));
        let error = decide(&want).unwrap_err();
        assert_eq!(error.code(), Code::NoEncoder, "{want:?}");
        let named = error.candidates().iter().find(|c| Some(&c.encoder) == want.encoder.as_ref()).unwrap();
        assert_eq!(named.reason.code, Code::EncoderUnsupported, "{error:?}");
        assert!(!named.reason.remedy.is_empty() && error.reason().remedy == named.reason.remedy, "{error:?}");
    }
}

#[test]
fn a_failing_open_brings_ffmpegs_own_words() {
    hwenc::log::install();
    let error = refused(&small(Codec::H264).bit_depth(10).option("profile", "baseline"));
    assert_eq!(error.code(), Code::EncoderOpenFailed);
    assert!(error.av_error().is_some_and(|number| number < 0));
    let evidence = &error.reason().evidence;
    assert!(
        evidence.iter().any(|line| line.contains("libx264") && line.contains("baseline")),
        "{evidence:?}"
    );
}

#[test]
fn many_sessions_work_at_once_and_move_between_threads() {
    let one = |codec| {
        let mut session = open(&small(codec));
        std::thread::spawn(move || {
            let mut packets = Vec::new();
            for n in 0..20 {
                session.send(&picture(n)).unwrap();
                receive(&mut session, &mut packets);
            }
            finish(&mut session, &mut packets);
            judge::file(codec, &packets)
        })
    };
    let codecs = [
        Codec::H264,
        Codec::Hevc,
        Codec::H264,
        Codec::Av1,
        Codec::H264,
        Codec::Hevc,
        Codec::Av1,
        Codec::H264,
    ];
    let alone = CODECS.map(|codec| one(codec).join().unwrap());
    let running: Vec<_> = codecs.iter().map(|codec| (codec, one(*codec))).collect();
    for (codec, thread) in running {
        let first = &alone[CODECS.iter().position(|c| c == codec).unwrap()];
        assert!(thread.join().unwrap() == *first, "{codec}: the same as alone");
    }
}
