//! Reports of machines, put together from parts, for tests.

use std::path::PathBuf;

use crate::device::{
    Access, Directory, Display, Group, Hardware, NodeFile, NvidiaGpu, NvidiaNode, OsError, PciId, RenderNode,
    VideoNode, vendor,
};

use crate::backend;
use crate::error::{Code, Reason};
use crate::select::Request;

use super::{
    Bare, Isolation, LIBRARIES, Library, Nvml, NvmlGpu, Outcome, Proof, Report, Trial, Tried, VaDriver,
    VaEntry, VaRateControl,
};

pub(crate) const RENDER: u32 = 993;

/// A host with Debian, an ordinary user, a full FFmpeg and every library; no device.
pub(crate) fn host() -> Report {
    let mut report = Report::default();
    report.ffmpeg.version = "7.1.1-1+deb13u1".into();
    report.ffmpeg.encoders =
        ["libx264", "libx265", "libsvtav1", "h264_vaapi", "hevc_vaapi", "h264_qsv", "h264_nvenc"]
            .map(str::to_owned)
            .to_vec();
    report.libraries = LIBRARIES.iter().map(|name| library(name, true)).collect();
    report.machine.system.distributions = vec!["debian".into()];
    report.machine.process.uid = 1000;
    report.machine.process.effective_uid = 1000;
    report.machine.process.effective_gid = 1000;
    report.machine.process.groups = vec![27, 1000];
    report.machine.groups = vec![Group::new("render", RENDER), Group::new("video", 44)];
    report
}

pub(crate) fn library(name: &str, loaded: bool) -> Library {
    let error = (!loaded).then(|| format!("{name}: cannot open shared object file: /host/path"));
    Library::new(name, error.as_deref())
}

pub(crate) fn without(mut report: Report, name: &str) -> Report {
    report.libraries.retain(|library| library.name != name);
    report.libraries.push(library(name, false));
    report
}

pub(crate) fn refused(errno: i32) -> Access {
    Access::Refused(OsError::new(errno))
}

pub(crate) fn hardware(id: PciId, driver: Option<&str>) -> Hardware {
    let names = [(vendor::INTEL, "Intel"), (vendor::AMD, "AMD"), (vendor::NVIDIA, "NVIDIA")];
    Hardware {
        bus: Some("pci".into()),
        pci_address: Some(format!("0000:{:02x}:00.0", id.0 & 0xff)),
        vendor: Some(id),
        device: Some(PciId(0x1234)),
        vendor_name: names.iter().find(|(i, _)| *i == id).map(|(_, name)| (*name).into()),
        driver: driver.map(str::to_owned),
        ..Hardware::default()
    }
}

pub(crate) fn display(mut report: Report, id: PciId, driver: Option<&str>) -> Report {
    let hardware = hardware(id, driver);
    let address = hardware.pci_address.clone().unwrap();
    report.machine.displays.push(Display { address, class: "030000".into(), hardware, drm: vec![] });
    report
}

/// Adds a GPU with a render node; `file` is none where only the kernel knows the node.
pub(crate) fn gpu(report: Report, id: PciId, file: Option<NodeFile>) -> Report {
    let driver = if id == vendor::INTEL { "i915" } else { "amdgpu" };
    let mut report = display(report, id, Some(driver));
    let drm = &mut report.machine.drm;
    let minor = 128 + drm.render_nodes.len() as u32;
    let name = format!("renderD{minor}");
    if file.is_some() {
        drm.directory = Directory::Present;
        drm.entries.push(name.clone());
    }
    drm.render_nodes.push(RenderNode {
        path: PathBuf::from("/dev/dri").join(&name),
        name,
        minor,
        file,
        hardware: Some(hardware(id, Some(driver))),
        card: None,
    });
    report
}

pub(crate) fn node(gid: u32, mode: u32, access: Access) -> Option<NodeFile> {
    let mut file = NodeFile::new(gid, mode, access);
    file.owner = Some("root".into());
    file.group = (gid == RENDER).then(|| "render".into());
    Some(file)
}

pub(crate) fn open_node() -> Option<NodeFile> {
    node(RENDER, 0o660, Access::Open)
}

pub(crate) fn container(mut report: Report, kind: &str) -> Report {
    report.machine.container.kind = Some(kind.into());
    report.machine.groups.clear();
    report.machine.system.distributions = vec!["debian".into()];
    report
}

pub(crate) fn nvidia(report: Report, nodes: &[&str]) -> Report {
    let mut report = display(report, vendor::NVIDIA, Some("nvidia"));
    let nvidia = &mut report.machine.nvidia;
    nvidia.driver_version = Some("535.183.01".into());
    nvidia.version_text = Some("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01".into());
    let gpu =
        NvidiaGpu { pci_address: "0000:de:00.0".into(), model: Some("Tesla T4".into()), minor: Some(0) };
    nvidia.gpus.push(gpu);
    for name in nodes {
        let node = NvidiaNode::new(name, NodeFile::new(0, 0o666, Access::Open));
        match *name {
            "nvidiactl" => nvidia.control = Some(node),
            "nvidia-uvm" => nvidia.uvm = Some(node),
            _ => nvidia.nodes.push(node),
        }
    }
    report
}

