//! [`Prober`]: finds out what works here. It asks drivers and tries encoders through a [`Runner`], keeps what it learns on disk, and
//! never touches a driver in the caller's process unless there is no helper.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use super::cache::Cache;
use super::fingerprint::Fingerprint;
use super::helper::{self, Started, Starting};
use super::job::{Answer, Job};
use super::journal::Journal;
use super::load::{self, Watch};
use super::runner::{Done, Runner, Task};
use super::{Isolation, Outcome, Report, Trial, Tried, facts, plan};
use crate::device::Roots;
use crate::error::{Code, Reason, Result};
use crate::select::{Decision, Request, Selection};

/// How long a driver may take for one answer. Devices that sleep need a second or two to wake up.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long clients are watched for their load, where there are any.
const SAMPLE: Duration = Duration::from_millis(20);
/// What a trial may take besides its pictures: drivers compile shaders.
const MEMORY: u64 = 2 << 30;

/// Finds out what works here.
///
/// ```no_run
/// # fn main() -> hwenc::Result<()> {
/// let mut prober = hwenc::probe::Prober::new();
/// println!("{}", prober.probe()?.to_json());                 // everything, as `hwenc probe --json`
/// let want = hwenc::Request::new(hwenc::Codec::Hevc, 3840, 2160).bit_depth(10);
/// let decision = prober.ensure(&want)?;                      // tries what the request needs, and no more
/// # drop(decision); Ok(()) }
/// ```
pub struct Prober {
    roots: Roots,
    isolation: Isolation,
    cache: Option<Cache>,
    refresh: bool,
    quarantined: bool,
    deadline: Duration,
    state: Option<State>,
}

/// What is known so far.
struct State {
    report: Report,
    fingerprint: Fingerprint,
    /// Started when first needed.
    runner: Option<Box<dyn Runner + Send>>,
    /// [`facts::later`] was asked.
    whole: bool,
    /// Nothing of the report was lost with the helper.
    sound: bool,
}

impl State {
    fn runs(&mut self, started: Started) -> &mut Box<dyn Runner + Send> {
        (self.report.isolation, self.report.isolation_notes) = (started.isolation, started.notes);
        self.runner.insert(started.runner)
    }
}

impl Default for Prober {
    fn default() -> Self {
        Prober::new()
    }
}

impl Prober {
    /// For this machine: in a helper process where one can be had, with the user's cache.
    pub fn new() -> Self {
        Prober {
            roots: Roots::system(),
            isolation: Isolation::Process,
            cache: Cache::of_user(),
            refresh: false,
            quarantined: false,
            deadline: DEADLINE,
            state: None,
        }
    }

    /// [`Isolation::None`]: drivers are asked in this process, where they may hang or crash it. Only for debugging them.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Keeps reports in this directory; `None` keeps none, and no journal either.
    pub fn cache_dir(mut self, directory: Option<PathBuf>) -> Self {
        self.cache = directory.map(Cache::at);
        self
    }

    /// Asks anew, whatever the cache says.
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// Tries also what never ended when it was last tried, perhaps because it took the machine down.
    pub fn quarantined(mut self, quarantined: bool) -> Self {
        self.quarantined = quarantined;
        self
    }

    /// How long a driver may take for one answer. Default: [`DEADLINE`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Looks for devices elsewhere; FFmpeg, libraries and drivers are this machine's all the same.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// What is here: devices, libraries, what drivers say. Nothing is tried for it, but what was tried before is in it.
    ///
    /// # Errors
    /// [`Code::HelperMismatch`] and [`Code::HelperMissing`] for a helper that `HWENC_HELPER` names.
    pub fn report(&mut self) -> Result<&Report> {
        if !self.state()?.whole {
            let mut state = self.state.take().expect("just made");
            let done = self.run(&mut state, Vec::new(), false);
            self.state = Some(state);
            done?;
        }
        Ok(&self.state()?.report)
    }

    /// The report with every codec tried at 1280x720 and 8 bit, and at 10 bit where the device claims it, and with the filters of
    /// FFmpeg.
    ///
    /// # Errors
    /// As [`Prober::report`].
    pub fn probe(&mut self) -> Result<&Report> {
        let wanted = plan::requests();
        self.attempt(
            |report| wanted.iter().flat_map(|request| plan::untried(report, request)).collect(),
            true,
        )?;
        self.report()
    }

