//! The functions of the C library that this library stands in front of.

mod dir;
mod name;
mod open;
mod request;
mod status;

use std::ffi::{CStr, c_char, c_int};

use crate::path::{self, MOST};
use crate::{real, table};

/// Defines an exported function in front of that of the C library: `real` is the one behind it.
///
/// In C some of these take further arguments without a type (`open`, `ioctl`). A function of a fixed number of arguments
/// takes their place: on Linux for x86_64 (System V ABI) and aarch64 (AAPCS64) the integer and pointer arguments of
/// variadic calls travel in the same registers as those of others.
macro_rules! hook {
    (fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $ret:ty, $real:ident, $missing:expr, $body:block) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $type),*) -> $ret {
            static REAL: crate::real::Symbol = crate::real::Symbol::new(
                match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => panic!("a name without a zero byte"),
                },
            );
            let address = REAL.address();
            if address.is_null() {
                crate::real::set_errno(libc::ENOSYS);
                return $missing;
            }
            // SAFETY: the symbol of this name has this type, by the C library's headers.
            let $real = unsafe {
                std::mem::transmute::<*mut std::ffi::c_void, unsafe extern "C" fn($($type),*) -> $ret>(address)
            };
            $body
        }
    };
}
pub(crate) use hook;

/// Calls `then` with the path that is shown in place of this one, or with the path itself, and with whether it was
/// replaced.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn with_path<R>(dirfd: c_int, path: *const c_char, then: impl FnOnce(*const c_char, bool) -> R) -> R {
    if path.is_null() {
        return then(path, false);
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    let interesting = if bytes.starts_with(b"/") {
        path::possible(bytes) || bytes.windows(2).any(|pair| pair == b"//" || pair == b"/.")
    } else {
        dirfd != libc::AT_FDCWD && !bytes.is_empty()
    };
    if !interesting {
        return then(path, false);
    }
    let mut buffer = [0; MOST];
    match resolve(dirfd, bytes, &mut buffer) {
        Some(replaced) => then(replaced.as_ptr(), true),
        None => then(path, false),
    }
}

fn resolve<'b>(dirfd: c_int, path: &[u8], buffer: &'b mut [u8; MOST]) -> Option<&'b CStr> {
    let (mut link, mut tidied) = ([0; MOST], [0; MOST]);
    let place = if path.starts_with(b"/") { Place::default() } else { Place::of(dirfd, &mut link)? };
    let tidy = path::tidy(place.directory, path, &mut tidied)?;
    if !path::possible(tidy) && !place.inside {
        return None;
    }
    let table = table::get()?;
    if table.rules.covers(tidy) {
        table.rules.replace(tidy, buffer)
    } else if place.inside {
        // From a directory whose list alone is replaced: what is in it is the machine's own.
        path::copy(tidy, buffer)
    } else {
        None
    }
}

/// An open directory.
#[derive(Default)]
struct Place<'p> {
    /// What it is called.
    directory: &'p [u8],
    /// Whether it is one that is shown in place of another.
    inside: bool,
}

impl<'p> Place<'p> {
    /// None where nothing in it could be replaced.
    fn of(fd: c_int, buffer: &'p mut [u8; MOST]) -> Option<Self> {
        let link = real::link(&proc_link(fd)?, buffer)?;
        if let Some(shown) = table::known().and_then(|table| table.rules.shown(link)) {
            return Some(Place { directory: shown, inside: true });
        }
        let near = |top: &[u8]| link.starts_with(top);
        (link == b"/" || near(b"/dev") || near(b"/sys") || near(b"/run"))
            .then_some(Place { directory: link, inside: false })
    }
}

/// The link in `/proc` that tells where an open file is.
fn proc_link(fd: c_int) -> Option<ProcLink> {
    use std::io::Write;
    let mut name = [0u8; 32];
    write!(&mut name[..], "/proc/self/fd/{fd}\0").ok()?;
    Some(ProcLink(name))
}

struct ProcLink([u8; 32]);

impl std::ops::Deref for ProcLink {
    type Target = CStr;

    fn deref(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }
}

/// Runs at the end of the process: what happened goes into the report.
extern "C" fn finish() {
    if let Some(table) = table::known() {
        table.report();
    }
}

#[used]
#[unsafe(link_section = ".fini_array")]
static FINISH: extern "C" fn() = finish;
