//! [`Pictures`]: the source's video, decoded and scaled.

use super::ahead::Ahead;
use super::timeline::Timeline;
use super::{Cancel, OnCorrupt, Transcode};
use crate::av::{
    Color, Decoded, Decoder, Demuxer, Frame, Graph, HwDevice, MediaKind, Packet, PixelFormat, Pulled,
    Rational, StreamInfo, VideoFormat,
};
use crate::error::{Code, Error, Result};
use crate::select::ZeroCopy;

/// `AV_TIME_BASE`: what libavformat counts a whole file in.
pub(super) const MICROSECONDS: Rational = Rational::new(1, 1_000_000);

/// The pictures of the source's video, scaled where the job asks for it; its other packets go elsewhere.
pub(super) struct Pictures {
    demuxer: Demuxer,
    decoder: Ahead,
    /// Makes pictures of this shape as large as the result.
    scaler: Option<(Graph, (u32, u32, PixelFormat))>,
    size: Option<(u32, u32)>,
    packet: Packet,
    timeline: Timeline,
    video: usize,
    bit_depth: Option<u8>,
    on_corrupt: OnCorrupt,
    zero_copy: ZeroCopy,
    cancel: Cancel,
    start: i64,
    /// A key picture was seen, and how many pictures came before it.
    began: bool,
    before: u32,
    /// Time of the last packet that was read, in seconds.
    at: f64,
    /// Packets that must become pictures.
    sent: u64,
    /// Where the last packet of any stream ended, in microseconds.
    end: i64,
    decoded: u64,
    corrupt: u64,
}

impl Pictures {
    /// With a device the pictures are decoded there, where it can.
    pub(super) fn open(
        demuxer: Demuxer,
        job: &Transcode,
        device: Option<HwDevice>,
        cancel: &Cancel,
    ) -> Result<Self> {
        let Some(stream) = demuxer.best_video() else {
            let kinds: Vec<String> = demuxer
                .streams()
                .iter()
                .map(|s| {
                    format!("stream {}: {} ({})", s.index, s.parameters.kind().name(), s.parameters.codec())
                })
                .collect();
            let text = format!("{} holds no video", job.input.display());
            return Err(kinds.into_iter().fold(Error::new(Code::InputNoVideo, text), Error::with_evidence));
        };
        let decoder = Ahead::new(Decoder::open(stream, 0, device)?)?;
        let video = stream.index;
        // The job means pictures as they are seen; a player turns those of phones.
        let turned = stream.rotation.rem_euclid(180) == 90;
        let size = job.size.map(|(width, height)| if turned { (height, width) } else { (width, height) });
        Ok(Pictures {
            timeline: Timeline::new(&demuxer),
            demuxer,
            decoder,
            scaler: None,
            size,
            packet: Packet::empty()?,
            video,
            bit_depth: job.bit_depth,
            on_corrupt: job.on_corrupt,
            zero_copy: job.zero_copy,
            cancel: cancel.clone(),
            start: 0,
            began: false,
            before: 0,
            at: 0.0,
            sent: 0,
            end: 0,
            decoded: 0,
            corrupt: 0,
        })
    }

    /// Fills `out` with the next picture; `false` at the end. Packets of other streams go to `other` on the way.
    pub(super) fn next(
        &mut self,
        out: &mut Frame,
        other: &mut dyn FnMut(&mut Packet) -> Result<()>,
    ) -> Result<bool> {
        loop {
            if let Some((graph, _)) = &mut self.scaler {
                match graph.pull(out)? {
                    Pulled::Frame => return Ok(true),
                    Pulled::Finished => return Ok(false),
                    Pulled::NeedInput => {}
                }
            }
            if !self.decode(out, other)? {
                match &mut self.scaler {
                    Some((graph, _)) => graph.push(None)?,
                    None => return Ok(false),
                }
                continue;
            }
            // Where the job says nothing, the first picture decides; the size may change in the middle of a stream.
            let size = *self.size.get_or_insert((out.width(), out.height()));
            let shape = (out.width(), out.height(), out.software_format());
            let format = self.format_on_device(out);
            if (shape.0, shape.1) == size && format.is_none_or(|format| format == shape.2) {
                return Ok(true);
            }
            if format.is_none() && self.zero_copy == ZeroCopy::Require {
                let text = format!(
                    "pictures of {}x{} would have to be scaled to {}x{}",
                    shape.0, shape.1, size.0, size.1
                );
                return Err(
                    Error::new(Code::CopyRequired, text).with_remedy("allow copies, or keep the size")
                );
            }
            // Scaling holds no picture back, so none is lost with the former graph.
            if self.scaler.as_ref().is_none_or(|(_, takes)| *takes != shape) {
                self.scaler = Some((self.make_scaler(out, size, format)?, shape));
            }
            if let Some((graph, _)) = &mut self.scaler {
                graph.push(Some(out))?;
            }
        }
    }

