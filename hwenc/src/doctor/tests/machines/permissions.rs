//! Nodes and directories that refuse.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "an unlistable directory",
            with(host(), |r| r.machine.drm.directory = Directory::Unreadable(OsError::new(EACCES))),
            "this user may not look into /dev/dri, where GPUs have their nodes",
            &[("device.dri_missing", Problem, &["EACCES", "sudo chmod 755 /dev/dri"])],
        ),
        case(
            "not in the group",
            gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))),
            "this user may not use the GPU (renderD128)",
            &[(
                "device.permission",
                Problem,
                &[
                    "renderD128 may not be opened",
                    "group render (GID 993), mode 0660",
                    "not in GID 993",
                    "sudo usermod -aG render \"$USER\"",
                    "log in again",
                    "/dev/dri/renderD128: EACCES (Permission denied), root:render 0660",
                    "uid 1000, groups 27 1000",
                ],
            )],
        ),
        case(
            "one of two GPUs may not be opened",
            gpu(intel(), vendor::AMD, node(RENDER, 0o660, refused(EACCES))),
            "none was tried",
            &[("device.permission", Warning, &["renderD129"])],
        ),
        case(
            "the group has a number and no name",
            gpu(host(), vendor::INTEL, node(109, 0o660, refused(EACCES))),
            "this user may not use the GPU (renderD128)",
            &[(
                "device.permission",
                Problem,
                &["without a name", "groupadd --gid 109 render109", "-aG render109"],
            )],
        ),
        case(
            "a node for root alone",
            gpu(host(), vendor::INTEL, node(0, 0o600, refused(EACCES))),
            "this user may not use the GPU (renderD128)",
            &[(
                "device.permission",
                Problem,
                &["lets no group in", "sudo tee /etc/udev/rules.d", "udevadm control"],
            )],
        ),
        case(
            "a security module in the way",
            with(gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))), |r| {
                r.machine.process.groups.push(RENDER);
            }),
            "this user may not use the GPU (renderD128)",
            &[("device.permission", Problem, &["security module", "ausearch"])],
        ),
        case(
            "a node for everybody, and a security module in the way",
            gpu(host(), vendor::INTEL, node(0, 0o666, refused(EACCES))),
            "this user may not use the GPU (renderD128)",
            &[("device.permission", Problem, &["security module", "ausearch"])],
        ),
        case(
            "root, whose rights stop short of the node",
            with(gpu(host(), vendor::INTEL, node(RENDER, 0o660, refused(EACCES))), |r| {
                r.machine.process.effective_uid = 0;
                // As a user namespace shows the machine's root.
                r.machine.drm.render_nodes[0].file.as_mut().unwrap().uid = 65534;
            }),
            "this user may not use the GPU (renderD128)",
            &[(
                "device.permission",
                Problem,
                &["root counts as any other user here", "$ usermod -aG render"],
            )],
        ),
        case(
            "no driver for one of two GPUs, as root",
            with(display(intel(), vendor::AMD, None), |r| r.machine.process.effective_uid = 0),
            "none was tried",
            &[("module.missing", Warning, &["$ modprobe amdgpu", "$ apt install"])],
        ),
    ]
}
