//! How a piece of software is installed on the system at hand.

use crate::probe::Report;

use super::finding::Step;
use super::questions;

/// Something to install: what it is, and the arguments of the system's installer.
pub(super) struct Software {
    /// Words for systems that are not listed.
    pub(super) what: &'static str,
    /// By `ID` or `ID_LIKE` of os-release; the first that fits.
    commands: &'static [(&'static str, &'static str)],
    /// What has to be known besides, likewise by system.
    notes: &'static [(&'static str, &'static str)],
}

const RPM_FUSION: (&str, &str) =
    ("fedora", "it is in RPM Fusion, which has to be set up first: rpmfusion.org/Configuration");
const PACKMAN: (&str, &str) = ("opensuse", "it is in Packman, which `opi` sets up");
const MULTIVERSE: (&str, &str) =
    ("ubuntu", "it is in the component multiverse: `sudo add-apt-repository multiverse`");
const NON_FREE: (&str, &str) =
    ("debian", "it is in Debian's component non-free, which has to be among the sources of apt");
const NON_FREE_FIRMWARE: (&str, &str) =
    ("debian", "it is in Debian's component non-free-firmware, which has to be among the sources of apt");

pub(super) const FFMPEG: Software = Software {
    what: "an FFmpeg of version 5.1 to 9 with the encoders of your GPU",
    commands: &[
        ("debian", "apt install ffmpeg"),
        ("fedora", "dnf swap ffmpeg-free ffmpeg --allowerasing"),
        ("arch", "pacman -S ffmpeg"),
        ("alpine", "apk add ffmpeg"),
        ("opensuse", "zypper install opi && opi codecs"),
    ],
    notes: &[RPM_FUSION, PACKMAN],
};

pub(super) const LIBVA: Software = Software {
    what: "libva (libva.so.2 and libva-drm.so.2)",
    commands: &[
        ("debian", "apt install libva2 libva-drm2"),
        ("fedora", "dnf install libva"),
        ("arch", "pacman -S libva"),
        ("alpine", "apk add libva"),
        ("opensuse", "zypper install libva2 libva-drm2"),
    ],
    notes: &[],
};

/// For GPUs from Broadwell on. Fedora's own is named apart from that of RPM Fusion.
pub(super) const INTEL_DRIVER: Software = Software {
    what: "Intel's VA-API driver iHD (intel-media-driver)",
    commands: &[
        ("debian", "apt install intel-media-va-driver"),
        ("fedora", "dnf install intel-media-driver"),
        ("arch", "pacman -S intel-media-driver"),
        ("alpine", "apk add intel-media-driver"),
        ("opensuse", "zypper install intel-media-driver"),
    ],
    notes: &[RPM_FUSION],
};

/// The same with the parts that Intel gives out as binaries, without which many GPUs encode little or nothing
/// (media-driver's README, "Full-feature" and "Free-kernel").
pub(super) const INTEL_FULL_DRIVER: Software = Software {
    what: "the full build of Intel's VA-API driver iHD",
    commands: &[
        ("debian", "apt install intel-media-va-driver-non-free"),
        ("fedora", "dnf swap libva-intel-media-driver intel-media-driver --allowerasing"),
        ("arch", "pacman -S intel-media-driver"),
        ("alpine", "apk add intel-media-driver"),
        ("opensuse", "zypper install intel-media-driver"),
    ],
    notes: &[MULTIVERSE, NON_FREE, RPM_FUSION],
};

/// For GPUs before Broadwell.
pub(super) const INTEL_OLD_DRIVER: Software = Software {
    what: "Intel's older VA-API driver i965 (intel-vaapi-driver)",
    commands: &[
        ("debian", "apt install i965-va-driver"),
        ("fedora", "dnf install libva-intel-driver"),
        ("arch", "pacman -S libva-intel-driver"),
        ("alpine", "apk add libva-intel-driver"),
        ("opensuse", "zypper install intel-vaapi-driver"),
    ],
    notes: &[RPM_FUSION],
};

pub(super) const MESA_DRIVER: Software = Software {
    what: "Mesa's VA-API driver, built with its encoders",
    commands: &[
        ("debian", "apt install mesa-va-drivers"),
        ("fedora", "dnf swap mesa-va-drivers mesa-va-drivers-freeworld"),
        ("arch", "pacman -S mesa"),
        ("alpine", "apk add mesa-va-gallium"),
        ("opensuse", "zypper install opi && opi codecs"),
    ],
    notes: &[RPM_FUSION, PACKMAN],
};

pub(super) const QUICK_SYNC: Software = Software {
    what: "Intel's GPU runtime for VPL (libmfx-gen.so.1.2)",
    commands: &[
        ("debian", "apt install libmfx-gen1.2"),
        ("fedora", "dnf install intel-vpl-gpu-rt"),
        ("arch", "pacman -S vpl-gpu-rt"),
        ("alpine", "apk add onevpl-intel-gpu"),
    ],
    notes: &[],
};

