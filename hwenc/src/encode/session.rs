//! [`Session`]: an open encoder, its conversion and its counts.

use std::collections::VecDeque;

use serde::Serialize;

use super::convert::Converter;
use super::{Input, Settings};
use crate::av::{
    Encoder, EncoderSettings, Frame, HwDevice, HwFrames, Options, Packet, PixelFormat, Rational, Received,
    StreamParameters,
};
use crate::backend::{self, Driver};
use crate::error::{Code, Error, Result};
use crate::select::{Decision, ParameterSets, Request, ZeroCopy};

/// What [`Session::receive`] has to give. Waiting for input is no error.
#[derive(Debug)]
pub enum Output<'a> {
    /// A coded picture, lent until the next call: it dereferences to its bytes, [`Packet::try_clone`] keeps it.
    Packet(&'a mut Packet),
    /// Send another picture first, or finish.
    NeedInput,
    /// Everything has come out.
    Finished,
}

/// What went through a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Pictures sent.
    pub frames_in: u64,
    /// Packets received.
    pub packets_out: u64,
    /// Bytes of those packets.
    pub bytes_out: u64,
    /// Pictures that were copied or converted on their way.
    pub copied_frames: u64,
    /// Bytes that hwenc wrote in doing so. What an encoder copies inside itself cannot be seen.
    pub copied_bytes: u64,
    /// IDR pictures that were asked for.
    pub forced_idr: u64,
    /// Times that a new encoder was opened in the middle, because the old one could not give an IDR.
    pub reopened: u64,
}

/// An open encoder. Everything runs on the caller's thread but for the encoder's own threads.
///
/// Dropping it throws away what has not been received; [`Session::finish`] and [`Session::receive`] get it out.
///
/// ```
/// # fn main() -> hwenc::Result<()> {
/// use hwenc::{Codec, Fallback, Output, Picture, PixelFormat, Request};
///
/// let want = Request::new(Codec::H264, 320, 240).fps(25).fallback(Fallback::Software);
/// let mut session = hwenc::choose(&want)?.open()?;
/// let pixels = vec![128u8; 320 * 240 * 3 / 2];
/// let mut stream = Vec::new();
/// for _ in 0..25 {
///     session.send(&Picture::packed(PixelFormat::NV12, 320, 240, &pixels)?)?;
///     while let Output::Packet(packet) = session.receive()? {
///         stream.extend_from_slice(&packet);
///     }
/// }
/// session.finish()?;
/// while let Output::Packet(packet) = session.receive()? {
///     stream.extend_from_slice(&packet);
/// }
/// assert_eq!(session.stats().packets_out, 25);
/// # Ok(())
/// # }
/// ```
///
/// A session can move to another thread, and is used from one at a time:
/// ```
/// fn can_move<T: Send>() {}
/// can_move::<hwenc::Session>();
/// ```
/// A packet is lent, and cannot outlive the next call:
/// ```compile_fail,E0499
/// fn two(session: &mut hwenc::Session) -> hwenc::Result<()> {
///     let first = session.receive()?;
///     let second = session.receive()?;
///     drop((first, second));
///     Ok(())
/// }
/// ```
pub struct Session {
    encoder: Encoder,
    converter: Converter,
    /// The device's pool that pictures are coded from.
    frames: Option<HwFrames>,
    frame: Frame,
    packet: Packet,
    /// What came out while the encoder was too full to take a picture.
    waiting: VecDeque<Packet>,
    /// Presentation times and durations of the pictures in the encoder whose duration was given.
    durations: VecDeque<(i64, i64)>,
    decision: Decision,
    requested: Settings,
    applied: Settings,
    stats: Stats,
    /// Ticks from one picture to the next at the nominal rate.
    step: i64,
    last_pts: Option<i64>,
    force_idr: bool,
    /// Parameter sets were asked for beside the stream, and no packet has come yet.
    wants_extradata: bool,
    /// Those of the first packet, where the encoder has none beside the stream.
    extradata: Vec<u8>,
    reopens_for_idr: bool,
    finished: bool,
}

