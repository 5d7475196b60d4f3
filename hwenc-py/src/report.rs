//! `hwenc.probe` and `hwenc.Report`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hwenc::Error;
use hwenc::probe::{Format, Isolation, Prober};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyEllipsis, PyType};

use crate::decision::{Decision, Reason};
use crate::error::{OrRaise as _, raise};
use crate::native;
use crate::request::{Request, name, wanted};
use crate::values::loads;

/// What a machine has, and which encoders really work on it. It can be saved, and asked on another machine.
#[pyclass(frozen, eq, module = "hwenc")]
#[derive(Clone, PartialEq)]
pub(crate) struct Report(pub(crate) Arc<hwenc::probe::Report>);

#[pymethods]
impl Report {
    /// Reads a report of any machine, as ``to_json`` or ``hwenc probe --json`` wrote it. Raises Error "report.invalid".
    #[classmethod]
    fn from_json(_class: &Bound<'_, PyType>, py: Python<'_>, text: String) -> PyResult<Self> {
        native::quick(py, || hwenc::probe::Report::from_json(&text)).map(|report| Report(Arc::new(report)))
    }

    /// The report as JSON; docs/report.schema.json describes it.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The same as a dict.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loads(py, &self.0.to_json())
    }

    /// The report for another program: "json"; "nfd": a feature file of Node Feature Discovery; "k8s": a patch of a Kubernetes
    /// node's labels; "dask": resources of a worker; "compose": a service for docker compose. Ends with a newline.
    ///
    /// Raises UsageError for another format; Error "device.missing" for "compose" where no device was found.
    fn format(&self, kind: &str) -> PyResult<String> {
        let format: Format = kind.parse().or_raise()?;
        self.0.to_format(format).or_raise()
    }

    /// Which encoder to take on the machine of this report. Nothing is opened. Takes what ``choose`` takes.
    ///
    /// Raises NoEncoderError; its code is "select.needs_trials" where the report does not tell, because nothing was tried there that
    /// answers the request.
    #[pyo3(signature = (request=None, /, **fields))]
    fn select(
        &self,
        py: Python<'_>,
        request: Option<&Bound<'_, PyAny>>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Decision> {
        let request = wanted(py, request, fields)?;
        native::quick(py, || self.0.select(&request)?.decided()).map(Decision)
    }

    /// "process": trials ran in a process of their own; "none": in this one.
    #[getter]
    fn isolation(&self) -> String {
        name(&self.0.isolation)
    }

    /// Why there was no isolation, and which helpers were refused.
    #[getter]
    fn isolation_notes(&self) -> Vec<Reason> {
        self.0.isolation_notes.iter().cloned().map(Reason).collect()
    }

    /// Encoders that a trial verified, with the device that each runs on; None stands for the CPU.
    #[getter]
    fn working(&self) -> Vec<(String, Option<String>)> {
        let verified = self.0.trials.iter().filter(|tried| tried.outcome.proof().is_some());
        let mut all: Vec<_> =
            verified.map(|tried| (tried.trial.encoder.clone(), tried.trial.device.clone())).collect();
        all.sort();
        all.dedup();
        all
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<Report>().getattr("from_json")?, (self.to_json(),)))
    }

    fn __repr__(&self) -> String {
        let works: Vec<String> = self
            .working()
            .into_iter()
            .map(|(encoder, device)| match device {
                Some(device) => format!("{encoder} on {device}"),
                None => encoder,
            })
            .collect();
        let works = if works.is_empty() { "nothing tried works".to_owned() } else { works.join(", ") };
        format!("<hwenc.Report: {works}>")
    }
}

/// Where reports are kept.
pub(crate) enum CacheDir {
    OfUser,
    Nowhere,
    At(PathBuf),
}

impl<'py> FromPyObject<'_, 'py> for CacheDir {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(if value.is_none() {
            CacheDir::Nowhere
        } else if value.is_instance_of::<PyEllipsis>() {
            CacheDir::OfUser
        } else {
            CacheDir::At(value.extract()?)
        })
    }
}

/// Looks at this machine and tries what it has: every codec at 1280x720, or what answers for one request.
///
/// request: try only what answers for it. refresh: ask anew, whatever was found before.
/// isolation: drivers are asked in a process of their own, where they may hang or crash.
/// quarantined: try also what never ended when it was last tried. deadline: seconds that a driver may take for one answer, above 0;
/// None: 10.
/// cache_dir: where to keep reports; None: nowhere; ...: in the user's cache.
///
/// Raises Error "helper.mismatch" and "helper.missing" for a helper that HWENC_HELPER names.
#[pyfunction]
#[pyo3(
    signature = (*, request=None, refresh=false, isolation=true, quarantined=false, deadline=None, cache_dir=CacheDir::OfUser),
    text_signature = "(*, request=None, refresh=False, isolation=True, quarantined=False, deadline=None, cache_dir=...)"
)]
pub(crate) fn probe(
    py: Python<'_>,
    request: Option<Request>,
    refresh: bool,
    isolation: bool,
    quarantined: bool,
    deadline: Option<f64>,
    cache_dir: CacheDir,
) -> PyResult<Report> {
    let mut prober = Prober::new().refresh(refresh).quarantined(quarantined).isolation(if isolation {
        Isolation::Process
    } else {
        Isolation::None
    });
    if let Some(seconds) = deadline {
        let wrong = || raise(Error::invalid("the deadline", seconds, "above 0 and up to 65535 seconds"));
        let legal = seconds > 0.0 && seconds <= 65535.0;
        prober = prober.deadline(legal.then(|| Duration::from_secs_f64(seconds)).ok_or_else(wrong)?);
    }
    prober = match cache_dir {
        CacheDir::OfUser => prober,
        CacheDir::Nowhere => prober.cache_dir(None),
        CacheDir::At(path) => prober.cache_dir(Some(path)),
    };
    let run = move || match request {
        Some(request) => prober.probe_for(&request.0).cloned(),
        None => prober.probe().cloned(),
    };
    native::slow(py, run).map(|report| Report(Arc::new(report)))
}

/// The FFmpeg in this process, as `ffmpeg -version` prints it.
#[pyfunction]
pub(crate) fn ffmpeg_version() -> String {
    hwenc::av::version::Ffmpeg::linked().version
}
