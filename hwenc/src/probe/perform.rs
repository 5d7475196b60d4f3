//! Doing a [`Job`], in whatever process this is.

use crate::av;
use crate::device::Access;

use super::job::{Answer, Job};
use super::{Library, Nvml, V4l2Device, bare};

impl Job {
    /// Asks. A driver may hang, crash or end this process.
    pub(crate) fn perform(&self) -> Answer {
        match self {
            Job::Open { path } => Answer::Open(Access::of(path)),
            Job::Libraries { names } => {
                Answer::Libraries(names.iter().map(|name| Library::load(name)).collect())
            }
            Job::Filters => Answer::Filters(av::version::filters()),
            Job::Va { node, driver } => Answer::Va(av::va::ask(node, driver.as_deref())),
            Job::V4l2 { node } => Answer::V4l2(V4l2Device::ask(node)),
            Job::Nvml => Answer::Nvml(Nvml::ask()),
            Job::Bare { encoder, device } => Answer::Bare(bare::open(encoder, device.as_deref())),
            Job::Drill(drill) => Answer::Drill(drill.perform()),
            Job::Trial(trial) => Answer::Trial(trial.run()),
        }
    }
}
