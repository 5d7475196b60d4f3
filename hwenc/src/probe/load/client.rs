//! Clients of DRM devices, as drivers describe them in procfs (Documentation/gpu/drm-usage-stats.rst).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A client at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// PCI address of the device, else the node that is open.
    pub(super) device: String,
    /// The driver's number for it, unique for the device; descriptors of one client have the same.
    pub(super) id: String,
    /// What it used, by engine.
    pub(super) engines: BTreeMap<String, Usage>,
}

/// What a client used of an engine since it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Time, of drivers that count time (i915, amdgpu, v3d, msm, panfrost).
    pub(super) nanoseconds: Option<u64>,
    /// Cycles, of drivers that count cycles and say how many passed meanwhile (xe).
    pub(super) cycles: Option<u64>,
    pub(super) total_cycles: Option<u64>,
    /// Units of this engine that work side by side.
    pub(super) units: u32,
}

impl Client {
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.device, &self.id)
    }

    /// From the text of a `fdinfo`; none of a driver that tells nothing. `node` is what is open, `own` names the descriptor.
    fn parse(text: &str, node: &str, own: &str) -> Option<Self> {
        let mut client = Client { device: node.to_owned(), id: own.to_owned(), ..Client::default() };
        let mut told = false;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let Some(key) = key.trim().strip_prefix("drm-") else { continue };
            let value = value.trim();
            told = true;
            // Behind a number there may be its unit.
            let number = value.split_whitespace().next().and_then(|digits| digits.parse::<u64>().ok());
            if key == "pdev" {
                client.device = value.to_owned();
            } else if key == "client-id" {
                client.id = value.to_owned();
            } else if let Some(engine) = key.strip_prefix("engine-capacity-") {
                client.usage(engine).units = number.and_then(|n| n.try_into().ok()).unwrap_or(1);
            } else if let Some(engine) = key.strip_prefix("engine-") {
                client.usage(engine).nanoseconds = number;
            } else if let Some(engine) = key.strip_prefix("total-cycles-") {
                client.usage(engine).total_cycles = number;
            } else if let Some(engine) = key.strip_prefix("cycles-") {
                client.usage(engine).cycles = number;
            }
        }
        told.then_some(client)
    }

    fn usage(&mut self, engine: &str) -> &mut Usage {
        self.engines.entry(engine.to_owned()).or_insert(Usage { units: 1, ..Usage::default() })
    }
}

/// The clients of all processes that this one may look at; one may come several times. Of descriptors that lead elsewhere than to
/// `/dev/dri` nothing is read.
pub(super) fn clients(proc: &Path) -> Vec<Client> {
    let mut found = Vec::new();
    for process in names(proc).filter(|path| is_number(path)) {
        for descriptor in names(&process.join("fd")) {
            let Ok(target) = fs::read_link(&descriptor) else { continue };
            if !target.starts_with("/dev/dri") {
                continue;
            }
            let Some(name) = descriptor.file_name() else { continue };
            let info = process.join("fdinfo").join(name);
            let own = descriptor.display().to_string();
            // It may have gone meanwhile.
            let text = fs::read_to_string(&info).unwrap_or_default();
            found.extend(Client::parse(&text, &target.display().to_string(), &own));
        }
    }
    found
}

fn names(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

fn is_number(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}
