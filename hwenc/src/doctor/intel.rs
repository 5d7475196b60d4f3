//! What follows from the generation of an Intel GPU: which driver and which runtime it needs.

use crate::device::PciId;

/// Generations as far as drivers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Generation {
    /// Up to Haswell, and Cherryview: i965 alone.
    UpToHaswell,
    /// Broadwell.
    Broadwell,
    /// Skylake to Comet Lake, Apollo Lake, Gemini Lake.
    Skylake,
    /// Ice Lake, Elkhart Lake, Jasper Lake.
    IceLake,
    /// Tiger Lake, Rocket Lake.
    TigerLake,
    /// DG1, Alder Lake, and all after them.
    AlderLake,
}

/// First and last device id, as the kernel groups them (include/drm/intel/pciids.h).
const IDS: &[(u16, u16, Generation)] = &[
    (0x0042, 0x0046, Generation::UpToHaswell),
    (0x0102, 0x016a, Generation::UpToHaswell),
    (0x0402, 0x042e, Generation::UpToHaswell),
    (0x0a02, 0x0a2e, Generation::UpToHaswell),
    (0x0a84, 0x0a84, Generation::Skylake),
    (0x0c02, 0x0c2e, Generation::UpToHaswell),
    (0x0d02, 0x0d2e, Generation::UpToHaswell),
    (0x0f30, 0x0f33, Generation::UpToHaswell),
    (0x1602, 0x163e, Generation::Broadwell),
    (0x1902, 0x193d, Generation::Skylake),
    (0x1a84, 0x1a85, Generation::Skylake),
    // Cherryview is of Broadwell's generation, and iHD leaves it out (media-driver's README, "Supported Platforms").
    (0x22b0, 0x22b3, Generation::UpToHaswell),
    (0x3184, 0x3185, Generation::Skylake),
    (0x3e90, 0x3ea9, Generation::Skylake),
    (0x4541, 0x4571, Generation::IceLake),
    (0x4626, 0x46d4, Generation::AlderLake),
    (0x4905, 0x4909, Generation::AlderLake),
    (0x4c80, 0x4c9a, Generation::TigerLake),
    (0x4e51, 0x4e71, Generation::IceLake),
    (0x5690, 0x56c2, Generation::AlderLake),
    (0x5902, 0x593b, Generation::Skylake),
    (0x5a84, 0x5a85, Generation::Skylake),
    (0x6420, 0x64b0, Generation::AlderLake),
    (0x7d40, 0x7dd5, Generation::AlderLake),
    (0x87c0, 0x87ca, Generation::Skylake),
    (0x8a50, 0x8a71, Generation::IceLake),
    (0x9a40, 0x9af8, Generation::TigerLake),
    (0x9b21, 0x9bf6, Generation::Skylake),
    (0xa720, 0xa7ad, Generation::AlderLake),
    (0xb080, 0xb0b0, Generation::AlderLake),
    (0xb640, 0xb640, Generation::AlderLake),
    (0xe202, 0xe223, Generation::AlderLake),
];

impl Generation {
    /// None for ids that are not known here.
    pub(super) fn of(device: PciId) -> Option<Self> {
        IDS.iter().find(|(first, last, _)| (*first..=*last).contains(&device.0)).map(|(.., found)| *found)
    }

    /// The VA-API driver that it cannot do without; none where either works: iHD begins with Broadwell (media-driver's
    /// README), and i965 ends with the last of Skylake's kin (intel-vaapi-driver, src/i965_pciids.h).
    pub(super) fn driver(self) -> Option<&'static str> {
        match self {
            Generation::UpToHaswell => Some("i965"),
            Generation::Broadwell | Generation::Skylake => None,
            _ => Some("iHD"),
        }
    }

    /// The runtime of Quick Sync: VPL's begins with Tiger Lake (vpl-gpu-rt's README), Media SDK's covers those before.
    pub(super) fn runtime(self) -> &'static str {
        if self >= Generation::TigerLake { "libmfx-gen.so.1.2" } else { "libmfxhw64.so.1" }
    }
}

/// The model of a processor that Intel sells without its GPU: its number ends in F or KF.
pub(super) fn processor_without_gpu(cpu: &str) -> Option<&str> {
    let number = |word: &&str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let model = word.strip_prefix(['i', 'I']).unwrap_or(word);
        digits >= 3 && model.starts_with(|c: char| c.is_ascii_digit()) && model.ends_with('F')
    };
    cpu.contains("Intel").then(|| cpu.split_whitespace().find(number)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_do_not_overlap() {
        assert!(IDS.windows(2).all(|pair| pair[0].1 < pair[1].0), "sorted");
        assert!(IDS.iter().all(|(first, last, _)| first <= last));
    }

    #[test]
    fn generations_by_known_devices() {
        for (id, generation, driver) in [
            (0x0412, Generation::UpToHaswell, Some("i965")), // HD 4600
            (0x22b1, Generation::UpToHaswell, Some("i965")), // Braswell
            (0x1616, Generation::Broadwell, None),           // HD 5500
            (0x3e92, Generation::Skylake, None),             // UHD 630
            (0x9bc5, Generation::Skylake, None),             // Comet Lake
            (0x4e61, Generation::IceLake, Some("iHD")),      // Jasper Lake
            (0x9a49, Generation::TigerLake, Some("iHD")),    // Iris Xe
            (0x46d1, Generation::AlderLake, Some("iHD")),    // N100
            (0x56a0, Generation::AlderLake, Some("iHD")),    // Arc A770
        ] {
            assert_eq!(Generation::of(PciId(id)), Some(generation), "{id:04x}");
            assert_eq!(generation.driver(), driver, "{id:04x}");
        }
        assert_eq!(Generation::of(PciId(0x1234)), None);
        assert_eq!(Generation::TigerLake.runtime(), "libmfx-gen.so.1.2");
        assert_eq!(Generation::IceLake.runtime(), "libmfxhw64.so.1");
    }

    #[test]
    fn processors_without_a_gpu_by_their_names() {
        for (name, without) in [
            ("12th Gen Intel(R) Core(TM) i5-12400F", Some("i5-12400F")),
            ("Intel(R) Core(TM) i9-9900KF CPU @ 3.60GHz", Some("i9-9900KF")),
            ("Intel(R) Core(TM) Ultra 5 245KF", Some("245KF")),
            ("Intel(R) Core(TM) i5-12400", None),
            ("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", None),
            ("AMD Ryzen 5 7500F 6-Core Processor", None),
            ("Intel(R) N100", None),
        ] {
            assert_eq!(processor_without_gpu(name), without, "{name}");
        }
    }
}
