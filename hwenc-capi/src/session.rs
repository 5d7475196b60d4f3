//! Sessions: pictures in, packets out.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::{Mutex, OnceLock, TryLockError};

use hwenc::{Output, Session, Stats};

use crate::arguments::{self, grows};
use crate::boundary;
use crate::decision::{DecisionObject, hwenc_decision};
use crate::error::hwenc_error;
use crate::failure::Failure;
use crate::handle::{self, object};
use crate::packet::{PacketObject, hwenc_packet};
use crate::picture::{Incoming, hwenc_picture};
use crate::status::{hwenc_status, hwenc_status_value::*};
use crate::text::c_string;

/// An open encoder. Use it from one thread at a time: a second one is told HWENC_ERROR_BUSY.
pub struct hwenc_session(());

/// A session, and what can be read of it beside its work.
pub(crate) struct SessionObject {
    state: Mutex<State>,
    decision: hwenc::Decision,
    encoder: CString,
    requested: CString,
    applied: CString,
    time_base: (i32, i32),
    /// Once it is there it stays, because pointers to it are out.
    extradata: OnceLock<Box<[u8]>>,
}

enum State {
    Open(Box<Session>),
    Closed(Stats),
}

object!(SessionObject, hwenc_session, "session", 7);

impl SessionObject {
    pub(crate) fn new(session: Session) -> Self {
        let json = |settings| c_string(&serde_json::to_string(settings).unwrap_or_default());
        SessionObject {
            decision: session.decision().clone(),
            encoder: c_string(session.encoder()),
            requested: json(session.requested()),
            applied: json(session.applied()),
            time_base: (session.time_base().num, session.time_base().den),
            extradata: OnceLock::new(),
            state: Mutex::new(State::Open(Box::new(session))),
        }
    }

    /// Works with the state, unless another thread does.
    fn work<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.state.try_lock() {
            Ok(mut state) => work(&mut state),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::own(HWENC_ERROR_BUSY, "another thread is using the session"))
            }
            Err(TryLockError::Poisoned(_)) => Err(Failure::own(
                HWENC_ERROR_INTERNAL,
                "the session failed before, and cannot be used any more",
            )),
        }
    }

    /// Works with the open encoder.
    fn open<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Failure> {
        self.work(|state| match state {
            State::Open(session) => work(session),
            State::Closed(_) => {
                Err(hwenc::Error::new(hwenc::Code::SessionClosed, "the session was closed").into())
            }
        })
    }
}

fn find(session: *const hwenc_session) -> Result<std::sync::Arc<SessionObject>, Failure> {
    handle::find::<SessionObject>(session)
}

/// Sends a picture. It never waits for a packet to be fetched: what comes out meanwhile is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_send(
    session: *mut hwenc_session,
    picture: *const hwenc_picture,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for. The picture is read outside, so that its callback is owed from here on,
    // whatever else is wrong.
    unsafe {
        let incoming = Incoming::read(picture);
        boundary::done(error, move || {
            let incoming = incoming?;
            find(session)?.open(|session| {
                let picture = incoming.picture(session.decision().request().input)?;
                Ok(session.send(&picture)?)
            })
        })
    }
}

/// The next packet in decoding order: HWENC_OK with a packet, HWENC_NEED_INPUT or HWENC_FINISHED without.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_receive(
    session: *mut hwenc_session,
    packet: *mut *mut hwenc_packet,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::status(error, || {
            let out = arguments::out(packet, "packet")?;
            find(session)?.open(|session| match session.receive()? {
                Output::Packet(packet) => {
                    out.put(PacketObject(packet.try_clone()?));
                    Ok(HWENC_OK)
                }
                Output::NeedInput => Ok(HWENC_NEED_INPUT),
                Output::Finished => Ok(HWENC_FINISHED),
            })
        })
    }
}

/// No more pictures will come; the rest is received until HWENC_FINISHED. Calling it again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_finish(
    session: *mut hwenc_session,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe { boundary::done(error, || find(session)?.open(|session| Ok(session.finish()?))) }
}

/// The next picture that is sent becomes an IDR.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_force_idr(
    session: *mut hwenc_session,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            find(session)?.open(|session| {
                session.force_idr();
                Ok(())
            })
        })
    }
}

