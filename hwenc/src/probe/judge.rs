//! Whether the packets of a trial are what was asked for: the stream by its own words, and its pictures by a decoder that
//! has nothing to do with the device.

use super::distance::{Distance, distance, psnr};
use super::idr;
use super::picture::Film;
use crate::av::{Color, Decoded, Decoder, Frame, Packet, PixelFormat, Range};
use crate::error::{Code, Error, Reason};
use crate::select::{Chroma, Codec, RateControl, Request};

/// What came out of a session.
pub(super) struct Coded<'a> {
    pub(super) request: &'a Request,
    /// The pictures that were sent, and how many.
    pub(super) film: &'a Film,
    pub(super) frames: usize,
    pub(super) packets: &'a [Packet],
    /// Parameter sets beside the packets.
    pub(super) extradata: &'a [u8],
}

/// What was found in a stream that is as it should be.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) profile: String,
    pub(super) bit_depth: u8,
    pub(super) color: Color,
    /// PSNR in dB of the worst picture, of luma and of the worse chroma plane.
    pub(super) luma: f64,
    pub(super) chroma: f64,
}

/// How much may be wrong with a picture: mean squares as parts of the film's power.
struct Most {
    luma: Parts,
    chroma: Parts,
    /// Edges have to be where they were.
    still: bool,
}

/// In a whole plane; in each cell, side and edge.
type Parts = (f64, f64);

/// A part may be anything.
const ANY: f64 = f64::INFINITY;

/// What separates the picture that was sent from any other.
///
/// Of a wrong picture this is 1 where it is grey or has lost its chroma, 2 where it is another of the film, 4 as its own
/// negative, and above 2 where it is green. So it is of parts that are wrong. Limits were widened until right streams of the encoders
/// at hand passed, with none held back to test them on: docs/evidence.md, "Trials", says which, and what passes that is wrong.
fn most(coded: &Coded<'_>) -> Most {
    match (coarseness(coded), coded.request.codec) {
        (Coarseness::Starved, _) => Most { luma: (2.5, ANY), chroma: (2.5, ANY), still: false },
        // libaom 3.12 and SVT-AV1 2.3 in haste find a cell's luma elsewhere, take the chroma from there, too, and leave it:
        // single cells are as wrong as can be (4.4), planes up to 0.98 at the coarsest, and up to 0.83 elsewhere.
        (Coarseness::Coarse, Codec::Av1) => Most { luma: (0.4, ANY), chroma: (1.2, ANY), still: true },
        // SVT-AV1 4.2 at preset 10 leaves one cell's luma, too (3.3).
        (Coarseness::Fine, Codec::Av1) => Most { luma: (0.4, 4.1), chroma: (0.95, 5.0), still: true },
        // x265 in haste leaves single cells as they were: up to 0.8 of Cb at 64x64.
        (Coarseness::Coarse, _) => Most { luma: (0.4, ANY), chroma: (0.95, ANY), still: true },
        (Coarseness::Fine, _) => Most { luma: (0.4, 0.8), chroma: (0.4, 2.0), still: true },
    }
}

/// How coarsely the request lets pictures be coded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coarseness {
    Fine,
    /// Near the coarsest quantiser, where quick encoders leave what should change.
    Coarse,
    /// So few bits that encoders repeat pictures, or code grey ones (x264 goes beyond quantiser 51): only what nobody can
    /// have asked for is wrong.
    Starved,
}

fn coarseness(coded: &Coded<'_>) -> Coarseness {
    let request = coded.request;
    let bits = match request.rate_control {
        RateControl::Vbr(bits) | RateControl::Cbr(bits) | RateControl::Qvbr { bits, .. } => bits,
        // SVT-AV1 is at its coarsest up to 30.
        RateControl::Quality(quality) if quality >= 50 => return Coarseness::Fine,
        RateControl::Cqp(qp) if qp * 5 < request.codec.max_qp() * 4 => return Coarseness::Fine,
        RateControl::Quality(_) | RateControl::Cqp(_) => return Coarseness::Coarse,
    };
    // The film takes about a twenty-fifth of a bit for each pixel at the coarsest quantiser, x264 and x265 write a message of
    // 5000 bits before it, and rates hold over one second.
    let pixels = u64::from(request.width) * u64::from(request.height);
    let least = coded.frames as u64 * (pixels / 12 + 2500);
    match bits {
        bits if bits < least => Coarseness::Starved,
        bits if bits < 4 * least => Coarseness::Coarse,
        _ => Coarseness::Fine,
    }
}

