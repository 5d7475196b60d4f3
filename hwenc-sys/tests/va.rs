//! libva as it is installed, and as it may be missing.

use std::ffi::CStr;
use std::ptr;

use hwenc_sys::LoadError;
use hwenc_sys::va::{LIBVA, LIBVA_DRM, VA_STATUS_ERROR_INVALID_DISPLAY, VA_STATUS_SUCCESS, VAProfile, Va};

fn load_from(libva: &str, libva_drm: &str) -> LoadError {
    // SAFETY: every name here is libva's, the C library's or nobody's; no function is called.
    match unsafe { Va::load_from(libva, libva_drm) } {
        Ok(_) => panic!("{libva} and {libva_drm} loaded"),
        Err(error) => error,
    }
}

#[test]
fn the_installed_libva_loads_and_answers() {
    let va = Va::load().expect("libva.so.2 and libva-drm.so.2 come with FFmpeg's packages");
    // SAFETY: takes any number and returns a static string.
    let text = unsafe { CStr::from_ptr(va.va.vaErrorStr(VA_STATUS_SUCCESS as i32)) };
    assert!(text.to_str().unwrap().contains("success"), "{text:?}");
    assert!(va.va.vaProfileStr.is_ok());
    // SAFETY: as vaErrorStr.
    let name = unsafe { CStr::from_ptr(va.va.vaProfileStr(VAProfile::VAProfileHEVCMain10)) };
    assert_eq!(name.to_str().unwrap(), "VAProfileHEVCMain10");
}

#[test]
fn what_is_no_display_is_refused() {
    let va = Va::load().unwrap();
    // SAFETY: vaGetDisplayDRM takes any number, and gives null for a closed descriptor.
    let display = unsafe { va.drm.vaGetDisplayDRM(-1) };
    assert!(display.is_null());
    let (mut major, mut minor) = (0, 0);
    // SAFETY: vaInitialize checks the display, null included, before it looks into it.
    let status = unsafe { va.va.vaInitialize(ptr::null_mut(), &mut major, &mut minor) };
    assert_eq!(status as u32, VA_STATUS_ERROR_INVALID_DISPLAY);
}

#[test]
fn a_missing_library_is_told_by_name() {
    for (libva, drm, missing) in [
        ("libva-nowhere.so.2", LIBVA_DRM, "libva-nowhere.so.2"),
        (LIBVA, "libva-drm-nowhere.so.2", "libva-drm-nowhere.so.2"),
    ] {
        let error = load_from(libva, drm);
        let LoadError::Library { name, detail } = &error else { panic!("{error:?}") };
        assert_eq!(name, missing);
        assert!(detail.contains(missing), "{detail}");
        assert!(error.to_string().starts_with(missing), "{error}");
    }
}

#[test]
fn a_missing_symbol_is_told_by_name() {
    for (libva, drm, library, symbol) in [
        ("libc.so.6", LIBVA_DRM, "libc.so.6", "vaInitialize"),
        (LIBVA, "libc.so.6", "libc.so.6", "vaGetDisplayDRM"),
    ] {
        match load_from(libva, drm) {
            LoadError::Symbol { library: in_library, symbol: missing, detail } => {
                assert_eq!((in_library.as_str(), missing), (library, symbol));
                assert!(detail.contains(symbol), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn libva_can_be_used_from_any_thread() {
    fn assert<T: Send + Sync>() {}
    assert::<Va>();
    assert::<LoadError>();
}
