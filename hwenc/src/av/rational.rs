//! [`Rational`]: frame rates and time bases.

use std::fmt;

use ffmpeg_sys_next as ff;
use serde::{Deserialize, Serialize};

/// A fraction: a frame rate in frames per second (`30000/1001`), or a time base in seconds (`1/90000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rational {
    /// Numerator.
    pub num: i32,
    /// Denominator.
    pub den: i32,
}

impl Rational {
    /// `num / den`, as given; it is not reduced.
    pub const fn new(num: i32, den: i32) -> Self {
        Rational { num, den }
    }

    /// `den / num`: the time base of a frame rate, and the reverse.
    pub const fn inverse(self) -> Self {
        Rational { num: self.den, den: self.num }
    }

    /// Both parts above zero, as a frame rate or time base must be.
    pub const fn is_positive(self) -> bool {
        self.num > 0 && self.den > 0
    }

    /// As a floating-point number; infinite when the denominator is 0.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// `value`, counted in this time base, counted in `to` instead, rounded to the nearest.
    ///
    /// # Panics
    /// When a part of `to` is not above zero.
    pub fn rescale(self, value: i64, to: Rational) -> i64 {
        assert!(to.is_positive(), "a time base of {to} counts nothing");
        let above = i128::from(value) * i128::from(self.num) * i128::from(to.den);
        let below = i128::from(self.den) * i128::from(to.num);
        let half = below / 2;
        let rounded = if above >= 0 { (above + half) / below } else { (above - half) / below };
        rounded.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    pub(crate) fn to_av(self) -> ff::AVRational {
        ff::AVRational { num: self.num, den: self.den }
    }

    pub(crate) fn from_av(r: ff::AVRational) -> Self {
        Rational { num: r.num, den: r.den }
    }
}

impl From<u32> for Rational {
    fn from(n: u32) -> Self {
        Rational::new(i32::try_from(n).unwrap_or(i32::MAX), 1)
    }
}

impl From<i32> for Rational {
    fn from(n: i32) -> Self {
        Rational::new(n, 1)
    }
}

impl From<(i32, i32)> for Rational {
    fn from((num, den): (i32, i32)) -> Self {
        Rational::new(num, den)
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaling_rounds_to_nearest_and_keeps_sign() {
        let ms = Rational::new(1, 1000);
        let ninety = Rational::new(1, 90_000);
        assert_eq!(ms.rescale(40, ninety), 3600);
        assert_eq!(ninety.rescale(3645, ms), 41);
        assert_eq!(ninety.rescale(-3645, ms), -41);
        assert_eq!(ninety.rescale(i64::MAX, ninety), i64::MAX);
    }
}
