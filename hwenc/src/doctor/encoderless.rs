//! GPUs that have no encoder, and processors that have no GPU.

use std::path::Path;

use crate::device::{PciId, vendor};
use crate::error::Code;
use crate::probe::Report;

use super::finding::Finding;
use super::intel::processor_without_gpu;
use super::node::SOFTWARE;
use super::questions;
use super::trouble::{self, Trouble};

/// NVIDIA's GPUs without an encoder, by words of their names (Video Encode and Decode GPU Support Matrix).
const NVIDIA: &[&str] = &[
    "A100", "A800", "A30", "H100", "H200", "H800", "H20", "GH200", "B100", "B200", "B300", "GB200", "GB300",
    "GT 1030", "MX150", "MX230", "MX250", "MX330", "MX350",
];

/// AMD's Navi 24, whose video unit only decodes: device ids of the amdgpu driver (drivers/gpu/drm/amd/amdgpu/amdgpu_drv.c,
/// "Beige Goby").
const NAVI_24: std::ops::RangeInclusive<u16> = 0x7420..=0x743f;

fn names(model: &str) -> bool {
    let parts: Vec<&str> = model.split([' ', '-', '_']).collect();
    let has = |name: &&str| match name.split_once(' ') {
        Some((a, b)) => parts.windows(2).any(|pair| pair == [a, b]),
        None => parts.contains(name),
    };
    NVIDIA.iter().any(has)
}

/// NVIDIA's GPUs: those without an encoder, and whether there are others. NVML's word goes before the table, and the
/// encoder's own before both.
fn nvidia(report: &Report, refused: &[Trouble<'_>]) -> (Vec<String>, bool) {
    let answers = report.nvml.as_ref().map_or(&[][..], |nvml| &nvml.gpus);
    let all: Vec<(String, bool)> = if answers.is_empty() {
        let models = report.machine.nvidia.gpus.iter().filter_map(|gpu| gpu.model.clone());
        models.map(|model| (model.clone(), names(&model))).collect()
    } else {
        let lacks = |has: Option<bool>, name: &str| has.map_or_else(|| names(name), |has| !has);
        answers.iter().map(|gpu| (gpu.name.clone(), lacks(gpu.has_encoder, &gpu.name))).collect()
    };
    let refuses = |path: &Path| refused.iter().any(|t| t.device.as_deref() == Some(&*path.to_string_lossy()));
    let spared = report.machine.nvidia.nodes.iter().any(|node| !refuses(&node.path));
    let others = all.iter().any(|(_, lacks)| !lacks) && spared && questions::nvidia_works(report);
    (all.into_iter().filter(|(_, lacks)| *lacks).map(|(name, _)| name).collect(), others)
}

fn is_navi_24(vendor: Option<PciId>, device: Option<PciId>) -> bool {
    vendor == Some(vendor::AMD) && device.is_some_and(|device| NAVI_24.contains(&device.0))
}

pub(super) fn no_encoder(report: &Report) -> Finding {
    let found = trouble::of(report, &[Code::DeviceNoEncoder]);
    let (mut without, nvidia_others) = nvidia(report, &found);
    let nodes = &report.machine.drm.render_nodes;
    let navi = nodes.iter().filter(|node| {
        node.hardware.as_ref().is_some_and(|hardware| is_navi_24(hardware.vendor, hardware.device))
    });
    let navi: Vec<_> = navi.map(|node| node.path.display().to_string()).collect();
    without.extend(navi.iter().map(|path| format!("the AMD GPU of {path}")));
    let mut barren: Vec<Option<String>> = navi.into_iter().map(Some).collect();
    barren.extend(found.iter().map(|trouble| trouble.device.clone()));
    if without.is_empty() {
        without.extend(found.iter().filter_map(|trouble| trouble.device.clone()));
    }
    without.dedup();
    if without.is_empty() {
        return processor(report);
    }
    let others = report.machine.usable_render_nodes().any(|node| {
        let own = node.hardware.as_ref().is_none_or(|hardware| hardware.vendor != Some(vendor::NVIDIA));
        own && !barren.contains(&Some(node.path.display().to_string()))
    });
    Finding::problem(
        format!("no encoder in {}", without.join(", ")),
        "such a GPU computes or decodes, and has no unit that encodes: no driver or setting changes that",
    )
    .plainly("the GPU of this machine has no video encoder")
    .unless(others || nvidia_others)
    .say("use another GPU: most of NVIDIA's other models, Intel's and AMD's have an encoder")
    .say(SOFTWARE)
    .evidences(found.iter().flat_map(Trouble::evidence).collect::<Vec<_>>())
}

/// Intel sells processors without their GPU.
fn processor(report: &Report) -> Finding {
    let machine = &report.machine;
    let known = [vendor::INTEL, vendor::AMD, vendor::NVIDIA].iter().any(|id| machine.has_vendor(*id));
    let model = machine.system.cpu.as_deref().and_then(processor_without_gpu);
    match model.filter(|_| !known && !machine.nvidia.is_present() && !machine.system.virtual_machine) {
        Some(model) => Finding::problem(
            format!("the processor, {model}, is one of those without a GPU"),
            "Intel's models that end in F lack the GPU, and with it Quick Sync, that others of the series have",
        )
        .plainly("the processor of this machine has no GPU, and no other is here")
        .unless(questions::v4l2_encoder_opens(report))
        .say("add a GPU that can encode, such as one of Intel's Arc cards")
        .say(SOFTWARE),
        None => Finding::not_needed("no GPU that is known to lack it"),
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn models_are_told_by_whole_words() {
        for (model, without) in [
            ("NVIDIA A100-SXM4-40GB", true),
            ("NVIDIA H100 PCIe", true),
            ("NVIDIA H200", true),
            ("NVIDIA GeForce GT 1030", true),
            ("NVIDIA GeForce MX350", true),
            ("NVIDIA A10", false),
            ("NVIDIA A30", true),
            ("NVIDIA RTX A3000 Laptop GPU", false),
            ("Tesla T4", false),
            ("NVIDIA L4", false),
            ("NVIDIA GeForce RTX 3060", false),
        ] {
            assert_eq!(names(model), without, "{model}");
        }
    }
}
