use super::super::picture::MOST;
use super::super::{Outcome, Trial};
use super::*;
use crate::backend::software;
use crate::encode::{Output, Session};
use crate::select::Decision;
use crate::{Latency, ParameterSets};

/// A trial of a software encoder at its quickest, at a size of its own.
fn trial(request: Request) -> Trial {
    let encoder = match request.codec {
        Codec::H264 => "libx264",
        Codec::Hevc => "libx265",
        _ => "libsvtav1",
    };
    let preset = software::quickest(encoder).unwrap();
    Trial { encoder: encoder.into(), device: None, va: None, request: request.preset(preset).threads(1) }
}

fn small(codec: Codec) -> Request {
    Request::new(codec, 192, 128).latency(Latency::Low)
}

fn deep(codec: Codec) -> Request {
    small(codec).bit_depth(10).input(PixelFormat::P010)
}

/// Codes these pictures of the film of `request`, in this order.
fn encode(request: &Request, pictures: &[usize], shown: impl Fn(&mut Frame)) -> Vec<Packet> {
    let film = Film::new(request.width, request.height, request.input);
    let mut session: Session = Decision::of_trial(&trial(request.clone())).unwrap().open().unwrap();
    let mut packets = Vec::new();
    let mut drain = |session: &mut Session| {
        while let Output::Packet(packet) = session.receive().unwrap() {
            packets.push(packet.try_clone().unwrap());
        }
    };
    for &n in pictures {
        let mut picture = film.picture(n, request.input, Color::BT709).unwrap();
        shown(&mut picture);
        session.send(&mut picture).unwrap();
        drain(&mut session);
    }
    session.finish().unwrap();
    drain(&mut session);
    packets
}

/// Judges packets as those of pictures 0, 1 and 2 of the request.
fn judged(request: &Request, packets: &[Packet]) -> Result<Found, Code> {
    crate::log::install();
    let film = Film::new(request.width, request.height, request.input);
    let result = judge(&Coded { request, film: &film, frames: 3, packets, extradata: &[] });
    result.map_err(|reason| {
        assert!(!reason.evidence.is_empty() || reason.code == Code::TrialIncomplete, "{reason:?}");
        assert!(!reason.message.contains('/'), "{}", reason.message);
        reason.code
    })
}

const CODECS: [Codec; 3] = [Codec::H264, Codec::Hevc, Codec::Av1];

#[test]
fn what_is_right_is_verified_at_both_depths() {
    for codec in CODECS {
        for request in [small(codec), deep(codec)] {
            let found = judged(&request, &encode(&request, &[0, 1, 2], |_| {})).unwrap();
            assert_eq!(found.bit_depth, request.bit_depth);
            // SVT-AV1 2.3 and later leave the chroma of a cell here.
            let chroma = if codec == Codec::Av1 { 15.0 } else { 35.0 };
            assert!(found.luma > 35.0 && found.chroma > chroma, "{codec}: {found:?}");
        }
    }
}

#[test]
fn another_picture_is_found_wherever_it_stands() {
    for codec in CODECS {
        let request = small(codec);
        for order in [[1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 1, 1], [3, 4, 5]] {
            let found = judged(&request, &encode(&request, &order, |_| {}));
            assert_eq!(found.err(), Some(Code::TrialPicture), "{codec}: {order:?}");
        }
    }
}

