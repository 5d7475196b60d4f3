//! The driver of a display: what libva's table of functions leads to.
//!
//! Each function of the table (`table`) makes a [`Call`]: counted, subject to faults, caught when it panics. Objects are
//! in tables of their own; no lock is held across objects while pictures are worked on.

mod buffers;
mod caps;
mod configs;
mod contexts;
mod display;
mod encode;
mod fault;
mod images;
mod picture;
mod pointer;
mod share;
mod surfaces;
mod sync;
mod table;
mod work;

use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use softgpu_core::entry::Va;
use softgpu_core::fault::Faults;
use softgpu_core::profile::Profile;
use softgpu_core::setup::Engine;

use crate::failure::{Failure, Outcome};
use crate::misuse::{self, Rule};
use crate::objects::{Missing, Table};
use crate::process::{self, Process};
use crate::sys::{self, VADriverContext, VAStatus};

use buffers::Buffer;
use caps::Caps;
use configs::Config;
use contexts::Context;
use images::Image;
use surfaces::Surface;

/// A display's driver.
#[derive(Debug)]
pub(crate) struct Driver {
    profile: Profile,
    engine: Engine,
    /// Name of the node, to count sessions by.
    node: String,
    caps: Caps,
    faults: Arc<Faults>,
    configs: Table<Config>,
    contexts: Table<Context>,
    surfaces: Table<Surface>,
    buffers: Table<Buffer>,
    images: Table<Image>,
    /// Buffers that belong to images; their ids are told from the others' by kind.
    image_buffers: Table<Buffer>,
    /// Memory of images, to be used again.
    spare: images::Spare,
    /// Memory of coded buffers, likewise.
    spare_coded: buffers::Spare,
    idle: sync::Idle,
    vendor: CString,
}

const CONFIG: u32 = 1;
const CONTEXT: u32 = 2;
const SURFACE: u32 = 3;
const BUFFER: u32 = 4;
const IMAGE: u32 = 5;
const IMAGE_BUFFER: u32 = 6;

/// Starts the driver on a display: what libva calls first.
///
/// # Safety
/// `ctx` is libva's driver context, with its tables allocated.
pub(crate) unsafe fn init(ctx: *mut VADriverContext) -> VAStatus {
    // SAFETY: as the caller says.
    let start = || unsafe { start(ctx) };
    match catch_unwind(start) {
        Ok(Ok(())) => sys::VA_STATUS_SUCCESS.cast_signed(),
        Ok(Err(failure)) => {
            eprintln!("softgpu: {}", failure.why);
            failure.status
        }
        Err(_) => sys::VA_STATUS_ERROR_OPERATION_FAILED.cast_signed(),
    }
}

