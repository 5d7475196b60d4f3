//! Trying: the session that a user would open, a handful of pictures, and every packet that they become.

use std::time::Instant;

use super::judge::{self, Coded};
use super::picture::{Film, MOST};
use super::{Outcome, Proof, Trial, words};
use crate::av::{Color, Frame, HwDevice, HwFrames, Options, Packet, PixelFormat};
use crate::backend;
use crate::encode::{Output, Session};
use crate::error::{Code, Error, Reason, Result};
use crate::select::{Decision, Latency, Request};

/// B pictures in a row that encoders are asked for by default.
const B_FRAMES: u32 = 2;

impl Trial {
    /// Tries it in this process: opens the session that [`Decision::open`] would open, sends a few pictures, and judges what
    /// comes out.
    ///
    /// Nothing protects this process from the driver: one that hangs or crashes takes it along. Errors bring FFmpeg's own
    /// words where [`log::install`](crate::log::install) was called.
    pub fn run(&self) -> Outcome {
        match self.attempt() {
            Ok(proof) => Outcome::Verified(proof),
            Err(reason) => Outcome::Failed(reason),
        }
    }

    fn attempt(&self) -> Result<Proof, Reason> {
        let taken = self.encode().map_err(words::explain)?;
        let request = &self.request;
        let found = judge::judge(&Coded {
            request,
            film: &taken.film,
            frames: taken.frames,
            packets: &taken.packets,
            extradata: &taken.extradata,
        })?;
        Ok(Proof {
            frames: taken.frames as u32,
            bytes: taken.packets.iter().map(|packet| packet.len() as u64).sum(),
            psnr_luma_db: found.luma,
            psnr_chroma_db: found.chroma,
            profile: found.profile,
            bit_depth: found.bit_depth,
            color: found.color,
            open_ms: taken.open_ms,
            first_packet_ms: taken.first_packet_ms,
            delay_frames: taken.delay_frames,
        })
    }

    /// Sends pictures through a session, and takes everything that comes out.
    fn encode(&self) -> Result<Taken> {
        let request = &self.request;
        let source = Source::open(self)?;
        let film = Film::new(request.width, request.height, source.format);
        let color = request.color.or(Color::for_height(request.height));
        let mut picture = source.place(film.picture(0, source.format, color)?)?;

        let start = Instant::now();
        let decision = Decision::of_trial(self)?;
        let mut session =
            if source.pool.is_some() { decision.open_for(&picture)? } else { decision.open()? };
        let open_ms = milliseconds(start);

        let frames = pictures(request);
        let mut taken = Taken { film, frames, open_ms, ..Taken::default() };
        let start = Instant::now();
        for n in 0..frames {
            if n > 0 {
                picture = source.place(taken.film.picture(n, source.format, color)?)?;
            }
            session.send(&mut picture)?;
            taken.receive(&mut session, start)?;
        }
        session.finish()?;
        taken.receive(&mut session, start)?;
        taken.extradata = session.extradata().to_vec();
        Ok(taken)
    }
}

/// As few pictures as prove one that stands alone, one that refers to it, and as many as come in between; at least three.
fn pictures(request: &Request) -> usize {
    let default = if request.latency == Latency::Low { 0 } else { B_FRAMES };
    (request.b_frames.unwrap_or(default) as usize + 2).clamp(3, MOST)
}

/// What came out of a session.
#[derive(Default)]
struct Taken {
    film: Film,
    frames: usize,
    packets: Vec<Packet>,
    extradata: Vec<u8>,
    open_ms: f64,
    first_packet_ms: f64,
    delay_frames: u32,
}

impl Taken {
    fn receive(&mut self, session: &mut Session, start: Instant) -> Result<()> {
        loop {
            let sent = session.stats().frames_in as u32;
            let Output::Packet(packet) = session.receive()? else { return Ok(()) };
            if self.packets.is_empty() {
                self.first_packet_ms = milliseconds(start);
                self.delay_frames = sent;
            }
            self.packets.push(packet.try_clone()?);
        }
    }
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// Where the pictures come from.
struct Source {
    /// The format of their pixels.
    format: PixelFormat,
    /// The device's pool that they are put into; `None` for pictures in memory.
    pool: Option<HwFrames>,
}

impl Source {
    fn open(trial: &Trial) -> Result<Self> {
        let request = &trial.request;
        if !request.input.is_hardware() {
            return Ok(Source { format: request.input, pool: None });
        }
        let driver = backend::of_encoder(&trial.encoder).and_then(|(backend, _)| backend.driver.as_ref());
        let surfaces = driver.and_then(|driver| Some((driver, driver.surfaces?)));
        let Some((driver, kind)) = surfaces.filter(|(_, kind)| kind.format() == Some(request.input)) else {
            let text = format!("{} takes no {} pictures", trial.encoder, request.input);
            return Err(Error::new(Code::EncoderUnsupported, text)
                .with_remedy("send pictures in memory, or of the encoder's own device"));
        };
        let format = (driver.format)(request, &trial.encoder)?;
        let device = HwDevice::create(kind, trial.device.as_deref(), Options::new())?;
        let pool = HwFrames::new(&device, request.input, format, request.width, request.height, 0)?;
        Ok(Source { format, pool: Some(pool) })
    }

    fn place(&self, picture: Frame) -> Result<Frame> {
        match &self.pool {
            Some(pool) => pool.upload(&picture).map_err(|error| error.with_code(Code::DeviceUpload)),
            None => Ok(picture),
        }
    }
}
