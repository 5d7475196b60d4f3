//! [`Error`], its stable [`Code`]s, and what to do about each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::select::Candidate;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where a code belongs; decides the exit status of the `hwenc` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The caller asked for something that cannot be, whatever the machine.
    Usage,
    /// No encoder satisfies the request.
    Selection,
    /// The caller cancelled.
    Cancelled,
    /// The work was stopped by the size gate.
    Gate,
    /// The work failed.
    Work,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $kind:ident, $remedy:literal;)*) => {
        /// Why something failed, or why an encoder was not taken. The strings are stable; new ones may come.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code of this version.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable string, such as `device.permission_denied`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// What sort of failure this is.
            pub fn kind(self) -> Kind {
                match self { $(Code::$name => Kind::$kind,)* }
            }

            /// What to do next when nothing more exact is known. Empty where only the message can tell.
            pub fn remedy(self) -> &'static str {
                match self { $(Code::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    /// The command line is wrong.
    Usage = "usage", Usage, "`hwenc --help` and `hwenc COMMAND --help` say what there is";
    /// A value of the request is outside its legal range.
    RequestInvalid = "request.invalid", Usage, "";
    /// The picture size cannot be coded with this codec and chroma format.
    RequestSize = "request.size_unsupported", Usage, "";
    /// No backend has an encoder of this name.
    RequestUnknownEncoder = "request.unknown_encoder", Usage, "run `hwenc probe` for the names";
    /// The named encoder makes another codec than the one asked for.
    RequestCodecMismatch = "request.codec_mismatch", Usage, "";
    /// The encoder, demuxer or filter takes no option of this name.
    OptionUnknown = "option.unknown", Usage, "";
    /// The option exists and refuses the value.
    OptionInvalid = "option.invalid_value", Usage, "";

    /// The candidate is used.
    Chosen = "policy.chosen", Selection, "";
    /// Every candidate was rejected.
    NoEncoder = "select.no_encoder", Selection, "";
    /// The candidate falls under a fallback that the request does not allow.
    FallbackDenied = "policy.fallback_denied", Selection, "allow it with `--fallback software` or by naming the encoder";
    /// The request names other encoders or another device.
    NotRequested = "policy.not_requested", Selection, "";
    /// A candidate before this one was taken.
    NotNeeded = "policy.not_needed", Selection, "";
    /// The FFmpeg in this process was built without the encoder.
    EncoderNotCompiled = "encoder.not_compiled", Selection, "install an FFmpeg that has it";
    /// The encoder cannot do what is asked: bit depth, chroma, rate control.
    EncoderUnsupported = "encoder.unsupported", Selection, "";
    /// This version of hwenc has no driver for the backend yet.
    BackendNotDriven = "backend.not_driven", Selection, "use another backend, or a newer hwenc";
    /// No device of the kind that the backend needs.
    DeviceMissing = "device.missing", Selection, "";
    /// The device is there and this process may not open it.
    DevicePermission = "device.permission_denied", Selection, "";
    /// The device is there and does not open or start.
    DeviceFailed = "device.failed", Selection, "";
    /// The device has no unit that encodes.
    DeviceNoEncoder = "device.no_encoder", Selection, "use another device, or a software encoder";
    /// The device or its driver did not come back within the deadline.
    DeviceHung = "device.hung", Selection, "the kernel's log (`sudo dmesg`) may tell; after another driver version or a restart, `hwenc probe --refresh` asks again";
    /// The driver took its process down.
    DriverCrashed = "driver.crashed", Selection, "install another version of the driver, and report it to its makers";
    /// The driver took more memory than a trial may.
    DriverMemory = "driver.memory_exhausted", Selection, "install another version of the driver, and report it to its makers";
    /// The driver is older than what the encoder library was built for.
    DriverTooOld = "driver.too_old", Selection, "install a newer driver";
    /// The runtime behind Quick Sync did not start.
    RuntimeFailed = "runtime.failed", Selection, "";
    /// Every encoding session that the driver allows is in use.
    SessionLimit = "device.session_limit", Selection, "close other encoders, or use another device";
    /// Nothing was tried yet that answers the request.
    NeedsTrials = "select.needs_trials", Selection, "run `hwenc probe` with the codec, size and bit depth on that machine";
    /// The first packet of the trial is not a picture that decoding can begin with.
    TrialNoIdr = "trial.no_idr", Selection, "install another version of the driver; its streams cannot be joined";
    /// The stream of the trial names another size, profile, bit depth or colour than was asked for.
    TrialStream = "trial.wrong_stream", Selection, "";
    /// The stream of the trial does not decode.
    TrialUndecodable = "trial.undecodable", Selection, "install another version of the driver";
    /// The stream of the trial decodes to other pictures than were sent.
    TrialPicture = "trial.wrong_picture", Selection, "install another version of the driver";
    /// Fewer pictures came out of the trial than went in.
    TrialIncomplete = "trial.incomplete", Selection, "install another version of the driver";
    /// Its last trial never ended, perhaps because the machine went down.
    TrialQuarantined = "trial.quarantined", Selection, "try it again with `hwenc probe --quarantined`";
    /// No helper process could be started, and one is required.
    HelperMissing = "helper.missing", Work, "install the `hwenc` command, or name a helper in HWENC_HELPER";
    /// The helper uses another FFmpeg or hwenc than this process.
    HelperMismatch = "helper.mismatch", Work, "name the helper that was built with this program in HWENC_HELPER, or unset it";
    /// The helper itself failed.
    HelperFailed = "helper.failed", Work, "please report it, with the evidence";
    /// A program that belongs to the `hwenc` command is not there, or does not start.
    ProgramMissing = "program.missing", Work, "install hwenc whole: its programs belong in one directory";
    /// A library that the backend loads at run time is missing.
    LibraryMissing = "library.missing", Selection, "";
    /// The library loaded and a symbol is missing from it.
    LibrarySymbol = "library.symbol_missing", Selection, "install a newer version of the library";
    /// The encoder did not open with these settings.
    EncoderOpenFailed = "encoder.open_failed", Work, "";
    /// A picture could not be put on the device, while running.
    DeviceUpload = "device.upload_failed", Work, "";
    /// The encoder failed while running.
    EncoderFailed = "encoder.failed", Work, "";
    /// A copy would be needed where `zero_copy = require`.
    CopyRequired = "encode.copy_required", Work, "allow copies, or send pictures in a format that the encoder takes";
    /// The picture handed in does not fit the session or its own planes.
    PictureInvalid = "picture.invalid", Work, "";
    /// The pixels of a picture lie in memory as no picture of a known format does, or in another order than is read.
    PictureLayout = "picture.layout", Usage, "";
    /// The session was finished and takes no more pictures.
    SessionFinished = "session.finished", Work, "open a new session";
    /// The session was closed and can be asked for nothing more.
    SessionClosed = "session.closed", Work, "open a new session";

    /// No such file.
    InputMissing = "input.not_found", Work, "check the path";
    /// The file may not be read.
    InputPermission = "input.permission_denied", Work, "give this user read permission on the file";
    /// A directory was given where a file belongs.
    InputIsDirectory = "input.is_directory", Work, "name a file in it";
    /// The file holds no byte.
    InputEmpty = "input.empty", Work, "check how the file was made or copied";
    /// The content is no media that FFmpeg recognises.
    InputNotMedia = "input.not_media", Work, "check that the file is a video and that it was copied whole";
    /// The file ends before its content does.
    InputTruncated = "input.truncated", Work, "copy the file again; `--on-corrupt skip` takes what is there";
    /// Nothing in it is a video.
    InputNoVideo = "input.no_video", Work, "";
    /// A part of the stream does not decode.
    InputCorrupt = "input.corrupt", Work, "`--on-corrupt skip` leaves the broken pictures out and reports how many";
    /// The pictures have a size that the codec cannot code.
    InputSize = "input.size_unsupported", Work, "scale them with `--size`";
    /// The FFmpeg in this process has no decoder for the stream.
    InputNoDecoder = "input.no_decoder", Work, "install an FFmpeg that has the decoder";
    /// Reading failed.
    InputFailed = "input.failed", Work, "";

    /// Input and output are the same file.
    OutputIsInput = "output.same_as_input", Usage, "name another output";
    /// The output exists.
    OutputExists = "output.exists", Work, "name another output, or allow it with `--overwrite`";
    /// The directory of the output does not exist.
    OutputNoDirectory = "output.no_directory", Work, "create the directory first";
    /// The output is a directory.
    OutputIsDirectory = "output.is_directory", Work, "name a file in it";
    /// The directory cannot be written.
    OutputPermission = "output.permission_denied", Work, "give this user write permission on the directory";
    /// The ending of the name tells no container that hwenc writes.
    OutputUnknownContainer = "output.unknown_container", Usage, "";
    /// The container cannot hold the codec.
    OutputUnsupportedCodec = "output.unsupported_codec", Usage, "";
    /// No space left.
    OutputDiskFull = "output.disk_full", Work, "free some space, or write elsewhere";
    /// The reader at the other end went away.
    OutputClosed = "output.closed", Work, "";
    /// Writing failed.
    OutputFailed = "output.failed", Work, "";

    /// A saved report cannot be read.
    ReportInvalid = "report.invalid", Work, "write one with `hwenc probe --json`";
    /// A filter could not be made or failed.
    FilterFailed = "filter.failed", Work, "";
    /// The caller cancelled.
    Cancelled = "cancelled", Cancelled, "";
    /// The output would have become larger than allowed.
    SizeGate = "gate.size_exceeded", Gate, "ask for a lower quality, or keep the source as it is";
    /// No memory.
    OutOfMemory = "memory.exhausted", Work, "use a smaller picture, fewer threads or fewer sessions";
    /// A fault of hwenc itself.
    Internal = "internal", Work, "please report it, with the evidence";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        // A report of a newer version may hold codes that are unknown here.
        Ok(Code::ALL.iter().copied().find(|c| c.as_str() == text).unwrap_or(Code::Internal))
    }
}

/// One reason: what happened, what shows it, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reason {
    /// Stable code.
    pub code: Code,
    /// One sentence for a person.
    pub message: String,
    /// What shows it: errno, AVERROR, the driver's own line. May hold host paths.
    pub evidence: Vec<String>,
    /// What to do next; empty where nothing can be said.
    pub remedy: String,
}

