//! [`Sink`]: the container, and what becomes of every stream that is not the video.

use super::audio::AudioConverter;
use super::pictures::{MICROSECONDS, Pictures};
use super::{Cancel, StreamAction, StreamReport, Transcode};
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

/// The container that is being written.
pub(super) struct Sink {
    muxer: Muxer,
    video: usize,
    routes: Vec<Route>,
    streams: Vec<StreamReport>,
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
        for stream in demuxer.streams() {
            if stream.index == pictures.index() {
                routes.push(Route::Drop); // its packets never come here
                continue;
            }
            let (route, action, reason) = route(&mut muxer, container, demuxer, stream)?;
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
        if !container.is_raw() {
            muxer.describe(demuxer)?;
        }
        let mut options = Options::new();
        if job.faststart && matches!(container, Container::Mp4 | Container::Mov) {
            options.set("movflags", "+faststart")?;
        }
        muxer.write_header(options)?;
        Ok(Sink { muxer, video, routes, streams, start: pictures.start(), end_s: 0.0 })
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
        match self.routes.get_mut(packet.stream()) {
            Some(Route::Copy(to)) => {
                let to = *to;
                self.muxer.write(packet, to)
            }
            Some(Route::Convert(converter, to)) => {
                let to = *to;
                converter.convert(Some(packet), &mut |p| self.muxer.write(p, to))
            }
            // A stream that appeared after the beginning has no place any more.
            Some(Route::Drop) | None => Ok(()),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.muxer.bytes()
    }

    /// Completes the container. Says what became of the streams, and how many seconds the video has.
    pub(super) fn finish(mut self) -> Result<(Vec<StreamReport>, f64)> {
        for route in &mut self.routes {
            if let Route::Convert(converter, to) = route {
                let to = *to;
                converter.convert(None, &mut |p| self.muxer.write(p, to))?;
            }
        }
        self.muxer.finish()?;
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
