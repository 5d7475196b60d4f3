//! Decisions: which encoder, and why not the others.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::OnceLock;

use hwenc::Decision;

use crate::arguments;
use crate::boundary;
use crate::candidate::{Candidates, hwenc_candidate};
use crate::error::hwenc_error;
use crate::handle::{self, object};
use crate::report::{plain_data, verbose};
use crate::session::{SessionObject, hwenc_session};
use crate::status::hwenc_status;
use crate::text::c_string;

/// Which encoder, and why not the others.
pub struct hwenc_decision(());

pub(crate) struct DecisionObject {
    decision: Decision,
    encoder: CString,
    backend: CString,
    device: Option<CString>,
    candidates: OnceLock<Candidates>,
}

object!(DecisionObject, hwenc_decision, "decision", 6);

impl DecisionObject {
    pub(crate) fn new(decision: Decision) -> Self {
        let chosen = decision.chosen();
        DecisionObject {
            encoder: c_string(&chosen.encoder),
            backend: c_string(&chosen.backend),
            device: chosen.device.as_deref().map(c_string),
            candidates: OnceLock::new(),
            decision,
        }
    }

    fn candidates(&self) -> &Candidates {
        self.candidates.get_or_init(|| Candidates::new(self.decision.candidates()))
    }
}

fn ask<T>(decision: *const hwenc_decision, otherwise: T, answer: impl FnOnce(&DecisionObject) -> T) -> T
where
    T: Copy,
{
    boundary::plain(otherwise, || {
        handle::find::<DecisionObject>(decision).map_or(otherwise, |decision| answer(&decision))
    })
}

/// libavcodec's name of the encoder that was chosen, such as "h264_vaapi". NULL for what is no decision.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_encoder(decision: *const hwenc_decision) -> *const c_char {
    ask(decision, ptr::null(), |decision| decision.encoder.as_ptr())
}

/// Its backend, such as "vaapi". NULL for what is no decision.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_backend(decision: *const hwenc_decision) -> *const c_char {
    ask(decision, ptr::null(), |decision| decision.backend.as_ptr())
}

/// Its device, such as "/dev/dri/renderD128"; NULL for the CPU, and for what is no decision.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_device(decision: *const hwenc_decision) -> *const c_char {
    ask(decision, ptr::null(), |decision| decision.device.as_ref().map_or(ptr::null(), |d| d.as_ptr()))
}

/// 1 where it is used because the fallback policy allows it and nothing better works, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_fallback_used(decision: *const hwenc_decision) -> i32 {
    ask(decision, 0, |decision| i32::from(decision.decision.fallback_used()))
}

/// How many candidates were considered; 0 for what is no decision.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_candidate_count(decision: *const hwenc_decision) -> usize {
    ask(decision, 0, |decision| decision.decision.candidates().len())
}

/// One of the candidates, from 0, in the order in which they were considered. Its strings belong to the decision.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_decision_candidate(
    decision: *const hwenc_decision,
    index: usize,
    candidate: *mut hwenc_candidate,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::fill(candidate)?;
            handle::find::<DecisionObject>(decision)?.candidates().give(index, place)
        })
    }
}

/// The decision for a person: every candidate and its reason. `flags` is HWENC_VERBOSE for the evidence, or 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_decision_text(
    decision: *const hwenc_decision,
    flags: u32,
    text: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(text, "text")?;
            let verbose = verbose(flags)?;
            let decision = handle::find::<DecisionObject>(decision)?;
            let decision = &decision.decision;
            out.text(&if verbose { format!("{decision:#}") } else { decision.to_string() });
            Ok(())
        })
    }
}

/// The decision as JSON, with its request and every candidate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_decision_to_json(
    decision: *const hwenc_decision,
    json: *mut *mut c_char,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(json, "json")?;
            let decision = handle::find::<DecisionObject>(decision)?;
            out.text(&serde_json::to_string_pretty(&decision.decision).map_err(plain_data)?);
            Ok(())
        })
    }
}

/// Opens the encoder as it was decided. A decision can open any number of sessions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_decision_open(
    decision: *const hwenc_decision,
    session: *mut *mut hwenc_session,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(session, "session")?;
            let decision = handle::find::<DecisionObject>(decision)?;
            out.put(SessionObject::new(decision.decision.clone().open()?));
            Ok(())
        })
    }
}

/// Frees a decision; sessions that it opened live on. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_decision_free(decision: *mut hwenc_decision) -> hwenc_status {
    boundary::free(|| handle::free::<DecisionObject>(decision))
}
