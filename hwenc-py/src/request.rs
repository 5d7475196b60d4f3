//! `hwenc.Request`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use hwenc::{Codec, Error, Fallback, RateControl};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use crate::color::{Color, color};
use crate::error::{OrRaise as _, raise};
use crate::values::{dict, fallback, fraction, number, options, pixel_format, ratio, word};

/// What is wanted: all that changes whether an encoder works, and what may be given up. It cannot be changed; ``replace`` makes
/// another.
///
/// codec: "h264", "hevc", "av1", "vp9", "mjpeg". width, height: in pixels, 1 to 16384, even for 4:2:0.
///
/// fps: nominal frame rate in frames per second: 30, 29.97, Fraction(30000, 1001), (30000, 1001).
/// time_base: seconds that one tick of a timestamp counts; None: one frame.
/// bit_depth: bits per sample of what is coded, 8 or 10. chroma: "4:2:0" or "4:4:4".
/// input: format of the pictures that will come, such as "nv12", "rgb24", "bgra"; others are converted too.
/// color: what is written into the stream: a ``Color``, "bt709", "bt601", "bt2020", "hdr10"; None: nothing, for RGB by size.
/// sample_aspect_ratio: shape of a pixel.
///
/// One of these says how bits are given out; by default it is quality 65:
/// quality: constant quality, 0 (worst) to 100 (best), the same for every encoder; with max_bitrate no second exceeds that.
/// qp: one quantiser for all pictures, 0 to 51, for AV1 to 63. bitrate: on average, in bits per second. cbr: constant, in bits
/// per second.
///
/// gop: distance of key frames in pictures at most. b_frames: B pictures in a row at most. None leaves them to the encoder.
/// latency: "normal", or "low": one picture in, one packet out. preset: the encoder's own. threads: of a software encoder, 0 to
/// 1024; 0 lets it choose.
///
/// encoder: this one and no other. device: this one and no other, such as "/dev/dri/renderD128". input_device: the one that holds
/// the pictures.
/// fallback: what may be used when no hardware encoder works: "deny" (nothing), "software", or encoders in order.
/// zero_copy: "allow", or "require": a picture that would have to be copied is an error.
/// parameter_sets: "inband", or "global": beside the stream, as MP4 and Matroska keep them.
/// options: more options of the encoder itself; one that it does not take is an error.
///
/// Raises UsageError for values that are wrong on any machine, with what is legal in ``.legal``.
#[pyclass(frozen, eq, from_py_object, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Request(pub(crate) hwenc::Request);

/// The keywords that say how bits are given out.
const RATES: [&str; 5] = ["quality", "qp", "bitrate", "cbr", "max_bitrate"];

type Any<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

