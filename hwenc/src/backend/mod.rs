//! Backends: one file each, data plus a few functions. Adding one touches its file and the table below.

mod cuda;
mod nvmpi;
mod places;
mod qsv;
pub(crate) mod software;
mod v4l2m2m;
mod vaapi;
mod vulkan;

use crate::av::{self, DeviceKind, EncoderSettings, PixelFormat};
use crate::device::RenderNode;
use crate::error::{Code, Reason, Result};
use crate::probe::{Report, VaEntry};
use crate::select::{Codec, Request};

/// One way to encode.
pub(crate) struct Backend {
    /// Stable name.
    pub(crate) name: &'static str,
    /// Runs on a device, not on the CPU.
    pub(crate) hardware: bool,
    /// libavcodec's encoders, best first.
    pub(crate) encoders: &'static [(Codec, &'static str)],
    /// Where it could run on the machine of a report, and what stands in the way. Pure.
    pub(crate) places: fn(&Report) -> Vec<Place>,
    /// How sessions are opened; `None` while hwenc only detects the backend.
    pub(crate) driver: Option<Driver>,
}

/// How a backend that hwenc drives is opened.
pub(crate) struct Driver {
    /// The kind of device that its pictures live on; `None` for memory.
    pub(crate) surfaces: Option<DeviceKind>,
    /// What there is to encode with. Pure.
    pub(crate) offers: fn(&Report, &Request, encoder: &str, &Place) -> Offers,
    /// How far the way in which an offer gives out bits is from what is asked; 0 is just that.
    pub(crate) rate_control_rank: fn(&Request, &Offer) -> usize,
    /// The format that pictures are coded from, in memory or on the device.
    pub(crate) format: fn(&Request, encoder: &str) -> Result<PixelFormat>,
    /// Settings as AVOptions.
    pub(crate) configure: fn(&Request, encoder: &str, &Offer, &mut EncoderSettings) -> Result<()>,
    /// An IDR in the middle needs a new encoder, because this one cannot be asked for it.
    pub(crate) reopens_for_idr: fn(&Request, encoder: &str) -> bool,
    /// Options whose values are read back from the open encoder.
    pub(crate) applied: &'static [&'static str],
}

/// What a device's driver offers for a request; `None` for the CPU, and where nobody asked.
pub(crate) type Offer = Option<VaEntry>;

/// Each a candidate of its own, at least one; or what of the request cannot be done.
pub(crate) type Offers = Result<Vec<Offer>, Reason>;

/// A device on which a backend could run, or none for the CPU.
pub(crate) struct Place {
    /// The node or index.
    pub(crate) device: Option<String>,
    /// Why it does not work there.
    pub(crate) obstacle: Option<Reason>,
}

impl Place {
    fn blocked(device: Option<String>, obstacle: Reason) -> Self {
        Place { device, obstacle: Some(obstacle) }
    }
}

/// Every backend, in the order of preference.
pub(crate) static ALL: &[&Backend] = &[
    &cuda::BACKEND,
    &qsv::BACKEND,
    &vaapi::BACKEND,
    &vulkan::BACKEND,
    &nvmpi::BACKEND,
    &v4l2m2m::BACKEND,
    &software::BACKEND,
];

/// The node's driver may speak VA-API.
pub(crate) fn speaks_va(node: &RenderNode) -> bool {
    places::any_but_nvidia(node)
}

/// The backend and codec of an encoder.
pub(crate) fn of_encoder(name: &str) -> Option<(&'static Backend, Codec)> {
    ALL.iter().find_map(|b| b.encoders.iter().find(|(_, n)| *n == name).map(|(codec, _)| (*b, *codec)))
}

/// The kind of device that an encoder's pictures live on; `None` for memory.
pub(crate) fn surfaces(encoder: &str) -> Option<DeviceKind> {
    of_encoder(encoder)?.0.driver.as_ref()?.surfaces
}

/// Every encoder that hwenc knows.
pub(crate) fn encoder_names() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|b| b.encoders.iter().map(|(_, name)| *name))
}

/// Checks the options of a request whose encoder is named, before anything is opened.
///
/// # Errors
/// [`Code::OptionUnknown`], [`Code::EncoderNotCompiled`].
pub(crate) fn check_options(encoder: &str, options: &[(String, String)]) -> Result<()> {
    for (key, value) in options {
        if !av::encoder_has_option(encoder, key)? {
            return av::Options::from_pairs([(key, value)])?.all_taken(&format!("encoder {encoder}"));
        }
    }
    Ok(())
}

/// The reason that goes with a backend that is only detected so far.
pub(crate) fn not_driven(backend: &Backend) -> Reason {
    Reason::new(Code::BackendNotDriven, format!("this version of hwenc does not drive {} yet", backend.name))
}