/// Decoders of libavcodec that run on the CPU, whatever its build prefers.
fn decoders(codec: Codec) -> &'static [&'static str] {
    match codec {
        Codec::H264 => &["h264"],
        Codec::Hevc => &["hevc"],
        Codec::Av1 => &["libdav1d", "libaom-av1"],
        Codec::Vp9 => &["vp9"],
        Codec::Mjpeg => &["mjpeg"],
    }
}

/// The profiles, by libavcodec's names, whose streams have this depth and chroma; empty where any will do.
fn profiles(codec: Codec, depth: u8, chroma: Chroma) -> &'static [&'static str] {
    match (codec, depth, chroma) {
        (Codec::H264, 8, Chroma::Yuv420) => &["Baseline", "Constrained Baseline", "Extended", "Main", "High"],
        (Codec::H264, _, Chroma::Yuv420) => &["High 10", "High 10 Intra"],
        (Codec::H264, _, Chroma::Yuv444) => &["High 4:4:4 Predictive", "High 4:4:4 Intra", "CAVLC 4:4:4"],
        // Main 10 holds 8 bit, too, and some devices have no other profile.
        (Codec::Hevc, 8, Chroma::Yuv420) => &["Main", "Main 10", "Main Still Picture"],
        (Codec::Hevc, _, Chroma::Yuv420) => &["Main 10"],
        (Codec::Hevc, _, Chroma::Yuv444) => &["Rext"],
        (Codec::Av1, _, Chroma::Yuv420) => &["Main"],
        (Codec::Av1, _, Chroma::Yuv444) => &["High"],
        (Codec::Vp9, 8, Chroma::Yuv420) => &["Profile 0"],
        (Codec::Vp9, _, Chroma::Yuv420) => &["Profile 2"],
        (Codec::Vp9, 8, Chroma::Yuv444) => &["Profile 1"],
        (Codec::Vp9, _, Chroma::Yuv444) => &["Profile 3"],
        (Codec::Mjpeg, ..) => &[],
    }
}

/// Judges a stream.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn judge(coded: &Coded<'_>) -> Result<Found, Reason> {
    let codec = coded.request.codec;
    let Some(first) = coded.packets.first() else {
        let text = format!("nothing came out for {} pictures", coded.frames);
        return Err(Reason::new(Code::TrialIncomplete, text));
    };
    if !idr::begins(codec, first) {
        let seen: Vec<String> = first.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
        let what = if matches!(codec, Codec::H264 | Codec::Hevc) { "no IDR picture" } else { "no key frame" };
        return Err(Reason::new(Code::TrialNoIdr, format!("the first packet is {what}"))
            .evidence(format!("marked as a key frame: {}", first.is_key()))
            .evidence(format!("it begins with {}", seen.join(" "))));
    }
    let mut worst = Worst::default();
    let mut found = None;
    let profile = decode(coded, |n, frame| {
        if n >= coded.frames {
            return Ok(()); // counted, and told below
        }
        if found.is_none() {
            found = Some((frame.format(), frame.color()));
        }
        shape(coded, frame)?;
        worst.add(coded, n, frame)
    })?;
    let (count, profile) = profile;
    // A picture that is missing makes all that follow it wrong: say what is missing first.
    if count != coded.frames {
        let text = format!("{} pictures were sent, and {count} came back", coded.frames);
        let text = Reason::new(Code::TrialIncomplete, text);
        return Err(text.evidence(format!("packets: {}", coded.packets.len())));
    }
    let Some((format, color)) = found else {
        return Err(Reason::new(Code::TrialUndecodable, "no picture of the stream decodes"));
    };
    named(coded, format, color, &profile)?;
    worst.judge(coded)?;
    let depth = format.bit_depth();
    Ok(Found {
        profile,
        bit_depth: depth,
        color,
        luma: psnr(worst.squares[0], depth),
        chroma: psnr(worst.squares[1].max(worst.squares[2]), depth),
    })
}

