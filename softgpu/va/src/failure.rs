//! What an entry fails with.

use std::fmt;

use crate::sys;

/// A `VAStatus` and why; the reason goes to libva's info callback.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: i32,
    pub(crate) why: String,
}

/// What entries return.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with one of `VA_STATUS_ERROR_*`.
    pub(crate) fn new(status: u32, why: impl Into<String>) -> Self {
        Self { status: status.cast_signed(), why: why.into() }
    }

    /// `VA_STATUS_ERROR_INVALID_PARAMETER`.
    pub(crate) fn parameter(why: impl Into<String>) -> Self {
        Self::new(sys::VA_STATUS_ERROR_INVALID_PARAMETER, why)
    }

    /// `VA_STATUS_ERROR_ENCODING_ERROR`.
    pub(crate) fn encoding(why: impl Into<String>) -> Self {
        Self::new(sys::VA_STATUS_ERROR_ENCODING_ERROR, why)
    }

    /// `VA_STATUS_ERROR_DECODING_ERROR`.
    pub(crate) fn decoding(why: impl Into<String>) -> Self {
        Self::new(sys::VA_STATUS_ERROR_DECODING_ERROR, why)
    }

    /// `VA_STATUS_ERROR_UNIMPLEMENTED`.
    pub(crate) fn unimplemented(why: impl Into<String>) -> Self {
        Self::new(sys::VA_STATUS_ERROR_UNIMPLEMENTED, why)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:#x})", self.why, self.status)
    }
}
