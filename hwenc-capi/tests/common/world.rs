//! What calls with garbage are made of: memory, handles of every kind, structs.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use hwenc_capi::*;

use super::common::*;
use super::table::{Kind, Struct};

/// What stands in out-parameters before the call.
pub(crate) const BEFORE: usize = 0xdead_beef_0000;
/// Room for a struct, and as much behind it.
pub(crate) const ROOM: usize = 1024;

pub(crate) static RELEASED: AtomicU32 = AtomicU32::new(0);

pub(crate) unsafe extern "C" fn release(_user: *mut c_void) {
    RELEASED.fetch_add(1, Ordering::SeqCst);
}

pub(crate) unsafe extern "C" fn progress(_user: *mut c_void, _progress: *const hwenc_progress) -> i32 {
    0
}

pub(crate) unsafe extern "C" fn line(_: *mut c_void, _: hwenc_log_level, _: *const c_char, _: *const c_char) {
}

/// Memory that a call is handed, all of it aligned to 16 bytes.
#[repr(align(16))]
pub(crate) struct Memory([u8; ROOM]);

impl Memory {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Memory([0; ROOM]))
    }

    pub(crate) fn address(&self) -> u64 {
        self.0.as_ptr() as usize as u64
    }

    pub(crate) fn holding<T: Copy>(value: &T) -> Box<Self> {
        let mut memory = Memory::new();
        // SAFETY: it has room, and is aligned.
        unsafe { memory.0.as_mut_ptr().cast::<T>().write(*value) };
        memory
    }

    /// The first word.
    pub(crate) fn pointer(&self) -> usize {
        usize::from_ne_bytes(self.0[..8].try_into().unwrap())
    }

    pub(crate) fn set_word(mut self: Box<Self>, at: usize, word: usize) -> Box<Self> {
        self.0[at..at + 8].copy_from_slice(&word.to_ne_bytes());
        self
    }
}

/// What handles are made from.
pub(crate) struct World {
    pub(crate) session: *mut hwenc_session,
    pub(crate) packet: *mut hwenc_packet,
    pixels: Vec<u8>,
    /// Of each kind one that was freed, and one that lives.
    pub(crate) freed: Vec<(Kind, u64)>,
    pub(crate) living: Vec<(Kind, u64)>,
}

pub(crate) fn word<T>(handle: *mut T) -> u64 {
    handle as usize as u64
}

impl World {
    pub(crate) fn new() -> Self {
        let session = session();
        let pixels = pixels(100);
        let mut packet = ptr::null_mut();
        // SAFETY: pointers to what lives.
        unsafe {
            well(|error| hwenc_session_send(session, &bgra(&pixels), error));
            well(|error| hwenc_session_finish(session, error));
            well(|error| hwenc_session_receive(session, &mut packet, error));
        }
        let mut world = World { session, packet, pixels, freed: Vec::new(), living: Vec::new() };
        world.freed = Kind::ALL.iter().map(|&kind| (kind, world.make(kind))).collect();
        world.freed.iter().for_each(|&(kind, handle)| free(kind, handle));
        world.living = Kind::ALL.iter().map(|&kind| (kind, world.make(kind))).collect();
        world
    }

    /// A new handle.
    pub(crate) fn make(&self, kind: Kind) -> u64 {
        // SAFETY: pointers to what lives.
        unsafe {
            match kind {
                Kind::Error => {
                    let mut error = ptr::null_mut();
                    assert!(hwenc_session_finish(ptr::null_mut(), &mut error) < 0);
                    word(error)
                }
                Kind::Request => word(request()),
                Kind::Report => {
                    let mut report = ptr::null_mut();
                    well(|error| hwenc_report_from_json(c"{\"schema\":2}".as_ptr(), &mut report, error));
                    word(report)
                }
                Kind::Decision => {
                    let mut decision = ptr::null_mut();
                    well(|error| hwenc_session_decision(self.session, &mut decision, error));
                    word(decision)
                }
                Kind::Session => {
                    let decision = self.make(Kind::Decision) as usize as *mut hwenc_decision;
                    word(session_of(decision))
                }
                Kind::Packet => {
                    let mut packet = ptr::null_mut();
                    well(|error| hwenc_packet_clone(self.packet, &mut packet, error));
                    word(packet)
                }
                Kind::Transcode => {
                    let (from, to) = (c"/nowhere/in.mp4".as_ptr(), c"/nowhere/out.mp4".as_ptr());
                    let mut job = ptr::null_mut();
                    well(|error| hwenc_transcode_new(from, to, &mut job, error));
                    word(job)
                }
                Kind::Cancel => {
                    let mut cancel = ptr::null_mut();
                    well(|error| hwenc_cancel_new(&mut cancel, error));
                    word(cancel)
                }
                Kind::Log => {
                    let mut log = ptr::null_mut();
                    well(|error| hwenc_log_subscribe(1, Some(line), ptr::null_mut(), &mut log, error));
                    word(log)
                }
            }
        }
    }

    pub(crate) fn structure(&self, of: Struct) -> (Box<Memory>, usize) {
        // SAFETY: zeros are values of all of them.
        unsafe {
            match of {
                Struct::Picture => {
                    let picture = hwenc_picture { release: Some(release), ..bgra(&self.pixels) };
                    (Memory::holding(&picture), size_of::<hwenc_picture>())
                }
                Struct::Options => (Memory::holding(&options()), size_of::<hwenc_probe_options>()),
                Struct::Candidate => sized(std::mem::zeroed::<hwenc_candidate>()),
                Struct::Facts => sized(std::mem::zeroed::<hwenc_packet_facts>()),
                Struct::Stats => sized(std::mem::zeroed::<hwenc_stats>()),
            }
        }
    }
}

fn sized<T: Copy>(empty: T) -> (Box<Memory>, usize) {
    (Memory::holding(&empty).set_word(0, size_of::<T>()), size_of::<T>())
}

pub(crate) fn free(kind: Kind, handle: u64) {
    let at = handle as usize;
    let status = match kind {
        Kind::Error => hwenc_error_free(at as *mut _),
        Kind::Request => hwenc_request_free(at as *mut _),
        Kind::Report => hwenc_report_free(at as *mut _),
        Kind::Decision => hwenc_decision_free(at as *mut _),
        Kind::Session => hwenc_session_free(at as *mut _),
        Kind::Packet => hwenc_packet_free(at as *mut _),
        Kind::Transcode => hwenc_transcode_free(at as *mut _),
        Kind::Cancel => hwenc_cancel_free(at as *mut _),
        Kind::Log => hwenc_log_free(at as *mut _),
    };
    assert_eq!(status, 0, "{kind:?}");
}