/// The same with GPU nodes that do not open.
pub(crate) fn nvidia_refuses(mut report: Report, mode: u32, errno: i32) -> Report {
    for node in &mut report.machine.nvidia.nodes {
        node.file = NodeFile::new(0, mode, refused(errno));
    }
    report
}

pub(crate) fn video(name: &str, label: &str) -> VideoNode {
    VideoNode::new(name, NodeFile::new(44, 0o660, Access::Open), Some(label))
}

pub(crate) const ALL_NVIDIA: &[&str] = &["nvidiactl", "nvidia0", "nvidia-uvm"];

pub(crate) fn with(mut report: Report, change: impl FnOnce(&mut Report)) -> Report {
    change(&mut report);
    report
}

/// Adds a trial that worked, or failed with this code.
pub(crate) fn tried(mut report: Report, encoder: &str, device: &str, failed: Option<Code>) -> Report {
    let (_, codec) = backend::of_encoder(encoder).expect("an encoder of hwenc");
    let device = (!device.is_empty()).then_some(device);
    let trial = Trial::new(encoder, device, None, &Request::new(codec, 1280, 720));
    let outcome = match failed {
        None => Outcome::Verified(Proof { frames: 8, psnr_luma_db: 45.0, bit_depth: 8, ..Proof::default() }),
        Some(code) => Outcome::Failed(
            Reason::new(code, format!("{encoder} failed")).evidence("/usr/lib/driver.so: 0x7f00deadbeef"),
        ),
    };
    report.trials.push(Tried::new(trial, outcome, 12.5));
    report.isolation = Isolation::Process;
    report
}

/// The same with another device id for the last GPU.
pub(crate) fn model(mut report: Report, device: u16) -> Report {
    let device = Some(PciId(device));
    if let Some(hardware) = report.machine.drm.render_nodes.last_mut().and_then(|n| n.hardware.as_mut()) {
        hardware.device = device;
    }
    if let Some(display) = report.machine.displays.last_mut() {
        display.hardware.device = device;
    }
    report
}

/// A VA-API driver of a node, with profiles and entrypoints such as `H264High EncSlice`.
pub(crate) fn va_driver(node: &str, words: &str, entries: &[&str]) -> VaDriver {
    let mut driver = VaDriver::new(node, None);
    driver.vendor = Some(words.to_owned());
    for entry in entries {
        let (profile, entrypoint) = entry.split_once(' ').expect("profile and entrypoint");
        driver.entries.push(VaEntry {
            profile: profile.into(),
            entrypoint: entrypoint.into(),
            rate_control: vec![VaRateControl::Cqp, VaRateControl::Cbr, VaRateControl::Vbr],
            yuv420: true,
            ..VaEntry::default()
        });
    }
    driver
}

/// One that does not start.
pub(crate) fn dead_driver(node: &str) -> VaDriver {
    VaDriver::new(node, Some("/usr/lib/dri/x_drv_video.so init failed: va_openDriver() returns -1".into()))
}

/// One of several, asked for by name.
pub(crate) fn named(mut driver: VaDriver, name: &str) -> VaDriver {
    driver.name = Some(name.into());
    driver
}

/// Adds an encoder of a backend that hwenc does not drive, which refused.
pub(crate) fn bare(mut report: Report, encoder: &str, device: &str, code: Code, words: &str) -> Report {
    let refused = Reason::new(code, format!("{encoder} did not open")).evidence(words);
    report.bare.push(Bare::new(encoder, Some(device), Some(refused)));
    report
}

/// Adds NVML's answers: names, and whether each has an encoder.
pub(crate) fn nvml(mut report: Report, gpus: &[(&str, Option<bool>)]) -> Report {
    let gpu = |(index, (name, has_encoder)): (usize, &(&str, Option<bool>))| NvmlGpu {
        index: index as u32,
        name: (*name).into(),
        pci_address: Some(format!("0000:{index:02x}:00.0")),
        minor: Some(index as u32),
        has_encoder: *has_encoder,
        encoder_sessions: Some(8),
        ..NvmlGpu::default()
    };
    report.nvml = Some(Nvml {
        driver_version: Some("470.256.02".into()),
        gpus: gpus.iter().enumerate().map(gpu).collect(),
        ..Nvml::default()
    });
    report
}

/// Adds a trial at 10 bit.
pub(crate) fn tried_10_bit(report: Report, encoder: &str, device: &str, failed: Option<Code>) -> Report {
    with(tried(report, encoder, device, failed), |r| {
        r.trials.last_mut().unwrap().trial.request.bit_depth = 10;
    })
}
