//! Control groups: which devices and how much memory they allow (`Documentation/admin-guide/cgroup-v1`, `cgroup-v2.rst`).

use std::path::{Component, Path, PathBuf};

use super::roots::Reader;

/// The control groups of this process, as directories from the group itself up to the root of what is mounted.
pub(super) struct Cgroups {
    devices: Vec<PathBuf>,
    memory: Vec<PathBuf>,
    unified: Vec<PathBuf>,
}

impl Cgroups {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let text = reader.text(&reader.roots.proc.join("self/cgroup")).unwrap_or_default();
        let mount = reader.roots.sys.join("fs/cgroup");
        // Lines are `number:controllers:path` (cgroups(7)); version 2 is number 0 without controllers.
        let path = |controller: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
            let mut of = lines.filter(|(names, _)| names.split(',').any(|name| name == controller));
            of.next().map_or("/", |(_, path)| path)
        };
        Cgroups {
            devices: upwards(&mount.join("devices"), path("devices")),
            memory: upwards(&mount.join("memory"), path("memory")),
            unified: upwards(&mount, path("")),
        }
    }

    /// The nearest list: a container sees its own group at the mount, and a path that does not exist there.
    pub(super) fn device_rules(&self, reader: &mut Reader<'_>) -> Option<Vec<String>> {
        let text = self.devices.iter().find_map(|group| reader.text(&group.join("devices.list")))?;
        Some(text.lines().map(str::to_owned).collect())
    }

    /// The least of all limits on the way up.
    pub(super) fn memory_limit(&self, reader: &mut Reader<'_>) -> Option<u64> {
        let old = self.memory.iter().map(|group| group.join("memory.limit_in_bytes"));
        let new = self.unified.iter().map(|group| group.join("memory.max"));
        let limits = old.chain(new).filter_map(|file| limit(&reader.text(&file)?));
        limits.min()
    }
}

/// Version 1 writes the largest number of pages for "no limit" (mm/page_counter.h), version 2 `max`.
fn limit(text: &str) -> Option<u64> {
    text.parse().ok().filter(|bytes| *bytes < 1 << 60)
}

/// The group's directory and those above it. Out of a namespace a path may begin with `..`: what it names is not mounted.
fn upwards(mount: &Path, path: &str) -> Vec<PathBuf> {
    let parts: Vec<_> = Path::new(path).components().filter(|c| *c != Component::RootDir).collect();
    let inside = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let deepest = if inside { parts.len() } else { 0 };
    (0..=deepest).rev().map(|n| mount.join(parts[..n].iter().collect::<PathBuf>())).collect()
}
