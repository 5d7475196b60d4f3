//! What a program expects of a machine: mounts, nodes, a name, a loopback.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

use crate::kernel::job::{Job, Nodes};
use crate::kernel::{CARD_DRIVER, RENDER_DRIVER};

/// The directories that the kernel fills, and fresh ones. The host's are hidden by them.
pub(super) fn kernel_mounts() -> Result<()> {
    let strict = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    attach("proc", Path::new("/proc"), strict | MsFlags::MS_NOEXEC, "")?;
    attach("sysfs", Path::new("/sys"), strict | MsFlags::MS_NOEXEC, "")?;
    attach("devtmpfs", Path::new("/dev"), MsFlags::MS_NOSUID, "mode=0755")?;
    for directory in ["/dev/pts", "/dev/shm"] {
        fs::create_dir(directory).with_context(|| directory.to_owned())?;
    }
    attach("devpts", Path::new("/dev/pts"), MsFlags::MS_NOSUID, "mode=0620,ptmxmode=0666")?;
    attach("tmpfs", Path::new("/dev/shm"), strict, "mode=1777")?;
    attach("tmpfs", Path::new("/run"), strict, "mode=0755")?;
    for (link, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(Path::new("/proc/self").join(target), Path::new("/dev").join(link))?;
    }
    Ok(())
}

/// The rest, as the job wants it.
pub(super) fn prepare(job: &Job) -> Result<()> {
    for directory in outermost(&job.writable) {
        let shown = || format!("the host's {} cannot be mounted", directory.display());
        if directory == Path::new("/") {
            let flags = MsFlags::MS_REMOUNT;
            mount(None::<&str>, directory, None::<&str>, flags, None::<&str>).with_context(shown)?;
            continue;
        }
        // Below a fresh directory it has no place yet.
        fs::create_dir_all(directory).with_context(shown)?;
        attach("hostfs", directory, MsFlags::empty(), directory).with_context(shown)?;
    }
    fs::write("/proc/sys/kernel/hostname", job.hostname.as_bytes()).context("the machine cannot be named")?;
    loopback().context("the loopback cannot be switched on")?;
    own_nodes(job)
}

fn attach(kind: &str, place: &Path, flags: MsFlags, data: impl AsRef<OsStr>) -> Result<()> {
    mount(Some(kind), place, Some(kind), flags, Some(data.as_ref()))
        .with_context(|| format!("{kind} cannot be mounted on {}", place.display()))
}

/// Those that do not lie in another one.
fn outermost(directories: &[OsString]) -> Vec<&Path> {
    let mut sorted: Vec<_> = directories.iter().map(Path::new).collect();
    sorted.sort_unstable();
    let mut outermost: Vec<&Path> = Vec::new();
    for directory in sorted {
        if !outermost.iter().any(|outer| directory.starts_with(outer)) {
            outermost.push(directory);
        }
    }
    outermost
}

/// Gives the nodes to those who may use them, as udev's rules do on a machine that has it.
fn own_nodes(job: &Job) -> Result<()> {
    let drm = nodes()?;
    let of = |driver: &str, prefix: &str| -> Vec<PathBuf> {
        let named =
            |path: &Path| path.file_name().is_some_and(|name| name.as_bytes().starts_with(prefix.as_bytes()));
        let fitting = drm.iter().filter(|(path, found)| found == driver && named(path));
        fitting.map(|(path, _)| path.clone()).collect()
    };
    let mut render = of(RENDER_DRIVER, "renderD");
    ensure!(!render.is_empty(), "this kernel has no render node of {RENDER_DRIVER}");
    let outputs = of(CARD_DRIVER, "card");
    ensure!(!outputs.is_empty(), "this kernel has no card of {CARD_DRIVER}");
    let cards = [of(RENDER_DRIVER, "card"), outputs].concat();
    render.push("/dev/udmabuf".into());
    render.push("/dev/dma_heap/system".into());
    for access in &job.access {
        let nodes = match access.nodes {
            Nodes::Render => &render,
            Nodes::Cards => &cards,
        };
        for node in nodes {
            let own = || -> std::io::Result<()> {
                chown(node, Some(access.uid), Some(access.gid))?;
                fs::set_permissions(node, Permissions::from_mode(access.mode))
            };
            own().with_context(|| node.display().to_string())?;
        }
    }
    Ok(())
}

/// The DRM nodes with the names of their devices, which for these drivers are the drivers' own. Their numbers depend on
/// which driver starts first.
fn nodes() -> Result<Vec<(PathBuf, String)>> {
    let mut nodes = Vec::new();
    for node in fs::read_dir("/dev/dri").context("this kernel has no DRM")? {
        let node = node?;
        let device = fs::read_link(Path::new("/sys/class/drm").join(node.file_name()).join("device"));
        let device = device.with_context(|| format!("{} is not in sysfs", node.path().display()))?;
        let name = device.file_name().unwrap_or_default();
        nodes.push((node.path(), name.to_string_lossy().into_owned()));
    }
    Ok(nodes)
}

/// Switches `lo` on, by a message of rtnetlink(7). It gets 127.0.0.1 by that.
fn loopback() -> Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const REQUEST_ACK: u16 = 1 | 4;
    const NLMSG_ERROR: u16 = 2;
    const IFF_UP: u32 = 1;
    /// The first device of any machine.
    const LO: u32 = 1;
    let mut message = Vec::with_capacity(32);
    // struct nlmsghdr: length, type, flags, sequence, port.
    message.extend(32u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(REQUEST_ACK.to_ne_bytes());
    message.extend([0; 8]);
    // struct ifinfomsg: family, padding, type, index, flags, mask of flags that change.
    message.extend([0; 4]);
    message.extend(LO.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());

    let route = SockProtocol::NetlinkRoute;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route)?;
    send(socket.as_raw_fd(), &message, MsgFlags::empty())?;
    let mut answer = [0; 256];
    let len = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    ensure!(len >= 20 && answer[4..6] == NLMSG_ERROR.to_ne_bytes(), "the answer is none");
    let error = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    ensure!(error == 0, "{}", std::io::Error::from_raw_os_error(-error));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_in_others_need_no_mount() {
        let directories = ["/tmp/a/b", "/films", "/tmp/a", "/tmp/ab", "/films/x/y"].map(OsString::from);
        assert_eq!(outermost(&directories), ["/films", "/tmp/a", "/tmp/ab"].map(Path::new));
        assert_eq!(outermost(&["/x".into(), "/".into()]), [Path::new("/")]);
    }
}
