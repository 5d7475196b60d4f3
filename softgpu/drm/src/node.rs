//! What a node is as a file: its status, and who may open it.

use std::ffi::c_int;

use libc::{gid_t, stat, statx, uid_t};
use softgpu_core::entry::Drm;
use softgpu_core::fault::Action;

use crate::real;
use crate::table::{self, Node, Table};

/// The major number of DRM nodes (Documentation/admin-guide/devices.txt).
const MAJOR: u32 = 226;

/// Turns the status of the file into that of the node that it stands for.
pub(crate) fn show(status: &mut stat) {
    if let Some(node) = table::node(status) {
        status.st_mode = libc::S_IFCHR | node.mode;
        status.st_uid = node.uid;
        status.st_gid = node.gid;
        status.st_rdev = libc::makedev(MAJOR, node.minor);
        status.st_blocks = 0;
    } else if is_directory(status.st_mode, (status.st_dev, status.st_ino)) {
        (status.st_uid, status.st_gid) = (0, 0);
    }
}

/// As [`show`], for `statx`.
pub(crate) fn show_extended(status: &mut statx) {
    let file = (libc::makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino);
    let size = i64::try_from(status.stx_size).unwrap_or(i64::MAX);
    if table::may_be_node(u32::from(status.stx_mode), size) {
        let nodes = table::get().map_or(&[][..], |table| &table.nodes);
        if let Some(node) = nodes.iter().find(|node| node.file == file) {
            // Types and permissions are 16 bits wide in Linux.
            status.stx_mode = (libc::S_IFCHR | node.mode) as u16;
            status.stx_uid = node.uid;
            status.stx_gid = node.gid;
            status.stx_rdev_major = MAJOR;
            status.stx_rdev_minor = node.minor;
            status.stx_blocks = 0;
        }
    } else if is_directory(u32::from(status.stx_mode), file) {
        (status.stx_uid, status.stx_gid) = (0, 0);
    }
}

/// Whether this is `/dev/dri`. Only a process that asked for something of it knows.
fn is_directory(mode: u32, file: (u64, u64)) -> bool {
    mode & libc::S_IFMT == libc::S_IFDIR && table::known().is_some_and(|table| table.directory == Some(file))
}

/// Who asks.
pub(crate) struct Caller {
    uid: uid_t,
    gid: gid_t,
    groups: Vec<gid_t>,
}

impl Caller {
    /// This process, by the ids that count for `open`.
    pub(crate) fn effective() -> Self {
        // SAFETY: these cannot fail and touch no memory.
        unsafe { Caller { uid: libc::geteuid(), gid: libc::getegid(), groups: groups() } }
    }

    /// This process, by the ids that count for `access`.
    pub(crate) fn real() -> Self {
        // SAFETY: as above.
        unsafe { Caller { uid: libc::getuid(), gid: libc::getgid(), groups: groups() } }
    }
}

fn groups() -> Vec<gid_t> {
    // SAFETY: a size of 0 asks for the number alone.
    let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
    let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: `groups` is writable for `count` ids.
    let count = unsafe { libc::getgroups(count.max(0), groups.as_mut_ptr()) };
    groups.truncate(usize::try_from(count).unwrap_or(0));
    groups
}

/// Whether the permissions give `wanted` (4 read, 2 write, 1 execute), as the kernel decides for a process without
/// CAP_DAC_OVERRIDE: one class of bits counts, the owner's, else the group's, else the others' (path_resolution(7)).
pub(crate) fn permits(node: &Node, caller: &Caller, wanted: u32) -> bool {
    let shift = if caller.uid == node.uid {
        6
    } else if caller.gid == node.gid || caller.groups.contains(&node.gid) {
        3
    } else {
        0
    };
    (node.mode >> shift) & wanted == wanted
}

/// What opening a node with these flags fails with, if it does.
pub(crate) fn refuse(node: &Node, flags: c_int) -> Option<c_int> {
    let table = table::get()?;
    table.calls.count(Drm::open as usize);
    if let Some(errno) = faults(table, Drm::open) {
        return Some(errno);
    }
    let wanted = match flags & libc::O_ACCMODE {
        libc::O_RDONLY => 4,
        libc::O_WRONLY => 2,
        _ => 6,
    };
    if !permits(node, &Caller::effective(), wanted) {
        return Some(libc::EACCES);
    }
    (node.errno != 0).then_some(node.errno)
}

/// Does what the rules say about this entry; what it fails with, if it does.
pub(crate) fn faults(table: &Table, entry: Drm) -> Option<c_int> {
    if table.faults.is_empty() {
        return None;
    }
    let mut failure = None;
    for action in table.faults.on(entry.name()) {
        match action {
            Action::Status(_, errno) => failure = failure.or(Some(errno)),
            Action::Hang => loop {
                // SAFETY: sleeps; a signal handler may end the process, nothing else ends this.
                unsafe { libc::pause() };
            },
            Action::Slow(ms) => std::thread::sleep(std::time::Duration::from_millis(ms)),
            Action::Segv => {
                // SAFETY: touches no memory; the death of this process is what was asked for.
                unsafe { libc::raise(libc::SIGSEGV) };
            }
            Action::Abort => std::process::abort(),
            Action::Eat => std::mem::forget(vec![1u8; 64 << 20]),
            // Remembered by the rules; the others are about pictures.
            Action::Lost | Action::Truncate | Action::Wrong | Action::Green | Action::PFirst => {}
        }
    }
    // As the kernel answers for a device that was unplugged (drm_dev_is_unplugged).
    failure.or(table.faults.is_lost().then_some(libc::ENODEV))
}

/// Gives an opened node an identity that its duplicates share, and no other opening has: the position in the file, which
/// nobody else uses. GEM handles belong to it.
pub(crate) fn identify(fd: c_int) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = i64::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 32 | i64::from(std::process::id());
    // SAFETY: plain system call on the caller's file.
    real::keep_errno(|| unsafe { libc::lseek(fd, number, libc::SEEK_SET) });
}

/// See [`identify`].
pub(crate) fn identity(fd: c_int) -> i64 {
    // SAFETY: as above.
    real::keep_errno(|| unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(uid: u32, gid: u32, mode: u32) -> Node {
        let (driver, address) = (String::new(), String::new());
        Node { file: (1, 1), minor: 128, uid, gid, mode, errno: 0, render: true, driver, address }
    }

    #[test]
    fn one_class_of_bits_counts() {
        let caller = Caller { uid: 1000, gid: 1000, groups: vec![44, 105] };
        for (uid, gid, mode, read_write) in [
            (0, 105, 0o660, true),
            (0, 1000, 0o660, true),
            (0, 106, 0o660, false),
            (0, 106, 0o666, true),
            (1000, 105, 0o066, false),
            (0, 105, 0o606, false),
            (1000, 0, 0o600, true),
            (0, 105, 0o440, false),
        ] {
            assert_eq!(permits(&node(uid, gid, mode), &caller, 6), read_write, "{uid} {gid} {mode:o}");
        }
        assert!(permits(&node(0, 105, 0o440), &caller, 4));
        let root = Caller { uid: 0, gid: 0, groups: vec![] };
        assert!(!permits(&node(1000, 105, 0o600), &root, 4), "root has no privilege here");
        assert!(permits(&node(0, 105, 0o600), &root, 6));
    }
}
