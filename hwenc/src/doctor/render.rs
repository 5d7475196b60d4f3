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
    if let Some(verdict) = &diagnosis.verdict {
        let _ = writeln!(out, "{}", verdict.text);
        steps(&mut out, &verdict.fix, "  ");
        let _ = writeln!(out);
    }
    // Whoever asks for one check wants to read it.
    let all = verbose || diagnosis.verdict.is_none();
    let (shown, left): (Vec<_>, Vec<_>) = diagnosis.checks.iter().partition(|o| all || o.finding.concerns);
    let mut category = "";
    for outcome in shown {
        if outcome.category != category {
            category = &outcome.category;
            let _ = writeln!(out, "{category}");
        }
        let finding = &outcome.finding;
        let _ = writeln!(out, "  {} {}: {}", mark(finding.level), outcome.title, finding.seen);
        details(&mut out, finding, &outcome.id, verbose);
    }
    let _ = write!(out, "\n{}", summary(diagnosis));
    if !left.is_empty() {
        let _ = write!(out, " {} more checks do not concern this machine (--verbose).", left.len());
    }
    out.push('\n');
    out
}

fn steps(out: &mut String, fix: &[Step], indent: &str) {
    for step in fix {
        let _ = match step {
            Step::Say(text) => writeln!(out, "{indent}→ {text}"),
            Step::Run(command) => writeln!(out, "{indent}$ {command}"),
        };
    }
}

fn details(out: &mut String, finding: &Finding, id: &str, verbose: bool) {
    if finding.level != Level::Ok {
        let _ = writeln!(out, "      [{id}] {}", finding.why);
        steps(out, &finding.fix, "      ");
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
