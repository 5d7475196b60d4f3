//! [`Report`]: what was found, to be asked here or on another machine.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::av::{self, version::Ffmpeg};
use crate::backend;
use crate::device::{Inventory, Roots};
use crate::error::{Code, Error, Reason, Result};
use crate::select::{self, Codec, Request, Selection};

use super::library::{LIBRARIES, Library};
use super::{Isolation, Load, Nvml, Trial, Tried, V4l2Device, VaDriver};

/// Version of the report's layout. A reader refuses newer ones.
pub const SCHEMA: u32 = 2;

/// An encoder that hwenc knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Pixel formats that it takes, by name; empty where it is not compiled in or does not say.
    #[serde(default)]
    pub formats: Vec<String>,
}

/// What a machine has, as one process saw it. Parts that a report of another version does not hold are empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
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
    /// The libraries of [`LIBRARIES`], and whether each loads.
    pub libraries: Vec<Library>,
    /// Every encoder that hwenc knows, and whether this FFmpeg has it.
    pub encoders: Vec<KnownEncoder>,
    /// The VA-API drivers of the render nodes that this process can open, as libva chose them.
    pub va: Vec<VaDriver>,
    /// The other drivers that are installed for those nodes, each asked for by name.
    pub va_others: Vec<VaDriver>,
    /// V4L2 nodes that answered.
    pub v4l2: Vec<V4l2Device>,
    /// NVIDIA's management library; `None` where there is nothing of NVIDIA.
    pub nvml: Option<Nvml>,
    /// Encoders of backends that hwenc does not drive, opened for the words of those who refuse.
    pub bare: Vec<Bare>,
    /// How busy devices were.
    pub loads: Vec<Load>,
    /// What was tried, and what came of it.
    pub trials: Vec<Tried>,
    /// How trials were kept from taking the caller down.
    pub isolation: Isolation,
    /// Why they were not, and which helpers were refused.
    pub isolation_notes: Vec<Reason>,
}

/// An encoder of a backend that hwenc does not drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Bare {
    /// libavcodec's name.
    pub encoder: String,
    /// Node or index.
    pub device: Option<String>,
    /// Why it did not open; `None` when it did.
    pub refused: Option<Reason>,
}

impl Bare {
    /// An encoder that opened, or not for this reason.
    pub fn new(encoder: &str, device: Option<&str>, refused: Option<Reason>) -> Self {
        Bare { encoder: encoder.to_owned(), device: device.map(str::to_owned), refused }
    }
}

impl Default for Report {
    /// A report of this layout without anything in it, to be filled by hand.
    fn default() -> Self {
        Report {
            schema: SCHEMA,
            hwenc: String::new(),
            machine: Inventory::default(),
            ffmpeg: Ffmpeg::default(),
            libraries: Vec::new(),
            encoders: Vec::new(),
            va: Vec::new(),
            va_others: Vec::new(),
            v4l2: Vec::new(),
            nvml: None,
            bare: Vec::new(),
            loads: Vec::new(),
            trials: Vec::new(),
            isolation: Isolation::default(),
            isolation_notes: Vec::new(),
        }
    }
}

impl Report {
    /// What can be told without asking a driver; nodes are not opened either.
    pub(super) fn unasked(roots: &Roots) -> Self {
        let ffmpeg = Ffmpeg::linked();
        Report {
            hwenc: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Inventory::read_unopened(roots),
            encoders: known(&ffmpeg),
            ffmpeg,
            ..Report::default()
        }
    }

    /// Puts everything into an order that does not depend on who answered first.
    pub(super) fn settle(&mut self) {
        let place = |name: &str| LIBRARIES.iter().position(|known| *known == name);
        self.libraries.sort_by_key(|library| place(&library.name));
        self.va.sort_by(|a, b| a.node.cmp(&b.node));
        self.va_others.sort_by(|a, b| (&a.node, &a.name).cmp(&(&b.node, &b.name)));
        self.v4l2.sort_by(|a, b| a.node.cmp(&b.node));
        self.bare.sort_by(|a, b| (&a.encoder, &a.device).cmp(&(&b.encoder, &b.device)));
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

    /// What became of a library; none where nobody tried.
    pub fn library(&self, name: &str) -> Option<&Library> {
        self.libraries.iter().find(|library| library.name == name)
    }

    /// Whether a library loads; none where nobody tried.
    pub fn loads(&self, name: &str) -> Option<bool> {
        self.library(name).map(Library::loads)
    }

    /// Pixel formats that an encoder takes by name; empty where the report does not tell.
    pub(crate) fn formats(&self, encoder: &str) -> &[String] {
        self.encoders.iter().find(|e| e.name == encoder).map_or(&[], |e| &e.formats)
    }

    /// What the VA-API driver of a node says; none where nobody asked.
    pub fn va_driver(&self, node: &Path) -> Option<&VaDriver> {
        self.va.iter().find(|driver| driver.node == node)
    }

    /// What came of a trial; none where nobody tried.
    pub fn tried(&self, trial: &Trial) -> Option<&Tried> {
        self.trials.iter().find(|tried| tried.trial == *trial)
    }

    /// Which encoder to take on the machine of this report, or what has to be tried to tell. Nothing is opened.
    ///
    /// # Errors
    /// [`Code::NoEncoder`] with every candidate; whatever [`Request::validate`] finds.
    pub fn select(&self, request: &Request) -> Result<Selection> {
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
                formats: av::encoder_formats(name)
                    .map_or_else(|_| Vec::new(), |all| all.iter().map(|f| f.name().to_owned()).collect()),
            });
        }
    }
    encoders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Prober;

    fn collect() -> Report {
        Prober::new().isolation(Isolation::None).cache_dir(None).report().unwrap().clone()
    }

    #[test]
    fn every_library_is_tried() {
        let report = collect();
        let names: Vec<_> = report.libraries.iter().map(|library| library.name.as_str()).collect();
        assert_eq!(names, LIBRARIES);
        // FFmpeg's packages depend on it.
        assert_eq!(report.loads("libva.so.2"), Some(true));
        assert_eq!(report.loads("libnobody.so.1"), None);
    }

    #[test]
    fn a_report_is_read_back_and_an_older_one_too() {
        let report = collect();
        assert_eq!(Report::from_json(&report.to_json()).unwrap(), report);
        let older = r#"{"schema":1,"machine":{"later":1},"ffmpeg":{"version":"7.1"},"later":{}}"#;
        let older = Report::from_json(older).unwrap();
        assert_eq!(older.machine, Inventory::default());
        assert_eq!(older.ffmpeg.version, "7.1");
        assert_eq!(older.loads("libva.so.2"), None);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in ["", "{}", "[]", r#"{"schema":"1"}"#, r#"{"schema":1,"machine":7}"#, r#"{"encoder":"x"}"#]
        {
            assert_eq!(Report::from_json(text).unwrap_err().code(), Code::ReportInvalid, "{text}");
        }
        let newer = Report::from_json(r#"{"schema":3}"#).unwrap_err();
        assert_eq!(newer.code(), Code::ReportInvalid);
        assert_eq!(newer.reason().remedy, "use a newer hwenc");
    }
}