impl Session {
    /// For pictures like this one, where one is given.
    pub(crate) fn open(decision: Decision, picture: Option<&Frame>) -> Result<Self> {
        let request = decision.request().clone();
        let (driver, mut settings) = settings(&decision)?;
        let (format, color) = (settings.format, settings.color);
        let frames = surfaces(&decision, driver, format, picture)?;
        place(&mut settings, frames.as_ref())?;
        let chosen = decision.chosen();
        let encoder = Encoder::open(settings).map_err(|error| explain(error, frames.is_some()))?;
        let require = request.zero_copy == ZeroCopy::Require;
        let (width, height) = (request.width, request.height);
        let held = frames.as_ref().map(HwFrames::try_clone).transpose()?;
        let converter = Converter::new(format, color, width, height, require, held)?;
        let applied = Settings::applied(&encoder, driver.applied, &request);
        let step = request.frame_rate.inverse().rescale(1, request.ticks()).max(1);
        tracing::info!(encoder = %chosen.encoder, backend = %chosen.backend, fallback = decision.fallback_used(), %applied, "session opened");
        Ok(Session {
            encoder,
            converter,
            frames,
            frame: Frame::empty()?,
            packet: Packet::empty()?,
            waiting: VecDeque::new(),
            durations: VecDeque::new(),
            requested: Settings::requested(&request),
            applied,
            reopens_for_idr: (driver.reopens_for_idr)(&request, &chosen.encoder),
            decision,
            stats: Stats::default(),
            step,
            last_pts: None,
            force_idr: false,
            wants_extradata: request.parameter_sets == ParameterSets::Global,
            extradata: Vec::new(),
            finished: false,
        })
    }

