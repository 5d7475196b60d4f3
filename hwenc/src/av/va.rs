//! libva's answers about a render node, asked without FFmpeg. The driver runs in this process.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::sync::Mutex;

use hwenc_sys::va::{self, Va};

use crate::probe::{VaDriver, VaEntry, VaRateControl};

/// A display that was initialised. Dropping it ends the driver.
struct Display<'l> {
    va: &'l Va,
    display: va::VADisplay,
    /// What libva and the driver said. In a box, as libva keeps its address.
    said: Box<Said>,
    _node: File,
}

type Said = Mutex<Vec<String>>;

/// Keeps a line of libva or the driver. There has to be a callback: without one libva 2.17 calls null when a driver has
/// something to say (va.c, va_driverInfoCallback).
unsafe extern "C" fn keep(said: *mut c_void, message: *const c_char) {
    // SAFETY: the box that `open` registered, which outlives the display; a terminated string.
    let (said, message) = unsafe { (&*said.cast::<Said>(), text(message)) };
    if let (Ok(mut said), Some(message)) = (said.lock(), message) {
        said.push(message.trim().to_owned());
    }
}

impl Drop for Display<'_> {
    fn drop(&mut self) {
        // SAFETY: initialised in `open`, and ended once.
        unsafe { self.va.va.vaTerminate(self.display) };
    }
}

/// What a driver says of a render node: the one of this name, or libva's own choice. Never fails, as a driver that does not start
/// is an answer, too.
///
/// A name counts for more than `LIBVA_DRIVER_NAME` does. Drivers of different names in one process share its symbols (libva opens
/// them with `RTLD_GLOBAL`), and stay loaded: ask each in a process of its own.
pub(crate) fn ask(node: &Path, driver: Option<&str>) -> VaDriver {
    let answer = Va::load().map_err(|error| error.to_string()).and_then(|va| {
        let (display, version) = Display::open(&va, node, driver)?;
        let (entries, error) = match display.entries() {
            Ok(entries) => (entries, None),
            Err(error) => (Vec::new(), Some(display.with_words(error))),
        };
        let vendor = display.vendor();
        Ok(VaDriver { vendor, version: Some(version), entries, ..VaDriver::new(node, error) })
    });
    let answer = answer.unwrap_or_else(|error| VaDriver::new(node, Some(error)));
    VaDriver { name: driver.map(str::to_owned), ..answer }
}

impl<'l> Display<'l> {
    fn open(va: &'l Va, node: &Path, driver: Option<&str>) -> Result<(Self, (u32, u32)), String> {
        let driver = driver.map(name).transpose()?;
        let file = File::options().read(true).write(true).open(node);
        let node = file.map_err(|error| format!("{} does not open: {error}", node.display()))?;
        // SAFETY: an open descriptor, which outlives the display; null comes back for what is no DRM node.
        let display = unsafe { va.drm.vaGetDisplayDRM(node.as_raw_fd()) };
        if display.is_null() {
            return Err("vaGetDisplayDRM: no VA-API display on this node".into());
        }
        let said = Box::<Said>::default();
        let to: *mut c_void = ptr::from_ref(&*said).cast_mut().cast();
        // SAFETY: a live display, not initialised yet; the callbacks only read `to`, which lives as long.
        unsafe {
            va.va.vaSetErrorCallback(display, Some(keep), to);
            va.va.vaSetInfoCallback(display, Some(keep), to);
        }
        // A display that fails to initialise is terminated all the same, which frees it (va.h, vaInitialize).
        let this = Display { va, display, said, _node: node };
        if let Some(driver) = driver {
            // SAFETY: as above; libva copies the string, which it does not write to (va.c, vaSetDriverName).
            let status = unsafe { va.va.vaSetDriverName(display, driver.as_ptr().cast_mut()) };
            this.check("vaSetDriverName", status)?;
        }
        let (mut major, mut minor): (c_int, c_int) = (0, 0);
        // SAFETY: as above.
        let status = unsafe { va.va.vaInitialize(display, &mut major, &mut minor) };
        this.check("vaInitialize", status).map_err(|error| this.with_words(error))?;
        Ok((this, (major.unsigned_abs(), minor.unsigned_abs())))
    }

    /// An error, and what libva and the driver said before it.
    fn with_words(&self, error: String) -> String {
        let said = self.said.lock().map(|said| said.join("; ")).unwrap_or_default();
        if said.is_empty() { error } else { format!("{error} ({said})") }
    }

    fn check(&self, what: &str, status: va::VAStatus) -> Result<(), String> {
        if status == va::VA_STATUS_SUCCESS as va::VAStatus {
            return Ok(());
        }
        // SAFETY: a static string, for any number.
        let text = unsafe { text(self.va.va.vaErrorStr(status)) };
        Err(format!("{what}: {} ({status})", text.unwrap_or_default()))
    }

    fn vendor(&self) -> Option<String> {
        // SAFETY: an initialised display; the string lives as long as it.
        unsafe { text(self.va.va.vaQueryVendorString(self.display)) }
    }