#[pymethods]
impl Request {
    #[new]
    #[allow(clippy::too_many_arguments)] // it is a record; every one of them has a name at the call
    #[pyo3(
        signature = (
            codec, width, height, *, fps=None, time_base=None, bit_depth=None, chroma="4:2:0", input="nv12", color=None,
            sample_aspect_ratio=None, quality=None, qp=None, bitrate=None, cbr=None, max_bitrate=None, gop=None, b_frames=None,
            latency="normal", preset=None, threads=None, encoder=None, device=None, input_device=None, fallback=None,
            zero_copy="allow", parameter_sets="inband", options=None,
        ),
        text_signature = "(codec, width, height, *, fps=30, time_base=None, bit_depth=8, chroma='4:2:0', input='nv12', color=None, \
            sample_aspect_ratio=1, quality=None, qp=None, bitrate=None, cbr=None, max_bitrate=None, gop=None, b_frames=None, \
            latency='normal', preset=None, threads=0, encoder=None, device=None, input_device=None, fallback='deny', \
            zero_copy='allow', parameter_sets='inband', options=None)"
    )]
    fn new(
        codec: &str,
        width: &Bound<'_, PyAny>,
        height: &Bound<'_, PyAny>,
        fps: Any<'_, '_>,
        time_base: Any<'_, '_>,
        bit_depth: Any<'_, '_>,
        chroma: &str,
        input: &str,
        color: Any<'_, '_>,
        sample_aspect_ratio: Any<'_, '_>,
        quality: Any<'_, '_>,
        qp: Any<'_, '_>,
        bitrate: Any<'_, '_>,
        cbr: Any<'_, '_>,
        max_bitrate: Any<'_, '_>,
        gop: Any<'_, '_>,
        b_frames: Any<'_, '_>,
        latency: &str,
        preset: Option<String>,
        threads: Any<'_, '_>,
        encoder: Option<String>,
        device: Option<PathBuf>,
        input_device: Option<PathBuf>,
        fallback: Any<'_, '_>,
        zero_copy: &str,
        parameter_sets: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        const SIDE: &str = "1 to 16384 pixels";
        let codec: Codec = codec.parse().or_raise()?;
        let (width, height) = (number(width, "the width", SIDE)?, number(height, "the height", SIDE)?);
        let mut request = hwenc::Request::new(codec, width, height);
        if let Some(fps) = fps {
            request.frame_rate = ratio(fps, "the frame rate")?;
        }
        request.time_base = time_base.map(|value| ratio(value, "the time base")).transpose()?;
        if let Some(depth) = bit_depth {
            request.bit_depth = number(depth, "the bit depth", "8 or 10")?;
        }
        request.chroma = word(chroma, "the chroma", "4:2:0 or 4:4:4")?;
        request.input = pixel_format(input)?;
        if let Some(value) = color {
            request.color = self::color(value)?;
        }
        if let Some(shape) = sample_aspect_ratio {
            request.sample_aspect_ratio = ratio(shape, "the shape of a pixel")?;
        }
        request.rate_control = rate_control(codec, quality, qp, bitrate, cbr, max_bitrate)?;
        request.gop = gop.map(|value| number(value, "the GOP length", "at least 1 picture")).transpose()?;
        request.b_frames =
            b_frames.map(|value| number(value, "the number of B pictures", "0 or more")).transpose()?;
        request.latency = word(latency, "the latency", "normal or low")?;
        request.preset = preset;
        if let Some(threads) = threads {
            request.threads = number(threads, "the number of threads", "0 to 1024")?;
        }
        request.encoder = encoder;
        request.device = device;
        request.input_device = input_device;
        if let Some(value) = fallback {
            request.fallback = self::fallback(value)?;
        }
        request.zero_copy = word(zero_copy, "the copy policy", "allow or require")?;
        request.parameter_sets = word(parameter_sets, "the place of parameter sets", "inband or global")?;
        if let Some(given) = options {
            request.options = self::options(given)?;
        }
        request.validate().or_raise()?;
        Ok(Request(request))
    }

    /// Another request, with these fields changed.
    #[pyo3(signature = (**changes), text_signature = "($self, **changes)")]
    pub(crate) fn replace(&self, py: Python<'_>, changes: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let Some(changes) = changes else { return Ok(self.clone()) };
        let (place, fields) = self.arguments(py)?;
        let all = PyDict::new(py);
        for (name, value) in ["codec", "width", "height"].into_iter().zip(place.iter()) {
            all.set_item(name, value)?;
        }
        let new_rate = RATES.iter().any(|name| changes.contains(name).unwrap_or(false));
        for (name, value) in fields.iter() {
            if !(new_rate && RATES.contains(&name.extract::<&str>()?)) {
                all.set_item(name, value)?;
            }
        }
        all.update(changes.as_mapping())?;
        Ok(py.get_type::<Request>().call((), Some(&all))?.cast::<Request>()?.get().clone())
    }

    /// The request as JSON, as it stands in reports.
    fn to_json(&self) -> String {
        json(&self.0)
    }

    /// Reads what ``to_json`` wrote. Raises UsageError for what is no request.
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, text: &str) -> PyResult<Self> {
        let request: hwenc::Request = serde_json::from_str(text).map_err(|e| {
            raise(Error::new(hwenc::Code::RequestInvalid, format!("this is no request: {e}")))
        })?;
        request.validate().or_raise()?;
        Ok(Request(request))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Request>().getattr("from_json")?, (self.to_json(),)))
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.to_json().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (place, fields) = self.arguments(py)?;
        let mut words = Vec::new();
        for value in place.iter() {
            words.push(value.repr()?.to_string());
        }
        for (name, value) in fields.iter() {
            words.push(format!("{name}={}", value.repr()?));
        }
        Ok(format!("hwenc.Request({})", words.join(", ")))
    }

    fn __str__(&self) -> String {
        let r = &self.0;
        let rate = match r.rate_control {
            RateControl::Quality(q) => format!("quality {q}"),
            RateControl::Cqp(qp) => format!("quantiser {qp}"),
            RateControl::Vbr(bits) => format!("{bits} bit/s"),
            RateControl::Cbr(bits) => format!("constant {bits} bit/s"),
            RateControl::Qvbr { quality, bits } => format!("quality {quality} within {bits} bit/s"),
            _ => "another rate control".into(),
        };
        format!("{} {}x{} at {} fps, {} bit, {rate}", r.codec, r.width, r.height, r.frame_rate, r.bit_depth)
    }

    /// Codec: "h264", "hevc", "av1", "vp9", "mjpeg".
    #[getter]
    fn codec(&self) -> &'static str {
        self.0.codec.name()
    }

    /// Width in pixels.
    #[getter]
    fn width(&self) -> u32 {
        self.0.width
    }

    /// Height in pixels.
    #[getter]
    fn height(&self) -> u32 {
        self.0.height
    }

    /// Nominal frame rate in frames per second, a Fraction.
    #[getter]
    fn fps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fraction(py, self.0.frame_rate)
    }

    /// Seconds that one tick of a timestamp counts, a Fraction; None: one frame.
    #[getter]
    fn time_base<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.time_base.map(|ratio| fraction(py, ratio)).transpose()
    }

    /// Bits per sample of what is coded: 8 or 10.
    #[getter]
    fn bit_depth(&self) -> u8 {
        self.0.bit_depth
    }

    /// Chroma subsampling of what is coded: "4:2:0" or "4:4:4".
    #[getter]
    fn chroma(&self) -> String {
        name(&self.0.chroma)
    }

    /// Format of the pictures that will come, by FFmpeg's name.
    #[getter]
    fn input(&self) -> &'static str {
        self.0.input.name()
    }

    /// What is written into the stream.
    #[getter]
    fn color(&self) -> Color {
        Color(self.0.color)
    }

    /// Shape of a pixel, a Fraction.
    #[getter]
    fn sample_aspect_ratio<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        fraction(py, self.0.sample_aspect_ratio)
    }

    /// Constant quality, 0 to 100; None where something else is asked for.
    #[getter]
    fn quality(&self) -> Option<u8> {
        match self.0.rate_control {
            RateControl::Quality(quality) | RateControl::Qvbr { quality, .. } => Some(quality),
            _ => None,
        }
    }

    /// One quantiser for all pictures; None where something else is asked for.
    #[getter]
    fn qp(&self) -> Option<u32> {
        if let RateControl::Cqp(qp) = self.0.rate_control { Some(qp) } else { None }
    }

    /// Average bit rate in bits per second; None where something else is asked for.
    #[getter]
    fn bitrate(&self) -> Option<u64> {
        if let RateControl::Vbr(bits) = self.0.rate_control { Some(bits) } else { None }
    }

    /// Constant bit rate in bits per second; None where something else is asked for.
    #[getter]
    fn cbr(&self) -> Option<u64> {
        if let RateControl::Cbr(bits) = self.0.rate_control { Some(bits) } else { None }
    }

    /// Bits in a second at most, beside a quality; None where it is not limited.
    #[getter]
    fn max_bitrate(&self) -> Option<u64> {
        if let RateControl::Qvbr { bits, .. } = self.0.rate_control { Some(bits) } else { None }
    }

    /// Distance of key frames in pictures at most; None leaves it to the encoder.
    #[getter]
    fn gop(&self) -> Option<u32> {
        self.0.gop
    }

    /// B pictures in a row at most; None leaves it to the encoder.
    #[getter]
    fn b_frames(&self) -> Option<u32> {
        self.0.b_frames
    }

    /// "normal" or "low".
    #[getter]
    fn latency(&self) -> String {
        name(&self.0.latency)
    }

    /// The encoder's own speed preset; None: hwenc's default for the encoder.
    #[getter]
    fn preset(&self) -> Option<&str> {
        self.0.preset.as_deref()
    }

    /// Threads of a software encoder; 0 lets it choose.
    #[getter]
    fn threads(&self) -> u32 {
        self.0.threads
    }

    /// This encoder and no other.
    #[getter]
    fn encoder(&self) -> Option<&str> {
        self.0.encoder.as_deref()
    }

    /// This device and no other.
    #[getter]
    fn device(&self) -> Option<String> {
        self.0.device.as_ref().map(|path| path.display().to_string())
    }

    /// The device that holds the pictures.
    #[getter]
    fn input_device(&self) -> Option<String> {
        self.0.input_device.as_ref().map(|path| path.display().to_string())
    }

    /// What may be given up: "deny", "software", or the names of encoders with commas between them.
    #[getter]
    fn fallback(&self) -> String {
        match &self.0.fallback {
            Fallback::Alternatives(names) => names.join(","),
            Fallback::Software => "software".into(),
            _ => "deny".into(),
        }
    }

    /// "allow" or "require".
    #[getter]
    fn zero_copy(&self) -> String {
        name(&self.0.zero_copy)
    }

    /// "inband" or "global".
    #[getter]
    fn parameter_sets(&self) -> String {
        name(&self.0.parameter_sets)
    }

    /// More options of the encoder itself.
    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.0.options.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

