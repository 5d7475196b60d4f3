//! [`Pictures`]: the source's video, decoded and scaled.

use super::{Cancel, OnCorrupt, Transcode};
use crate::av::{
    Color, Decoded, Decoder, Demuxer, Frame, Graph, Packet, Pulled, Rational, StreamInfo, VideoFormat,
};
use crate::error::{Code, Error, Result};

/// `AV_TIME_BASE`: what libavformat counts a whole file in.
pub(super) const MICROSECONDS: Rational = Rational::new(1, 1_000_000);

/// The pictures of the source's video, scaled where the job asks for it; its other packets go elsewhere.
pub(super) struct Pictures {
    demuxer: Demuxer,
    decoder: Decoder,
    graph: Option<Graph>,
    size: Option<(u32, u32)>,
    frame: Frame,
    packet: Packet,
    video: usize,
    on_corrupt: OnCorrupt,
    cancel: Cancel,
    decoded: u64,
    corrupt: u64,
}

impl Pictures {
    pub(super) fn open(demuxer: Demuxer, job: &Transcode, cancel: &Cancel) -> Result<Self> {
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
        let decoder = Decoder::open(stream, 0, None)?;
        let video = stream.index;
        Ok(Pictures {
            demuxer,
            decoder,
            graph: None,
            size: job.size,
            frame: Frame::empty()?,
            packet: Packet::empty()?,
            video,
            on_corrupt: job.on_corrupt,
            cancel: cancel.clone(),
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
        let Some(size) = self.size else { return self.decode(out, other) };
        loop {
            if let Some(graph) = &mut self.graph {
                match graph.pull(out)? {
                    Pulled::Frame => return Ok(true),
                    Pulled::Finished => return Ok(false),
                    Pulled::NeedInput => {}
                }
            }
            let mut frame = std::mem::replace(&mut self.frame, Frame::empty()?);
            let more = self.decode(&mut frame, other)?;
            if self.graph.is_none() {
                if !more {
                    return Ok(false);
                }
                self.graph = Some(self.scaler(&frame, size)?);
            }
            if let Some(graph) = &mut self.graph {
                graph.push(more.then_some(&frame))?;
            }
            self.frame = frame;
        }
    }

    fn scaler(&self, frame: &Frame, (width, height): (u32, u32)) -> Result<Graph> {
        let format = VideoFormat {
            width: frame.width(),
            height: frame.height(),
            format: frame.format(),
            time_base: self.decoder.time_base(),
            sample_aspect_ratio: frame.sample_aspect_ratio(),
            color: frame.color(),
            hw_frames: None,
        };
        Graph::video(&format, &format!("scale={width}:{height}:flags=bicubic"))
    }

    fn decode(&mut self, out: &mut Frame, other: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<bool> {
        loop {
            match self.decoder.receive(out) {
                Ok(Decoded::Frame) if out.is_corrupt() => {
                    self.broken(Error::new(Code::InputCorrupt, "a picture is damaged"))?;
                }
                Ok(Decoded::Frame) => {
                    self.decoded += 1;
                    return Ok(true);
                }
                Ok(Decoded::Finished) => return Ok(false),
                Ok(Decoded::NeedInput) => self.feed(other)?,
                Err(error) => self.broken(error)?,
            }
        }
    }

    /// Gives the decoder its next packet, or the end.
    fn feed(&mut self, other: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<()> {
        loop {
            self.cancel.check()?;
            match self.demuxer.read(&mut self.packet) {
                Ok(true) if self.packet.stream() == self.video => break,
                Ok(true) => other(&mut self.packet)?,
                Ok(false) => return self.decoder.send(None).map(drop),
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => {
                    self.broken(error)?;
                    return self.decoder.send(None).map(drop);
                }
            }
        }
        if self.packet.is_corrupt() {
            // The demuxer knows already that the packet is not whole.
            return self.broken(Error::new(Code::InputTruncated, "a packet is cut"));
        }
        match self.decoder.send(Some(&self.packet)) {
            Ok(_) => Ok(()),
            Err(error) => self.broken(error),
        }
    }

    fn broken(&mut self, error: Error) -> Result<()> {
        if self.on_corrupt == OnCorrupt::Fail {
            let at = self.packet.pts().map_or(0.0, |pts| pts as f64 * self.packet.time_base().as_f64());
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
        let constant = !average.is_positive() || (average.as_f64() / rate.as_f64() - 1.0).abs() < 0.002;
        (rate, if constant { rate.inverse() } else { stream.time_base })
    }

    /// Presentation time of a picture in `ticks`, counted from the beginning of the source.
    pub(super) fn time(&self, frame: &Frame, ticks: Rational) -> Option<i64> {
        let base = self.graph.as_ref().map_or(self.decoder.time_base(), Graph::time_base);
        let start = MICROSECONDS.rescale(self.demuxer.start_time(), base);
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