    /// The report with everything tried that answers for this request, software too.
    ///
    /// # Errors
    /// As [`Prober::report`]; whatever [`Request::validate`] finds.
    pub fn probe_for(&mut self, request: &Request) -> Result<&Report> {
        request.validate()?;
        self.attempt(|report| plan::untried(report, request), false)?;
        self.report()
    }

    /// Decides, after trying what the request needs and nobody tried before.
    ///
    /// # Errors
    /// [`Code::NoEncoder`](Code::NoEncoder) with every candidate; whatever [`Request::validate`] finds; as [`Prober::report`].
    pub fn ensure(&mut self, request: &Request) -> Result<Decision> {
        request.validate()?;
        loop {
            let state = self.state()?;
            match (state.report.select(request), state.whole) {
                (Ok(Selection::NeedsTrials(trials)), _) => self.attempt(|_| trials, false)?,
                // The reasons against the others are to be told, too.
                (_, false) => _ = self.report()?,
                (Ok(Selection::Decision(decision)), true) => return Ok(*decision),
                (Err(error), true) => return Err(error),
            }
        }
    }

    fn state(&mut self) -> Result<&mut State> {
        if self.state.is_none() {
            let fingerprint = Fingerprint::take(&self.roots, self.isolation);
            let cached = self.cached(&fingerprint);
            let state = match cached {
                Some(mut report) => {
                    // Between several devices load decides, and what was it then is none now.
                    if report.machine.drm.render_nodes.len() > 1 {
                        report.loads = Watch::begin(&self.roots, SAMPLE).end(5 * SAMPLE);
                    }
                    State { report, fingerprint, runner: None, whole: true, sound: true }
                }
                None => {
                    let starting = self.start();
                    let watch = Watch::begin(&self.roots, SAMPLE);
                    let report = Report::unasked(&self.roots);
                    let mut state = State { report, fingerprint, runner: None, whole: false, sound: true };
                    state.runs(starting.finish()?);
                    if self.without_helper(&mut state) {
                        // What is known without one is known already.
                    } else if let Some(runner) = &mut state.runner {
                        state.sound = facts::ask(&mut state.report, self.deadline, MEMORY, runner.as_mut());
                    }
                    state.report.loads = watch.end(5 * SAMPLE);
                    state.report.loads.extend(state.report.nvml.iter().flat_map(load::loads_of));
                    state
                }
            };
            self.state = Some(state);
        }
        Ok(self.state.as_mut().expect("set above"))
    }

    fn cached(&self, fingerprint: &Fingerprint) -> Option<Report> {
        self.cache.as_ref().filter(|_| !self.refresh).and_then(|cache| cache.load(fingerprint, self.deadline))
    }

    /// Where a helper was wanted and there is none: from now on as if none was wanted, and whether the cache knows the answers.
    /// A helper may be installed at any time, and so is looked for before.
    fn without_helper(&self, state: &mut State) -> bool {
        if state.report.isolation == self.isolation {
            return false;
        }
        state.fingerprint = std::mem::take(&mut state.fingerprint).without_isolation();
        let Some(known) = self.cached(&state.fingerprint) else { return false };
        let isolation_notes = std::mem::take(&mut state.report.isolation_notes);
        state.report = Report { isolation_notes, ..known };
        state.whole = true;
        true
    }

    fn start(&self) -> Starting {
        let journal = self.journal_file();
        match self.isolation {
            Isolation::None => Starting::here(journal),
            Isolation::Process => helper::start(helper::Options::new(journal)),
        }
    }

    fn journal_file(&self) -> Option<PathBuf> {
        self.cache.as_ref().map(|cache| cache.directory().join("journal"))
    }

    fn store(&self, fingerprint: &Fingerprint, report: &Report) {
        if let Some(cache) = &self.cache {
            // What was to be asked anew must not come back.
            cache.store(fingerprint, report, self.deadline, !self.refresh);
        }
    }

    /// Tries what the report lacks of this, and asks for filters where that is wanted and drivers are asked anyway.
    fn attempt(&mut self, wanted: impl FnOnce(&Report) -> Vec<Trial>, filters: bool) -> Result<()> {
        self.state()?;
        let mut state = self.state.take().expect("just made");
        let mut wanted = wanted(&state.report);
        wanted.retain(|trial| state.report.tried(trial).is_none());
        let done = self.run(&mut state, wanted, filters);
        if state.sound {
            self.store(&state.fingerprint, &state.report);
        }
        self.state = Some(state);
        done
    }

