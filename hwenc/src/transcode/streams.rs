//! [`Sink`]: the container, and what becomes of every stream that is not the video.

use super::audio::AudioConverter;
use super::pictures::{MICROSECONDS, Pictures};
use super::{Cancel, OnCorrupt, StreamAction, StreamReport, Transcode};
use crate::av::{Demuxer, MediaKind, Muxer, Options, Packet, Rational, StreamInfo};
use crate::encode::Session;
use crate::error::{Code, Result};
use crate::output::{Container, OutputFile};

/// What becomes of the packets of one stream of the source.
enum Route {
    Drop,
    Copy(usize),
    Convert(Box<AudioConverter>, usize),
}

/// What was seen of a stream so far.
#[derive(Clone, Copy, Default)]
struct State {
    /// Something of it is in the result.
    began: bool,
    damaged: u64,
}

/// The container that is being written.
pub(super) struct Sink {
    muxer: Muxer,
    video: usize,
    routes: Vec<Route>,
    /// What became of each stream, the video included.
    states: Vec<State>,
    streams: Vec<StreamReport>,
    on_corrupt: OnCorrupt,
    /// Where the source begins, in microseconds; the result begins at 0.
    start: i64,
    end_s: f64,
}

impl Sink {
    pub(super) fn create(
        job: &Transcode,
        container: Container,
        file: &OutputFile,
        pictures: &Pictures,
        session: &Session,
        cancel: &Cancel,
    ) -> Result<Self> {
        let demuxer = pictures.demuxer();
        let mut muxer = Muxer::create(file.path(), container.muxer(), cancel.flag())?;
        let codec = session.decision().request().codec;
        let (rate, _) = pictures.rate();
        let video =
            muxer.add_stream(&session.parameters()?, session.time_base(), rate, container.tag(codec))?;
        muxer.describe_stream(video, demuxer, &demuxer.streams()[pictures.index()], false)?;

        let mut routes = Vec::new();
        let mut streams = Vec::new();
        let (mut sound, mut unheard) = (false, None);
        for stream in demuxer.streams() {
            if stream.index == pictures.index() {
                routes.push(Route::Drop); // its packets never come here
                continue;
            }
            let (route, action, reason) = match route(&mut muxer, container, demuxer, stream) {
                Err(error) if error.code() == Code::InputNoDecoder => {
                    let reason = error.reason().message.clone();
                    unheard.get_or_insert(error);
                    (Route::Drop, StreamAction::Dropped, Some(reason))
                }
                result => result?,
            };
            sound |= stream.parameters.kind() == MediaKind::Audio && !matches!(route, Route::Drop);
            if let Route::Copy(to) | Route::Convert(_, to) = &route {
                muxer.describe_stream(*to, demuxer, stream, action == StreamAction::Copied)?;
            }
            if let Some(reason) = &reason {
                tracing::warn!(stream = stream.index, %reason, ?action, "not kept as it is");
            }
            streams.push(StreamReport {
                index: stream.index,
                kind: stream.parameters.kind().name(),
                codec: stream.parameters.codec().to_owned(),
                action,
                reason,
            });
            routes.push(route);
        }
        // A second track that nobody can decode is no loss beside one that plays; without one the film would be silent.
        if let Some(error) = unheard.filter(|_| !sound) {
            return Err(error);
        }
        if !container.is_raw() {
            muxer.describe(demuxer)?;
        }
        let mut options = Options::new();
        if job.faststart && matches!(container, Container::Mp4 | Container::Mov) {
            options.set("movflags", "+faststart")?;
        }
        muxer.write_header(options)?;
        let (states, start) = (vec![State::default(); routes.len()], pictures.start());
        Ok(Sink { muxer, video, routes, states, streams, on_corrupt: job.on_corrupt, start, end_s: 0.0 })
    }

    /// A packet of the encoder.
    pub(super) fn video(&mut self, packet: &mut Packet) -> Result<()> {
        if let Some(pts) = packet.pts() {
            let end = (pts + packet.duration()) as f64 * packet.time_base().as_f64();
            self.end_s = self.end_s.max(end);
        }
        self.muxer.write(packet, self.video)
    }