    /// A driver that does not tell its profiles is none; one that fails to tell of a single one lacks that.
    fn entries(&self) -> Result<Vec<VaEntry>, String> {
        let mut entries = Vec::new();
        for profile in self.profiles()? {
            for entrypoint in self.entrypoints(profile) {
                entries.push(self.entry(profile, entrypoint));
            }
        }
        Ok(entries)
    }

    fn profiles(&self) -> Result<Vec<va::VAProfile>, String> {
        // SAFETY: an initialised display.
        let most = unsafe { self.va.va.vaMaxNumProfiles(self.display) }.max(0);
        let mut profiles = vec![va::VAProfile(0); most as usize];
        let mut count: c_int = 0;
        // SAFETY: the list holds as many as the driver said it needs (va.h, vaQueryConfigProfiles).
        let status =
            unsafe { self.va.va.vaQueryConfigProfiles(self.display, profiles.as_mut_ptr(), &mut count) };
        self.check("vaQueryConfigProfiles", status)?;
        Ok(filled(profiles, status, count))
    }

    fn entrypoints(&self, profile: va::VAProfile) -> Vec<va::VAEntrypoint> {
        // SAFETY: an initialised display.
        let most = unsafe { self.va.va.vaMaxNumEntrypoints(self.display) }.max(0);
        let mut entrypoints = vec![va::VAEntrypoint(0); most as usize];
        let mut count: c_int = 0;
        // SAFETY: as in `profiles`.
        let status = unsafe {
            self.va.va.vaQueryConfigEntrypoints(self.display, profile, entrypoints.as_mut_ptr(), &mut count)
        };
        filled(entrypoints, status, count)
    }

    fn entry(&self, profile: va::VAProfile, entrypoint: va::VAEntrypoint) -> VaEntry {
        use va::VAConfigAttribType as A;
        let mut entry = VaEntry {
            profile: self.profile_name(profile),
            entrypoint: self.entrypoint_name(entrypoint),
            ..VaEntry::default()
        };
        let wanted = [
            A::VAConfigAttribRTFormat,
            A::VAConfigAttribRateControl,
            A::VAConfigAttribMaxPictureWidth,
            A::VAConfigAttribMaxPictureHeight,
            A::VAConfigAttribEncMaxRefFrames,
            A::VAConfigAttribEncPackedHeaders,
            A::VAConfigAttribEncQualityRange,
            A::VAConfigAttribEncROI,
            A::VAConfigAttribEncMaxSlices,
        ];
        let mut attributes =
            wanted.map(|type_| va::VAConfigAttrib { type_, value: va::VA_ATTRIB_NOT_SUPPORTED });
        // SAFETY: an initialised display, and a list with its length; values are written into it.
        let status = unsafe {
            let (list, len) = (attributes.as_mut_ptr(), attributes.len() as c_int);
            self.va.va.vaGetConfigAttributes(self.display, profile, entrypoint, list, len)
        };
        if status != va::VA_STATUS_SUCCESS as va::VAStatus {
            return entry;
        }
        let value = |type_: A| {
            let found = attributes.iter().find(|attribute| attribute.type_ == type_);
            found.map(|attribute| attribute.value).filter(|value| *value != va::VA_ATTRIB_NOT_SUPPORTED)
        };
        let formats = value(A::VAConfigAttribRTFormat).unwrap_or(0);
        entry.yuv420 = formats & va::VA_RT_FORMAT_YUV420 != 0;
        entry.yuv420_10 = formats & va::VA_RT_FORMAT_YUV420_10 != 0;
        entry.yuv444 = formats & va::VA_RT_FORMAT_YUV444 != 0;
        entry.yuv444_10 = formats & va::VA_RT_FORMAT_YUV444_10 != 0;
        let rates = value(A::VAConfigAttribRateControl).unwrap_or(0);
        entry.rate_control =
            RATE_CONTROL.iter().filter(|(bit, _)| rates & bit != 0).map(|(_, r)| *r).collect();
        entry.most = value(A::VAConfigAttribMaxPictureWidth).zip(value(A::VAConfigAttribMaxPictureHeight));
        // Lower half for the first list, upper half for the second (va.h, VAConfigAttribEncMaxRefFrames).
        entry.references = value(A::VAConfigAttribEncMaxRefFrames).map(|v| (v & 0xffff, v >> 16));
        entry.packed_headers = value(A::VAConfigAttribEncPackedHeaders);
        entry.quality_steps = value(A::VAConfigAttribEncQualityRange);
        entry.regions = value(A::VAConfigAttribEncROI).map(|v| v & 0xff); // num_roi_regions
        entry.slices = value(A::VAConfigAttribEncMaxSlices);
        self.surfaces(profile, entrypoint, &mut entry);
        entry
    }

