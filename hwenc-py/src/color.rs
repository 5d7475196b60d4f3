//! `hwenc.Color`.

use hwenc::{Error, Matrix, Primaries, Range, Transfer};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::raise;
use crate::values::wrong_type;

/// How numbers become colours: range, and the code points of ITU-T H.273 for primaries, transfer and matrix.
///
/// Each is a number, or a name: "limited", "full"; "bt709", "bt601", "bt601-625", "bt2020"; for the transfer also "srgb", "pq",
/// "hlg"; for the matrix also "rgb". None says nothing of it.
#[pyclass(frozen, eq, hash, from_py_object, module = "hwenc")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Color(pub(crate) hwenc::Color);

#[pymethods]
impl Color {
    #[new]
    #[pyo3(signature = (*, range=None, primaries=None, transfer=None, matrix=None))]
    fn new(
        range: Option<&Bound<'_, PyAny>>,
        primaries: Option<&Bound<'_, PyAny>>,
        transfer: Option<&Bound<'_, PyAny>>,
        matrix: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let point = |value, what, names: &[(&str, u8)], none: u8| match value {
            Some(value) => code_point(value, what, names),
            None => Ok(none),
        };
        Ok(Color(hwenc::Color {
            range: Range(point(range, "the range", RANGES, Range::UNSPECIFIED.0)?),
            primaries: Primaries(point(primaries, "the primaries", PRIMARIES, Primaries::UNSPECIFIED.0)?),
            transfer: Transfer(point(transfer, "the transfer", TRANSFERS, Transfer::UNSPECIFIED.0)?),
            matrix: Matrix(point(matrix, "the matrix", MATRICES, Matrix::UNSPECIFIED.0)?),
        }))
    }

    /// 1: limited (luma 16 to 235 at 8 bit), 2: full, 0: not said.
    #[getter]
    fn range(&self) -> u8 {
        self.0.range.0
    }

    /// Code point of the primaries, H.273 table 2; 2: not said.
    #[getter]
    fn primaries(&self) -> u8 {
        self.0.primaries.0
    }

    /// Code point of the transfer characteristics, H.273 table 3; 2: not said.
    #[getter]
    fn transfer(&self) -> u8 {
        self.0.transfer.0
    }

    /// Code point of the matrix coefficients, H.273 table 4; 2: not said.
    #[getter]
    fn matrix(&self) -> u8 {
        self.0.matrix.0
    }

    fn __repr__(&self) -> String {
        let hwenc::Color { range, primaries, transfer, matrix } = self.0;
        let fields = [
            ("range", range.0, range.is_specified()),
            ("primaries", primaries.0, primaries.is_specified()),
            ("transfer", transfer.0, transfer.is_specified()),
            ("matrix", matrix.0, matrix.is_specified()),
        ];
        let said = fields.iter().filter(|field| field.2).map(|(name, value, _)| format!("{name}={value}"));
        format!("hwenc.Color({})", said.collect::<Vec<_>>().join(", "))
    }
}

const RANGES: &[(&str, u8)] = &[("limited", Range::LIMITED.0), ("full", Range::FULL.0)];
const PRIMARIES: &[(&str, u8)] = &[
    ("bt709", Primaries::BT709.0),
    ("bt601", Primaries::BT601_525.0),
    ("bt601-625", Primaries::BT601_625.0),
    ("bt2020", Primaries::BT2020.0),
];
const TRANSFERS: &[(&str, u8)] = &[
    ("bt709", Transfer::BT709.0),
    ("bt601", Transfer::BT601.0),
    ("bt601-625", Transfer::BT601.0),
    ("srgb", Transfer::SRGB.0),
    ("bt2020", Transfer::BT2020_10.0),
    ("pq", Transfer::PQ.0),
    ("hlg", Transfer::HLG.0),
];
const MATRICES: &[(&str, u8)] = &[
    ("rgb", Matrix::RGB.0),
    ("bt709", Matrix::BT709.0),
    ("bt601", Matrix::BT601.0),
    ("bt601-625", Matrix::BT470BG.0),
    ("bt2020", Matrix::BT2020.0),
];

fn code_point(value: &Bound<'_, PyAny>, what: &str, names: &[(&str, u8)]) -> PyResult<u8> {
    let legal = || names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let Ok(text) = value.cast::<PyString>() else {
        return crate::values::number(value, what, "a code point, 0 to 255");
    };
    let text = text.to_str()?;
    let known = names.iter().find(|(name, _)| *name == text);
    known.map(|(_, point)| *point).ok_or_else(|| raise(Error::invalid(what, format!("`{text}`"), legal())))
}

/// A `Color`, or the name of a usual one.
pub(crate) fn color(value: &Bound<'_, PyAny>) -> PyResult<hwenc::Color> {
    if let Ok(color) = value.cast::<Color>() {
        return Ok(color.get().0);
    }
    let Ok(text) = value.cast::<PyString>() else {
        return Err(wrong_type("the color", "a hwenc.Color or a str", value));
    };
    Ok(match text.to_str()? {
        "bt709" => hwenc::Color::BT709,
        "bt601" => hwenc::Color::BT601,
        "bt2020" => hwenc::Color::BT2020,
        "hdr10" => hwenc::Color::HDR10,
        other => {
            let legal = "bt709, bt601, bt2020, hdr10, or a hwenc.Color";
            return Err(raise(Error::invalid("the color", format!("`{other}`"), legal)));
        }
    })
}
