//! [`Fingerprint`]: all that can change what a probe finds, cheap enough to be taken before every answer: nothing is opened but
//! small files of the kernel, no driver is touched.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, eaccess};
use serde::{Deserialize, Serialize};

use super::Isolation;
use crate::av::version;
use crate::device::{self, Roots};

/// What a report holds for. Two that are equal would be answered alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Fingerprint {
    hwenc: String,
    /// Release and version of the kernel, and its present boot: a restart may wake what was dead.
    kernel: Vec<String>,
    ffmpeg: Vec<String>,
    /// Nodes with their numbers, owners and modes.
    nodes: Vec<String>,
    /// Drivers and the loader's cache, by size and time.
    files: Vec<String>,
    /// The directories that drivers were looked for in.
    modules: Vec<String>,
    environment: BTreeMap<String, String>,
    /// User, group and groups.
    ids: Vec<u32>,
    /// What a container allows.
    limits: Vec<String>,
    isolation: Isolation,
}

/// Variables that decide which driver or library is used, by how their names begin.
const VARIABLES: &[&str] = &[
    "AMD_",
    "ANV_",
    "CUDA_",
    "DRI_",
    "GALLIUM_",
    "GBM_",
    "HWENC_HELPER",
    "INTEL_",
    "LD_",
    "LIBGL_",
    "LIBVA_",
    "MESA_",
    "MFX_",
    "NOUVEAU_",
    "NVIDIA_",
    "NVD_",
    "ONEVPL_",
    "R600_",
    "RADEON_",
    "RADV_",
    "SOFTGPU_DIR",
    "VAAPI_",
    "VDPAU_",
    "VIRGL_",
    "VK_",
    "VPL_",
];

/// Kernel modules whose coming and going changes which devices there are.
const MODULES: &[&str] =
    &["i915", "xe", "amdgpu", "radeon", "nvidia", "nvidia_uvm", "nouveau", "virtio_gpu", "vgem"];

impl Fingerprint {
    /// Of this machine and this process, for questions asked with this isolation.
    pub(super) fn take(roots: &Roots, isolation: Isolation) -> Self {
        let text =
            |path: PathBuf| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
        let proc = |name: &str| text(roots.proc.join(name));
        let ids = [nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()];
        let groups = nix::unistd::getgroups().unwrap_or_default();
        // A module that is loaded again, perhaps with other parameters, gets a directory with another number.
        let module = |name: &&str| {
            let directory = roots.sys.join("module").join(name);
            let number = fs::metadata(&directory).ok()?.ino();
            Some(format!("{name} {number} {}", text(directory.join("version"))))
        };
        Fingerprint {
            hwenc: build(),
            kernel: ["sys/kernel/osrelease", "sys/kernel/version", "sys/kernel/random/boot_id", "cmdline"]
                .map(proc)
                .to_vec(),
            ffmpeg: version::identity(),
            nodes: nodes(roots),
            files: files(roots),
            modules: MODULES.iter().filter_map(module).chain([proc("driver/nvidia/version")]).collect(),
            environment: environment(),
            ids: ids.into_iter().chain(groups.into_iter().map(nix::unistd::Gid::as_raw)).collect(),
            limits: limits(roots),
            isolation,
        }
    }

    /// The same where there was no helper.
    pub(super) fn without_isolation(mut self) -> Self {
        self.isolation = Isolation::None;
        self
    }

    /// A name for the file that belongs to it.
    pub(super) fn name(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (OsString, OsString)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    };
    std::env::vars_os()
        .map(text)
        .filter(|(name, _)| VARIABLES.iter().any(|start| name.starts_with(start)))
        .collect()
}

