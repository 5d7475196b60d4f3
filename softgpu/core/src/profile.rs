//! Device profiles: what a simulated device says of itself and what it can do, as TOML.
//!
//! ```toml
//! name = "intel-arc"                 # of `softgpu run --device`
//! about = "Intel Arc A380"           # one line for `softgpu list`
//! sources = ["…"]                    # where its numbers come from
//! vendor_string = "Intel iHD driver …"
//! va_driver = "iHD"                  # libva's name for its driver; i965, radeonsi, virtio_gpu
//!
//! [drm]
//! driver = "i915"                    # kernel driver of its nodes
//! group = "render"                   # owner and mode of the render node
//! mode = 0o660
//! address = "0000:03:00.0"           # on PCI
//! [drm.pci]                          # none for devices that are not on PCI
//! vendor = 0x8086
//! device = 0x56a5
//! class = 0x030000
//!
//! [surface]
//! formats = ["NV12", "P010", "BGRA"]  # fourccs, the preferred one of each RT format first
//! pitch_align = 64                   # bytes; a power of two
//! height_align = 32                  # rows that are allocated are a multiple of this
//! min = [16, 16]
//! max = [16384, 16384]
//! tiled = true                       # also offers softgpu's tiled modifier
//!
//! [[config]]                         # one for each set of profiles × entrypoints that share attributes
//! profiles = ["H264Main", "H264High"]    # as in va.h, without VAProfile
//! entrypoints = ["EncSlice"]             # without VAEntrypoint
//! alignment = [16, 16]                   # VASurfaceAttribAlignmentSize, where libva has it
//! sessions = 3                           # contexts at once; none: any number
//! faults = ["va.EndPicture=ENCODING_ERROR"]  # for lying devices: rules for this configuration alone
//! [config.attributes]                # as in va.h, without VAConfigAttrib: a number, or names of flags
//! RTFormat = ["YUV420"]
//! RateControl = ["CQP", "CBR", "VBR"]
//! EncPackedHeaders = ["SEQUENCE", "PICTURE", "SLICE", "MISC", "RAW_DATA"]
//! EncMaxRefFrames = 0x10004
//! MaxPictureWidth = 4096
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fault::Rule;
use crate::names;

/// A simulated device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name for `--device`.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Where the numbers come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What `vaQueryVendorString` returns.
    pub vendor_string: String,
    /// libva's name for the driver.
    pub va_driver: String,
    /// The kernel's view.
    pub drm: Drm,
    /// Surfaces.
    pub surface: Surface,
    /// What it can do.
    #[serde(default, rename = "config")]
    pub configs: Vec<Config>,
    /// Fault rules of a device that lies or fails.
    #[serde(default)]
    pub faults: Vec<Rule>,
}

/// The kernel's view of a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drm {
    /// Name of the kernel driver.
    pub driver: String,
    /// Name of the group that owns the render node.
    #[serde(default = "render")]
    pub group: String,
    /// Permissions of the render node.
    #[serde(default = "rw_group")]
    pub mode: u32,
    /// Where it is on PCI, if it is.
    pub pci: Option<Pci>,
    /// The address on PCI that such a device has; one nearby where two devices would have the same.
    #[serde(default = "first_card")]
    pub address: String,
}

fn first_card() -> String {
    "0000:03:00.0".to_owned()
}

fn render() -> String {
    "render".to_owned()
}

fn rw_group() -> u32 {
    0o660
}

/// Ids on PCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pci {
    /// Vendor.
    pub vendor: u16,
    /// Device.
    pub device: u16,
    /// Subsystem's vendor.
    #[serde(default)]
    pub subsystem_vendor: u16,
    /// Subsystem's device.
    #[serde(default)]
    pub subsystem_device: u16,
    /// Class, subclass and interface.
    #[serde(default = "vga")]
    pub class: u32,
    /// Revision.
    #[serde(default)]
    pub revision: u8,
}

fn vga() -> u32 {
    0x03_0000
}

/// How surfaces can be and lie in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surface {
    /// Fourccs; the first of each RT format is the one made when none is asked for.
    pub formats: Vec<String>,
    /// Rows begin at multiples of this.
    pub pitch_align: u32,
    /// Planes have a multiple of this many rows.
    #[serde(default = "one")]
    pub height_align: u32,
    /// Smallest.
    #[serde(default = "ones")]
    pub min: [u32; 2],
    /// Largest.
    pub max: [u32; 2],
    /// Whether the tiled modifier is offered beside linear.
    #[serde(default)]
    pub tiled: bool,
}

fn one() -> u32 {
    1
}

fn ones() -> [u32; 2] {
    [1, 1]
}

/// What some profiles have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// VA profiles.
    pub profiles: Vec<String>,
    /// VA entrypoints.
    pub entrypoints: Vec<String>,
    /// Size that surfaces should be a multiple of, as the driver advises it.
    pub alignment: Option<[u32; 2]>,
    /// Contexts at once.
    pub sessions: Option<u32>,
    /// Fault rules that hold for this configuration alone.
    #[serde(default)]
    pub faults: Vec<Rule>,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Value>,
}

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// The number itself.
    Number(u32),
    /// Names of flags.
    Flags(Vec<String>),
}

impl Config {
    /// Numbers of the profiles.
    pub fn profile_numbers(&self) -> impl Iterator<Item = i32> + '_ {
        self.profiles.iter().filter_map(|name| names::number(names::PROFILE, name))
    }

    /// Numbers of the entrypoints.
    pub fn entrypoint_numbers(&self) -> impl Iterator<Item = i32> + '_ {
        self.entrypoints.iter().filter_map(|name| names::number(names::ENTRYPOINT, name))
    }

    /// Attributes, as `VAConfigAttrib` numbers them, with their values.
    pub fn attribute_numbers(&self) -> impl Iterator<Item = (i32, u32)> + '_ {
        self.attributes.iter().filter_map(|(name, value)| {
            let value = resolve(name, value).ok()?;
            Some((names::number(names::ATTRIBUTE, name)?, value))
        })
    }
}

