//! A feature file of Node Feature Discovery's `local` source: one label a line, `#` before comments ("Feature files" in its
//! customization guide). An empty one takes the labels away.

use crate::probe::Report;

use super::labels::labels;

pub(super) fn text(report: &Report) -> String {
    let mut text = String::from("# Encoders that hwenc verified by encoding\n");
    for (name, value) in labels(report) {
        text += &format!("{name}={value}\n");
    }
    text
}
