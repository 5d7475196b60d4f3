//! The two libraries of libva, both or a typed error.

use super::{LibVa, LibVaDrm};
use crate::load::{self, LoadError};
use crate::own;

/// The library with everything but the displays. The number is its ABI, the same since libva 2.0.
pub const LIBVA: &str = "libva.so.2";
/// The library that makes a display from a DRM node.
pub const LIBVA_DRM: &str = "libva-drm.so.2";

/// What to load for one of the two: what FFmpeg is linked to, which in a wheel has another name, so that probing and
/// encoding have one libva; else the plain name.
pub(crate) fn file(name: &str) -> String {
    let symbol = if name == LIBVA { "vaInitialize" } else { "vaGetDisplayDRM" };
    own::provider(symbol).unwrap_or_else(|| name.to_owned())
}

/// libva, loaded. Dropping it unloads: every display must be terminated by then.
///
/// Every function is there, but for `vaProfileStr` and `vaEntrypointStr`, which are not demanded, as only
/// words depend on them: look at the field of that name before calling the method, which panics where it is
/// an `Err`.
pub struct Va {
    /// The functions of `libva.so.2`.
    pub va: LibVa,
    /// The function of `libva-drm.so.2`. Dropped second, though either order would do: it holds libva itself.
    pub drm: LibVaDrm,
}

/// The first of the named functions that the library lacks, as an error.
macro_rules! require {
    ($functions:expr, $library:expr, $($symbol:ident)*) => {
        $(if let Err(e) = &$functions.$symbol {
            return Err(LoadError::Symbol {
                library: $library.to_owned(),
                symbol: stringify!($symbol),
                detail: load::dlerror(e),
            });
        })*
    };
}

impl Va {
    /// Loads the libva that FFmpeg is linked to, or the system's where FFmpeg has none.
    ///
    /// # Errors
    /// [`LoadError::Library`] where one of the two is missing or does not load, [`LoadError::Symbol`] where it is too
    /// old.
    pub fn load() -> Result<Self, LoadError> {
        // SAFETY: these names and these files belong to libva, whose initialisers ask for nothing and whose ABI
        // the bindings declare.
        unsafe { Self::load_from(&file(LIBVA), &file(LIBVA_DRM)) }
    }

    /// Loads libva from other files.
    ///
    /// # Errors
    /// As [`Va::load`].
    ///
    /// # Safety
    /// The initialisers of both libraries run. Their functions of these names have to have libva's
    /// signatures.
    pub unsafe fn load_from(libva: &str, libva_drm: &str) -> Result<Self, LoadError> {
        // SAFETY: the caller vouches for the initialisers and for the signatures.
        let (va, drm) = unsafe {
            (LibVa::from_library(load::open(libva)?), LibVaDrm::from_library(load::open(libva_drm)?))
        };
        let failed = |name: &str, e: libloading::Error| LoadError::Library {
            name: name.to_owned(),
            detail: load::dlerror(&e),
        };
        let va = va.map_err(|e| failed(libva, e))?;
        let drm = drm.map_err(|e| failed(libva_drm, e))?;
        require!(va, libva,
            vaInitialize vaTerminate vaSetDriverName vaSetInfoCallback vaSetErrorCallback vaErrorStr
            vaQueryVendorString vaMaxNumProfiles vaQueryConfigProfiles vaMaxNumEntrypoints
            vaQueryConfigEntrypoints vaMaxNumConfigAttributes vaGetConfigAttributes vaCreateConfig
            vaDestroyConfig vaQuerySurfaceAttributes);
        require!(drm, libva_drm, vaGetDisplayDRM);
        Ok(Va { va, drm })
    }
}
