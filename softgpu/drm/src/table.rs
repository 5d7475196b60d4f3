//! What this run shows, read once per process and then never changed.

use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::stat;
use softgpu_core::entry::Drm;
use softgpu_core::fault::Faults;
use softgpu_core::profile::Profile;
use softgpu_core::report::{Calls, Report};
use softgpu_core::setup::{self, Setup};

use crate::path::{Rule, Rules};
use crate::real;

/// A DRM node. In the run's directory it is an ordinary, empty file.
#[derive(Debug)]
pub(crate) struct Node {
    /// Device and inode of that file.
    pub(crate) file: (u64, u64),
    pub(crate) minor: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mode: u32,
    /// What opening fails with; 0: it does not.
    pub(crate) errno: c_int,
    /// Whether it is a render node, on which fewer requests are allowed.
    pub(crate) render: bool,
    /// Kernel driver.
    pub(crate) driver: String,
    /// Address on the bus.
    pub(crate) address: String,
}

/// Nodes, rules of paths, and what happens on the way.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rules: Rules,
    pub(crate) nodes: Vec<Node>,
    /// Device and inode of `/dev/dri`, which belongs to root.
    pub(crate) directory: Option<(u64, u64)>,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    setup: Setup,
}

/// Where a table is published. Threads that come first together each make one, and one of them wins: a lock would be left
/// locked in the child of a fork.
static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());
/// In its place, where there is no run: nothing is looked for again.
static NONE: u8 = 0;

fn none() -> *mut Table {
    (&raw const NONE).cast_mut().cast()
}

/// The run's table; reads the setup on the first call. None outside of a run.
pub(crate) fn get() -> Option<&'static Table> {
    let mut table = TABLE.load(Ordering::Acquire);
    if table.is_null() {
        let made = real::keep_errno(Table::load).map_or(none(), |table| Box::into_raw(Box::new(table)));
        match TABLE.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => table = made,
            Err(first) => {
                table = first;
                if made != none() {
                    // SAFETY: made by `Box::into_raw` above and never published.
                    drop(unsafe { Box::from_raw(made) });
                }
            }
        }
    }
    if table == none() {
        return None;
    }
    // SAFETY: a published table is never freed and never changed but through atomics.
    Some(unsafe { &*table })
}

/// The table if it has been read, without reading it.
pub(crate) fn known() -> Option<&'static Table> {
    let table = TABLE.load(Ordering::Acquire);
    if table.is_null() || table == none() {
        return None;
    }
    // SAFETY: as in `get`.
    Some(unsafe { &*table })
}

/// The node that a file is, by its status as the kernel knows it.
pub(crate) fn node(status: &stat) -> Option<&'static Node> {
    if !may_be_node(status.st_mode, status.st_size) {
        return None;
    }
    let file = (status.st_dev, status.st_ino);
    get()?.nodes.iter().find(|node| node.file == file)
}

/// Whether a file with this mode and size could be a node: the launcher makes them empty, with an unusual mode, so that no
/// other file of a process costs more than this comparison.
pub(crate) fn may_be_node(mode: u32, size: i64) -> bool {
    mode == libc::S_IFREG | NODE_MODE && size == 0
}

/// Permissions of the file that stands for a node: all may open it, the sticky bit marks it.
const NODE_MODE: u32 = 0o1666;

/// The node that an open file is.
pub(crate) fn node_of(fd: c_int) -> Option<&'static Node> {
    node(&real::status_of(fd)?)
}

impl Table {
    fn load() -> Option<Table> {
        // SAFETY: as for every getenv, nobody may change the environment meanwhile; the bytes are copied at once.
        let dir = unsafe {
            let value = libc::getenv(c"SOFTGPU_DIR".as_ptr());
            if value.is_null() { None } else { Some(CStr::from_ptr(value).to_bytes().to_vec()) }
        }?;
        let file = CString::new([dir.as_slice(), b"/", setup::FILE.as_bytes()].concat()).ok()?;
        let setup: Setup = serde_json::from_slice(&real::read(&file)?).ok()?;
        Some(Table::new(dir, setup))
    }

    fn new(dir: Vec<u8>, setup: Setup) -> Table {
        let identity = |name: &str| {
            let path = CString::new([dir.as_slice(), b"/dev/dri", name.as_bytes()].concat()).ok()?;
            let status = real::status_at(libc::AT_FDCWD, &path, libc::AT_SYMLINK_NOFOLLOW)?;
            Some((status.st_dev, status.st_ino))
        };
        let mut nodes = Vec::new();
        for device in &setup.devices {
            for name in [&device.render, &device.card].into_iter().flatten() {
                let (Some(file), Some(minor)) = (identity(&format!("/{name}")), minor(name)) else {
                    continue;
                };
                nodes.push(Node {
                    file,
                    minor,
                    uid: device.uid,
                    gid: device.gid,
                    mode: device.mode,
                    errno: device.errno,
                    render: device.render.as_ref() == Some(name),
                    driver: device.profile.drm.driver.clone(),
                    address: device.address.clone(),
                });
            }
        }
        let directory = identity("");
        Table {
            rules: Rules::new(dir, setup.paths.iter().filter_map(|line| Rule::parse(line)).collect()),
            nodes,
            directory,
            faults: Faults::new(rules(&setup)),
            calls: Calls::new(Drm::NAMES),
            setup,
        }
    }

    /// Adds what happened in this process to the report.
    pub(crate) fn report(&self) {
        let calls = self.calls.by_name();
        let Some(path) = self.setup.report_path().filter(|_| !calls.is_empty()) else { return };
        let faults = self.faults.hits().filter(|(_, hits)| *hits > 0).collect();
        let part = Report { calls, faults, ..Report::default() };
        // A process that ends can tell nobody.
        let _ = part.add_to(Path::new(&path));
    }
}

/// The rules about nodes: those of the run, and those that devices come with.
fn rules(setup: &Setup) -> impl Iterator<Item = softgpu_core::fault::Rule> + '_ {
    let of = |profile: &Profile| profile.faults.clone();
    let all =
        setup.faults.iter().cloned().chain(setup.devices.iter().flat_map(move |device| of(&device.profile)));
    all.filter(|rule| Drm::NAMES.contains(&rule.entry.as_str()))
}

/// The minor number of a node by its name: the kernel gives card N the minor N and renderDN the minor N
/// (drivers/gpu/drm/drm_drv.c).
fn minor(name: &str) -> Option<u32> {
    name.strip_prefix("renderD").or_else(|| name.strip_prefix("card"))?.parse().ok()
}
