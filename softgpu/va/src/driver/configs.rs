//! Configurations and their attributes.

use std::sync::Arc;

use super::Call;
use super::caps::Cap;
use super::pointer::{List, Out};
use crate::failure::{Failure, Outcome};
use crate::sys::{self, VAConfigAttrib, VASurfaceAttrib};
use crate::{layout, plane::Format};

/// A configuration.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) cap: Arc<Cap>,
    pub(crate) rt_format: u32,
    pub(crate) rate_control: u32,
    pub(crate) packed_headers: u32,
}

/// What a context of a configuration does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Decode,
    Encode,
    Process,
}

impl Config {
    pub(crate) fn task(&self) -> Outcome<Task> {
        match self.cap.entrypoint {
            sys::VAEntrypointVLD => Ok(Task::Decode),
            sys::VAEntrypointEncSlice | sys::VAEntrypointEncSliceLP | sys::VAEntrypointEncPicture => {
                Ok(Task::Encode)
            }
            sys::VAEntrypointVideoProc => Ok(Task::Process),
            other => Err(Failure::unimplemented(format!("entrypoint {other} does nothing"))),
        }
    }
}

/// The lowest of some flags: the default where the client names none.
fn lowest(flags: u32) -> u32 {
    flags & flags.wrapping_neg()
}