impl Reason {
    /// A reason with the remedy that goes with its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Reason { code, message: message.into(), evidence: Vec::new(), remedy: code.remedy().into() }
    }

    /// Adds a line of evidence.
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// Replaces the remedy.
    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = text.into();
        self
    }
}

/// An error: a [`Reason`], and the facts behind it as values.
///
/// `Display` is one line. [`Error::reason`] has the evidence and the remedy.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    reason: Reason,
    value: Option<String>,
    legal: Option<String>,
    os: Option<i32>,
    av: Option<i32>,
    candidates: Vec<Candidate>,
}

impl Error {
    /// An error of this code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Reason::new(code, message).into()
    }

    /// A value outside its legal range, both kept for the caller.
    pub fn invalid(what: &str, value: impl fmt::Display, legal: impl fmt::Display) -> Self {
        Error::new(Code::RequestInvalid, format!("{what} is {value}, and must be {legal}"))
            .with_value(value, legal)
    }

    /// Keeps the offending value and what would have been legal.
    pub fn with_value(mut self, value: impl fmt::Display, legal: impl fmt::Display) -> Self {
        self.0.value = Some(value.to_string());
        self.0.legal = Some(legal.to_string());
        self
    }

    /// Adds a line of evidence.
    pub fn with_evidence(mut self, line: impl Into<String>) -> Self {
        self.0.reason.evidence.push(line.into());
        self
    }

    /// Replaces the remedy.
    pub fn with_remedy(mut self, text: impl Into<String>) -> Self {
        self.0.reason.remedy = text.into();
        self
    }

    /// Changes the code, and the remedy with it, keeping message, numbers and evidence.
    pub fn with_code(mut self, code: Code) -> Self {
        self.0.reason.code = code;
        self.0.reason.remedy = code.remedy().into();
        self
    }

    /// Puts words before the message.
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.reason.message = format!("{what}: {}", self.0.reason.message);
        self
    }

    /// Keeps the candidates of a decision that found none.
    pub fn with_candidates(mut self, candidates: Vec<Candidate>) -> Self {
        self.0.candidates = candidates;
        self
    }

    /// Keeps the number of the operating system.
    pub fn with_os(mut self, errno: i32) -> Self {
        self.0.os = Some(errno);
        let text = std::io::Error::from_raw_os_error(errno).to_string();
        let words = text.split(" (os error").next().unwrap_or_default();
        self.with_evidence(format!("errno {errno}: {words}"))
    }

    pub(crate) fn with_av(mut self, number: i32) -> Self {
        self.0.av = Some(number);
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.reason.code
    }

    /// Code, message, evidence and remedy.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// The reason, taken out.
    pub fn into_reason(self) -> Reason {
        self.0.reason
    }

    /// The offending value, where there is one.
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// What would have been legal instead of [`Error::value`].
    pub fn legal(&self) -> Option<&str> {
        self.0.legal.as_deref()
    }

    /// The errno, where the operating system refused.
    pub fn os_error(&self) -> Option<i32> {
        self.0.os
    }

    /// The AVERROR, where FFmpeg refused (`libavutil/error.h`).
    pub fn av_error(&self) -> Option<i32> {
        self.0.av
    }

    /// Every candidate with its reason, where [`Code::NoEncoder`] is the code.
    pub fn candidates(&self) -> &[Candidate] {
        &self.0.candidates
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        Error(Box::new(Inner {
            reason,
            value: None,
            legal: None,
            os: None,
            av: None,
            candidates: Vec::new(),
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.reason.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code(), self.0.reason.message)?;
        for line in &self.0.reason.evidence {
            write!(f, "\n  {line}")?;
        }
        if !self.0.reason.remedy.is_empty() {
            write!(f, "\n  help: {}", self.0.reason.remedy)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            let text = serde_json::to_string(code).unwrap();
            assert_eq!(serde_json::from_str::<Code>(&text).unwrap(), *code);
        }
    }

    #[test]
    fn an_error_stays_small() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn evidence_is_kept_across_a_change_of_code() {
        let error = Error::new(Code::Internal, "x").with_os(28).with_code(Code::OutputDiskFull);
        assert_eq!(error.os_error(), Some(28));
        assert_eq!(error.reason().remedy, Code::OutputDiskFull.remedy());
        assert!(error.reason().evidence[0].contains("errno 28"));
    }
}
