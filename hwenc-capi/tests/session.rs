//! A session from request to packets, through the functions that C calls.

mod common;

use std::ptr;

use common::*;
use hwenc_capi::hwenc_status_value::*;
use hwenc_capi::*;

/// Everything that comes out: the bytes, and the presentation times.
fn drain(session: *mut hwenc_session) -> (Vec<u8>, Vec<i64>) {
    let (mut bytes, mut times) = (Vec::new(), Vec::new());
    loop {
        let mut packet = ptr::null_mut();
        // SAFETY: pointers to what lives.
        unsafe {
            let status = well(|error| hwenc_session_receive(session, &mut packet, error));
            if status != number(HWENC_OK) {
                assert!(packet.is_null());
                assert!(status == number(HWENC_NEED_INPUT) || status == number(HWENC_FINISHED));
                return (bytes, times);
            }
            let mut facts = hwenc_packet_facts { struct_size: size_of::<hwenc_packet_facts>(), ..FACTS };
            well(|error| hwenc_packet_info(packet, &mut facts, error));
            times.push(facts.pts);
            assert_eq!((facts.time_base_num, facts.time_base_den), (1, 30));
            assert_eq!(facts.duration, 1);
            assert_eq!(facts.key == 1, facts.pts == 0);
            let data = std::slice::from_raw_parts(hwenc_packet_data(packet), hwenc_packet_size(packet));
            bytes.extend_from_slice(data);
            // Another handle is the same bytes, and lives on.
            let mut clone = ptr::null_mut();
            well(|error| hwenc_packet_clone(packet, &mut clone, error));
            assert_eq!(hwenc_packet_data(clone), data.as_ptr());
            assert_eq!(hwenc_packet_free(packet), 0);
            assert_eq!(hwenc_packet_data(clone), data.as_ptr());
            assert!(hwenc_packet_data(packet).is_null());
            assert_eq!(hwenc_packet_free(clone), 0);
        }
    }
}

const FACTS: hwenc_packet_facts = hwenc_packet_facts {
    struct_size: 0,
    pts: 0,
    dts: 0,
    duration: 0,
    time_base_num: 0,
    time_base_den: 0,
    key: 0,
    reserved: 0,
};

#[test]
fn pictures_become_packets() {
    let session = session();
    // SAFETY: pointers to what lives.
    unsafe {
        for shade in 0..10 {
            let pixels = pixels(shade * 20);
            well(|error| hwenc_session_send(session, &bgra(&pixels), error));
        }
        let (mut bytes, mut times) = drain(session);
        well(|error| hwenc_session_finish(session, error));
        let (rest, more) = drain(session);
        bytes.extend(rest);
        times.extend(more);
        times.sort_unstable();
        assert_eq!(times, (0..10).collect::<Vec<_>>());
        assert!(bytes.starts_with(&[0, 0, 0, 1]), "H.264 as Annex B has it");

        assert_eq!(text(hwenc_session_encoder(session)), "libx264");
        assert!(text(hwenc_session_requested_json(session)).contains(r#""size":"64x48""#));
        assert!(text(hwenc_session_applied_json(session)).starts_with('{'));
        let mut stats: hwenc_stats = std::mem::zeroed();
        stats.struct_size = size_of::<hwenc_stats>();
        well(|error| hwenc_session_stats(session, &mut stats, error));
        assert_eq!((stats.frames_in, stats.packets_out, stats.copied_frames), (10, 10, 10));
        assert_eq!(stats.bytes_out, bytes.len() as u64);

        well(|error| hwenc_session_close(session, error));
        well(|error| hwenc_session_close(session, error));
        well(|error| hwenc_session_stats(session, &mut stats, error));
        assert_eq!(stats.packets_out, 10);
        let late = fails(|error| hwenc_session_finish(session, error));
        assert_eq!(late.status(), number(HWENC_ERROR_SESSION_CLOSED));
    }
    assert_eq!(hwenc_session_free(session), 0);
}
