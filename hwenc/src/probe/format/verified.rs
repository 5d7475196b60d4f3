//! [`verified()`]: what was shown to work, by encoder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::backend;
use crate::probe::{Outcome, Report};
use crate::select::{Chroma, Codec};

/// An encoder, as far as trials verified it.
pub(super) struct Verified {
    pub(super) codec: Codec,
    pub(super) hardware: bool,
    /// Nodes or indices; one without a name for the CPU.
    pub(super) devices: BTreeSet<Option<String>>,
    /// Makers of the devices, where they are known.
    pub(super) vendors: BTreeSet<String>,
    pub(super) ten_bit: bool,
    pub(super) yuv444: bool,
    /// The largest picture.
    pub(super) size: (u32, u32),
}

/// Encoders of which a trial was verified, by name.
pub(super) fn verified(report: &Report) -> BTreeMap<String, Verified> {
    let mut all: BTreeMap<String, Verified> = BTreeMap::new();
    for tried in &report.trials {
        let Outcome::Verified(_) = &tried.outcome else { continue };
        // A report is data: what no hwenc of this version knows may be anything.
        let Some((backend, codec)) = backend::of_encoder(&tried.trial.encoder) else { continue };
        let trial = &tried.trial;
        let encoder = all.entry(trial.encoder.clone()).or_insert_with(|| Verified {
            codec,
            hardware: backend.hardware,
            devices: BTreeSet::new(),
            vendors: BTreeSet::new(),
            ten_bit: false,
            yuv444: false,
            size: (0, 0),
        });
        encoder.devices.insert(trial.device.clone());
        if backend.hardware {
            encoder.vendors.extend(maker(report, backend.name, trial.device.as_deref()));
        }
        let request = &trial.request;
        encoder.ten_bit |= request.bit_depth == 10;
        encoder.yuv444 |= request.chroma == Chroma::Yuv444;
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let size = (request.width, request.height);
        if area(size) > area(encoder.size) {
            encoder.size = size;
        }
    }
    all
}

fn maker(report: &Report, backend: &str, device: Option<&str>) -> Option<String> {
    if matches!(backend, "cuda" | "nvmpi") {
        return Some("NVIDIA".to_owned());
    }
    let path = Path::new(device?);
    let node = report.machine.drm.render_nodes.iter().find(|node| node.path == path)?;
    let hardware = node.hardware.as_ref()?;
    hardware.vendor_name.clone().or_else(|| hardware.vendor.map(String::from))
}
