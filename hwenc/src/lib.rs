//! Hardware video encoding on Linux: what works here, which encoder to take, and why the rest does not.
//!
//! *device → probe → select → encode → output*: data flows one way.
//!
//! | module | what it does |
//! |---|---|
//! | [`device`] | what is in this machine: nodes, drivers, owners, permissions |
//! | [`probe`] | what works: a [`Report`](probe::Report) with trial encodes, made in a helper process |
//! | [`select`] | a [`Request`] becomes a [`Decision`] with a reason for every candidate; pure |
//! | [`encode`] | a [`Session`]: pictures in, packets out |
//! | [`transcode`] | file in, file out, with progress, cancel and a report |
//! | [`doctor`] | why does it not work, and the command that fixes it |
//! | [`av`] | owned wrappers over libav*, which the rest stands on |
//!
//! ```no_run
//! # fn main() -> hwenc::Result<()> {
//! # use std::io::Write; let frames: Vec<hwenc::Picture> = vec![]; let mut sink = Vec::new();
//! let want = hwenc::Request::new(hwenc::Codec::H264, 1920, 1080).fps(30).quality(70).fallback(hwenc::Fallback::Deny);
//! let decision = hwenc::choose(&want)?;          // Err explains every candidate
//! println!("{decision}");
//! let mut session = decision.open()?;
//! for frame in &frames {
//!     session.send(frame)?;
//!     while let hwenc::Output::Packet(packet) = session.receive()? { sink.write_all(&packet).unwrap(); }
//! }
//! # Ok(()) }
//! ```
#![deny(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub mod av;
mod backend;
pub mod device;
pub mod doctor;
pub mod encode;
mod error;
pub mod output;
pub mod probe;
pub mod select;
pub mod transcode;

pub use av::{Color, Matrix, Packet, PixelFormat, Primaries, Range, Rational, Transfer, log};
pub use encode::{Input, Output, Picture, Session, Settings, Stats};
pub use error::{Code, Error, Kind, Reason, Result};
pub use probe::helper;
pub use select::{
    Candidate, Chroma, Codec, Decision, Fallback, Latency, ParameterSets, RateControl, Request, Selection,
    Verdict, ZeroCopy,
};
pub use transcode::{Cancel, DecodeOn, OnCorrupt, Progress, Transcode, TranscodeReport};

/// Looks at this machine, tries what the request needs and decides. What was found before, by any program of this user, is taken
/// from the cache while it still holds.
///
/// # Errors
/// [`Code::NoEncoder`] with every candidate and its reason; whatever [`Request::validate`] finds; as
/// [`Prober::report`](probe::Prober::report).
pub fn choose(request: &Request) -> Result<Decision> {
    probe::Prober::new().ensure(request)
}