    /// Sends a picture. It never waits for a packet to be fetched: what comes out meanwhile is kept.
    ///
    /// # Errors
    /// [`Code::PictureInvalid`] for another size, a format that cannot be converted, or a timestamp that is not
    /// above the last one; [`Code::CopyRequired`]; [`Code::SessionFinished`]; [`Code::EncoderFailed`].
    pub fn send<'i>(&mut self, input: impl Into<Input<'i>>) -> Result<()> {
        let mut input = input.into();
        if self.finished {
            return Err(Error::new(
                Code::SessionFinished,
                "the session was finished and takes no more pictures",
            ));
        }
        let (pts, duration, idr) = match &input {
            Input::Picture(p) => (p.pts, p.duration, p.idr),
            Input::Frame(f) => (f.pts(), f.duration(), false),
            Input::FrameMut(f) => (f.pts(), f.duration(), false),
        };
        let pts = self.next_pts(pts)?;
        let idr = idr || self.force_idr;
        let converted = self.converter.run(&input, &mut self.frame);
        let converted = converted.map_err(|error| {
            let uploading = error.code() == Code::DeviceUpload;
            explain(error, uploading)
        })?;
        let written = converted.unwrap_or(0);
        if idr && self.reopens_for_idr && self.stats.frames_in > 0 {
            self.reopen()?;
        }

        let frame = match (&mut input, converted) {
            (Input::FrameMut(frame), None) => frame,
            (_, None) => {
                let Some(theirs) = input.frame() else { unreachable!("a frame is to be coded as it is") };
                self.frame.refer_to(theirs)?;
                &mut self.frame
            }
            (_, Some(_)) => &mut self.frame,
        };
        frame.set_format(self.converter.format()); // yuvj420p is yuv420p with a range
        frame.set_pts(Some(pts));
        frame.set_duration(if duration > 0 { duration } else { self.step });
        frame.set_force_key(idr);
        let sent = push(&mut self.encoder, &mut self.waiting, Some(frame));
        self.frame.release();
        sent.map_err(|error| explain(error, self.frames.is_some()))?;
        if duration > 0 {
            self.durations.push_back((pts, duration));
        }
        self.force_idr = false;
        self.last_pts = Some(pts);
        self.stats.frames_in += 1;
        self.stats.copied_bytes += written;
        self.stats.copied_frames += u64::from(written > 0);
        self.stats.forced_idr += u64::from(idr);
        Ok(())
    }

    /// The next packet, in decoding order.
    ///
    /// # Errors
    /// [`Code::EncoderFailed`].
    pub fn receive(&mut self) -> Result<Output<'_>> {
        if let Some(mut packet) = self.waiting.pop_front() {
            self.packet.take_from(&mut packet);
        } else {
            let received = self.encoder.receive(&mut self.packet);
            match received.map_err(|error| explain(error, self.frames.is_some()))? {
                Received::Packet => {}
                Received::NeedInput => return Ok(Output::NeedInput),
                Received::Finished => return Ok(Output::Finished),
            }
        }
        if std::mem::take(&mut self.wants_extradata) && self.encoder.extradata().is_empty() {
            self.extradata = crate::av::extradata::extract(&self.encoder.parameters()?, &self.packet)?;
        }
        // Encoders do not tell the duration, or only in some versions of libavcodec.
        let pts = self.packet.pts();
        let given = self.durations.iter().position(|d| Some(d.0) == pts);
        let given = given.and_then(|at| self.durations.remove(at));
        self.packet.set_duration(given.map_or(self.step, |d| d.1));
        self.stats.packets_out += 1;
        self.stats.bytes_out += self.packet.len() as u64;
        Ok(Output::Packet(&mut self.packet))
    }

    /// No more pictures will come; the rest can be received until [`Output::Finished`]. Calling it again does
    /// nothing.
    ///
    /// # Errors
    /// [`Code::EncoderFailed`].
    pub fn finish(&mut self) -> Result<()> {
        if self.finished {
            return Ok(());
        }
        let ended = push(&mut self.encoder, &mut self.waiting, None);
        ended.map_err(|error| explain(error, self.frames.is_some()))?;
        self.finished = true;
        Ok(())
    }

    /// The next picture that is sent becomes an IDR.
    pub fn force_idr(&mut self) {
        self.force_idr = true;
    }

    /// The decision that this session came from, with every candidate.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// libavcodec's name of the encoder in use.
    pub fn encoder(&self) -> &str {
        &self.decision.chosen().encoder
    }

    /// What was asked for.
    pub fn requested(&self) -> &Settings {
        &self.requested
    }

    /// What the open encoder says of itself.
    pub fn applied(&self) -> &Settings {
        &self.applied
    }

    /// What went through so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Presentation time of the last picture that was sent.
    pub fn last_pts(&self) -> Option<i64> {
        self.last_pts
    }

    /// Seconds that one tick of timestamps in and out counts.
    pub fn time_base(&self) -> Rational {
        self.encoder.time_base()
    }

    /// Parameter sets, where [`ParameterSets::Global`](crate::ParameterSets::Global) was asked for. Encoders whose
    /// drivers write them into the stream alone have them with the first packet only.
    pub fn extradata(&self) -> &[u8] {
        if self.extradata.is_empty() { self.encoder.extradata() } else { &self.extradata }
    }

    /// What the stream is, for a muxer or decoder.
    ///
    /// # Errors
    /// [`Code::OutOfMemory`].
    pub fn parameters(&self) -> Result<StreamParameters> {
        let mut parameters = self.encoder.parameters()?;
        if !self.extradata.is_empty() {
            parameters.set_extradata(&self.extradata)?;
        }
        Ok(parameters)
    }

    /// Gets everything out of the encoder and opens another, which begins with an IDR.
    fn reopen(&mut self) -> Result<()> {
        push(&mut self.encoder, &mut self.waiting, None)?;
        while set_aside(&mut self.encoder, &mut self.waiting)? == Received::Packet {}
        let (_, mut settings) = settings(&self.decision)?;
        place(&mut settings, self.frames.as_ref())?;
        self.encoder = Encoder::open(settings)?;
        self.stats.reopened += 1;
        tracing::info!(encoder = self.encoder(), "opened again for an IDR");
        Ok(())
    }

    fn next_pts(&self, given: Option<i64>) -> Result<i64> {
        match (given, self.last_pts) {
            (Some(pts), Some(last)) if pts <= last => {
                let text = format!("the picture's time is {pts}, and the last one had {last}");
                Err(Error::new(Code::PictureInvalid, text).with_value(pts, format!("above {last}")))
            }
            (Some(pts), _) => Ok(pts),
            (None, last) => Ok(last.map_or(0, |last| last.saturating_add(self.step))),
        }
    }
}

/// What a failure on a device leaves to do, where the error does not say it.
fn explain(error: Error, on_device: bool) -> Error {
    if !on_device || !error.reason().remedy.is_empty() {
        return error;
    }
    error.with_remedy(
        "the kernel's log (`sudo dmesg`) may tell what the device did; another device (`--device`) or a software encoder \
         can do it meanwhile",
    )
}

