//! [`Request`]: all that changes whether an encoder works, and what may be given up.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::av::{Color, PixelFormat, Rational};
use crate::backend;
use crate::error::{Code, Error, Result};

/// Largest width and height that any encoder here takes (x264's limit; H.264 level 6.2 ends far below).
pub const MAX_SIDE: u32 = 16_384;
/// More threads than any encoder makes use of.
const MAX_THREADS: u32 = 1024;
/// The quality asked for when the request says nothing of rate control.
pub const DEFAULT_QUALITY: u8 = 65;

/// A video codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Codec {
    /// H.264, AVC.
    H264,
    /// H.265, HEVC.
    Hevc,
    /// AV1.
    Av1,
    /// VP9; hardware only.
    Vp9,
    /// Motion JPEG; hardware only.
    Mjpeg,
}

impl Codec {
    /// Every codec of this version.
    pub const ALL: &'static [Codec] = &[Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9, Codec::Mjpeg];

    /// libavcodec's name.
    pub fn name(self) -> &'static str {
        match self {
            Codec::H264 => "h264",
            Codec::Hevc => "hevc",
            Codec::Av1 => "av1",
            Codec::Vp9 => "vp9",
            Codec::Mjpeg => "mjpeg",
        }
    }

    /// The highest quantiser that a request may ask for: 51 in H.264 and HEVC at 8 bit, 63 on the scale that AV1
    /// encoders show, 255 in VP9, 31 in MJPEG as libavcodec counts.
    pub fn max_qp(self) -> u32 {
        match self {
            Codec::H264 | Codec::Hevc => 51,
            Codec::Av1 => 63,
            Codec::Vp9 => 255,
            Codec::Mjpeg => 31,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wanted = match text.to_ascii_lowercase().as_str() {
            "avc" | "h.264" => "h264".to_owned(),
            "h265" | "h.265" => "hevc".to_owned(),
            other => other.to_owned(),
        };
        let known = || Codec::ALL.iter().map(|c| c.name()).collect::<Vec<_>>().join(", ");
        Codec::ALL
            .iter()
            .copied()
            .find(|c| c.name() == wanted)
            .ok_or_else(|| Error::invalid("the codec", format!("`{text}`"), format!("one of {}", known())))
    }
}

/// Chroma subsampling of what is coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Chroma {
    /// Half the chroma samples in each direction.
    #[default]
    #[serde(rename = "4:2:0")]
    Yuv420,
    /// All of them.
    #[serde(rename = "4:4:4")]
    Yuv444,
}

/// How bits are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RateControl {
    /// Constant quality on hwenc's scale, 0 (worst) to 100 (best), calibrated per encoder.
    Quality(u8),
    /// One quantiser for all pictures, on the codec's own scale.
    Cqp(u32),
    /// Average bit rate in bits per second; peaks up to twice as high, over one second.
    Vbr(u64),
    /// Constant bit rate in bits per second, over one second.
    Cbr(u64),
    /// Constant quality that no second exceeds a bit rate for (QVBR, capped CRF).
    Qvbr {
        /// As in [`RateControl::Quality`].
        quality: u8,
        /// Bits in a second at most.
        bits: u64,
    },
}

impl Default for RateControl {
    fn default() -> Self {
        RateControl::Quality(DEFAULT_QUALITY)
    }
}

/// What the pictures are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Latency {
    /// Best compression; packets may come many pictures later.
    #[default]
    Normal,
    /// One picture in, one packet out, where the encoder can: no B pictures, no look-ahead.
    Low,
}

/// What may be used when no hardware encoder works. Nothing is ever used silently: it stands in the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Fallback {
    /// Nothing.
    #[default]
    Deny,
    /// These encoders, in this order.
    Alternatives(Vec<String>),
    /// Any software encoder of the codec.
    Software,
}

impl FromStr for Fallback {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "deny" => Fallback::Deny,
            "software" => Fallback::Software,
            list => {
                let names: Vec<String> = list.split(',').map(|n| n.trim().to_owned()).collect();
                if let Some(name) = names.iter().find(|n| backend::of_encoder(n).is_none()) {
                    return Err(unknown_encoder(name).context("the fallback"));
                }
                Fallback::Alternatives(names)
            }
        })
    }
}

/// Whether pictures may be copied or converted on their way to the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ZeroCopy {
    /// Copies are made where they are needed, and counted.
    #[default]
    Allow,
    /// A picture that would need one is refused with [`Code::CopyRequired`].
    Require,
}