/// For GPUs before Tiger Lake. Distributions drop it: its makers have ended it.
pub(super) const MEDIA_SDK: Software = Software {
    what: "Intel's Media SDK runtime (libmfxhw64.so.1), where the system still has it",
    commands: &[
        ("ubuntu", "apt install libmfx1"),
        ("debian", "apt install libmfx1"),
        ("fedora", "dnf install intel-mediasdk"),
        ("alpine", "apk add intel-media-sdk"),
    ],
    notes: &[("debian", "newer releases have it no more; VA-API encodes on the same GPU without it")],
};

pub(super) const NVIDIA_DRIVER: Software = Software {
    what: "NVIDIA's own driver",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install nvidia-driver libnvidia-encode1"),
        ("fedora", "dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda"),
        ("arch", "pacman -S nvidia-open nvidia-utils"),
    ],
    notes: &[("ubuntu", "then restart"), NON_FREE, RPM_FUSION],
};

pub(super) const CUDA: Software = Software {
    what: "the user part of NVIDIA's driver (libcuda.so.1), of the same version as the kernel part",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install libcuda1"),
        ("fedora", "dnf install xorg-x11-drv-nvidia-cuda"),
        ("arch", "pacman -S nvidia-utils"),
    ],
    notes: &[],
};

pub(super) const NVENC: Software = Software {
    what: "NVIDIA's encoding library (libnvidia-encode.so.1), of the same version as the driver",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install libnvidia-encode1"),
        ("fedora", "dnf install xorg-x11-drv-nvidia-cuda-libs"),
        ("arch", "pacman -S nvidia-utils"),
    ],
    notes: &[],
};

pub(super) const VULKAN: Software = Software {
    what: "the Vulkan loader (libvulkan.so.1) and the Vulkan driver of your GPU",
    commands: &[
        ("debian", "apt install libvulkan1 mesa-vulkan-drivers"),
        ("fedora", "dnf install vulkan-loader mesa-vulkan-drivers"),
    ],
    notes: &[],
};

pub(super) const AMD_FIRMWARE: Software = Software {
    what: "the firmware of AMD GPUs",
    commands: &[
        ("ubuntu", "apt install linux-firmware"),
        ("debian", "apt install firmware-amd-graphics"),
        ("fedora", "dnf install amd-gpu-firmware"),
        ("arch", "pacman -S linux-firmware"),
        ("alpine", "apk add linux-firmware-amdgpu"),
        ("opensuse", "zypper install kernel-firmware-amdgpu"),
    ],
    notes: &[("ubuntu", ""), NON_FREE_FIRMWARE],
};

pub(super) const INTEL_FIRMWARE: Software = Software {
    what: "the firmware of Intel GPUs (GuC and HuC)",
    commands: &[
        ("ubuntu", "apt install linux-firmware"),
        ("debian", "apt install firmware-misc-nonfree"),
        ("fedora", "dnf install intel-gpu-firmware"),
        ("arch", "pacman -S linux-firmware"),
        ("alpine", "apk add linux-firmware-i915"),
        ("opensuse", "zypper install kernel-firmware-i915"),
    ],
    notes: &[
        ("ubuntu", ""),
        (
            "debian",
            "from Debian 13 on it is firmware-intel-graphics; both are in the component non-free-firmware",
        ),
    ],
};

/// Takes over what stands in `/etc/modprobe.d` for the modules that are loaded first.
pub(super) const EARLY_MODULES: Software = Software {
    what: "the new settings into the initial ramdisk",
    commands: &[
        ("debian", "update-initramfs -u"),
        ("fedora", "dracut --force"),
        ("arch", "mkinitcpio -P"),
        ("alpine", "mkinitfs"),
        ("opensuse", "dracut --force"),
    ],
    notes: &[],
};

/// The entry of the system at hand.
fn of<'a>(report: &Report, table: &'a [(&str, &str)]) -> Option<&'a str> {
    let systems = &report.machine.system.distributions;
    let fits = |id: &str| systems.iter().any(|system| system == id || system.starts_with(&format!("{id}-")));
    table.iter().find(|(id, _)| fits(id)).map(|(_, text)| *text)
}

impl Software {
    /// The command where the system is known, else a sentence.
    pub(super) fn step(&self, report: &Report) -> Step {
        match of(report, self.commands) {
            Some(command) => Step::Run(questions::as_root(report, command)),
            None => Step::Say(format!("install {}", self.what)),
        }
    }

    /// The same, and what has to be known besides.
    pub(super) fn steps(&self, report: &Report) -> Vec<Step> {
        let note = of(report, self.notes).filter(|note| !note.is_empty());
        [self.step(report)].into_iter().chain(note.map(|note| Step::Say(note.to_owned()))).collect()
    }
}