/// # Safety
/// As for [`init`].
unsafe fn start(ctx: *mut VADriverContext) -> Outcome {
    stay_resident();
    let unknown = |why: String| Failure::new(sys::VA_STATUS_ERROR_UNKNOWN, why);
    let process = process::get().map_err(|why| unknown(why.to_owned()))?;
    process.calls.count(Va::Initialize as usize);
    fault::apply(&process.faults, Va::Initialize)?;
    // SAFETY: libva sets `drm_state` for displays on DRM, to a structure that begins like this.
    let node = unsafe { (*ctx).drm_state.cast::<sys::drm_state>().as_ref() }
        .and_then(|state| std::fs::read_link(format!("/proc/self/fd/{}", state.fd)).ok())
        .and_then(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .ok_or_else(|| unknown("the display has no DRM node".to_owned()))?;
    let device = process
        .setup
        .device_of_node(&node)
        .ok_or_else(|| unknown(format!("no device of this run has the node {node}")))?;
    let driver = Driver::new(device.profile.clone(), process, node)?;
    fault::apply(&driver.faults, Va::Initialize)?;
    // SAFETY: libva allocated the context and its tables; it reads the vendor string until vaTerminate.
    unsafe {
        let ctx = &mut *ctx;
        ctx.version_major = 1;
        ctx.version_minor = 17;
        ctx.max_profiles = driver.caps.profiles().len().max(1) as i32;
        ctx.max_entrypoints = driver.caps.most_entrypoints().max(1) as i32;
        ctx.max_attributes = 64;
        ctx.max_image_formats = display::MAX_IMAGE_FORMATS as i32;
        ctx.max_subpic_formats = 1;
        ctx.max_display_attributes = 4;
        ctx.str_vendor = driver.vendor.as_ptr();
        table::fill(ctx);
        ctx.pDriverData = Box::into_raw(Box::new(driver)).cast();
    }
    Ok(())
}

/// Keeps the library in the process when libva closes it, so that counters last and are written once.
fn stay_resident() {
    let mut info = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: any address may be asked for; the name is a C string of the loader's; opening again what is loaded runs no
    // code.
    unsafe {
        if libc::dladdr(stay_resident as *const c_void, &raw mut info) != 0 && !info.dli_fname.is_null() {
            libc::dlopen(info.dli_fname, libc::RTLD_NOW | libc::RTLD_NODELETE | libc::RTLD_NOLOAD);
        }
    }
}

impl Driver {
    fn new(profile: Profile, process: &'static Process, node: String) -> Outcome<Self> {
        let faults = Arc::new(Faults::new(profile.faults.iter().cloned()));
        process.report_faults(&faults);
        let caps = Caps::new(&profile);
        for cap in caps.all() {
            process.report_faults(&cap.faults);
        }
        let vendor = CString::new(profile.vendor_string.clone())
            .map_err(|_| Failure::parameter("the vendor string has a zero in it"))?;
        Ok(Self {
            engine: process.setup.engine,
            node,
            caps,
            faults,
            configs: Table::new(CONFIG, &process::CONFIGS),
            contexts: Table::new(CONTEXT, &process::CONTEXTS),
            surfaces: Table::new(SURFACE, &process::SURFACES),
            buffers: Table::new(BUFFER, &process::BUFFERS),
            images: Table::new(IMAGE, &process::IMAGES),
            image_buffers: Table::new(IMAGE_BUFFER, &process::IMAGE_BUFFERS),
            spare: images::Spare::default(),
            spare_coded: buffers::Spare::default(),
            idle: sync::Idle::default(),
            vendor,
            profile,
        })
    }
}

/// One call of the client.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    driver: &'a Driver,
    process: &'static Process,
    entry: Va,
    quirks: Cell<fault::Quirks>,
    /// What a fault makes the entries of a picture fail with. They return it themselves, since the picture has to know.
    fault: Outcome,
}