    /// What a device picture has to hold for the encoder; `None` for pictures in memory, which the session converts.
    fn format_on_device(&self, frame: &Frame) -> Option<PixelFormat> {
        let deep = self.bit_depth.map_or(frame.software_format().bit_depth() > 8, |depth| depth > 8);
        frame.is_hardware().then_some(if deep { PixelFormat::P010 } else { PixelFormat::NV12 })
    }

    /// `to` is the format of device pictures.
    fn make_scaler(
        &self,
        frame: &Frame,
        (width, height): (u32, u32),
        to: Option<PixelFormat>,
    ) -> Result<Graph> {
        let format = VideoFormat {
            width: frame.width(),
            height: frame.height(),
            format: frame.format(),
            time_base: self.decoder.time_base(),
            sample_aspect_ratio: frame.sample_aspect_ratio(),
            color: frame.color(),
            hw_frames: frame.hw_frames(),
        };
        let filter = match to {
            Some(to) => format!("scale_vaapi=w={width}:h={height}:format={to}"),
            None => format!("scale={width}:{height}:flags=bicubic"),
        };
        Graph::video(&format, &filter)
    }

    fn decode(&mut self, out: &mut Frame, other: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<bool> {
        loop {
            match self.decoder.receive(out) {
                Ok(Decoded::Frame) if out.is_corrupt() => {
                    self.undecodable(Error::new(Code::InputCorrupt, "a picture is damaged"))?;
                }
                Ok(Decoded::Frame) => {
                    self.decoded += 1;
                    return Ok(true);
                }
                Ok(Decoded::Finished) => return self.vanished().map(|()| false),
                Ok(Decoded::NeedInput) => self.feed(other)?,
                Err(error) => self.undecodable(error)?,
            }
        }
    }

    /// Gives the decoder its next packet, or the end.
    fn feed(&mut self, other: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<()> {
        loop {
            self.cancel.check()?;
            let read = self.demuxer.read(&mut self.packet);
            if let Some(error) = self.demuxer.damage() {
                self.broken(error)?;
            }
            if let Ok(true) = read {
                let kind = self.demuxer.streams().get(self.packet.stream()).map(|s| s.parameters.kind());
                self.timeline.place(&mut self.packet, kind.unwrap_or(MediaKind::Data));
            }
            if let (Ok(true), Some(pts)) = (&read, self.packet.pts()) {
                self.at = pts as f64 * self.packet.time_base().as_f64();
                let end = pts.saturating_add(self.packet.duration());
                self.end = self.end.max(self.packet.time_base().rescale(end, MICROSECONDS));
            }
            match read {
                Ok(true) if self.packet.stream() == self.video => {
                    if self.begins() {
                        break;
                    }
                }
                Ok(true) => other(&mut self.packet)?,
                Ok(false) => {
                    self.ends_early()?;
                    self.decoder.end();
                    return Ok(());
                }
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => {
                    self.broken(error)?;
                    self.decoder.end();
                    return Ok(());
                }
            }
        }
        if self.packet.is_corrupt() {
            return self
                .broken(Error::new(Code::InputCorrupt, "the container knows that a packet is damaged"));
        }
        self.sent += u64::from(!self.packet.is_discarded());
        self.decoder.send(&self.packet, self.at)
    }

    /// The container knows of more than there is, and its reader took the end for a good one.
    fn ends_early(&mut self) -> Result<()> {
        let Some(end) = self.demuxer.end().filter(|_| !self.timeline.jumped()) else { return Ok(()) };
        // Headers are not exact: a second, or one part in fifty.
        let slack = ((end - self.demuxer.start_time()) / 50).max(1_000_000);
        if self.end.saturating_add(slack) >= end {
            return Ok(());
        }
        let text = format!(
            "the content ends at {:.2} s, and by its container at {:.2} s",
            self.end as f64 / 1e6,
            end as f64 / 1e6
        );
        self.broken(Error::new(Code::InputTruncated, text))
    }

    /// Every packet of AV1 has one picture (AV1 specification, 7.5), and where it has none decoders say nothing.
    fn vanished(&mut self) -> Result<()> {
        let missing = self.sent.saturating_sub(self.decoded + self.corrupt);
        if missing == 0 || self.codec() != "av1" {
            return Ok(());
        }
        let text = format!("{missing} pictures are missing");
        self.broken(Error::new(Code::InputCorrupt, text))?;
        self.corrupt += missing - 1;
        Ok(())
    }

    /// A recorded broadcast may begin in the middle of a group of pictures; decoding begins with the next one.
    fn begins(&mut self) -> bool {
        /// Some streams have no picture that is marked as a key.
        const MOST: u32 = 600;
        self.began |= self.packet.is_key() || self.before == MOST || !self.demuxer.times_may_jump();
        self.before += u32::from(!self.began);
        self.began
    }

    /// What could be read and does not decode.
    fn undecodable(&mut self, error: Error) -> Result<()> {
        self.broken_at(error, self.decoder.at())
    }

    fn broken(&mut self, error: Error) -> Result<()> {
        self.broken_at(error, self.at)
    }

    fn broken_at(&mut self, error: Error, at: f64) -> Result<()> {
        if self.on_corrupt == OnCorrupt::Fail {
            return Err(error.context(format!("near {at:.2} s, after {} good pictures", self.decoded)));
        }
        tracing::warn!(%error, "left out");
        self.corrupt += 1;
        Ok(())
    }

    fn stream(&self) -> &StreamInfo {
        &self.demuxer.streams()[self.video]
    }

    /// Nominal frame rate, and the time base that the pictures are coded in: one frame where the rate is constant, the
    /// source's own where it is not.
    pub(super) fn rate(&self) -> (Rational, Rational) {
        let stream = self.stream();
        let rate = [stream.frame_rate, stream.average_frame_rate].into_iter().find(|r| r.is_positive());
        let rate = rate.unwrap_or(Rational::new(25, 1)); // what libavformat assumes, too
        let average = stream.average_frame_rate;
        let close = !average.is_positive() || (average.as_f64() / rate.as_f64() - 1.0).abs() < 0.002;
        let constant = close && self.demuxer.has_constant_rate(stream).unwrap_or(true);
        (rate, if constant { rate.inverse() } else { stream.time_base })
    }

    /// Decides at which moment of the source the result begins, in microseconds, given the first picture. Pictures of a
    /// constant rate fall on whole frames then, and all other streams move by as much.
    pub(super) fn begin(&mut self, first: &Frame) {
        /// Less is rounding of the container.
        const SLACK: f64 = 1000.0;
        let file = self.demuxer.start_time();
        let video = first.best_pts().map_or(file, |pts| self.decoder.time_base().rescale(pts, MICROSECONDS));
        // What comes before zero is meant to be skipped, such as the first samples of AAC; but no picture is.
        let begin = if file < 0 { video.min(0) } else { file };
        let (rate, ticks) = self.rate();
        self.start = begin;
        if ticks == rate.inverse() {
            let step = ticks.as_f64() * 1e6;
            let frames = ((video.saturating_sub(begin) as f64 - SLACK) / step).ceil().max(0.0) as i64;
            self.start = video.saturating_sub(ticks.rescale(frames, MICROSECONDS));
        }
    }

    /// Where the result begins, in microseconds of the source.
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    /// Presentation time of a picture in `ticks`, counted from the beginning of the result.
    pub(super) fn time(&self, frame: &Frame, ticks: Rational) -> Option<i64> {
        let base = self.decoder.time_base(); // scaling keeps it
        let start = MICROSECONDS.rescale(self.start, base);
        Some(base.rescale(frame.best_pts()?.saturating_sub(start), ticks))
    }

    pub(super) fn color(&self) -> Color {
        self.stream().parameters.color()
    }

    pub(super) fn codec(&self) -> &str {
        self.stream().parameters.codec()
    }

    pub(super) fn index(&self) -> usize {
        self.video
    }

    pub(super) fn demuxer(&self) -> &Demuxer {
        &self.demuxer
    }

    /// How many pictures are expected, where the source says.
    pub(super) fn total_frames(&self) -> Option<u64> {
        let stream = self.stream();
        stream.frames.or_else(|| {
            let seconds = self.demuxer.duration()?;
            let rate = stream.average_frame_rate;
            rate.is_positive().then(|| (seconds * rate.as_f64()).round() as u64)
        })
    }

    pub(super) fn decoded(&self) -> u64 {
        self.decoded
    }

    pub(super) fn corrupt(&self) -> u64 {
        self.corrupt
    }
}