impl FromStr for ZeroCopy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "allow" => Ok(ZeroCopy::Allow),
            "require" => Ok(ZeroCopy::Require),
            _ => Err(Error::invalid("the copy policy", format!("`{text}`"), "allow or require")),
        }
    }
}

/// Where parameter sets (SPS, PPS, sequence header) go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ParameterSets {
    /// Into the stream, before every key frame: for raw streams, MPEG-TS and packets sent elsewhere.
    #[default]
    InBand,
    /// Beside it, for containers that keep them: MP4, Matroska. [`Session::extradata`](crate::Session::extradata).
    Global,
}

/// What is wanted. Built by [`Request::new`] and the methods named after each field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Request {
    /// Codec.
    pub codec: Codec,
    /// Width in pixels, even for 4:2:0.
    pub width: u32,
    /// Height in pixels, even for 4:2:0.
    pub height: u32,
    /// Nominal frame rate in frames per second. Default 30.
    pub frame_rate: Rational,
    /// Seconds that one tick of a timestamp counts; `None`: one frame. For variable frame rates ask for a finer one,
    /// such as 1/90000.
    pub time_base: Option<Rational>,
    /// Bits per sample of what is coded, 8 or 10. Default 8.
    pub bit_depth: u8,
    /// Chroma subsampling of what is coded. Default 4:2:0.
    pub chroma: Chroma,
    /// Format of the pictures that will come; others are converted too. Default NV12.
    pub input: PixelFormat,
    /// Colours of what is coded, written into the VUI. Fields left unspecified stay so for YUV input; for RGB they come from
    /// [`Color::for_height`].
    pub color: Color,
    /// Shape of a pixel; 1:1 by default.
    pub sample_aspect_ratio: Rational,
    /// How bits are given out. Default: quality [`DEFAULT_QUALITY`].
    pub rate_control: RateControl,
    /// Distance of key frames in pictures at most; `None` leaves it to the encoder.
    pub gop: Option<u32>,
    /// B pictures in a row at most; `None` leaves it to the encoder.
    pub b_frames: Option<u32>,
    /// What the pictures are for.
    pub latency: Latency,
    /// The encoder's own speed preset, such as `medium` or `8`; `None`: hwenc's default for the encoder.
    pub preset: Option<String>,
    /// Threads of a software encoder; 0 lets it choose.
    pub threads: u32,
    /// This encoder and no other: an explicit choice, to which no fallback policy applies.
    pub encoder: Option<String>,
    /// This device and no other, such as `/dev/dri/renderD128`.
    pub device: Option<PathBuf>,
    /// The device that holds the pictures; an encoder there comes first. Default: none, the pictures are in memory.
    #[serde(default)]
    pub input_device: Option<PathBuf>,
    /// What may be given up.
    pub fallback: Fallback,
    /// Whether pictures may be copied.
    pub zero_copy: ZeroCopy,
    /// Where parameter sets go.
    pub parameter_sets: ParameterSets,
    /// More options of the encoder itself, set last. One that it does not take is an error.
    pub options: Vec<(String, String)>,
    #[serde(skip)]
    pub(crate) chroma_location: u8,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $field:ident = $value:expr;)*) => {
        impl Request { $($(#[$doc])* pub fn $name(mut self, $name: $type) -> Self { self.$field = $value; self })* }
    };
}

setters! {
    /// Nominal frame rate in frames per second: `30`, `(30000, 1001)`.
    fps: impl Into<Rational> => frame_rate = fps.into();
    /// Seconds that one tick of a timestamp counts.
    time_base: impl Into<Rational> => time_base = Some(time_base.into());
    /// Bits per sample of what is coded.
    bit_depth: u8 => bit_depth = bit_depth;
    /// Chroma subsampling of what is coded.
    chroma: Chroma => chroma = chroma;
    /// Format of the pictures that will come.
    input: PixelFormat => input = input;
    /// Colours of what is coded.
    color: Color => color = color;
    /// Shape of a pixel.
    sample_aspect_ratio: impl Into<Rational> => sample_aspect_ratio = sample_aspect_ratio.into();
    /// How bits are given out.
    rate_control: RateControl => rate_control = rate_control;
    /// Constant quality, 0 to 100.
    quality: u8 => rate_control = RateControl::Quality(quality);
    /// Average bit rate in bits per second.
    bitrate: u64 => rate_control = RateControl::Vbr(bitrate);
    /// Distance of key frames in pictures.
    gop: u32 => gop = Some(gop);
    /// B pictures in a row at most.
    b_frames: u32 => b_frames = Some(b_frames);
    /// What the pictures are for.
    latency: Latency => latency = latency;
    /// The encoder's own speed preset.
    preset: impl Into<String> => preset = Some(preset.into());
    /// Threads of a software encoder.
    threads: u32 => threads = threads;
    /// This encoder and no other.
    encoder: impl Into<String> => encoder = Some(encoder.into());
    /// This device and no other.
    device: impl Into<PathBuf> => device = Some(device.into());
    /// The device that holds the pictures.
    input_device: impl Into<PathBuf> => input_device = Some(input_device.into());
    /// What may be given up.
    fallback: Fallback => fallback = fallback;
    /// Whether pictures may be copied.
    zero_copy: ZeroCopy => zero_copy = zero_copy;
    /// Where parameter sets go.
    parameter_sets: ParameterSets => parameter_sets = parameter_sets;
}

impl Request {
    /// A request for this codec and size, 30 frames per second, 8 bit 4:2:0, default quality, no fallback.
    pub fn new(codec: Codec, width: u32, height: u32) -> Self {
        Request {
            codec,
            width,
            height,
            frame_rate: Rational::new(30, 1),
            time_base: None,
            bit_depth: 8,
            chroma: Chroma::default(),
            input: PixelFormat::NV12,
            color: Color::default(),
            sample_aspect_ratio: Rational::new(1, 1),
            rate_control: RateControl::default(),
            gop: None,
            b_frames: None,
            latency: Latency::default(),
            preset: None,
            threads: 0,
            encoder: None,
            device: None,
            input_device: None,
            fallback: Fallback::default(),
            zero_copy: ZeroCopy::default(),
            parameter_sets: ParameterSets::default(),
            options: Vec::new(),
            chroma_location: 0,
        }
    }

    /// Adds an option of the encoder itself.
    pub fn option(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.push((key.into(), value.into()));
        self
    }

    /// Time base of timestamps in and out, in seconds per tick.
    pub fn ticks(&self) -> Rational {
        self.time_base.unwrap_or_else(|| self.frame_rate.inverse())
    }

    /// Checks every value that is wrong on any machine.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] and [`Code::RequestSize`] with the value and what would be legal,
    /// [`Code::RequestUnknownEncoder`], [`Code::RequestCodecMismatch`].
    pub fn validate(&self) -> Result<()> {
        self.validate_size()?;
        if !self.frame_rate.is_positive() {
            return Err(Error::invalid("the frame rate", self.frame_rate, "a fraction above zero"));
        }
        if !self.ticks().is_positive() {
            return Err(Error::invalid("the time base", self.ticks(), "a fraction above zero"));
        }
        if !matches!(self.bit_depth, 8 | 10) {
            return Err(Error::invalid("the bit depth", self.bit_depth, "8 or 10"));
        }
        if self.threads > MAX_THREADS {
            return Err(Error::invalid("the number of threads", self.threads, format!("0 to {MAX_THREADS}")));
        }
        if self.gop == Some(0) {
            return Err(Error::invalid("the GOP length", 0, "at least 1 picture"));
        }
        match self.rate_control {
            RateControl::Quality(q) if q > 100 => return Err(Error::invalid("the quality", q, "0 to 100")),
            RateControl::Cqp(qp) if qp > self.codec.max_qp() => {
                return Err(Error::invalid("the quantiser", qp, format!("0 to {}", self.codec.max_qp())));
            }
            RateControl::Qvbr { quality, .. } if quality > 100 => {
                return Err(Error::invalid("the quality", quality, "0 to 100"));
            }
            RateControl::Vbr(rate) | RateControl::Cbr(rate) | RateControl::Qvbr { bits: rate, .. }
                if !(1000..=2_000_000_000).contains(&rate) =>
            {
                return Err(Error::invalid("the bit rate", rate, "1000 to 2000000000 bits per second"));
            }
            _ => {}
        }
        for name in self.named_encoders() {
            let Some((_, codec)) = backend::of_encoder(name) else { return Err(unknown_encoder(name)) };
            if codec != self.codec {
                let text = format!("the encoder {name} makes {codec}, and {} is asked for", self.codec);
                return Err(Error::new(Code::RequestCodecMismatch, text)
                    .with_value(name, format!("an encoder for {}", self.codec))
                    .with_remedy(format!("ask for {codec}, or name an encoder for {}", self.codec)));
            }
        }
        Ok(())
    }

    fn validate_size(&self) -> Result<()> {
        let Request { width, height, .. } = *self;
        let text = format!("{width}x{height}");
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let legal = format!("1 to {MAX_SIDE} in both directions");
            return Err(Error::invalid("the picture size", text, legal));
        }
        if self.chroma == Chroma::Yuv420 && (width % 2 == 1 || height % 2 == 1) {
            let (w, h) = (width - width % 2, height - height % 2);
            let (up_w, up_h) = (width + width % 2, height + height % 2);
            let legal =
                if w == 0 || h == 0 { format!("{up_w}x{up_h}") } else { format!("{w}x{h} or {up_w}x{up_h}") };
            return Err(Error::new(
                Code::RequestSize,
                format!("the picture size is {text}; 4:2:0 needs even numbers, such as {legal}"),
            )
            .with_value(text, &legal)
            .with_remedy(format!("scale to {legal} (`--size`), or crop or pad the pictures first")));
        }
        Ok(())
    }

    fn named_encoders(&self) -> impl Iterator<Item = &str> {
        let listed = match &self.fallback {
            Fallback::Alternatives(names) => names.as_slice(),
            _ => &[],
        };
        self.encoder.iter().chain(listed).map(String::as_str)
    }
}

pub(crate) fn unknown_encoder(name: &str) -> Error {
    let known: Vec<&str> = backend::encoder_names().collect();
    Error::new(Code::RequestUnknownEncoder, format!("hwenc knows no encoder `{name}`"))
        .with_value(name, known.join(", "))
        .with_remedy(format!("one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(request: Request) -> Code {
        request.validate().unwrap_err().code()
    }

    fn hd() -> Request {
        Request::new(Codec::H264, 1280, 720)
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        assert!(hd().validate().is_ok());
        assert_eq!(code(hd().quality(101)), Code::RequestInvalid);
        assert_eq!(code(hd().bitrate(0)), Code::RequestInvalid);
        assert_eq!(code(hd().fps(0)), Code::RequestInvalid);
        assert_eq!(code(hd().time_base((0, 1))), Code::RequestInvalid);
        assert_eq!(code(hd().time_base((1, 0))), Code::RequestInvalid);
        assert_eq!(code(hd().bit_depth(9)), Code::RequestInvalid);
        assert_eq!(code(hd().gop(0)), Code::RequestInvalid);
        assert_eq!(code(hd().rate_control(RateControl::Cqp(52))), Code::RequestInvalid);
        assert_eq!(code(Request::new(Codec::H264, 20_000, 20_000)), Code::RequestInvalid);
        assert_eq!(code(Request::new(Codec::H264, 0, 720)), Code::RequestInvalid);
        assert_eq!(code(hd().encoder("libfoo")), Code::RequestUnknownEncoder);
        assert_eq!(code(hd().encoder("libx265")), Code::RequestCodecMismatch);
    }

    #[test]
    fn odd_sizes_name_the_legal_ones() {
        let error = Request::new(Codec::H264, 641, 271).validate().unwrap_err();
        assert_eq!(error.code(), Code::RequestSize);
        assert_eq!(error.legal(), Some("640x270 or 642x272"));
        assert!(Request::new(Codec::H264, 641, 271).chroma(Chroma::Yuv444).validate().is_ok());
        assert_eq!(Request::new(Codec::H264, 1, 1).validate().unwrap_err().legal(), Some("2x2"));
    }

    #[test]
    fn policies_parse() {
        assert_eq!("deny".parse::<Fallback>().unwrap(), Fallback::Deny);
        let list = "h264_vaapi, libx264".parse::<Fallback>().unwrap();
        assert_eq!(list, Fallback::Alternatives(vec!["h264_vaapi".into(), "libx264".into()]));
        assert_eq!("none".parse::<Fallback>().unwrap_err().code(), Code::RequestUnknownEncoder);
        assert_eq!("h265".parse::<Codec>().unwrap(), Codec::Hevc);
        assert_eq!("theora".parse::<Codec>().unwrap_err().code(), Code::RequestInvalid);
    }
}
