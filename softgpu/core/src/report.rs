//! What happened in a run, as JSON. Each process adds its part to one file when it ends.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A report: of a process, or of all processes of a run together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Processes that have added to it.
    pub processes: u64,
    /// Calls by entry, without those that never came.
    pub calls: BTreeMap<String, u64>,
    /// Times that an image's pixels were mapped.
    pub image_maps: u64,
    /// `vaPutImage` that copied.
    pub put_images: u64,
    /// `vaGetImage` that copied.
    pub get_images: u64,
    /// Images that are a surface's own memory.
    pub derived_images: u64,
    /// Bytes of pictures that the driver copied by CPU for the client: `vaPutImage`, `vaGetImage`, `vaCopy`.
    pub cpu_bytes: u64,
    /// Objects that were alive at the end, by kind.
    pub alive: BTreeMap<String, u64>,
    /// The largest number of objects that were alive at once in a process, by kind.
    pub peak: BTreeMap<String, u64>,
    /// Pictures encoded.
    pub encodes: u64,
    /// Pictures decoded.
    pub decodes: u64,
    /// Pictures processed.
    pub vpp_ops: u64,
    /// Surfaces whose memory came from elsewhere.
    pub imports: u64,
    /// Surfaces whose memory was handed out.
    pub exports: u64,
    /// Calls that a fault rule changed, by rule.
    pub faults: BTreeMap<String, u64>,
    /// Rules of the API that the client broke.
    pub misuse: Vec<Misuse>,
}

/// A rule of the API that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misuse {
    /// The rule, by a stable name.
    pub rule: String,
    /// The entry that saw it first.
    pub entry: String,
    /// What was seen first.
    pub seen: String,
    /// Where the rule is written.
    pub source: String,
    /// How often it was broken.
    pub count: u64,
}

fn add(into: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>) {
    for (key, count) in from {
        *into.entry(key.clone()).or_default() += count;
    }
}

impl Report {
    /// Adds another process's part.
    pub fn merge(&mut self, other: &Report) {
        self.processes += other.processes;
        add(&mut self.calls, &other.calls);
        add(&mut self.alive, &other.alive);
        add(&mut self.faults, &other.faults);
        for (key, peak) in &other.peak {
            let own = self.peak.entry(key.clone()).or_default();
            *own = (*own).max(*peak);
        }
        self.image_maps += other.image_maps;
        self.put_images += other.put_images;
        self.get_images += other.get_images;
        self.derived_images += other.derived_images;
        self.cpu_bytes += other.cpu_bytes;
        self.encodes += other.encodes;
        self.decodes += other.decodes;
        self.vpp_ops += other.vpp_ops;
        self.imports += other.imports;
        self.exports += other.exports;
        for misuse in &other.misuse {
            match self.misuse.iter_mut().find(|own| own.rule == misuse.rule) {
                Some(own) => own.count += misuse.count,
                None => self.misuse.push(misuse.clone()),
            }
        }
    }

    /// Reads a report.
    pub fn load(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }

    /// Adds this part to the file, which need not exist; other processes wait meanwhile.
    pub fn add_to(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.lock()?;
        let result = self.add_to_locked(&mut file);
        file.unlock()?;
        result
    }

    fn add_to_locked(&self, file: &mut File) -> io::Result<()> {
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut whole: Report =
            if text.trim().is_empty() { Report::default() } else { serde_json::from_str(&text)? };
        whole.merge(self);
        let mut text = serde_json::to_string_pretty(&whole)?;
        text.push('\n');
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }
}

/// Counts calls of a family of entries; cheap enough for every call.
#[derive(Debug)]
pub struct Calls {
    names: &'static [&'static str],
    counts: Box<[AtomicU64]>,
}

impl Calls {
    /// No calls yet.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self { names, counts: names.iter().map(|_| AtomicU64::new(0)).collect() }
    }

    /// Counts a call of the entry with this index.
    pub fn count(&self, index: usize) {
        self.counts[index].fetch_add(1, Ordering::Relaxed);
    }

    /// The calls by name, without those that never came.
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        self.names
            .iter()
            .zip(counts)
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| ((*name).to_owned(), n))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Va;

    fn part() -> Report {
        let calls = Calls::new(Va::NAMES);
        calls.count(Va::EndPicture as usize);
        calls.count(Va::EndPicture as usize);
        Report {
            processes: 1,
            calls: calls.by_name(),
            image_maps: 3,
            alive: [("surfaces".to_owned(), 4)].into(),
            peak: [("surfaces".to_owned(), 9)].into(),
            misuse: vec![Misuse {
                rule: "map.twice".to_owned(),
                entry: "va.MapBuffer".to_owned(),
                seen: "buffer 3".to_owned(),
                source: "va.h".to_owned(),
                count: 2,
            }],
            ..Report::default()
        }
    }

    #[test]
    fn processes_add_up() {
        let mut whole = part();
        whole.merge(&part());
        assert_eq!(whole.processes, 2);
        assert_eq!(whole.calls["va.EndPicture"], 4);
        assert_eq!(whole.calls.len(), 1);
        assert_eq!((whole.image_maps, whole.alive["surfaces"], whole.peak["surfaces"]), (6, 8, 9));
        assert_eq!((whole.misuse.len(), whole.misuse[0].count), (1, 4));
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let path = std::env::temp_dir().join(format!("softgpu-report-{}.json", std::process::id()));
        let _ = std::fs::remove_file(&path);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..25).for_each(|_| part().add_to(&path).expect("added")));
            }
        });
        let whole = Report::load(&path).expect("a whole report");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!((whole.processes, whole.calls["va.EndPicture"], whole.image_maps), (200, 400, 600));
    }

    #[test]
    fn a_shorter_report_leaves_no_tail_and_a_broken_one_is_kept() {
        let path = std::env::temp_dir().join(format!("softgpu-report-tail-{}.json", std::process::id()));
        std::fs::write(&path, " ".repeat(100_000)).expect("written");
        part().add_to(&path).expect("added");
        assert_eq!(Report::load(&path).expect("whole"), part());
        std::fs::write(&path, "not json").expect("written");
        assert!(part().add_to(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "not json");
        std::fs::remove_file(&path).expect("removed");
    }
}