/// Hands every decoded picture out in the order in which they are shown; says how many there were, and the stream's profile.
fn decode(
    coded: &Coded<'_>,
    mut see: impl FnMut(usize, &Frame) -> Result<(), Reason>,
) -> Result<(usize, String), Reason> {
    let codec = coded.request.codec;
    let undecodable = |error: Error| {
        if error.code() != Code::InputCorrupt {
            return error.into_reason();
        }
        let mut reason = Reason::new(Code::TrialUndecodable, "the stream does not decode");
        reason.evidence.push(error.to_string());
        reason.evidence.extend(error.into_reason().evidence);
        reason
    };
    let mut decoder = Decoder::on_cpu(codec.name(), decoders(codec), coded.extradata).map_err(undecodable)?;
    let mut frame = Frame::empty().map_err(Error::into_reason)?;
    let (mut count, mut last) = (0, None);
    let ends = [None];
    for packet in coded.packets.iter().map(Some).chain(ends) {
        let mut taken = false;
        loop {
            if !taken {
                taken = decoder.send(packet).map_err(undecodable)?;
            }
            match decoder.receive(&mut frame).map_err(undecodable)? {
                Decoded::Frame => {}
                Decoded::NeedInput | Decoded::Finished if taken => break,
                _ => {
                    let text = "the decoder neither takes a packet nor gives a picture";
                    return Err(Reason::new(Code::Internal, text));
                }
            }
            if frame.is_corrupt() {
                let reason = Reason::new(Code::TrialUndecodable, "a picture of the stream is damaged");
                return Err(reason.evidence(format!("picture {} of those that decode", count + 1)));
            }
            let at = frame.best_pts();
            if count > 0 && at <= last {
                let text = "the pictures come back in another order than they were sent";
                let text = Reason::new(Code::TrialIncomplete, text);
                return Err(text.evidence(format!("time {at:?} after {last:?}")));
            }
            last = at;
            see(count, &frame)?;
            count += 1;
        }
    }
    Ok((count, decoder.profile().unwrap_or_default()))
}

fn wrong(what: &str, asked: impl std::fmt::Display, found: impl std::fmt::Display) -> Reason {
    let text = format!("the stream has {what} {found}, and {asked} was asked for");
    Reason::new(Code::TrialStream, text)
        .evidence(format!("{what}: asked for {asked}, found {found}"))
        .remedy("install another version of the driver, or ask for something else")
}

/// Size, bit depth and chroma of every picture.
fn shape(coded: &Coded<'_>, frame: &Frame) -> Result<(), Reason> {
    let request = coded.request;
    let (asked, found) = ((request.width, request.height), (frame.width(), frame.height()));
    let format = frame.format();
    if asked != found {
        return Err(wrong(
            "the size",
            format!("{}x{}", asked.0, asked.1),
            format!("{}x{}", found.0, found.1),
        ));
    }
    if request.bit_depth != format.bit_depth() {
        return Err(wrong("a bit depth of", request.bit_depth, format.bit_depth()));
    }
    let shift = if request.chroma == Chroma::Yuv444 { (0, 0) } else { (1, 1) };
    if format.planes() != 3 || format.is_rgb() || format.chroma_shift() != shift {
        let asked = if request.chroma == Chroma::Yuv444 { "4:4:4" } else { "4:2:0" };
        return Err(wrong("pictures of", asked, format));
    }
    Ok(())
}

