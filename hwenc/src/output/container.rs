//! [`Container`]: what the ending of a file name means.

use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::select::Codec;

/// A container that hwenc writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// MP4 (`.mp4`, `.m4v`).
    Mp4,
    /// QuickTime (`.mov`).
    Mov,
    /// Matroska (`.mkv`).
    Matroska,
    /// A raw H.264 stream, Annex B (`.h264`, `.264`).
    H264,
    /// A raw HEVC stream, Annex B (`.hevc`, `.h265`, `.265`).
    Hevc,
    /// IVF: a raw AV1 stream with timestamps (`.ivf`).
    Ivf,
    /// A raw AV1 stream (`.obu`).
    Obu,
}

struct Traits {
    container: Container,
    endings: &'static [&'static str],
    muxer: &'static str,
    codecs: &'static [Codec],
    /// Holds one video stream and nothing else.
    raw: bool,
}

const FILM: &[Codec] = &[Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9, Codec::Mjpeg];

static TRAITS: [Traits; 7] = [
    Traits { container: Container::Mp4, endings: &["mp4", "m4v"], muxer: "mp4", codecs: FILM, raw: false },
    Traits {
        container: Container::Mov,
        endings: &["mov"],
        muxer: "mov",
        codecs: &[Codec::H264, Codec::Hevc, Codec::Mjpeg],
        raw: false,
    },
    Traits { container: Container::Matroska, endings: &["mkv"], muxer: "matroska", codecs: FILM, raw: false },
    Traits {
        container: Container::H264,
        endings: &["h264", "264"],
        muxer: "h264",
        codecs: &[Codec::H264],
        raw: true,
    },
    Traits {
        container: Container::Hevc,
        endings: &["hevc", "h265", "265"],
        muxer: "hevc",
        codecs: &[Codec::Hevc],
        raw: true,
    },
    Traits {
        container: Container::Ivf,
        endings: &["ivf"],
        muxer: "ivf",
        codecs: &[Codec::Av1, Codec::Vp9],
        raw: true,
    },
    Traits { container: Container::Obu, endings: &["obu"], muxer: "obu", codecs: &[Codec::Av1], raw: true },
];

impl Container {
    /// The container that the ending of a path names.
    ///
    /// # Errors
    /// [`Code::OutputUnknownContainer`] with the endings that are known.
    pub fn of_path(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        TRAITS.iter().find(|t| t.endings.contains(&ending.as_str())).map(|t| t.container).ok_or_else(|| {
            let known: Vec<String> =
                TRAITS.iter().flat_map(|t| t.endings).map(|ending| format!(".{ending}")).collect();
            let known = known.join(", ");
            let text = match ending.as_str() {
                "" => format!("{} has no ending that names a container", path.display()),
                ending => format!("hwenc writes no .{ending} files"),
            };
            Error::new(Code::OutputUnknownContainer, text)
                .with_value(&ending, &known)
                .with_remedy(format!("let the name end in one of {known}"))
        })
    }

    /// libavformat's muxer.
    pub fn muxer(self) -> &'static str {
        self.traits().muxer
    }

    /// Codecs that it holds.
    pub fn codecs(self) -> &'static [Codec] {
        self.traits().codecs
    }

    /// One video stream and nothing else.
    pub fn is_raw(self) -> bool {
        self.traits().raw
    }

    /// The codec asked for, or the only one that fits the container, or H.264.
    ///
    /// # Errors
    /// [`Code::OutputUnsupportedCodec`].
    pub fn codec(self, wanted: Option<Codec>) -> Result<Codec> {
        let codecs = self.codecs();
        let codec = wanted.unwrap_or(codecs[0]);
        if codecs.contains(&codec) {
            return Ok(codec);
        }
        let names: Vec<&str> = codecs.iter().map(|c| c.name()).collect();
        let (muxer, legal) = (self.muxer(), names.join(", "));
        Err(Error::new(Code::OutputUnsupportedCodec, format!("{muxer} files cannot hold {codec}"))
            .with_value(codec, &legal)
            .with_remedy(format!("ask for {legal}, or write to .mkv")))
    }

    /// The container's four letters for a codec, where there is a choice: Apple's players know HEVC as `hvc1` only.
    pub(crate) fn tag(self, codec: Codec) -> Option<[u8; 4]> {
        let iso = matches!(self, Container::Mp4 | Container::Mov);
        (iso && codec == Codec::Hevc).then_some(*b"hvc1")
    }

    fn traits(self) -> &'static Traits {
        TRAITS.iter().find(|t| t.container == self).expect("every container has traits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_name_containers() {
        let of = |name: &str| Container::of_path(Path::new(name));
        assert_eq!(of("a/b.c/film.MP4").unwrap(), Container::Mp4);
        assert_eq!(of("film.265").unwrap(), Container::Hevc);
        for name in ["film", "film.avi", ".mkv", "film.mp4/", ""] {
            match of(name) {
                Ok(container) => assert_eq!((name, container), ("film.mp4/", Container::Mp4)),
                Err(error) => assert_eq!(error.code(), Code::OutputUnknownContainer, "{name}"),
            }
        }
    }

    #[test]
    fn codecs_follow_the_container() {
        assert_eq!(Container::Ivf.codec(None).unwrap(), Codec::Av1);
        assert_eq!(Container::Mp4.codec(None).unwrap(), Codec::H264);
        assert_eq!(
            Container::H264.codec(Some(Codec::Hevc)).unwrap_err().code(),
            Code::OutputUnsupportedCodec
        );
    }
}
