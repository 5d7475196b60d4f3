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
}

pub(super) const FFMPEG: Software = Software {
    what: "an FFmpeg of version 5.1 to 9 with the encoders of your GPU",
    commands: &[
        ("debian", "apt install ffmpeg"),
        ("fedora", "dnf swap ffmpeg-free ffmpeg --allowerasing"),
        ("arch", "pacman -S ffmpeg"),
    ],
};

pub(super) const LIBVA: Software = Software {
    what: "libva (libva.so.2 and libva-drm.so.2)",
    commands: &[
        ("debian", "apt install libva2 libva-drm2"),
        ("fedora", "dnf install libva"),
        ("arch", "pacman -S libva"),
    ],
};

pub(super) const INTEL_DRIVER: Software = Software {
    what: "Intel's VA-API driver: iHD for GPUs from Broadwell on, i965 for those before",
    commands: &[
        ("debian", "apt install intel-media-va-driver"),
        ("fedora", "dnf install intel-media-driver"),
        ("arch", "pacman -S intel-media-driver"),
    ],
};

pub(super) const MESA_DRIVER: Software = Software {
    what: "Mesa's VA-API driver, built with its encoders",
    commands: &[
        ("debian", "apt install mesa-va-drivers"),
        ("fedora", "dnf install mesa-va-drivers-freeworld"),
        ("arch", "pacman -S libva-mesa-driver"),
    ],
};

pub(super) const QUICK_SYNC: Software = Software {
    what: "Intel's GPU runtime for VPL (libmfx-gen.so.1.2)",
    commands: &[
        ("debian", "apt install libmfx-gen1.2"),
        ("fedora", "dnf install intel-vpl-gpu-rt"),
        ("arch", "pacman -S vpl-gpu-rt"),
    ],
};

pub(super) const NVIDIA_DRIVER: Software = Software {
    what: "NVIDIA's own driver",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install nvidia-driver libnvidia-encode1"),
        ("fedora", "dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda"),
        ("arch", "pacman -S nvidia nvidia-utils"),
    ],
};

pub(super) const CUDA: Software = Software {
    what: "the user part of NVIDIA's driver (libcuda.so.1), of the same version as the kernel part",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install libcuda1"),
        ("fedora", "dnf install xorg-x11-drv-nvidia-cuda"),
        ("arch", "pacman -S nvidia-utils"),
    ],
};

pub(super) const NVENC: Software = Software {
    what: "NVIDIA's encoding library (libnvidia-encode.so.1), of the same version as the driver",
    commands: &[
        ("ubuntu", "ubuntu-drivers install"),
        ("debian", "apt install libnvidia-encode1"),
        ("fedora", "dnf install xorg-x11-drv-nvidia-cuda-libs"),
        ("arch", "pacman -S nvidia-utils"),
    ],
};

pub(super) const VULKAN: Software = Software {
    what: "the Vulkan loader (libvulkan.so.1) and the Vulkan driver of your GPU",
    commands: &[
        ("debian", "apt install libvulkan1 mesa-vulkan-drivers"),
        ("fedora", "dnf install vulkan-loader mesa-vulkan-drivers"),
    ],
};

pub(super) const AMD_FIRMWARE: Software = Software {
    what: "the firmware of AMD GPUs",
    commands: &[
        ("ubuntu", "apt install linux-firmware"),
        ("debian", "apt install firmware-amd-graphics"),
        ("fedora", "dnf install amd-gpu-firmware"),
        ("arch", "pacman -S linux-firmware"),
    ],
};

impl Software {
    /// The command where the system is known, else a sentence.
    pub(super) fn step(&self, report: &Report) -> Step {
        let systems = &report.machine.system.distributions;
        let command = self.commands.iter().find(|(id, _)| systems.iter().any(|system| system == id));
        match command {
            Some((_, command)) => Step::Run(questions::as_root(report, command)),
            None => Step::Say(format!("install {}", self.what)),
        }
    }
}
