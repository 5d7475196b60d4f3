//! What a check says.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// In order, or of no importance here.
    Ok,
    /// Some device or encoder is lost, and another works.
    Warning,
    /// Encoding on a GPU cannot work like this.
    Problem,
}

/// One step of a remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// A sentence.
    Say(String),
    /// A command for a shell.
    Run(String),
}

fn yes() -> bool {
    true
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// Of a problem, what it is in words for somebody who has never heard of the parts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plain: String,
    /// Whether it concerns this machine at all; the text for a terminal leaves out what does not.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub concerns: bool,
    /// Why it matters; empty where all is well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What fixes it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Step>,
    /// What shows it: paths, numbers, versions, words of the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Finding {
    /// Nothing to do.
    pub fn ok(seen: impl Into<String>) -> Self {
        Finding {
            level: Level::Ok,
            seen: seen.into(),
            plain: String::new(),
            concerns: true,
            why: String::new(),
            fix: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// Nothing to do, because the machine has nothing that it is about.
    pub fn not_needed(seen: impl Into<String>) -> Self {
        Finding { concerns: false, ..Finding::ok(seen) }
    }

    /// Something is lost.
    pub fn warning(seen: impl Into<String>, why: impl Into<String>) -> Self {
        Finding { level: Level::Warning, why: why.into(), ..Finding::ok(seen) }
    }

    /// Nothing works.
    pub fn problem(seen: impl Into<String>, why: impl Into<String>) -> Self {
        Finding { level: Level::Problem, ..Finding::warning(seen, why) }
    }

    /// Says a problem in plain words, for the verdict: a clause, without a stop.
    pub fn plainly(mut self, text: impl Into<String>) -> Self {
        self.plain = text.into();
        self
    }

    /// Makes a problem a warning where another device works all the same.
    pub(super) fn unless(mut self, another_works: bool) -> Self {
        if another_works && self.level == Level::Problem {
            self.level = Level::Warning;
            self.plain.clear();
        }
        self
    }

    /// Adds a sentence to the remedy.
    pub fn say(mut self, text: impl Into<String>) -> Self {
        self.fix.push(Step::Say(text.into()));
        self
    }

    /// Adds a command to the remedy.
    pub fn run(mut self, command: impl Into<String>) -> Self {
        self.fix.push(Step::Run(command.into()));
        self
    }

    /// Adds steps to the remedy.
    pub(super) fn steps(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.fix.extend(steps);
        self
    }

    /// Adds a line of evidence.
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// Adds lines of evidence.
    pub(super) fn evidences(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }
}
