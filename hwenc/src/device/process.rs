//! Who looks: ids and groups.

use nix::unistd;
use serde::{Deserialize, Serialize};

use super::roots::{Reader, Roots};

/// The ids of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Process {
    /// Real user.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective user.
    pub effective_uid: u32,
    /// Effective group.
    pub effective_gid: u32,
    /// Supplementary groups, sorted.
    pub groups: Vec<u32>,
    /// Whether ids here are not those of the machine, as in rootless containers (`user_namespaces(7)`).
    pub user_namespace: bool,
}

impl Process {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut groups: Vec<u32> = match unistd::getgroups() {
            Ok(groups) => groups.into_iter().map(unistd::Gid::as_raw).collect(),
            Err(_) => Vec::new(),
        };
        groups.sort_unstable();
        let map = reader.text(&reader.roots.proc.join("self/uid_map"));
        Process {
            uid: unistd::getuid().as_raw(),
            gid: unistd::getgid().as_raw(),
            effective_uid: unistd::geteuid().as_raw(),
            effective_gid: unistd::getegid().as_raw(),
            groups,
            user_namespace: map.is_some_and(|map| maps_some(&map)),
        }
    }

    /// Whether the process is in this group, by any of its group ids.
    pub fn in_group(&self, gid: u32) -> bool {
        self.effective_gid == gid || self.groups.contains(&gid)
    }
}

/// A machine's own namespace maps every id to itself.
fn maps_some(map: &str) -> bool {
    !map.is_empty() && map.split_whitespace().ne(["0", "0", "4294967295"])
}

/// A group by name and number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
}

impl Group {
    /// A group.
    pub fn new(name: &str, gid: u32) -> Self {
        Group { name: name.to_owned(), gid }
    }
}

/// The groups that udev gives GPU and V4L2 nodes to, where they exist here.
pub(super) fn device_groups(roots: &Roots) -> Vec<Group> {
    ["render", "video"].iter().filter_map(|name| Some(Group::new(name, roots.group_id(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::maps_some;

    #[test]
    fn only_the_whole_identity_map_is_the_machines_own() {
        assert!(!maps_some("         0          0 4294967295"));
        assert!(!maps_some(""));
        assert!(maps_some("         0       1000          1\n         1     100000      65536"));
        assert!(maps_some("         0     100000      65536"));
    }
}
