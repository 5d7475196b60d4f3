//! [`AudioConverter`]: sound that the container does not hold, into AAC.

use crate::av::{
    AudioFormat, Decoded, Decoder, Encoder, Frame, Graph, Packet, Pulled, Rational, Received, StreamInfo,
    StreamParameters,
};
use crate::error::{Code, Result};

/// FFmpeg's own AAC encoder, which every build has.
const ENCODER: &str = "aac";
/// Bits per second and channel, at which AAC-LC is commonly held to be transparent.
const BITS_PER_CHANNEL: u64 = 64_000;
/// Sample rates of AAC (ISO/IEC 14496-3, table 1.18).
const RATES: [u32; 12] = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000];

/// One stream on its way to AAC.
pub(super) struct AudioConverter {
    decoder: Decoder,
    graph: Option<Graph>,
    encoder: Encoder,
    format: AudioFormat,
    frame: Frame,
    filtered: Frame,
    packet: Packet,
}

impl AudioConverter {
    pub(super) fn open(stream: &StreamInfo, global_header: bool) -> Result<Self> {
        let decoder = Decoder::open(stream, 1, None)?;
        let (rate, channels) = (stream.parameters.sample_rate(), stream.parameters.channels());
        let format = AudioFormat {
            sample_rate: if RATES.contains(&rate) { rate } else { 48_000 },
            // AAC has layouts for up to six channels and for eight.
            channels: if channels == 7 || channels > 8 { 6 } else { channels.max(1) },
            sample_format: AudioFormat::FLOAT_PLANAR,
        };
        let bits = BITS_PER_CHANNEL * u64::from(format.channels);
        let encoder = Encoder::open_audio(ENCODER, &format, bits, global_header)?;
        Ok(AudioConverter {
            decoder,
            graph: None,
            encoder,
            format,
            frame: Frame::empty()?,
            filtered: Frame::empty()?,
            packet: Packet::empty()?,
        })
    }

    pub(super) fn parameters(&self) -> Result<StreamParameters> {
        self.encoder.parameters()
    }

    pub(super) fn time_base(&self) -> Rational {
        self.encoder.time_base()
    }

    /// Takes a packet, or `None` for the end, and hands what comes out to `write`.
    ///
    /// # Errors
    /// [`Code::InputCorrupt`] when something did not decode; it can go on with the next packet.
    pub(super) fn convert(
        &mut self,
        packet: Option<&Packet>,
        write: &mut dyn FnMut(&mut Packet) -> Result<()>,
    ) -> Result<()> {
        self.decoder.send(packet)?;
        let mut damage = Ok(());
        loop {
            match self.decoder.receive(&mut self.frame) {
                Ok(Decoded::Frame) => self.filter(write)?,
                Ok(Decoded::NeedInput) => return damage,
                Ok(Decoded::Finished) => break,
                Err(error) if error.code() == Code::InputCorrupt => damage = Err(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(graph) = &mut self.graph {
            graph.push(None)?;
            self.pull(write)?;
        }
        self.encoder.send(None)?;
        self.drain(write)?;
        damage
    }

    fn filter(&mut self, write: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<()> {
        let graph = match &mut self.graph {
            Some(graph) => graph,
            None => {
                let spec = format!(
                    "aresample,aformat=sample_fmts=fltp:sample_rates={}:channel_layouts={}",
                    self.format.sample_rate,
                    self.format.layout()
                );
                let size = self.encoder.frame_size();
                self.graph.insert(Graph::audio(&self.frame, self.decoder.time_base(), &spec, size)?)
            }
        };
        let pts = self.frame.best_pts();
        self.frame.set_pts(pts);
        graph.push(Some(&self.frame))?;
        self.pull(write)
    }

    fn pull(&mut self, write: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<()> {
        loop {
            let Some(graph) = &mut self.graph else { return Ok(()) };
            if graph.pull(&mut self.filtered)? != Pulled::Frame {
                return Ok(());
            }
            let ticks = graph.time_base();
            let pts = self.filtered.pts().map(|pts| ticks.rescale(pts, self.encoder.time_base()));
            self.filtered.set_pts(pts);
            while !self.encoder.send(Some(&self.filtered))? {
                self.drain(write)?;
            }
            self.drain(write)?;
        }
    }

    fn drain(&mut self, write: &mut dyn FnMut(&mut Packet) -> Result<()>) -> Result<()> {
        while self.encoder.receive(&mut self.packet)? == Received::Packet {
            write(&mut self.packet)?;
        }
        Ok(())
    }
}
