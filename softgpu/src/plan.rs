//! From what the user says to what is done.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use softgpu_core::setup::{DIR, LIB_DIR, REPORT, Setup};

use crate::args::Run;
use crate::device::{self, Spec};
use crate::kernel;
use crate::libraries::{DRM, Libraries, VA};
use crate::sysfs;

/// A run, decided and not yet begun.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What drivers and the preload shim are told.
    pub setup: Setup,
    /// Whether there is a `/dev/dri` at all.
    pub directory: bool,
    /// softgpu's libraries.
    pub libraries: Libraries,
    /// The command and its arguments.
    pub argv: Vec<OsString>,
    /// Whether it runs in a kernel of its own.
    pub kernel: bool,
    /// What that kernel is told beside.
    pub inside: kernel::Options,
}

/// A change of the environment: a variable, and its value or its absence.
pub type Change = (OsString, Option<OsString>);

impl Plan {
    /// Decides everything.
    pub fn new(args: &Run) -> Result<Self> {
        let absolute = |path: &Path| std::path::absolute(path).context("the report's path");
        let report = match (&args.report, env::var_os(REPORT)) {
            (Some(path), _) => Some(absolute(path)?),
            (None, Some(path)) => Some(absolute(Path::new(&path))?),
            (None, None) => None,
        };
        let mut setup = Setup {
            devices: device::place(&args.device)?,
            engine: args.engine.into(),
            faults: args.fault.clone(),
            report,
            ..Setup::default()
        };
        setup.paths = sysfs::paths(&setup.devices);
        Ok(Plan {
            setup,
            directory: !args.device.contains(&Spec::None),
            libraries: Libraries::find()?,
            argv: args.argv.clone(),
            kernel: args.kernel,
            inside: args.inside.clone(),
        })
    }

    /// Writes the setup and the drivers into the run's directory: what a run with a kernel of its own needs too.
    pub fn write_setup(&self, dir: &Path) -> Result<()> {
        self.setup.save(dir).context("the setup")?;
        let drivers = dir.join("drivers");
        fs::create_dir(&drivers)?;
        // Only the drivers of these devices: a machine has iHD or i965 because somebody installed it.
        let mut names: BTreeSet<&str> =
            self.setup.devices.iter().map(|device| device.profile.va_driver.as_str()).collect();
        if self.kernel {
            // The nodes of that kernel have this driver.
            names.insert("vgem");
        }
        for name in names {
            symlink(self.libraries.path(VA), drivers.join(format!("{name}_drv_video.so")))?;
        }
        Ok(())
    }

    /// Writes the nodes and their sysfs: what the preload shim shows.
    pub fn write_nodes(&self, dir: &Path) -> Result<()> {
        sysfs::write(dir, &self.setup.devices, self.directory)
    }

    /// The environment that a VA-API program needs, without the preload shim.
    pub fn environment(&self, dir: &Path) -> Vec<Change> {
        let set = |name: &str, value: &OsStr| (OsString::from(name), Some(value.to_owned()));
        let mut changes = vec![
            set(DIR, dir.as_os_str()),
            set(LIB_DIR, self.libraries.dir.as_os_str()),
            set("LIBVA_DRIVERS_PATH", dir.join("drivers").as_os_str()),
            // GStreamer takes only drivers that it knows otherwise, and remembers in its registry what it did not find.
            set("GST_VA_ALL_DRIVERS", OsStr::new("1")),
            set("GST_REGISTRY", dir.join("gstreamer-registry.bin").as_os_str()),
        ];
        if let Some(report) = &self.setup.report {
            changes.push(set(REPORT, report.as_os_str()));
        }
        changes
    }

    /// The variable that puts the preload shim into every process; before what is preloaded already.
    pub fn preload(&self, dir: &Path) -> Result<Change> {
        let mut shim = self.libraries.path(DRM);
        // The loader takes blanks and colons for the end of a name, and knows no way to quote them.
        let separator = |path: &Path| path.as_os_str().as_bytes().iter().any(|byte| b" :\t\n".contains(byte));
        if separator(&shim) {
            let link = dir.join(DRM);
            symlink(&shim, &link)?;
            shim = link;
        }
        if separator(&shim) {
            bail!(
                "{}: a path with blanks or colons cannot be preloaded; set TMPDIR to another",
                shim.display()
            );
        }
        let mut value = shim.into_os_string();
        if let Some(others) = env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
            value.push(":");
            value.push(others);
        }
        Ok(("LD_PRELOAD".into(), Some(value)))
    }

    /// Makes the report's file: it exists even where no process comes to a device, and begins empty.
    pub fn begin_report(&self, asked: Option<&PathBuf>) -> Result<()> {
        let (Some(path), Some(_)) = (&self.setup.report, asked) else { return Ok(()) };
        let text = serde_json::to_string_pretty(&softgpu_core::report::Report::default())?;
        fs::write(path, text + "\n").with_context(|| format!("the report, {}", path.display()))
    }
}
