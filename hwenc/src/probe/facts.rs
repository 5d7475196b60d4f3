//! The facts of a machine, each asked of whoever knows, through a [`Runner`]: an answer may lead to the next question.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::job::{Answer, Job};
use super::library::LIBRARIES;
use super::prober::lane;
use super::runner::{Done, Loss, Runner, Task};
use super::words;
use super::{Bare, Isolation, Library, Nvml, Report, V4l2Device, VaDriver, VaEntry};
use crate::backend;
use crate::device::{Access, OsError, PciId, vendor};

/// VA-API drivers by vendor, in the order in which libva tries them (va/drm/va_drm_utils.c).
const DRIVERS: &[(PciId, &[&str])] = &[
    (vendor::INTEL, &["iHD", "i965"]),
    (vendor::AMD, &["radeonsi"]),
    (vendor::NVIDIA, &["nvidia", "nouveau"]),
    (vendor::VIRTIO, &["virtio_gpu"]),
];

/// Backends that hwenc does not drive, and that say something worth knowing when an encoder of theirs is opened.
const BARE: &[&str] = &["cuda", "qsv"];

/// What is asked in one go.
struct Questions<'r> {
    runner: &'r mut dyn Runner,
    deadline: Duration,
    memory: u64,
    /// Whether what needs a process of its own can have one.
    isolated: bool,
    asked: HashMap<u32, Job>,
    next: u32,
}

impl Questions<'_> {
    fn ask(&mut self, lane: impl Into<String>, alone: bool, job: Job) {
        if alone && !self.isolated {
            return;
        }
        let (deadline, memory) = (self.deadline, self.memory);
        let task = Task {
            id: self.next,
            lane: lane.into(),
            alone,
            deadline,
            memory,
            journal: None,
            job: job.clone(),
        };
        self.runner.submit(task);
        self.asked.insert(self.next, job);
        self.next += 1;
    }

    fn next(&mut self) -> Option<(Job, Done)> {
        while !self.asked.is_empty() {
            let done = self.runner.next()?;
            if let Some(job) = self.asked.remove(&done.id) {
                return Some((job, done));
            }
        }
        None
    }
}

/// Puts everything into the report but trials and what delays none of them, [`later`]. Says whether the helper lived to answer: what
/// was lost with it says nothing of the machine.
pub(super) fn ask(report: &mut Report, deadline: Duration, memory: u64, runner: &mut dyn Runner) -> bool {
    let mut lived = true;
    let isolated = report.isolation == Isolation::Process;
    let mut questions = Questions { runner, deadline, memory, isolated, asked: HashMap::new(), next: 0 };
    let names = LIBRARIES.iter().map(|&name| name.to_owned()).collect();
    // Its process ends while others are at work, and not in the end, when all wait for it.
    questions.ask("libraries", isolated, Job::Libraries { names });
    if report.machine.nvidia.is_present() || report.machine.has_vendor(vendor::NVIDIA) {
        questions.ask("nvml", false, Job::Nvml);
    }
    let nodes: Vec<PathBuf> = report.machine.nodes().map(|(path, _)| path.to_owned()).collect();
    for path in nodes {
        questions.ask(lane(path.to_str()), false, Job::Open { path });
    }
    while let Some((job, done)) = questions.next() {
        lived &= !matches!(done.result, Err(Loss::Helper { .. }));
        absorb(report, job, done, &mut questions);
    }
    report.settle();
    lived
}

/// What no candidate depends on, as lane and job, each of which wants a process of its own: opening encoders for the words of
/// those who refuse. The caller asks it behind its trials, and gives the answers to [`put`].
pub(super) fn later(report: &Report) -> Vec<(String, Job)> {
    if report.isolation != Isolation::Process {
        return Vec::new();
    }
    let job = |(encoder, device): (String, Option<String>)| {
        (lane(device.as_deref()), Job::Bare { encoder, device })
    };
    bare(report).into_iter().map(job).collect()
}

/// Puts an answer where it belongs from which nothing follows.
pub(super) fn put(report: &mut Report, job: Job, done: Done) {
    match job {
        Job::Filters => {
            // A list for people; without it nothing else changes.
            if let Ok(Answer::Filters(filters)) = done.result {
                report.ffmpeg.filters = filters;
            }
        }
        Job::Bare { encoder, device } => {
            // Libraries that crash when they fail have said before why they do.
            let lost = done.lost(&format!("opening {encoder}")).map(|reason| words::explain(reason.into()));
            let refused = match done.result {
                Ok(Answer::Bare(refused)) => refused,
                _ => lost,
            };
            report.bare.push(Bare::new(&encoder, device.as_deref(), refused));
        }
        _ => {}
    }
}

