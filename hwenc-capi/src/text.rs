//! Strings for C: UTF-8, terminated. Those that are handed out are kept in a register, so that freeing anything else is found out.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::sync::{Mutex, PoisonError};

use crate::boundary;
use crate::failure::Failure;
use crate::status::{hwenc_status, hwenc_status_value::*};

static STRINGS: Mutex<BTreeMap<usize, CString>> = Mutex::new(BTreeMap::new());

/// Terminated; a NUL inside, which C would take for the end, becomes U+FFFD.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| {
        let text = text.replace('\0', "\u{fffd}");
        CString::new(text).unwrap_or_default()
    })
}

/// Gives the caller a string.
pub(crate) fn hand_out(text: &str) -> *mut c_char {
    let text = c_string(text);
    // The address is that of the heap, and stays when the CString moves. Through a pointer from `as_ptr` nothing is ever
    // written by this library.
    let address = text.as_ptr().cast_mut();
    STRINGS.lock().unwrap_or_else(PoisonError::into_inner).insert(address as usize, text);
    address
}

/// How many strings are out.
pub(crate) fn count() -> usize {
    STRINGS.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// Frees a string that a function put into a char ** parameter. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_string_free(string: *mut c_char) -> hwenc_status {
    boundary::free(|| {
        if string.is_null() {
            return Ok(());
        }
        let mut strings = STRINGS.lock().unwrap_or_else(PoisonError::into_inner);
        match strings.remove(&(string as usize)) {
            Some(_) => Ok(()),
            None => Err(Failure::own(
                HWENC_ERROR_INVALID_HANDLE,
                "the string is none of hwenc's, or was freed before",
            )),
        }
    })
}
