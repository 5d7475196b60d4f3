//! `softgpu list`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use softgpu_core::profile::{self, EMBEDDED, Profile};

/// Codecs by the beginning of a profile's name in VA-API; the last that fits counts.
const CODECS: [(&str, &str); 8] = [
    ("H264", "H.264"),
    ("HEVC", "HEVC"),
    ("HEVCMain10", "HEVC 10"),
    ("AV1", "AV1"),
    ("VP9", "VP9"),
    ("VP8", "VP8"),
    ("MPEG2", "MPEG-2"),
    ("JPEG", "JPEG"),
];

/// Codecs of the configurations whose entrypoints begin like this, in the order of [`CODECS`].
fn codecs(profile: &Profile, entrypoint: &str) -> Vec<&'static str> {
    let configs = profile
        .configs
        .iter()
        .filter(|config| config.entrypoints.iter().any(|name| name.starts_with(entrypoint)));
    let names: BTreeSet<usize> = configs
        .flat_map(|config| &config.profiles)
        .filter_map(|name| CODECS.iter().rposition(|(start, _)| name.starts_with(start)))
        .collect();
    names.into_iter().map(|at| CODECS[at].1).collect()
}

fn json_of(profile: &Profile) -> Value {
    json!({
        "name": profile.name,
        "about": profile.about,
        "vendor_string": profile.vendor_string,
        "va_driver": profile.va_driver,
        "drm": profile.drm,
        "encode": codecs(profile, "Enc"),
        "decode": codecs(profile, "VLD"),
        "configs": profile.configs,
        "faults": profile.faults,
        "sources": profile.sources,
    })
}

/// Writes the list.
pub fn list(out: &mut impl Write, as_json: bool) -> Result<()> {
    let profiles: Result<Vec<Profile>> =
        EMBEDDED.iter().map(|(name, _)| profile::named(name).map_err(|error| anyhow!("{error}"))).collect();
    let profiles = profiles?;
    let written = if as_json { write_json(out, &profiles) } else { write_text(out, &profiles) };
    match written {
        // Who reads may have seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn write_json(out: &mut impl Write, profiles: &[Profile]) -> io::Result<()> {
    let all: Vec<Value> = profiles.iter().map(json_of).collect();
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

fn write_text(out: &mut impl Write, profiles: &[Profile]) -> io::Result<()> {
    let width = profiles.iter().map(|profile| profile.name.len()).max().unwrap_or(0);
    for profile in profiles {
        let encode = codecs(profile, "Enc");
        let encode = if encode.is_empty() { "nothing".to_owned() } else { encode.join(", ") };
        writeln!(out, "{:width$}  {}", profile.name, profile.about)?;
        writeln!(out, "{:width$}  encodes {encode}; driver {}", "", profile.va_driver)?;
    }
    writeln!(out, "{:width$}  no /dev/dri at all", "none")?;
    writeln!(out, "{:width$}  an empty /dev/dri", "empty")
}
