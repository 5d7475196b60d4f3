//! What speaks for a container, and what it allows.

use serde::{Deserialize, Serialize};

use super::cgroup::Cgroups;
use super::roots::Reader;

/// What speaks for a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Container {
    /// The kind, such as `docker`; none where nothing speaks for a container. The first hint decides.
    pub kind: Option<String>,
    /// What was seen, such as `/.dockerenv`.
    pub hints: Vec<String>,
    /// The control group's list of allowed devices, where it can be read (cgroup v1, `devices.list`; `a *:* rwm` allows all);
    /// version 2 keeps it in a program that cannot.
    pub device_rules: Option<Vec<String>>,
    /// Bytes of memory that the control group and those above it allow; none without a limit.
    pub memory_limit: Option<u64>,
}

/// Files whose existence tells, from the most specific. Paths are under the root.
const MARKS: &[(&str, &str)] = &[
    ("run/secrets/kubernetes.io", "kubernetes"),
    ("var/run/secrets/kubernetes.io", "kubernetes"),
    ("run/.containerenv", "podman"),
    (".dockerenv", "docker"),
];

/// Parts of `proc/1/cgroup` that tell; with private cgroup namespaces it says nothing.
const CGROUPS: &[(&str, &str)] = &[
    ("kubepods", "kubernetes"),
    ("libpod", "podman"),
    ("docker", "docker"),
    ("containerd", "containerd"),
    ("/lxc", "lxc"),
    (".lxc", "lxc"),
];

impl Container {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let roots = reader.roots;
        let mut seen: Vec<(String, String)> = Vec::new();
        for (mark, kind) in MARKS {
            if roots.top.join(mark).exists() {
                seen.push(((*kind).to_owned(), format!("/{mark}")));
            }
        }
        let cgroup = reader.text(&roots.proc.join("1/cgroup")).unwrap_or_default();
        for (part, kind) in CGROUPS {
            if cgroup.contains(part) {
                seen.push(((*kind).to_owned(), format!("/proc/1/cgroup: {part}")));
            }
        }
        // Written by systemd where it runs as a container's first process.
        if let Some(kind) = reader.text(&roots.top.join("run/systemd/container")).filter(|k| !k.is_empty()) {
            seen.push((kind, "/run/systemd/container".to_owned()));
        }
        let cgroups = Cgroups::read(reader);
        Container {
            kind: seen.first().map(|(kind, _)| kind.clone()),
            hints: seen.into_iter().map(|(_, hint)| hint).collect(),
            device_rules: cgroups.device_rules(reader),
            memory_limit: cgroups.memory_limit(reader),
        }
    }

    /// Whether anything speaks for a container.
    pub fn is_likely(&self) -> bool {
        self.kind.is_some()
    }
}