impl Request {
    /// What the constructor takes: codec, width and height, and whatever is not at its default.
    fn arguments<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        let (ours, theirs) = (&self.0, hwenc::Request::new(self.0.codec, self.0.width, self.0.height));
        let fields = PyDict::new(py);
        let me = Bound::new(py, self.clone())?;
        let pair = |ratio: hwenc::Rational| (ratio.num, ratio.den);
        if ours.frame_rate != theirs.frame_rate {
            match ours.frame_rate.den {
                1 => fields.set_item("fps", ours.frame_rate.num)?,
                _ => fields.set_item("fps", pair(ours.frame_rate))?,
            }
        }
        if let Some(ticks) = ours.time_base {
            fields.set_item("time_base", pair(ticks))?;
        }
        if ours.sample_aspect_ratio != theirs.sample_aspect_ratio {
            fields.set_item("sample_aspect_ratio", pair(ours.sample_aspect_ratio))?;
        }
        let plain = [
            ("bit_depth", ours.bit_depth != theirs.bit_depth),
            ("chroma", ours.chroma != theirs.chroma),
            ("input", ours.input != theirs.input),
            ("color", ours.color != theirs.color),
            ("gop", ours.gop.is_some()),
            ("b_frames", ours.b_frames.is_some()),
            ("latency", ours.latency != theirs.latency),
            ("preset", ours.preset.is_some()),
            ("threads", ours.threads != theirs.threads),
            ("encoder", ours.encoder.is_some()),
            ("device", ours.device.is_some()),
            ("input_device", ours.input_device.is_some()),
            ("fallback", ours.fallback != theirs.fallback),
            ("zero_copy", ours.zero_copy != theirs.zero_copy),
            ("parameter_sets", ours.parameter_sets != theirs.parameter_sets),
            ("options", !ours.options.is_empty()),
        ];
        let rate = ours.rate_control != theirs.rate_control;
        for (name, differs) in RATES.into_iter().map(|name| (name, rate)).chain(plain) {
            if differs && !me.getattr(name)?.is_none() {
                fields.set_item(name, me.getattr(name)?)?;
            }
        }
        Ok(((ours.codec.name(), ours.width, ours.height).into_pyobject(py)?, fields))
    }
}

