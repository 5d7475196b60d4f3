//! The loop: pictures from the source, through the session, into the container, everything else beside them.

use nix::time::{ClockId, clock_gettime};

use super::pictures::Pictures;
use super::progress::Ticker;
use super::streams::Sink;
use super::{Cancel, DecodeOn, Progress, StreamAction, StreamReport, Transcode, TranscodeReport};
use super::{device, input};
use crate::av::{Color, Frame, Packet, PixelFormat, Range};
use crate::backend;
use crate::encode::{Output, Session};
use crate::error::{Code, Error, Result};
use crate::output::{Container, OutputFile};
use crate::probe::Prober;
use crate::select::{Codec, ParameterSets, Request};

pub(super) fn run(
    job: &Transcode,
    cancel: &Cancel,
    mut progress: impl FnMut(&Progress),
) -> Result<TranscodeReport> {
    let mut ticker = Ticker::new();
    let cpu = cpu_seconds();
    let (container, codec) = job.target()?;
    let (demuxer, bytes_in) = input::open(job, cancel)?;
    if job.max_size_ratio.is_some() && bytes_in == 0 {
        let text =
            format!("the size of {} is not known, so no result can be compared with it", job.input.display());
        return Err(
            Error::new(Code::InputFailed, text).with_remedy("leave the size ratio out, or name a file")
        );
    }
    let file = OutputFile::create(&job.output, job.overwrite)?;
    if file.is_direct() && matches!(container, Container::Mp4 | Container::Mov) {
        let text = format!("{} is no file, and MP4 has to go back to its beginning", job.output.display());
        return Err(Error::new(Code::OutputFailed, text)
            .with_remedy("write .mkv or a raw stream to pipes and devices"));
    }
    cancel.set_part(file.removable());

    let duration_s = demuxer.duration();
    let mut prober = Prober::new();
    let device = device::to_decode_on(job, &mut prober, codec, &demuxer)?;
    let mut pictures = Pictures::open(demuxer, job, device, cancel)?;
    let mut frame = Frame::empty()?;
    let mut target = Target::default();
    let first = pictures.next(&mut frame, &mut |packet| target.other(packet))?;
    if !first {
        return Err(Error::new(Code::InputCorrupt, "no picture of the video could be decoded"));
    }

    pictures.begin(&frame);
    let request = request(job, container, codec, &frame, &pictures);
    request.validate().map_err(|error| of_input(job, error))?;
    let decision = prober.ensure(&request)?;
    // Its helper holds the devices that it tried.
    drop(prober);
    let device = decision.chosen().device.clone();
    let decoded_on = frame.is_hardware().then(|| device.clone()).flatten();
    if frame.is_hardware() && backend::surfaces(&decision.chosen().encoder).is_none() {
        return Err(device::mismatch(device.as_deref(), &decision.chosen().encoder));
    }
    if job.decode_on == DecodeOn::Device && decoded_on.is_none() {
        let text = format!("the device's decoder does not take this {} stream", pictures.codec());
        return Err(Error::new(Code::DeviceFailed, text).with_remedy("leave `--decode` at auto"));
    }
    let mut session = decision.open_for(&frame)?;
    let begin = |pictures: &Pictures, session: &Session| {
        Sink::create(job, container, &file, pictures, session, cancel)
    };
    // A container that cannot take the streams is better known before anything is coded.
    if !session.extradata().is_empty() || request.parameter_sets == ParameterSets::InBand {
        target.begin(begin(&pictures, &session)?)?;
    }

    let mut state = Progress { total_frames: pictures.total_frames(), duration_s, ..Progress::default() };
    loop {
        let time = pictures.time(&frame, session.time_base());
        frame.set_pts(time.map(|t| after(t, &state, session.last_pts())));
        frame.set_duration(0);
        session.send(&mut frame)?;
        drain(&mut session, &mut target, &pictures, &begin)?;
        state.frames += 1;
        state.position_s = session.last_pts().unwrap_or(0) as f64 * session.time_base().as_f64();
        if ticker.is_due() {
            state.bytes_out = target.bytes();
            gate(job, bytes_in, state.bytes_out, state.fraction())?;
            progress(&ticker.complete(state));
        }
        cancel.check()?;
        if !pictures.next(&mut frame, &mut |packet| target.other(packet))? {
            break;
        }
    }
    drop(frame);
    session.finish()?;
    drain(&mut session, &mut target, &pictures, &begin)?;
    let (streams, end_s) = target.finish()?;
    cancel.check()?;
    let bytes_out = match std::fs::metadata(file.path()) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => session.stats().bytes_out,
    };
    gate(job, bytes_in, bytes_out, Some(1.0))?;
    state.bytes_out = bytes_out;
    state.total_frames = Some(state.frames);
    let done = ticker.complete(state);
    progress(&done);
    // Who cancels in the last call gets no file either.
    cancel.check()?;
    file.complete()?;
    cancel.set_part(None);

    let stats = session.stats();
    let chosen = session.decision().chosen().clone();
    let mut all = vec![StreamReport {
        index: pictures.index(),
        kind: "video",
        codec: pictures.codec().to_owned(),
        action: StreamAction::Encoded,
        reason: None,
    }];
    all.extend(streams);
    all.sort_by_key(|stream| stream.index);
    Ok(TranscodeReport {
        input: job.input.display().to_string(),
        output: job.output.display().to_string(),
        encoder: chosen.encoder,
        backend: chosen.backend,
        device: chosen.device,
        decoded_on,
        frames_in: pictures.decoded(),
        frames_out: stats.packets_out,
        corrupt_frames: pictures.corrupt(),
        duration_s: end_s,
        wall_s: done.elapsed_s,
        fps: done.fps,
        cpu_s: cpu_seconds() - cpu,
        bytes_in,
        bytes_out,
        copied_bytes_per_frame: stats.copied_bytes as f64 / stats.frames_in.max(1) as f64,
        fallback_used: session.decision().fallback_used(),
        failovers: 0,
        settings_requested: session.requested().clone(),
        settings_applied: session.applied().clone(),
        streams: all,
        decision: session.decision().clone(),
    })
}

