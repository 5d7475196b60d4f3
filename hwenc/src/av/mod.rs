//! Owned wrappers over libav*: one type per object, each keeping what it depends on alive.
//!
//! This is the layer that [`Session`](crate::Session) and [`transcode`](crate::transcode) stand on. It is public
//! because frames and packets pass through it; no type of an FFmpeg binding appears in it, so that hwenc can be
//! built against FFmpeg 5.1 to 9 with one API.
//!
//! Objects are reference-counted by libav itself: [`Frame::try_clone`] and [`Packet::try_clone`] share the data.
//! Everything here is `Send`; nothing is used from two threads at once, which `&mut self` sees to.
#![allow(unsafe_code)] // the one module of this crate that talks to C; every block has its invariant
#![allow(clippy::unnecessary_cast)] // constants of the bindings have other integer types on other FFmpeg versions

pub(crate) mod buffer;
pub(crate) mod build;
mod codec;
mod color;
mod decoder;
mod demux;
pub(crate) mod error;
pub(crate) mod extradata;
mod filter;
mod frame;
mod hw;
pub mod log;
mod mux;
mod options;
mod packet;
mod pixel;
mod rational;
pub(crate) mod scale;
mod stream;
mod unlinked;
pub(crate) mod va;
pub mod version;

pub use codec::{Encoder, EncoderSettings, Received};
pub(crate) use codec::{has_option as encoder_has_option, pixel_formats as encoder_formats};
pub use color::{Color, Matrix, Primaries, Range, Transfer};
pub use decoder::{Decoded, Decoder};
pub use demux::Demuxer;
pub(crate) use demux::local as local_file;
pub use filter::{AudioFormat, Graph, Pulled, VideoFormat};
pub use frame::Frame;
pub use hw::{Access, DeviceKind, HwDevice, HwFrames};
pub use mux::Muxer;
pub use options::Options;
pub use packet::Packet;
pub use pixel::PixelFormat;
pub use rational::Rational;
pub use stream::{MediaKind, StreamInfo, StreamParameters};

/// "No timestamp", as libav writes it (`AV_NOPTS_VALUE`); the wrappers say `None`.
pub(crate) const NO_PTS: i64 = ffmpeg_sys_next::AV_NOPTS_VALUE;

/// `Some` unless it is "no timestamp".
pub(crate) fn timestamp(value: i64) -> Option<i64> {
    (value != NO_PTS).then_some(value)
}