pub(crate) fn rate_control(
    codec: Codec,
    quality: Any<'_, '_>,
    qp: Any<'_, '_>,
    bitrate: Any<'_, '_>,
    cbr: Any<'_, '_>,
    max_bitrate: Any<'_, '_>,
) -> PyResult<RateControl> {
    const BITS: &str = "1000 to 2000000000 bits per second";
    let bits = |value: &Bound<'_, PyAny>| number::<u64>(value, "the bit rate", BITS);
    let quality = quality.map(|value| number(value, "the quality", "0 to 100")).transpose()?;
    let given = [quality.is_some(), qp.is_some(), bitrate.is_some(), cbr.is_some()];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(PyTypeError::new_err("one of quality, qp, bitrate and cbr can be given, not several"));
    }
    if max_bitrate.is_some() && given[1..].contains(&true) {
        return Err(PyTypeError::new_err("max_bitrate goes with quality alone"));
    }
    Ok(match (qp, bitrate, cbr, max_bitrate) {
        (Some(qp), ..) => RateControl::Cqp(number(qp, "the quantiser", &format!("0 to {}", codec.max_qp()))?),
        (_, Some(rate), ..) => RateControl::Vbr(bits(rate)?),
        (_, _, Some(rate), _) => RateControl::Cbr(bits(rate)?),
        (.., Some(most)) => RateControl::Qvbr {
            quality: quality.unwrap_or(hwenc::select::DEFAULT_QUALITY),
            bits: bits(most)?,
        },
        _ => quality.map_or_else(RateControl::default, RateControl::Quality),
    })
}

/// The request that a call got: one, one with changes, or the fields of one.
pub(crate) fn wanted(
    py: Python<'_>,
    request: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyDict>>,
) -> PyResult<hwenc::Request> {
    let Some(given) = request else {
        let made = py.get_type::<Request>().call((), fields)?;
        return Ok(made.cast::<Request>()?.get().0.clone());
    };
    match given.cast::<Request>() {
        Ok(request) => Ok(request.get().replace(py, fields)?.0),
        Err(_) => Err(crate::values::wrong_type("the request", "a hwenc.Request", given)),
    }
}

pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}

/// The word that the crate has for it in JSON.
pub(crate) fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("{other:?} is no word"),
    }
}
