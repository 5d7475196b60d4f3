//! [`labels()`]: labels of a Kubernetes node.
//!
//! What is a label stands in the Kubernetes documentation, "Labels and Selectors": 63 characters at most in a name and in a
//! value, letters, digits and `-_.` between letters or digits. NFD holds feature files to the same (its
//! pkg/apis/nfd/validate), and takes any prefix but those of `kubernetes.io`.

use std::collections::BTreeMap;

use crate::backend;
use crate::probe::Report;
use crate::select::Codec;

use super::verified::{Verified, verified};

const PREFIX: &str = "hwenc.dev/";
const MOST: usize = 63;

/// What a label tells of an encoder, by the end of its name; `None` where that is not so.
type Aspect = fn(&Verified) -> Option<String>;

const ASPECTS: &[(&str, Aspect)] = &[
    ("", |_| yes(true)),
    (".devices", |encoder| Some(encoder.devices.len().to_string())),
    (".10bit", |encoder| yes(encoder.ten_bit)),
    (".444", |encoder| yes(encoder.yuv444)),
    // Software is tried at one small size, which says nothing.
    (".width", |encoder| encoder.hardware.then(|| encoder.size.0.to_string())),
    (".height", |encoder| encoder.hardware.then(|| encoder.size.1.to_string())),
    (".vendor", |encoder| {
        let vendors: Vec<&str> = encoder.vendors.iter().map(String::as_str).collect();
        value(&vendors.join("_").to_lowercase())
    }),
];

/// The labels by their whole names; none where nothing was verified.
pub(super) fn labels(report: &Report) -> BTreeMap<String, String> {
    let encoders = verified(report);
    let mut labels = BTreeMap::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            labels.insert(format!("{PREFIX}{name}"), value);
        }
    };
    for (name, encoder) in &encoders {
        for (end, aspect) in ASPECTS {
            add(&format!("{name}{end}"), aspect(encoder));
        }
        add(&hardware(encoder.codec), yes(encoder.hardware));
    }
    if !encoders.is_empty() {
        let release = report.ffmpeg.release().map(|(major, minor)| format!("{major}.{minor}"));
        add("ffmpeg", release.or_else(|| value(&report.ffmpeg.version)));
        add("version", value(&report.hwenc));
    }
    labels
}

/// Every name that a label of this version can have.
pub(super) fn names() -> impl Iterator<Item = String> {
    let encoders = backend::encoder_names()
        .flat_map(|encoder| ASPECTS.iter().map(move |(end, _)| format!("{PREFIX}{encoder}{end}")));
    let codecs = Codec::ALL.iter().map(|codec| format!("{PREFIX}{}", hardware(*codec)));
    let others = ["ffmpeg", "version"].map(|name| format!("{PREFIX}{name}"));
    encoders.chain(codecs).chain(others)
}

fn hardware(codec: Codec) -> String {
    format!("hardware.{codec}")
}

fn yes(it_is: bool) -> Option<String> {
    it_is.then(|| "true".to_owned())
}

/// A value with what may stand in one; `None` where nothing is left.
fn value(text: &str) -> Option<String> {
    let may = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let text: String = text.chars().map(may).take(MOST).collect();
    let text = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!text.is_empty()).then(|| text.to_owned())
}