    fn run(&self, state: &mut State, wanted: Vec<Trial>, filters: bool) -> Result<()> {
        let journal = self.journal_file().map(Journal::at);
        let unfinished = journal.as_ref().map(Journal::unfinished).unwrap_or_default();
        let mut running: HashMap<u32, Trial> = HashMap::new();
        for trial in wanted {
            let key = key(&trial);
            if unfinished.contains(&key) {
                if !self.quarantined {
                    state.report.trials.push(Tried::new(trial, Outcome::Failed(quarantined()), 0.0));
                    continue;
                }
                journal.iter().for_each(|journal| journal.forget(&key));
            }
            let runner = match &mut state.runner {
                Some(runner) => runner,
                None => state.runs(self.start().finish()?),
            };
            let id = running.len() as u32;
            runner.submit(Task {
                id,
                lane: lane(trial.device.as_deref()),
                alone: false,
                deadline: self.deadline,
                memory: memory(&trial.request),
                journal: trial.device.is_some().then_some(key),
                job: Job::Trial(Box::new(trial.clone())),
            });
            running.insert(id, trial);
        }
        let mut asked = self.ask_later(state, running.len() as u32, filters);
        while let Some(done) = state
            .runner
            .as_mut()
            .filter(|_| !running.is_empty() || !asked.is_empty())
            .and_then(|runner| runner.next())
        {
            if let Some(job) = asked.remove(&done.id) {
                facts::put(&mut state.report, job, done);
                continue;
            }
            let Some(trial) = running.remove(&done.id) else { continue };
            let wall_ms = done.wall.as_secs_f64() * 1000.0;
            let outcome = outcome(&trial, done);
            state.report.trials.push(Tried::new(trial, outcome, wall_ms));
        }
        // Whoever waits for them must not wait for ever.
        let unanswered = || Outcome::Failed(Reason::new(Code::Internal, "nobody answered for its trial"));
        let left = running.into_values().map(|trial| Tried::new(trial, unanswered(), 0.0));
        state.report.trials.extend(left);
        // In an order that does not depend on which device was quicker.
        state.report.settle();
        state.report.trials.sort_by_cached_key(|tried| plan::place(&tried.trial));
        Ok(())
    }

    /// Asks what no trial waits for, in tasks from number `id` on.
    fn ask_later(&self, state: &mut State, mut id: u32, filters: bool) -> HashMap<u32, Job> {
        let asked = std::mem::replace(&mut state.whole, true);
        let mut jobs = if asked { Vec::new() } else { facts::later(&state.report) };
        let isolated = state.report.isolation == Isolation::Process;
        let Some(runner) = &mut state.runner else { return HashMap::new() };
        if filters && state.report.ffmpeg.filters.is_empty() {
            jobs.push(("filters".into(), Job::Filters));
        }
        let mut asked = HashMap::new();
        for (lane, job) in jobs {
            let deadline = self.deadline;
            let (alone, memory, journal) = (isolated, MEMORY, None);
            runner.submit(Task { id, lane, alone, deadline, memory, journal, job: job.clone() });
            asked.insert(id, job);
            id += 1;
        }
        asked
    }
}

fn outcome(trial: &Trial, done: Done) -> Outcome {
    let lost = done.lost(&format!("the trial of {}", trial.encoder));
    match (done.result, lost) {
        (Ok(Answer::Trial(outcome)), _) => outcome,
        (_, Some(reason)) => Outcome::Failed(reason),
        _ => Outcome::Failed(Reason::new(Code::Internal, "the helper answered another question")),
    }
}

fn quarantined() -> Reason {
    Reason::new(
        Code::TrialQuarantined,
        "its last trial never ended: the machine or the program went down meanwhile",
    )
}

/// Tasks of a device are done one after the other.
pub(super) fn lane(device: Option<&str>) -> String {
    device.unwrap_or("cpu").to_owned()
}

/// The journal's name for a candidate.
fn key(trial: &Trial) -> String {
    let va = trial.va.as_ref().map_or_else(String::new, |va| format!(" {} {}", va.profile, va.entrypoint));
    format!("{} {}{va}", trial.encoder, trial.device.as_deref().unwrap_or("cpu"))
}

/// Sixty pictures of 10 bit 4:4:4 are more than any encoder keeps.
fn memory(request: &Request) -> u64 {
    MEMORY + u64::from(request.width) * u64::from(request.height) * 6 * 60
}