    /// A packet of another stream of the source.
    pub(super) fn other(&mut self, packet: &mut Packet) -> Result<()> {
        let base = packet.time_base();
        if base.is_positive() {
            packet.shift(-MICROSECONDS.rescale(self.start, base));
        }
        let (stream, at) = (packet.stream(), packet.pts().map_or(0.0, |pts| pts as f64 * base.as_f64()));
        let result = match self.routes.get_mut(stream) {
            Some(Route::Copy(to)) => self.muxer.write(packet, *to),
            Some(Route::Convert(converter, to)) => {
                let to = *to;
                converter.convert(Some(packet), &mut |p| self.muxer.write(p, to))
            }
            // A stream that appeared after the beginning has no place any more.
            Some(Route::Drop) | None => return Ok(()),
        };
        self.judge(stream, at, result)
    }

    /// Damage is left out and counted, or an error, as for pictures.
    fn judge(&mut self, stream: usize, at: f64, result: Result<()>) -> Result<()> {
        let state = &mut self.states[stream];
        let error = match result {
            Err(error) if error.code() == Code::InputCorrupt => error,
            result => {
                state.began |= result.is_ok();
                return result;
            }
        };
        // A recording may begin in the middle of a block of sound.
        if !state.began {
            return Ok(());
        }
        if self.on_corrupt == OnCorrupt::Fail {
            return Err(error.context(format!("stream {stream} near {at:.2} s")));
        }
        tracing::warn!(stream, at, %error, "left out");
        state.damaged += 1;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.muxer.bytes()
    }

    /// Completes the container. Says what became of the streams, and how many seconds the video has.
    pub(super) fn finish(mut self) -> Result<(Vec<StreamReport>, f64)> {
        for stream in 0..self.routes.len() {
            if let Route::Convert(converter, to) = &mut self.routes[stream] {
                let to = *to;
                let result = converter.convert(None, &mut |p| self.muxer.write(p, to));
                self.judge(stream, self.end_s, result)?;
            }
        }
        self.muxer.finish()?;
        for report in &mut self.streams {
            let lost = self.states[report.index].damaged;
            if lost > 0 {
                let lost = format!("{lost} damaged packets left out");
                report.reason =
                    Some(report.reason.take().map_or(lost.clone(), |reason| format!("{reason}; {lost}")));
            }
        }
        Ok((self.streams, self.end_s))
    }
}

fn route(
    muxer: &mut Muxer,
    container: Container,
    demuxer: &Demuxer,
    stream: &StreamInfo,
) -> Result<(Route, StreamAction, Option<String>)> {
    let dropped = |reason: String| Ok((Route::Drop, StreamAction::Dropped, Some(reason)));
    let (kind, codec, muxer_name) = (stream.parameters.kind(), stream.parameters.codec(), container.muxer());
    if container.is_raw() {
        return dropped(format!("{muxer_name} files hold one video stream and nothing else"));
    }
    if !is_known(stream) {
        return dropped("nothing of it could be read".to_owned());
    }
    if container == Container::Matroska && (stream.attached_picture || kind == MediaKind::Attachment) {
        // Its muxer takes them as files inside the file, which have no packets.
        return match muxer.attach(demuxer, stream)? {
            true => Ok((Route::Drop, StreamAction::Copied, None)),
            false => {
                dropped(format!("{muxer_name} files need the name of what is attached, and there is none"))
            }
        };
    }
    let no_rate = Rational::new(0, 1);
    if muxer.accepts(&stream.parameters) && kind != MediaKind::Data {
        let to = muxer.add_stream(&stream.parameters, stream.time_base, no_rate, None)?;
        return Ok((Route::Copy(to), StreamAction::Copied, None));
    }
    match kind {
        MediaKind::Audio => {}
        MediaKind::Data => return dropped("streams of data are not kept; chapters are".to_owned()),
        _ => return dropped(format!("{muxer_name} files cannot hold {codec}")),
    }
    match AudioConverter::open(stream, muxer.wants_global_header()) {
        Ok(converter) => {
            let to = muxer.add_stream(&converter.parameters()?, converter.time_base(), no_rate, None)?;
            let reason = format!("{muxer_name} files cannot hold {codec}; it became AAC");
            Ok((Route::Convert(Box::new(converter), to), StreamAction::Converted, Some(reason)))
        }
        Err(error) if error.code() == Code::OutOfMemory => Err(error),
        Err(error) => Err(error
            .context(format!("{muxer_name} files cannot hold {codec}, and it cannot be converted"))
            .with_remedy("write to .mkv, which holds it as it is")),
    }
}

/// What libavformat could tell is enough for a container. Broadcasts announce streams that never come.
fn is_known(stream: &StreamInfo) -> bool {
    let p = &stream.parameters;
    match p.kind() {
        MediaKind::Audio => p.sample_rate() > 0 && p.channels() > 0,
        MediaKind::Video => p.width() > 0 && p.height() > 0,
        _ => true,
    }
}
