//! `softgpu run --kernel`: the command in user-mode Linux, with real DRM nodes, on the host's file system.

pub(crate) mod boot;
mod build;
pub(crate) mod job;
pub(crate) mod wire;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{getegid, geteuid, getgroups, gethostname};
use softgpu_core::setup::{Device, Setup};

use crate::plan::Plan;
use crate::run::End;
pub use build::ensure;
use job::{Access, Ended, Job, Nodes, User};

/// The driver of the only render node.
pub(crate) const RENDER_DRIVER: &str = "vgem";
/// The driver of the card with outputs.
pub(crate) const CARD_DRIVER: &str = "vkms";
/// The name of the render node: it is the first one of its machine.
const RENDER_NODE: &str = "renderD128";
/// The name of its card: the driver of the render node comes first in the kernel.
const CARD_NODE: &str = "card0";

/// Limits that the command has as its caller has them.
pub(crate) const LIMITS: [Resource; 8] = [
    Resource::RLIMIT_NOFILE,
    Resource::RLIMIT_STACK,
    Resource::RLIMIT_CORE,
    Resource::RLIMIT_FSIZE,
    Resource::RLIMIT_DATA,
    Resource::RLIMIT_AS,
    Resource::RLIMIT_CPU,
    Resource::RLIMIT_MEMLOCK,
];

/// What `--kernel` can be told beside.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Options {
    /// With --kernel: run the command as this user, without any group but --gid
    #[arg(long, value_name = "NUMBER", requires_all = ["kernel", "gid"])]
    pub uid: Option<u32>,
    /// With --kernel: run the command with this group
    #[arg(long, value_name = "NUMBER", requires_all = ["kernel", "uid"])]
    pub gid: Option<u32>,
    /// With --kernel: a directory that the command may write to, beside its own, TMPDIR and /tmp; may be given again
    #[arg(long, value_name = "DIR", requires = "kernel")]
    pub writable: Vec<PathBuf>,
}

/// Runs the command of a plan in a kernel of its own, and returns when both have ended.
pub fn run(plan: &Plan) -> Result<End> {
    let mut plan = plan.clone();
    let device = fit(&mut plan.setup)?;
    let kernel = ensure()?;
    let run = tempfile::Builder::new().prefix("softgpu-").tempdir().context("a temporary directory")?;
    // Users inside are not always the one outside, and drivers read the setup.
    fs::set_permissions(run.path(), Permissions::from_mode(0o755))?;
    let path = run.path().canonicalize()?;
    plan.write_setup(&path)?;
    let own = path.join("kernel");
    fs::create_dir(&own)?;
    let ended = boot::run(&kernel, &job(&plan, &device, &path)?, &own)?;
    run.close().context("the temporary directory")?;
    Ok(match ended {
        Ended::Exited(code) => End::Status(ExitStatus::from_raw(code << 8)),
        Ended::Killed(signal) => End::Status(ExitStatus::from_raw(signal)),
        Ended::NotFound => End::NotFound,
        Ended::NotExecutable => End::NotExecutable,
        Ended::NotRun(why) => bail!("in the kernel: {why}"),
    })
}

/// Puts the device on the node that the kernel has, or refuses what only the preload shim can show.
fn fit(setup: &mut Setup) -> Result<Device> {
    let [device] = &mut setup.devices[..] else {
        bail!("--kernel has one render node, so it takes one device");
    };
    if device.render.as_deref() != Some(RENDER_NODE) || device.card.as_deref() != Some(CARD_NODE) {
        bail!("--kernel numbers its nodes itself: {RENDER_NODE} and {CARD_NODE}");
    }
    if device.errno != 0 {
        bail!("--kernel opens its nodes as their permissions say; errno= is for runs without it");
    }
    let all = setup.faults.iter().chain(&device.profile.faults);
    let rules: Vec<_> = all.map(ToString::to_string).collect();
    if let Some(rule) = rules.iter().find(|rule| rule.starts_with("drm.")) {
        bail!("--kernel has real nodes, which do not fail on demand: {rule} is for runs without it");
    }
    Ok(device.clone())
}

fn job(plan: &Plan, device: &Device, run: &Path) -> Result<Job> {
    let directory = env::current_dir().context("the working directory is gone")?;
    let mut environment: BTreeMap<OsString, OsString> = env::vars_os().collect();
    for (name, value) in plan.environment(run) {
        match value {
            Some(value) => environment.insert(name, value),
            None => environment.remove(&name),
        };
    }
    let mut writable = vec![directory.clone(), run.to_owned(), "/tmp".into()];
    let temporary = env::var_os("TMPDIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let report = plan.setup.report.as_deref().and_then(Path::parent).map(Path::to_owned);
    for directory in temporary.iter().chain(&report).chain(&plan.inside.writable) {
        let real = directory.canonicalize();
        writable.push(real.with_context(|| format!("{} cannot be written to", directory.display()))?);
    }
    let mut limits = Vec::with_capacity(LIMITS.len());
    for limit in LIMITS {
        limits.push(getrlimit(limit)?);
    }
    let access = |nodes, mode| Access { nodes, uid: device.uid, gid: device.gid, mode };
    Ok(Job {
        command: plan.argv.clone(),
        environment: environment.into_iter().collect(),
        directory: directory.into_os_string(),
        user: user(&plan.inside)?,
        umask: mask(),
        limits,
        hostname: gethostname()?,
        writable: writable.into_iter().map(PathBuf::into_os_string).collect(),
        access: vec![access(Nodes::Render, device.mode), access(Nodes::Cards, device.mode)],
    })
}

fn user(options: &Options) -> Result<User> {
    if let (Some(uid), Some(gid)) = (options.uid, options.gid) {
        return Ok(User { uid, gid, groups: Vec::new() });
    }
    let groups = getgroups()?.into_iter().map(|group| group.as_raw()).collect();
    Ok(User { uid: geteuid().as_raw(), gid: getegid().as_raw(), groups })
}

/// This process's mask, which can only be read by setting it.
fn mask() -> u32 {
    let mask = umask(Mode::from_bits_truncate(0o077));
    umask(mask);
    mask.bits()
}
