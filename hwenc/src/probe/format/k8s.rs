//! A merge patch (RFC 7396) of a node for `kubectl patch`: null takes a label away, so that an encoder that works no longer
//! loses those that an earlier patch gave it.

use serde_json::{Map, Value, json};

use crate::probe::Report;

use super::labels::{labels, names};

pub(super) fn patch(report: &Report) -> String {
    let mut all: Map<String, Value> = names().map(|name| (name, Value::Null)).collect();
    all.extend(labels(report).into_iter().map(|(name, value)| (name, value.into())));
    let patch = json!({ "metadata": { "labels": all } });
    serde_json::to_string_pretty(&patch).expect("a patch is plain data") + "\n"
}