    /// What the surfaces of a configuration have to be.
    fn surfaces(&self, profile: va::VAProfile, entrypoint: va::VAEntrypoint, entry: &mut VaEntry) {
        use va::VASurfaceAttribType as S;
        let mut config = va::VA_INVALID_ID;
        // SAFETY: an initialised display; no attributes means the driver's defaults.
        let status = unsafe {
            self.va.va.vaCreateConfig(self.display, profile, entrypoint, ptr::null_mut(), 0, &mut config)
        };
        if status != va::VA_STATUS_SUCCESS as va::VAStatus {
            return;
        }
        let attributes = self.surface_attributes(config);
        // SAFETY: made above.
        unsafe { self.va.va.vaDestroyConfig(self.display, config) };
        let value = |type_: S| {
            let found = attributes.iter().find(|attribute| attribute.type_ == type_)?;
            if found.value.type_ != va::VAGenericValueType::VAGenericValueTypeInteger {
                return None;
            }
            // SAFETY: the tag says that it is the integer.
            let integer = unsafe { found.value.value.i };
            u32::try_from(integer).ok().filter(|i| *i > 0)
        };
        entry.least = value(S::VASurfaceAttribMinWidth).zip(value(S::VASurfaceAttribMinHeight));
        let most = value(S::VASurfaceAttribMaxWidth).zip(value(S::VASurfaceAttribMaxHeight));
        entry.most = most.or(entry.most);
        // Powers of two, four bits each (va.h, VASurfaceAttribAlignmentStruct).
        entry.alignment = value(ALIGNMENT).map(|v| (1 << (v & 0xf), 1 << ((v >> 4) & 0xf)));
    }

    fn surface_attributes(&self, config: va::VAConfigID) -> Vec<va::VASurfaceAttrib> {
        let mut count = 0;
        // SAFETY: without a list the driver says how long it has to be (va.h, vaQuerySurfaceAttributes).
        let status =
            unsafe { self.va.va.vaQuerySurfaceAttributes(self.display, config, ptr::null_mut(), &mut count) };
        if status != va::VA_STATUS_SUCCESS as va::VAStatus {
            return Vec::new();
        }
        // SAFETY: plain numbers, all zero.
        let blank: va::VASurfaceAttrib = unsafe { std::mem::zeroed() };
        let mut list = vec![blank; count as usize];
        // SAFETY: a list as long as the driver asked for.
        let status = unsafe {
            self.va.va.vaQuerySurfaceAttributes(self.display, config, list.as_mut_ptr(), &mut count)
        };
        filled(list, status, count as c_int)
    }

    fn profile_name(&self, profile: va::VAProfile) -> String {
        // SAFETY: a static string, for any number; the symbol was looked up.
        let name = self.va.va.vaProfileStr.is_ok().then(|| unsafe { text(self.va.va.vaProfileStr(profile)) });
        plain(name.flatten(), "VAProfile", profile.0)
    }

    fn entrypoint_name(&self, entrypoint: va::VAEntrypoint) -> String {
        let known = self.va.va.vaEntrypointStr.is_ok();
        // SAFETY: as in `profile_name`.
        let name = known.then(|| unsafe { text(self.va.va.vaEntrypointStr(entrypoint)) });
        plain(name.flatten(), "VAEntrypoint", entrypoint.0 as i32)
    }
}

/// `VASurfaceAttribAlignmentSize`, which libva has since 2.21.
const ALIGNMENT: va::VASurfaceAttribType = va::VASurfaceAttribType(10);

const RATE_CONTROL: [(u32, VaRateControl); 6] = [
    (va::VA_RC_CBR, VaRateControl::Cbr),
    (va::VA_RC_VBR, VaRateControl::Vbr),
    (va::VA_RC_CQP, VaRateControl::Cqp),
    (va::VA_RC_ICQ, VaRateControl::Icq),
    (va::VA_RC_QVBR, VaRateControl::Qvbr),
    (va::VA_RC_AVBR, VaRateControl::Avbr),
];

/// A driver's name, as libva puts it behind a directory: no path.
fn name(driver: &str) -> Result<CString, String> {
    let wrong = || format!("{driver:?} is not the name of a driver");
    if driver.is_empty() || driver.contains('/') {
        return Err(wrong());
    }
    CString::new(driver).map_err(|_| wrong())
}

/// The name without its prefix; the number where libva has no name for it.
fn plain(name: Option<String>, prefix: &str, number: i32) -> String {
    let name = name.filter(|name| name.starts_with(prefix));
    name.map_or_else(|| number.to_string(), |name| name[prefix.len()..].to_owned())
}

/// The part of a list that a driver filled; a driver may claim more than the list holds.
fn filled<T>(mut list: Vec<T>, status: va::VAStatus, count: c_int) -> Vec<T> {
    let good = status == va::VA_STATUS_SUCCESS as va::VAStatus;
    list.truncate(if good { count.max(0) as usize } else { 0 });
    list
}

/// # Safety
/// Null or a terminated string.
unsafe fn text(string: *const std::ffi::c_char) -> Option<String> {
    // SAFETY: the caller's word.
    (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
