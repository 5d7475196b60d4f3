//! What the device can do, out of its profile.

use std::sync::Arc;

use softgpu_core::fault::Faults;
use softgpu_core::profile::Profile;

use crate::failure::{Failure, Outcome};
use crate::plane::Format;
use crate::sys;

/// A profile with an entrypoint.
#[derive(Debug)]
pub(crate) struct Cap {
    pub(crate) index: usize,
    pub(crate) profile: i32,
    pub(crate) entrypoint: u32,
    pub(crate) attributes: Vec<(u32, u32)>,
    pub(crate) alignment: Option<[u32; 2]>,
    pub(crate) sessions: Option<u32>,
    pub(crate) faults: Arc<Faults>,
}

impl Cap {
    pub(crate) fn attribute(&self, attribute: u32) -> Option<u32> {
        self.attributes.iter().find(|(known, _)| *known == attribute).map(|(_, value)| *value)
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Caps {
    caps: Vec<Arc<Cap>>,
    formats: Vec<Format>,
}

impl Caps {
    pub(super) fn new(profile: &Profile) -> Self {
        let mut caps = Vec::new();
        for config in &profile.configs {
            let faults = Arc::new(Faults::new(config.faults.iter().cloned()));
            for profile in config.profile_numbers() {
                for entrypoint in config.entrypoint_numbers().map(i32::cast_unsigned) {
                    caps.push(Arc::new(Cap {
                        index: caps.len(),
                        profile,
                        entrypoint,
                        attributes: config
                            .attribute_numbers()
                            .map(|(name, value)| (name.cast_unsigned(), value))
                            .collect(),
                        alignment: config.alignment,
                        sessions: config.sessions,
                        faults: faults.clone(),
                    }));
                }
            }
        }
        let formats = profile.surface.formats.iter().filter_map(|name| Format::of_name(name)).collect();
        Self { caps, formats }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Cap>> {
        self.caps.iter()
    }

    /// Profiles, each once.
    pub(super) fn profiles(&self) -> Vec<i32> {
        let mut profiles = Vec::new();
        for cap in &self.caps {
            if !profiles.contains(&cap.profile) {
                profiles.push(cap.profile);
            }
        }
        profiles
    }

    /// Entrypoints of a profile, each once.
    pub(super) fn entrypoints(&self, profile: i32) -> Vec<u32> {
        let mut entrypoints = Vec::new();
        for cap in self.caps.iter().filter(|cap| cap.profile == profile) {
            if !entrypoints.contains(&cap.entrypoint) {
                entrypoints.push(cap.entrypoint);
            }
        }
        entrypoints
    }

    pub(super) fn most_entrypoints(&self) -> usize {
        self.profiles().into_iter().map(|profile| self.entrypoints(profile).len()).max().unwrap_or(0)
    }

    pub(super) fn find(&self, profile: i32, entrypoint: u32) -> Outcome<&Arc<Cap>> {
        let mut of_profile = self.caps.iter().filter(|cap| cap.profile == profile).peekable();
        if of_profile.peek().is_none() {
            let why = format!("the device has no profile {profile}");
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE, why));
        }
        of_profile.find(|cap| cap.entrypoint == entrypoint).ok_or_else(|| {
            let why = format!("the device has no entrypoint {entrypoint} for profile {profile}");
            Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT, why)
        })
    }

    /// Surface formats of some RT formats, the preferred ones first.
    pub(super) fn formats(&self, rt_formats: u32) -> impl Iterator<Item = Format> + '_ {
        self.formats.iter().copied().filter(move |format| format.rt_format() & rt_formats != 0)
    }

    /// The first of each RT format.
    pub(super) fn preferred_formats(&self, rt_formats: u32) -> Vec<Format> {
        let mut formats: Vec<Format> = Vec::new();
        for format in self.formats(rt_formats) {
            if formats.iter().all(|known| known.rt_format() != format.rt_format()) {
                formats.push(format);
            }
        }
        formats
    }
}
