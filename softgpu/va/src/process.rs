//! What the displays of a process have in common: the run's setup, counters, and the report at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use softgpu_core::entry::Va;
use softgpu_core::fault::Faults;
use softgpu_core::report::{Calls, Misuse, Report};
use softgpu_core::setup::Setup;

use crate::misuse::Rule;
use crate::objects::Census;

/// State of the process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) setup: Setup,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) counters: Counters,
    misuse: Mutex<Vec<Misuse>>,
    /// Contexts at once, by device and configuration.
    pub(crate) sessions: Mutex<HashMap<(String, usize), u32>>,
    /// Faults of devices and configurations, for the report.
    further_faults: Mutex<Vec<std::sync::Arc<Faults>>>,
    pid: u32,
    written: AtomicBool,
}

/// What is counted beside calls.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) image_maps: AtomicU64,
    pub(crate) put_images: AtomicU64,
    pub(crate) get_images: AtomicU64,
    pub(crate) derived_images: AtomicU64,
    pub(crate) cpu_bytes: AtomicU64,
    pub(crate) encodes: AtomicU64,
    pub(crate) decodes: AtomicU64,
    pub(crate) vpp_ops: AtomicU64,
    pub(crate) imports: AtomicU64,
    pub(crate) exports: AtomicU64,
}

/// Adds one.
pub(crate) fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Live objects by kind, of all displays of the process.
pub(crate) static SURFACES: Census = Census::new();
pub(crate) static BUFFERS: Census = Census::new();
pub(crate) static CONTEXTS: Census = Census::new();
pub(crate) static CONFIGS: Census = Census::new();
pub(crate) static IMAGES: Census = Census::new();
/// They come and go with their images, and are not told.
pub(crate) static IMAGE_BUFFERS: Census = Census::new();

const KINDS: [(&str, &Census); 5] = [
    ("surfaces", &SURFACES),
    ("buffers", &BUFFERS),
    ("contexts", &CONTEXTS),
    ("configs", &CONFIGS),
    ("images", &IMAGES),
];

static PROCESS: OnceLock<Result<Process, String>> = OnceLock::new();
/// Counted even when there is no setup.
static CALLS_WITHOUT_SETUP: LazyLock<AtomicU64> = LazyLock::new(AtomicU64::default);

/// The state, with the setup read on the first call.
pub(crate) fn get() -> Result<&'static Process, &'static str> {
    let start = || {
        let setup = Setup::of_process().map_err(|error| error.to_string())?;
        let faults = Faults::new(setup.faults.iter().cloned());
        Ok(Process {
            setup,
            faults,
            calls: Calls::new(Va::NAMES),
            counters: Counters::default(),
            misuse: Mutex::default(),
            sessions: Mutex::default(),
            further_faults: Mutex::default(),
            pid: std::process::id(),
            written: AtomicBool::new(false),
        })
    };
    PROCESS.get_or_init(start).as_ref().map_err(|why| {
        one(&CALLS_WITHOUT_SETUP);
        why.as_str()
    })
}

impl Process {
    /// Notes that a rule of the API was broken.
    pub(crate) fn misuse(&self, rule: &Rule, entry: Va, seen: impl FnOnce() -> String) {
        let mut list = self.misuse.lock().unwrap_or_else(PoisonError::into_inner);
        match list.iter_mut().find(|known| known.rule == rule.name) {
            Some(known) => known.count += 1,
            None => list.push(Misuse {
                rule: rule.name.to_owned(),
                entry: entry.name().to_owned(),
                seen: seen(),
                source: rule.source.to_owned(),
                count: 1,
            }),
        }
    }

    /// Has the report tell how often these were at work.
    pub(crate) fn report_faults(&self, faults: &std::sync::Arc<Faults>) {
        if !faults.is_empty() {
            self.further_faults.lock().unwrap_or_else(PoisonError::into_inner).push(faults.clone());
        }
    }

    fn report(&self) -> Report {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut report = Report {
            processes: 1,
            calls: self.calls.by_name(),
            image_maps: load(&self.counters.image_maps),
            put_images: load(&self.counters.put_images),
            get_images: load(&self.counters.get_images),
            derived_images: load(&self.counters.derived_images),
            cpu_bytes: load(&self.counters.cpu_bytes),
            alive: KINDS.iter().map(|(kind, census)| ((*kind).to_owned(), census.alive())).collect(),
            peak: KINDS.iter().map(|(kind, census)| ((*kind).to_owned(), census.peak())).collect(),
            encodes: load(&self.counters.encodes),
            decodes: load(&self.counters.decodes),
            vpp_ops: load(&self.counters.vpp_ops),
            imports: load(&self.counters.imports),
            exports: load(&self.counters.exports),
            misuse: self.misuse.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ..Report::default()
        };
        let further = self.further_faults.lock().unwrap_or_else(PoisonError::into_inner);
        for faults in std::iter::once(&self.faults).chain(further.iter().map(|faults| &**faults)) {
            for (rule, hits) in faults.hits() {
                *report.faults.entry(rule).or_default() += hits;
            }
        }
        report
    }

    /// Writes the report, once; not in a child that was forked from the process that used the driver.
    pub(crate) fn write_report(&self) {
        let Some(path) = self.setup.report_path() else { return };
        if self.pid != std::process::id() || self.written.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.report().add_to(&path) {
            eprintln!("softgpu: the report {} cannot be written: {error}", path.display());
        }
    }
}

/// The report is written when the process ends, whether or not the client came to `vaTerminate`. The library is kept
/// resident (see `driver::init`), so that this runs once.
extern "C" fn at_exit() {
    let write = || {
        if let Some(Ok(process)) = PROCESS.get() {
            process.write_report();
        }
    };
    // A panic must not leave a C function; there is nobody left to tell.
    let _ = std::panic::catch_unwind(write);
}

#[used]
// SAFETY: the loader calls the functions in this section when the process ends; `at_exit` is one of that type.
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = at_exit;
