//! [`Settings`]: names and values, as asked for and as applied.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::av::Encoder;
use crate::select::{RateControl, Request};

/// Settings by name, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// What a request says, in hwenc's words.
    pub(crate) fn requested(request: &Request) -> Self {
        let mut s = Settings::default();
        s.push("codec", request.codec);
        s.push("size", format!("{}x{}", request.width, request.height));
        s.push("frame_rate", request.frame_rate);
        s.push("bit_depth", request.bit_depth);
        match request.rate_control {
            RateControl::Quality(q) => s.push("quality", q),
            RateControl::Cqp(qp) => s.push("qp", qp),
            RateControl::Vbr(rate) => s.push("bitrate", rate),
            RateControl::Cbr(rate) => s.push("constant_bitrate", rate),
            RateControl::Qvbr { quality, bits } => {
                s.push("quality", quality);
                s.push("peak_bitrate", bits);
            }
        }
        let optional = [("gop", request.gop), ("b_frames", request.b_frames)];
        for (name, value) in optional {
            if let Some(value) = value {
                s.push(name, value);
            }
        }
        if let Some(preset) = &request.preset {
            s.push("preset", preset);
        }
        if request.threads > 0 {
            s.push("threads", request.threads);
        }
        for (key, value) in &request.options {
            s.push(key, value);
        }
        s
    }

    /// What the open encoder says, in its own words.
    pub(crate) fn applied(encoder: &Encoder, keys: &[&str], request: &Request) -> Self {
        let mut s = Settings::default();
        let asked = request.options.iter().map(|(key, _)| key.as_str()).filter(|key| !keys.contains(key));
        for key in keys.iter().copied().chain(asked) {
            // Values that mean "left to the encoder" say nothing.
            if let Some(value) =
                encoder.option(key).filter(|v| !matches!(v.as_str(), "" | "-1" | "-1.000000" | "-99"))
            {
                s.push(key, value);
            }
        }
        s
    }

    fn push(&mut self, name: &str, value: impl fmt::Display) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={value}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
