//! [`Load`]: how busy a device is.

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::device::Roots;

use self::client::{Client, Usage, clients};
use super::{Nvml, NvmlGpu};

/// How busy one engine of a device was while it was looked at, by the kernel's count of each client
/// (Documentation/gpu/drm-usage-stats.rst) or by NVML.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Load {
    /// The device's PCI address, else its node.
    pub device: String,
    /// The engine by its driver's name: `video`, `enc`, `render`, …
    pub engine: String,
    /// Share of the time that it was busy, in per cent.
    pub percent: f64,
    /// Clients that have the device open, as far as this process may see them; of NVIDIA's the encoding sessions of all
    /// processes.
    pub clients: u32,
}

/// A look at how busy DRM devices are, on a thread of its own: reading what a wedged driver writes may never come back.
pub(crate) struct Watch(Receiver<Vec<Load>>);

impl Watch {
    /// Looks now, and once more after `sample` where anybody uses a device.
    pub(crate) fn begin(roots: &Roots, sample: Duration) -> Self {
        let (roots, (tell, told)) = (roots.clone(), mpsc::channel());
        thread::spawn(move || {
            let _ = tell.send(loads(&roots, sample)); // nobody may want it any more
        });
        Watch(told)
    }

    /// What was seen; nothing where that takes longer than `limit` from now.
    pub(crate) fn end(self, limit: Duration) -> Vec<Load> {
        self.0.recv_timeout(limit).unwrap_or_default()
    }
}

/// How busy DRM devices are during this time, by device and engine. Only clients that this process may look at count: root sees all,
/// a user their own, a container its own. Comes back at once where there is none.
///
/// It reads what drivers write into procfs, which wakes no device.
fn loads(roots: &Roots, sample: Duration) -> Vec<Load> {
    let (start, before) = (Instant::now(), clients(&roots.proc));
    if before.is_empty() {
        return Vec::new();
    }
    thread::sleep(sample);
    let after = clients(&roots.proc);
    between(&before, &after, start.elapsed())
}

/// What clients did between two looks. One that came or went between them counts as a client, if it is there, and not as work.
fn between(before: &[Client], after: &[Client], elapsed: Duration) -> Vec<Load> {
    let before: BTreeMap<_, _> = before.iter().map(|client| (client.key(), client)).collect();
    let mut devices: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut engines: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for client in after {
        // The same client through another descriptor or in another process.
        if !seen.insert(client.key()) {
            continue;
        }
        devices.entry(&client.device).or_default().insert(&client.id);
        for (engine, usage) in &client.engines {
            let share = engines.entry((&client.device, engine)).or_default();
            let earlier = before.get(&client.key()).and_then(|client| client.engines.get(engine));
            *share += earlier.map_or(0.0, |earlier| busy(earlier, usage, elapsed));
        }
    }
    let count = |device: &str| devices.get(device).map_or(0, |clients| clients.len() as u32);
    let load = |((device, engine), share): (&(&str, &str), &f64)| Load {
        device: (*device).to_owned(),
        engine: (*engine).to_owned(),
        percent: tenths(share * 100.0),
        clients: count(device),
    };
    engines.iter().map(load).collect()
}

/// The share of an engine that one client used, of 1; of all its units where it has several.
fn busy(before: &Usage, after: &Usage, elapsed: Duration) -> f64 {
    let grown = |a: Option<u64>, b: Option<u64>| Some(b?.saturating_sub(a?) as f64);
    let cycles = grown(before.cycles, after.cycles).zip(grown(before.total_cycles, after.total_cycles));
    let share = match cycles {
        Some((used, all)) if all > 0.0 => used / all,
        Some(_) => 0.0,
        None => {
            let used = grown(before.nanoseconds, after.nanoseconds).unwrap_or(0.0);
            used / (elapsed.as_nanos() as f64).max(1.0)
        }
    };
    share / f64::from(after.units.max(1))
}

/// To tenths of a per cent: clocks are read one after the other, so that more says nothing, and a busy engine may seem busier than
/// it can be.
fn tenths(percent: f64) -> f64 {
    (percent.clamp(0.0, 100.0) * 10.0).round() / 10.0
}

/// What NVML said, in the same form: `enc` with the encoding sessions of all processes, `dec`, and `gpu` for the shaders.
pub(crate) fn loads_of(nvml: &Nvml) -> Vec<Load> {
    nvml.gpus.iter().flat_map(of_gpu).collect()
}

fn of_gpu(gpu: &NvmlGpu) -> Vec<Load> {
    let device = match (&gpu.pci_address, gpu.minor) {
        (Some(address), _) => address.clone(),
        (None, Some(minor)) => format!("/dev/nvidia{minor}"),
        (None, None) => return Vec::new(),
    };
    let clients = gpu.encoder_sessions.unwrap_or(0);
    let engines = [("enc", gpu.encoder_percent), ("dec", gpu.decoder_percent), ("gpu", gpu.gpu_percent)];
    let load = |(engine, percent): (&str, Option<u32>)| {
        let percent = f64::from(percent?);
        Some(Load { device: device.clone(), engine: engine.to_owned(), percent, clients })
    };
    engines.into_iter().filter_map(load).collect()
}

#[cfg(test)]
mod tests;