/// A profile that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

macro_rules! embedded {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../profiles/", $name, ".toml")))),*] };
}

/// The profiles that come with softgpu: name and TOML.
pub const EMBEDDED: &[(&str, &str)] = embedded! {
    "intel-haswell" "intel-gen9" "intel-arc" "amd-rdna2" "amd-rdna3" "virtio"
    "liar-h264-open" "liar-hevc" "liar-10bit" "liar-wrong" "liar-green" "liar-p-first" "liar-hang" "liar-crash" "liar-init"
};

/// A profile that comes with softgpu.
pub fn named(name: &str) -> Result<Profile, Error> {
    match EMBEDDED.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => parse(text),
        None => {
            let known: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
            Err(Error(format!("there is no device `{name}`; there are {}", known.join(", "))))
        }
    }
}

/// Reads a profile and checks that every name in it is known.
pub fn parse(text: &str) -> Result<Profile, Error> {
    let profile: Profile = toml::from_str(text).map_err(|error| Error(error.to_string()))?;
    profile.check()?;
    Ok(profile)
}

impl Profile {
    fn check(&self) -> Result<(), Error> {
        let fail = |what: String| Err(Error(format!("device `{}`: {what}", self.name)));
        if !self.surface.pitch_align.is_power_of_two() || !self.surface.height_align.is_power_of_two() {
            return fail("pitch_align and height_align must be powers of two".to_owned());
        }
        if let Some(format) = self.surface.formats.iter().find(|name| !FOURCC.contains(&name.as_str())) {
            return fail(format!("surface format `{format}`; there are {}", FOURCC.join(", ")));
        }
        for config in &self.configs {
            for name in &config.profiles {
                if names::number(names::PROFILE, name).is_none() {
                    return fail(format!("profile `{name}`; there are {}", names::list(names::PROFILE)));
                }
            }
            for name in &config.entrypoints {
                if names::number(names::ENTRYPOINT, name).is_none() {
                    return fail(format!(
                        "entrypoint `{name}`; there are {}",
                        names::list(names::ENTRYPOINT)
                    ));
                }
            }
            if config.alignment.is_some_and(|size| size.iter().any(|side| !side.is_power_of_two())) {
                return fail("alignment must be powers of two".to_owned());
            }
            for (name, value) in &config.attributes {
                if let Err(what) = resolve(name, value) {
                    return fail(what);
                }
            }
        }
        Ok(())
    }
}

/// Surface formats that the driver can make.
pub const FOURCC: &[&str] = &[
    "NV12", "P010", "I420", "YV12", "YUY2", "UYVY", "Y800", "444P", "BGRA", "BGRX", "RGBA", "RGBX", "ARGB",
    "ABGR",
];

/// The number of an attribute's value.
fn resolve(attribute: &str, value: &Value) -> Result<u32, String> {
    if names::number(names::ATTRIBUTE, attribute).is_none() {
        return Err(format!("attribute `{attribute}`; there are {}", names::list(names::ATTRIBUTE)));
    }
    let flags = match value {
        Value::Number(number) => return Ok(*number),
        Value::Flags(flags) => flags,
    };
    let table = match attribute {
        "RTFormat" => names::RT_FORMAT,
        "RateControl" => names::RATE_CONTROL,
        "EncPackedHeaders" => names::PACKED_HEADER,
        "EncSliceStructure" => names::SLICE_STRUCTURE,
        "DecSliceMode" => names::DEC_SLICE_MODE,
        _ => return Err(format!("attribute `{attribute}` is a number, not names")),
    };
    flags.iter().try_fold(0, |sum, flag| match names::number(table, flag) {
        Some(number) => Ok(sum | number),
        None => Err(format!("attribute `{attribute}` has no `{flag}`; there are {}", names::list(table))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_profiles_are_sound_and_bear_their_name() {
        for (name, _) in EMBEDDED {
            let profile = named(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(profile.name, *name);
            assert!(!profile.configs.is_empty() && !profile.sources.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_unknown_device_is_told_which_there_are() {
        let error = named("voodoo").expect_err("there is none").to_string();
        assert!(error.contains("`voodoo`") && error.contains("intel-arc"), "{error}");
    }

    #[test]
    fn attributes_are_numbers_or_names() {
        let flags = |names: &[&str]| Value::Flags(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(resolve("RateControl", &flags(&["CQP", "CBR"])), Ok(0x12));
        assert_eq!(resolve("EncMaxRefFrames", &Value::Number(0x10004)), Ok(0x10004));
        let error = resolve("RateControl", &flags(&["FAST"])).expect_err("no such mode");
        assert!(error.contains("`FAST`") && error.contains("QVBR"), "{error}");
        assert!(resolve("EncMaxRefFrames", &flags(&["CQP"])).is_err());
        assert!(resolve("Colour", &Value::Number(1)).is_err());
    }

    #[test]
    fn a_wrong_name_anywhere_is_refused() {
        let good = EMBEDDED[0].1;
        assert!(parse(good).is_ok());
        for (from, to) in [
            ("\"H264Main\"", "\"H265Main\""),
            ("\"EncSlice\"", "\"EncodeSlice\""),
            ("pitch_align = ", "pitch_align = 1"),
            ("\"NV12\"", "\"NV99\""),
            ("about = ", "abuot = "),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from} is not in the profile");
            assert!(parse(&bad).is_err(), "{to} was taken");
        }
    }
}