impl Call<'_> {
    pub(super) fn query_config_profiles(&self, list: *mut i32, count: &Out<'_, i32>) -> Outcome {
        let profiles = self.driver.caps.profiles();
        // SAFETY: va.h: the list has room for vaMaxNumProfiles entries, which is how many there are.
        let list = unsafe { List::new(list, profiles.len()) };
        for (at, profile) in profiles.iter().enumerate() {
            list.put(at, *profile)?;
        }
        count.set(profiles.len() as i32)
    }

    pub(super) fn query_config_entrypoints(
        &self,
        profile: i32,
        list: *mut u32,
        count: &Out<'_, i32>,
    ) -> Outcome {
        let entrypoints = self.driver.caps.entrypoints(profile);
        if entrypoints.is_empty() {
            let why = format!("the device has no profile {profile}");
            return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE, why));
        }
        // SAFETY: va.h: the list has room for vaMaxNumEntrypoints entries, at least as many as there are.
        let list = unsafe { List::new(list, entrypoints.len()) };
        for (at, entrypoint) in entrypoints.iter().enumerate() {
            list.put(at, *entrypoint)?;
        }
        count.set(entrypoints.len() as i32)
    }

    pub(super) fn get_config_attributes(
        &self,
        profile: i32,
        entrypoint: u32,
        attributes: &List<'_, VAConfigAttrib>,
    ) -> Outcome {
        let cap = self.driver.caps.find(profile, entrypoint)?;
        for (at, mut attribute) in attributes.iter().enumerate() {
            attribute.value = cap.attribute(attribute.type_).unwrap_or(sys::VA_ATTRIB_NOT_SUPPORTED);
            attributes.put(at, attribute)?;
        }
        Ok(())
    }

    pub(super) fn create_config(
        &self,
        profile: i32,
        entrypoint: u32,
        attributes: &List<'_, VAConfigAttrib>,
        id: &Out<'_, u32>,
    ) -> Outcome {
        let cap = self.driver.caps.find(profile, entrypoint)?;
        self.faults(&cap.faults)?;
        let supported = |attribute| cap.attribute(attribute).unwrap_or(0);
        let rt_formats = supported(sys::VAConfigAttribRTFormat);
        let rates = supported(sys::VAConfigAttribRateControl);
        let mut config = Config {
            cap: cap.clone(),
            // FFmpeg names none for decoding (vaapi_decode.c), and finds the surfaces' formats by vaQuerySurfaceAttributes.
            rt_format: if entrypoint == sys::VAEntrypointVLD {
                rt_formats
            } else if rt_formats & sys::VA_RT_FORMAT_YUV420 != 0 {
                sys::VA_RT_FORMAT_YUV420
            } else {
                lowest(rt_formats)
            },
            rate_control: if rates & sys::VA_RC_CQP != 0 { sys::VA_RC_CQP } else { lowest(rates) },
            packed_headers: 0,
        };
        for attribute in attributes.iter() {
            let (has, value) = (supported(attribute.type_), attribute.value);
            match attribute.type_ {
                sys::VAConfigAttribRTFormat => {
                    if has & value == 0 {
                        let why = format!("RT format {value:#x} of {has:#x}");
                        return Err(Failure::new(sys::VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT, why));
                    }
                    config.rt_format = has & value;
                }
                sys::VAConfigAttribRateControl if value != sys::VA_RC_NONE || has != 0 => {
                    // MB and PARALLEL are flags beside a mode.
                    let mode = value & !(sys::VA_RC_MB | sys::VA_RC_PARALLEL);
                    if has & value != value || !mode.is_power_of_two() {
                        let why = format!("rate control {value:#x} of {has:#x}");
                        return Err(Failure::new(sys::VA_STATUS_ERROR_ATTR_NOT_SUPPORTED, why));
                    }
                    config.rate_control = mode;
                }
                sys::VAConfigAttribEncPackedHeaders => {
                    if has & value != value {
                        let why = format!("packed headers {value:#x} of {has:#x}");
                        return Err(Failure::new(sys::VA_STATUS_ERROR_ATTR_NOT_SUPPORTED, why));
                    }
                    config.packed_headers = value;
                }
                _ => {}
            }
        }
        id.set(self.add(&self.driver.configs, Arc::new(config))?)
    }

    pub(super) fn destroy_config(&self, id: u32) -> Outcome {
        self.config(id)?;
        let _ = self.driver.configs.remove(id);
        Ok(())
    }

    pub(super) fn query_config_attributes(
        &self,
        id: u32,
        profile: &Out<'_, i32>,
        entrypoint: &Out<'_, u32>,
        list: *mut VAConfigAttrib,
        count: &Out<'_, i32>,
    ) -> Outcome {
        let config = self.config(id)?;
        profile.set(config.cap.profile)?;
        entrypoint.set(config.cap.entrypoint)?;
        let mut attributes = config.cap.attributes.clone();
        for (name, value) in &mut attributes {
            match *name {
                sys::VAConfigAttribRTFormat => *value = config.rt_format,
                sys::VAConfigAttribRateControl => *value = config.rate_control,
                _ => {}
            }
        }
        // SAFETY: va.h: the list has room for vaMaxNumConfigAttributes entries, more than a profile can name.
        let list = unsafe { List::new(list, attributes.len()) };
        for (at, (type_, value)) in attributes.iter().enumerate() {
            list.put(at, VAConfigAttrib { type_: *type_, value: *value })?;
        }
        count.set(attributes.len() as i32)
    }

    /// Attributes of surfaces for a configuration.
    pub(super) fn query_surface_attributes(
        &self,
        id: u32,
        list: *mut VASurfaceAttrib,
        count: &Out<'_, u32>,
    ) -> Outcome {
        let config = self.config(id)?;
        let attributes = self.surface_attributes(&config);
        let room = count.get()? as usize;
        count.set(attributes.len() as u32)?;
        if list.is_null() {
            return Ok(());
        }
        if room < attributes.len() {
            let why = format!("{} attributes, room for {room}", attributes.len());
            return Err(Failure::new(sys::VA_STATUS_ERROR_MAX_NUM_EXCEEDED, why));
        }
        // SAFETY: the client says that there is room for so many.
        let list = unsafe { List::new(list, attributes.len()) };
        for (at, attribute) in attributes.into_iter().enumerate() {
            list.put(at, attribute)?;
        }
        Ok(())
    }

    fn surface_attributes(&self, config: &Config) -> Vec<VASurfaceAttrib> {
        const GET: u32 = sys::VA_SURFACE_ATTRIB_GETTABLE;
        const SET: u32 = sys::VA_SURFACE_ATTRIB_SETTABLE;
        let integer = |type_, flags, number: u32| {
            let mut attribute = VASurfaceAttrib { type_, flags, ..VASurfaceAttrib::default() };
            attribute.value.type_ = sys::VAGenericValueTypeInteger;
            attribute.value.value.i = number.cast_signed();
            attribute
        };
        let pointer = |type_| {
            let mut attribute = VASurfaceAttrib { type_, flags: SET, ..VASurfaceAttrib::default() };
            attribute.value.type_ = sys::VAGenericValueTypePointer;
            attribute.value.value.p = std::ptr::null_mut();
            attribute
        };
        let surface = &self.driver.profile.surface;
        let limit = |attribute, own: u32| config.cap.attribute(attribute).map_or(own, |max| max.min(own));
        let caps = &self.driver.caps;
        let formats: Vec<Format> = match config.task() {
            // The processor takes and gives all formats.
            Ok(Task::Process) => caps.formats(u32::MAX).collect(),
            // Codecs have one layout per RT format, as hardware has: NV12, never I420 (intel-media-driver,
            // QuerySurfaceAttributes; FFmpeg's decoder would take the other, which no encoder knows).
            _ => caps.preferred_formats(config.rt_format),
        };
        let mut attributes: Vec<VASurfaceAttrib> = formats
            .iter()
            .map(|format| integer(sys::VASurfaceAttribPixelFormat, GET | SET, format.fourcc()))
            .collect();
        let memory = sys::VA_SURFACE_ATTRIB_MEM_TYPE_VA
            | sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME
            | sys::VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2;
        attributes.extend([
            integer(sys::VASurfaceAttribMinWidth, GET, surface.min[0]),
            integer(
                sys::VASurfaceAttribMaxWidth,
                GET,
                limit(sys::VAConfigAttribMaxPictureWidth, surface.max[0]),
            ),
            integer(sys::VASurfaceAttribMinHeight, GET, surface.min[1]),
            integer(
                sys::VASurfaceAttribMaxHeight,
                GET,
                limit(sys::VAConfigAttribMaxPictureHeight, surface.max[1]),
            ),
            integer(sys::VASurfaceAttribMemoryType, GET | SET, memory),
            pointer(sys::VASurfaceAttribExternalBufferDescriptor),
            integer(sys::VASurfaceAttribUsageHint, GET | SET, 0),
        ]);
        if surface.tiled {
            attributes.push(pointer(sys::VASurfaceAttribDRMFormatModifiers));
        }
        if let Some([width, height]) = config.cap.alignment {
            // va.h: log2 of the width's alignment in bits 0 to 3, of the height's in bits 4 to 7.
            let log2 = width.trailing_zeros() | height.trailing_zeros() << 4;
            attributes.push(integer(sys::SURFACE_ATTRIB_ALIGNMENT_SIZE, GET, log2));
        }
        attributes
    }
}

/// Whether surfaces of a modifier can be made or taken by the device.
pub(super) fn knows_modifier(call: &Call<'_>, modifier: u64) -> bool {
    match modifier {
        layout::LINEAR | layout::INVALID => true,
        layout::TILED => call.driver.profile.surface.tiled,
        _ => false,
    }
}