/// What went through a session. Set struct_size before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_stats {
    /// sizeof(hwenc_stats)
    pub struct_size: usize,
    /// Pictures sent.
    pub frames_in: u64,
    /// Packets received.
    pub packets_out: u64,
    /// Bytes of those packets.
    pub bytes_out: u64,
    /// Pictures that were copied or converted on their way.
    pub copied_frames: u64,
    /// Bytes that hwenc wrote in doing so.
    pub copied_bytes: u64,
    /// IDR pictures that were asked for.
    pub forced_idr: u64,
    /// Times that a new encoder was opened in the middle, because the old one could not give an IDR.
    pub reopened: u64,
}

grows!(hwenc_stats, size_of::<hwenc_stats>());

/// What went through so far; of a session that was closed, until then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_stats(
    session: *const hwenc_session,
    stats: *mut hwenc_stats,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::fill(stats)?;
            let stats = find(session)?.work(|state| {
                Ok(match state {
                    State::Open(session) => session.stats(),
                    State::Closed(stats) => *stats,
                })
            })?;
            place.set(&hwenc_stats {
                struct_size: 0,
                frames_in: stats.frames_in,
                packets_out: stats.packets_out,
                bytes_out: stats.bytes_out,
                copied_frames: stats.copied_frames,
                copied_bytes: stats.copied_bytes,
                forced_idr: stats.forced_idr,
                reopened: stats.reopened,
            });
            Ok(())
        })
    }
}

/// Seconds that one tick of timestamps in and out counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_time_base(
    session: *const hwenc_session,
    num: *mut i32,
    den: *mut i32,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let places = (arguments::number(num, "num")?, arguments::number(den, "den")?);
            let (num, den) = find(session)?.time_base;
            places.0.set(num);
            places.1.set(den);
            Ok(())
        })
    }
}

/// Parameter sets, where "global" ones were asked for; `size` 0 and `data` NULL where there are none. They belong to the session.
/// Encoders whose drivers write them into the stream alone have them with the first packet only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_extradata(
    session: *mut hwenc_session,
    data: *mut *const u8,
    size: *mut usize,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let places = (arguments::out(data.cast::<*mut u8>(), "data")?, arguments::number(size, "size")?);
            let object = find(session)?;
            if object.extradata.get().is_none() {
                object.work(|state| {
                    if let State::Open(session) = state
                        && !session.extradata().is_empty()
                    {
                        object.extradata.get_or_init(|| session.extradata().into());
                    }
                    Ok(())
                })?;
            }
            if let Some(bytes) = object.extradata.get() {
                places.0.lend(bytes.as_ptr());
                places.1.set(bytes.len());
            }
            Ok(())
        })
    }
}

fn ask(session: *const hwenc_session, answer: impl FnOnce(&SessionObject) -> *const c_char) -> *const c_char {
    boundary::plain(ptr::null(), || find(session).map_or(ptr::null(), |session| answer(&session)))
}

/// libavcodec's name of the encoder in use. NULL for what is no session.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_session_encoder(session: *const hwenc_session) -> *const c_char {
    ask(session, |session| session.encoder.as_ptr())
}

/// What was asked for, as a JSON object of names and values. NULL for what is no session.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_session_requested_json(session: *const hwenc_session) -> *const c_char {
    ask(session, |session| session.requested.as_ptr())
}

/// What the open encoder says of itself, as a JSON object of names and values. NULL for what is no session.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_session_applied_json(session: *const hwenc_session) -> *const c_char {
    ask(session, |session| session.applied.as_ptr())
}

/// The decision that the session came from, with every candidate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_decision(
    session: *const hwenc_session,
    decision: *mut *mut hwenc_decision,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(decision, "decision")?;
            out.put(DecisionObject::new(find(session)?.decision.clone()));
            Ok(())
        })
    }
}

/// Closes the encoder: what was not received is thrown away, pictures are given back. Strings, settings and counts can still be
/// read; everything else is HWENC_ERROR_SESSION_CLOSED from here on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_session_close(
    session: *mut hwenc_session,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            find(session)?.work(|state| {
                if let State::Open(session) = state {
                    let stats = session.stats();
                    *state = State::Closed(stats);
                }
                Ok(())
            })
        })
    }
}

/// Closes and frees a session. NULL is fine. Where another thread is using it, it is closed when that call ends.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_session_free(session: *mut hwenc_session) -> hwenc_status {
    boundary::free(|| handle::free::<SessionObject>(session))
}
