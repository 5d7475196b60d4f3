//! Pictures: how their memory is lent, handed over and given back.

mod common;

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

/// Counts into the counter that it is handed.
unsafe extern "C" fn count(user: *mut c_void) {
    // SAFETY: the tests hand over a counter that lives.
    unsafe { &*user.cast::<AtomicU32>() }.fetch_add(1, Ordering::SeqCst);
}

fn counter() -> &'static AtomicU32 {
    keep(Box::default())
}

fn released(counter: &AtomicU32) -> u32 {
    counter.load(Ordering::SeqCst)
}

/// Planes that lie apart, in a format that x264 takes as it is; whole rows.
struct Planes([Vec<u8>; 3]);

impl Planes {
    fn new() -> Self {
        let (luma, chroma) = ((WIDTH * HEIGHT) as usize, (WIDTH * HEIGHT / 4) as usize);
        Planes([vec![50; luma], vec![100; chroma], vec![150; chroma]])
    }

    fn picture(&self, counter: &'static AtomicU32) -> hwenc_picture {
        let [y, u, v] = &self.0;
        let (row, half) = (WIDTH as usize, WIDTH as usize / 2);
        hwenc_picture {
            format: c"yuv420p".as_ptr(),
            planes: [y.as_ptr(), u.as_ptr(), v.as_ptr(), ptr::null()],
            strides: [row, half, half, 0],
            sizes: [y.len(), u.len(), v.len(), 0],
            release: Some(count),
            user: ptr::from_ref(counter).cast_mut().cast(),
            ..bgra(&pixels(0))
        }
    }
}

fn stats(session: *mut hwenc_session) -> hwenc_stats {
    // SAFETY: zeros are a value, pointers to what lives.
    unsafe {
        let mut stats: hwenc_stats = std::mem::zeroed();
        stats.struct_size = size_of::<hwenc_stats>();
        well(|error| hwenc_session_stats(session, &mut stats, error));
        stats
    }
}

#[test]
fn memory_that_is_handed_over_is_not_copied_and_comes_back_once() {
    let request = request();
    // SAFETY: pointers to what lives.
    unsafe {
        well(|error| hwenc_request_set_zero_copy(request, c"require".as_ptr(), error));
        well(|error| hwenc_request_set_input(request, c"yuv420p".as_ptr(), error));
    }
    let session = session_of(decision_for(request));
    let counter = counter();
    let planes: Vec<Planes> = (0..8).map(|_| Planes::new()).collect();
    for planes in &planes {
        // SAFETY: as above; the planes outlive the session.
        unsafe { well(|error| hwenc_session_send(session, &planes.picture(counter), error)) };
    }
    assert_eq!(stats(session).copied_bytes, 0);
    // SAFETY: as above.
    unsafe { well(|error| hwenc_session_close(session, error)) };
    assert_eq!(released(counter), 8, "whatever the encoder held is given back when it is closed");
    assert_eq!(hwenc_session_free(session), 0);
    assert_eq!(released(counter), 8);
}

#[test]
fn a_session_that_is_freed_in_the_middle_gives_everything_back() {
    let session = session();
    let counter = counter();
    let planes = Planes::new();
    for _ in 0..5 {
        // SAFETY: pointers to what lives.
        unsafe { well(|error| hwenc_session_send(session, &planes.picture(counter), error)) };
    }
    assert_eq!(hwenc_session_free(session), 0);
    assert_eq!(released(counter), 5);
}

#[test]
fn memory_comes_back_on_every_error() {
    let session = session();
    let planes = Planes::new();
    type Change = fn(&mut hwenc_picture);
    let cases: [(&str, Change); 12] = [
        ("another size", |p| p.width = 32),
        ("no size", |p| p.height = 0),
        ("a row too short", |p| p.strides[1] = 3),
        ("a plane too short", |p| p.sizes[2] = 3),
        ("a size that cannot be", |p| p.sizes[0] = usize::MAX),
        ("strides that cannot be", |p| (p.strides[0], p.sizes[0]) = (usize::MAX / 2, 0)),
        ("a plane missing", |p| p.planes[1] = ptr::null()),
        ("no such format", |p| p.format = c"nonsense".as_ptr()),
        ("a format on a device", |p| p.format = c"vaapi".as_ptr()),
        ("a format that is no UTF-8", |p| p.format = c"\xff".as_ptr()),
        ("unknown flags", |p| p.flags = 2),
        ("a range that is none", |p| p.color_range = 3),
    ];
    // SAFETY: pointers to what lives.
    unsafe {
        for (what, change) in cases {
            let counter = counter();
            let mut picture = planes.picture(counter);
            change(&mut picture);
            let error = fails(|error| hwenc_session_send(session, &picture, error));
            assert!(!error.message().is_empty());
            assert_eq!(released(counter), 1, "{what}: {}", error.message());
        }
        // Whatever else is wrong with the call.
        for (session, slot) in [(ptr::null_mut(), ptr::null_mut()), (session, ptr::dangling_mut())] {
            let counter = counter();
            assert!(hwenc_session_send(session, &planes.picture(counter), slot) < 0);
            assert_eq!(released(counter), 1);
        }
        // Times that go back, and a session that was finished.
        let first = counter();
        let late = counter();
        let at = |counter, pts| hwenc_picture { pts, ..planes.picture(counter) };
        well(|error| hwenc_session_send(session, &at(first, 5), error));
        let error = fails(|error| hwenc_session_send(session, &at(late, 5), error));
        assert_eq!(error.status(), number(HWENC_ERROR_PICTURE_INVALID));
        assert_eq!(
            (text(hwenc_error_value(error.0)), text(hwenc_error_legal(error.0))),
            ("5".into(), "above 5".into())
        );
        well(|error| hwenc_session_finish(session, error));
        let error = fails(|error| hwenc_session_send(session, &at(late, 6), error));
        assert_eq!(error.status(), number(HWENC_ERROR_SESSION_FINISHED));
        assert_eq!(released(late), 2);
        // The struct itself cannot be read: then nothing is known of a callback.
        let unread = counter();
        let wrong = hwenc_picture { struct_size: 8, ..planes.picture(unread) };
        fails(|error| hwenc_session_send(session, &wrong, error));
        assert_eq!(released(unread), 0);
    }
    assert_eq!(hwenc_session_free(session), 0);
}

