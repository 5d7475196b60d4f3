//! Values out of Python's objects, with errors that say what is legal.

use hwenc::{Error, Fallback, PixelFormat, Rational};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyString, PyTuple};
use serde_json::Value;

use crate::error::{OrRaise as _, raise};

/// A whole number. One that the type cannot hold is as illegal as any other that is out of range.
pub(crate) fn number<T: TryFrom<i64>>(value: &Bound<'_, PyAny>, what: &str, legal: &str) -> PyResult<T> {
    let out_of_range = || raise(Error::invalid(what, value, legal));
    match value.extract::<i64>() {
        Ok(number) => T::try_from(number).map_err(|_| out_of_range()),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Err(out_of_range()),
        Err(_) => Err(wrong_type(what, "an int", value)),
    }
}

/// A fraction: a number, a `Fraction`, `(num, den)`. 23.976, 29.97 and 59.94 are taken for what they are short for.
pub(crate) fn ratio(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Rational> {
    let wrong = || raise(Error::invalid(what, value, "a fraction above zero, such as 25 or (30000, 1001)"));
    if let Ok(float) = value.cast::<PyFloat>() {
        return of_float(float.value()).ok_or_else(wrong);
    }
    let (num, den) = match value.cast::<PyTuple>() {
        Ok(pair) => pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?,
        Err(_) => match (value.getattr("numerator"), value.getattr("denominator")) {
            (Ok(num), Ok(den)) => (num, den),
            _ => return Err(wrong_type(what, "an int, float, Fraction or (num, den)", value)),
        },
    };
    match (num.extract::<i32>(), den.extract::<i32>()) {
        (Ok(num), Ok(den)) => Ok(Rational::new(num, den)),
        (Err(e), _) | (_, Err(e)) if e.is_instance_of::<PyTypeError>(value.py()) => {
            Err(wrong_type(what, "an int, float, Fraction or (num, den)", value))
        }
        _ => Err(wrong()),
    }
}

fn of_float(number: f64) -> Option<Rational> {
    if !(number.is_finite() && number > 0.0 && number < 1e6) {
        return None;
    }
    let ntsc = (number * 1.001).round();
    if (number - ntsc / 1.001).abs() < 0.005 && (number - number.round()).abs() > 0.005 {
        return Some(Rational::new(ntsc as i32 * 1000, 1001));
    }
    if number < 1.0 {
        // A time base, or a slide show: whole seconds and parts of them are what people mean.
        return Some(Rational::new(1_000_000, (1e6 / number).round().min(f64::from(i32::MAX)) as i32));
    }
    let thousandths = (number * 1000.0).round() as i32;
    Some(if thousandths % 1000 == 0 {
        Rational::new(thousandths / 1000, 1)
    } else {
        Rational::new(thousandths, 1000)
    })
}

/// A `fractions.Fraction`.
pub(crate) fn fraction(py: Python<'_>, ratio: Rational) -> PyResult<Bound<'_, PyAny>> {
    py.import("fractions")?.getattr("Fraction")?.call1((ratio.num, ratio.den))
}

/// A word of a list, as the crate writes it in JSON.
pub(crate) fn word<T: serde::de::DeserializeOwned>(text: &str, what: &str, legal: &str) -> PyResult<T> {
    serde_json::from_value(Value::String(text.to_owned()))
        .map_err(|_| raise(Error::invalid(what, format!("`{text}`"), legal)))
}

/// A pixel format by FFmpeg's name, or by a name without byte order as people write it.
pub(crate) fn pixel_format(name: &str) -> PyResult<PixelFormat> {
    let full = match name {
        "p010" => "p010le",
        "yuv420p10" => "yuv420p10le",
        "yuv444p10" => "yuv444p10le",
        "i420" => "yuv420p",
        "i010" => "yuv420p10le",
        "i444" => "yuv444p",
        "gray8" => "gray",
        "bgrx" => "bgr0",
        "rgbx" => "rgb0",
        other => other,
    };
    PixelFormat::from_name(full).ok_or_else(|| {
        raise(Error::invalid("the pixel format", format!("`{name}`"), "one of `ffmpeg -pix_fmts`"))
    })
}

/// `deny`, `software`, names with commas between them, or a sequence of names.
pub(crate) fn fallback(value: &Bound<'_, PyAny>) -> PyResult<Fallback> {
    if let Ok(text) = value.cast::<PyString>() {
        return text.to_str()?.parse().or_raise();
    }
    let names: Vec<String> = value
        .extract()
        .map_err(|_| wrong_type("the fallback", "a str or a sequence of encoders' names", value))?;
    names.join(",").parse().or_raise()
}

/// Options of an encoder, by name. Values are text, numbers or bools.
pub(crate) fn options(dict: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    dict.iter().map(|(key, value)| Ok((key.extract::<String>()?, option(&value)?))).collect()
}

fn option(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(if flag.is_true() { "1" } else { "0" }.to_owned());
    }
    if value.is_none() {
        return Err(wrong_type("an encoder's option", "a str or a number", value));
    }
    Ok(value.str()?.to_str()?.to_owned())
}

/// Names and values as a dict, such as a session's settings.
pub(crate) fn dict<'py, 'a>(
    py: Python<'py>,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in pairs {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}

/// What `json.loads` makes of it.
pub(crate) fn loads<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

pub(crate) fn wrong_type(what: &str, wanted: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let got = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("{what} must be {wanted}, not {got}"))
}
