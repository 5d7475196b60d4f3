//! What the kernel was told and has loaded, as far as GPUs are concerned.

use std::collections::BTreeSet;

use super::roots::Reader;

/// Parameters by their whole name (`Documentation/admin-guide/kernel-parameters.txt`).
const PARAMETERS: &[&str] = &[
    "amd_iommu",
    "efifb",
    "initcall_blacklist",
    "intel_iommu",
    "iommu",
    "kvm.ignore_msrs",
    "module_blacklist",
    "modprobe.blacklist",
    "nomodeset",
    "pci",
    "pcie_acs_override",
    "pcie_aspm",
    "rd.driver.blacklist",
    "rd.driver.pre",
    "simpledrm",
    "video",
];

/// Modules that drive, share or give away GPUs and codecs, with `_` for `-`, as the kernel lists them.
const MODULES: &[&str] = &[
    "amdgpu",
    "ast",
    "bcm2835_codec",
    "bochs",
    "cirrus",
    "etnaviv",
    "hantro_vpu",
    "hyperv_drm",
    "i915",
    "kvmgt",
    "lima",
    "mgag200",
    "msm",
    "mtk_vcodec_enc",
    "nouveau",
    "nova_core",
    "nvidia",
    "nvidia_drm",
    "nvidia_modeset",
    "nvidia_uvm",
    "panfrost",
    "panthor",
    "powervr",
    "qxl",
    "radeon",
    "rockchip_rga",
    "rockchipdrm",
    "simpledrm",
    "tegra_drm",
    "v3d",
    "v4l2_mem2mem",
    "vc4",
    "venus_enc",
    "vfio",
    "vfio_iommu_type1",
    "vfio_pci",
    "vfio_pci_core",
    "vgem",
    "virtio_gpu",
    "vkms",
    "vmwgfx",
    "xe",
];

/// The parameters that have to do with GPUs: named above, or of one of those modules (`i915.enable_guc=2`).
pub(super) fn parameters(command_line: &str) -> Vec<String> {
    let wanted = |word: &&str| {
        let name = word.split('=').next().unwrap_or_default();
        let module = name.split_once('.').map(|(module, _)| module.replace('-', "_"));
        PARAMETERS.contains(&name)
            || module.is_some_and(|m| MODULES.contains(&m.as_str()) || m == "drm" || m == "iommu")
    };
    command_line.split_whitespace().filter(wanted).map(str::to_owned).collect()
}

/// The modules of the list that are loaded, or built in with parameters, which sysfs alone shows.
pub(super) fn modules(reader: &mut Reader<'_>) -> Vec<String> {
    let loaded = reader.text(&reader.roots.proc.join("modules")).unwrap_or_default();
    let mut names: BTreeSet<String> =
        loaded.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    let built_in = reader.names(&reader.roots.sys.join("module"));
    names.extend(built_in.iter().filter_map(|name| name.to_str()).map(str::to_owned));
    MODULES.iter().filter(|name| names.contains(**name)).map(|name| (*name).to_owned()).collect()
}

/// How many IOMMU groups there are (`Documentation/ABI/testing/sysfs-kernel-iommu_groups`).
pub(super) fn iommu_groups(reader: &mut Reader<'_>) -> Option<u32> {
    let path = reader.roots.sys.join("kernel/iommu_groups");
    path.is_dir().then(|| u32::try_from(reader.names(&path).len()).unwrap_or(u32::MAX))
}
