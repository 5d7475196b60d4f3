//! [`Transcode`]: a job, and what of it can be checked before anything is opened.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Cancel, Progress, TranscodeReport, pipeline};
use crate::av;
use crate::backend;
use crate::error::{Code, Error, Result};
use crate::output::Container;
use crate::select::{Codec, Fallback, RateControl, Request, ZeroCopy};

/// What happens when a part of the source does not decode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnCorrupt {
    /// The job fails.
    #[default]
    Fail,
    /// Broken pictures are left out and counted; a source that ends too early is taken as far as it goes.
    Skip,
}

impl FromStr for OnCorrupt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "fail" => Ok(OnCorrupt::Fail),
            "skip" => Ok(OnCorrupt::Skip),
            _ => Err(Error::invalid("the policy for corrupt pictures", format!("`{text}`"), "fail or skip")),
        }
    }
}

/// Where the source's pictures are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DecodeOn {
    /// On the device of the encoder where its driver says that it can, else on the CPU. The report says which it was.
    #[default]
    Auto,
    /// On the CPU; pictures are copied to the encoder's device.
    Cpu,
    /// On the device of the encoder, or not at all.
    Device,
}

impl FromStr for DecodeOn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(DecodeOn::Auto),
            "cpu" => Ok(DecodeOn::Cpu),
            "device" => Ok(DecodeOn::Device),
            _ => Err(Error::invalid("the place to decode", format!("`{text}`"), "auto, cpu or device")),
        }
    }
}

/// A job. Fields that are `None` follow the source or the encoder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transcode {
    /// Source: a path, or a URL that FFmpeg reads (`scheme://…`, unless a file has that name).
    pub input: PathBuf,
    /// Result; its ending names the container. It appears when it is complete.
    pub output: PathBuf,
    /// Codec; `None`: what the container or the named encoder implies, else H.264.
    pub codec: Option<Codec>,
    /// Width and height in pixels, as they are seen: a film that players turn is turned already. `None`: the source's.
    pub size: Option<(u32, u32)>,
    /// 8 or 10; `None`: the source's.
    pub bit_depth: Option<u8>,
    /// How bits are given out.
    pub rate_control: RateControl,
    /// Distance of key frames in pictures.
    pub gop: Option<u32>,
    /// The encoder's own speed preset.
    pub preset: Option<String>,
    /// Threads of a software encoder; 0 lets it choose.
    pub threads: u32,
    /// This encoder and no other.
    pub encoder: Option<String>,
    /// This device and no other.
    pub device: Option<PathBuf>,
    /// What may be used when no hardware encoder works.
    pub fallback: Fallback,
    /// Whether pictures may be copied on their way to the encoder.
    pub zero_copy: ZeroCopy,
    /// Where the source's pictures are decoded.
    pub decode_on: DecodeOn,
    /// More options of the encoder itself.
    pub options: Vec<(String, String)>,
    /// What happens when a part of the source does not decode.
    pub on_corrupt: OnCorrupt,
    /// Stop when the result would become larger than this share of the source.
    pub max_size_ratio: Option<f64>,
    /// MP4: the index comes first, so that playing can begin before everything has arrived.
    pub faststart: bool,
    /// The result may replace an existing file.
    pub overwrite: bool,
}

impl Transcode {
    /// A job with every setting at its default.
    pub fn new(input: impl Into<PathBuf>, output: impl Into<PathBuf>) -> Self {
        Transcode {
            input: input.into(),
            output: output.into(),
            codec: None,
            size: None,
            bit_depth: None,
            rate_control: RateControl::default(),
            gop: None,
            preset: None,
            threads: 0,
            encoder: None,
            device: None,
            fallback: Fallback::default(),
            zero_copy: ZeroCopy::default(),
            decode_on: DecodeOn::default(),
            options: Vec::new(),
            on_corrupt: OnCorrupt::default(),
            max_size_ratio: None,
            faststart: false,
            overwrite: false,
        }
    }

