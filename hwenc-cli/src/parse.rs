//! Text into values, with errors that say what is legal.

use std::str::FromStr;

use hwenc::{Code, Error, Rational, Result};

/// `1280x720`.
pub(crate) fn size(text: &str) -> Result<(u32, u32)> {
    let parts = text.split_once(['x', 'X']);
    parts.and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?))).ok_or_else(|| {
        Error::invalid("the size", format!("`{text}`"), "WIDTHxHEIGHT in pixels, such as 1280x720")
    })
}

/// `30`, `29.97`, `30000/1001`.
pub(crate) fn rate(text: &str) -> Result<Rational> {
    let wrong = || {
        Error::invalid("the frame rate", format!("`{text}`"), "a number above zero, such as 25 or 30000/1001")
    };
    if let Some((num, den)) = text.split_once('/') {
        let part = |s: &str| s.parse::<i32>().map_err(|_| wrong());
        return Ok(Rational::new(part(num)?, part(den)?));
    }
    if let Ok(whole) = text.parse::<i32>() {
        return Ok(Rational::new(whole, 1));
    }
    let number: f64 = text.parse().map_err(|_| wrong())?;
    if !(number.is_finite() && number > 0.0 && number < 1e6) {
        return Err(wrong());
    }
    // 23.976, 29.97 and 59.94 are rounded names of N·1000/1001.
    let ntsc = (number * 1.001).round();
    if (number - ntsc / 1.001).abs() < 0.005 && (number - number.round()).abs() > 0.005 {
        return Ok(Rational::new(ntsc as i32 * 1000, 1001));
    }
    Ok(Rational::new((number * 1000.0).round() as i32, 1000))
}

/// `4M`, `800k`, `4000000`: bits per second, decimal multiples as FFmpeg has them.
pub(crate) fn bits(text: &str) -> Result<u64> {
    let wrong = || {
        Error::invalid("the bit rate", format!("`{text}`"), "bits per second, such as 4M, 800k or 2500000")
    };
    let (number, factor) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1e3),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1e6),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let bits = number * factor;
    if !(bits.is_finite() && bits >= 0.0) {
        return Err(wrong());
    }
    Ok(bits as u64)
}

/// A number; `what` and `legal` for the error.
pub(crate) fn number<T: FromStr>(text: &str, what: &str, legal: &str) -> Result<T> {
    text.parse().map_err(|_| Error::invalid(what, format!("`{text}`"), legal))
}

/// `KEY=VALUE`.
pub(crate) fn option(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::new(Code::Usage, format!("`-o {text}` is not KEY=VALUE"))
            .with_remedy("write -o KEY=VALUE")),
    }
}

/// `auto`, or the name of an encoder.
pub(crate) fn encoder(text: &str) -> Option<String> {
    (text != "auto").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!(size("1280x720").unwrap(), (1280, 720));
        assert_eq!(rate("30").unwrap(), Rational::new(30, 1));
        assert_eq!(rate("30000/1001").unwrap(), Rational::new(30000, 1001));
        assert_eq!(rate("29.97").unwrap(), Rational::new(30000, 1001));
        assert_eq!(rate("23.976").unwrap(), Rational::new(24000, 1001));
        assert_eq!(rate("12.5").unwrap(), Rational::new(12500, 1000));
        assert_eq!(bits("4M").unwrap(), 4_000_000);
        assert_eq!(bits("2.5M").unwrap(), 2_500_000);
        assert_eq!(bits("800k").unwrap(), 800_000);
        assert_eq!(option("crf=20").unwrap(), ("crf".into(), "20".into()));
        assert_eq!(option("x=a=b").unwrap(), ("x".into(), "a=b".into()));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_legal() {
        for text in ["", "1280", "1280x", "axb", "-1x5", "1280x720x3"] {
            assert!(size(text).unwrap_err().legal().unwrap().contains("1280x720"), "{text}");
        }
        for text in ["", "x", "nan", "-3.5", "1/x"] {
            assert_eq!(rate(text).unwrap_err().code(), Code::RequestInvalid, "{text}");
        }
        for text in ["", "k", "4Q", "-1", "inf"] {
            assert_eq!(bits(text).unwrap_err().code(), Code::RequestInvalid, "{text}");
        }
        assert_eq!(option("crf").unwrap_err().code(), Code::Usage);
    }
}