/// What is wanted of the encoder, as far as the first picture decides it.
fn request(
    job: &Transcode,
    container: Container,
    codec: Codec,
    frame: &Frame,
    pictures: &Pictures,
) -> Request {
    let format = frame.software_format();
    let depth = job.bit_depth.unwrap_or(if format.bit_depth() > 8 { 10 } else { 8 });
    let sets = if container.is_raw() { ParameterSets::InBand } else { ParameterSets::Global };
    let (rate, time_base) = pictures.rate();
    let mut request = job
        .request(codec, frame.width(), frame.height())
        .fps(rate)
        .bit_depth(depth)
        .input(frame.format())
        .color(color(frame, pictures.color()))
        .parameter_sets(sets)
        .sample_aspect_ratio(frame.sample_aspect_ratio());
    request.time_base = Some(time_base);
    request.chroma_location = frame.chroma_location();
    request
}

/// What the job alone says was checked before: what is wrong now is the source's.
fn of_input(job: &Transcode, error: Error) -> Error {
    let remedy = error.reason().remedy.clone();
    let error = error.with_code(Code::InputSize).context(job.input.display());
    if remedy.is_empty() { error } else { error.with_remedy(remedy) }
}

/// The picture's own word first, then the container's. The old full-range formats say it by their name.
fn color(frame: &Frame, stream: Color) -> Color {
    let color = frame.color().or(stream);
    let full = PixelFormat::from_name("yuvj420p") == Some(frame.format());
    if full { Color { range: Range::FULL, ..color } } else { color }
}

/// Two pictures that fall on one tick of a constant rate follow each other instead.
fn after(time: i64, state: &Progress, last: Option<i64>) -> i64 {
    match last {
        Some(last) if state.frames > 0 => time.max(last.saturating_add(1)),
        _ => time,
    }
}

fn drain(
    session: &mut Session,
    target: &mut Target,
    pictures: &Pictures,
    begin: &dyn Fn(&Pictures, &Session) -> Result<Sink>,
) -> Result<()> {
    while let Output::Packet(packet) = session.receive()? {
        if let Some(sink) = &mut target.sink {
            sink.video(packet)?;
            continue;
        }
        // Only now the encoder's parameter sets are known.
        let mut first = packet.try_clone()?;
        target.begin(begin(pictures, session)?)?.video(&mut first)?;
    }
    Ok(())
}

/// The container, and what has to wait until it can be begun.
#[derive(Default)]
struct Target {
    sink: Option<Sink>,
    early: Vec<Packet>,
}

impl Target {
    fn begin(&mut self, sink: Sink) -> Result<&mut Sink> {
        let sink = self.sink.insert(sink);
        for mut packet in self.early.drain(..) {
            sink.other(&mut packet)?;
        }
        Ok(sink)
    }

    /// A packet of another stream of the source.
    fn other(&mut self, packet: &mut Packet) -> Result<()> {
        match &mut self.sink {
            Some(sink) => sink.other(packet),
            None => {
                self.early.push(packet.try_clone()?);
                Ok(())
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.sink.as_ref().map_or(0, Sink::bytes)
    }

    fn finish(self) -> Result<(Vec<StreamReport>, f64)> {
        match self.sink {
            Some(sink) => sink.finish(),
            None => Err(Error::new(Code::EncoderFailed, "the encoder gave no packet")),
        }
    }
}

/// Stops when the result, as far as it can be foretold, becomes larger than allowed.
fn gate(job: &Transcode, bytes_in: u64, bytes_out: u64, fraction: Option<f64>) -> Result<()> {
    /// Before this part is done the rest cannot be foretold.
    const EARLIEST: f64 = 0.1;
    let Some(ratio) = job.max_size_ratio.filter(|_| bytes_in > 0) else { return Ok(()) };
    let limit = bytes_in as f64 * ratio;
    let projected = match fraction {
        Some(part) if part >= EARLIEST => bytes_out as f64 / part,
        _ => bytes_out as f64,
    };
    if projected <= limit {
        return Ok(());
    }
    let (projected, limit) = (projected.round() as u64, limit.floor() as u64);
    let text =
        format!("the result would have {projected} bytes, and {limit} are allowed ({ratio} of the source)");
    Err(Error::new(Code::SizeGate, text).with_value(projected, format!("at most {limit}")))
}

/// CPU time of this process, all threads.
fn cpu_seconds() -> f64 {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .map_or(0.0, |t| t.tv_sec() as f64 + t.tv_nsec() as f64 / 1e9)
}
