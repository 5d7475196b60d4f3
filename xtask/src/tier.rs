//! A run of named, timed steps with a table at the end.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::say;

/// How a step ended when it did not fail.
pub(crate) enum Outcome {
    /// It ran, and all was well.
    Passed,
    /// It could not run here; the text says why. Never silent: it is in the table and in the last line.
    NotRun(String),
}

/// Steps that run one after the other; the first failure ends the run.
pub(crate) struct Tier {
    name: &'static str,
    begun: Instant,
    rows: Vec<(String, String)>,
    not_run: Vec<String>,
}

impl Tier {
    /// Starts the clock.
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, begun: Instant::now(), rows: Vec::new(), not_run: Vec::new() }
    }

    /// Runs a step that either passes or fails.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.try_step(name, || work().map(|()| Outcome::Passed))
    }

    /// Runs a step that may also find that it cannot be run here.
    pub(crate) fn try_step(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        say::step(name);
        let begun = Instant::now();
        let ended = work();
        let time = say::duration(begun.elapsed());
        match ended {
            Ok(Outcome::Passed) => self.rows.push((name.to_owned(), time)),
            Ok(Outcome::NotRun(why)) => {
                say::note(&why);
                self.rows.push((name.to_owned(), "not run".to_owned()));
                self.not_run.push(why);
            }
            Err(error) => {
                self.rows.push((name.to_owned(), format!("{time}  FAILED")));
                println!("\n{}", self.table());
                return Err(error).context(format!("{}: step \"{name}\" failed", self.name));
            }
        }
        Ok(())
    }

    /// Prints the table and the verdict.
    pub(crate) fn finish(self) {
        println!("\n{}", self.table());
        for why in &self.not_run {
            println!("not run: {why}");
        }
        println!("{}: all steps that ran passed, {}", self.name, say::duration(self.begun.elapsed()));
    }

    fn table(&self) -> String {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        self.rows.iter().fold(String::new(), |mut table, (name, time)| {
            // Writing to a String cannot fail.
            let _ = writeln!(table, "  {name:width$}  {time:>12}");
            table
        })
    }
}
