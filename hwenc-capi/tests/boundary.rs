//! What stands around every function: panics stay inside, and a session works for one thread at a time.

mod common;

use std::ffi::c_void;
use std::path::Path;
use std::ptr;
use std::sync::Mutex;

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

#[test]
fn a_panic_becomes_an_internal_error_with_its_words_as_evidence() {
    // SAFETY: a slot that lives.
    let error = fails(|error| unsafe { hwenc_panic(error) });
    assert_eq!(error.status(), number(HWENC_ERROR_INTERNAL));
    assert_eq!(error.evidence(), ["panic: nothing was wrong"]);
    assert_eq!(text(hwenc_error_code(error.0)), "internal");
    assert!(!text(hwenc_error_remedy(error.0)).is_empty());
    // Without a slot it stays inside, too.
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { hwenc_panic(ptr::null_mut()) }, number(HWENC_ERROR_INTERNAL));
}

/// Whoever adds a function and forgets the boundary finds out here.
#[test]
fn every_function_begins_with_the_boundary() {
    // They read constants, and cannot panic.
    const BARE: [&str; 2] = ["hwenc_version_string", "hwenc_abi_version"];
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for part in source.split("#[unsafe(no_mangle)]").skip(1) {
            let name = part.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            let body = part.split_once('{').unwrap().1;
            let body = body.split("\n}").next().unwrap();
            let guarded = ["boundary::", "ask("].iter().any(|guard| body.contains(guard));
            assert!(guarded != BARE.contains(&name), "{name} has no boundary:{body}");
            seen += 1;
        }
    }
    assert!(seen > 120, "{seen}");
}

/// What `during` found out.
static FOUND: Mutex<Vec<(hwenc_status, String)>> = Mutex::new(Vec::new());

/// Called by the session while it works: another thread tries to use it.
unsafe extern "C" fn during(session: *mut c_void) {
    let session = session as usize;
    let found = std::thread::spawn(move || {
        let session = session as *mut hwenc_session;
        // SAFETY: pointers to what lives.
        unsafe {
            let mut packet = ptr::null_mut();
            let all = [
                fails(|error| hwenc_session_force_idr(session, error)),
                fails(|error| hwenc_session_receive(session, &mut packet, error)),
                fails(|error| hwenc_session_close(session, error)),
            ];
            // What does not change can be read all the same.
            assert_eq!(text(hwenc_session_encoder(session)), "libx264");
            all.map(|error| (error.status(), text(hwenc_error_code(error.0))))
        }
    });
    FOUND.lock().unwrap().extend(found.join().unwrap());
}

#[test]
fn a_second_thread_is_told_that_the_session_is_busy() {
    let session = session();
    let pixels = pixels(1);
    let picture = hwenc_picture { release: Some(during), user: session.cast(), ..bgra(&pixels) };
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_session_send(session, &picture, error));
        assert_eq!(*FOUND.lock().unwrap(), vec![(number(HWENC_ERROR_BUSY), "session.busy".to_owned()); 3]);
        // It goes on as if nothing had been.
        well(|error| hwenc_session_force_idr(session, error));
        well(|error| hwenc_session_finish(session, error));
    }
    assert_eq!(hwenc_session_free(session), 0);
}

#[test]
fn threads_with_a_session_each_do_not_meet() {
    let decision = decision() as usize;
    let work = |_| {
        std::thread::spawn(move || {
            let mut session = ptr::null_mut();
            // SAFETY: pointers to what lives.
            unsafe {
                well(|error| hwenc_decision_open(decision as *const _, &mut session, error));
                for shade in 0..20 {
                    let pixels = pixels(shade);
                    well(|error| hwenc_session_send(session, &bgra(&pixels), error));
                }
                well(|error| hwenc_session_finish(session, error));
                let mut count = 0;
                loop {
                    let mut packet = ptr::null_mut();
                    let status = well(|error| hwenc_session_receive(session, &mut packet, error));
                    if status != number(HWENC_OK) {
                        assert_eq!(status, number(HWENC_FINISHED));
                        break;
                    }
                    count += 1;
                    assert_eq!(hwenc_packet_free(packet), 0);
                }
                assert_eq!(count, 20);
            }
            assert_eq!(hwenc_session_free(session), 0);
        })
    };
    let threads: Vec<_> = (0..8).map(work).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(hwenc_decision_free(decision as *mut _), 0);
}

#[test]
fn a_handle_may_be_freed_while_another_thread_uses_it() {
    for sent_before in [1, 2, 20] {
        let session = session() as usize;
        let sent = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = sent.clone();
        let sender = std::thread::spawn(move || {
            let pixels = pixels(3);
            loop {
                let mut error = ptr::null_mut();
                // SAFETY: the handle may be freed at any time, the rest lives.
                let status = unsafe { hwenc_session_send(session as *mut _, &bgra(&pixels), &mut error) };
                assert_eq!(hwenc_error_free(error), 0);
                if status != 0 {
                    return status;
                }
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        });
        while sent.load(std::sync::atomic::Ordering::SeqCst) < sent_before {
            std::thread::yield_now();
        }
        assert_eq!(hwenc_session_free(session as *mut _), 0);
        assert_eq!(sender.join().unwrap(), number(HWENC_ERROR_INVALID_HANDLE));
    }
}

#[test]
fn threads_that_make_and_free_handles_get_each_their_own() {
    let work = |_| {
        std::thread::spawn(|| {
            let mut mine = Vec::new();
            for round in 0..2000 {
                let mut cancel = ptr::null_mut();
                // SAFETY: pointers to what lives.
                unsafe { well(|error| hwenc_cancel_new(&mut cancel, error)) };
                mine.push(cancel as usize);
                if round % 3 == 0 {
                    let gone = mine.swap_remove(round / 2 % mine.len()) as *mut hwenc_cancel;
                    // SAFETY: as above.
                    unsafe {
                        well(|error| hwenc_cancel_cancel(gone, error));
                        assert_eq!(hwenc_cancel_free(gone), 0);
                        let late = fails(|error| hwenc_cancel_cancel(gone, error));
                        assert_eq!(late.status(), number(HWENC_ERROR_INVALID_HANDLE));
                    }
                }
            }
            for handle in &mine {
                assert_eq!(hwenc_cancel_is_cancelled(*handle as *mut _), 0);
                assert_eq!(hwenc_cancel_free(*handle as *mut _), 0);
            }
            mine
        })
    };
    let threads: Vec<_> = (0..8).map(work).collect();
    let all: Vec<usize> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let unique: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
}