/// Puts an answer where it belongs, and asks what follows from it.
fn absorb(report: &mut Report, job: Job, done: Done, questions: &mut Questions<'_>) {
    match job {
        Job::Open { path } => {
            let access = match done.result {
                Ok(Answer::Open(access)) => access,
                Err(Loss::Hung { .. } | Loss::Skipped) => Access::Hung,
                _ => Access::Refused(OsError::new(nix::libc::EIO)),
            };
            let opens = access == Access::Open;
            report.machine.set_access(&path, access);
            let mut nodes = report.machine.drm.render_nodes.iter();
            if opens && nodes.any(|node| node.path == path && backend::speaks_va(node)) {
                questions.ask(lane(path.to_str()), false, Job::Va { node: path, driver: None });
            } else if opens && report.machine.video.iter().any(|node| node.path == path) {
                questions.ask(lane(path.to_str()), false, Job::V4l2 { node: path });
            }
        }
        Job::Libraries { names } => {
            let lost = done.lost("loading it").map(|reason| reason.message);
            match (done.result, names.as_slice()) {
                (Ok(Answer::Libraries(libraries)), _) => report.libraries.extend(libraries),
                (_, [name]) => report.libraries.push(Library::new(name, lost.as_deref())),
                // One of them hung or took the process down: each by itself, in a lane that is its own, tells which.
                (_, names) => {
                    for name in names {
                        questions.ask(name.as_str(), true, Job::Libraries { names: vec![name.clone()] });
                    }
                }
            }
        }
        Job::Va { node, driver: None } => {
            let answer = va(&node, None, done);
            let installed = installed(report, &node);
            let said = |name: &String| answer.vendor.as_deref().unwrap_or_default().contains(name.as_str());
            let encodes = answer.error.is_none() && answer.entries.iter().any(VaEntry::encodes);
            // Where the first choice started and encodes, the others change nothing.
            if !encodes || installed.len() > 1 && !installed.first().is_some_and(said) {
                for name in installed.iter().filter(|name| !said(name)) {
                    let driver = Some(name.clone());
                    questions.ask(lane(node.to_str()), true, Job::Va { node: node.clone(), driver });
                }
            }
            report.va.push(answer);
        }
        Job::Va { node, driver } => report.va_others.push(va(&node, driver, done)),
        Job::V4l2 { node } => {
            let lost = done.lost("asking the V4L2 device");
            report.v4l2.push(match done.result {
                Ok(Answer::V4l2(device)) => device,
                _ => V4l2Device { node, error: lost.map(|reason| reason.message), ..V4l2Device::default() },
            });
        }
        Job::Nvml => {
            let lost = done.lost("asking NVIDIA's management library");
            report.nvml = Some(match done.result {
                Ok(Answer::Nvml(nvml)) => nvml,
                _ => Nvml { error: lost.map(|reason| reason.message), ..Nvml::default() },
            });
        }
        Job::Filters | Job::Bare { .. } | Job::Trial(_) | Job::Drill(_) => {}
    }
}

fn va(node: &Path, name: Option<String>, done: Done) -> VaDriver {
    let lost = done.lost("starting the VA-API driver");
    match done.result {
        Ok(Answer::Va(driver)) => driver,
        _ => VaDriver { name, lost: lost.clone(), ..VaDriver::new(node, lost.map(|reason| reason.message)) },
    }
}

/// Drivers for the device of a node that are installed, in libva's order.
fn installed(report: &Report, node: &Path) -> Vec<String> {
    let known = report.machine.drm.render_nodes.iter().find(|known| known.path == node);
    let vendor = known.and_then(|node| node.hardware.as_ref()).and_then(|hardware| hardware.vendor);
    let names = DRIVERS.iter().find(|(id, _)| Some(*id) == vendor).map_or(&[][..], |(_, names)| *names);
    let there = |name: &&&str| report.machine.system.va_drivers.iter().any(|file| file.name == **name);
    names.iter().filter(there).map(|name| (*name).to_owned()).collect()
}

/// One encoder for each place of [`BARE`] that nothing stands in the way of.
fn bare(report: &Report) -> Vec<(String, Option<String>)> {
    let backends = backend::ALL.iter().filter(|backend| BARE.contains(&backend.name));
    let mut all = Vec::new();
    for backend in backends {
        let compiled = |name: &&str| report.ffmpeg.encoders.iter().any(|known| known == name);
        let Some(encoder) = backend.encoders.iter().map(|(_, name)| *name).find(compiled) else { continue };
        let free = (backend.places)(report).into_iter().filter(|place| place.obstacle.is_none());
        all.extend(free.map(|place| (encoder.to_owned(), place.device)));
    }
    all
}