/// What the stream says of itself.
fn named(coded: &Coded<'_>, format: PixelFormat, color: Color, profile: &str) -> Result<(), Reason> {
    let request = coded.request;
    let legal = profiles(request.codec, format.bit_depth(), request.chroma);
    if !legal.is_empty() && !legal.contains(&profile) {
        return Err(wrong(
            "the profile",
            legal.join(" or "),
            if profile.is_empty() { "none" } else { profile },
        ));
    }
    let asked = request.color;
    // JPEG and VP9 have no place for what H.273 numbers.
    if matches!(request.codec, Codec::Mjpeg | Codec::Vp9) {
        return Ok(());
    }
    // What is not said is limited range (ITU-T H.264 and H.265, E.2.1; AV1 always says it).
    if asked.range.is_specified() && asked.range != color.range.or(Range::LIMITED) {
        return Err(wrong("the colour range", asked.range.0, color.range.0));
    }
    let code_points = [
        ("the colour primaries", asked.primaries.0, color.primaries.0, asked.primaries.is_specified()),
        ("the transfer characteristics", asked.transfer.0, color.transfer.0, asked.transfer.is_specified()),
        ("the matrix coefficients", asked.matrix.0, color.matrix.0, asked.matrix.is_specified()),
    ];
    match code_points.into_iter().find(|(_, asked, found, said)| *said && asked != found) {
        Some((what, asked, found, _)) => Err(wrong(what, asked, found)),
        None => Ok(()),
    }
}

/// The pictures so far.
#[derive(Default)]
struct Worst {
    /// Mean squares by plane, of the worst picture.
    squares: [f64; 3],
    /// The first picture that is wrong.
    reason: Option<Reason>,
    /// All of them have the samples of 8 bit.
    shallow: usize,
    pictures: usize,
}

impl Worst {
    fn add(&mut self, coded: &Coded<'_>, n: usize, frame: &Frame) -> Result<(), Reason> {
        let unreadable = || Reason::new(Code::Internal, "a decoded picture cannot be read");
        let found = distance(coded.film, n, frame).ok_or_else(unreadable)?;
        for (worst, plane) in self.squares.iter_mut().zip(&found.planes) {
            *worst = worst.max(plane.square);
        }
        self.pictures += 1;
        self.shallow += usize::from(found.lost_low_bits);
        if self.reason.is_none() {
            self.reason = differs(coded, n, frame, &found);
        }
        Ok(())
    }

    fn judge(&mut self, coded: &Coded<'_>) -> Result<(), Reason> {
        if let Some(reason) = self.reason.take() {
            return Err(reason);
        }
        if self.pictures > 0 && self.shallow == self.pictures {
            let text =
                format!("pictures of {} bit come back with the samples of 8 bit", coded.request.bit_depth);
            return Err(Reason::new(Code::TrialPicture, text)
                .evidence("the two lowest bits follow no sample that was sent"));
        }
        Ok(())
    }
}

/// Why a picture is not the one that was sent.
fn differs(coded: &Coded<'_>, n: usize, frame: &Frame, found: &Distance) -> Option<Reason> {
    let most = most(coded);
    let depth = frame.format().bit_depth();
    for (plane, distance) in found.planes.iter().enumerate() {
        let power = coded.film.power(plane);
        let (whole, part) = if plane == 0 { most.luma } else { most.chroma };
        let low = distance.square > whole * power;
        let moved = distance.shift.filter(|_| most.still);
        if !low && distance.region <= part * power && moved.is_none() {
            continue;
        }
        let name = ["luma", "Cb", "Cr"][plane];
        let text = match moved {
            _ if low => format!("picture {} comes back as another", n + 1),
            Some((x, y)) => {
                format!("picture {} comes back with {name} moved by {x} to the right and {y} down", n + 1)
            }
            None => format!("a part of picture {} comes back as another", n + 1),
        };
        let line = |what: &str, has: f64, most: f64| {
            let (has, least) = (psnr(has, depth), psnr(most * power, depth).max(0.0));
            format!("{name}{what}: {has:.1} dB, and {least:.1} dB at least were expected")
        };
        let mut reason = Reason::new(Code::TrialPicture, text)
            .evidence(line("", distance.square, whole))
            .evidence(line(", worst part", distance.region, part));
        if low && let Some(like) = looks_like(coded, n, frame) {
            reason = reason.evidence(format!("it is picture {}", like + 1));
        }
        return Some(reason);
    }
    None
}

/// Another picture of the film that this one is.
fn looks_like(coded: &Coded<'_>, n: usize, frame: &Frame) -> Option<usize> {
    let most = most(coded).luma.0 * coded.film.power(0);
    let is = |&other: &usize| distance(coded.film, other, frame).is_some_and(|d| d.planes[0].square <= most);
    (0..coded.frames).filter(|other| *other != n).find(is)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
