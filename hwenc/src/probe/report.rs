//! [`Report`]: what was found, to be asked here or on another machine.

use serde::{Deserialize, Serialize};

use crate::av::version::Ffmpeg;
use crate::backend;
use crate::device::{Inventory, Roots};
use crate::doctor::LIBRARIES;
use crate::error::{Code, Error, Result};
use crate::select::{self, Codec, Decision, Request};

/// Version of the report's layout. A reader refuses newer ones.
pub const SCHEMA: u32 = 1;

/// A library, and whether it loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Library {
    /// Its file name.
    pub name: String,
    /// Why it does not load; `None` when it does.
    pub error: Option<String>,
}

impl Library {
    /// A library that loads, or does not for this reason.
    pub fn new(name: &str, error: Option<&str>) -> Self {
        Library { name: name.to_owned(), error: error.map(str::to_owned) }
    }
}

/// An encoder that hwenc knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KnownEncoder {
    /// libavcodec's name.
    pub name: String,
    /// Codec.
    pub codec: Codec,
    /// Backend.
    pub backend: String,
    /// It runs on a device.
    pub hardware: bool,
    /// This FFmpeg was built with it.
    pub compiled: bool,
}

/// What a machine has, as one process saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// [`SCHEMA`] of the hwenc that wrote it.
    pub schema: u32,
    /// Version of that hwenc.
    pub hwenc: String,
    /// Devices, nodes, groups.
    pub machine: Inventory,
    /// The FFmpeg in the process.
    pub ffmpeg: Ffmpeg,
    /// Libraries that backends load at run time.
    pub libraries: Vec<Library>,
    /// Every encoder that hwenc knows, and whether this FFmpeg has it.
    pub encoders: Vec<KnownEncoder>,
}

impl Report {
    /// Looks at this machine. Nodes are opened and closed again; libraries that load stay loaded. No encoder is
    /// tried: what a device really does shows when a session is opened.
    pub fn collect() -> Self {
        Self::collect_under(&Roots::system())
    }

    /// The same with `/dev`, `/sys` and `/proc` elsewhere.
    pub fn collect_under(roots: &Roots) -> Self {
        let ffmpeg = Ffmpeg::linked();
        let load = |name: &&str| Library { name: (*name).to_owned(), error: hwenc_sys::can_load(name).err() };
        Report {
            schema: SCHEMA,
            hwenc: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Inventory::read(roots),
            encoders: known(&ffmpeg),
            ffmpeg,
            libraries: LIBRARIES.iter().map(load).collect(),
        }
    }

    /// Reads a report of any machine.
    ///
    /// # Errors
    /// [`Code::ReportInvalid`] for what is no report, or one of a newer layout.
    pub fn from_json(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let wrong = |e: serde_json::Error| {
            Error::new(Code::ReportInvalid, format!("this is no report of `hwenc probe --json`: {e}"))
        };
        let version: Version = serde_json::from_str(text).map_err(wrong)?;
        if version.schema > SCHEMA {
            let text =
                format!("the report has layout {}, and this hwenc reads up to {SCHEMA}", version.schema);
            return Err(Error::new(Code::ReportInvalid, text).with_remedy("use a newer hwenc"));
        }
        serde_json::from_str(text).map_err(wrong)
    }

    /// The report as JSON, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data")
    }

    /// Which encoder to take on the machine of this report. Nothing is opened.
    ///
    /// # Errors
    /// [`Code::NoEncoder`] with every candidate; whatever [`Request::validate`] finds.
    pub fn select(&self, request: &Request) -> Result<Decision> {
        select::decide(self, request)
    }
}

fn known(ffmpeg: &Ffmpeg) -> Vec<KnownEncoder> {
    let mut encoders = Vec::new();
    for backend in backend::ALL {
        for (codec, name) in backend.encoders {
            encoders.push(KnownEncoder {
                name: (*name).to_owned(),
                codec: *codec,
                backend: backend.name.to_owned(),
                hardware: backend.hardware,
                compiled: ffmpeg.encoders.iter().any(|n| n == name),
            });
        }
    }
    encoders
}
