//! The diagnosis as text: by category, a mark before each check, the remedy indented below.

use std::fmt::Write as _;

use super::{Diagnosis, Finding, Level, Step};

fn mark(level: Level) -> char {
    match level {
        Level::Ok => '✓',
        Level::Warning => '!',
        Level::Problem => '✗',
    }
}

pub(super) fn text(diagnosis: &Diagnosis, verbose: bool) -> String {
    let mut out = String::new();
    let mut category = "";
    for outcome in &diagnosis.checks {
        if outcome.category != category {
            category = &outcome.category;
            let _ = writeln!(out, "{category}");
        }
        let finding = &outcome.finding;
        let _ = writeln!(out, "  {} {}: {}", mark(finding.level), outcome.title, finding.seen);
        details(&mut out, finding, &outcome.id, verbose);
    }
    let _ = writeln!(out, "\n{}", summary(diagnosis));
    out
}

fn details(out: &mut String, finding: &Finding, id: &str, verbose: bool) {
    if finding.level != Level::Ok {
        let _ = writeln!(out, "      [{id}] {}", finding.why);
        for step in &finding.fix {
            let _ = match step {
                Step::Say(text) => writeln!(out, "      → {text}"),
                Step::Run(command) => writeln!(out, "      $ {command}"),
            };
        }
    }
    if verbose {
        for line in &finding.evidence {
            let _ = writeln!(out, "      · {line}");
        }
    }
}

fn summary(diagnosis: &Diagnosis) -> String {
    let (problems, warnings) = (diagnosis.count(Level::Problem), diagnosis.count(Level::Warning));
    let some = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (problems, warnings) {
        (0, 0) => "No problem found.".to_owned(),
        (0, w) => format!("No problem found, {}.", some(w, "warning")),
        (p, 0) => format!("{} found.", some(p, "problem")),
        (p, w) => format!("{} and {} found.", some(p, "problem"), some(w, "warning")),
    }
}
