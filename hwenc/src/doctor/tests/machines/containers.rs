//! Containers and services.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "a container that was given nothing",
            container(host(), "docker"),
            "this container was given no GPU",
            &[("device.dri_missing", Problem, &["in this container", "docker run --device /dev/dri"])],
        ),
        case(
            "a pod that was given nothing",
            container(host(), "kubernetes"),
            "this container was given no GPU",
            &[("device.dri_missing", Problem, &["gpu.intel.com/i915"])],
        ),
        case(
            "a container that sees one node of two",
            gpu(gpu(container(host(), "docker"), vendor::INTEL, None), vendor::AMD, open_node()),
            "none was tried",
            &[],
        ),
        case(
            "a container without the host's group",
            gpu(container(host(), "docker"), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            "this container may not use the GPU (renderD128)",
            &[
                (
                    "device.permission",
                    Problem,
                    &["docker run --device /dev/dri --group-add 109", "group_add: [\"109\"]"],
                ),
                ("container.render_gid", Problem, &["GID 109", "`render` does not exist"]),
            ],
        ),
        case(
            "a container whose render group has another number",
            with(gpu(container(host(), "podman"), vendor::INTEL, node(109, 0o660, refused(EACCES))), |r| {
                r.machine.groups = vec![Group::new("render", 105)];
            }),
            "this container may not use the GPU (renderD128)",
            &[
                ("device.permission", Problem, &["podman run --device /dev/dri --group-add 109"]),
                ("container.render_gid", Problem, &["`render` is GID 105"]),
            ],
        ),
        case(
            "a pod without the group",
            gpu(container(host(), "kubernetes"), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            "this container may not use the GPU (renderD128)",
            &[
                ("device.permission", Problem, &["supplementalGroups: [109]"]),
                ("container.render_gid", Problem, &["supplementalGroups: [109]"]),
            ],
        ),
        case(
            "a container's root does not mind the number",
            gpu(container(host(), "docker"), vendor::INTEL, node(109, 0o660, Access::Open)),
            "none was tried",
            &[],
        ),
        case(
            "a rootless container",
            with(gpu(container(host(), "podman"), vendor::INTEL, node(65534, 0o660, refused(EACCES))), |r| {
                r.machine.process.user_namespace = true;
            }),
            "this container may not use the GPU (renderD128)",
            &[("device.permission", Problem, &["--group-add keep-groups"])],
        ),
        case(
            "a container's device list lacks the node",
            gpu(container(host(), "docker"), vendor::INTEL, node(RENDER, 0o666, refused(EPERM))),
            "this container may not use the GPU (renderD128)",
            &[(
                "device.permission",
                Problem,
                &["EPERM", "list of allowed devices", "docker run --device /dev/dri"],
            )],
        ),
        case(
            "a service's device list lacks the node",
            gpu(host(), vendor::INTEL, node(RENDER, 0o666, refused(EPERM))),
            "this user may not use the GPU (renderD128)",
            &[("device.permission", Problem, &["DeviceAllow=char-drm rw"])],
        ),
        case(
            "a stale node in a container, beside a good one",
            gpu(
                gpu(container(host(), "docker"), vendor::AMD, open_node()),
                vendor::INTEL,
                node(RENDER, 0o660, refused(ENXIO)),
            ),
            "none was tried",
            &[("device.node", Warning, &["start the container anew"])],
        ),
        case(
            "a container that shows only renderD129",
            with(gpu(container(host(), "docker"), vendor::INTEL, open_node()), |r| {
                let node = &mut r.machine.drm.render_nodes[0];
                (node.name, node.minor) = ("renderD129".into(), 129);
                node.path = "/dev/dri/renderD129".into();
            }),
            "none was tried",
            &[],
        ),
        case(
            "a list of allowed devices without the node",
            with(gpu(container(host(), "lxc"), vendor::INTEL, node(RENDER, 0o666, refused(EPERM))), |r| {
                r.machine.container.device_rules = Some(vec!["c 1:3 rwm".into(), "c 226:0 rwm".into()]);
            }),
            "this container may not use the GPU (renderD128)",
            &[
                ("device.permission", Problem, &["EPERM"]),
                ("container.device_rules", Problem, &["`c 226:128 rwm`", "pct set"]),
            ],
        ),
        case(
            "a list of allowed devices with the node",
            with(gpu(container(host(), "lxc"), vendor::INTEL, open_node()), |r| {
                r.machine.container.device_rules = Some(vec!["c 226:* rwm".into()]);
            }),
            "none was tried",
            &[],
        ),
        case(
            "a container with little memory",
            with(gpu(container(host(), "docker"), vendor::INTEL, open_node()), |r| {
                r.machine.container.memory_limit = Some(128 << 20);
            }),
            "none was tried",
            &[("container.memory", Warning, &["only 128 MiB", "--memory 1g"])],
        ),
        case(
            "a service with little memory",
            with(intel(), |r| r.machine.container.memory_limit = Some(64 << 20)),
            "none was tried",
            &[("container.memory", Warning, &["MemoryMax"])],
        ),
        case(
            "a container with enough memory",
            with(gpu(container(host(), "docker"), vendor::INTEL, open_node()), |r| {
                r.machine.container.memory_limit = Some(4 << 30);
            }),
            "none was tried",
            &[],
        ),
    ]
}