/// Hands the encoder a picture, or the end; what comes out meanwhile waits.
fn push(encoder: &mut Encoder, waiting: &mut VecDeque<Packet>, frame: Option<&Frame>) -> Result<()> {
    let mut stuck = false;
    while !encoder.send(frame)? {
        match set_aside(encoder, waiting)? {
            Received::Packet => stuck = false,
            // libavcodec holds one picture back, and asking for a packet handed that one to the encoder.
            _ if !stuck => stuck = true,
            _ => {
                let text = "the encoder neither takes a picture nor gives a packet";
                return Err(Error::new(Code::Internal, text));
            }
        }
    }
    Ok(())
}

/// Puts the encoder's next packet to those that wait.
fn set_aside(encoder: &mut Encoder, waiting: &mut VecDeque<Packet>) -> Result<Received> {
    let mut packet = Packet::empty()?;
    let received = encoder.receive(&mut packet)?;
    if received == Received::Packet {
        waiting.push_back(packet);
    }
    Ok(received)
}

/// How the encoder of a decision is opened.
fn settings(decision: &Decision) -> Result<(&'static Driver, EncoderSettings)> {
    let (request, name) = (decision.request(), &decision.chosen().encoder);
    let Some((backend, _)) = backend::of_encoder(name) else {
        return Err(crate::select::unknown_encoder(name));
    };
    let Some(driver) = &backend.driver else { return Err(backend::not_driven(backend).into()) };

    let format = (driver.format)(request, name)?;
    let mut settings = EncoderSettings::new(name, request.width, request.height, format, request.frame_rate);
    settings.time_base = request.ticks();
    settings.sample_aspect_ratio = request.sample_aspect_ratio;
    settings.color = coded_color(request);
    settings.chroma_location = request.chroma_location;
    settings.gop = request.gop;
    settings.b_frames = request.b_frames;
    settings.threads = request.threads;
    settings.global_header = request.parameter_sets == ParameterSets::Global;
    (driver.configure)(request, name, &decision.chosen().va, &mut settings)?;
    Ok((driver, settings))
}

/// The pool that pictures are coded from, where the backend's live on a device: that of `picture` where it does, too.
fn surfaces(
    decision: &Decision,
    driver: &Driver,
    format: PixelFormat,
    picture: Option<&Frame>,
) -> Result<Option<HwFrames>> {
    let on_device = picture.and_then(Frame::hw_frames);
    let Some(kind) = driver.surfaces else {
        return match on_device {
            None => Ok(None),
            Some(_) => Err(Error::new(
                Code::PictureInvalid,
                format!("the pictures live on a device, and {} runs on the CPU", decision.chosen().encoder),
            )
            .with_remedy("download them first, or ask for an encoder of that device")),
        };
    };
    if let Some(frames) = on_device {
        if frames.software_format() != format || picture.map(Frame::format) != kind.format() {
            let has = frames.software_format();
            return Err(Error::new(
                Code::PictureInvalid,
                format!("the pictures hold {has} where {format} is coded"),
            )
            .with_value(has, format)
            .with_remedy("convert them on the device first"));
        }
        return Ok(Some(frames));
    }
    let (request, chosen) = (decision.request(), decision.chosen());
    let device = HwDevice::create(kind, chosen.device.as_deref(), Options::new())
        .map_err(|error| error.context(&chosen.encoder))?;
    let format_there = kind.format().unwrap_or(format);
    // It grows as the encoder holds pictures back.
    HwFrames::new(&device, format_there, format, request.width, request.height, 0).map(Some)
}

/// Has the encoder take pictures of a device's pool.
fn place(settings: &mut EncoderSettings, frames: Option<&HwFrames>) -> Result<()> {
    if let Some(frames) = frames {
        settings.format = frames.format();
        settings.hw_frames = Some(frames.try_clone()?);
    }
    Ok(())
}

/// What goes into the VUI: as asked; for RGB pictures, which must become something, the rest by size.
fn coded_color(request: &Request) -> crate::Color {
    if request.input.is_rgb() {
        request.color.or(crate::Color::for_height(request.height))
    } else {
        request.color
    }
}
