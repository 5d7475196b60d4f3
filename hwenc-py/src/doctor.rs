//! `hwenc.doctor`.

use hwenc::doctor::{Level, Outcome, Step, run_all};
use hwenc::probe::Prober;
use pyo3::prelude::*;

use crate::native;
use crate::report::Report;
use crate::request::{json, name};
use crate::values::loads;

/// What one check found.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Finding(Outcome);

#[pymethods]
impl Finding {
    /// Stable name of the check, such as "device.permission".
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// The heading that it stands under.
    #[getter]
    fn category(&self) -> &str {
        &self.0.category
    }

    /// A few words.
    #[getter]
    fn title(&self) -> &str {
        &self.0.title
    }

    /// "ok", "warning" (something is lost), or "problem" (encoding on a GPU cannot work like this).
    #[getter]
    fn level(&self) -> String {
        name(&self.0.finding.level)
    }

    /// What was seen.
    #[getter]
    fn seen(&self) -> &str {
        &self.0.finding.seen
    }

    /// Why it matters; empty where all is well.
    #[getter]
    fn why(&self) -> &str {
        &self.0.finding.why
    }

    /// What fixes it, in order: ("say", a sentence) or ("run", a command).
    #[getter]
    fn fix(&self) -> Vec<(&'static str, &str)> {
        self.0.finding.fix.iter().map(step).collect()
    }

    /// What shows it. It may name paths and versions of the machine.
    #[getter]
    fn evidence(&self) -> Vec<&str> {
        self.0.finding.evidence.iter().map(String::as_str).collect()
    }

    fn __str__(&self) -> String {
        let mut text = self.0.finding.seen.clone();
        for step in &self.0.finding.fix {
            text.push_str(&match step {
                Step::Run(command) => format!("\n$ {command}"),
                Step::Say(sentence) => format!("\nhelp: {sentence}"),
                _ => continue,
            });
        }
        text
    }

    fn __repr__(&self) -> String {
        format!("<hwenc.Finding {}: {}, {}>", self.0.id, self.level(), self.0.finding.seen)
    }
}

fn step(step: &Step) -> (&'static str, &str) {
    match step {
        Step::Run(command) => ("run", command),
        Step::Say(sentence) => ("say", sentence),
        _ => ("say", ""),
    }
}

/// What the checks found. ``print`` shows the verdict, what to do first, and the checks.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Diagnosis(hwenc::doctor::Diagnosis);

#[pymethods]
impl Diagnosis {
    /// One entry for each check that ran, in their order.
    #[getter]
    fn checks(&self) -> Vec<Finding> {
        self.0.checks.iter().cloned().map(Finding).collect()
    }

    /// Those that stand in the way of every GPU; empty where one works.
    #[getter]
    fn problems(&self) -> Vec<Finding> {
        let problems = self.0.checks.iter().filter(|check| check.finding.level == Level::Problem);
        problems.cloned().map(Finding).collect()
    }

    /// One or two sentences for anybody; None where one check was asked for.
    #[getter]
    fn verdict(&self) -> Option<&str> {
        self.0.verdict.as_ref().map(|verdict| verdict.text.as_str())
    }

    /// The text for a terminal. verbose adds the checks that do not concern this machine, and the evidence, which may name paths
    /// and versions of the machine.
    #[pyo3(signature = (*, verbose=false))]
    fn text(&self, verbose: bool) -> String {
        self.0.render(verbose)
    }

    /// Everything as a dict, as `hwenc doctor --json` prints it; with evidence, what the findings rest on.
    #[pyo3(signature = (*, evidence=false))]
    fn to_dict<'py>(&self, py: Python<'py>, evidence: bool) -> PyResult<Bound<'py, PyAny>> {
        let shown = if evidence { self.0.clone() } else { self.0.clone().without_evidence() };
        loads(py, &json(&shown))
    }

    fn __str__(&self) -> String {
        self.0.render(false).trim_end().to_owned()
    }

    fn __repr__(&self) -> String {
        let count = |level| self.0.count(level);
        format!(
            "<hwenc.Diagnosis: {} problems, {} warnings in {} checks>",
            count(Level::Problem),
            count(Level::Warning),
            self.0.checks.len()
        )
    }
}

/// Why does it not work, and what fixes it. Examines this machine, or that of a report; check: only the one of this name.
///
/// Raises UsageError for a check that there is not; what ``probe`` raises.
#[pyfunction]
#[pyo3(signature = (report=None, *, check=None))]
pub(crate) fn doctor(
    py: Python<'_>,
    report: Option<Py<Report>>,
    check: Option<String>,
) -> PyResult<Diagnosis> {
    let report = report.map(|report| report.get().0.clone());
    let run = move || match report {
        Some(report) => run_all(&report, check.as_deref()),
        None => run_all(Prober::new().probe()?, check.as_deref()),
    };
    native::slow(py, run).map(Diagnosis)
}