#[test]
fn pictures_that_changed_on_their_way_are_found() {
    let green = |frame: &mut Frame| (0..2).for_each(|plane| frame.plane_mut(plane).unwrap().fill(0));
    let grey = |frame: &mut Frame| frame.plane_mut(1).unwrap().fill(128);
    let swapped = |frame: &mut Frame| {
        frame.plane_mut(1).unwrap().as_chunks_mut::<2>().0.iter_mut().for_each(|c| c.reverse())
    };
    // As a driver that begins at another line, or that leaves the last ones out.
    let moved = |frame: &mut Frame| {
        let stride = frame.stride(0) as usize;
        let plane = frame.plane_mut(0).unwrap();
        plane.copy_within(4 * stride.., 0);
    };
    let right = |frame: &mut Frame| {
        let stride = frame.stride(0) as usize;
        frame.plane_mut(0).unwrap().chunks_mut(stride).for_each(|row| {
            let end = row.len().min(192) - 2;
            row.copy_within(..end, 2);
        });
    };
    let cut = |frame: &mut Frame| {
        for plane in 0..2 {
            let stride = frame.stride(plane) as usize;
            frame.plane_mut(plane).unwrap().rchunks_mut(stride * (4 >> plane)).next().unwrap().fill(0);
        }
    };
    let mirrored = |frame: &mut Frame| {
        let stride = frame.stride(0) as usize;
        frame.plane_mut(0).unwrap().chunks_mut(stride).for_each(|row| row[..192].reverse());
    };
    type Change = (&'static str, fn(&mut Frame));
    let changes: [Change; 7] = [
        ("green", green),
        ("without chroma", grey),
        ("Cb and Cr swapped", swapped),
        ("moved up", moved),
        ("moved right", right),
        ("last lines green", cut),
        ("mirrored", mirrored),
    ];
    let request = small(Codec::H264);
    for (what, change) in changes {
        let found = judged(&request, &encode(&request, &[0, 1, 2], change));
        assert_eq!(found.err(), Some(Code::TrialPicture), "{what}");
    }
}

#[test]
fn ten_bits_that_are_eight_are_found() {
    // The stream says 10 bit, and the samples are those of 8.
    let shallow = |frame: &mut Frame| {
        for plane in 0..2 {
            frame
                .plane_mut(plane)
                .unwrap()
                .as_chunks_mut::<2>()
                .0
                .iter_mut()
                .for_each(|sample| sample[0] = 0);
        }
    };
    let request = deep(Codec::Hevc).quality(100);
    assert!(judged(&request, &encode(&request, &[0, 1, 2], |_| {})).is_ok());
    let found = judged(&request, &encode(&request, &[0, 1, 2], shallow));
    assert_eq!(found.err(), Some(Code::TrialPicture));
    // The stream itself says 8 bit.
    let packets = encode(&small(Codec::Hevc), &[0, 1, 2], |_| {});
    assert_eq!(judged(&request, &packets).err(), Some(Code::TrialStream));
    let packets = encode(&deep(Codec::Hevc), &[0, 1, 2], |_| {});
    assert_eq!(judged(&small(Codec::Hevc), &packets).err(), Some(Code::TrialStream));
}

#[test]
fn a_stream_of_another_size_or_colour_is_found() {
    for codec in CODECS {
        let request = small(codec);
        let mut other = request.clone();
        other.height += 16;
        let packets = encode(&other, &[0, 1, 2], |_| {});
        assert_eq!(judged(&request, &packets).err(), Some(Code::TrialStream), "{codec}: size");
        let tagged = small(codec).color(Color::BT709);
        let found = judged(&tagged, &encode(&tagged, &[0, 1, 2], |_| {})).unwrap();
        assert_eq!(found.color, Color::BT709);
        let untagged = encode(&request, &[0, 1, 2], |_| {});
        assert_eq!(judged(&tagged, &untagged).err(), Some(Code::TrialStream), "{codec}: no VUI");
        let hdr = tagged.clone().color(Color::HDR10);
        let packets = encode(&tagged, &[0, 1, 2], |_| {});
        assert_eq!(judged(&hdr, &packets).err(), Some(Code::TrialStream), "{codec}: another VUI");
    }
}

#[test]
fn packets_that_are_missing_cut_or_in_the_wrong_place_are_found() {
    for codec in CODECS {
        let request = small(codec);
        let whole = || encode(&request, &[0, 1, 2], |_| {});
        assert_eq!(judged(&request, &[]).err(), Some(Code::TrialIncomplete), "{codec}: nothing");
        assert_eq!(
            judged(&request, &whole()[..2]).err(),
            Some(Code::TrialIncomplete),
            "{codec}: two of three"
        );
        assert_eq!(
            judged(&request, &whole()[1..]).err(),
            Some(Code::TrialNoIdr),
            "{codec}: without the first"
        );
        let mut cut = whole();
        cut[1] = Packet::copy_of(&cut[1][..cut[1].len() / 2]).unwrap();
        let found = judged(&request, &cut).err();
        let told = [Some(Code::TrialUndecodable), Some(Code::TrialPicture), Some(Code::TrialIncomplete)];
        assert!(told.contains(&found), "{codec}: {found:?}");
        let other = if codec == Codec::H264 { Codec::Hevc } else { Codec::H264 };
        let found = judged(&request, &encode(&small(other), &[0, 1, 2], |_| {})).err();
        assert!(found.is_some(), "{codec}: the stream of another codec");
    }
}

/// Software encoders at the coarsest that can be asked for: none may be taken for a failure.
#[test]
fn coarse_is_not_wrong() {
    for codec in CODECS {
        for (width, height) in [(64, 64), (320, 180)] {
            let starved = 4 * (width * height / 12 + 2500);
            for rate in [
                RateControl::Quality(0),
                RateControl::Quality(30),
                RateControl::Quality(50),
                RateControl::Cqp(codec.max_qp()),
                RateControl::Cqp(codec.max_qp() * 4 / 5),
                RateControl::Vbr(1000),
                RateControl::Cbr(1000),
                RateControl::Cbr(u64::from(starved)),
                RateControl::Vbr(u64::from(4 * starved)),
            ] {
                let request = Request::new(codec, width, height).rate_control(rate);
                let outcome = trial(request).run();
                assert!(outcome.proof().is_some(), "{codec} {width}x{height} {rate:?}: {outcome:?}");
            }
        }
    }
}

#[test]
fn parameter_sets_beside_the_stream_and_every_number_of_pictures_are_judged() {
    for codec in CODECS {
        // As software is tried.
        let mut request = Request::new(codec, 320, 180);
        request.parameter_sets = ParameterSets::Global;
        let outcome = trial(request).run();
        assert_eq!(outcome.proof().map(|proof| proof.frames), Some(4), "{codec}: {outcome:?}");
    }
    for b in 0..8 {
        let Outcome::Verified(proof) = trial(Request::new(Codec::H264, 64, 64).b_frames(b)).run() else {
            panic!("{b} B pictures")
        };
        assert_eq!(proof.frames as usize, (b as usize + 2).clamp(3, MOST));
    }
}
