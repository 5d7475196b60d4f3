//! What a run is set up with: the launcher writes it, drivers and the preload shim read it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fault::Rule;
use crate::profile::Profile;

/// The variable that names the run's directory.
pub const DIR: &str = "SOFTGPU_DIR";
/// The variable that names the report's file; it goes before [`Setup::report`].
pub const REPORT: &str = "SOFTGPU_REPORT";
/// The variable that names the directory of softgpu's libraries.
pub const LIB_DIR: &str = "SOFTGPU_LIB_DIR";
/// Name of the file in the run's directory.
pub const FILE: &str = "setup.json";

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Devices, in the order of their nodes.
    pub devices: Vec<Device>,
    /// How pictures are coded.
    #[serde(default)]
    pub engine: Engine,
    /// Fault rules, for all devices.
    #[serde(default)]
    pub faults: Vec<Rule>,
    /// Where the report goes.
    #[serde(default)]
    pub report: Option<PathBuf>,
    /// Paths that the preload shim shows from the run's directory: `/a/tree`, `=/a/directory` whose list alone is shown,
    /// `/a/prefix*`.
    #[serde(default)]
    pub paths: Vec<String>,
}

/// A device with its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What it is.
    pub profile: Profile,
    /// Name of the render node in `/dev/dri`, for example `renderD128`.
    pub render: Option<String>,
    /// Name of the primary node in `/dev/dri`, for example `card0`.
    pub card: Option<String>,
    /// Owner of the nodes.
    #[serde(default)]
    pub uid: u32,
    /// Their group.
    #[serde(default)]
    pub gid: u32,
    /// Their permissions.
    #[serde(default)]
    pub mode: u32,
    /// What opening a node fails with, whatever its permissions; 0: it does not.
    #[serde(default)]
    pub errno: i32,
    /// Its address on its bus, for example `0000:03:00.0`.
    #[serde(default)]
    pub address: String,
}

/// How pictures are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Bit for bit where the codec can (H.264: I_PCM).
    Lossless,
    /// Realistic sizes and rate control: x264, x265, SVT-AV1.
    #[default]
    X264,
    /// The first pictures truly, then a constant one: measures all but the encoder.
    Null,
}

/// A setup that cannot be read, and why.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Setup {
    /// Reads the setup of the run whose directory this is.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let text =
            std::fs::read_to_string(&path).map_err(|error| Error(format!("{}: {error}", path.display())))?;
        serde_json::from_str(&text).map_err(|error| Error(format!("{}: {error}", path.display())))
    }

    /// Reads the setup of the run that this process belongs to, by [`DIR`].
    pub fn of_process() -> Result<Self, Error> {
        match std::env::var_os(DIR) {
            Some(dir) => Self::load(Path::new(&dir)),
            None => Err(Error(format!("{DIR} is not set: this is not a run of softgpu"))),
        }
    }

    /// Writes it into the run's directory.
    pub fn save(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(|error| Error(error.to_string()))?;
        std::fs::write(&path, text).map_err(|error| Error(format!("{}: {error}", path.display())))
    }

    /// The device that a node belongs to, by the node's name.
    pub fn device_of_node(&self, node: &str) -> Option<&Device> {
        self.devices
            .iter()
            .find(|device| device.render.as_deref() == Some(node) || device.card.as_deref() == Some(node))
    }

    /// Where the report goes: the variable first.
    pub fn report_path(&self) -> Option<PathBuf> {
        std::env::var_os(REPORT).map(PathBuf::from).or_else(|| self.report.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;

    fn device(render: &str, card: &str) -> Device {
        Device {
            profile: profile::named("intel-arc").expect("embedded"),
            render: Some(render.to_owned()),
            card: Some(card.to_owned()),
            uid: 0,
            gid: 44,
            mode: 0o660,
            errno: 0,
            address: "0000:03:00.0".to_owned(),
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let dir = std::env::temp_dir().join(format!("softgpu-setup-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("directory");
        let setup = Setup {
            devices: vec![device("renderD128", "card0"), device("renderD131", "card3")],
            engine: Engine::Null,
            faults: vec!["va.EndPicture=ENCODING_ERROR@30".parse().expect("rule")],
            report: Some("/tmp/report.json".into()),
            paths: vec!["/dev/dri".to_owned()],
        };
        setup.save(&dir).expect("saved");
        let back = Setup::load(&dir).expect("loaded");
        std::fs::remove_dir_all(&dir).expect("removed");
        assert_eq!(back, setup);
        assert_eq!(back.device_of_node("card3"), Some(&setup.devices[1]));
        assert_eq!(back.device_of_node("renderD129"), None);
    }

    #[test]
    fn a_missing_setup_names_the_file() {
        let error = Setup::load(Path::new("/nowhere")).expect_err("no such directory").to_string();
        assert!(error.contains("/nowhere/setup.json"), "{error}");
    }
}
