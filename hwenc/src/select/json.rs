//! Requests as JSON, as other languages hand them over.

use serde_json::Value;

use super::{Codec, Request};
use crate::error::{Code, Error, Result};

impl Request {
    /// The request as JSON, with every field.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a request is plain data")
    }

    /// A request from JSON with at least `codec`, `width` and `height`; what is not there is as [`Request::new`] has it.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for what is no such object, and for members that this version does not know: a request must
    /// not lose what it asks for.
    pub fn from_json(text: &str) -> Result<Self> {
        let wrong = |e: serde_json::Error| {
            Error::new(Code::RequestInvalid, format!("this is no request in JSON: {e}"))
        };
        let lacks =
            |what: &str| Error::new(Code::RequestInvalid, format!("the request in JSON lacks {what}"));
        let Value::Object(given) = serde_json::from_str(text).map_err(wrong)? else {
            return Err(lacks("its braces"));
        };
        let codec = given.get("codec").cloned().ok_or_else(|| lacks("`codec`"))?;
        let codec: Codec = serde_json::from_value(codec).map_err(wrong)?;
        if let Some(side) = ["width", "height"].into_iter().find(|side| !given.contains_key(*side)) {
            return Err(lacks(&format!("`{side}`")));
        }
        let Ok(Value::Object(mut all)) = serde_json::to_value(Request::new(codec, 0, 0)) else {
            unreachable!("a request is an object")
        };
        for (name, value) in given {
            let Some(field) = all.get_mut(&name) else {
                let legal = all.keys().cloned().collect::<Vec<_>>().join(", ");
                return Err(Error::new(Code::RequestInvalid, format!("a request has no member `{name}`"))
                    .with_value(name, format!("one of {legal}")));
            };
            *field = value;
        }
        serde_json::from_value(Value::Object(all)).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fallback, PixelFormat, RateControl};

    #[test]
    fn a_request_comes_back_from_its_json() {
        let request = Request::new(Codec::Hevc, 1920, 1080)
            .fps((30000, 1001))
            .input(PixelFormat::BGRA)
            .rate_control(RateControl::Qvbr { quality: 70, bits: 4_000_000 })
            .fallback(Fallback::Alternatives(vec!["libx265".into()]))
            .option("a", "b");
        assert_eq!(Request::from_json(&request.to_json()).unwrap(), request);
    }

    #[test]
    fn what_is_not_said_is_as_in_a_new_request_and_what_is_unknown_is_refused() {
        let little = Request::from_json(r#"{"codec":"h264","width":640,"height":360,"gop":60}"#).unwrap();
        assert_eq!(little, Request::new(Codec::H264, 640, 360).gop(60));
        for text in [
            "",
            "[]",
            "{}",
            r#"{"codec":"h264","width":640}"#,
            r#"{"codec":"theora","width":640,"height":360}"#,
            r#"{"codec":"h264","width":-1,"height":360}"#,
            r#"{"codec":"h264","width":640,"height":360,"later":1}"#,
        ] {
            assert_eq!(Request::from_json(text).unwrap_err().code(), Code::RequestInvalid, "{text}");
        }
    }
}
