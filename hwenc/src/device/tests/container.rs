//! Containers, and what they allow.

use super::*;

#[test]
fn containers_are_told_by_what_they_leave() {
    for (path, text, kind) in [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "engine=\"podman-4.3.1\"\n", "podman"),
        (
            "proc/1/cgroup",
            "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope\n",
            "kubernetes",
        ),
        ("proc/1/cgroup", "0::/docker/0123456789abcdef\n", "docker"),
        ("proc/1/cgroup", "12:cpu:/lxc/101/ns\n", "lxc"),
        ("run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
    ] {
        let tree = Tree::new();
        assert!(!tree.read().container.is_likely());
        tree.file(path, text);
        let container = tree.read().container;
        assert_eq!(container.kind.as_deref(), Some(kind), "{path}");
        assert!(container.hints[0].contains(path), "{:?}", container.hints);
    }
    let machine = Tree::new();
    machine.file("proc/1/cgroup", "0::/init.scope\n").directory("run/systemd");
    assert_eq!(machine.read().container, Container::default());
}

/// A machine on version 1 of control groups, where a process is in this group.
fn version_1(group: &str) -> Tree {
    let tree = Tree::new();
    tree.file(
        "proc/self/cgroup",
        &format!("12:cpu,cpuacct:/\n9:memory:{group}\n5:devices:{group}\n0::{group}\n"),
    );
    tree
}

#[test]
fn the_list_of_allowed_devices_is_read() {
    let inside = version_1("/docker/0123");
    inside.file("sys/fs/cgroup/devices/devices.list", "c 1:3 rwm\nc 226:128 rw\n");
    // A container's own group is what is mounted, whatever its path.
    assert_eq!(inside.read().container.device_rules.unwrap(), ["c 1:3 rwm", "c 226:128 rw"]);

    let outside = version_1("/user.slice/a");
    outside
        .file("sys/fs/cgroup/devices/devices.list", "a *:* rwm\n")
        .file("sys/fs/cgroup/devices/user.slice/a/devices.list", "c 1:3 rwm\n");
    assert_eq!(outside.read().container.device_rules.unwrap(), ["c 1:3 rwm"]);

    let shut = version_1("/");
    shut.file("sys/fs/cgroup/devices/devices.list", "");
    assert_eq!(shut.read().container.device_rules, Some(vec![]), "nothing is allowed");
    assert_eq!(Tree::new().read().container.device_rules, None, "version 2 does not tell");
}

#[test]
fn the_least_limit_of_memory_counts() {
    let old = version_1("/docker/0123");
    old.file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_eq!(old.read().container.memory_limit, None, "the largest number is no limit");
    old.file("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "536870912\n");
    assert_eq!(old.read().container.memory_limit, Some(512 << 20));

    let new = Tree::new();
    new.file("proc/self/cgroup", "0::/kubepods/pod1\n")
        .file("sys/fs/cgroup/kubepods/pod1/memory.max", "max\n");
    assert_eq!(new.read().container.memory_limit, None);
    new.file("sys/fs/cgroup/kubepods/memory.max", "1073741824\n");
    assert_eq!(new.read().container.memory_limit, Some(1 << 30), "that of the group above");
    new.file("sys/fs/cgroup/kubepods/pod1/memory.max", "268435456\n");
    assert_eq!(new.read().container.memory_limit, Some(256 << 20));
}

#[test]
fn a_group_outside_the_namespace_is_not_followed() {
    let tree = Tree::new();
    tree.file("proc/self/cgroup", "0::/../../other\n")
        .file("sys/memory.max", "1\n")
        .file("sys/fs/other/memory.max", "2\n")
        .file("sys/fs/cgroup/memory.max", "3000\n");
    assert_eq!(tree.read().container.memory_limit, Some(3000));
    tree.file("proc/self/cgroup", "nonsense\n:\n0:\n");
    assert_eq!(tree.read().container.memory_limit, Some(3000));
}
