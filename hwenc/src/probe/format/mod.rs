//! [`Format`]: a report as other programs want it.

mod dask;
mod k8s;
mod labels;
mod nfd;
#[cfg(test)]
mod tests;
mod verified;

use std::fmt;
use std::str::FromStr;

use crate::doctor::{Snippet, snippet};
use crate::error::{Error, Result};

use super::Report;

/// What [`Report::to_format`] writes.
///
/// Labels and resources tell of encoders that a trial verified, and of no other: what was not tried, or failed, is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The whole report, as [`Report::to_json`] has it; `docs/report.schema.json` describes it.
    Json,
    /// A feature file for the `local` source of Kubernetes' Node Feature Discovery: lines `hwenc.dev/NAME=VALUE`. It belongs
    /// into `/etc/kubernetes/node-feature-discovery/features.d/`, where `hwenc probe --format nfd --output FILE` makes it
    /// appear whole.
    Nfd,
    /// A merge patch in JSON that gives a Kubernetes node the same labels, and takes away those that hold no longer:
    /// `kubectl patch node NAME --type merge --patch-file FILE`.
    K8s,
    /// Resources of a Dask worker: `h264_vaapi=2 libx264=1`, how many devices each encoder has, as
    /// `dask worker --resources` takes them.
    Dask,
    /// A service for `docker compose` with the devices that were found, verified or not: [`Snippet::Compose`].
    Compose,
}

impl Format {
    /// Every format of this version.
    pub const ALL: &'static [Format] =
        &[Format::Json, Format::Nfd, Format::K8s, Format::Dask, Format::Compose];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Nfd => "nfd",
            Format::K8s => "k8s",
            Format::Dask => "dask",
            Format::Compose => "compose",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = || Format::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
        Format::ALL
            .iter()
            .copied()
            .find(|format| format.name() == text)
            .ok_or_else(|| Error::invalid("the format", format!("`{text}`"), format!("one of {}", known())))
    }
}

impl Report {
    /// The report in a format, ending with a newline.
    ///
    /// # Labels
    /// `nfd` and `k8s` have the same labels, all in `hwenc.dev/`. Where nothing was verified there is none.
    ///
    /// | label | value |
    /// |---|---|
    /// | `ENCODER` | `true`: a trial of this encoder (`h264_vaapi`, `libx264`) was verified |
    /// | `ENCODER.devices` | on how many devices; 1 for the CPU |
    /// | `ENCODER.10bit`, `ENCODER.444` | `true`: also with 10 bits per sample, in 4:4:4 |
    /// | `ENCODER.width`, `ENCODER.height` | the largest picture of those trials in pixels; larger ones may work |
    /// | `ENCODER.vendor` | who made the devices: `intel`; several as in `amd_intel` |
    /// | `hardware.CODEC` | `true`: some encoder of the codec that runs on a device was verified |
    /// | `ffmpeg` | release of the FFmpeg that was tried, such as `7.1` |
    /// | `version` | version of hwenc |
    ///
    /// # Resources
    /// `dask` counts for each encoder the devices on which it was verified, 1 for the CPU. It does not count sessions: a GPU
    /// takes several, but how many at which speed no driver tells. Where a device takes N jobs at once, multiply. Resources
    /// of encoders on one device are counted each for itself, and Dask gives all of them to each of several worker processes.
    ///
    /// # Errors
    /// [`Code::DeviceMissing`](crate::Code::DeviceMissing) for `compose` where nothing was found that could be handed on.
    pub fn to_format(&self, format: Format) -> Result<String> {
        Ok(match format {
            Format::Json => self.to_json() + "\n",
            Format::Nfd => nfd::text(self),
            Format::K8s => k8s::patch(self),
            Format::Dask => dask::resources(self),
            Format::Compose => snippet(self, Snippet::Compose)?,
        })
    }
}
