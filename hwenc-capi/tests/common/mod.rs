//! What tests of the functions share: an error slot that explains itself, requests, sessions.
#![allow(dead_code)] // each test program uses a part

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::{Mutex, OnceLock};

use hwenc_capi::*;

/// The status of a value of the enum.
pub(crate) const fn number(status: hwenc_status_value) -> hwenc_status {
    status as hwenc_status
}

/// Keeps something as long as the program runs, where tools that look for leaks see it.
pub(crate) fn keep<T: Send + 'static>(object: Box<T>) -> &'static T {
    static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let kept: &'static T = Box::leak(object);
    KEPT.lock().unwrap().push(ptr::from_ref(kept) as usize);
    kept
}

/// A string that lives as long as the test.
pub(crate) fn c(text: &str) -> *const c_char {
    keep(Box::new(CString::new(text).unwrap())).as_ptr()
}

/// What C gave.
pub(crate) fn text(string: *const c_char) -> String {
    assert!(!string.is_null());
    // SAFETY: a string of the library that lives.
    unsafe { CStr::from_ptr(string) }.to_str().unwrap().to_owned()
}

/// A string that is ours: read and given back.
pub(crate) fn take(string: *mut c_char) -> String {
    let copy = text(string);
    assert_eq!(hwenc_string_free(string), 0);
    copy
}

/// The cache of this test program: nobody else's answers, and none left behind.
pub(crate) fn cache() -> *const c_char {
    static CACHE: OnceLock<(tempfile::TempDir, CString)> = OnceLock::new();
    let (_, path) = CACHE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = CString::new(directory.path().to_str().unwrap()).unwrap();
        (directory, path)
    });
    path.as_ptr()
}

/// Runs a function that must succeed, and says why it did not.
pub(crate) fn well(call: impl FnOnce(*mut *mut hwenc_error) -> hwenc_status) -> hwenc_status {
    let mut error = ptr::null_mut();
    let status = call(&mut error);
    if status < 0 {
        panic!("{}", text(hwenc_error_json(error)));
    }
    assert!(error.is_null());
    status
}

/// Runs a function that must fail, and gives the error.
pub(crate) fn fails(call: impl FnOnce(*mut *mut hwenc_error) -> hwenc_status) -> Failed {
    let mut error = ptr::null_mut();
    let status = call(&mut error);
    assert!(status < 0, "it came to {status}");
    assert_eq!(hwenc_error_status(error), status);
    Failed(error)
}

/// An error that is freed with it.
pub(crate) struct Failed(pub(crate) *mut hwenc_error);

impl Failed {
    pub(crate) fn status(&self) -> hwenc_status {
        hwenc_error_status(self.0)
    }

    pub(crate) fn message(&self) -> String {
        text(hwenc_error_message(self.0))
    }

    pub(crate) fn evidence(&self) -> Vec<String> {
        (0..hwenc_error_evidence_count(self.0)).map(|at| text(hwenc_error_evidence(self.0, at))).collect()
    }
}

impl Drop for Failed {
    fn drop(&mut self) {
        assert_eq!(hwenc_error_free(self.0), 0);
    }
}

/// How this test program probes: in this process, with a cache of its own.
pub(crate) fn options() -> hwenc_probe_options {
    hwenc_probe_options {
        struct_size: size_of::<hwenc_probe_options>(),
        flags: HWENC_PROBE_NO_ISOLATION,
        deadline_ms: 0,
        cache_dir: cache(),
        request: ptr::null(),
    }
}

pub(crate) const WIDTH: u32 = 64;
pub(crate) const HEIGHT: u32 = 48;

/// A small request for x264.
pub(crate) fn request() -> *mut hwenc_request {
    let mut request = ptr::null_mut();
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_request_new(c"h264".as_ptr(), WIDTH, HEIGHT, &mut request, error));
        well(|error| hwenc_request_set_encoder(request, c"libx264".as_ptr(), error));
        well(|error| hwenc_request_set_threads(request, 1, error));
    }
    request
}

/// What is decided for it.
pub(crate) fn decision() -> *mut hwenc_decision {
    decision_for(request())
}

/// What is decided for a request, which is freed.
pub(crate) fn decision_for(request: *mut hwenc_request) -> *mut hwenc_decision {
    let mut decision = ptr::null_mut();
    // SAFETY: as above.
    unsafe { well(|error| hwenc_choose(request, &options(), &mut decision, error)) };
    assert_eq!(hwenc_request_free(request), 0);
    decision
}

/// A session for it.
pub(crate) fn session() -> *mut hwenc_session {
    session_of(decision())
}

/// A session of a decision, which is freed.
pub(crate) fn session_of(decision: *mut hwenc_decision) -> *mut hwenc_session {
    let mut session = ptr::null_mut();
    // SAFETY: as above.
    unsafe { well(|error| hwenc_decision_open(decision, &mut session, error)) };
    assert_eq!(hwenc_decision_free(decision), 0);
    session
}

/// A picture in BGRA over these pixels.
pub(crate) fn bgra(pixels: &[u8]) -> hwenc_picture {
    assert!(pixels.len() >= (WIDTH * HEIGHT * 4) as usize);
    hwenc_picture {
        struct_size: size_of::<hwenc_picture>(),
        format: c"bgra".as_ptr(),
        width: WIDTH,
        height: HEIGHT,
        planes: [pixels.as_ptr(), ptr::null(), ptr::null(), ptr::null()],
        strides: [WIDTH as usize * 4, 0, 0, 0],
        sizes: [pixels.len(), 0, 0, 0],
        pts: i64::MIN,
        duration: 0,
        flags: 0,
        color_range: 0,
        color_primaries: 0,
        color_transfer: 0,
        color_matrix: 0,
        release: None,
        user: ptr::null_mut(),
    }
}

/// Pixels of such a picture.
pub(crate) fn pixels(shade: u8) -> Vec<u8> {
    vec![shade; (WIDTH * HEIGHT * 4) as usize]
}