#[test]
fn lent_memory_is_read_during_the_call_alone() {
    let session = session();
    let mut pixels = pixels(9);
    // SAFETY: pointers to what lives.
    unsafe {
        // Without sizes: as many bytes as stride and height ask for, and a format that the request names.
        let picture = hwenc_picture { sizes: [0; 4], ..bgra(&pixels) };
        well(|error| hwenc_session_send(session, &picture, error));
        pixels.fill(0);
        drop(pixels);
        well(|error| hwenc_session_finish(session, error));
    }
    assert_eq!(stats(session).copied_frames, 1);
    assert_eq!(hwenc_session_free(session), 0);
}

#[test]
fn the_format_can_be_left_to_the_request_and_an_idr_asked_for() {
    let session = session();
    let bytes = vec![128u8; (WIDTH * HEIGHT * 3 / 2) as usize];
    let at = (WIDTH * HEIGHT) as usize;
    let nv12 = hwenc_picture {
        format: ptr::null(),
        planes: [bytes.as_ptr(), bytes[at..].as_ptr(), ptr::null(), ptr::null()],
        strides: [WIDTH as usize, WIDTH as usize, 0, 0],
        sizes: [0; 4],
        ..bgra(&pixels(0))
    };
    let mut keys = Vec::new();
    // SAFETY: pointers to what lives.
    unsafe {
        for number in 0..6 {
            let flags = if number == 3 { HWENC_PICTURE_IDR } else { 0 };
            well(|error| hwenc_session_send(session, &hwenc_picture { flags, ..nv12 }, error));
        }
        well(|error| hwenc_session_finish(session, error));
        let mut packet = ptr::null_mut();
        while well(|error| hwenc_session_receive(session, &mut packet, error)) == number(HWENC_OK) {
            let mut facts: hwenc_packet_facts = std::mem::zeroed();
            facts.struct_size = size_of::<hwenc_packet_facts>();
            well(|error| hwenc_packet_info(packet, &mut facts, error));
            if facts.key == 1 {
                keys.push(facts.pts);
            }
            assert_eq!(hwenc_packet_free(packet), 0);
        }
    }
    keys.sort_unstable();
    assert_eq!(keys, [0, 3]);
    assert_eq!(stats(session).forced_idr, 1);
    assert_eq!(hwenc_session_free(session), 0);
}

/// Whatever a caller writes there: it is passed on, converted or refused.
#[test]
fn colours_and_formats_of_any_number_do_no_harm() {
    let bytes = vec![77u8; (WIDTH * HEIGHT * 8) as usize];
    let session = session();
    for format in [
        c"bgra",
        c"nv12",
        c"yuv420p",
        c"yuv444p",
        c"p010le",
        c"gray",
        c"rgb24",
        c"gbrp",
        c"yuyv422",
        c"rgba64le",
    ] {
        // All that H.273 assigns, and some that it does not.
        for number in (0..24).chain(250..=255) {
            let colors: [fn(&mut hwenc_picture, u8); 4] = [
                |p, number| p.color_range = number,
                |p, number| p.color_primaries = number,
                |p, number| p.color_transfer = number,
                |p, number| p.color_matrix = number,
            ];
            for set in colors {
                let at = bytes.as_ptr();
                let (planes, strides) = ([at, at, at, at], [WIDTH as usize * 8; 4]);
                let mut picture =
                    hwenc_picture { format: format.as_ptr(), planes, strides, sizes: [0; 4], ..bgra(&bytes) };
                set(&mut picture, number);
                let mut error = ptr::null_mut();
                // SAFETY: pointers to what lives.
                let status = unsafe { hwenc_session_send(session, &picture, &mut error) };
                assert_eq!(status < 0, !error.is_null());
                assert_ne!(status, self::number(HWENC_ERROR_INTERNAL));
                assert_eq!(hwenc_error_free(error), 0);
                // What comes out is of no interest, and must not heap up.
                let mut packet = ptr::null_mut();
                // SAFETY: as above.
                unsafe { well(|error| hwenc_session_receive(session, &mut packet, error)) };
                assert_eq!(hwenc_packet_free(packet), 0);
            }
        }
    }
    assert!(stats(session).frames_in > 900, "{:?}", stats(session));
    assert_eq!(hwenc_session_free(session), 0);
}
