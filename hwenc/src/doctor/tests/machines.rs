//! Machines to be diagnosed, put together from parts.

use std::path::PathBuf;

use crate::device::{
    Access, Directory, Display, Group, Hardware, NodeFile, NvidiaGpu, NvidiaNode, OsError, PciId, RenderNode,
    VideoNode, vendor,
};
use crate::doctor::{Facts, LIBRARIES, LibraryFact};

pub(super) const RENDER: u32 = 993;

/// A host with Debian, an ordinary user, a full FFmpeg and every library; no device.
pub(super) fn host() -> Facts {
    let mut facts = Facts::default();
    facts.ffmpeg.version = "7.1.1-1+deb13u1".into();
    facts.ffmpeg.encoders =
        ["libx264", "libx265", "libsvtav1", "h264_vaapi", "hevc_vaapi", "h264_qsv", "h264_nvenc"]
            .map(str::to_owned)
            .to_vec();
    facts.libraries = LIBRARIES.iter().map(|name| library(name, true)).collect();
    facts.inventory.system.distributions = vec!["debian".into()];
    facts.inventory.process.uid = 1000;
    facts.inventory.process.effective_uid = 1000;
    facts.inventory.process.effective_gid = 1000;
    facts.inventory.process.groups = vec![27, 1000];
    facts.inventory.groups = vec![Group::new("render", RENDER), Group::new("video", 44)];
    facts
}

pub(super) fn library(name: &str, loaded: bool) -> LibraryFact {
    let error = (!loaded).then(|| format!("{name}: cannot open shared object file: /host/path"));
    LibraryFact { name: name.into(), loaded, error }
}

pub(super) fn without(mut facts: Facts, name: &str) -> Facts {
    facts.libraries.retain(|library| library.name != name);
    facts.libraries.push(library(name, false));
    facts
}

pub(super) fn refused(errno: i32) -> Access {
    Access::Refused(OsError::new(errno))
}

pub(super) fn hardware(id: PciId, driver: Option<&str>) -> Hardware {
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

pub(super) fn display(mut facts: Facts, id: PciId, driver: Option<&str>) -> Facts {
    let hardware = hardware(id, driver);
    let address = hardware.pci_address.clone().unwrap();
    facts.inventory.displays.push(Display { address, class: "030000".into(), hardware, drm: vec![] });
    facts
}

/// Adds a GPU with a render node; `file` is none where only the kernel knows the node.
pub(super) fn gpu(facts: Facts, id: PciId, file: Option<NodeFile>) -> Facts {
    let driver = if id == vendor::INTEL { "i915" } else { "amdgpu" };
    let mut facts = display(facts, id, Some(driver));
    let drm = &mut facts.inventory.drm;
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
    facts
}

pub(super) fn node(gid: u32, mode: u32, access: Access) -> Option<NodeFile> {
    let mut file = NodeFile::new(gid, mode, access);
    file.owner = Some("root".into());
    file.group = (gid == RENDER).then(|| "render".into());
    Some(file)
}

pub(super) fn open_node() -> Option<NodeFile> {
    node(RENDER, 0o660, Access::Open)
}

pub(super) fn container(mut facts: Facts, kind: &str) -> Facts {
    facts.inventory.container.kind = Some(kind.into());
    facts.inventory.groups.clear();
    facts.inventory.system.distributions = vec!["debian".into()];
    facts
}

pub(super) fn nvidia(facts: Facts, nodes: &[&str]) -> Facts {
    let mut facts = display(facts, vendor::NVIDIA, Some("nvidia"));
    let nvidia = &mut facts.inventory.nvidia;
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
    facts
}

pub(super) fn video(name: &str, label: &str) -> VideoNode {
    VideoNode::new(name, NodeFile::new(44, 0o660, Access::Open), Some(label))
}

pub(super) const ALL_NVIDIA: &[&str] = &["nvidiactl", "nvidia0", "nvidia-uvm"];

pub(super) fn with(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}