/// Makes a call: counts it, lets faults have their way, does the work, tells libva why it failed.
///
/// # Safety
/// `ctx` is the driver context of a display that [`init`] has started and `vaTerminate` has not ended.
unsafe fn enter(ctx: *mut VADriverContext, entry: Va, work: impl FnOnce(&Call<'_>) -> Outcome) -> VAStatus {
    let work = AssertUnwindSafe(|| {
        let process = process::get().map_err(|why| Failure::parameter(why.to_owned()))?;
        process.calls.count(entry as usize);
        // SAFETY: `init` put it there.
        let driver = unsafe { &*(*ctx).pDriverData.cast::<Driver>() };
        let mut call = Call { driver, process, entry, quirks: Cell::default(), fault: Ok(()) };
        let fault = call.faults(&process.faults).and_then(|()| call.faults(&driver.faults));
        match entry {
            Va::BeginPicture | Va::RenderPicture | Va::EndPicture => call.fault = fault,
            _ => fault?,
        }
        work(&call)
    });
    match catch_unwind(work) {
        Ok(Ok(())) => sys::VA_STATUS_SUCCESS.cast_signed(),
        Ok(Err(failure)) => {
            // SAFETY: as the caller says.
            unsafe { tell(ctx, entry, &failure) };
            failure.status
        }
        Err(_) => sys::VA_STATUS_ERROR_OPERATION_FAILED.cast_signed(),
    }
}

/// Tells libva's client why a call failed.
///
/// # Safety
/// As for [`enter`].
unsafe fn tell(ctx: *mut VADriverContext, entry: Va, failure: &Failure) {
    // SAFETY: libva set the callback and does not change it.
    let Some(callback) = (unsafe { (*ctx).info_callback }) else { return };
    if let Ok(text) = CString::new(format!("softgpu: {}: {}\n", entry.name(), failure.why)) {
        // SAFETY: it takes a C string and keeps no pointer to it.
        unsafe { callback(ctx, text.as_ptr()) };
    }
}

/// Ends the driver of a display.
///
/// # Safety
/// As for [`enter`]; nobody uses the display any more.
unsafe fn terminate(ctx: *mut VADriverContext) -> VAStatus {
    // SAFETY: as the caller says; what clients left alive stays in the census.
    unsafe {
        let status = enter(ctx, Va::Terminate, |_| Ok(()));
        let data = (*ctx).pDriverData.cast::<Driver>();
        (*ctx).pDriverData = ptr::null_mut();
        (*ctx).str_vendor = ptr::null();
        let drop_driver = AssertUnwindSafe(|| drop(Box::from_raw(data)));
        if catch_unwind(drop_driver).is_err() {
            return sys::VA_STATUS_ERROR_OPERATION_FAILED.cast_signed();
        }
        status
    }
}

impl Call<'_> {
    fn misuse(&self, rule: &Rule, seen: impl FnOnce() -> String) {
        self.process.misuse(rule, self.entry, seen);
    }

    fn missing(&self, kind: &str, id: u32, missing: Missing, status: u32) -> Failure {
        let rule = match missing {
            Missing::Destroyed => &misuse::DESTROYED_ID,
            Missing::Unknown => &misuse::UNKNOWN_ID,
        };
        self.misuse(rule, || format!("{kind} {id:#x}"));
        let how = if missing == Missing::Destroyed { "was destroyed" } else { "does not exist" };
        Failure::new(status, format!("{kind} {id:#x} {how}"))
    }

    fn config(&self, id: u32) -> Outcome<Arc<Config>> {
        let failed = |missing| self.missing("config", id, missing, sys::VA_STATUS_ERROR_INVALID_CONFIG);
        self.driver.configs.get(id).map_err(failed)
    }

    fn context(&self, id: u32) -> Outcome<Arc<Context>> {
        let failed = |missing| self.missing("context", id, missing, sys::VA_STATUS_ERROR_INVALID_CONTEXT);
        self.driver.contexts.get(id).map_err(failed)
    }

    fn surface(&self, id: u32) -> Outcome<Arc<Surface>> {
        let failed = |missing| self.missing("surface", id, missing, sys::VA_STATUS_ERROR_INVALID_SURFACE);
        self.driver.surfaces.get(id).map_err(failed)
    }

    fn image(&self, id: u32) -> Outcome<Arc<Image>> {
        let failed = |missing| self.missing("image", id, missing, sys::VA_STATUS_ERROR_INVALID_IMAGE);
        self.driver.images.get(id).map_err(failed)
    }

    fn buffer(&self, id: u32) -> Outcome<Arc<Buffer>> {
        let failed = |missing| self.missing("buffer", id, missing, sys::VA_STATUS_ERROR_INVALID_BUFFER);
        let table = if id >> 28 == IMAGE_BUFFER { &self.driver.image_buffers } else { &self.driver.buffers };
        table.get(id).map_err(failed)
    }

    fn add<T>(&self, table: &Table<T>, object: Arc<T>) -> Outcome<u32> {
        let full = || Failure::new(sys::VA_STATUS_ERROR_ALLOCATION_FAILED, "there are too many objects");
        table.add(object).ok_or_else(full)
    }
}