/// Capabilities, limits of resources and what the control group allows. The group's name only in containers: elsewhere every
/// login has another.
fn limits(roots: &Roots) -> Vec<String> {
    let text = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let status = text(roots.proc.join("self/status"));
    let capabilities = status.lines().filter(|line| line.starts_with("CapEff:")).map(str::to_owned);
    let mut lines: Vec<String> = capabilities.collect();
    lines.extend(["self/limits", "self/uid_map", "self/gid_map"].map(|name| text(roots.proc.join(name))));
    let groups = roots.sys.join("fs/cgroup");
    lines.extend(
        ["memory.max", "memory/memory.limit_in_bytes", "devices/devices.list"]
            .map(|name| text(groups.join(name))),
    );
    if [".dockerenv", "run/.containerenv", "run/secrets/kubernetes.io"]
        .iter()
        .any(|mark| roots.top.join(mark).exists())
    {
        lines.push(text(roots.proc.join("self/cgroup")));
        lines.push(text(roots.etc.join("hostname")));
    }
    lines
}

/// The version; of a build for development also which one.
fn build() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let program = || fs::metadata(std::env::current_exe().ok()?).ok();
    match program().filter(|_| cfg!(debug_assertions)) {
        Some(program) => format!("{version} {}", stamp(&program)),
        None => version.to_owned(),
    }
}

fn nodes(roots: &Roots) -> Vec<String> {
    let wanted = |directory: &Path, starts: &[&str]| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| {
            let name = entry.file_name();
            starts.iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
        });
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let mut paths = wanted(&roots.dev.join("dri"), &["renderD", "card"]);
    paths.extend(wanted(&roots.dev, &["nvidia", "video"]));
    paths.sort();
    // The kernel's own word on access needs no open, and counts what modes do not show: access control lists, and the device
    // rules of a control group.
    let access = |path: &PathBuf| eaccess(path, AccessFlags::R_OK | AccessFlags::W_OK).err();
    let line = |path: &PathBuf| {
        let s = device::status(path).ok()?;
        let (device, mode, refused) = (s.st_rdev, s.st_mode, access(path).map_or(0, |errno| errno as i32));
        Some(format!("{} {device:x} {mode:o} {}:{} {refused}", path.display(), s.st_uid, s.st_gid))
    };
    paths.iter().filter_map(line).collect()
}

/// Where VA-API drivers and the libraries of vendors lie, and the loader's own list of what is installed.
fn files(roots: &Roots) -> Vec<String> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&variable("LIBVA_DRIVERS_PATH")).collect();
    let known = [
        "usr/lib/x86_64-linux-gnu/dri",
        "usr/lib/aarch64-linux-gnu/dri",
        "usr/lib64/dri",
        "usr/lib64/dri-nonfree",
        "usr/lib64/dri-freeworld",
        "usr/lib/dri",
        "usr/local/lib/dri",
        "run/opengl-driver/lib/dri",
    ];
    directories.extend(known.iter().map(|path| roots.top.join(path)));
    let mut lines = Vec::new();
    for directory in directories {
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let drivers = entries.filter(|e| e.file_name().as_encoded_bytes().ends_with(b"_drv_video.so"));
        let mut found: Vec<PathBuf> = drivers.map(|entry| entry.path()).collect();
        found.sort();
        lines.extend(found.iter().filter_map(|path| line(path)));
    }
    let libraries = std::env::split_paths(&variable("LD_LIBRARY_PATH")).collect::<Vec<_>>();
    let others = [
        roots.etc.join("ld.so.cache"),
        roots.etc.join("libva.conf"),
        roots.etc.join("vulkan/icd.d"),
        roots.top.join("usr/share/vulkan/icd.d"),
    ];
    lines.extend(libraries.iter().chain(&others).filter_map(|path| line(path)));
    lines
}

fn line(path: &Path) -> Option<String> {
    // Of a link what it points to: distributions link one driver under several names.
    Some(format!("{} {}", path.display(), stamp(&fs::metadata(path).ok()?)))
}

fn stamp(m: &Metadata) -> String {
    format!("{} {}.{} {}", m.size(), m.mtime(), m.mtime_nsec(), m.ino())
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
