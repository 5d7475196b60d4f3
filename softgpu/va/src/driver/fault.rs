//! Faults at work.

use std::ptr;
use std::time::Duration;

use softgpu_core::entry::Va;
use softgpu_core::fault::{Action, Faults};

use super::Call;
use crate::failure::{Failure, Outcome};
use crate::process;
use crate::sys;

/// What shall go wrong within a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// The coded picture ends in the middle.
    pub(crate) truncate: bool,
    /// Another picture.
    pub(crate) wrong: bool,
    /// A picture of zeros.
    pub(crate) green: bool,
    /// A picture where decoding can begin says that it cannot.
    pub(crate) p_first: bool,
}

/// A lost device frees what its client gives back, as drivers do: it is memory of the process.
fn releases(entry: Va) -> bool {
    use Va::{
        DestroyBuffer, DestroyConfig, DestroyContext, DestroyImage, DestroySurfaces, Initialize,
        ReleaseBufferHandle, Terminate, UnmapBuffer,
    };
    matches!(
        entry,
        DestroyBuffer
            | DestroyConfig
            | DestroyContext
            | DestroyImage
            | DestroySurfaces
            | Initialize
            | ReleaseBufferHandle
            | Terminate
            | UnmapBuffer
    )
}

/// Does what the rules say about this call of an entry.
pub(super) fn apply(faults: &Faults, entry: Va) -> Outcome<Quirks> {
    let mut quirks = Quirks::default();
    if faults.is_empty() {
        return Ok(quirks);
    }
    for action in faults.on(entry.name()) {
        match action {
            Action::Status(name, number) => {
                return Err(Failure { status: number, why: format!("a fault rule says {name}") });
            }
            Action::Hang => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            Action::Segv => {
                write_report();
                bad_access();
            }
            Action::Abort => {
                write_report();
                // SAFETY: it ends the process.
                unsafe { libc::abort() }
            }
            Action::Slow(ms) => std::thread::sleep(Duration::from_millis(ms)),
            Action::Truncate => quirks.truncate = true,
            Action::Wrong => quirks.wrong = true,
            Action::Green => quirks.green = true,
            Action::PFirst => quirks.p_first = true,
            Action::Eat => {
                vec![0xa5_u8; 64 << 20].leak();
            }
            Action::Lost => {}
        }
    }
    if faults.is_lost() && !releases(entry) {
        return Err(Failure::new(sys::VA_STATUS_ERROR_OPERATION_FAILED, "the device is lost"));
    }
    Ok(quirks)
}

/// What kills the process keeps it from writing its report at the end.
fn write_report() {
    if let Ok(process) = process::get() {
        process.write_report();
    }
}

/// Reads memory that may not be read.
fn bad_access() -> ! {
    // SAFETY: the page is the kernel's to give; reading it raises SIGSEGV, which is what is wanted.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let page = libc::mmap(ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0);
        page.cast::<u8>().read_volatile();
        // A handler of the client's may have let it go on.
        libc::abort()
    }
}

impl Call<'_> {
    /// Does what the rules say about this call, and remembers what they say about its picture.
    pub(super) fn faults(&self, faults: &Faults) -> Outcome {
        let more = apply(faults, self.entry)?;
        let quirks = self.quirks.get();
        self.quirks.set(Quirks {
            truncate: quirks.truncate || more.truncate,
            wrong: quirks.wrong || more.wrong,
            green: quirks.green || more.green,
            p_first: quirks.p_first || more.p_first,
        });
        Ok(())
    }
}
