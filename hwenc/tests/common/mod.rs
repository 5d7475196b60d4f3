//! Shared by the tests: pictures, sessions run to their end, and the `ffmpeg` and `ffprobe` commands as an
//! independent judge of what came out.
#![allow(dead_code)] // each test file is a crate of its own and uses a part

pub(crate) mod judge;
pub(crate) mod pixels;
pub(crate) mod schema;
pub(crate) mod softgpu;

use std::sync::OnceLock;

use hwenc::device::Roots;
use hwenc::probe::{Isolation, Outcome, Prober, Proof, Report, Tried};
use hwenc::{Chroma, Codec, Decision, Output, Packet, Picture, Request, Selection, Session};

/// The codecs with a software encoder.
pub(crate) const CODECS: [Codec; 3] = [Codec::H264, Codec::Hevc, Codec::Av1];

/// A request for the software encoder of a codec at its quickest, with one thread.
pub(crate) fn request(codec: Codec, width: u32, height: u32) -> Request {
    let (encoder, preset) = match codec {
        Codec::H264 => ("libx264", "ultrafast"),
        Codec::Hevc => ("libx265", "ultrafast"),
        Codec::Av1 => ("libsvtav1", "12"),
        other => panic!("no software encoder for {other}"),
    };
    Request::new(codec, width, height).encoder(encoder).preset(preset).threads(1)
}

/// This FFmpeg on a machine that has no device at all, with its software encoders tried. FFmpeg's lines go to errors, and not
/// between the tests'.
pub(crate) fn bare_machine() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| {
        hwenc::log::install();
        let empty = tempfile::tempdir().unwrap();
        let mut prober = here().roots(Roots::under(empty.path()));
        for (codec, depth, chroma) in SOFTWARE {
            prober.probe_for(&Request::new(codec, 320, 180).bit_depth(depth).chroma(chroma)).unwrap();
        }
        prober.report().unwrap().clone()
    })
}

/// Panics where a report is not what docs/report.schema.json says.
pub(crate) fn check_report(report: &Report) {
    schema::check_json(&report.to_json());
}

/// A prober that asks in this process, and keeps nothing.
pub(crate) fn here() -> Prober {
    Prober::new().isolation(Isolation::None).cache_dir(None)
}

/// What the software encoders are tried with.
const SOFTWARE: [(Codec, u8, Chroma); 10] = [
    (Codec::H264, 8, Chroma::Yuv420),
    (Codec::H264, 10, Chroma::Yuv420),
    (Codec::H264, 8, Chroma::Yuv444),
    (Codec::H264, 10, Chroma::Yuv444),
    (Codec::Hevc, 8, Chroma::Yuv420),
    (Codec::Hevc, 10, Chroma::Yuv420),
    (Codec::Hevc, 8, Chroma::Yuv444),
    (Codec::Hevc, 10, Chroma::Yuv444),
    (Codec::Av1, 8, Chroma::Yuv420),
    (Codec::Av1, 10, Chroma::Yuv420),
];

/// The decision on [`bare_machine`].
pub(crate) fn decide(request: &Request) -> hwenc::Result<Decision> {
    bare_machine().select(request)?.decided()
}

/// FFmpeg's release, for what differs between them.
pub(crate) fn release() -> (u32, u32) {
    bare_machine().ffmpeg.release().expect("a release of FFmpeg")
}

/// The decision on the machine at hand, were every trial that it needs to work: for tests of what a session does with a device, where
/// trials would be counted along or meet the fault that is meant for the session.
pub(crate) fn trusting(request: &Request) -> hwenc::Result<Decision> {
    hwenc::log::install();
    let mut report = here().report()?.clone();
    loop {
        match report.select(request)? {
            Selection::Decision(decision) => return Ok(*decision),
            Selection::NeedsTrials(trials) => {
                let works = |trial| Tried::new(trial, Outcome::Verified(Proof::default()), 0.0);
                report.trials.extend(trials.into_iter().map(works));
            }
        }
    }
}

/// Opens a session.
pub(crate) fn open(request: &Request) -> Session {
    decide(request).unwrap().open().unwrap_or_else(|e| panic!("{request:?}: {e:?}"))
}

/// Receives until the session wants something; says whether that is the end.
pub(crate) fn receive(session: &mut Session, packets: &mut Vec<Packet>) -> bool {
    loop {
        match session.receive().unwrap() {
            Output::Packet(packet) => packets.push(packet.try_clone().unwrap()),
            Output::NeedInput => return false,
            Output::Finished => return true,
        }
    }
}

/// Finishes a session and receives the rest.
pub(crate) fn finish(session: &mut Session, packets: &mut Vec<Packet>) {
    session.finish().unwrap();
    assert!(receive(session, packets), "a finished session wants no more input");
}

/// Opens a session, sends every picture and receives every packet.
pub(crate) fn encode(
    request: &Request,
    pictures: impl IntoIterator<Item = Picture<'static>>,
) -> (Session, Vec<Packet>) {
    let (mut session, mut packets) = (open(request), Vec::new());
    for picture in pictures {
        session.send(&picture).unwrap();
        assert!(!receive(&mut session, &mut packets), "an unfinished session never ends");
    }
    finish(&mut session, &mut packets);
    (session, packets)
}
