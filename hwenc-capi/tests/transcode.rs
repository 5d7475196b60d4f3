//! Jobs from file to file, through the functions that C calls.
//!
//! One test alone, because it sets the environment of its process.

mod common;

use std::ffi::c_void;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

const FILM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/media/big_buck_bunny_720p.mp4");

/// What the callback saw, and when it has had enough.
#[derive(Default)]
struct Seen {
    calls: AtomicU32,
    frames: AtomicU32,
    enough: Option<u32>,
}

unsafe extern "C" fn watch(user: *mut c_void, progress: *const hwenc_progress) -> i32 {
    // SAFETY: the test hands over what it saw, the library its progress.
    let (seen, progress) = unsafe { (&*user.cast::<Seen>(), &*progress) };
    assert_eq!(progress.struct_size, size_of::<hwenc_progress>());
    assert!(progress.frames <= progress.total_frames.max(progress.frames));
    assert!((0.0..=1.0).contains(&progress.fraction), "{}", progress.fraction);
    assert!(progress.elapsed_s >= 0.0 && progress.duration_s > 0.0);
    let call = seen.calls.fetch_add(1, Ordering::SeqCst) + 1;
    seen.frames.store(progress.frames as u32, Ordering::SeqCst);
    i32::from(seen.enough.is_some_and(|enough| call >= enough))
}

fn job(output: &Path) -> *mut hwenc_transcode {
    let mut job = ptr::null_mut();
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_transcode_new(c(FILM), c(output.to_str().unwrap()), &mut job, error));
        well(|error| hwenc_transcode_set_encoder(job, c"libx264".as_ptr(), error));
        well(|error| hwenc_transcode_set_preset(job, c"ultrafast".as_ptr(), error));
        well(|error| hwenc_transcode_set_size(job, 160, 90, error));
        well(|error| hwenc_transcode_check(job, error));
    }
    job
}

fn files(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_film_becomes_another_with_progress_and_can_be_cancelled() {
    // SAFETY: the only test of this program; its other thread waits.
    unsafe { std::env::set_var("HWENC_CACHE_DIR", std::ffi::OsStr::new(&text(cache()))) };
    let before = hwenc_handles_open();
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out.mp4");
    let job = job(&output);
    let seen = Seen::default();
    let user = ptr::from_ref(&seen).cast_mut().cast();
    let mut report = ptr::null_mut();
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_transcode_run(job, Some(watch), user, ptr::null_mut(), &mut report, error));
    }
    let report: serde_json::Value = serde_json::from_str(&take(report)).unwrap();
    assert_eq!(report["encoder"], "libx264");
    assert_eq!(report["frames_in"], report["frames_out"]);
    assert_eq!(report["frames_out"], seen.frames.load(Ordering::SeqCst), "the last call is at the end");
    assert!(seen.calls.load(Ordering::SeqCst) >= 1);
    assert!(std::fs::metadata(&output).unwrap().len() > 1000);

    // It exists now.
    let mut none = ptr::null_mut();
    // SAFETY: as above.
    let error = unsafe {
        fails(|error| hwenc_transcode_run(job, None, ptr::null_mut(), ptr::null_mut(), &mut none, error))
    };
    assert_eq!(error.status(), number(HWENC_ERROR_OUTPUT_EXISTS));
    drop(error);
    std::fs::remove_file(&output).unwrap();

    // The callback has enough; or the switch was on.
    let enough = Seen { enough: Some(1), ..Seen::default() };
    let user = ptr::from_ref(&enough).cast_mut().cast();
    let mut cancel = ptr::null_mut();
    // SAFETY: as above.
    unsafe {
        let error =
            fails(|error| hwenc_transcode_run(job, Some(watch), user, ptr::null_mut(), &mut none, error));
        assert_eq!(error.status(), number(HWENC_ERROR_CANCELLED));
        assert_eq!(enough.calls.load(Ordering::SeqCst), 1);
        assert_eq!(files(directory.path()), 0);
        drop(error);

        well(|error| hwenc_cancel_new(&mut cancel, error));
        assert_eq!(hwenc_cancel_is_cancelled(cancel), 0);
        well(|error| hwenc_cancel_cancel(cancel, error));
        assert_eq!(hwenc_cancel_is_cancelled(cancel), 1);
        let error = fails(|error| hwenc_transcode_run(job, None, ptr::null_mut(), cancel, &mut none, error));
        assert_eq!(error.status(), number(HWENC_ERROR_CANCELLED));
        assert_eq!(files(directory.path()), 0);
    }
    assert_eq!(hwenc_cancel_free(cancel), 0);
    assert_eq!(hwenc_transcode_free(job), 0);
    assert_eq!(hwenc_handles_open(), before);
}