    /// Checks all that the job alone can tell: no file is looked at.
    ///
    /// # Errors
    /// Whatever [`Request::validate`] finds, and [`Code::OutputUnknownContainer`], [`Code::OutputUnsupportedCodec`],
    /// [`Code::OutputIsInput`], [`Code::OptionUnknown`] for an encoder that is named.
    pub fn check(&self) -> Result<()> {
        let (_, codec) = self.target()?;
        // Any legal size stands in for the one that only the source knows.
        let (width, height) = self.size.unwrap_or((640, 480));
        self.request(codec, width, height).bit_depth(self.bit_depth.unwrap_or(8)).validate()?;
        if let Some(ratio) = self.max_size_ratio.filter(|r| !(r.is_finite() && *r > 0.0)) {
            return Err(Error::invalid("the size ratio", ratio, "above 0"));
        }
        if same_path(&self.input, &self.output) {
            return Err(same_file(&self.output));
        }
        match &self.encoder {
            // Whether the encoder is there at all is the decision's business, with its reasons.
            Some(encoder) => match backend::check_options(encoder, &self.options) {
                Err(error) if error.code() == Code::EncoderNotCompiled => Ok(()),
                result => result,
            },
            None => self.check_options(codec),
        }
    }

    /// An option that no encoder for the codec takes is wrong, whichever is chosen in the end.
    fn check_options(&self, codec: Codec) -> Result<()> {
        let encoders: Vec<&str> = backend::ALL
            .iter()
            .flat_map(|b| b.encoders)
            .filter(|(c, name)| *c == codec && av::encoder_has_option(name, "b").is_ok())
            .map(|(_, name)| *name)
            .collect();
        for (key, _) in &self.options {
            let takes = |name: &&str| av::encoder_has_option(name, key).unwrap_or(false);
            if !encoders.is_empty() && !encoders.iter().any(takes) {
                let text = format!("no encoder for {codec} takes an option `{key}`");
                return Err(Error::new(Code::OptionUnknown, text)
                    .with_value(key, format!("an option of {}", encoders.join(", ")))
                    .with_remedy(format!(
                        "`ffmpeg -h encoder={}` lists the options of one",
                        encoders[encoders.len() - 1]
                    )));
            }
        }
        Ok(())
    }

    /// Runs the job on this thread. `progress` is called about ten times a second, and once at the end.
    ///
    /// # Errors
    /// Whatever [`Transcode::check`] finds; [`Code::NoEncoder`]; codes that begin with `input.`, `output.`,
    /// `encoder.`; [`Code::Cancelled`]; [`Code::SizeGate`]. After an error no result is left, the source never changes.
    pub fn run(&self, cancel: &Cancel, progress: impl FnMut(&Progress)) -> Result<TranscodeReport> {
        self.check()?;
        let result = pipeline::run(self, cancel, progress);
        cancel.set_part(None);
        // An interrupted read or write fails in words of its own; what happened is that it was cancelled.
        match result {
            Err(_) if cancel.is_cancelled() => Err(Error::new(Code::Cancelled, "cancelled")),
            result => result,
        }
    }

    /// Container and codec of the result.
    pub(super) fn target(&self) -> Result<(Container, Codec)> {
        let container = Container::of_path(&self.output)?;
        let implied = self.encoder.as_deref().and_then(backend::of_encoder).map(|(_, codec)| codec);
        Ok((container, container.codec(self.codec.or(implied))?))
    }

    /// The request, but for what only the source knows.
    pub(super) fn request(&self, codec: Codec, width: u32, height: u32) -> Request {
        let mut request = Request::new(codec, width, height)
            .rate_control(self.rate_control)
            .threads(self.threads)
            .fallback(self.fallback.clone())
            .zero_copy(self.zero_copy);
        request.gop = self.gop;
        request.preset.clone_from(&self.preset);
        request.encoder.clone_from(&self.encoder);
        request.device.clone_from(&self.device);
        request.options.clone_from(&self.options);
        request
    }
}

/// The same by name; whether two names are one file shows when they are looked at.
fn same_path(a: &Path, b: &Path) -> bool {
    crate::av::local_file(a).is_some_and(|a| a.components().eq(b.components()))
}

pub(super) fn same_file(path: &Path) -> Error {
    Error::new(Code::OutputIsInput, format!("{} is the input", path.display()))
}
